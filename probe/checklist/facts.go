package checklist

import (
	"net"
	"net/netip"
	"strings"

	"why502/probe"
	"why502/probe/diagnose"
	"why502/probe/gateway"
	"why502/probe/incident"
	"why502/tail"
	"why502/tail/window"
)

// upstream is one address with everything that speaks of it.
type upstream struct {
	addr       string // "host:port" or "unix:/path"
	ok, failed uint64 // requests by the access log
	logged     bool   // named by a log
	asked      *probe.History
	endpoint   *gateway.Endpoint // in the configuration
}

// facts is a snapshot sorted for the steps.
type facts struct {
	snap    *incident.Snapshot
	verdict diagnose.Verdict
	gateway string
	ups     []upstream
	index   map[string]int
	// groups are names in place of addresses: an upstream group none of whose
	// servers could be picked, or a HAProxy server that no configuration explains.
	groups []string
	ends   []gateway.Endpoint
}

// maxUpstreams bounds what one step looks at.
const maxUpstreams = 32

func newFacts(s *incident.Snapshot, v diagnose.Verdict) *facts {
	f := &facts{snap: s, verdict: v, index: map[string]int{}, gateway: gatewayOf(s)}
	for i := range s.Probes {
		if h := &s.Probes[i]; h.Target.Origin != probe.OriginGateway {
			f.at(h.Target.Addr()).asked = h
		}
	}
	if s.Config != nil {
		f.ends = s.Config.Endpoints()
		for i := range f.ends {
			f.at(f.ends[i].Addr).endpoint = &f.ends[i]
		}
	}
	for _, c := range s.Traffic.Top[window.ByUpstream] {
		f.logged(c.Value, c.OK, c.Failed)
	}
	for i := range s.Traffic.Messages {
		for _, c := range s.Traffic.Messages[i].Upstreams {
			f.logged(c.Value, 0, 0)
		}
	}
	return f
}

// gatewayOf names the gateway: what the configuration is of, else what most lines
// of access and error logs are of.
func gatewayOf(s *incident.Snapshot) string {
	if s.Config != nil {
		return s.Config.Gateway
	}
	best, most := "", uint64(0)
	lines := map[string]uint64{}
	for i := range s.Sources {
		src := &s.Sources[i]
		if src.Gateway == "" || src.Kind == tail.KindUpstream || src.Kind == tail.KindSystem {
			continue
		}
		lines[src.Gateway] += src.Parsed + 1
		if n := lines[src.Gateway]; n > most {
			best, most = src.Gateway, n
		}
	}
	return best
}

// at returns the upstream at addr, a new one when it is not known yet; one that
// is nowhere kept past the bound.
func (f *facts) at(addr string) *upstream {
	i, ok := f.index[addr]
	if !ok {
		if len(f.ups) >= maxUpstreams {
			return &upstream{addr: addr}
		}
		i = len(f.ups)
		f.ups = append(f.ups, upstream{addr: addr})
		f.index[addr] = i
	}
	return &f.ups[i]
}

// logged notes what a log says about an upstream.
func (f *facts) logged(name string, ok, failed uint64) {
	addr := f.address(name)
	if addr == "" {
		for _, g := range f.groups {
			if g == name {
				return
			}
		}
		if len(f.groups) < maxUpstreams {
			f.groups = append(f.groups, name)
		}
		return
	}
	u := f.at(addr)
	u.ok += ok
	u.failed += failed
	u.logged = true
}

// address turns what a log calls an upstream into its address, by way of the
// configuration where it is a HAProxy "backend/server"; "" for a mere name.
func (f *facts) address(name string) string {
	if strings.HasPrefix(name, "unix:") {
		return strings.TrimSuffix(name, ":")
	}
	if _, rest, ok := strings.Cut(name, "://"); ok {
		name, _, _ = strings.Cut(rest, "/")
	}
	if back, server, ok := strings.Cut(name, "/"); ok && f.snap.Config != nil {
		for _, u := range f.snap.Config.Upstreams {
			for _, s := range u.Servers {
				if u.Name == back && s.Name == server {
					return s.Addr
				}
			}
		}
		return ""
	}
	host, port, err := net.SplitHostPort(name)
	if err != nil || host == "" || port == "" || strings.ContainsAny(name, "/ ") {
		return ""
	}
	return name
}

// failing says whether requests fail now.
func (f *facts) failing() bool { return f.verdict.Incident.State == diagnose.Ongoing }

// causes returns the likely causes that step n decides.
func (f *facts) causes(n int) []diagnose.Cause {
	var found []diagnose.Cause
	for _, c := range f.verdict.Causes {
		if c.Step == n && c.Confidence >= 0.1 {
			found = append(found, c)
		}
	}
	return found
}

// suspects are the upstreams to look at first: those that fail in the log or in a
// probe, else all.
func (f *facts) suspects() []upstream {
	var bad []upstream
	for _, u := range f.ups {
		last := u.last()
		if last != nil && !last.Class.Healthy() || last == nil && u.failed > 0 {
			bad = append(bad, u)
		}
	}
	if bad == nil {
		return f.ups
	}
	return bad
}

// last is the newest answer to a probe, nil when there is none.
func (u *upstream) last() *probe.Result {
	if u.asked == nil {
		return nil
	}
	return u.asked.Last()
}

// scheme is how the gateway, else the probe, speaks to the upstream.
func (u *upstream) scheme() string {
	if u.endpoint != nil {
		return u.endpoint.Scheme
	}
	if u.asked != nil {
		if s, _, ok := strings.Cut(u.asked.Target.URL, "://"); ok {
			return s
		}
	}
	return "http"
}

// target is what to ask for the upstream: the target it is asked by already, else
// one made of its address.
func (u *upstream) target() (probe.Target, error) {
	if u.asked != nil {
		return u.asked.Target, nil
	}
	text := u.addr
	if !strings.HasPrefix(text, "unix:") {
		text = u.scheme() + "://" + text
	} else if s := u.scheme(); s != "http" && s != "https" {
		text = s + "://" + text
	}
	t, err := probe.ParseTarget(text)
	if u.endpoint != nil && err == nil {
		t.Host = u.endpoint.Host
		t.Origin = "configuration"
	}
	return t, err
}

// socket returns a unix upstream's path, "" for others.
func (u *upstream) socket() string {
	path, ok := strings.CutPrefix(u.addr, "unix:")
	if !ok {
		return ""
	}
	path, _, _ = strings.Cut(path, ":")
	return path
}

// hostPort parts an address, "" for both when it is a socket.
func hostPort(addr string) (host, port string) {
	if strings.HasPrefix(addr, "unix:") {
		return "", ""
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr, ""
	}
	return host, port
}

// isName says whether host must be resolved.
func isName(host string) bool {
	if host == "" {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err != nil
}

// isLoopback says whether host is this machine by its loopback address.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// fromCauses adds what the diagnosis found for this step and raises the verdict.
func (f *facts) fromCauses(o *outcome, n int) {
	for _, c := range f.causes(n) {
		sample := ""
		for _, e := range c.Evidence {
			if !e.Against && e.Sample != "" {
				sample = e.Sample
				break
			}
		}
		o.add(c.Title+" ("+percent(c.Confidence)+" likely)", sample)
		if !f.failing() {
			continue
		}
		if c.Confidence >= 0.5 {
			o.raise(incident.Fail, string(c.ID))
		} else {
			o.raise(incident.Warn, string(c.ID)+"?")
		}
	}
}
