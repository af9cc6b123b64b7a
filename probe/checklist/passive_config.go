package checklist

import (
	"fmt"
	"strings"
	"time"

	"why502/probe"
	"why502/probe/gateway"
	"why502/probe/incident"
	"why502/tail/window"
)

// configStep compares the configuration with what logs and probes show.
func configStep(f *facts) outcome {
	var o outcome
	c := f.snap.Config
	if c == nil {
		f.fromCauses(&o, 4)
		if f.snap.ConfigErr != "" {
			o.add("the configuration can't be read: "+f.snap.ConfigErr, "")
			o.raise(incident.Warn, "not readable")
		} else {
			o.add("no configuration was read: give it with --gateway-config PATH", "")
		}
		if o.verdict == "" {
			o.verdict, o.summary = incident.Unknown, "not read"
		}
		return o
	}
	o.verdict = incident.Pass
	o.summary = "fits, " + plural(len(f.ends), "upstream")
	o.add(configText(c, len(f.ends)), strings.Join(c.Files[:min(len(c.Files), 5)], " "))
	f.unknownUpstreams(&o)
	f.schemes(&o)
	f.timeouts(&o)
	f.buffers(&o)
	f.fromCauses(&o, 4)
	f.lints(&o)
	return o
}

// configText says what was read.
func configText(c *gateway.Config, ends int) string {
	return fmt.Sprintf("%s: %s, %s, %s read", c.Gateway, plural(len(c.Routes), "route"), addresses(ends), plural(len(c.Files), "file"))
}

func addresses(n int) string {
	if n == 1 {
		return "1 upstream address"
	}
	return fmt.Sprintf("%d upstream addresses", n)
}

// unknownUpstreams compares addresses in the log with those configured, where
// the configuration names addresses that logs would show.
func (f *facts) unknownUpstreams(o *outcome) {
	if len(f.ends) == 0 {
		return
	}
	names := false
	for _, e := range f.ends {
		if host, _ := hostPort(e.Addr); isName(host) {
			names = true
		}
	}
	for _, u := range f.ups {
		if !u.logged || u.endpoint != nil || f.sameServer(u.addr) {
			continue
		}
		if names {
			o.add(fmt.Sprintf("the log names %s, which the configuration does not: it is the address some name had when the gateway started", u.addr), "")
			continue
		}
		text := fmt.Sprintf("the log names upstream %s, which the configuration does not: the gateway runs with another configuration (reload missing?) or another file", u.addr)
		o.add(text, f.places())
		o.raise(incident.Warn, "other upstream in log")
	}
}

// sameServer says whether addr differs from a configured one only in how this
// machine's loopback is written.
func (f *facts) sameServer(addr string) bool {
	host, port := hostPort(addr)
	for _, e := range f.ends {
		h, p := hostPort(e.Addr)
		if p == port && isLoopback(h) && isLoopback(host) {
			return true
		}
	}
	return false
}

// places are where the configuration names upstreams.
func (f *facts) places() string {
	var all []string
	for _, e := range f.ends {
		all = append(all, e.Addr+" at "+e.Pos.String())
	}
	return list(all)
}

// schemes compares how the gateway speaks to each upstream with what answers
// there, and names targets nobody listens on.
func (f *facts) schemes(o *outcome) {
	for i := range f.ups {
		u := &f.ups[i]
		r := u.last()
		if u.endpoint == nil || r == nil {
			continue
		}
		at := u.endpoint.Pos.String()
		switch r.Class {
		case probe.TLSPlain:
			o.add(fmt.Sprintf("the gateway speaks TLS to %s, but a plain HTTP server answers there: write http instead of https", u.addr), at)
			o.raise(incident.Fail, "https to plain port")
		case probe.TLSWanted:
			o.add(fmt.Sprintf("the gateway speaks plain HTTP to %s, but a TLS server answers there: write https instead of http", u.addr), at)
			o.raise(incident.Fail, "http to TLS port")
		case probe.Malformed:
			o.add(fmt.Sprintf("what answers at %s is not HTTP: the port or the protocol is wrong", u.addr), at)
			o.raise(incident.Fail, "not an HTTP port")
		case probe.Refused, probe.SocketMissing:
			o.add(fmt.Sprintf("the configuration sends requests to %s, where nothing listens: compare with the address the application is bound to", u.addr), at)
			o.raise(incident.Warn, "target not listening")
		}
	}
}

// timeouts compares the durations at which requests fail with the timeouts in
// force.
func (f *facts) timeouts(o *outcome) {
	for i := range f.snap.Traffic.Outcomes {
		out := &f.snap.Traffic.Outcomes[i]
		if out.Status < 500 || out.Count < 3 || out.Duration.Count == 0 || out.Duration.P50 < 500*time.Millisecond {
			continue
		}
		name, pos, ok := f.timeoutOf(out)
		if !ok {
			continue
		}
		o.add(fmt.Sprintf("%d requests with status %d end after %s: that is the gateway's %s", out.Count, out.Status, took(out.Duration.P50), name), pos)
		o.raise(incident.Warn, fmt.Sprintf("%d at %s", out.Status, took(out.Duration.P50)))
	}
}

// timeoutOf finds the timeout that an outcome's duration equals, within 3 % or
// 100 ms, up to three tries of it. Equal timeouts are told apart by how far the
// requests came: one that connected did not run into the connect timeout.
func (f *facts) timeoutOf(out *window.Outcome) (name, pos string, ok bool) {
	words := [3]string{"connect timeout", "read timeout", "send timeout"}
	for tries := 1; tries <= 3; tries++ {
		for _, r := range f.snap.Config.Routes {
			for k, t := range [3]time.Duration{r.Connect, r.Read, r.Send} {
				want := t * time.Duration(tries)
				off := (out.Duration.P50 - want).Abs()
				if t <= 0 || off > max(want*3/100, 100*time.Millisecond) {
					continue
				}
				if tries > 1 && k != 0 {
					continue // only connects are tried again as a rule
				}
				if k == 0 && out.Reached >= window.ReachConnected || k != 0 && out.Reached == window.ReachTried {
					continue
				}
				text := fmt.Sprintf("%s of %s", words[k], took(t))
				if tries > 1 {
					text += fmt.Sprintf(", %d tries", tries)
				}
				return text, r.Pos.String(), true
			}
		}
	}
	return "", "", false
}

// buffers compares the size of the upstreams' headers with what the gateway
// takes.
func (f *facts) buffers(o *outcome) {
	limit := f.headerLimit()
	for i := range f.ups {
		u := &f.ups[i]
		r := u.last()
		if r == nil || limit == 0 || r.HeaderBytes <= limit {
			continue
		}
		pos := ""
		if u.endpoint != nil {
			pos = u.endpoint.Pos.String()
		}
		o.add(fmt.Sprintf("%s answers with a header of %d bytes, the gateway takes %d: raise the buffer (nginx proxy_buffer_size, HAProxy tune.bufsize)", u.addr, r.HeaderBytes, limit), pos)
		o.raise(incident.Fail, "header too big")
	}
}

// lints adds what reading the file alone shows, without what concerns recording:
// step 7 says so. What only matters together with other facts ("info") does not
// raise the verdict.
func (f *facts) lints(o *outcome) {
	warned := 0
	for _, l := range f.snap.Config.Lints {
		if recordLints[l.ID] {
			continue
		}
		text := l.Text
		if l.Mend != "" {
			text += "; mend: " + l.Mend
		}
		o.add(text, l.Pos.String())
		switch l.Severity {
		case "fail":
			o.raise(incident.Fail, l.ID)
		case "warn":
			warned++
			o.raise(incident.Warn, l.ID)
		}
	}
	if warned > 1 && o.verdict == incident.Warn && strings.Contains(o.summary, "-") {
		o.summary = fmt.Sprintf("%d weak spots", warned)
	}
}

// name is an upstream that is configured or asked by name.
type name struct {
	host, port string
	asked      *probe.Result
	pos        string
}

// names lists the names to resolve, each once.
func (f *facts) names() []name {
	var all []name
	seen := map[string]bool{}
	for i := range f.ups {
		u := &f.ups[i]
		host, port := hostPort(u.addr)
		if !isName(host) || isLoopback(host) || seen[host] {
			continue
		}
		seen[host] = true
		n := name{host: host, port: port, asked: u.last()}
		if u.endpoint != nil {
			n.pos = u.endpoint.Pos.String()
		}
		all = append(all, n)
	}
	return all
}

// loggedAddrs are the plain addresses in the log with the given port.
func (f *facts) loggedAddrs(port string) []string {
	var all []string
	for _, u := range f.ups {
		if host, p := hostPort(u.addr); u.logged && p == port && host != "" && !isName(host) {
			all = append(all, host)
		}
	}
	return all
}

// dnsStep judges how names resolved for the latest probes, and compares the
// addresses with those the gateway uses.
func dnsStep(f *facts) outcome {
	var o outcome
	names := f.names()
	for _, n := range names {
		if n.asked == nil {
			continue
		}
		if n.asked.At.After(o.at) {
			o.at = n.asked.At
		}
		f.nameOutcome(&o, n)
	}
	f.fromCauses(&o, 5)
	f.connectTimes(&o)
	switch {
	case o.verdict != "":
	case len(names) > 0:
		o.verdict, o.summary = incident.Unknown, "not resolved yet"
		if f.snap.NoProbe {
			o.verdict, o.summary = incident.Skipped, "not resolved"
			o.add("nobody is asked (--no-probe): run the command by hand", "")
		}
	case len(f.ups) > 0:
		o.verdict, o.summary = incident.Pass, "no name in use"
		o.add("all upstreams are given by address: no name has to be resolved", "")
	default:
		o.verdict, o.summary = incident.Unknown, "no upstream known"
	}
	return o
}

// nameOutcome judges one name by the probe that used it.
func (f *facts) nameOutcome(o *outcome, n name) {
	r := n.asked
	switch r.Class {
	case probe.DNSNotFound, probe.DNSServFail, probe.DNSTimeout, probe.DNSNoData, probe.DNSRefused, probe.DNSLoop:
		o.add(long(n.host, r), evidence(r))
		o.raise(incident.Fail, classWords[r.Class].short)
		return
	}
	peer, _ := hostPort(r.Peer)
	text := n.host + " resolves"
	if peer != "" {
		text += " to " + peer
	}
	if r.Timings.DNS >= 0 {
		text += " in " + took(r.Timings.DNS)
	}
	o.add(text, evidence(r))
	o.raise(incident.Pass, "resolves, "+took(max(r.Timings.DNS, 0)))
	if r.Timings.DNS > 500*time.Millisecond {
		o.raise(incident.Warn, "slow DNS, "+took(r.Timings.DNS))
	}
	f.stale(o, n, []string{peer})
}

// stale compares what a name resolves to now with the addresses in the log.
func (f *facts) stale(o *outcome, n name, now []string) {
	logged := f.loggedAddrs(n.port)
	if len(logged) == 0 || len(now) == 0 || now[0] == "" {
		return
	}
	known := map[string]bool{}
	for _, a := range now {
		known[a] = true
	}
	for _, e := range f.ends { // addresses configured as such are no one's name
		if host, p := hostPort(e.Addr); p == n.port {
			known[host] = true
		}
	}
	var old []string
	for _, a := range logged {
		if !known[a] {
			old = append(old, a)
		}
	}
	if len(old) == 0 {
		return
	}
	o.add(fmt.Sprintf("the gateway uses %s for %s, but the name resolves to %s now: if it moved, reload the gateway", list(old), n.host, list(now)), n.pos)
	o.raise(incident.Warn, "address changed?")
}

// connectTimes adds the connect times measured so far: a slow connect within a
// network is lost packets or a full queue.
func (f *facts) connectTimes(o *outcome) {
	for i := range f.ups {
		u := &f.ups[i]
		if u.asked == nil {
			continue
		}
		var worst, sum time.Duration
		n := 0
		for _, r := range u.asked.Results {
			if r.Timings.Connect >= 0 && r.Phase > probe.PhaseConnect {
				sum += r.Timings.Connect
				worst = max(worst, r.Timings.Connect)
				n++
			}
		}
		if n == 0 {
			continue
		}
		o.add(fmt.Sprintf("connect to %s takes %s on average, %s at most, in %s", u.addr, took(sum/time.Duration(n)), took(worst), plural(n, "probe")), "")
		if worst > time.Second {
			o.raise(incident.Warn, "connects up to "+took(worst))
		}
	}
}

// loadStep says what speaks of overload without any test.
func loadStep(f *facts) outcome {
	var o outcome
	f.fromCauses(&o, 6)
	f.hostLoad(&o)
	t := &f.snap.Traffic
	if t.Requests > 0 && t.GoodLatency.Count > 0 {
		o.add(fmt.Sprintf("good requests take %s at p50, %s at p99; failed ones %s at p50", took(t.GoodLatency.P50), took(t.GoodLatency.P99), tookOr(t.FailedLatency)), "")
	}
	if o.verdict == "" {
		o.verdict, o.summary = incident.Skipped, "needs a yes"
		if f.snap.NoProbe {
			o.summary = "not run"
		}
		o.add("no load was sent: the test runs only after a yes to its target, rate and duration", "")
	}
	return o
}

func tookOr(q window.Quantiles) string {
	if q.Count == 0 {
		return "-"
	}
	return took(q.P50)
}

// hostLoad adds what this machine says, where an upstream runs on it.
func (f *facts) hostLoad(o *outcome) {
	h := f.snap.Host
	if h == nil {
		return
	}
	for i := range f.ups {
		name, _ := hostPort(f.ups[i].addr)
		if !isLoopback(name) && f.ups[i].socket() == "" {
			continue
		}
		for _, l := range h.Listening(f.ups[i].addr) {
			if l.Backlog > 0 && l.Queue >= l.Backlog {
				o.add(fmt.Sprintf("the accept queue of %s is full (%d of %d)", l.Addr, l.Queue, l.Backlog), l.Process)
				o.raise(incident.Fail, "accept queue full")
			}
		}
	}
	if h.FilesMax > 0 && h.FilesUsed*10 > h.FilesMax*9 {
		o.add(fmt.Sprintf("this machine uses %d of %d file descriptors", h.FilesUsed, h.FilesMax), "")
		o.raise(incident.Warn, "descriptors run out")
	}
	if h.MemTotal > 0 && h.MemAvailable*20 < h.MemTotal {
		o.add(fmt.Sprintf("this machine has %d of %d MiB of memory left", h.MemAvailable>>20, h.MemTotal>>20), "")
		o.raise(incident.Warn, "memory runs out")
	}
	if n := h.Sockets["TIME_WAIT"]; n > 25_000 {
		o.add(fmt.Sprintf("%d sockets are in TIME_WAIT: ports for new connections to one upstream run out near 28000", n), "")
		o.raise(incident.Warn, "ports run out")
	}
	if h.CPUs > 0 && h.Load1 > 2*float64(h.CPUs) {
		o.add(fmt.Sprintf("the load of this machine is %.1f on %s", h.Load1, plural(h.CPUs, "CPU")), "")
	}
}
