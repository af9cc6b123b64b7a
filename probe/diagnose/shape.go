package diagnose

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"why502/probe/incident"
	"why502/tail"
	"why502/tail/window"
)

// shape is how the failing time looks as a whole, beside what single lines say.
type shape struct {
	ok, failed   uint64 // requests strictly within the failing time
	after        uint64 // good requests after it
	recovered    bool
	length       time.Duration // from the first to the last failure
	rateBefore   float64       // requests a second before and within
	rateDuring   float64
	slow         bool          // failing requests took a second or more
	steady       bool          // they all took about the same time
	took         time.Duration // the median of failed requests, 0 when unknown
	fewGood      bool          // a few requests still succeed while most fail
	unsafeOnly   bool          // only methods that are not retried fail
	restarted    bool          // the gateway was restarted or reloaded just before
	errorsRead   bool          // a gateway's error log is being read
	statuses     map[int]uint64
	routesFail   int // routes with failures, routes that stay good
	routesGood   int
	strictlyNone bool // nothing succeeded within the failing time
	excerpt      bool // a few lines that somebody picked, see excerptOf
}

// healthyBefore is how much time before the onset is looked at for the usual rate.
const healthyBefore = 60

// shapeOf measures the failing time.
func shapeOf(s *incident.Snapshot, ep *episode, found, every []*finding) shape {
	sh := shape{recovered: !ep.end.IsZero(), excerpt: isExcerpt(s), statuses: map[int]uint64{}}
	first, last := ep.firstFailure.Unix(), ep.lastFailure.Unix()-1
	told := sh.toldTime(found)
	if !ep.firstFailure.IsZero() {
		sh.length = time.Duration(last-first+1) * time.Second
		sh.countAround(ep, first, last)
		if !told {
			sh.silences(ep, first, last)
		}
	}
	sh.strictlyNone = sh.ok == 0
	sh.fewGood = sh.partly(s, ep)
	for _, f := range found {
		if f.kind == tail.KindAccess && f.sig.failure() {
			sh.statuses[f.status] += f.count
		}
	}
	sh.unsafeOnly = onlyUnsafe(s.Traffic.Top[window.ByMethod])
	for _, c := range s.Traffic.Top[window.ByRoute] {
		if c.Failed > 0 {
			sh.routesFail++
		} else if c.OK > 0 {
			sh.routesGood++
		}
	}
	sh.restarted = restarted(s, ep, every)
	sh.errorsRead = errorsRead(s)
	return sh
}

// countAround counts requests within, before and after the failing seconds. The
// first and last failing second also hold requests from outside.
func (sh *shape) countAround(ep *episode, first, last int64) {
	points := ep.points
	var before uint64
	var beforeFirst int64
	var during uint64
	// Failures that waited for a timer are logged when others succeed again.
	var trail int64
	if sh.took >= 500*time.Millisecond {
		trail = int64((sh.took + time.Second - 1) / time.Second)
	}
	for _, p := range points {
		switch {
		case p.Unix < first && first-p.Unix <= healthyBefore:
			if beforeFirst == 0 {
				beforeFirst = p.Unix
			}
			before += uint64(p.Total)
		case p.Unix > last:
			sh.after += uint64(p.Total - p.Failed)
		}
		if p.Unix >= first && p.Unix <= last {
			during += uint64(p.Failed)
		}
		if p.Unix > first && p.Unix < last || p.Failed == p.Total && p.Unix >= first && p.Unix <= last {
			sh.failed += uint64(p.Failed)
		}
		if within(ep.stretches, p.Unix, trail) {
			sh.ok += uint64(p.Total - p.Failed)
		}
	}
	if last-first <= 1 {
		sh.ok += betweenEdges(points, first, last)
	}
	if beforeFirst > 0 {
		sh.rateBefore = float64(before) / float64(first-beforeFirst)
	}
	sh.rateDuring = float64(during+sh.ok) / float64(last-first+1)
}

// within says whether a second lies inside a stretch of failing, without its edges
// and, in a longer one, without its last tail seconds.
func within(stretches []window.Burst, unix, tail int64) bool {
	for _, b := range stretches {
		last := b.Last
		if last-b.First > 3+tail {
			last -= tail
		}
		if unix > b.First && unix < last {
			return true
		}
	}
	return false
}

// betweenEdges guesses how many good requests stood between failures where there is
// no whole second between the first and the last: half of those in two seconds
// that both hold good and failed ones.
func betweenEdges(points []window.Point, first, last int64) uint64 {
	var good uint64
	mixed := 0
	for _, p := range points {
		if p.Unix >= first && p.Unix <= last && p.Failed >= 2 && p.Total > p.Failed {
			mixed++
			good += uint64(p.Total - p.Failed)
		}
	}
	if mixed < 2 {
		return 0
	}
	return good / 2
}

// partly says whether a few requests still succeed while most fail: within the
// failing time, or, where the failing ones hung first, while they hung.
func (sh *shape) partly(s *incident.Snapshot, ep *episode) bool {
	if sh.ok > 0 && sh.ok*200 >= sh.failed && sh.ok*3 < sh.failed {
		return true
	}
	if sh.onRoute(s, ep) {
		return true
	}
	if sh.failed < 15 {
		return false
	}
	first := ep.firstFailure.Unix()
	var trickle uint64
	for _, p := range ep.points {
		if p.Unix >= ep.start.Unix() && p.Unix < first && float64(p.Total) <= sh.rateBefore*slumpShare {
			trickle += uint64(p.Total - p.Failed)
		}
	}
	return trickle >= 3 && trickle*4 < sh.failed || sh.late(s, first)
}

// onRoute says whether a route that fails most of the time also succeeded within
// the failing time. The good requests of the other routes must be enough to fill
// the time outside of it, else these may be from there.
func (sh *shape) onRoute(s *incident.Snapshot, ep *episode) bool {
	var outside uint64
	for _, p := range ep.points {
		if p.Unix < ep.firstFailure.Unix() || p.Unix >= ep.lastFailure.Unix() {
			outside += uint64(p.Total - p.Failed)
		}
	}
	all := s.Traffic.Carried[window.ByRoute].OK
	for _, c := range s.Traffic.Top[window.ByRoute] {
		if c.Failed >= 15 && c.OK > 0 && c.OK*4 <= c.Failed && all >= c.OK && all-c.OK >= outside {
			return true
		}
	}
	return false
}

// slowRow is the first row of a latency column that is slow for a request that
// got through, more than a second.
const slowRow = 10

// late says whether requests that began with the failing ones got through but
// slowly, where none did before.
func (sh *shape) late(s *incident.Snapshot, first int64) bool {
	var slow, slowBefore, before uint64
	for i := range s.Traffic.Seconds {
		c := &s.Traffic.Seconds[i]
		n := uint64(0)
		for _, k := range c.Took().Latency[slowRow:] {
			n += uint64(k)
		}
		switch {
		case c.Unix < first && first-c.Unix <= healthyBefore:
			slowBefore += n
			before += uint64(c.Total())
		case c.Unix == first && n > uint64(c.Failed):
			slow = n - uint64(c.Failed)
		}
	}
	return slow >= 3 && slowBefore*50 <= before
}

// toldTime reads from the lines how long failing requests took, if they tell.
func (sh *shape) toldTime(found []*finding) bool {
	var best *finding
	for _, f := range found {
		if f.kind == tail.KindAccess && f.sig.failure() && f.duration.Count > 0 && f.server() && (best == nil || f.count > best.count) {
			best = f
		}
	}
	if best == nil {
		return false
	}
	sh.took = best.duration.P50
	sh.slow = sh.took >= 900*time.Millisecond
	sh.steady = sh.slow && best.duration.P90-best.duration.P50 < best.duration.P50/4
	return true
}

// silences takes failing requests for slow where they come in groups with silence
// between them, in traffic that was busy before.
func (sh *shape) silences(ep *episode, first, last int64) {
	if sh.rateBefore < 2 {
		return
	}
	groups, silences := 0, 0
	prev := first - 1
	lead := int64(0)
	for _, p := range ep.points {
		if p.Unix < first {
			lead = p.Unix
		}
		if p.Unix < first || p.Unix > last || p.Total == 0 {
			continue
		}
		if groups == 0 && lead > 0 && first-lead > 1 || p.Unix-prev > 1 {
			silences++
		}
		if p.Unix-prev > 1 || groups == 0 {
			groups++
		}
		prev = p.Unix
	}
	sh.slow = groups >= 2 && silences >= groups-1 && sh.rateDuring < sh.rateBefore/3
	sh.steady = sh.slow && groups >= 3
}

// server says whether a server was tried at all.
func (f *finding) server() bool { return f.sig.Role != Consequence }

// onlyUnsafe says whether failures hit only methods that gateways do not retry.
func onlyUnsafe(methods []window.Count) bool {
	unsafe := uint64(0)
	for _, m := range methods {
		if m.Failed == 0 {
			continue
		}
		switch m.Value {
		case "POST", "PATCH", "LOCK":
			unsafe += m.Failed
		default:
			return false
		}
	}
	return unsafe > 0
}

// firstOf is when the log file name begins, else when anything does.
func firstOf(s *incident.Snapshot, name string) time.Time {
	if src := s.SourceOf(name); src != nil && !src.First.IsZero() {
		return src.First
	}
	return s.Traffic.First
}

// restarted says whether the gateway was started or reloaded shortly before the
// failing began: by its own words, or because another process writes its lines.
func restarted(s *incident.Snapshot, ep *episode, found []*finding) bool {
	if ep.start.IsZero() {
		return false
	}
	for _, f := range found {
		if f.sig.Role != ConfigRole {
			continue
		}
		for _, p := range f.seconds {
			// Not the very beginning of the log: every log begins with a start.
			if d := ep.firstFailure.Unix() - p.Unix; d >= 0 && d <= 15 && (p.Unix > firstOf(s, f.source).Unix() || p.Count > 1) && goodBefore(ep.points, p.Unix) {
				return true
			}
		}
	}
	var good, bad string
	var goodCount, badCount uint64
	for i := range s.Traffic.Outcomes {
		o := &s.Traffic.Outcomes[i]
		if o.Gateway != "haproxy" {
			continue
		}
		pid := syslogPID(o.Sample)
		if pid == "" {
			continue
		}
		if o.Status >= 500 && o.Count > badCount {
			bad, badCount = pid, o.Count
		} else if o.Status < 400 && o.First.Before(ep.firstFailure) && o.Count > goodCount {
			good, goodCount = pid, o.Count
		}
	}
	return good != "" && bad != "" && good != bad
}

func goodBefore(points []window.Point, unix int64) bool {
	for _, p := range points {
		if p.Unix <= unix && p.Total > p.Failed {
			return true
		}
	}
	return false
}

// syslogPID reads the process id of a syslog tag ("haproxy[4768]:").
func syslogPID(line string) string {
	_, rest, ok := strings.Cut(line, "haproxy[")
	if !ok {
		return ""
	}
	pid, _, ok := strings.Cut(rest, "]:")
	if !ok || len(pid) > 10 {
		return ""
	}
	return pid
}

// errorsRead says whether a gateway's error log is among the sources, also one
// without a line yet.
func errorsRead(s *incident.Snapshot) bool {
	return slices.ContainsFunc(s.Sources, func(src incident.Source) bool {
		return src.Kind == tail.KindError && src.Gateway != "haproxy" || src.Lines == 0 && strings.Contains(src.Name, "error")
	})
}

// most returns the value with the most failures, "" when there is none.
func most(counts []window.Count) string {
	if len(counts) == 0 {
		return ""
	}
	best := slices.MaxFunc(counts, func(a, b window.Count) int { return cmp.Compare(a.Failed, b.Failed) })
	if best.Failed == 0 {
		return ""
	}
	return best.Value
}
