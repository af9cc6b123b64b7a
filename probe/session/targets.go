package session

import (
	"strings"
	"time"

	"why502/probe"
	"why502/probe/host"
	"why502/probe/incident"
	"why502/tail/window"
)

// maxTargets is how many targets a report asks; the scheduler has its own bound.
const maxTargets = probe.MaxTargets

// startProbes adds the endpoints given with -e and, for a live session, polls them.
func (s *Session) startProbes() error {
	if s.cfg.Live && !s.cfg.NoProbe {
		s.sched = probe.NewScheduler(probe.ScheduleOptions{}, s.agg.AddProbe)
	}
	for _, e := range s.cfg.Endpoints {
		t, err := probe.ParseTarget(e)
		if err != nil {
			return err
		}
		t.Origin = "-e"
		s.addTarget(t)
	}
	return nil
}

// addTarget asks t from now on, or once in a report.
func (s *Session) addTarget(t probe.Target) {
	switch {
	case s.cfg.NoProbe:
	case s.sched != nil:
		s.sched.Add(t)
	case len(s.targets) < maxTargets:
		s.targets = append(s.targets, t)
	}
}

// watchTargets adds the upstreams that the logs and the configuration name.
func (s *Session) watchTargets() {
	s.every(targetsEvery, func() { s.addTargets(s.Snapshot()) })
}

// watchHost looks at this machine now and then.
func (s *Session) watchHost() {
	s.every(hostEvery, func() {
		h := host.Read()
		s.agg.SetHost(&h)
	})
}

// every calls f at once and then once every d until the session ends.
func (s *Session) every(d time.Duration, f func()) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		f()
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// addTargets adds discovered upstreams, each once. Names without a port are
// groups or HAProxy servers: the configuration knows their addresses.
func (s *Session) addTargets(snap *incident.Snapshot) {
	for _, c := range snap.Traffic.Top[window.ByUpstream] {
		s.discover(c.Value, "access log", snap)
	}
	for i := range snap.Traffic.Messages {
		for _, c := range snap.Traffic.Messages[i].Upstreams {
			s.discover(c.Value, "error log", snap)
		}
	}
	if snap.Config == nil {
		return
	}
	for _, e := range snap.Config.Endpoints() {
		if !e.Down {
			s.discover(e.Addr, "configuration", snap)
		}
	}
}

// discover adds the upstream at addr as a gentle target.
func (s *Session) discover(addr, origin string, snap *incident.Snapshot) {
	if s.asked[addr] || !askable(addr) {
		return
	}
	s.asked[addr] = true
	url := addr
	if !strings.HasPrefix(addr, "unix:") {
		url = scheme(addr, snap) + "://" + addr + "/"
	}
	t, err := probe.ParseTarget(url)
	if err != nil {
		return
	}
	for _, h := range snap.Probes { // given with -e already
		if h.Target.Addr() == t.Addr() {
			return
		}
	}
	t.Gentle, t.Origin = true, origin
	s.addTarget(t)
}

// askable says whether addr is an address to connect to: a unix socket's path or
// a host with a port.
func askable(addr string) bool {
	if strings.HasPrefix(addr, "unix:/") {
		return true
	}
	host, port, ok := strings.Cut(addr[strings.LastIndexByte(addr, ']')+1:], ":")
	if addr != "" && addr[0] != '[' && host == "" || !ok || port == "" || strings.ContainsAny(addr, "/ ,") {
		return false
	}
	for _, c := range port {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// scheme is https where the configuration or an error line says that the gateway
// speaks TLS to addr.
func scheme(addr string, snap *incident.Snapshot) string {
	if snap.Config != nil {
		for _, e := range snap.Config.Endpoints() {
			if e.Addr == addr && e.Scheme == "https" {
				return "https"
			}
		}
	}
	for i := range snap.Traffic.Messages {
		if strings.Contains(snap.Traffic.Messages[i].Sample, `upstream: "https://`+addr) {
			return "https"
		}
	}
	return "http"
}

// Via asks the gateway itself at url and remembers what it said beside the direct
// answers.
func (s *Session) Via(url string) error {
	t, err := probe.ParseTarget(url)
	if err != nil {
		return err
	}
	t.Origin = probe.OriginGateway
	s.addTarget(t)
	return nil
}
