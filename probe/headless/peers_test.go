//go:build unix

package headless

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// peerRun is one program reading one log.
type peerRun struct {
	name string
	argv []string
	runs int
	most int // million lines; a slower program is not given more
}

// peerRuns are the programs compared; path is the log, why502 the built binary.
func peerRuns(why502, path string) []peerRun {
	return []peerRun{
		{"why502 report", []string{why502, "report", "--no-probe", "--format", "json", path}, 7, 5},
		{"grep -c", []string{"grep", "-c", `" 502 `, path}, 7, 5},
		{"wc -l", []string{"wc", "-l", path}, 7, 5},
		{"lnav", []string{"lnav", "-n", "-c", ";SELECT sc_status, count(*) FROM access_log GROUP BY sc_status", path}, 3, 1},
		{"GoAccess", []string{"goaccess", path, "--log-format=COMBINED", "--no-global-config", "-o", path + ".out.json"}, 1, 1},
	}
}

// TestPeers prints how long why502 and its peers take to read the same logs, side
// by side in one run. It asserts what they count, never how fast they are:
//
//	WHY502_PEERS=1 go test ./probe/headless -run TestPeers -v -timeout 30m
func TestPeers(t *testing.T) {
	if os.Getenv("WHY502_PEERS") == "" {
		t.Skip("set WHY502_PEERS=1 to compare with grep, wc, lnav and GoAccess; it takes some minutes and 1.5 GB of disk")
	}
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	bin := filepath.Join(dir, "why502")
	build := []string{"build", "-trimpath", "-pgo", filepath.Join("..", "..", ".ci", "report.pgo"), "-o", bin, "why502"} // as released
	if out, err := exec.Command("go", build...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%d cores, %s\n\n| log | program | wall s (min, median) | CPU s | MB/s | peak MiB | times grep's wall |\n| --- | --- | --- | --- | --- | --- | --- |\n",
		runtime.GOMAXPROCS(0), runtime.Version())
	for _, millions := range []int{1, 5} {
		for _, extended := range []bool{false, true} {
			log := writePeerLog(t, dir, millions, extended)
			comparePeers(t, &table, peerRuns(bin, log.path), log)
			_ = os.Remove(log.path)
		}
	}
	t.Log("\n" + table.String())
}

// peerLog is a generated log and what is known of it.
type peerLog struct {
	name, path       string
	millions, failed int
	bytes            int64
}

func comparePeers(t *testing.T, table *strings.Builder, runs []peerRun, log peerLog) {
	type measured struct {
		name      string
		walls     []float64
		cpu, peak float64
	}
	var all []measured
	grep := 0.0
	for _, r := range runs {
		if _, err := exec.LookPath(r.argv[0]); err != nil || log.millions > r.most {
			continue
		}
		m := measured{name: r.name, cpu: 1e9}
		for range r.runs {
			cmd := exec.Command(r.argv[0], r.argv[1:]...)
			var out bytes.Buffer
			cmd.Stdout = &out
			start := time.Now()
			if err := cmd.Run(); err != nil {
				t.Fatalf("%s: %v", r.name, err)
			}
			m.walls = append(m.walls, time.Since(start).Seconds())
			u, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
			m.cpu = min(m.cpu, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds())
			m.peak = max(m.peak, float64(u.Maxrss)/1024)
			checkPeer(t, r.name, out.Bytes(), log)
		}
		slices.Sort(m.walls)
		if r.name == "grep -c" {
			grep = m.walls[0]
		}
		all = append(all, m)
	}
	for _, m := range all {
		fmt.Fprintf(table, "| %s | %s | %.3f, %.3f | %.3f | %.0f | %.0f | %.2f |\n", log.name, m.name,
			m.walls[0], m.walls[len(m.walls)/2], m.cpu, float64(log.bytes)/1e6/m.walls[0], m.peak, m.walls[0]/grep)
	}
}

// checkPeer looks that a program counted what is there.
func checkPeer(t *testing.T, name string, out []byte, log peerLog) {
	t.Helper()
	switch name {
	case "why502 report":
		var r struct {
			Traffic struct {
				Requests int
				Statuses map[string]int
			}
		}
		if err := json.Unmarshal(out, &r); err != nil {
			t.Fatal(err)
		}
		if r.Traffic.Requests != log.millions*1_000_000 || r.Traffic.Statuses["502"] != log.failed {
			t.Errorf("%s: %d requests, %d of them 502, want %d million and %d", log.name, r.Traffic.Requests, r.Traffic.Statuses["502"], log.millions, log.failed)
		}
	case "grep -c":
		if n, _ := strconv.Atoi(string(bytes.TrimSpace(out))); n != log.failed {
			t.Errorf("%s: grep counted %d, want %d", log.name, n, log.failed)
		}
	}
}

// writePeerLog writes what a busy site logs: 60,000 clients, 12,000 paths, half of
// them with a query, one failure in a hundred; the same lines in every run.
func writePeerLog(t *testing.T, dir string, millions int, extended bool) peerLog {
	log := peerLog{name: fmt.Sprintf("combined, %d M lines", millions), millions: millions}
	if extended {
		log.name = fmt.Sprintf("extended, %d M lines", millions)
	}
	log.path = filepath.Join(dir, "access.log")
	f, err := os.Create(log.path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(5, 2))
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	agents := []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
		"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "curl/8.14.1", "python-requests/2.32.5", "okhttp/5.3.0",
	}
	for range millions * 1_000_000 {
		at = at.Add(time.Duration(r.IntN(20)) * time.Millisecond)
		status := 200
		switch n := r.IntN(1000); {
		case n < 10:
			status = 502
			log.failed++
		case n < 50:
			status = 404
		case n < 80:
			status = 301
		}
		ip := r.IntN(60_000)
		fmt.Fprintf(w, "10.%d.%d.%d - - [%s] \"%s /api/v1/res%d/%d", ip>>12, ip>>6&63, ip&63,
			at.Format("02/Jan/2006:15:04:05 -0700"), []string{"GET", "GET", "POST", "PUT"}[r.IntN(4)], r.IntN(12), r.IntN(1000))
		if r.IntN(2) == 0 {
			fmt.Fprintf(w, "?page=%d&q=%x", r.IntN(50), r.Uint32())
		}
		referer := "-"
		if r.IntN(2) == 0 {
			referer = "https://shop.example/list/" + strconv.Itoa(r.IntN(500))
		}
		fmt.Fprintf(w, " HTTP/1.1\" %d %d %q %q", status, r.IntN(50_000), referer, agents[r.IntN(len(agents))])
		if extended {
			ms := r.IntN(300)
			fmt.Fprintf(w, " rt=0.%03d uct=\"0.001\" uht=\"0.%03d\" urt=\"0.%03d\" ua=\"10.0.0.%d:8000\" us=\"%d\"", ms, ms, ms, r.IntN(4), status)
		}
		w.WriteByte('\n')
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil { // else the disk is written to while the first program reads
		t.Fatal(err)
	}
	log.bytes, _ = f.Seek(0, 1)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return log
}
