package diagnose

import (
	"cmp"
	"slices"
	"time"

	"why502/tail"
	"why502/tail/window"
)

// episode is the failing time that the verdict is about.
type episode struct {
	found        bool
	start, end   time.Time // end is zero while ongoing
	firstFailure time.Time
	lastFailure  time.Time
	requests     uint64
	failed       uint64
	ratio        float64
	pattern      string
	fromStart    bool
	changes      window.Changes
	points       []window.Point
}

// findEpisode searches the requests and, since an error log alone must be enough,
// the messages that show failures.
func findEpisode(v *window.View, found []*finding) episode {
	points := withMessages(v.Points, found)
	ep := episodeIn(points)
	if ep.found {
		refine(&ep, v)
		return ep
	}
	return timeless(v, found)
}

// episodeIn picks the episode to report of points.
func episodeIn(points []window.Point) episode {
	ep := episode{points: points}
	ep.changes = window.Onset(points)
	worst := ep.changes.Worst()
	if worst == nil || worst.Failed == 0 {
		return ep
	}
	ep.found = true
	ep.start, ep.end = worst.Start, worst.End
	if worst.Ongoing {
		ep.end = time.Time{}
	}
	ep.requests, ep.failed, ep.ratio = worst.Requests, worst.Failed, worst.Ratio()
	ep.pattern, ep.fromStart = worst.Pattern, worst.FromStart
	first, last := worst.Bursts[0].First, worst.Bursts[len(worst.Bursts)-1].Last
	ep.firstFailure, ep.lastFailure = time.Unix(first, 0).UTC(), time.Unix(last+1, 0).UTC()
	return ep
}

// refine takes the exact time of the first failed line where the second is all
// that the search gives.
func refine(ep *episode, v *window.View) {
	second := ep.start.Unix()
	if ep.start.Nanosecond() != 0 {
		return
	}
	var exact time.Time
	for i := range v.Outcomes {
		o := &v.Outcomes[i]
		if (o.Status >= 500 || o.Status == 9) && o.First.Unix() == second && (exact.IsZero() || o.First.Before(exact)) {
			exact = o.First
		}
	}
	if !exact.IsZero() {
		ep.start = exact
	}
}

// withMessages adds to the seconds of the requests the messages that show
// failures. A request and the lines about it are one failure, so the larger count
// of a second is taken, and companions never add to what they accompany.
func withMessages(points []window.Point, found []*finding) []window.Point {
	type counts struct{ main, companion uint32 }
	by := map[int64]counts{}
	for _, f := range found {
		if f.kind == tail.KindAccess || !f.sig.failure() {
			continue
		}
		for _, s := range f.seconds {
			c := by[s.Unix]
			if f.sig.Role == Companion {
				c.companion += s.Count
			} else {
				c.main += s.Count
			}
			by[s.Unix] = c
		}
	}
	out := slices.Clone(points)
	have := make(map[int64]int, len(out))
	for i := range out {
		have[out[i].Unix] = i
	}
	for unix, c := range by {
		n := max(c.main, c.companion)
		if i, ok := have[unix]; ok {
			p := &out[i]
			if n > p.Failed {
				p.Failed = n
				p.Total = max(p.Total, n)
			}
			continue
		}
		out = append(out, window.Point{Unix: unix, Total: n, Failed: n, Lead: -time.Millisecond})
	}
	slices.SortFunc(out, func(a, b window.Point) int { return cmp.Compare(a.Unix, b.Unix) })
	return out
}

// timeless makes an episode of failures whose lines carry no time, as people
// paste them.
func timeless(v *window.View, found []*finding) episode {
	ep := episode{}
	for _, f := range found {
		if f.first.IsZero() && f.sig.failure() {
			ep.found = true
			ep.failed += f.count
		}
	}
	if ep.found {
		ep.requests = max(ep.failed, v.Requests)
		ep.ratio = float64(ep.failed) / float64(ep.requests)
	}
	return ep
}

// seriesOf counts, second by second, how many requests ended as the findings.
func seriesOf(points []window.Point, found []*finding) []window.Point {
	failed := map[int64]uint32{}
	for _, f := range found {
		for _, s := range f.seconds {
			failed[s.Unix] += s.Count
		}
	}
	out := slices.Clone(points)
	for i := range out {
		p := &out[i]
		p.Failed = min(failed[p.Unix], p.Total)
		p.Lead = 0
	}
	return out
}
