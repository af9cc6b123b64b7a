package pane

import (
	"sort"
	"strings"
	"time"

	"why502/probe"
	"why502/probe/diagnose"
	"why502/probe/incident"
	"why502/tail"
	"why502/tail/window"
)

// facts is what several panes need of a snapshot, made when first asked for and
// shared by the copies of one Input.
type facts struct {
	failures  []*Record
	joined    *joined
	recent    []*Record
	upstreams []upstream
	merged    bool
}

// Prepare must be called once on an Input before it is copied for the panes.
func (in *Input) Prepare() { in.facts = &facts{} }

// failures are the newest failed requests and error lines, oldest first.
func (in *Input) failures() []*Record {
	f := in.facts
	if f.failures == nil {
		f.failures = in.read(in.Snap.Failures)
	}
	return f.failures
}

// recent are the newest lines, oldest first.
func (in *Input) recent() []*Record {
	f := in.facts
	if f.recent == nil {
		f.recent = in.read(in.Snap.Recent)
	}
	return f.recent
}

func (in *Input) read(lines []incident.Line) []*Record {
	records := make([]*Record, len(lines))
	for i, l := range lines {
		records[i] = in.Records.Read(l)
	}
	return records
}

// maxJoined is how many of the newest failures are joined with their error lines, for
// every picture anew: an incident may hold many more.
const maxJoined = 4000

// reasons are the newest failures joined with their error lines.
func (in *Input) reasons() *joined {
	f := in.facts
	if f.joined == nil {
		newest := in.failures()
		j := joinReasons(in.Snap, newest[max(0, len(newest)-maxJoined):])
		f.joined = &j
	}
	return f.joined
}

// upstream is what probes and logs know of one address.
type upstream struct {
	addr    string // as it came
	history *probe.History
	ok      uint64 // requests of the log that it answered well
	failed  uint64
	latency window.Quantiles
	past    bool // what failed in the log is over
}

// upstreams are those of the probes and of the logs, the ones in trouble first.
func (in *Input) upstreams() []upstream {
	f := in.facts
	if !f.merged {
		f.upstreams, f.merged = mergeUpstreams(in.Snap, in.Verdict.Incident.State != diagnose.Ongoing), true
	}
	return f.upstreams
}

// mergeUpstreams brings together what is known under one address: a probe's
// target or the peer it reached is the address in the log. past says that no
// incident is going on: what the log counts as failed is over.
func mergeUpstreams(s *incident.Snapshot, past bool) []upstream {
	var all []upstream
	index := map[string]int{}
	for i := range s.Probes {
		h := &s.Probes[i]
		addr := h.Target.Addr()
		index[addr] = len(all)
		if last := h.Last(); last != nil && last.Peer != "" {
			if _, known := index[last.Peer]; !known {
				index[last.Peer] = len(all)
			}
		}
		all = append(all, upstream{addr: addr, history: h})
	}
	for _, c := range s.Traffic.Top[window.ByUpstream] {
		i, known := index[c.Value]
		if !known {
			i = len(all)
			index[c.Value] = i
			all = append(all, upstream{addr: c.Value})
		}
		all[i].ok += c.OK
		all[i].failed += c.Failed
		if q := s.Traffic.Upstreams[c.Value]; q.Count > all[i].latency.Count {
			all[i].latency = q
		}
	}
	for i := range all {
		all[i].past = past
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].trouble() > all[j].trouble() })
	return all
}

// troubleShare is the share of failed requests from which an upstream that
// answers when asked directly is marked all the same.
const troubleShare = 0.05

// trouble is 3 for a failed probe, 2 for failing requests, 1 for nothing known,
// 0 for healthy.
func (u *upstream) trouble() int {
	last := u.last()
	switch {
	case last != nil && !last.Class.Healthy():
		return 3
	case !u.past && u.failed > 0 && u.share() >= troubleShare:
		return 2
	case last == nil:
		return 1
	}
	return 0
}

// share is the failed share of the upstream's requests in the log.
func (u *upstream) share() float64 {
	if u.ok+u.failed == 0 {
		return 0
	}
	return float64(u.failed) / float64(u.ok+u.failed)
}

func (u *upstream) last() *probe.Result {
	if u.history == nil {
		return nil
	}
	return u.history.Last()
}

// find returns the upstream of addr, an empty one when it is not known any more.
func (in *Input) find(addr string) upstream {
	for _, u := range in.upstreams() {
		if u.addr == addr {
			return u
		}
	}
	return upstream{addr: addr}
}

// touches says whether the record's request went to the upstream.
func (u *upstream) touches(r *Record) bool {
	tried := r.Get("upstream")
	if tried == u.addr {
		return true
	}
	if last := u.last(); last != nil && last.Peer != "" && tried == last.Peer {
		return true
	}
	for _, a := range strings.FieldsFunc(tried, func(c rune) bool { return c == ',' || c == ' ' }) {
		if a == u.addr {
			return true
		}
	}
	return false
}

// phaseTime is a phase with how long it took, -1 when it was not reached.
type phaseTime struct {
	phase probe.Phase
	took  time.Duration
}

// phases names a result's phases with their times.
func phases(r *probe.Result) []phaseTime {
	t := &r.Timings
	return []phaseTime{
		{probe.PhaseDNS, t.DNS},
		{probe.PhaseConnect, t.Connect},
		{probe.PhaseTLS, t.TLS},
		{probe.PhaseFirstByte, t.FirstByte},
		{probe.PhaseBody, t.Body},
	}
}

// accessKind says whether the record is a request.
func (r *Record) accessKind() bool { return r.Line.Kind == tail.KindAccess }
