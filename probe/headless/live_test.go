//go:build unix

package headless_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The live tests start real gateways and a real Python upstream on loopback, break
// one thing, and look at the cause that the built program names from their logs.
// WHY502_LIVE=required turns a missing gateway from a visible skip into a failure.

// need returns the path of a program, or skips the test where it is not installed.
func need(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{"", "/usr/sbin/", "/usr/local/sbin/"} {
		if path, err := exec.LookPath(dir + name); err == nil {
			return path
		}
	}
	if os.Getenv("WHY502_LIVE") == "required" {
		t.Fatalf("%s is not installed and WHY502_LIVE=required", name)
	}
	t.Skipf("LIVE TEST SKIPPED: %s is not installed", name)
	return ""
}

var built struct {
	once sync.Once
	path string
	err  error
}

// binary builds the program once.
func binary(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "why502-live")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "why502")
		out, err := exec.Command("go", "build", "-o", built.path, "why502").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

// freePort returns a loopback port nobody listens on at the moment.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// process is a program under test, ended by its own pid.
type process struct {
	cmd *exec.Cmd
	out bytes.Buffer
}

func start(t *testing.T, dir, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(name, args...)}
	p.cmd.Dir = dir
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}

// stop ends the process and its children and waits for it; it may be called twice.
func (p *process) stop() {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = p.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-done
	}
}

// eventually waits for ok to hold.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited a minute for %s", what)
}

func listening(addr string) func() bool {
	return func() bool {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	}
}

// app is the upstream: a Flask application under gunicorn with a URL for each way
// to fail.
const app = `
import os, time
from flask import Flask, Response
app = Flask(__name__)

@app.get("/")
def index(): return "ok\n"

@app.get("/api/items/<int:n>")
def item(n): return {"item": n}

@app.get("/slow")
def slow():
    time.sleep(4)
    return "late\n"

@app.get("/die")
def die(): os._exit(1)

@app.get("/boom")
def boom(): raise ValueError("boom")

@app.get("/bigheader")
def bigheader():
    return Response("x", headers={"X-Big": "b" * 9000})

@app.get("/away")
def away(): return Response("maintenance", 503, headers={"Retry-After": "120"})
`

// startApp runs the application under gunicorn on a port of its own.
func startApp(t *testing.T, dir string) (*process, string) {
	t.Helper()
	gunicorn := need(t, "gunicorn")
	if err := exec.Command("python3", "-c", "import flask").Run(); err != nil {
		need(t, "python3-flask")
	}
	if err := os.WriteFile(filepath.Join(dir, "app.py"), []byte(app), 0o644); err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	p := start(t, dir, gunicorn, "-b", addr, "-w", "2", "--error-logfile", filepath.Join(dir, "gunicorn.log"), "app:app")
	// gunicorn listens long before its first worker has loaded the application.
	eventually(t, "the application", func() bool { return ask(t, "http://"+addr, "/api/items/{n}", 1)[200] == 1 })
	return p, addr
}

// ask sends n requests to the gateway and returns how often each status came; 0
// stands for no HTTP answer.
func ask(t *testing.T, base, path string, n int) map[int]int {
	t.Helper()
	return askAtOnce(t, base, path, n, 4)
}

// askAtOnce is ask with so many requests under way at a time.
func askAtOnce(t *testing.T, base, path string, n, atOnce int) map[int]int {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	got := map[int]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	gate := make(chan struct{}, atOnce)
	for i := range n {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			p := strings.ReplaceAll(path, "{n}", fmt.Sprint(i))
			status := 0
			if resp, err := client.Get(base + p); err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				status = resp.StatusCode
			}
			mu.Lock()
			got[status]++
			mu.Unlock()
		})
	}
	wg.Wait()
	return got
}

// verdict is what the tests read of the report.
type verdict struct {
	Schema   string
	Incident struct {
		State   string
		Started time.Time
		Failed  int
	}
	Causes []struct {
		ID         string
		Title      string
		Confidence float64
		Evidence   []struct{ Meaning, Sample string }
	}
	Sources []struct {
		Name, Format    string
		Lines, Unparsed int
	}
}

// reportOn runs the built program on logs.
func reportOn(t *testing.T, args ...string) verdict {
	t.Helper()
	out, err := exec.Command(binary(t), append([]string{"report", "--format", "json"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("report: %v\n%s", err, out)
	}
	var v verdict
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatalf("report is not JSON: %v\n%s", err, out)
	}
	return v
}

// wantCause fails unless the first cause is cause (or the other) and the onset stands
// within two seconds of the fault, which was made between the two times of fault.
func wantCause(t *testing.T, v verdict, cause, or string, fault [2]time.Time) {
	t.Helper()
	if len(v.Causes) == 0 || v.Causes[0].ID != cause && v.Causes[0].ID != or {
		t.Fatalf("first cause is not %s: incident %+v, causes %+v", cause, v.Incident, v.Causes)
	}
	if off := max(fault[0].Sub(v.Incident.Started), v.Incident.Started.Sub(fault[1])); off > 2*time.Second {
		t.Errorf("onset %s is %s off the fault at %s", v.Incident.Started, off, fault)
	}
	for _, s := range v.Sources {
		if s.Unparsed > 0 {
			t.Errorf("%s (%s): %d of %d lines not understood", s.Name, s.Format, s.Unparsed, s.Lines)
		}
	}
}

// settle separates the healthy time from the fault, as the logs have whole seconds.
// One request on the way keeps the traffic from falling silent, which is a sign of its
// own.
func settle(t *testing.T, base string) time.Time {
	t.Helper()
	for range 2 {
		time.Sleep(600 * time.Millisecond)
		ask(t, base, "/api/items/{n}", 1)
	}
	return time.Now()
}
