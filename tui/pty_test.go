//go:build unix

package tui

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

// terminal is the monitor in a process of its own under a pseudo-terminal.
type terminal struct {
	t      *testing.T
	cmd    *exec.Cmd
	file   *os.File
	vt     vt10x.Terminal
	stderr bytes.Buffer

	mu   sync.Mutex
	raw  []byte
	news chan struct{}
	done chan struct{} // closed when the output ended
}

// openTerminal starts the monitor of a fixture.
func openTerminal(t *testing.T, fixture string, w, h int, env ...string) *terminal {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tm := &terminal{t: t, cmd: exec.Command(exe), vt: vt10x.New(vt10x.WithSize(w, h)), news: make(chan struct{}, 1), done: make(chan struct{})}
	tm.cmd.Env = append(append(os.Environ(), "WHY502_SHOW="+fixture, "TERM=xterm-256color", "COLORTERM=truecolor"), env...)
	tm.cmd.Stderr = &tm.stderr
	tm.file, err = pty.StartWithSize(tm.cmd, &pty.Winsize{Cols: uint16(w), Rows: uint16(h)})
	if err != nil {
		t.Skipf("SKIPPED: no pseudo-terminal can be had here: %v", err)
	}
	t.Cleanup(func() {
		tm.cmd.Process.Kill()
		tm.file.Close()
		<-tm.done
	})
	go tm.read()
	return tm
}

func (tm *terminal) read() {
	defer close(tm.done)
	buf := make([]byte, 32<<10)
	for {
		n, err := tm.file.Read(buf)
		tm.mu.Lock()
		tm.raw = append(tm.raw, buf[:n]...)
		tm.vt.Write(buf[:n])
		tm.mu.Unlock()
		select {
		case tm.news <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (tm *terminal) screen() string {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	return tm.vt.String()
}

// wait waits until the screen is as ok wants it.
func (tm *terminal) wait(what string, ok func(screen string) bool) string {
	tm.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		if s := tm.screen(); ok(s) {
			return s
		}
		select {
		case <-tm.news:
		case <-deadline:
			tm.t.Fatalf("waited for %s, the screen is\n%s\nstandard error: %s", what, tm.screen(), tm.stderr.String())
		}
	}
}

func (tm *terminal) waitFor(text string) string {
	tm.t.Helper()
	return tm.wait(text, func(s string) bool { return strings.Contains(s, text) })
}

func (tm *terminal) send(keys string) {
	tm.t.Helper()
	if _, err := io.WriteString(tm.file, keys); err != nil {
		tm.t.Fatal(err)
	}
}

// ended waits for the process's end and returns its exit status.
func (tm *terminal) ended() int {
	tm.t.Helper()
	select {
	case <-tm.done:
	case <-time.After(20 * time.Second):
		tm.t.Fatalf("the monitor does not end; the screen is\n%s", tm.screen())
	}
	tm.cmd.Wait()
	return tm.cmd.ProcessState.ExitCode()
}

// restored checks that the terminal was left as it was found.
func (tm *terminal) restored() {
	tm.t.Helper()
	raw := string(tm.raw)
	for _, pair := range [][2]string{
		{"\x1b[?1049h", "\x1b[?1049l"}, // alternate screen
		{"\x1b[?25l", "\x1b[?25h"},     // cursor
		{"\x1b[?1002h", "\x1b[?1002l"}, // mouse
		{"\x1b[?2004h", "\x1b[?2004l"}, // bracketed paste
	} {
		on, off := strings.LastIndex(raw, pair[0]), strings.LastIndex(raw, pair[1])
		if on >= 0 && off < on {
			tm.t.Errorf("%q was not undone by %q", pair[0], pair[1])
		}
	}
	if !strings.Contains(raw, "\x1b[?1049h") {
		tm.t.Error("the alternate screen was never entered")
	}
}

func TestTerminal(t *testing.T) {
	tm := openTerminal(t, "down", 120, 40)
	first := tm.wait("the whole first screen", func(s string) bool {
		return strings.Contains(s, "nothing listens on 10.0.0.5:8000") && strings.Contains(s, "q quit")
	})
	for _, want := range []string{"✖ 502 since 14:01:12", "Status mix, 5 min", "Checklist", "Log  errors first", "y copy  1 open step 1"} {
		if !strings.Contains(first, want) {
			t.Errorf("the first screen lacks %q:\n%s", want, first)
		}
	}
	tm.send("?")
	tm.waitFor("any key closes")
	tm.send("x")
	tm.wait("the help gone", func(s string) bool {
		return !strings.Contains(s, "any key closes") && strings.Contains(s, "Status mix")
	})
	tm.send(" ")
	tm.waitFor("PAUSED")
	tm.send(" ")
	tm.wait("no pause", func(s string) bool { return !strings.Contains(s, "PAUSED") })

	tm.mu.Lock()
	tm.vt.Resize(80, 24)
	tm.mu.Unlock()
	if err := pty.Setsize(tm.file, &pty.Winsize{Cols: 80, Rows: 24}); err != nil {
		t.Fatal(err)
	}
	small := tm.wait("the small screen whole", func(s string) bool {
		lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
		return len(lines) == 24 && strings.HasPrefix(lines[23], "╰") && strings.HasPrefix(lines[1], "╭") && strings.HasSuffix(strings.TrimRight(lines[1], " "), "╮")
	})
	for i, l := range strings.Split(strings.TrimRight(small, "\n"), "\n")[2:23] {
		if !strings.HasPrefix(l, "│") && !strings.HasPrefix(l, "├") {
			t.Errorf("line %d is torn after the resize: %q", i+2, l)
		}
	}
	tm.send("q")
	if code := tm.ended(); code != 0 {
		t.Errorf("exit status %d, standard error: %s", code, tm.stderr.String())
	}
	tm.restored()
}

func TestTerminalCtrlC(t *testing.T) {
	tm := openTerminal(t, "healthy", 100, 30)
	tm.waitFor("No request fails")
	tm.send("\x03")
	if code := tm.ended(); code != 0 {
		t.Errorf("exit status %d, standard error: %s", code, tm.stderr.String())
	}
	tm.restored()
}

func TestTerminalAfterPanic(t *testing.T) {
	for mode, keys := range map[string]string{"update": "6r", "command": "nx\r"} {
		t.Run(mode, func(t *testing.T) {
			tm := openTerminal(t, "down", 100, 30, "WHY502_SHOW_PANIC="+mode)
			tm.waitFor("nothing listens on")
			tm.send(keys)
			if code := tm.ended(); code != 2 {
				t.Errorf("exit status %d", code)
			}
			tm.restored()
			told := tm.stderr.String()
			if !strings.HasPrefix(told, "why502: a fault in the program ended the monitor: the fixture's panic;") || !strings.Contains(told, "goroutine") {
				t.Errorf("standard error: %s", told)
			}
		})
	}
}

func TestTerminalStart(t *testing.T) {
	tm := openTerminal(t, "start", 100, 30)
	tm.waitFor("looked at /var/log/haproxy.log")
	tm.send("\x1b[B\r") // down, enter
	if code := tm.ended(); code != 0 {
		t.Errorf("exit status %d, standard error: %s", code, tm.stderr.String())
	}
	tm.restored()
	if !strings.Contains(string(tm.raw), "chosen: timeout") {
		t.Error("the second incident was not chosen")
	}
}
