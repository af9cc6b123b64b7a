package tail

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// collector is a sink that keeps lines and the last status.
type collector struct {
	mu      sync.Mutex
	changed chan struct{}
	lines   []string
	batches []Batch // without data
	status  Status
	states  []State
	hold    chan struct{} // when not nil, a batch waits for it
}

func newCollector() *collector { return &collector{changed: make(chan struct{}, 1)} }

func (c *collector) Batch(b Batch) {
	if c.hold != nil {
		<-c.hold
	}
	c.mu.Lock()
	for data := b.Data; len(data) > 0; {
		var line []byte
		line, data = NextLine(data)
		c.lines = append(c.lines, string(line))
	}
	meta := b
	meta.Data, meta.free = nil, nil
	c.batches = append(c.batches, meta)
	c.mu.Unlock()
	b.Release()
	c.poke()
}

func (c *collector) Status(s Status) {
	c.mu.Lock()
	c.status = s
	if len(c.states) == 0 || c.states[len(c.states)-1] != s.State {
		c.states = append(c.states, s.State)
	}
	c.mu.Unlock()
	c.poke()
}

func (c *collector) poke() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

func (c *collector) snapshot() ([]string, Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lines[:len(c.lines):len(c.lines)], c.status
}

// await waits until ok holds, at most 30 s.
func (c *collector) await(t testing.TB, what string, ok func(lines []string, st Status) bool) []string {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		lines, st := c.snapshot()
		if ok(lines, st) {
			return lines
		}
		select {
		case <-c.changed:
		case <-deadline:
			t.Fatalf("waited for %s: %d lines, the last %q, status %+v", what, len(lines), lastOf(lines), st)
		}
	}
}

func lastOf(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}

// awaitLines waits for n lines.
func (c *collector) awaitLines(t testing.TB, n int) []string {
	t.Helper()
	return c.await(t, fmt.Sprintf("%d lines", n), func(lines []string, _ Status) bool { return len(lines) >= n })
}

// awaitState waits for a state.
func (c *collector) awaitState(t testing.TB, s State) Status {
	t.Helper()
	c.await(t, s.String(), func(_ []string, st Status) bool { return st.State == s })
	_, st := c.snapshot()
	return st
}

// quick are options that make tests short.
func quick() FollowOptions {
	return FollowOptions{Poll: 20 * time.Millisecond, Gap: time.Millisecond}
}

// follow starts a follower and stops it with the test.
func follow(t testing.TB, path string, opt FollowOptions) *collector {
	t.Helper()
	c := newCollector()
	followInto(t, path, opt, c)
	return c
}

func followInto(t testing.TB, path string, opt FollowOptions, c *collector) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Follow(path, opt).Run(ctx, c) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// readAll reads a path once.
func readAll(t testing.TB, path string, opt FollowOptions) (*collector, error) {
	t.Helper()
	opt.Once = true
	c := newCollector()
	return c, Follow(path, opt).Run(context.Background(), c)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func appendTo(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func rename(t testing.TB, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// numbered makes lines "line N" from..to-1.
func numbered(from, to int) string {
	var b bytes.Buffer
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.String()
}

// wantNumbered checks that lines are exactly "line N" for N from..to-1.
func wantNumbered(t testing.TB, lines []string, from, to int) {
	t.Helper()
	for i, l := range lines {
		if want := fmt.Sprintf("line %d", from+i); l != want {
			t.Fatalf("at %d: got %q, want %q (%d lines)", i, l, want, len(lines))
		}
	}
	if len(lines) != to-from {
		t.Fatalf("got %d lines, want %d", len(lines), to-from)
	}
}

func logPath(t testing.TB) string { return filepath.Join(t.TempDir(), "access.log") }
