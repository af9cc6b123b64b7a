package diagnose

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"why502/probe"
	"why502/probe/gateway"
	"why502/probe/host"
	"why502/tail"
	"why502/tail/window"
)

// verdictOf is what a probe's class says about the causes of failing requests.
type verdictOf struct {
	cause   ID
	weight  float64
	symptom string // whose title and advice fit, "" for none
	meaning string
}

// classes is what direct probes mean, see probe.Class.
var classes = map[probe.Class][]verdictOf{
	probe.Refused: {
		{UpstreamDown, 2.4, "refused", "A direct connect is refused: nothing listens there now, or a firewall rejects with a reset."},
		{KeepaliveRace, -2, "", "A direct connect is refused, so it is not about reused connections."},
		{BadResponse, -1.2, "", "A direct connect is refused, so nobody is there to answer wrongly."},
	},
	probe.Reset: {
		{BadResponse, 1.0, "", "A direct request is reset as well."},
		{GatewayConfig, 0.6, "", "A direct plain request is reset; a port that wants TLS does that."},
	},
	probe.NoRoute: {
		{Firewall, 1.4, "no-route", "A direct connect finds no route to the host."},
		{UpstreamDown, 0.8, "", "A direct connect finds no route to the host: it may be gone."},
	},
	probe.NetUnreachable: {{Firewall, 2.0, "net-unreachable", "A direct connect finds no route to the network."}},
	probe.Denied:         {{Firewall, 1.2, "denied", "A direct connect is forbidden by this host."}},
	probe.SocketMissing:  {{UpstreamDown, 2.4, "unix-missing", "The socket file does not exist."}},
	probe.SocketBusy:     {{Overload, 2.8, "backlog", "The socket's accept queue is full."}},
	probe.DNSNotFound:    {{DNS, 3.2, "dns-nxdomain", "The name does not exist, asked directly."}},
	probe.DNSServFail:    {{DNS, 3.2, "dns-servfail", "The resolver fails for the name, asked directly."}},
	probe.DNSTimeout:     {{DNS, 3.0, "dns-timeout", "The resolver does not answer, asked directly."}},
	probe.TLSExpired:     {{TLS, 3.0, "tls-expired", "A direct handshake shows an expired certificate."}},
	probe.TLSName:        {{TLS, 2.8, "tls-name", "A direct handshake shows a certificate for another name."}},
	probe.TLSUnknownIssuer: {
		{TLS, 2.4, "tls-issuer", "A direct handshake shows a certificate from an unknown issuer (this machine's trust may differ from the gateway's)."},
	},
	probe.TLSPlain:      {{GatewayConfig, 3.0, "tls-plain", "The port does not speak TLS, asked directly."}},
	probe.TLSAlert:      {{TLS, 2.0, "tls-version", "The server refused a direct handshake."}},
	probe.TLSClientCert: {{TLS, 3.0, "tls-client-cert", "The server wants a client certificate, asked directly."}},
	probe.EOF: {
		{BadResponse, 1.4, "early-close", "A direct request is closed without an answer as well."},
		{KeepaliveRace, -1.5, "", "A direct request on a fresh connection fails too."},
	},
	probe.HeaderTooBig: {{GatewayConfig, 2.4, "header-size", "The header of a direct answer is bigger than gateways take by default."}},
	probe.ShortBody:    {{BadResponse, 2.0, "body-cut", "The body of a direct answer ends early."}},
}

// probeRule joins the newest direct probe of the group's upstreams.
func probeRule(g *group) []weighing {
	var out []weighing
	for i := range g.ev.snap.Probes {
		h := &g.ev.snap.Probes[i]
		r := h.Last()
		if r == nil || !g.concerns(h.Target) || !g.meanwhile(r) {
			continue
		}
		out = append(out, g.probed(h, r)...)
	}
	return out
}

// meanwhile says whether a result speaks of the failing time. One from before it
// does not, and a healthy one only where requests still failed after it.
func (g *group) meanwhile(r *probe.Result) bool {
	if r.At.IsZero() || g.ep.firstFailure.IsZero() {
		return true
	}
	if r.Class.Healthy() {
		began := g.ep.start
		if g.ep.burst.After(began) {
			began = g.ep.burst
		}
		return r.At.After(began.Add(time.Second)) && r.At.Before(g.ep.lastFailure.Add(-healthyLead))
	}
	return r.At.After(g.ep.start.Add(-probeLead)) && (g.ep.end.IsZero() || !r.At.After(g.ep.lastFailure.Add(probeLead)))
}

// probeLead is by how much a failing probe may precede the first failing request
// or follow the last one.
const probeLead = 6 * time.Second

// healthyLead is for how long requests must have failed after a healthy probe.
const healthyLead = 2 * time.Second

// concerns says whether a target is one of the group's upstreams; without any
// name in the logs, every target is taken for one.
func (g *group) concerns(t probe.Target) bool {
	named := false
	for _, f := range g.findings {
		for _, u := range f.upstreams {
			if !strings.ContainsAny(u.Value, ":.") {
				continue // a HAProxy server's name, not an address
			}
			named = true
			if sameAddr(u.Value, t.Addr()) || strings.HasPrefix(u.Value, "unix:") && strings.HasPrefix(t.Addr(), "unix:") {
				return true
			}
		}
	}
	if !named {
		return true
	}
	return g.server() == "" && t.Origin != "access log"
}

// probed says what one result means.
func (g *group) probed(h *probe.History, r *probe.Result) []weighing {
	name := tail.Clean(h.Target.Addr(), maxName)
	sample := string(r.Class) + " in " + r.Timings.Total.Round(100*time.Microsecond).String()
	if r.Err != "" {
		sample += ": " + tail.Clean(r.Err, 200)
	}
	say := func(v verdictOf) weighing {
		w := weighing{cause: v.cause, weight: v.weight, meaning: v.meaning, source: "probe", sample: name + ": " + sample}
		if v.symptom != "" {
			a := table().symptoms[v.symptom]
			words := subjectOf(h.Target.Addr(), "", "", "", plain, false)
			w.advice, w.title = &a, words.fill(a.Title)
		}
		return w
	}
	var out []weighing
	for _, v := range classes[r.Class] {
		out = append(out, say(v))
	}
	out = append(out, g.sameAsLogs(r, say)...)
	switch {
	case r.Class == probe.Timeout && r.Phase == probe.PhaseConnect:
		out = append(out, say(verdictOf{Firewall, 1.2, "", "A direct connect gets no answer: packets are dropped, the host is gone or its accept queue is full."}),
			say(verdictOf{Overload, 0.5, "", "A direct connect gets no answer; a full accept queue does that too."}),
			say(verdictOf{Timeout, -1.0, "", "Not even a connection comes about, so it is not a slow answer."}))
	case r.Class == probe.Timeout && r.Phase == probe.PhaseDNS:
		out = append(out, say(verdictOf{DNS, 3.0, "dns-timeout", "The resolver does not answer, asked directly."}))
	case r.Class == probe.Timeout && r.Phase == probe.PhaseTLS:
		out = append(out, say(verdictOf{GatewayConfig, 1.6, "tls-silent", "A direct handshake gets no answer: the port probably speaks plain HTTP."}))
	case r.Class == probe.Timeout:
		out = append(out, say(verdictOf{Timeout, 1.6, "", "A direct request is accepted but not answered in time."}),
			say(verdictOf{Overload, 0.8, "", "Even a simple direct request is not answered in time: the workers may be used up."}))
	case r.Class == probe.Malformed:
		out = append(out, g.malformed(r, say)...)
	case r.Class == probe.HTTP5xx && r.Status == 503:
		weight := 1.6
		meaning := "The upstream itself answers 503 to a direct request."
		if g.shape.ok > 0 { // what sheds load lets some through
			weight = 0.4
		}
		if r.RetryAfter != "" {
			weight, meaning = 2.8, "The upstream itself answers 503 with Retry-After to a direct request: it is away on purpose."
		}
		out = append(out, say(verdictOf{Maintenance, weight, symApp503, meaning}))
	case r.Class == probe.HTTP5xx:
		out = append(out, say(verdictOf{ApplicationError, 2.0, symAppError, fmt.Sprintf("The upstream itself answers %d to a direct request.", r.Status)}))
	case r.Class.Healthy():
		out = append(out, g.healthy(r, say)...)
	}
	return out
}

// sameAsLogs: a probe that ends as the gateway's own connects do rules out what is
// between gateway and upstream only; the causes that the logs already speak for
// explain the probe as well as the first one does.
func (g *group) sameAsLogs(r *probe.Result, say func(verdictOf) weighing) []weighing {
	var others []ID
	switch {
	case r.Class == probe.Refused && g.has(symRefused, symConnTimeout, symNoRoute):
		others = []ID{Firewall, GatewayConfig}
	case r.Class == probe.Timeout && r.Phase == probe.PhaseConnect && g.has(symConnTimeout, symNoRoute):
		others = []ID{UpstreamDown}
	}
	var out []weighing
	for _, id := range others {
		if g.scores[id] > 0 {
			out = append(out, say(verdictOf{id, 1.2, "", "A direct connect ends as the gateway's connects do, which fits this as well."}))
		}
	}
	return out
}

// banners are what other services say first.
var banners = []struct{ prefix, name string }{
	{"SSH-", "an SSH server"},
	{"-ERR", "Redis"},
	{"+OK", "a POP3 or Redis server"},
	{"220 ", "an FTP or mail server"},
	{"220-", "an FTP or mail server"},
	{"RFB ", "a VNC server"},
	{"* OK", "an IMAP server"},
	{"\x15\x03", "a TLS server"},
	{"HTTP/0", "an old HTTP server"},
}

func (g *group) malformed(r *probe.Result, say func(verdictOf) weighing) []weighing {
	for _, b := range banners {
		if strings.HasPrefix(r.FirstBytes, b.prefix) {
			w := say(verdictOf{GatewayConfig, 3.4, "wrong-service", "The first bytes of the port belong to " + b.name + "."})
			w.title = "{upstream} is " + b.name + ", not the application: the port is wrong"
			if b.name == "a TLS server" {
				a := table().symptoms["plain-to-tls"]
				w.advice, w.title = &a, a.Title
			}
			return []weighing{w}
		}
	}
	return []weighing{
		say(verdictOf{BadResponse, 1.6, "", "The answer to a direct request is not valid HTTP."}),
		say(verdictOf{GatewayConfig, 1.0, "", "The answer to a direct request is not HTTP; the port may belong to another service."}),
	}
}

// healthy: the upstream answers a direct request while the gateway fails. That
// speaks against everything that is wrong with the upstream as a whole.
func (g *group) healthy(r *probe.Result, say func(verdictOf) weighing) []weighing {
	took := r.Timings.Total.Round(time.Millisecond)
	well := fmt.Sprintf("A direct request is answered well (%d in %s)", r.Status, took)
	away := verdictOf{UpstreamDown, -2.2, "", well + ", so the upstream runs."}
	if g.has(symWorkerKill, symEarlyClose, symReset) && !g.has(symRefused, symConnTimeout) {
		away.weight, away.meaning = -0.4, well+", so the upstream runs, or runs again: workers that die are replaced."
	}
	out := []weighing{say(away)}
	if g.has(symRefused, symConnTimeout, symNoRoute, "net-unreachable") {
		out = append(out,
			say(verdictOf{GatewayConfig, 1.4, "", well + ", but the gateway cannot connect: it uses another address or port."}),
			say(verdictOf{Firewall, 1.4, "", well + " from here, but the gateway cannot connect: something between them blocks."}))
	}
	if g.has(symEarlyClose, symReset) {
		out = append(out, say(verdictOf{KeepaliveRace, 0.8, "", well + " on a fresh connection."}))
	}
	if r.Timings.Total < 500*time.Millisecond && g.has(symReadTimeout) {
		out = append(out, say(verdictOf{Overload, -0.8, "", well + ": the workers are not used up."}))
	}
	return out
}

// configRule compares what the configuration says with what the logs show.
func configRule(g *group) []weighing {
	cfg := g.ev.snap.Config
	if cfg == nil {
		return nil
	}
	var out []weighing
	out = append(out, wrongPort(g, cfg)...)
	if g.shape.slow && g.has(symReadTimeout) {
		for _, r := range cfg.Routes {
			if r.Read > 0 && near(g.shape.took, r.Read) {
				out = append(out, weighing{
					cause: Timeout, weight: 0.8, source: "configuration",
					sample:  fmt.Sprintf("%s:%d", tail.Clean(r.Pos.File, 120), r.Pos.Line),
					meaning: fmt.Sprintf("Failing requests take as long as the configured read timeout of %s.", r.Read),
				})
				break
			}
		}
	}
	for _, l := range cfg.Lints {
		if l.ID == "stale-dns" && g.has(symRefused, symConnTimeout, symNoRoute) {
			out = append(out, weighing{
				cause: DNS, weight: 1.6, source: "configuration", sample: tail.Clean(l.Text, 200), title: "the gateway uses an old address of {upstream}",
				meaning: "The gateway resolves the upstream's name only when it starts: the address may be out of date.",
			})
			break
		}
	}
	return out
}

func near(a, b time.Duration) bool {
	d := a - b
	return d > -b/10 && d < b/10
}

// wrongPort finds a target on this machine that nobody listens on while the same
// application listens on another port.
func wrongPort(g *group, cfg *gateway.Config) []weighing {
	state := g.ev.snap.Host
	if state == nil || !g.has(symRefused) {
		return nil
	}
	for _, up := range cfg.Upstreams {
		for _, s := range up.Servers {
			if s.Down || !local(s.Addr) || len(state.Listening(s.Addr)) > 0 {
				continue
			}
			if other := otherPort(state, s.Addr); other != "" {
				return []weighing{{
					cause: GatewayConfig, weight: 2.6, source: "configuration",
					title:   "the gateway is pointed at " + tail.Clean(s.Addr, 80) + ", the application listens on " + tail.Clean(other, 80),
					sample:  fmt.Sprintf("%s:%d: server %s", tail.Clean(s.Pos.File, 120), s.Pos.Line, tail.Clean(s.Addr, 80)),
					meaning: "Nothing listens on the configured " + tail.Clean(s.Addr, 80) + ", but an application listens on " + tail.Clean(other, 80) + ".",
				}}
			}
		}
	}
	return nil
}

func local(addr string) bool {
	h, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(h)
	return h == "localhost" || ip != nil && ip.IsLoopback()
}

// otherPort is a listener with a neighboring high port on a local address, the
// usual slip (8000 for 8001).
func otherPort(s *host.State, addr string) string {
	_, want, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	w, err := strconv.Atoi(want)
	if err != nil {
		return ""
	}
	for _, l := range s.Listeners {
		_, p, err := net.SplitHostPort(l.Addr)
		if err != nil {
			continue
		}
		if n, err := strconv.Atoi(p); err == nil && n != w && n >= 1024 && n-w > -20 && n-w < 20 {
			return l.Addr
		}
	}
	return ""
}

// hostRule joins what this machine says about itself, where the upstream is on it.
func hostRule(g *group) []weighing {
	state := g.ev.snap.Host
	addr := g.upstream()
	if addr == "" {
		addr = most(g.ev.snap.Traffic.Top[window.ByUpstream])
	}
	if state == nil || addr == "" || !local(addr) && !strings.HasPrefix(addr, "unix:") {
		return nil
	}
	listeners := state.Listening(addr)
	var out []weighing
	elsewhere := g.ev.snap.Config != nil && len(wrongPort(g, g.ev.snap.Config)) > 0
	if len(listeners) == 0 && len(state.Listeners) > 0 && !strings.HasPrefix(addr, "unix:") && !elsewhere {
		out = append(out, weighing{
			cause: UpstreamDown, weight: 1.6, source: "host",
			meaning: "Nothing listens on " + tail.Clean(addr, 80) + " on this host.",
		})
	}
	for _, l := range listeners {
		if l.Backlog > 0 && l.Queue >= l.Backlog {
			out = append(out, weighing{
				cause: Overload, weight: 3.0, source: "host", title: "the accept queue of {upstream} is full",
				sample:  fmt.Sprintf("%s: %d of %d", tail.Clean(l.Addr, 80), l.Queue, l.Backlog),
				meaning: "The accept queue of the listening socket is full: the application does not take connections.",
			})
		} else if l.Queue == 0 && g.has(symConnTimeout) {
			out = append(out, weighing{cause: Overload, weight: -1.2, source: "host", meaning: "The accept queue of the listening socket is empty."})
		}
		if g.has(symRefused) {
			out = append(out, weighing{
				cause: UpstreamDown, weight: -0.8, source: "host", sample: tail.Clean(l.Process, 60),
				meaning: "A process listens on " + tail.Clean(addr, 80) + " now.",
			})
		}
	}
	if state.MemTotal > 0 && state.MemAvailable < state.MemTotal/50 {
		out = append(out, weighing{cause: Overload, weight: 1.0, source: "host", meaning: "Less than 2 % of this host's memory is available."})
	}
	if state.FilesMax > 0 && state.FilesUsed > state.FilesMax/100*95 {
		out = append(out, weighing{cause: Overload, weight: 1.6, source: "host", meaning: "This host's file descriptors are nearly used up."})
	}
	return out
}
