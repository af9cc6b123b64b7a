//go:build unix

package headless_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"

	"why502/probe/demo"
)

// screen is the built program on a terminal of its own.
type screen struct {
	t    *testing.T
	cmd  *exec.Cmd
	tty  *os.File
	vt   vt10x.Terminal
	mu   sync.Mutex
	done chan error
}

// onScreen runs the built program on a terminal of 120x40, its temporary files in
// a folder of its own, which it returns.
func onScreen(t *testing.T, args ...string) (*screen, string) {
	t.Helper()
	temp := t.TempDir()
	s := &screen{t: t, cmd: exec.Command(binary(t), args...), vt: vt10x.New(vt10x.WithSize(120, 40)), done: make(chan error, 1)}
	s.cmd.Env = append(os.Environ(), "TERM=xterm-256color", "TMPDIR="+temp, "XDG_CONFIG_HOME="+temp)
	tty, err := pty.StartWithSize(s.cmd, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		t.Fatal(err)
	}
	s.tty = tty
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 32<<10)
		for {
			n, err := tty.Read(buf)
			s.mu.Lock()
			_, _ = s.vt.Write(buf[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	go func() { <-read; s.done <- s.cmd.Wait() }()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		tty.Close()
	})
	return s, temp
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.vt.String()
}

// waitFor waits until ok holds for what the screen shows.
func (s *screen) waitFor(what string, ok func(text string) bool) {
	s.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if ok(s.text()) {
			return
		}
	}
	s.t.Fatalf("waited 60 s for %s; the screen:\n%s", what, s.text())
}

// ended waits for the end of the program.
func (s *screen) ended() error {
	s.t.Helper()
	select {
	case err := <-s.done:
		return err
	case <-time.After(20 * time.Second):
		s.t.Fatal("the program did not end within 20 s")
		return nil
	}
}

// TestDemoOnScreen waits, for every incident of the demo, until the true cause
// stands first in the verdict while requests fail, then quits and looks whether
// anything was left behind.
func TestDemoOnScreen(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	gate := make(chan struct{}, 3) // demos at once
	for _, incident := range demo.Incidents() {
		t.Run(incident.Name, func(t *testing.T) {
			t.Parallel()
			gate <- struct{}{}
			defer func() { <-gate }()
			s, temp := onScreen(t, "demo", incident.Name)
			s.waitFor("the cause "+incident.Cause, func(text string) bool {
				head, _, _ := strings.Cut(text, "\n")
				return strings.Contains(head, "✖") && firstCause(text) == incident.Cause
			})
			if _, err := s.tty.WriteString("q"); err != nil {
				t.Fatal(err)
			}
			if err := s.ended(); err != nil {
				t.Errorf("after q: %v", err)
			}
			wantNothingLeft(t, temp)
		})
	}
}

// firstCause reads the cause that the verdict names first: the word before its
// share, on the verdict's second line.
func firstCause(text string) string {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		return ""
	}
	fields := strings.Fields(strings.TrimLeft(lines[3], "│ "))
	if len(fields) < 3 || fields[2] != "%" {
		return ""
	}
	return fields[0]
}

// TestDemoEndsOnSignals: Ctrl-C, a termination and a closed terminal clean up too.
func TestDemoEndsOnSignals(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	for name, end := range map[string]func(*screen){
		"ctrl-c":  func(s *screen) { _, _ = s.tty.WriteString("\x03") },
		"sigterm": func(s *screen) { _ = s.cmd.Process.Signal(syscall.SIGTERM) },
		"sighup":  func(s *screen) { _ = s.cmd.Process.Signal(syscall.SIGHUP) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, temp := onScreen(t, "demo", "dns")
			s.waitFor("requests", func(text string) bool { return strings.Contains(text, "GET /") })
			end(s)
			_ = s.ended()
			wantNothingLeft(t, temp)
		})
	}
}

func wantNothingLeft(t *testing.T, temp string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(temp, "why502-demo*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}
