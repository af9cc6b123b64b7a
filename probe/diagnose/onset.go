package diagnose

import (
	"cmp"
	"maps"
	"math"
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
	sudden       bool
	picked       bool           // of an excerpt, whose lines may lack year and zone
	slow         *window.Slow   // the episode is of slow answers, not of failures
	burst        time.Time      // when the last stretch of failing began
	stretches    []window.Burst // without the healthy times between them
	changes      window.Changes
	points       []window.Point
}

// findEpisode searches the requests and, since an error log alone must be enough,
// the messages that show failures.
func findEpisode(v *window.View, found []*finding) episode {
	points := withMessages(v.Points, found)
	ep := episodeIn(points)
	if ep.found {
		recount(&ep, v, found)
		unhurry(&ep, v, found)
		refine(&ep, v)
		slump(&ep, found)
		return ep
	}
	if ep = lone(v, points, found); ep.found {
		return ep
	}
	return timeless(v, found)
}

// stays are symptoms that show a state and not an accident: one line of them is
// worth a word, also when retries hid the failure from all clients.
var stays = map[string]bool{
	symRefused: true, "refused-unix": true, "unix-missing": true, "denied-unix": true, "denied": true, "backlog": true,
	symConnTimeout: true, symNoRoute: true, "net-unreachable": true, "prohibited": true, "exhausted": true,
	"dns-nxdomain": true, "dns-servfail": true, "dns-timeout": true, "dns-failed": true,
	"tls-expired": true, "tls-issuer": true, "tls-name": true, "tls-sni": true, "tls-client-cert": true, "tls-plain": true,
	"config": true, "oom": true, "boot-failed": true, "maintenance": true, "saturated": true,
}

// recent is how close to the end of the log a lone line must stand.
const recent = 2 * time.Minute

// lone makes an episode of single lines that show a lasting state, near the end of
// the log, where the search sees no more than background.
func lone(v *window.View, points []window.Point, found []*finding) episode {
	ep := episode{points: points}
	for _, f := range found {
		if f.sig.Role != Primary || !stays[f.sig.Symptom] || f.kind == tail.KindAccess || f.last.IsZero() || v.Last.Sub(f.last) > recent {
			continue
		}
		if !ep.found || f.first.Before(ep.start) {
			ep.start = f.first
		}
		if f.last.After(ep.lastFailure) {
			ep.lastFailure = f.last
		}
		ep.found = true
		ep.failed += f.count
	}
	if !ep.found {
		return ep
	}
	// Only what is near the end belongs to it; the rest was background.
	if v.Last.Sub(ep.start) > recent && ep.failed < minLone {
		ep.start = v.Last.Add(-recent)
	}
	ep.firstFailure = ep.start
	ep.lastFailure = time.Unix(ep.lastFailure.Unix()+1, 0).UTC()
	for _, f := range found {
		if f.sig.Role == RecoveryRole && f.last.After(ep.lastFailure) {
			ep.end = ep.lastFailure
		}
	}
	for _, p := range points {
		if p.Unix >= ep.start.Unix() {
			ep.requests += uint64(p.Total)
		}
	}
	ep.requests = max(ep.requests, ep.failed)
	ep.ratio = float64(ep.failed) / float64(ep.requests)
	return ep
}

// minLone is the number of lone lines that make their whole time an episode.
const minLone = 3

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
	ep.pattern, ep.fromStart, ep.sudden = worst.Pattern, worst.FromStart, worst.Sudden
	first, last := worst.Bursts[0].First, worst.Bursts[len(worst.Bursts)-1].Last
	ep.stretches = stretches(worst.Bursts)
	ep.burst = time.Unix(worst.Bursts[len(worst.Bursts)-1].First, 0).UTC()
	ep.firstFailure, ep.lastFailure = time.Unix(first, 0).UTC(), time.Unix(last+1, 0).UTC()
	return ep
}

// apart is how long in seconds nothing fails between two stretches of failing.
const apart = 5

// stretches joins bursts that follow each other closely.
func stretches(bursts []window.Burst) []window.Burst {
	var out []window.Burst
	for _, b := range bursts {
		if k := len(out) - 1; k >= 0 && b.First-out[k].Last < apart {
			out[k].Last = b.Last
			continue
		}
		out = append(out, b)
	}
	return out
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

// recount takes an episode's counts from the gateway's logs alone where these have some:
// what the application or the system says of a request is not one more of them.
func recount(ep *episode, v *window.View, found []*finding) {
	if !slices.ContainsFunc(found, (*finding).aside) {
		return
	}
	first, last := ep.stretches[0].First, ep.stretches[len(ep.stretches)-1].Last
	var requests, failed uint64
	for _, p := range withMessages(v.Points, slices.DeleteFunc(slices.Clone(found), (*finding).aside)) {
		if first <= p.Unix && p.Unix <= last {
			requests += uint64(p.Total)
			failed += uint64(p.Failed)
		}
	}
	if failed > 0 {
		ep.requests, ep.failed, ep.ratio = requests, failed, float64(failed)/float64(requests)
	}
}

// unhurry moves an onset that only the application's or the system's log shows on
// to the first request that failed: what happened before it is its reason, not a
// failure.
func unhurry(ep *episode, v *window.View, found []*finding) {
	if len(v.Points) == 0 || ep.firstFailure.Unix() < v.Points[0].Unix {
		return
	}
	gateway := slices.DeleteFunc(slices.Clone(found), (*finding).aside)
	first, last := ep.firstFailure.Unix(), min(ep.firstFailure.Add(lookBack).Unix(), ep.lastFailure.Unix())
	for _, p := range withMessages(v.Points, gateway) {
		switch {
		case p.Unix < first || p.Failed == 0:
		case p.Unix > last || p.Unix == first:
			return
		default:
			ep.firstFailure = time.Unix(p.Unix, 0).UTC()
			ep.start = ep.firstFailure.Add(-p.Lead)
			return
		}
	}
}

const (
	// slumpShare is the share of the usual rate below which traffic has collapsed,
	// busyRate the usual rate in requests a second that a slump can be seen in.
	slumpShare = 0.25
	busyRate   = 3
	maxSlump   = 75
)

// slump moves the onset back to where traffic collapsed when requests fail by
// running into timers and their lines don't tell how long they took: they hung
// from then on, and only a few others were answered.
func slump(ep *episode, found []*finding) {
	if ep.firstFailure.IsZero() || !hung(found, ep.firstFailure.Unix()) {
		return
	}
	first := ep.firstFailure.Unix()
	if ep.start.Unix() < first-1 {
		return // the lines told
	}
	at := map[int64]uint32{}
	for _, p := range ep.points {
		at[p.Unix] = p.Total
	}
	var usual float64
	begin := first
	for ; first-begin < maxSlump; begin-- {
		var n, secs float64
		for t := begin - 1; t > begin-31; t-- {
			if at[t] > 0 {
				n += float64(at[t])
				secs = float64(begin - t)
			}
		}
		if secs == 0 {
			break
		}
		usual = math.Max(usual, n/secs)
		if float64(at[begin-1]) > usual*slumpShare {
			break
		}
	}
	if usual >= busyRate && begin < first {
		ep.start = time.Unix(begin, 0).UTC()
	}
}

// hung says whether the failures that began in a second ran into a timer, and no
// line tells how long they took.
func hung(found []*finding, first int64) bool {
	timer := false
	for _, f := range found {
		if len(f.seconds) == 0 || f.seconds[0].Unix > first+1 || !f.sig.failure() {
			continue
		}
		if f.kind == tail.KindAccess {
			if f.duration.Count > 0 {
				return false
			}
			continue
		}
		switch f.sig.Symptom {
		case symReadTimeout, symConnTimeout, "tls-silent", "body-timeout", symWorkerTime, "dns-timeout":
			timer = true
		}
	}
	return timer
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
	if len(by) == 0 {
		return points
	}
	out := make([]window.Point, 0, len(points)+len(by))
	for _, unix := range slices.Sorted(maps.Keys(by)) {
		at, found := slices.BinarySearchFunc(points, unix, func(p window.Point, unix int64) int { return cmp.Compare(p.Unix, unix) })
		out = append(out, points[:at]...)
		points = points[at:]
		n := max(by[unix].main, by[unix].companion)
		p := window.Point{Unix: unix, Total: n, Failed: n, Lead: -time.Millisecond}
		if found {
			if p = points[0]; n > p.Failed {
				p.Failed, p.Total = n, max(p.Total, n)
			}
			points = points[1:]
		}
		out = append(out, p)
	}
	return append(out, points...)
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
