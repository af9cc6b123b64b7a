package window

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"why502/tail"
)

const (
	// maxOutcomes is how many groups of alike ends are kept; what does not fit is
	// counted as missed.
	maxOutcomes = 512
	// maxSample is the length at which a kept line is cut, in bytes.
	maxSample = 1 << 10
	// maxFlags is the length at which flags are cut, in bytes.
	maxFlags = 64
	// maxNamed is how many upstreams and routes an outcome or message names. The
	// ones seen first stay.
	maxNamed = 16
)

// ending is how a request ended, as the line has it.
type ending struct {
	gateway, format  string
	status, upstream int
	told             told
	maker            tail.Maker
}

// told are the marks from which Reach follows once it is known what the format
// logs at all.
type told uint8

const (
	toldAttempt told = 1 << iota
	toldNoServer
	toldConnect
	toldHeader
)

// outcome is a group of requests that ended alike.
type outcome struct {
	ending
	flags, server string
	hash          uint64

	count       uint64
	first, last int64 // nanoseconds, first is never when no line had a time
	sample      sample
	groups      []uint64 // ids of the groups joined, in a View
	passed      passed
	duration    *Histogram
	upstreams   names
	spread      spread // of failed requests
	seconds     series
}

// id names the group's cases. Requests that a retry saved end like good ones and
// are told apart from them.
func (g *outcome) id(retried bool) uint64 {
	if retried {
		return ^g.hash
	}
	return g.hash
}

const never = int64(1<<63 - 1)

// outcomes finds the group of an ending without allocating.
type outcomes struct {
	groups []*outcome
	slots  [2 * maxOutcomes]uint16 // index+1
	recent [32]*outcome            // the last one by status
	missed uint64
}

func (e *ending) hash(flags, server []byte) uint64 {
	h := uint64(e.status)<<32 | uint64(uint16(e.upstream))<<16 | uint64(e.told)<<8 | uint64(e.maker)
	h = fold(h, uint64(len(e.format))*0x9e3779b97f4a7c15+1)
	if len(flags) > 0 {
		h ^= hashOf(flags)
	}
	if len(server) > 0 {
		h += hashOf(server)
	}
	return h
}

// of returns the group of an ending, nil when there is no room for a new one.
func (o *outcomes) of(e *ending, flags, server []byte) *outcome {
	recent := &o.recent[uint(e.status)%uint(len(o.recent))]
	if g := *recent; g != nil && g.is(e, flags, server) {
		return g
	}
	g := o.find(e, flags, server)
	*recent = g
	return g
}

func (g *outcome) is(e *ending, flags, server []byte) bool {
	return g.ending == *e && g.flags == string(flags) && g.server == string(server)
}

func (o *outcomes) find(e *ending, flags, server []byte) *outcome {
	hash := e.hash(flags, server)
	i := hash % uint64(len(o.slots))
	for ; o.slots[i] != 0; i = (i + 1) % uint64(len(o.slots)) {
		g := o.groups[o.slots[i]-1]
		if g.hash == hash && g.is(e, flags, server) {
			return g
		}
	}
	if len(o.groups) >= maxOutcomes {
		return nil
	}
	g := &outcome{ending: *e, flags: string(flags), server: string(server), hash: hash, first: never}
	g.format, g.gateway = strings.Clone(e.format), strings.Clone(e.gateway)
	o.groups = append(o.groups, g)
	o.slots[i] = uint16(len(o.groups))
	return g
}

func (o *outcomes) merge(from *outcomes) {
	for _, f := range from.groups {
		g := o.of(&f.ending, []byte(f.flags), []byte(f.server))
		if g == nil {
			o.missed += f.count
			continue
		}
		g.merge(f)
	}
	o.missed += from.missed
}

func (g *outcome) merge(f *outcome) {
	g.count += f.count
	g.first, g.last = min(g.first, f.first), max(g.last, f.last)
	g.sample.merge(&f.sample)
	if f.duration != nil {
		g.durations().Merge(f.duration)
	}
	g.upstreams.merge(&f.upstreams)
	g.spread.merge(&f.spread)
	g.seconds.merge(&f.seconds)
}

func (g *outcome) durations() *Histogram {
	if g.duration == nil {
		g.duration = new(Histogram)
	}
	return g.duration
}

func (o *outcomes) reset() {
	clear(o.groups)
	*o = outcomes{groups: o.groups[:0]}
}

// sample is the first line of a group: the earliest, and of several at the same
// time the one that sorts first, so that it does not depend on who read what.
type sample struct {
	at     int64
	line   []byte
	text   []byte
	source string
	set    bool
}

// offer takes the line when it is earlier; at is 0 when it has no time.
func (s *sample) offer(at int64, line, text []byte, source string) {
	if at == 0 {
		at = never
	}
	if s.set && at > s.at {
		return
	}
	line = line[:min(len(line), maxSample)]
	if s.set && at == s.at {
		switch c := bytes.Compare(line, s.line); {
		case c > 0, c == 0 && source >= s.source:
			return
		}
	}
	s.at, s.source, s.set = at, source, true
	s.line = append(s.line[:0], line...)
	s.text = append(s.text[:0], text[:min(len(text), maxSample)]...)
}

func (s *sample) merge(o *sample) {
	if o.set {
		s.offer(o.at, o.line, o.text, o.source)
	}
}

// spread counts failures by what tells causes apart that upstreams don't.
type spread struct{ routes, hosts names }

// add counts a failure of the request or message ev whose route is given.
func (s *spread) add(ev *tail.Event, routeHash uint64, route []byte) {
	if len(route) > 0 {
		s.routes.add(routeHash, route, 0, 1)
	}
	if named(ev.Host) {
		host := bound(ev.Host)
		s.hosts.add(hashOf(host), host, 0, 1)
	}
}

func (s *spread) merge(o *spread) {
	s.routes.merge(&o.routes)
	s.hosts.merge(&o.hosts)
}

func (s *spread) view() Spread {
	return Spread{Routes: s.routes.counts(), Hosts: s.hosts.counts()}
}

// names is a short list of values with their counts.
type names struct {
	list []name
}

type name struct {
	hash       uint64
	value      string
	ok, failed uint64
}

func (n *names) add(hash uint64, value []byte, ok, failed uint64) {
	for i := range n.list {
		if e := &n.list[i]; e.hash == hash && e.value == string(value) {
			e.ok += ok
			e.failed += failed
			return
		}
	}
	if len(n.list) < maxNamed {
		n.list = append(n.list, name{hash, string(value), ok, failed})
	}
}

func (n *names) merge(o *names) {
	for _, e := range o.list {
		i := slices.IndexFunc(n.list, func(have name) bool { return have.hash == e.hash && have.value == e.value })
		switch {
		case i >= 0:
			n.list[i].ok += e.ok
			n.list[i].failed += e.failed
		case len(n.list) < maxNamed:
			n.list = append(n.list, e)
		}
	}
}

func (n *names) counts() []Count {
	if len(n.list) == 0 {
		return nil
	}
	out := make([]Count, len(n.list))
	for i, e := range n.list {
		out[i] = Count{Value: e.value, OK: e.ok, Failed: e.failed}
	}
	sortCounts(out)
	return out
}

func sortCounts(c []Count) {
	slices.SortFunc(c, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Failed, a.Failed), cmp.Compare(b.OK, a.OK), cmp.Compare(a.Value, b.Value))
	})
}

// formats knows which marks a format carries anywhere in the log.
func (o *outcomes) formats() map[string]told {
	known := make(map[string]told)
	for _, g := range o.groups {
		known[g.format] |= g.told
	}
	return known
}

// reach says how far the last attempt came, given what the format is known to
// log. HAProxy logs every phase, so a missing one was not reached.
func (g *outcome) reach(format told) Reach {
	all := g.gateway == "haproxy"
	switch {
	case g.told&toldNoServer != 0:
		return ReachNone
	case g.told&toldAttempt == 0:
		if format&toldAttempt != 0 || g.maker == tail.MakerGateway {
			return ReachNone
		}
		return ReachUnknown
	case g.told&toldHeader != 0:
		return ReachAnswered
	case g.told&toldConnect != 0 && (all || format&toldHeader != 0):
		return ReachConnected
	case g.told&toldConnect == 0 && (all || format&toldConnect != 0):
		return ReachTried
	}
	return ReachUnknown
}

// view returns the groups as a View has them. Groups that differ only in the
// format are joined.
func (o *outcomes) view() []Outcome {
	type key struct {
		gateway, flags, server string
		status, upstream       int
		reach                  Reach
		maker                  tail.Maker
	}
	known := o.formats()
	joined := make(map[key]*outcome, len(o.groups))
	out := make([]Outcome, 0, len(o.groups))
	for _, g := range o.groups {
		k := key{g.gateway, g.flags, g.server, g.status, g.upstream, g.reach(known[g.format]), g.maker}
		into := joined[k]
		if into == nil {
			into = &outcome{ending: g.ending, flags: g.flags, server: g.server, first: never}
			joined[k] = into
		}
		into.merge(g)
		into.groups = append(into.groups, g.hash)
	}
	for k, g := range joined {
		slices.Sort(g.groups)
		v := Outcome{
			Gateway: g.gateway, Status: g.status, Flags: g.flags, Upstream: g.upstream,
			Reached: k.reach, Server: g.server, Maker: uint8(g.maker), Count: g.count,
			First: moment(g.first), Last: moment(g.last), Sample: string(g.sample.line),
			Source: g.sample.source, Groups: g.groups, Upstreams: g.upstreams.counts(), Spread: g.spread.view(), Seconds: slices.Clone(g.seconds.points),
		}
		if g.duration != nil {
			v.Duration = g.duration.Quantiles()
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), a.First.Compare(b.First), cmp.Compare(a.Status, b.Status),
			cmp.Compare(a.Upstream, b.Upstream), cmp.Compare(a.Flags, b.Flags), cmp.Compare(a.Server, b.Server),
			cmp.Compare(a.Gateway, b.Gateway), cmp.Compare(a.Reached, b.Reached), cmp.Compare(a.Maker, b.Maker))
	})
	return out
}

// moment turns nanoseconds into a time, the zero time for never and for none.
func moment(ns int64) time.Time {
	if ns == never || ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}
