//go:build linux

package headless_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestLiveLogrotate lets the real logrotate rotate the log of a real nginx under
// requests, and wants every request once and in order from `parse -f`.
func TestLiveLogrotate(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	logrotate := need(t, "logrotate")
	const usr1 = "postrotate\n kill -USR1 $(cat {{dir}}/nginx.pid)\nendscript"
	for _, c := range []struct {
		name  string
		rules []string
		// held: requests wait meanwhile, for what is logged between the copy and the
		// truncation no reader can get.
		held bool
		// caught: each rotation waits until all that was logged before is printed. One
		// that unlinks a file which a loaded machine's follower has not opened yet
		// leaves nginx's last lines, written to it until it reopens, to no reader.
		caught bool
	}{
		{"create", []string{"create", usr1}, false, false},
		{"create, compress", []string{"create", "compress", usr1}, false, true},
		{"nocreate, delaycompress", []string{"nocreate", "compress", "delaycompress", usr1}, false, false},
		{"rotate 0", []string{"create", "rotate 0", usr1}, false, false},
		{"olddir", []string{"create", "olddir {{dir}}/old", "createolddir 755", usr1}, false, false},
		{"copytruncate", []string{"copytruncate"}, true, false},
		{"copytruncate, compress", []string{"copytruncate", "compress"}, true, false},
		{"copytruncate, dateext", []string{"copytruncate", "dateext", "dateformat -%Y%m%d-%s"}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := startNginx(t, "127.0.0.1:9", "combined", "location /n/ { return 204; }")
			log := filepath.Join(n.dir, "access.log")
			conf := filepath.Join(n.dir, "logrotate.conf")
			rules := strings.ReplaceAll("rotate 30\n"+strings.Join(c.rules, "\n"), "{{dir}}", n.dir)
			if err := os.WriteFile(conf, fmt.Appendf(nil, "%s {\n%s\n}\n", log, rules), 0o644); err != nil {
				t.Fatal(err)
			}
			p := followLog(t, log)
			var gate sync.RWMutex // held for writing, no request is under way
			stop := make(chan struct{})
			clients := make([]int, 3)
			var running sync.WaitGroup
			var answered atomic.Int64
			for id := range clients {
				running.Go(func() { clients[id] = request(t, n.base, id, &gate, &answered, stop) })
			}
			rounds := 12
			if strings.Contains(rules, "%s") { // the names have a second in them
				rounds = 4
			}
			// What was rotated away before the follower began is not asked for.
			eventually(t, "the first line", p.begun)
			for range rounds {
				time.Sleep(30 * time.Millisecond)
				if all := answered.Load(); c.caught {
					eventually(t, "the lines so far", func() bool { return p.count() >= all })
				}
				if c.held {
					gate.Lock()
				}
				out, err := exec.Command(logrotate, "-f", "-s", filepath.Join(n.dir, "state"), conf).CombinedOutput()
				if c.held {
					gate.Unlock()
				}
				if err != nil {
					t.Errorf("logrotate: %v: %s", err, out)
				}
				if rounds == 4 {
					time.Sleep(time.Second)
				}
			}
			close(stop)
			running.Wait()
			p.wantAll(t, clients)
		})
	}
}

// request sends numbered requests until stop, counts those answered and returns how many.
func request(t *testing.T, base string, id int, gate *sync.RWMutex, answered *atomic.Int64, stop chan struct{}) int {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for k := 0; ; k++ {
		select {
		case <-stop:
			return k
		default:
		}
		gate.RLock()
		resp, err := client.Get(fmt.Sprintf("%s/n/%d/%d/%d", base, id, k, time.Now().UnixNano()))
		if err != nil {
			gate.RUnlock()
			t.Errorf("request: %v", err)
			return k
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		answered.Add(1)
		gate.RUnlock()
		time.Sleep(time.Millisecond)
	}
}

// printed is what `parse -f` printed so far.
type printed struct {
	mu    sync.Mutex
	got   map[int][]int // numbers by client
	delay []time.Duration
}

// followLog starts `parse -f` on a log.
func followLog(t *testing.T, log string) *printed {
	t.Helper()
	cmd := exec.Command(binary(t), "parse", "-f", log)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &printed{got: map[int][]int{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.line(s.Bytes())
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-done
		_ = cmd.Wait()
	})
	return p
}

func (p *printed) line(b []byte) {
	now := time.Now().UnixNano()
	var l struct{ Path string }
	var id, k int
	var at int64
	if json.Unmarshal(b, &l) != nil {
		return
	}
	if _, err := fmt.Sscanf(l.Path, "/n/%d/%d/%d", &id, &k, &at); err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got[id] = append(p.got[id], k)
	p.delay = append(p.delay, time.Duration(now-at))
}

// begun says whether a line was printed.
func (p *printed) begun() bool { return p.count() > 0 }

// count returns how many lines were printed.
func (p *printed) count() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int64(len(p.delay))
}

// wantAll waits for all requests and checks that each came once and in order.
func (p *printed) wantAll(t *testing.T, clients []int) {
	t.Helper()
	eventually(t, fmt.Sprintf("the lines of %v requests", clients), func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for id, n := range clients {
			if len(p.got[id]) < n {
				return false
			}
		}
		return true
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, n := range clients {
		for i, k := range p.got[id] {
			if i != k || k >= n {
				t.Fatalf("client %d: request %d where %d belongs, of %d", id, k, i, n)
			}
		}
	}
	slices.Sort(p.delay)
	t.Logf("%v requests, from the request to its printed line p50 %s, p99 %s", clients,
		p.delay[len(p.delay)/2].Round(100*time.Microsecond), p.delay[len(p.delay)*99/100].Round(100*time.Microsecond))
}
