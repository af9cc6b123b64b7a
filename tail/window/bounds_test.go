package window

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"why502/tail"
)

// TestNoAllocations wants no allocation for values seen before.
func TestNoAllocations(t *testing.T) {
	for name, events := range map[string][]tail.Event{
		"combined": combinedEvents(500), "extended": extendedEvents(500), "error": errorEvents(500),
	} {
		s := New()
		add := func() {
			for i := range events {
				s.Add(&events[i], "access.log")
			}
		}
		add()
		if n := testing.AllocsPerRun(5, add); n > 0 {
			t.Errorf("%s: %.0f allocations in 500 events seen before", name, n)
		}
	}
}

// TestHostileBounds feeds lines that all differ in everything, spread over a
// century, and wants memory to stay within bounds and nothing to be lost uncounted.
func TestHostileBounds(t *testing.T) {
	const n = 60_000
	s := New()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	long := strings.Repeat("x", 5000)
	var ev tail.Event
	for i := range n {
		ev.Reset()
		ev.Kind, ev.Gateway, ev.Format = tail.KindAccess, "nginx", "nginx-extended"
		ev.Time = time.Date(1970, 1, 1, 0, 0, 1, 0, time.UTC).UnixNano() + int64((i*7919)%n)*52_000*int64(time.Second)
		unique := fmt.Appendf(nil, "%d-q%s", i, long)
		ev.Line, ev.Client, ev.Host, ev.UserAgent, ev.Backend, ev.Flags, ev.Method = unique, unique, unique, unique, unique, unique, unique
		ev.Path = append([]byte("/"), unique...)
		ev.Status, ev.Duration = i%1200-100, time.Duration(i)*time.Hour
		a := ev.AddAttempt()
		a.Addr, a.Status, a.Response = append(bytes.Clone(unique), ":80"...), i%700, time.Duration(i)
		s.Add(&ev, "access.log")
		ev.Kind, ev.Message, ev.Level = tail.KindError, fmt.Appendf(nil, "word%c%c%c %s", 'g'+i%20, 'g'+i/20%20, 'g'+i/400%20, long), unique
		s.Add(&ev, "error.log")
	}
	v := s.View(time.Time{}, 0)
	if len(v.Seconds) > MaxSeconds {
		t.Errorf("%d seconds", len(v.Seconds))
	}
	v.Seconds = nil
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > 72<<20 {
		t.Errorf("%d MiB in use", used>>20)
	}
	if v.Requests != n || v.TooOld == 0 || v.Missed == 0 || v.TooOldUntil.IsZero() {
		t.Errorf("requests %d, too old %d until %v, missed %d", v.Requests, v.TooOld, v.TooOldUntil, v.Missed)
	}
	if len(v.Outcomes) > maxOutcomes || len(v.Messages) > maxMessages {
		t.Errorf("%d outcomes, %d messages", len(v.Outcomes), len(v.Messages))
	}
	var kept uint64
	for _, p := range v.Points {
		kept += uint64(p.Total)
	}
	if kept+v.TooOld != n {
		t.Errorf("%d requests in seconds and %d too old, of %d", kept, v.TooOld, n)
	}
	for d, top := range v.Top {
		for _, c := range top {
			if len(c.Value) > maxValue || len(top) > maxShown {
				t.Fatalf("%v: %d values, one of %d bytes", Dimension(d), len(top), len(c.Value))
			}
		}
	}
	if off := float64(v.Clients)/n - 1; off > 0.06 || off < -0.06 {
		t.Errorf("%d clients, want about %d", v.Clients, n)
	}
	runtime.KeepAlive(s)
}

// TestLateLines has log time out of order: late lines go to their second.
func TestLateLines(t *testing.T) {
	s := New()
	var ev tail.Event
	for _, at := range []int{5, 3, 9, 3, 200, 4} {
		ev.Reset()
		ev.Kind, ev.Time, ev.Status = tail.KindAccess, start.Add(time.Duration(at)*time.Second).UnixNano(), 200
		s.Add(&ev, "access.log")
	}
	v := s.View(start.Add(200*time.Second), 0)
	if len(v.Seconds) != 198 {
		t.Fatalf("%d seconds, want those from 3 to 200", len(v.Seconds))
	}
	count := make(map[int64]uint32)
	for i, sec := range v.Seconds {
		count[sec.Unix-start.Unix()] = sec.Total()
		if i > 0 && sec.Unix != v.Seconds[i-1].Unix+1 {
			t.Fatal("seconds are not contiguous")
		}
	}
	if count[3] != 2 || count[4] != 1 || count[200] != 1 {
		t.Errorf("counts %v", count)
	}
	if v := s.View(start.Add(9*time.Second), 10*time.Second); v.Seconds[len(v.Seconds)-1].Unix != start.Unix()+200 || len(v.Seconds) != 10 {
		t.Errorf("log time a little ahead of the clock: %d seconds to %d", len(v.Seconds), v.Seconds[len(v.Seconds)-1].Unix)
	}
	if v := s.View(start.Add(-time.Hour+9*time.Second), time.Hour); len(v.Seconds) != 0 {
		t.Errorf("log time far ahead of the clock: %d seconds", len(v.Seconds))
	}
}
