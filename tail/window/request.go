package window

import (
	"bytes"
	"math"
	"time"

	"why502/tail"
)

// addRequest counts one request.
func (s *Stats) addRequest(ev *tail.Event, source string) {
	failed := ev.Failed()
	last := ev.Last()
	retried := !failed && hidden(ev)
	aborted := left(ev)
	upstreamTime := timeOf(last)
	server := noServer(ev.Gateway, last)

	s.seen(ev.Time)
	s.requests++
	if failed {
		s.failed++
		s.bad.Add(ev.Duration)
	} else {
		s.good.Add(ev.Duration)
	}
	if retried {
		s.retried++
		s.addHidden(ev)
	}
	if aborted {
		s.aborted++
	}
	if ev.Status >= 0 && ev.Status < len(s.status) {
		s.status[ev.Status]++
	} else {
		s.addOdd(ev.Status, 1)
	}
	s.upstream.Add(upstreamTime)
	if ev.Time != 0 {
		s.addSecond(ev, failed, retried, aborted, upstreamTime)
	}

	var upstream []byte
	var upstreamHash uint64
	if last != nil && server == nil && named(last.Addr) {
		upstream = bound(last.Addr)
		upstreamHash = hashOf(upstream)
		s.top[ByUpstream].addHashed(upstreamHash, upstream, failed)
		if upstreamTime >= 0 {
			if h := s.timesOf(upstreamHash, upstream); h != nil {
				h.Add(upstreamTime)
			}
		}
	}
	routeHash := s.addDimensions(ev, failed)
	g := s.addOutcome(ev, source, failed, server, upstream, upstreamHash)
	if g != nil && failed {
		g.spread.add(ev, routeHash, s.scratch)
	}
	if g != nil && (failed || retried) {
		s.cases.offer(ev, source, g.id(retried), &g.passed, failed, retried)
		if failed {
			s.cases.fail(ev, routeHash, s.scratch, upstream, upstreamHash)
		}
	}
}

// addDimensions counts the values of the request's fields. The route stays in
// s.scratch; its hash is returned.
func (s *Stats) addDimensions(ev *tail.Event, failed bool) (routeHash uint64) {
	s.scratch = s.scratch[:0]
	if len(ev.Path) > 0 {
		s.scratch = routeOf(s.scratch, ev.Method, ev.Path)
		routeHash = hashOf(s.scratch)
		s.top[ByRoute].addHashed(routeHash, s.scratch, failed)
	}
	if named(ev.Client) {
		client := bound(ev.Client)
		if s.top[ByClient].addHashed(hashOf(client), client, failed) {
			s.clients.add(client)
		}
	}
	s.count(ByMethod, ev.Method, failed)
	if named(ev.UserAgent) {
		agent := bound(ev.UserAgent)
		s.top[ByAgent].addHashed(hashOf(agent), agent, failed)
	}
	s.count(ByHost, ev.Host, failed)
	s.count(ByBackend, ev.Backend, failed)
	return routeHash
}

func (s *Stats) count(d Dimension, value []byte, failed bool) {
	if named(value) {
		s.top[d].add(bound(value), failed)
	}
}

// named says whether a field has a value.
func named(v []byte) bool { return len(v) > 1 || len(v) == 1 && v[0] != '-' }

// addSecond counts the request in its second.
func (s *Stats) addSecond(ev *tail.Event, failed, retried, aborted bool, upstreamTime time.Duration) {
	unix := second(ev.Time)
	p := s.timeline.at(unix)
	if p == nil {
		return
	}
	c := &p.cells[unix&(pageSeconds-1)]
	class := ev.Status / 100
	if class < 0 || class > 5 {
		class = 0
	}
	c.class[class]++
	switch ev.Status {
	case 502:
		c.s502++
	case 503:
		c.s503++
	case 504:
		c.s504++
	}
	if failed {
		c.failed++
		c.lead = max(c.lead, lead(ev, unix))
	}
	if retried {
		c.retried++
	}
	if aborted {
		c.aborted++
	}
	s.timeline.addTimes(p, unix, ev.Duration, upstreamTime)
}

// addOutcome counts the request among those that ended alike and returns their
// group, nil when there is no room for one more.
func (s *Stats) addOutcome(ev *tail.Event, source string, failed bool, server, upstream []byte, hash uint64) *outcome {
	e := ending{gateway: ev.Gateway, format: ev.Format, status: ev.Status, maker: ev.Maker}
	if last := ev.Last(); last != nil {
		e.upstream = last.Status
		e.told = toldAttempt
		if server != nil {
			e.told |= toldNoServer
		}
		if last.Connect >= 0 {
			e.told |= toldConnect
		}
		if last.Header >= 0 {
			e.told |= toldHeader
		}
	}
	flags := ev.Flags[:min(len(ev.Flags), maxFlags)]
	g := s.outcomes.of(&e, flags, server)
	if g == nil {
		s.outcomes.missed++
		return nil
	}
	g.count++
	if ev.Time != 0 {
		g.first, g.last = min(g.first, ev.Time), max(g.last, ev.Time)
		g.seconds.add(second(ev.Time), 1)
	}
	g.sample.offer(ev.Time, ev.Line, nil, source)
	if ev.Duration >= 0 {
		g.durations().Add(ev.Duration)
	}
	if upstream != nil {
		if failed {
			g.upstreams.add(hash, upstream, 0, 1)
		} else {
			g.upstreams.add(hash, upstream, 1, 0)
		}
	}
	return g
}

// hidden says whether an attempt failed that the client never saw.
func hidden(ev *tail.Event) bool {
	if ev.Retries > 0 {
		return true
	}
	for i := range len(ev.Attempts) - 1 {
		if ev.Attempts[i].Status >= 500 {
			return true
		}
	}
	return false
}

func (s *Stats) addHidden(ev *tail.Event) {
	for i := range len(ev.Attempts) - 1 {
		if a := &ev.Attempts[i]; a.Status >= 500 && named(a.Addr) {
			addr := bound(a.Addr)
			s.hidden.add(hashOf(addr), addr, 0, 1)
		}
	}
}

// left says whether the client went away: 499 (nginx), 460 (ALB), HAProxy's C and
// c states, Squid's aborted results, Envoy's DC without a status.
func left(ev *tail.Event) bool {
	switch {
	case ev.Status == 499 || ev.Status == 460:
		return true
	case ev.Gateway == "haproxy":
		return len(ev.Flags) >= 2 && (ev.Flags[0] == 'C' || ev.Flags[0] == 'c')
	case ev.Gateway == "squid":
		return bytes.Contains(ev.Flags, []byte("_ABORTED"))
	}
	return ev.Status == 0 && bytes.HasPrefix(ev.Flags, []byte("DC"))
}

// timeOf returns the upstream's own time of an attempt: to the end of the
// response, else to its header.
func timeOf(a *tail.Attempt) time.Duration {
	switch {
	case a == nil:
		return tail.None
	case a.Response >= 0:
		return a.Response
	}
	return a.Header
}

// noServer returns the mark that the gateway had no server to try: HAProxy's
// "<NOSRV>", or the group's name where nginx and what is built on it log that
// instead of an address. It is nil when a server was tried.
func noServer(gateway string, last *tail.Attempt) []byte {
	if last == nil || len(last.Addr) == 0 {
		return nil
	}
	const mark = "<NOSRV>"
	if i := len(last.Addr) - len(mark); i >= 0 && last.Addr[i] == '<' && string(last.Addr[i:]) == mark {
		return last.Addr[i:]
	}
	switch gateway {
	case "nginx", "ingress-nginx", "openresty", "kong", "apisix":
		if bytes.IndexByte(last.Addr, ':') < 0 {
			return bound(last.Addr)
		}
	}
	return nil
}

// lead returns how many milliseconds before the second unix the failure of ev
// began (less than 0: within it). A request that ran into a timer failed from its
// beginning on; one whose connection was refused or broke failed at its end.
func lead(ev *tail.Event, unix int64) int32 {
	at := ev.Time
	if d := min(ev.Duration, maxLead); d > 0 {
		waited := ranIntoTimer(ev)
		switch atEnd := loggedAtEnd(ev.Gateway); {
		case waited && atEnd:
			at -= int64(d)
		case !waited && !atEnd:
			at += int64(d)
		}
	}
	ms := unix*1000 - at/int64(time.Millisecond)
	return int32(max(math.MinInt32+1, min(math.MaxInt32, ms)))
}

// ranIntoTimer says whether the request failed because a timer expired.
func ranIntoTimer(ev *tail.Event) bool {
	if ev.Gateway == "haproxy" && len(ev.Flags) >= 2 {
		return ev.Flags[0] == 's' || ev.Flags[1] == 'C' || ev.Flags[1] == 'Q'
	}
	// Timers are whole seconds; one request in twenty takes as long by chance.
	return ev.Status == 504 || ev.Duration >= time.Second && ev.Duration%time.Second < 50*time.Millisecond
}

// loggedAtEnd says whether the gateway stamps an access line when the request
// ends (nginx $time_local, Caddy "ts") and not when it begins (HAProxy's accept
// date, Apache %t, Envoy START_TIME, Traefik StartUTC).
func loggedAtEnd(gateway string) bool {
	switch gateway {
	case "nginx", "ingress-nginx", "openresty", "kong", "apisix", "caddy":
		return true
	}
	return false
}
