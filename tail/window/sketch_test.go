package window

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestHistogramError compares quantiles with those of the sorted values.
func TestHistogramError(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, scale := range []time.Duration{200 * time.Microsecond, 15 * time.Millisecond, 3 * time.Second} {
		var h Histogram
		values := make([]time.Duration, 5000)
		for i := range values {
			values[i] = time.Duration(math.Exp(r.NormFloat64()) * float64(scale))
			h.Add(values[i])
		}
		h.Add(-1) // not known: not counted
		slices.Sort(values)
		q := h.Quantiles()
		if q.Count != 5000 || q.Max != values[4999] {
			t.Errorf("count %d, max %v, want 5000, %v", q.Count, q.Max, values[4999])
		}
		for _, c := range []struct {
			share float64
			got   time.Duration
		}{{.5, q.P50}, {.9, q.P90}, {.95, q.P95}, {.99, q.P99}} {
			want := values[int(math.Ceil(c.share*5000))-1]
			if off := math.Abs(float64(c.got-want)) / float64(want); off > HistogramError+1e-6 && c.got-want > time.Microsecond {
				t.Errorf("%v, p%v: got %v, want %v (off by %.2f %%)", scale, c.share*100, c.got, want, off*100)
			}
		}
	}
}

func TestHistogramEdges(t *testing.T) {
	var h Histogram
	if q := h.Quantiles(); q != (Quantiles{}) {
		t.Errorf("empty: %+v", q)
	}
	h.Add(12 * time.Millisecond)
	if q := h.Quantiles(); q.P50 > q.Max || q.P99 > q.Max {
		t.Errorf("a quantile above the maximum: %+v", q)
	}
	h.Add(math.MaxInt64)
	h.Add(0)
	if q := h.Quantiles(); q.Max != math.MaxInt64 || q.Count != 3 {
		t.Errorf("extremes: %+v", q)
	}
	for i := range buckets - 1 {
		if m := middle(i); bucketOf(uint64(m)/1000) != i {
			t.Fatalf("the middle of bucket %d, %v, lies in bucket %d", i, m, bucketOf(uint64(m)/1000))
		}
	}
}

func TestLatencyRow(t *testing.T) {
	for row, bound := range LatencyBounds {
		if latencyRow(bound) != row || latencyRow(bound+1) != row+1 {
			t.Errorf("%v: rows %d and %d, want %d and %d", bound, latencyRow(bound), latencyRow(bound+1), row, row+1)
		}
	}
}

// TestDistinctError wants the stated error on several cardinalities.
func TestDistinctError(t *testing.T) {
	for _, n := range []int{0, 1, 100, 5000, 100_000, 2_000_000} {
		var d distinct
		for i := range n {
			d.add(fmt.Appendf(nil, "10.%d.%d.%d", i>>16, i>>8&255, i&255))
			d.add(fmt.Appendf(nil, "10.%d.%d.%d", i>>16, i>>8&255, i&255))
		}
		if off := math.Abs(float64(d.estimate()) - float64(n)); off > 0.06*float64(n)+1 {
			t.Errorf("%d values estimated as %d", n, d.estimate())
		}
	}
}

// TestHeavyGuarantee floods a sketch far beyond its bound, with some values that
// are truly frequent and some that fail, and checks each promise against exact
// counts.
func TestHeavyGuarantee(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	type exact struct{ ok, failed uint64 }
	truth := make(map[string]*exact)
	var parts [3]heavy
	for i := range 300_000 {
		value, failed := fmt.Sprintf("rare-%d", r.IntN(1_000_000)), false
		switch x := r.IntN(100); {
		case x < 20:
			value = fmt.Sprintf("often-%d", r.IntN(10))
		case x < 22:
			value, failed = fmt.Sprintf("broken-%d", r.IntN(20)), true
		}
		if truth[value] == nil {
			truth[value] = new(exact)
		}
		if failed {
			truth[value].failed++
		} else {
			truth[value].ok++
		}
		parts[i%3].add([]byte(value), failed)
	}
	var all heavy
	for i := range parts {
		all.merge(&parts[i])
	}
	if n := len(all.entries); n > 2*maxKept || len(all.dict.arena) > 2*maxKept*maxValue {
		t.Errorf("%d entries, %d bytes kept", n, len(all.dict.arena))
	}
	found := make(map[string]Count)
	for _, c := range all.top(len(all.entries)) {
		found[c.Value] = c
		e := truth[c.Value]
		if c.OK > e.ok || c.Failed > e.failed || c.OK+c.Failed+c.Low < e.ok+e.failed {
			t.Errorf("%s: %+v, truly %+v", c.Value, c, *e)
		}
	}
	for i := range 10 {
		name := fmt.Sprintf("often-%d", i)
		if e := truth[name]; found[name].OK != e.ok {
			t.Errorf("%s: %d of %d", name, found[name].OK, e.ok)
		}
	}
	for i := range 20 {
		name := fmt.Sprintf("broken-%d", i)
		if e := truth[name]; found[name].Failed != e.failed {
			t.Errorf("%s: %d of %d failures", name, found[name].Failed, e.failed)
		}
	}
	if all.missed() == 0 {
		t.Error("nothing missed beyond the bound")
	}
}

// TestHeavyFailedFlood has more failing values than there is room for.
func TestHeavyFailedFlood(t *testing.T) {
	var h heavy
	for i := range 50_000 {
		h.add(fmt.Appendf(nil, "v%d", i%7000), i%2 == 0)
		h.add([]byte("worst"), true)
	}
	if len(h.entries) > 2*maxKept+1 {
		t.Errorf("%d entries", len(h.entries))
	}
	if top := h.top(1)[0]; top.Value != "worst" || top.Failed != 50_000 {
		t.Errorf("first: %+v", top)
	}
}

func TestDict(t *testing.T) {
	var d dict
	keys := make([][]byte, 500)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "key %d", i)
		d.add(hashOf(keys[i]), keys[i])
	}
	d.keep(func(n int) bool { return n%3 == 0 }, func(from, to int) {
		if from != 3*to {
			t.Errorf("%d moved to %d", from, to)
		}
	})
	for i, k := range keys {
		n := d.find(hashOf(k), k)
		if i%3 != 0 && n >= 0 || i%3 == 0 && (n != i/3 || !bytes.Equal(d.key(n), k)) {
			t.Errorf("key %d found as %d", i, n)
		}
	}
}

// TestSeries adds in any order and split, beyond the bound, and wants the same
// series, its sum and the exact start of every burst.
func TestSeries(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	var seconds []int64
	for burst := range 9 {
		for s := range 300 {
			seconds = append(seconds, int64(burst*5000+s+7))
		}
	}
	var want series
	for _, s := range seconds {
		want.add(s, 2)
	}
	var parts [4]series
	for _, i := range r.Perm(len(seconds)) {
		parts[r.IntN(4)].add(seconds[i], 2)
	}
	var got series
	for i := range parts {
		got.merge(&parts[i])
	}
	if !slices.Equal(got.points, want.points) || len(got.points) > maxSeries {
		t.Errorf("merged %d entries differ from %d sequential ones", len(got.points), len(want.points))
	}
	var sum uint32
	starts := 0
	for i, p := range got.points {
		sum += p.Count
		if i == 0 || p.Unix-got.points[i-1].Unix > 1000 {
			starts++
			if (p.Unix-7)%5000 != 0 {
				t.Errorf("a burst starts at %d", p.Unix)
			}
		}
	}
	if int(sum) != 2*len(seconds) || starts != 9 {
		t.Errorf("sum %d, %d bursts", sum, starts)
	}
}
