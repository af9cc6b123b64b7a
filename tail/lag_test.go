package tail

import (
	"bytes"
	"io"
	"os"
	"sync"
	"testing"
	"time"
)

// statuses is a sink that keeps every status, and of each batch how many lines it had.
type statuses struct {
	*collector
	all []Status
}

func (s *statuses) Status(st Status) {
	s.mu.Lock()
	s.all = append(s.all, st)
	s.mu.Unlock()
	s.collector.Status(st)
}

func (s *statuses) told() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[:len(s.all):len(s.all)]
}

// hurried is a clock by which a second passes between two looks at it.
type hurried struct {
	mu  sync.Mutex
	now time.Time
}

func (c *hurried) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

func (c *hurried) After(time.Duration) <-chan time.Time { return time.After(time.Millisecond) }

// TestLag: while a burst is read, the status says how much is left and since when not
// all is read; afterwards nothing is left.
func TestLag(t *testing.T) {
	path := logPath(t)
	write(t, path, numbered(0, 10))
	clock := &hurried{now: time.Unix(1_000_000, 0)}
	s := &statuses{collector: newCollector()}
	ctx := t.Context()
	done := make(chan error, 1)
	opt := quick()
	opt.Clock, opt.LiveBatch, opt.PastBatch = clock, 256, 512
	go func() { done <- Follow(path, opt).Run(ctx, s) }()
	s.await(t, "all to be read", func(lines []string, st Status) bool {
		return len(lines) == 10 && st.Lag() == 0 && !st.CaughtUp.IsZero()
	})

	began, before := s.told()[0].CaughtUp, clock.Now()
	n := len(s.told())
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	burst := numbered(10, 1000)
	if _, err := f.WriteString(burst); err != nil {
		t.Fatal(err)
	}
	written := clock.Now()
	s.await(t, "the burst", func(lines []string, st Status) bool { return len(lines) == 1000 && st.Lag() == 0 })
	most := int64(0)
	for _, st := range s.told()[n:] {
		if st.Lag() == 0 {
			continue
		}
		most = max(most, st.Lag())
		if st.CaughtUp.After(written) || st.CaughtUp.Before(began) {
			t.Errorf("%d bytes left of what was written from %s to %s: told to be read until %s", st.Lag(), before, written, st.CaughtUp)
		}
	}
	if most < 4*256 { // a write is seen in parts
		t.Errorf("at most %d bytes were told to be left of a burst of %d", most, len(burst))
	}
}

// TestStreamLag: what was read of a pipe and waits for a slow sink is told, by how long
// it has waited; the beginning of a line is no lag.
func TestStreamLag(t *testing.T) {
	r, w := io.Pipe()
	c := &statuses{collector: newCollector()}
	c.hold = make(chan struct{})
	s := Stream("-", r, r.Close, FollowOptions{Clock: &hurried{now: time.Unix(1_000_000, 0)}, Unfinished: time.Nanosecond}).(*stream)
	done := make(chan error, 1)
	go func() { done <- s.Run(t.Context(), c) }()
	texts := []string{numbered(0, 10), numbered(10, 20), numbered(20, 30) + "line 3"}
	total := int64(0)
	for i, text := range texts {
		io.WriteString(w, text)
		total += int64(len(text))
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
			s.mu.Lock()
			read, queued := s.total, len(s.queue)
			s.mu.Unlock()
			if read == total && (i > 0 || queued == 0) { // the first one is with the sink
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d of %d bytes read, %d batches wait", read, total, queued)
			}
		}
	}
	c.hold <- struct{}{}
	c.await(t, "the first batch's status", func(lines []string, st Status) bool { return len(lines) == 10 && st.Offset > 0 })
	if _, st := c.snapshot(); st.Lag() != total-int64(len(texts[0])) || !st.CaughtUp.Equal(c.batches[0].Received) {
		t.Errorf("after the first batch %d of %d bytes are left since %s, received %s", st.Lag(), total, st.CaughtUp, c.batches[0].Received)
	}
	c.hold <- struct{}{} // it is about to take the second one
	for _, st := range c.told() {
		if st.Offset > int64(len(texts[0]+texts[1])) {
			t.Errorf("%d bytes were told to be delivered when two batches were", st.Offset)
		}
	}
	close(c.hold)
	c.await(t, "the beginning of a line, which is no lag", func(_ []string, st Status) bool { return st.Unfinished == "line 3" && st.Lag() == 0 })
	io.WriteString(w, "0\n")
	c.await(t, "its end", func(lines []string, st Status) bool { return len(lines) == 31 && st.Unfinished == "" })
	w.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	lines, _ := c.snapshot()
	wantNumbered(t, lines, 0, 31)
}

// TestStreamUnfinishedIsBounded: of a line that never ends little is shown, and none of
// it is kept by the status.
func TestStreamUnfinishedIsBounded(t *testing.T) {
	r, w := io.Pipe()
	c := newCollector()
	done := make(chan error, 1)
	go func() {
		done <- Stream("-", r, r.Close, FollowOptions{Unfinished: time.Millisecond}).Run(t.Context(), c)
	}()
	w.Write(bytes.Repeat([]byte("x"), 3*unfinishedShown))
	c.await(t, "the beginning of a line", func(_ []string, st Status) bool { return len(st.Unfinished) == unfinishedShown })
	w.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if lines, st := c.snapshot(); len(lines) != 1 || len(lines[0]) != 3*unfinishedShown || st.Unfinished != "" {
		t.Errorf("%d lines, unfinished %d bytes", len(lines), len(st.Unfinished))
	}
}

// TestStreamHoldsTheProducerBack: what waits for a sink that takes nothing is bounded.
func TestStreamHoldsTheProducerBack(t *testing.T) {
	r, w := io.Pipe()
	c := newCollector()
	c.hold = make(chan struct{})
	s := Stream("-", r, r.Close, FollowOptions{}).(*stream)
	done := make(chan error, 1)
	go func() { done <- s.Run(t.Context(), c) }()
	line := append(bytes.Repeat([]byte("x"), 4095), '\n')
	const lines = 2 * streamMemory / 4096
	written := make(chan struct{})
	go func() {
		defer close(written)
		for range lines {
			w.Write(line)
		}
		w.Close()
	}()
	last := int64(-1)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		s.mu.Lock()
		waiting, total := s.waiting, s.total
		s.mu.Unlock()
		if waiting > streamMemory && total == last {
			break // it stands still
		}
		select {
		case <-written:
			t.Fatalf("%d MiB were taken from the producer while the sink took nothing", total>>20)
		default:
		}
		if last = total; time.Now().After(deadline) {
			t.Fatalf("%d bytes read, %d wait", total, waiting)
		}
	}
	if last > streamMemory+2*MaxLine {
		t.Errorf("%d bytes wait, the bound is %d", last, streamMemory)
	}
	close(c.hold)
	<-written
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got, _ := c.snapshot(); len(got) != lines {
		t.Errorf("%d lines of %d", len(got), lines)
	}
}

// TestLostBytesAreCounted: a file is truncated while a slow sink holds its reading back,
// and no copy of it is left.
func TestLostBytesAreCounted(t *testing.T) {
	path := logPath(t)
	write(t, path, numbered(0, 1))
	c := newCollector()
	c.hold = make(chan struct{})
	opt := quick()
	opt.LiveBatch, opt.PastBatch = 1024, 1024
	followInto(t, path, opt, c)
	c.hold <- struct{}{} // the first line
	c.awaitState(t, StateFollowing)
	text := numbered(1, 2000)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(text)
	f.Close()
	c.hold <- struct{}{} // a part of it
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	write(t, path, "line after\n")
	close(c.hold)
	lines := c.await(t, "the new text", func(lines []string, _ Status) bool { return lastOf(lines) == "line after" })
	c.await(t, "the loss", func(_ []string, st Status) bool { return st.LostBytes > 0 })
	got := int64(0)
	for _, l := range lines[1 : len(lines)-1] {
		got += int64(len(l)) + 1
	}
	// A line cut by the truncation got an end; what was being read then may be in neither.
	if _, st := c.snapshot(); got+st.LostBytes > int64(len(text))+1 || got+st.LostBytes < int64(len(text))-2*1024 {
		t.Errorf("%d bytes came and %d are told to be lost, of %d", got, st.LostBytes, len(text))
	}
}
