package diagnose

import (
	"slices"
	"strings"
	"time"

	"why502/probe/incident"
	"why502/tail"
	"why502/tail/window"
)

// An excerpt is what somebody picked from logs to ask about: so few lines that
// they have no background, and all of them belong together.
const (
	excerptLines    = 40
	excerptRequests = 16
	// excerptShare is the share of failures below which even an excerpt is well.
	excerptShare = 0.1
)

// isExcerpt says whether the logs are so short that they were picked. What stands
// around their lines (questions, configuration, other programs) may be longer.
func isExcerpt(s *incident.Snapshot) bool {
	var parsed, unparsed uint64
	for i := range s.Sources {
		parsed += s.Sources[i].Parsed
		unparsed += s.Sources[i].Unparsed
	}
	return parsed <= excerptLines && unparsed <= incident.MaxSamples && s.Traffic.Requests <= excerptRequests
}

// excerptOf makes an episode of an excerpt in which the search sees no more than
// background: of the failures in it, however few beside good requests, or, where
// nothing failed, of what ended nearly all requests: clients that left or a rule
// of the gateway. The latter is raised to evidence.
func excerptOf(s *incident.Snapshot, ev *evidence, t *Table) episode {
	var failing, ended []*finding
	for _, f := range ev.all {
		switch {
		case f.sig.failure():
			failing = append(failing, f)
		case f.sig.Role == Client && endsRequests(f):
			ended = append(ended, f)
		}
	}
	if len(failing) > 0 {
		if ep := episodeOf(s, failing); ep.ratio >= excerptShare {
			return ep
		}
		return episode{}
	}
	if stops := onlyStops(s, ev); len(ended) == 0 && len(stops) > 0 {
		return episodeOf(s, stops)
	}
	var n uint64
	for _, f := range ended {
		if f.kind == tail.KindAccess {
			n += f.count
		}
	}
	if len(ended) == 0 || float64(n) < dominant*float64(s.Traffic.Requests) {
		return episode{}
	}
	for _, f := range ended {
		if f.sig.Cause == ClientAbort {
			f.sig = t.pattern("many-aborts")
			continue
		}
		sig := *f.sig
		sig.Role = Primary
		f.sig = &sig
	}
	return episodeOf(s, ended)
}

// onlyStops returns the lines of an excerpt that say nothing but that a process was
// told to stop, and stayed away: whoever pastes them asks why it does. They are
// raised to evidence.
func onlyStops(s *incident.Snapshot, ev *evidence) []*finding {
	var stops []*finding
	if s.Traffic.Requests > 0 {
		return nil
	}
	for _, f := range ev.all {
		switch {
		case f.sig.Role == Hint && f.sig.Symptom == symStopping && strings.HasPrefix(f.sig.ID, "gunicorn-"):
			stops = append(stops, f)
		case f.sig.Role != ProcessRole || !strings.Contains(strings.ToLower(f.text), "exit"):
			return nil
		}
	}
	for _, f := range stops {
		sig := *f.sig
		sig.Role = Primary
		f.sig = &sig
	}
	return stops
}

// endsRequests says whether lines of a client's doing show requests that ended
// without an answer of the upstream; connections that were idle, or broken off
// before there was a request, show none.
func endsRequests(f *finding) bool {
	switch {
	case f.sig.Symptom == "policy", f.sig.Symptom == "client-left":
		return true
	case f.sig.Cause != ClientAbort:
		return false
	case f.kind == tail.KindAccess:
		return leftEarly(f)
	}
	return strings.Contains(f.text, "upstream") || strings.HasPrefix(f.sig.ID, "go-") || strings.HasSuffix(f.sig.ID, "client-left") && f.sig.Where == "error" && f.gateway != "nginx"
}

// episodeOf spans the findings; requests around them count as good ones within it.
func episodeOf(s *incident.Snapshot, found []*finding) episode {
	ep := episode{found: true, points: withMessages(s.Traffic.Points, found), requests: s.Traffic.Requests}
	var requests, messages uint64
	for _, f := range found {
		if f.kind == tail.KindAccess {
			requests += f.count
		} else if f.sig.Role != Companion {
			messages += f.count
		}
		if f.first.IsZero() {
			continue
		}
		if ep.start.IsZero() || f.first.Before(ep.start) {
			ep.start = f.first
		}
		if f.last.After(ep.lastFailure) {
			ep.lastFailure = f.last
		}
	}
	ep.failed = max(requests, messages)
	ep.requests = max(ep.requests, ep.failed)
	if ep.requests > 0 {
		ep.ratio = float64(ep.failed) / float64(ep.requests)
	}
	ep.firstFailure = ep.start
	if !ep.start.IsZero() {
		ep.lastFailure = time.Unix(ep.lastFailure.Unix()+1, 0).UTC()
		stretch := window.Burst{First: ep.start.Unix() - 1, Last: ep.lastFailure.Unix() + 1}
		if n := len(ep.points); n > 0 {
			stretch.First = min(stretch.First, ep.points[0].Unix-1)
			stretch.Last = max(stretch.Last, ep.points[n-1].Unix+1)
		}
		ep.stretches = []window.Burst{stretch}
		ep.burst = ep.start
	}
	return ep
}

// stopped: the process was told to stop, and then refused.
func stopped(g *group) []weighing {
	if !g.shape.excerpt || !g.has(symRefused, "refused-unix", "unix-missing", symNoServer) || g.has("oom", "crash", "boot-failed", symWorkerKill, symWorkerTime) {
		return nil
	}
	i := slices.IndexFunc(g.findings, func(f *finding) bool { return f.sig.Symptom == symStopping || f.sig.ID == "k8s-scaled-away" })
	if i < 0 {
		return nil
	}
	return []weighing{{
		cause: Maintenance, weight: 2.4, title: "{upstream} was stopped or replaced on purpose", sample: g.findings[i].sample,
		meaning: "The lines say that the process was told to stop, so it did not crash: a stop, restart or deploy.",
	}}
}
