package window

import (
	"fmt"
	"slices"
	"time"
)

const (
	// burstGap is the least silence in seconds that divides failure counts into
	// bursts; a log whose failures come slowly has longer ones.
	burstGap = 60
	// gapFactor is how many times its usual distance between failures a silence must
	// last to be one.
	gapFactor = 10
	// endGap is the least silence in seconds after which failing is over although
	// other lines came.
	endGap = 10
)

// OnsetOfCounts finds the episodes in counts of failures that come without a
// total: the messages of an error log, where no access log tells how many requests
// went well. series is ascending. begin and alive are the times of the first and
// of the last sign of life of the log or its traffic, of any kind; alive says
// whether silence means that the failing ended. Zero times stand for the first and
// the last failure.
//
// There is no baseline to compare with: every burst of failures is an episode,
// also a single line. Failures that come scattered, rarer than one a minute, are
// said to in Pattern.
func OnsetOfCounts(series []SecondCount, begin, alive time.Time) []Episode {
	if len(series) == 0 {
		return nil
	}
	limit := silenceLimit(series)
	var runs []run
	for i, p := range series {
		if k := len(runs) - 1; k >= 0 && p.Unix-runs[k].Last <= limit {
			runs[k].Last = p.Unix
			runs[k].Failed += uint64(p.Count)
			runs[k].to = i + 1
			continue
		}
		runs = append(runs, run{Burst: Burst{First: p.Unix, Last: p.Unix, Failed: uint64(p.Count)}, from: i, to: i + 1})
	}
	var out []Episode
	for _, group := range groupRuns(runs) {
		out = append(out, countEpisode(series, group))
	}
	first := &out[0]
	first.FromStart = begin.IsZero() || first.Start.Unix()-begin.Unix() <= 1
	last := &out[len(out)-1]
	if quiet := alive.Unix() - runs[len(runs)-1].Last; alive.IsZero() || quiet <= max(endGap, limit/2) {
		last.Ongoing, last.End = true, time.Time{}
	}
	return out
}

// silenceLimit is the silence in seconds that divides bursts.
func silenceLimit(series []SecondCount) int64 {
	gaps := make([]int64, 0, len(series))
	for i := 1; i < len(series); i++ {
		gaps = append(gaps, series[i].Unix-series[i-1].Unix)
	}
	if len(gaps) < 2 {
		return burstGap
	}
	slices.Sort(gaps)
	return max(burstGap, min(gapFactor*gaps[len(gaps)/2], nearGap*6))
}

func countEpisode(series []SecondCount, group []run) Episode {
	first, last := group[0], group[len(group)-1]
	e := Episode{Start: unixTime(first.First), End: unixTime(last.Last + 1)}
	for _, r := range group {
		e.Bursts = append(e.Bursts, r.Burst)
		e.Failed += r.Failed
	}
	switch n := last.to - first.from; {
	case len(group) >= 3:
		e.Pattern = flapping(group)
	case n >= 3 && (series[last.to-1].Unix-series[first.from].Unix)/int64(n-1) >= 60:
		e.Pattern = fmt.Sprintf("scattered: %d in %s", e.Failed, inWords(last.Last-first.First))
	}
	return e
}

// SlowPoints turns the latency columns of seconds into the points of a search
// for onset: a request "fails" there that took longer than above, which is some
// five times the log's usual slow request. ok is false when the seconds carry too
// few latencies to say what is usual.
func SlowPoints(seconds []Second) (points []Point, above time.Duration, ok bool) {
	var usual []int
	var sum [LatencyRows]uint64
	var n uint64
	for i := range seconds {
		for row, c := range seconds[i].Latency {
			sum[row] += uint64(c)
			n += uint64(c)
		}
		if n >= 10 {
			usual = append(usual, slowRow(&sum, n))
			sum, n = [LatencyRows]uint64{}, 0
		}
	}
	if len(usual) < 4 {
		return nil, 0, false
	}
	slices.Sort(usual)
	row := usual[len(usual)/4] + 2
	row = max(row, latencyRow(100*time.Millisecond))
	if row >= len(LatencyBounds) {
		return nil, 0, false
	}
	for i := range seconds {
		p := Point{Unix: seconds[i].Unix}
		for r, c := range seconds[i].Latency {
			p.Total += c
			if r > row {
				p.Failed += c
			}
		}
		if p.Total > 0 {
			points = append(points, p)
		}
	}
	return points, LatencyBounds[row], true
}

// slowRow is the row that nine of ten requests don't exceed.
func slowRow(count *[LatencyRows]uint64, n uint64) int {
	var seen uint64
	for row, c := range count {
		if seen += c; seen*10 >= n*9 {
			return row
		}
	}
	return LatencyRows - 1
}
