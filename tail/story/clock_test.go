package story

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// twoLogs are a gateway's log and an application's whose clock is ahead, of n requests.
// whole: both have whole seconds only.
func twoLogs(r *rand.Rand, n int, ahead time.Duration, whole bool) (gateway, app *Sightings) {
	gateway, app = &Sightings{}, &Sightings{}
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	stamp := func(t time.Time) int64 {
		if whole {
			t = t.Truncate(time.Second)
		}
		return t.UnixNano()
	}
	for i := range n {
		at = at.Add(time.Duration(r.IntN(400)) * time.Millisecond)
		took := time.Duration(1+r.IntN(200)) * time.Millisecond
		id := fmt.Appendf(nil, "%016x%016x", r.Uint64(), i)
		gateway.Add(id, stamp(at.Add(took)), took)
		for range 1 + r.IntN(2) { // the application may write several lines
			app.Add(id, stamp(at.Add(ahead).Add(time.Duration(r.Int64N(int64(took))))), 0)
		}
	}
	return gateway, app
}

func TestClock(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{minShared, 20, 300, 5000} {
		for _, ahead := range []time.Duration{0, 40 * time.Second, -2300 * time.Millisecond, time.Hour, -5*time.Hour - 30*time.Minute, 3 * time.Second} {
			for _, whole := range []bool{false, true} {
				gateway, app := twoLogs(r, n, ahead, whole)
				c := app.Against(gateway)
				if c.Requests < minShared || (c.Offset-ahead).Abs() > c.Error+time.Millisecond {
					t.Errorf("%d requests, %s ahead, whole seconds %v: %+v", n, ahead, whole, c)
				}
				if most := 2300 * time.Millisecond; c.Error > most {
					t.Errorf("%d requests, %s ahead, whole seconds %v: an error of %s", n, ahead, whole, c.Error)
				}
				if off := ahead != 0; c.Off() != off {
					t.Errorf("%d requests, %s ahead, whole seconds %v: off %v: %+v", n, ahead, whole, c.Off(), c)
				}
				if back := gateway.Against(app); (back.Offset + c.Offset).Abs() > time.Millisecond {
					t.Errorf("%s one way, %s the other", c.Offset, back.Offset)
				}
			}
		}
	}
}

// TestClockNeedsAgreement has logs that share too little to say anything.
func TestClockNeedsAgreement(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	few, app := twoLogs(r, minShared-1, time.Minute, false)
	if c := app.Against(few); c != (Clock{}) {
		t.Errorf("too few requests: %+v", c)
	}
	one, _ := twoLogs(r, 100, 0, false)
	_, other := twoLogs(r, 100, 0, false)
	if c := other.Against(one); c != (Clock{}) {
		t.Errorf("other requests: %+v", c)
	}
	var a, b Sightings
	for i := range 100 { // ids that clients make up, at any time
		id := fmt.Appendf(nil, "made-up-%d", i)
		a.Add(id, 1+r.Int64N(int64(1e15)), 0)
		b.Add(id, 1+r.Int64N(int64(1e15)), 0)
	}
	if c := b.Against(&a); c != (Clock{}) {
		t.Errorf("ids at random: %+v", c)
	}
	// A quarter of the requests with ids used twice changes nothing.
	gateway, app := twoLogs(r, 100, time.Minute, false)
	for i := range 30 {
		id := fmt.Appendf(nil, "used again %d", i)
		gateway.Add(id, 1+r.Int64N(int64(1e18)), 0)
		app.Add(id, 1+r.Int64N(int64(1e18)), 0)
	}
	if c := app.Against(gateway); (c.Offset - time.Minute).Abs() > c.Error {
		t.Errorf("with others: %+v", c)
	}
}

// TestSightingsMerge splits a log over several workers in any order.
func TestSightingsMerge(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	type line struct {
		id   []byte
		at   int64
		took time.Duration
	}
	var lines []line
	for range 6000 {
		lines = append(lines, line{fmt.Appendf(nil, "request-%d", r.IntN(3000)), 1e18 + r.Int64N(1e12), time.Duration(r.Int64N(1e9))})
	}
	var whole Sightings
	for _, l := range lines {
		whole.Add(l.id, l.at, l.took)
	}
	var all Sightings
	if !all.Merge(&whole) || all.Merge(&whole) {
		t.Error("a merge changes something the first time only")
	}
	r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	var merged Sightings
	for len(lines) > 0 {
		n := min(len(lines), r.IntN(900))
		var part Sightings
		for _, l := range lines[:n] {
			part.Add(l.id, l.at, l.took)
		}
		merged.Merge(&part)
		lines = lines[n:]
	}
	if len(all.spans) != maxSightings || len(merged.spans) != maxSightings {
		t.Fatalf("%d and %d requests", len(all.spans), len(merged.spans))
	}
	for h, x := range all.spans {
		if merged.spans[h] != x {
			t.Fatalf("%v instead of %v", merged.spans[h], x)
		}
	}
}

func TestClockWords(t *testing.T) {
	for want, c := range map[string]Clock{
		"": {},
		"clock agrees, by 9 requests that both logs have":                                                                     {300 * time.Millisecond, 500 * time.Millisecond, 9},
		"clock 2.3s behind (± 40ms, by 41 requests that both logs have)":                                                      {-2301 * time.Millisecond, 42 * time.Millisecond, 41},
		"clock 1h0m1s ahead (± 1s, by 41 requests that both logs have): probably a time without its zone, see --timezone":     {time.Hour + time.Second, time.Second, 41},
		"clock 5h30m0s behind (± 500ms, by 7 requests that both logs have): probably a time without its zone, see --timezone": {-5*time.Hour - 30*time.Minute, 500 * time.Millisecond, 7},
	} {
		if got := c.String(); got != want {
			t.Errorf("%+v is %q, want %q", c, got, want)
		}
	}
}

// BenchmarkSightings is the cost of a line with a request id.
func BenchmarkSightings(b *testing.B) {
	var s Sightings
	ids := make([][]byte, 4096)
	for i := range ids {
		ids[i] = fmt.Appendf(nil, "%016x-%016x", i*7919, i)
	}
	for i, id := range ids {
		s.Add(id, int64(i)+1, 0)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Add(ids[i%len(ids)], int64(i)+1, 0)
	}
}
