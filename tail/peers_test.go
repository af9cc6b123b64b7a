//go:build unix

package tail

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// peer is a program that prints the lines of the file that it is given.
type peer struct {
	name string
	argv []string
	env  string
}

// peerCase is a writer: rate lines a second for a while, and what happens to the file.
type peerCase struct {
	name   string
	rate   int
	turn   time.Duration // a rotation so often, 0 for none
	rotate func(path string) error
}

const peerTime = 4 * time.Second

var peerCases = []peerCase{
	{name: "1,000 lines/s", rate: 1000},
	{name: "30,000 lines/s", rate: 30_000},
	{name: "renamed and created every 20 ms", rate: 2000, turn: 20 * time.Millisecond, rotate: func(path string) error {
		if err := os.Rename(path, aside(path)); err != nil {
			return err
		}
		return os.WriteFile(path, nil, 0o600)
	}},
	// No line is written meanwhile: what comes between copy and truncation is lost to all.
	{name: "copied and truncated every 20 ms", rate: 2000, turn: 20 * time.Millisecond, rotate: func(path string) error {
		data, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(aside(path), data, 0o600)
		}
		if err != nil {
			return err
		}
		return os.Truncate(path, 0)
	}},
}

// aside is the name of a rotated file with the time, as many rotators have it.
func aside(path string) string { return path + "-" + time.Now().Format("20060102150405.000000") }

// TestFollowPeers prints how this follower, GNU tail and nxadm/tail (a module of its own
// under testdata) do at the same writer, one after the other in one run. Only what this
// one delivers is asserted, never how fast:
//
//	WHY502_PEERS=1 go test ./tail -run TestFollowPeers -v
func TestFollowPeers(t *testing.T) {
	if os.Getenv("WHY502_PEERS") == "" {
		t.Skip("set WHY502_PEERS=1 to compare with tail -F and nxadm/tail; it takes a minute")
	}
	peers := []peer{{"why502", []string{os.Args[0], "-test.run=^TestFollowChild$"}, "WHY502_FOLLOW="}}
	if gnu, err := exec.LookPath("tail"); err == nil {
		peers = append(peers, peer{name: "tail -F", argv: []string{gnu, "-n", "+1", "-F"}})
	}
	nxadm := filepath.Join(t.TempDir(), "nxadm")
	build := exec.Command("go", "build", "-o", nxadm, ".")
	build.Dir = "testdata/nxadm"
	if out, err := build.CombinedOutput(); err == nil {
		peers = append(peers, peer{name: "nxadm/tail", argv: []string{nxadm}})
	} else {
		t.Logf("without nxadm/tail: %v: %s", err, out)
	}
	var table strings.Builder
	table.WriteString("| writer | follower | delay p50, p99 | CPU s | of lines | lost | twice |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, c := range peerCases {
		for _, p := range peers {
			r := runPeer(t, &p, &c)
			fmt.Fprintf(&table, "| %s | %s | %s, %s | %.2f | %d | %d | %d |\n", c.name, p.name, r.quantile(50), r.quantile(99), r.cpu, r.lines, r.lost, r.twice)
			if p.name == "why502" && (r.lost > 0 || r.twice > 0) {
				t.Errorf("%s: %d of %d lines lost, %d twice", c.name, r.lost, r.lines, r.twice)
			}
		}
	}
	t.Log("\n" + table.String())
}

// TestFollowChild is this follower as a program, for TestFollowPeers.
func TestFollowChild(t *testing.T) {
	path := os.Getenv("WHY502_FOLLOW")
	if path == "" {
		t.Skip("only run by TestFollowPeers")
	}
	_ = Follow(path, FollowOptions{}).Run(context.Background(), printer{})
}

type printer struct{}

func (printer) Batch(b Batch) {
	_, _ = os.Stdout.Write(b.Data)
	b.Release()
}
func (printer) Status(Status) {}

// peerResult is what a follower made of the writer's lines.
type peerResult struct {
	took               []time.Duration
	cpu                float64
	lines, lost, twice int
}

func (r *peerResult) quantile(n int) time.Duration {
	if len(r.took) == 0 {
		return 0
	}
	return r.took[min(len(r.took)*n/100, len(r.took)-1)].Round(10 * time.Microsecond)
}

func runPeer(t *testing.T, p *peer, c *peerCase) peerResult {
	t.Helper()
	path := filepath.Join(t.TempDir(), "access.log")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(p.argv[0], append(p.argv[1:len(p.argv):len(p.argv)], path)...)
	if p.env != "" {
		cmd = exec.Command(p.argv[0], p.argv[1:]...)
		cmd.Env = append(os.Environ(), p.env+path)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var seen peerSeen
	done := make(chan struct{})
	go func() { seen.read(out); close(done) }()
	lines := writePeer(t, path, c, &seen)
	// What has not come after a while of silence does not come.
	for last, quiet := -1, time.Now(); time.Since(quiet) < 3*time.Second && seen.count() < lines; time.Sleep(20 * time.Millisecond) {
		if n := seen.count(); n != last {
			last, quiet = n, time.Now()
		}
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	<-done
	_ = cmd.Wait()
	r := peerResult{lines: lines, took: seen.took, cpu: (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()}
	for _, n := range seen.times {
		r.twice += n - 1
	}
	r.lost = lines - len(seen.times)
	slices.Sort(r.took)
	return r
}

// writePeer writes numbered lines with their time and returns how many. It begins with
// one that it waits for: what is rotated away before the follower runs is not asked for.
func writePeer(t *testing.T, path string, c *peerCase, seen *peerSeen) int {
	t.Helper()
	n := 0
	write := func(count int) {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		for range count {
			if _, err := fmt.Fprintf(f, "%d %d GET /api/orders 200 a line of an ordinary length\n", n, time.Now().UnixNano()); err != nil {
				t.Fatal(err)
			}
			n++
		}
		_ = f.Close() // appended to, nothing is buffered
	}
	write(1)
	for begin := time.Now(); seen.count() == 0 && time.Since(begin) < 10*time.Second; time.Sleep(time.Millisecond) {
	}
	begin := time.Now()
	for turned := begin; time.Since(begin) < peerTime; time.Sleep(time.Millisecond) {
		if c.turn > 0 && time.Since(turned) > c.turn {
			turned = time.Now()
			if err := c.rotate(path); err != nil {
				t.Fatal(err)
			}
		}
		if due := int(time.Since(begin).Seconds()*float64(c.rate)) - n; due > 0 {
			write(due)
		}
	}
	return n
}

// peerSeen is what a follower printed.
type peerSeen struct {
	mu    sync.Mutex
	times map[int]int // by number
	took  []time.Duration
}

func (s *peerSeen) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.times)
}

func (s *peerSeen) read(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		number, rest, _ := strings.Cut(lines.Text(), " ")
		stamp, _, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(number)
		at, err2 := strconv.ParseInt(stamp, 10, 64)
		if err != nil || err2 != nil {
			continue // what the program itself says
		}
		s.mu.Lock()
		if s.times == nil {
			s.times = map[int]int{}
		}
		s.times[n]++
		s.took = append(s.took, time.Duration(time.Now().UnixNano()-at))
		s.mu.Unlock()
	}
}
