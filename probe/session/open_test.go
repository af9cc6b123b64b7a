package session

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"why502/probe/diagnose"
)

// eventually waits for ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited 20 s for %s", what)
}

// TestALiveSessionFollowsAndEnds opens a session on a growing log and looks that
// nothing of it runs on after Close.
func TestALiveSessionFollowsAndEnds(t *testing.T) {
	before := runtime.NumGoroutine()
	path := filepath.Join(t.TempDir(), "access.log")
	good := strings.ReplaceAll(combined, " 502 ", " 200 ")
	if err := os.WriteFile(path, []byte(strings.Repeat(good, 50)), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(context.Background(), Config{Sources: []string{path}, Live: true, NoProbe: true})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the past", func() bool { return s.Snapshot().Traffic.Requests == 50 })
	if v := s.Verdict(s.Snapshot()); v.Incident.State != diagnose.None {
		t.Errorf("a healthy log: %+v", v.Incident)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(strings.Repeat(combined, 20)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what was appended", func() bool { return s.Snapshot().Traffic.Failed == 20 })
	eventually(t, "the verdict", func() bool { return s.Verdict(s.Snapshot()).Incident.State == diagnose.Ongoing })
	snap := s.Snapshot()
	if n := len(snap.Failures); n != 20 {
		t.Errorf("%d failed lines are kept", n)
	}
	if got := s.Parse(snap.Failures[0]); len(got) == 0 || !strings.Contains(snap.Failures[0].Text, " 502 ") {
		t.Errorf("fields %v of %q", got, snap.Failures[0].Text)
	}
	s.Close()
	s.Close()
	eventually(t, "its goroutines", func() bool { return runtime.NumGoroutine() <= before })
}

// TestPanicsReachWhoeverListens: the face gets the chance to put the terminal right.
func TestPanicsReachWhoeverListens(t *testing.T) {
	var mu sync.Mutex
	var told error
	path := filepath.Join(t.TempDir(), "access.log")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(context.Background(), Config{Sources: []string{path}, Live: true, NoProbe: true, Fatal: func(err error) {
		mu.Lock()
		defer mu.Unlock()
		told = err
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.in.done.Go(func() {
		defer s.in.guard()
		panic("of the test")
	})
	eventually(t, "the panic", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return told != nil && strings.Contains(told.Error(), "of the test") && strings.Contains(told.Error(), "goroutine")
	})
	s.Close()
}
