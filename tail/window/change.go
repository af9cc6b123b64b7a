package window

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Episode is a stretch of time in which more requests failed than the log's own
// baseline allows.
type Episode struct {
	// Start is when the first request of it began to fail, as exactly as the lines
	// tell (see Point.Lead); End is the end of the last second with a failure, zero
	// while Ongoing.
	Start, End time.Time
	// Ongoing says that nothing shows an end yet: requests still fail, or none came
	// after the failing ones.
	Ongoing bool
	// FromStart says that the log shows no healthy time before it.
	FromStart        bool
	Requests, Failed uint64
	// Bursts are the separate times of failing within it, ascending; one when it
	// failed throughout.
	Bursts []Burst
	// Pattern says in words how it failed when it was no plain step: flapping or a
	// slow burn. "" otherwise.
	Pattern string
	// Sudden says that the failing share was at its height from the first seconds on.
	Sudden bool
}

// Ratio is the failing share of the requests within the episode, 0 to 1.
func (e *Episode) Ratio() float64 {
	if e.Requests == 0 {
		return 0
	}
	return float64(e.Failed) / float64(e.Requests)
}

// Burst is a part of an episode without a healthy time in it.
type Burst struct {
	First, Last      int64 // seconds of its first and last failure
	Requests, Failed uint64
}

// Changes is what the search found.
type Changes struct {
	// Baseline is the failing share outside of all episodes: the steady background
	// that is no incident. Quiet counts what it is made of.
	Baseline                   float64
	QuietRequests, QuietFailed uint64
	Episodes                   []Episode // ascending in time
}

// Worst returns the episode to report: the ongoing one, else the one with the
// most failures; nil when there is none.
func (c *Changes) Worst() *Episode {
	var worst *Episode
	for i := range c.Episodes {
		e := &c.Episodes[i]
		if e.Ongoing {
			return e
		}
		if worst == nil || e.Failed >= worst.Failed {
			worst = e
		}
	}
	return worst
}

// The search is a hidden Markov model over the seconds with requests: a second is
// good, its requests failing independently with the baseline's probability, or
// bad at one of several levels. Changing state has a price in nats, so a few
// scattered failures don't make an episode; the cheapest path (Viterbi) tells the
// bad stretches. The price of turning bad grows with the logarithm of the number
// of seconds looked at, which keeps false alarms per log constant.
const (
	priceBad   = 4.5 // plus ln(seconds)
	priceGood  = 1.0
	priceEase  = 3.0 // from one bad level to a lower one; to a higher one costs as much as turning bad
	priceFirst = 3.0 // begin in a bad state

	priorFailed, priorRequests = 0.5, 100 // what is thought of a log before it is read

	minBaseline = 2e-4
	maxBaseline = 0.05 // a log that fails more than this throughout has no healthy baseline

	// lift is how far above the baseline the lowest bad level lies, as factor and as
	// addition.
	liftFactor, liftShare = 2.2, 0.005
	levelStep             = 2.5
	topLevel              = 0.98
)

// Onset finds the episodes in points, which are ascending.
func Onset(points []Point) Changes {
	var bad []bool
	var from []uint8
	best, base := math.Inf(1), 0.0
	for _, first := range firstBaselines(points) {
		p := first
		if math.Abs(base-p) < p/20 { // where the other one led to
			continue
		}
		for range 3 {
			var path []bool
			var cost float64
			path, cost, from = viterbi(points, p, from)
			if cost < best {
				best, base, bad = cost, p, path
			}
			next := baselineOf(points, path)
			if math.Abs(next-p) < p/20 {
				break
			}
			p = next
		}
	}
	return changesOf(points, joinBursts(burstsOf(points, bad, base)), base)
}

// firstBaselines are the baselines to begin with: the failing share of the whole
// log, and that of its better half, which is right when an incident takes up much
// of it.
func firstBaselines(points []Point) [2]float64 {
	type block struct{ failed, total float64 }
	var all block
	for _, p := range points {
		all.failed += float64(p.Failed)
		all.total += float64(p.Total)
	}
	size := max(20, all.total/16)
	var blocks []block
	var b block
	for _, p := range points {
		b.failed += float64(p.Failed)
		b.total += float64(p.Total)
		if b.total >= size {
			blocks = append(blocks, b)
			b = block{}
		}
	}
	if b.total > 0 {
		blocks = append(blocks, b)
	}
	slices.SortFunc(blocks, func(x, y block) int { return cmp.Compare(x.failed/x.total, y.failed/y.total) })
	var better block
	for _, b := range blocks {
		if better.total > 0 && better.total+b.total > all.total/2 {
			break
		}
		better.failed += b.failed
		better.total += b.total
	}
	return [2]float64{clampBaseline(all.failed, all.total), clampBaseline(better.failed, better.total)}
}

func clampBaseline(failed, total float64) float64 {
	return min(maxBaseline, max(minBaseline, (failed+priorFailed)/(total+priorRequests)))
}

// baselineOf is the failing share of the good seconds.
func baselineOf(points []Point, bad []bool) float64 {
	var failed, total float64
	for i, p := range points {
		if !bad[i] {
			failed += float64(p.Failed)
			total += float64(p.Total)
		}
	}
	return clampBaseline(failed, total)
}

// levels are the failing probabilities of the states: the baseline, then the bad
// ones.
func levels(base float64) []float64 {
	l := []float64{base}
	for p := max(base*liftFactor, base+liftShare); p < 0.7; p *= levelStep {
		l = append(l, p)
	}
	return append(l, topLevel)
}

// viterbi says of each point whether the cheapest path goes through a bad state,
// and what the path costs. from is room for its steps, which it returns.
func viterbi(points []Point, base float64, from []uint8) (bad []bool, total float64, _ []uint8) {
	bad = make([]bool, len(points))
	if len(points) == 0 {
		return bad, 0, from
	}
	level := levels(base)
	n := len(level)
	logFail, logPass := make([]float64, n), make([]float64, n)
	for i, p := range level {
		logFail[i], logPass[i] = -math.Log(p), -math.Log1p(-p)
	}
	turnBad := priceBad + math.Log(float64(len(points)+1))
	from = slices.Grow(from[:0], n*len(points))[:n*len(points)]
	cost, next := make([]float64, n), make([]float64, n)
	for i := 1; i < n; i++ {
		cost[i] = priceFirst
	}
	for t, p := range points {
		worse, argWorse := math.Inf(1), 0 // the cheapest of the levels above i
		for i := n - 1; i >= 0; i-- {
			change, via := worse+priceEase, argWorse
			if i == 0 {
				change = worse + priceGood
			}
			for j := range i {
				if c := cost[j] + turnBad; c < change {
					change, via = c, j
				}
			}
			if t == 0 || cost[i] <= change {
				change, via = cost[i], i
			}
			if cost[i] < worse {
				worse, argWorse = cost[i], i
			}
			from[t*n+i] = uint8(via)
			next[i] = change + float64(p.Failed)*logFail[i] + float64(p.Total-p.Failed)*logPass[i]
		}
		cost, next = next, cost
	}
	state := 0
	for i := range n {
		if cost[i] < cost[state] {
			state = i
		}
	}
	total = cost[state]
	for t := len(points) - 1; t >= 0; t-- {
		bad[t] = state != 0
		state = int(from[t*n+state])
	}
	return bad, total, from
}

// run is a burst with the points it covers, points[from:to].
type run struct {
	Burst
	from, to int
}

// burstsOf returns the stretches of bad points, trimmed to their first and last
// failure and widened by failures just before them that the baseline does not
// explain.
func burstsOf(points []Point, bad []bool, base float64) []run {
	var out []run
	for i := 0; i < len(points); i++ {
		if !bad[i] {
			continue
		}
		from := i
		for i < len(points) && bad[i] {
			i++
		}
		to := i
		for from < to && points[from].Failed == 0 {
			from++
		}
		for to > from && points[to-1].Failed == 0 {
			to--
		}
		if from == to {
			continue
		}
		for from > 0 && points[from].Unix-points[from-1].Unix <= 2 && unlikely(points[from-1], base) &&
			(len(out) == 0 || out[len(out)-1].to < from) {
			from--
		}
		out = append(out, sumRun(points, from, to))
	}
	return out
}

// unlikely says whether the failures of p are more than the baseline brings in
// such a second.
func unlikely(p Point, base float64) bool {
	return p.Failed > 0 && float64(p.Total)*base < 0.3*float64(p.Failed)
}

func sumRun(points []Point, from, to int) run {
	r := run{from: from, to: to}
	r.First, r.Last = points[from].Unix, points[to-1].Unix
	for _, p := range points[from:to] {
		r.Requests += uint64(p.Total)
		r.Failed += uint64(p.Failed)
	}
	return r
}

const (
	// joinGap is how long a healthy time within one burst may last in seconds; a
	// long burst may hold longer ones.
	joinGap = 10
	// nearGap is how far apart in seconds bursts of one episode may be where they
	// follow no rhythm.
	nearGap = 600
)

// joinBursts joins what a short healthy time divides, and returns the bursts of
// each episode.
func joinBursts(runs []run) [][]run {
	var joined []run
	for _, r := range runs {
		if k := len(joined) - 1; k >= 0 {
			last := &joined[k]
			gap := r.First - last.Last
			if gap <= max(joinGap, (last.Last-last.First)/4) && gap <= nearGap {
				last.Last, last.to = r.Last, r.to
				last.Requests += r.Requests
				last.Failed += r.Failed
				continue
			}
		}
		joined = append(joined, r)
	}
	return groupRuns(joined)
}

// groupRuns puts the bursts of one episode together: those that follow a rhythm,
// and three or more that are near each other.
func groupRuns(joined []run) [][]run {
	var out [][]run
	for len(joined) > 0 {
		n := rhythm(joined)
		if n < 3 {
			n = near(joined)
		}
		out = append(out, joined[:n])
		joined = joined[n:]
	}
	return out
}

// rhythm returns how many bursts from the first on follow each other at about the
// same interval.
func rhythm(r []run) int {
	if len(r) < 3 {
		return 1
	}
	every := r[1].First - r[0].First
	n := 2
	for n < len(r) {
		d := r[n].First - r[n-1].First
		if math.Abs(float64(d-every)) > max(2, 0.2*float64(every)) {
			break
		}
		n++
	}
	return n
}

// near returns how many bursts from the first on are near each other; two alone
// are two episodes.
func near(r []run) int {
	n := 1
	for n < len(r) && r[n].First-r[n-1].Last <= nearGap {
		n++
	}
	if n < 3 {
		return 1
	}
	return n
}

// unixTime returns second s as a time.
func unixTime(s int64) time.Time { return time.Unix(s, 0).UTC() }
