package window

import (
	"cmp"
	"slices"
	"time"
)

// Slow is a stretch of time in which answers took far longer than the log's own
// baseline.
type Slow struct {
	Start, End time.Time // End is zero while Ongoing
	Ongoing    bool
	// Requests ended within it, Late of them took longer than Limit, which hardly any
	// did before.
	Requests, Late uint64
	Limit          time.Duration
	// Before and During are the latencies that 95 % of the requests stayed below,
	// rounded up to LatencyBounds. The same of the upstream's own time; 0 when it is
	// not logged.
	Before, During                 time.Duration
	UpstreamBefore, UpstreamDuring time.Duration
	// Seconds tells when the late ones ended.
	Seconds []SecondCount
}

const (
	// slowLimit is the least latency that anybody calls slow.
	slowLimit = 200 * time.Millisecond
	// slowRows is how many rows above the baseline's p95 a slow answer lies: at least
	// four times as long.
	slowRows = 2
	// slowShare is the share of the requests within the stretch that must be slow: a
	// few slow routes, or more of them than usual, are no slowdown.
	slowShare = 0.4
	// slowLeast is how many slow requests there must be, and slowTime how long in
	// seconds it must last.
	slowLeast = 30
	slowTime  = 10
	// slowQuiet is how many requests outside of it a baseline needs.
	slowQuiet = 100
)

// Slowdown finds the stretch of time in which answers became slow, nil when there
// is none. It is the same search as for failures, with the requests slower than
// the baseline's p95 by far for failed ones. The baseline is the faster half of
// the log.
func Slowdown(seconds []Second) *Slow {
	before := fasterHalf(seconds)
	row := before.quantile(0.95) + slowRows
	for row < LatencyRows && LatencyBounds[row-1] < slowLimit {
		row++
	}
	if before.total() < slowQuiet || row >= LatencyRows {
		return nil
	}
	var points []Point
	for i := range seconds {
		s := &seconds[i]
		p := Point{Unix: s.Unix}
		for r, n := range s.Took().Latency {
			p.Total += n
			if r >= row {
				p.Failed += n
			}
		}
		if p.Total > 0 {
			points = append(points, p)
		}
	}
	changes := Onset(points)
	e := changes.Worst()
	if e == nil || e.FromStart || changes.QuietRequests < slowQuiet || e.Failed < slowLeast || burstShare(e) < slowShare ||
		e.Bursts[len(e.Bursts)-1].Last-e.Bursts[0].First < slowTime {
		return nil
	}
	s := &Slow{Start: e.Start, End: e.End, Ongoing: e.Ongoing, Requests: e.Requests, Late: e.Failed, Limit: LatencyBounds[row-1]}
	s.measure(seconds, points, e)
	return s
}

// measure compares the latencies within the bursts of e with those outside of it.
func (s *Slow) measure(seconds []Second, points []Point, e *Episode) {
	var in, out, upIn, upOut rows
	for i := range seconds {
		c := &seconds[i]
		if c.Unix >= e.Bursts[0].First && c.Unix <= e.Bursts[len(e.Bursts)-1].Last {
			in.add(&c.Took().Latency)
			upIn.add(&c.Took().Upstream)
		} else {
			out.add(&c.Took().Latency)
			upOut.add(&c.Took().Upstream)
		}
	}
	s.Before, s.During = out.bound(0.95), in.bound(0.95)
	if upIn.total() > 0 && upOut.total() > 0 {
		s.UpstreamBefore, s.UpstreamDuring = upOut.bound(0.95), upIn.bound(0.95)
	}
	for _, p := range points {
		if p.Failed > 0 && p.Unix >= e.Bursts[0].First && p.Unix <= e.Bursts[len(e.Bursts)-1].Last {
			s.Seconds = append(s.Seconds, SecondCount{p.Unix, p.Failed})
		}
	}
}

// rows counts requests by latency, as LatencyBounds.
type rows [LatencyRows]uint64

func (r *rows) add(c *[LatencyRows]uint32) {
	for i, n := range c {
		r[i] += uint64(n)
	}
}

func (r *rows) total() (n uint64) {
	for _, c := range r {
		n += c
	}
	return n
}

// quantile is the row below whose upper edge the share q of the requests lies.
func (r *rows) quantile(q float64) int {
	var sum uint64
	all := float64(r.total())
	for i, n := range r {
		if sum += n; float64(sum) >= q*all {
			return i
		}
	}
	return LatencyRows - 1
}

// bound is the upper edge of that row; of the last one its lower edge.
func (r *rows) bound(q float64) time.Duration {
	return LatencyBounds[min(r.quantile(q), len(LatencyBounds)-1)]
}

// fasterHalf adds up the latencies of the faster half of the seconds, cut into blocks
// of at least twenty requests.
func fasterHalf(seconds []Second) rows {
	var all rows
	for i := range seconds {
		all.add(&seconds[i].Took().Latency)
	}
	size := max(20, all.total()/32)
	var blocks []rows
	var b rows
	for i := range seconds {
		b.add(&seconds[i].Took().Latency)
		if b.total() >= size {
			blocks = append(blocks, b)
			b = rows{}
		}
	}
	slices.SortStableFunc(blocks, func(x, y rows) int { return cmp.Compare(x.mean(), y.mean()) })
	var faster rows
	for _, b := range blocks {
		if n := faster.total(); n > 0 && n+b.total() > all.total()/2 {
			break
		}
		for i, n := range b {
			faster[i] += n
		}
	}
	return faster
}

// mean is the mean row.
func (r *rows) mean() float64 {
	var sum uint64
	for i, n := range r {
		sum += uint64(i) * n
	}
	return float64(sum) / float64(max(1, r.total()))
}
