package window

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"why502/tail"
)

// start is the log time of the tests' first event.
var start = time.Date(2026, 11, 23, 7, 16, 0, 0, time.UTC)

// randomEvents makes n events of every kind with values of small variety, so that
// no bound is reached.
func randomEvents(r *rand.Rand, n int) []tail.Event {
	pick := func(values ...string) []byte { return []byte(values[r.IntN(len(values))]) }
	events := make([]tail.Event, n)
	for i := range events {
		ev := &events[i]
		ev.Reset()
		ev.Gateway, ev.Format, ev.Kind = "nginx", "nginx-extended", tail.KindAccess
		ev.Time = start.Add(time.Duration(r.IntN(900)) * 250 * time.Millisecond).UnixNano()
		ev.Line = fmt.Appendf(nil, "line %d", r.IntN(n))
		switch r.IntN(12) {
		case 0:
			ev.Kind = tail.KindRaw
			continue
		case 1:
			ev.Kind, ev.Format = tail.KindError, "nginx-error"
			ev.Level = pick("error", "warn")
			ev.Message = fmt.Appendf(nil, "connect() failed (%d: %s) while connecting to upstream", 110+r.IntN(3), pick("a", "b"))
			ev.AddAttempt().Addr = pick("10.0.0.5:8000", "10.0.0.6:8000")
			ev.Path, ev.Method = pick("/api/orders/17", "/api/items"), pick("GET")
			continue
		case 2:
			ev.Gateway, ev.Format = "haproxy", "haproxy-http"
			ev.Flags = pick("sC--", "CD--", "----", "SC--")
		}
		if r.IntN(50) == 0 {
			ev.Time = 0
		}
		ev.Client = fmt.Appendf(nil, "10.1.%d.%d", r.IntN(3), r.IntN(100))
		ev.Method = pick("GET", "POST")
		ev.Path = fmt.Appendf(nil, "/api/%s/%d?x=%d", pick("items", "orders"), r.IntN(500), i)
		ev.Host, ev.UserAgent, ev.Backend = pick("shop.example", "-"), pick("curl/8", "Mozilla"), pick("app", "")
		ev.Status = []int{200, 200, 200, 201, 404, 499, 502, 503, 504, 9, 0, 1000}[r.IntN(12)]
		ev.Duration = time.Duration(r.IntN(3_000_000)-1) * time.Microsecond
		for range r.IntN(3) {
			a := ev.AddAttempt()
			a.Addr = pick("10.0.0.5:8000", "10.0.0.6:8000", "app", "app/<NOSRV>")
			a.Status = []int{0, 200, 502, 504}[r.IntN(4)]
			a.Connect = time.Duration(r.IntN(2)-1) * time.Millisecond
			a.Header = time.Duration(r.IntN(100)-1) * time.Millisecond
		}
	}
	return events
}

// TestMergeEqualsSequential folds the same events by one and by several workers
// that each got random events, and wants the same View.
func TestMergeEqualsSequential(t *testing.T) {
	for round := range 12 {
		r := rand.New(rand.NewPCG(uint64(round), 1))
		events := randomEvents(r, 1+r.IntN(3000))
		one := New()
		for i := range events {
			one.Add(&events[i], "access.log")
		}
		workers := make([]*Stats, 1+r.IntN(7))
		for i := range workers {
			workers[i] = New()
		}
		for _, i := range r.Perm(len(events)) {
			workers[r.IntN(len(workers))].Add(&events[i], "access.log")
		}
		all := New()
		for _, w := range workers {
			if round%3 == 0 {
				all.Merge(w)
				continue
			}
			if all.Take(w); !cmp.Equal(w.View(time.Time{}, 0), New().View(time.Time{}, 0)) {
				t.Fatalf("round %d: what was taken is still there", round)
			}
		}
		now, span := time.Time{}, time.Duration(0)
		if round%2 == 0 {
			now, span = start.Add(100*time.Second), time.Minute
		}
		want := one.View(now, span)
		if diff := cmp.Diff(want, all.View(now, span)); diff != "" {
			t.Fatalf("round %d, %d workers: (-sequential +merged)\n%s", round, len(workers), diff)
		}
		if want.Missed != 0 {
			t.Fatalf("round %d: %d missed below the bounds", round, want.Missed)
		}
		// The same Stats after a Reset, fed in another order.
		slices.Reverse(events)
		all.Reset()
		for i := range events {
			all.Add(&events[i], "access.log")
		}
		if diff := cmp.Diff(want, all.View(now, span)); diff != "" {
			t.Fatalf("round %d: after Reset (-want +got)\n%s", round, diff)
		}
	}
}
