package diagnose

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"why502/probe/incident"
	"why502/tail"
	"why502/tail/window"
)

// Evaluate says what is wrong, since when, where and why. It is pure; the
// snapshot is only read. Without an incident there are no causes: healthy logs,
// rejected clients and clients that left claim nothing against the gateway.
func Evaluate(s *incident.Snapshot) Verdict {
	if s == nil {
		return Verdict{Incident: Incident{State: None}}
	}
	s = aligned(s)
	t := table()
	ev := collect(s, t)
	ep := findEpisode(&s.Traffic, ev.all)
	if !ep.found {
		ep = patterns(s, ev, t)
	}
	if !ep.found && isExcerpt(s) {
		ep = excerptOf(s, ev, t)
	}
	if !ep.found {
		ep = slowdown(s, ev, t)
	}
	if !ep.found {
		return Verdict{Incident: Incident{State: None}, Timeline: timeline(ev, &ep, nil), Unsure: probeOnly(s), NearMisses: nearMisses(s, ev)}
	}
	// What somebody picked belongs together, also where a line has no year.
	ep.picked = isExcerpt(s)
	if !ep.firstFailure.IsZero() && !ep.picked {
		ev.within(ep.start.Add(-time.Second), ep.lastFailure.Add(trailing))
	}
	ev.dropStops(&ep)
	sh := shapeOf(s, &ep, ev.all, ev.every)
	silent := sh.errorsRead && silentErrors(ev)
	primary := fold(ev, silent)
	groups := split(primary)
	total := 0.0
	for _, g := range groups {
		total += math.Max(1, float64(g.total()))
	}
	v := Verdict{Incident: incidentOf(s, &ep), NearMisses: nearMisses(s, ev)}
	v.Incident.Made, v.Incident.Statuses = made(ev, &ep), sh.statuses
	tell(ev, &ep, groups)
	for _, g := range groups {
		g.ev, g.ep, g.shape = ev, &ep, &sh
		g.share = math.Max(1, float64(g.total())) / total
		g.rank()
		v.Causes = append(v.Causes, g.causes(t)...)
	}
	slices.SortStableFunc(v.Causes, func(a, b Cause) int { return cmp.Compare(b.Confidence, a.Confidence) })
	v.Causes = v.Causes[:min(len(v.Causes), maxCauses)]
	scopeCauses(v.Causes, v.Incident.Scope)
	if len(v.Causes) == 0 && ep.failed == 0 {
		v.Incident = Incident{State: None}
	}
	v.Timeline = timeline(ev, &ep, v.Causes)
	v.Unsure = unsure(v.Causes, s)
	return v
}

// trailing is how long after the last failure a line may still belong to it.
const trailing = 2 * time.Second

// silentErrors says whether no gateway error line shows a failure.
func silentErrors(ev *evidence) bool {
	for _, f := range ev.all {
		if kindWord(f.kind) == "error" && f.sig.failure() {
			return false
		}
	}
	return true
}

func incidentOf(s *incident.Snapshot, ep *episode) Incident {
	in := Incident{
		State: Ongoing, Started: ep.start, Ended: ep.end, Requests: ep.requests, Failed: ep.failed,
		Ratio: ep.ratio, Pattern: ep.pattern, Scope: scopeOf(&s.Traffic, ep),
	}
	if !ep.end.IsZero() {
		in.State = Recovered
	}
	if ep.sudden {
		in.Onset = "sudden"
	} else if strings.HasPrefix(ep.pattern, "slow burn") {
		in.Onset = "gradual"
	}
	if c := &ep.changes; c.QuietFailed > 0 && c.QuietRequests > 0 {
		in.Background = Background{Requests: c.QuietRequests, Failed: c.QuietFailed}
	}
	if ep.slow != nil {
		slowOf(&in, s, ep)
	}
	return in
}

// scopeCauses confines a lone cause to the upstream that the scope names.
func scopeCauses(causes []Cause, scope []Scope) {
	for _, sc := range scope {
		if sc.Field != window.ByUpstream.String() {
			continue
		}
		for i := range causes {
			if causes[i].Scope == "" {
				causes[i].Scope = sc.Value
			}
		}
	}
}

const (
	// dominant is the share of the requests from which a pattern that is no failure
	// is worth a word, over at least patternLeast requests.
	dominant     = 0.6
	patternLeast = 8
)

// patterns looks for what many lines show though none of them is a failure:
// clients that leave in numbers, and a sudden flood of 400.
func patterns(s *incident.Snapshot, ev *evidence, t *Table) episode {
	var aborts, stalled []*finding
	for _, f := range ev.with(Client) {
		switch {
		case f.sig.ID == "go-body-canceled":
			stalled = append(stalled, f)
		case f.kind == tail.KindAccess && f.sig.Cause == ClientAbort && leftEarly(f):
			aborts = append(aborts, f)
		}
	}
	if ep, ok := dominating(s, aborts); ok {
		ev.all = append(ev.all, merged(t.pattern("many-aborts"), aborts))
		return ep
	}
	if ep, ok := dominating(s, stalled); ok {
		ev.all = append(ev.all, merged(t.pattern("many-body-aborts"), stalled))
		return ep
	}
	var bad []*finding
	for i := range s.Traffic.Outcomes {
		if o := &s.Traffic.Outcomes[i]; o.Status == 400 && !strings.HasPrefix(o.Flags, "PR") && !strings.HasPrefix(o.Flags, "C") {
			bad = append(bad, &finding{
				gateway: o.Gateway, source: o.Source, text: o.Sample, sample: o.Sample, count: o.Count,
				first: o.First, last: o.Last, seconds: o.Seconds, status: 400, kind: tail.KindAccess, upstreams: asFailed(o.Upstreams), groups: o.Groups,
			})
		}
	}
	if ep, ok := dominating(s, bad); ok && !ep.fromStart && ep.ratio > 0.9 && goodBefore(ep.points, ep.firstFailure.Unix()) {
		ev.all = append(ev.all, merged(t.pattern("sudden-400"), bad))
		return ep
	}
	return episode{}
}

// leftEarly says whether the line shows a client that left before it had its
// answer, and not one that was rejected.
func leftEarly(f *finding) bool {
	return f.status == 499 || f.status == 460 || f.status == 0 || f.gateway == "haproxy" && (f.status/100 != 4 || f.status == 408 && strings.Contains(f.text, " cH"))
}

// asFailed counts the good requests of an outcome as failed ones.
func asFailed(in []window.Count) []window.Count {
	out := slices.Clone(in)
	for i := range out {
		out[i].OK, out[i].Failed = 0, out[i].OK+out[i].Failed
	}
	return out
}

// dominating finds a time in which most requests ended as the findings.
func dominating(s *incident.Snapshot, found []*finding) (episode, bool) {
	if len(found) == 0 {
		return episode{}, false
	}
	ep := episodeIn(seriesOf(s.Traffic.Points, found))
	if !ep.found || ep.failed < patternLeast {
		return ep, false
	}
	// The first second also holds requests from before.
	var ended, all uint64
	for _, p := range ep.points {
		if p.Unix > ep.firstFailure.Unix() && p.Unix < ep.lastFailure.Unix() {
			ended += uint64(p.Failed)
			all += uint64(p.Total)
		}
	}
	if all >= patternLeast {
		ep.ratio = float64(ended) / float64(all)
	}
	return ep, ep.ratio >= dominant
}

// merged makes one finding of several under the pattern's row.
func merged(sig *Signature, found []*finding) *finding {
	m := *found[0]
	m.sig = sig
	m.upstreams = slices.Clone(m.upstreams)
	for _, f := range found[1:] {
		m.count += f.count
		if f.first.Before(m.first) {
			m.first = f.first
		}
		if f.last.After(m.last) {
			m.last = f.last
		}
		m.seconds = append(slices.Clone(m.seconds), f.seconds...)
		m.upstreams = append(m.upstreams, f.upstreams...)
		m.groups = slices.Concat(m.groups, f.groups)
	}
	slices.SortFunc(m.seconds, func(a, b window.SecondCount) int { return cmp.Compare(a.Unix, b.Unix) })
	return &m
}

// probeOnly says what probes show where the logs show nothing.
func probeOnly(s *incident.Snapshot) string {
	for i := range s.Probes {
		if r := s.Probes[i].Last(); r != nil && !r.Class.Healthy() {
			words := subjectOf(s.Probes[i].Target.Addr(), "", "", "", plain, false)
			return words.fill(fmt.Sprintf("No request fails in the logs, but a direct probe of {upstream} does (%s): watch whether requests follow.", r.Class))
		}
	}
	return ""
}

// deciders are what tells pairs of causes apart.
var deciders = []struct {
	a, b ID
	text string
}{
	{Firewall, Overload, "To decide, run step 3 and look at the listening socket on the upstream's host: Recv-Q at its limit (ss -ltn) is overload, an empty queue a firewall."},
	{Firewall, UpstreamDown, "To decide, run step 3: whether another port of the same host answers, and whether something listens there (ss -ltn on the upstream's host)."},
	{UpstreamDown, GatewayConfig, "To decide, run step 1 and compare the gateway's target with where the application listens (ss -ltnp on the upstream's host)."},
	{UpstreamDown, Maintenance, "To decide, ask whether somebody stopped or restarted it; the application's log says 'Handling signal' or 'Stopping' then."},
	{BadResponse, KeepaliveRace, "To decide, send the failing request directly and twice: always broken is a bug, only now and then a keep-alive race."},
	{BadResponse, UpstreamDown, "To decide, read the application's log of the same second: a traceback is a bug, a killed or restarted process is not."},
	{BadResponse, GatewayConfig, "To decide, run step 1 and read the first bytes of the port: a foreign banner or TLS means a wrong target, broken HTTP a bug."},
	{BadResponse, Timeout, "To decide, read the application server's log: WORKER TIMEOUT or harakiri is a timeout, a traceback a bug."},
	{Timeout, Overload, "To decide, ask a fast URL of the same upstream directly (step 1): slow as well means overload, fast means a slow request."},
	{TLS, GatewayConfig, "To decide, run step 1: a TLS handshake by hand names certificate, issuer, name, or a port that speaks plain HTTP."},
	{Maintenance, Overload, "To decide, look at a direct answer (step 1): Retry-After or a maintenance page, or 503 only under load?"},
	{Maintenance, ApplicationError, "To decide, look at a direct answer (step 1): a maintenance page, or an error?"},
	{KeepaliveRace, UpstreamDown, "To decide, compare the idle timeouts on both sides and look for restarts in the application's log."},
}

// clearLead is how many times likelier the first cause must be than the second one.
const clearLead = 2.5

// unsure says what would decide where it is not clear.
func unsure(causes []Cause, s *incident.Snapshot) string {
	if len(causes) == 0 {
		return ""
	}
	top := &causes[0]
	if top.Confidence < 0.5*top.Share && !hasErrors(s) {
		return "Not sure: what the access log holds does not tell why. Add the gateway's error log, it names the reason."
	}
	if rival := rivalOf(causes); rival != nil && top.Confidence < clearLead*rival.Confidence {
		for _, d := range deciders {
			if d.a == top.ID && d.b == rival.ID || d.b == top.ID && d.a == rival.ID {
				return fmt.Sprintf("%s or %s: %s", top.ID, rival.ID, lowerFirst(d.text))
			}
		}
		return fmt.Sprintf("%s or %s: the logs at hand fit both; run step %d for more.", top.ID, rival.ID, max(1, top.Step))
	}
	if top.Confidence < 0.5*top.Share {
		return fmt.Sprintf("Not sure: run step %d for more evidence.", max(1, top.Step))
	}
	return ""
}

// rivalOf is the likeliest cause that competes with the first one for the same
// failures, nil when there is none.
func rivalOf(causes []Cause) *Cause {
	for i := range causes[1:] {
		if c := &causes[i+1]; c.Scope == causes[0].Scope {
			return c
		}
	}
	return nil
}

func hasErrors(s *incident.Snapshot) bool {
	return slices.ContainsFunc(s.Sources, func(src incident.Source) bool { return src.Kind.String() == "error" })
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
