package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"why502/tail"
	"why502/tail/window"
)

// rule looks at a group as a whole and says what its shape, or evidence beside
// the logs, means. Weights are log-odds as in the tables.
type rule struct {
	name  string
	apply func(*group) []weighing
}

// rules are applied in order; none looks at what another one said.
var rules = []rule{
	{"connects that partly succeed", partialConnects},
	{"rejects mixed with timeouts", mixedRejects},
	{"no route after a while or at once", noRouteTime},
	{"an idle connection reused too late", keepaliveRace},
	{"closed after a while", slowClose},
	{"an address within a container", containerAddress},
	{"a connect's own timer", connectTimer},
	{"plain HTTP to a port of TLS", plainToTLSPort},
	{"a subset without pods", emptySubset},
	{"the gateway asks itself", asksItself},
	{"the application's own port", announcedPort},
	{"a name whose container does not run", nameOfStopped},
	{"what is said around pasted lines", proseRule},
	{"stopped on purpose", stopped},
	{"reset by all requests", resetByAll},
	{"away for a moment", briefAbsence},
	{"503 for all or for some", app503},
	{"timeouts for all or for some", timeouts},
	{"another target since the onset", newTarget},
	{"the gateway was restarted", afterRestart},
	{"TLS and plain text since the onset", changedScheme},
	{"one route, one method", oneRoute},
	{"answers became slow", slowReason},
	{"the application fails as it starts", startFails},
	{"the kernel killed the process", outOfMemory},
	{"what probes say", probeRule},
	{"what the configuration says", configRule},
	{"what the host says", hostRule},
}

// partialConnects tells a full accept queue from a filter: a filter lets nothing
// through, a full queue now and then lets a connection in.
func partialConnects(g *group) []weighing {
	if !g.has(symConnTimeout) {
		return nil
	}
	sh := g.shape
	switch {
	case g.has(symReadTimeout, "queue", "saturated"):
		return []weighing{{
			cause: Overload, weight: 2.6, title: "{upstream} is overloaded: its accept queue is full",
			meaning: "Some requests time out while connecting and others while waiting for the answer: connections get in only now and then, as with a full accept queue.",
		}}
	case g.has(symRefused, symNoRoute, "prohibited", "no-server"), sh.failed == 0:
		return nil
	case (sh.ok > 0 && sh.ok*50 >= sh.failed || sh.fewGood) && g.oneServer():
		return []weighing{{
			cause: Overload, weight: 2.4, title: "{upstream} is overloaded: its accept queue is full",
			meaning: "Some requests still succeeded while other connects timed out: a firewall lets none through, a full accept queue some.",
		}}
	case sh.strictlyNone:
		return []weighing{{cause: Firewall, weight: 0.6, meaning: "No request got through while connects timed out, as with dropped packets; a queue that is full for good looks the same."}}
	}
	return nil
}

// oneServer says whether all requests go to one upstream, as far as lines tell.
func (g *group) oneServer() bool {
	n := 0
	for _, c := range g.ev.snap.Traffic.Top[window.ByUpstream] {
		if c.OK > 0 {
			n++
		}
	}
	return n <= 1
}

// mixedRejects: one reject rule gives "no route" or "refused" for the packets it
// answers and timeouts for the rest, because ICMP is limited to about one a
// second.
func mixedRejects(g *group) []weighing {
	rejects := g.count(symNoRoute, symRefused, "prohibited")
	drops := g.count(symConnTimeout)
	if g.unansweredARP() {
		return nil
	}
	for _, f := range g.findings {
		// HAProxy names both ends of a connect by one letter: S refused, s timed out.
		if f.sig.ID == "haproxy-SC" {
			rejects += f.count
		}
	}
	if rejects == 0 || drops == 0 || g.has("tls-failed", "tls-silent", "denied-unix", "unix-missing", symEarlyClose, symReset, symReadTimeout) {
		return nil
	}
	if rejects*20 < drops || drops*20 < rejects {
		return nil
	}
	return []weighing{{
		cause: Firewall, weight: 3.0, title: "a firewall rejects connections to {upstream}",
		meaning: "Refused or unreachable connects are mixed with connects that time out: a firewall that rejects answers only about one packet a second with ICMP, so one rule gives both.",
	}}
}

// noRouteTime: an ICMP reject fails at once, a host that is gone after the three
// seconds in which nobody answers ARP.
func noRouteTime(g *group) []weighing {
	if g.unansweredARP() {
		return []weighing{{
			cause: UpstreamDown, weight: 2.6, title: "the host of {upstream} is gone from the network",
			meaning: "Each connect ended after about three seconds though its own timer is longer: nobody answers for the address on the local network, so the host is gone.",
		}}
	}
	if !g.has(symNoRoute) || g.has(symConnTimeout) {
		return nil
	}
	switch {
	case g.shape.slow:
		return []weighing{{
			cause: UpstreamDown, weight: 1.5, title: "{host} is gone from the network",
			meaning: "It took about three seconds until 'no route to host': nobody answers for the address on the local network, so the host is gone.",
		}}
	case g.shape.took > 0:
		return []weighing{{cause: Firewall, weight: 1.2, meaning: "'No route to host' came at once: a router or firewall rejected the packet."}}
	}
	return nil
}

// keepaliveRace: now and then a request fails at once with a close or reset
// while others on the same way succeed, and nothing else is wrong.
func keepaliveRace(g *group) []weighing {
	sh := g.shape
	closes := g.count(symEarlyClose, symReset, "send-failed")
	if closes == 0 || closes*10 < g.total()*9 || sh.slow || g.has(symRefused, symReadTimeout, symConnTimeout, symWorkerKill, symWorkerTime, "oom", "crash", "boot-failed") {
		return nil
	}
	var out []weighing
	ok := sh.ok
	if sh.excerpt {
		ok = max(ok, g.goodOnRoutes())
	}
	if (ok >= 3 || sh.excerpt && ok > 0) && ok*2 >= closes {
		out = append(out, weighing{
			cause: KeepaliveRace, weight: 1.6,
			meaning: fmt.Sprintf("%d requests succeeded in between, so the upstream works: it closes single connections, as when an idle one is reused too late.", ok),
		})
		if sh.unsafeOnly {
			out = append(out, weighing{cause: KeepaliveRace, weight: 1.4, meaning: "Only requests that gateways do not repeat (POST) fail; others are sent again on a new connection and hide the race."})
		}
		if sh.took > 0 && sh.took < 50*time.Millisecond {
			out = append(out, weighing{cause: KeepaliveRace, weight: 0.4, meaning: "They failed within milliseconds: the connection was already closed when the request was sent."})
		}
	} else if sh.strictlyNone && sh.failed >= 5 {
		out = append(out, weighing{cause: KeepaliveRace, weight: -2, meaning: "Every request failed; a reused idle connection would fail only now and then."})
	}
	return out
}

// goodOnRoutes counts the requests that succeeded on the routes that fail.
func (g *group) goodOnRoutes() (n uint64) {
	for _, c := range g.ev.snap.Traffic.Top[window.ByRoute] {
		if c.Failed > 0 {
			n += c.OK
		}
	}
	return n
}

// slowClose: a close that comes after a while is a worker's own timeout or its
// death, not an answer that the application refuses to give.
func slowClose(g *group) []weighing {
	sh := g.shape
	if !g.has(symEarlyClose) || g.has(symRefused) || sh.excerpt && g.has(symWorkerKill) {
		return nil
	}
	if g.has(symWorkerTime) {
		// The server says itself why its workers end.
		return []weighing{
			{cause: Timeout, weight: 1.6, meaning: "The application server ended its workers for working too long, and the connections that they had were closed.", source: "logs"},
			{cause: UpstreamDown, weight: -1.2, meaning: "The server ended the workers itself and goes on: the upstream is not down."},
		}
	}
	lost := sh.took >= 300*time.Millisecond && sh.took < 950*time.Millisecond
	if g.has(symReadTimeout) && !sh.excerpt || (lost || sh.slow && !sh.steady) && (sh.after >= 3 || sh.ok > 0) {
		return []weighing{
			{
				cause: UpstreamDown, weight: 2.8, title: "workers of {upstream} are killed while they work on requests",
				meaning: "Requests were under way when their connections closed, and others succeed: processes die or are killed with requests in flight.",
			},
			{cause: Overload, weight: 0.9, meaning: "A process that dies under load is often killed for lack of memory."},
		}
	}
	if !sh.slow {
		return nil
	}
	meaning := "The connections were closed only after the requests had taken a while, all alike: a timer of the application server (gunicorn --timeout, uWSGI harakiri) ended its worker."
	if sh.took > 0 {
		meaning = fmt.Sprintf("The connections were closed after about %s each: a timer of the application server (gunicorn --timeout, uWSGI harakiri) ended its worker.", sh.took.Round(100*time.Millisecond))
	}
	return []weighing{
		{cause: Timeout, weight: 2.4, title: "{upstream} ends its workers after a timeout of its own", meaning: meaning},
		{cause: BadResponse, weight: -0.8, meaning: "A crash on a certain request closes at once, not after a while."},
	}
}

// resetByAll: a TLS port resets every plain request after a few milliseconds.
func resetByAll(g *group) []weighing {
	sh := g.shape
	if g.has("tls-client-cert", "tls-failed", "tls-version", "tls-sni") || !g.has(symReset) && !g.hasID("haproxy-SH") || !sh.strictlyNone || sh.failed < 5 || sh.slow || g.has(symRefused) {
		return nil
	}
	if sh.took >= 2*time.Millisecond && sh.took < 30*time.Millisecond {
		return []weighing{{
			cause: GatewayConfig, weight: 1.7, title: "the gateway probably speaks plain HTTP to {upstream}, which wants TLS",
			meaning: fmt.Sprintf("Every request is broken off after %s: long enough to read it, too short to work on it, as a TLS port does with plain HTTP.", sh.took.Round(100*time.Microsecond)),
		}}
	}
	return nil
}

// briefAbsence: refused for a few seconds and then well again is a restart.
func briefAbsence(g *group) []weighing {
	sh := g.shape
	if !g.has(symRefused, "refused-unix", "unix-missing", symNoServer, "haproxy-SC") && !g.hasID("haproxy-SC") {
		return nil
	}
	if g.has(symEarlyClose, symReset, symConnTimeout, symNoRoute, "oom", "crash", symWorkerKill, "boot-failed") || !sh.recovered || sh.after < 3 || g.ep.pattern != "" {
		return nil
	}
	if sh.length > 30*time.Second || g.moreThanOneServer() || g.staysDown() {
		return nil
	}
	weight := 3.2
	if sh.length > 12*time.Second {
		weight = 1.5 // long for a restart
	}
	return []weighing{{
		cause: Maintenance, weight: weight, title: "{upstream} was restarted: away for about " + sh.length.String(),
		meaning: fmt.Sprintf("The upstream refused for %s, then answered again, and no request was broken off: a restart or deploy.", sh.length),
	}}
}

// unansweredARP recognizes HAProxy's four tries of three seconds each (and a second
// between them), which are neither its own timer nor an answer.
func (g *group) unansweredARP() bool {
	return slices.ContainsFunc(g.findings, func(f *finding) bool {
		d := f.duration.P50
		return f.sig.ID == "haproxy-SC" && d >= 14500*time.Millisecond && d <= 16*time.Second
	})
}

func (g *group) hasID(id string) bool {
	return slices.ContainsFunc(g.findings, func(f *finding) bool { return f.sig.ID == id })
}

// staysDown says whether a health check took a server out and none took it back.
func (g *group) staysDown() bool {
	var down, up time.Time
	for _, f := range g.findings {
		if f.sig.Event && f.kind == tail.KindError && f.last.After(down) {
			down = f.last
		}
	}
	for _, f := range g.ev.every {
		if f.sig.Role == RecoveryRole && f.last.After(up) {
			up = f.last
		}
	}
	return !down.IsZero() && !up.After(down)
}

// moreThanOneServer says whether other servers answered while this one failed.
func (g *group) moreThanOneServer() bool { return g.shape.ok > g.shape.failed*3 }

// app503: an application in maintenance says 503 to all, one that sheds load
// still serves some.
func app503(g *group) []weighing {
	if !g.has(symApp503, "status-503") {
		return nil
	}
	sh := g.shape
	if g.has("rate-limit") {
		return nil
	}
	if sh.ok > 0 && sh.ok*200 >= sh.failed || sh.fewGood {
		return []weighing{{
			cause: Overload, weight: 1.6, title: "{upstream} sheds load: it answers 503 to a part of the requests",
			meaning: "Requests succeed beside those that get 503: the application declines what it has no capacity for.",
		}}
	}
	if sh.failed >= 5 {
		return []weighing{{cause: Maintenance, weight: 1.2, meaning: "Every request gets 503, as in a maintenance mode; shedding load would let some through."}}
	}
	return nil
}

// timeouts: an upstream that is merely slow on one route serves the others; one
// that is full serves a few requests of any kind.
func timeouts(g *group) []weighing {
	sh := g.shape
	if !g.has(symReadTimeout, "status-504") || g.has(symConnTimeout, symEarlyClose, symWorkerTime) {
		return nil
	}
	if sh.fewGood {
		return []weighing{{
			cause: Overload, weight: 2.4, title: "{upstream} is overloaded: only a few requests get an answer in time",
			meaning: "A few requests still succeed while most wait in vain: the workers are used up.",
		}}
	}
	if sh.strictlyNone && sh.failed >= 5 {
		return []weighing{{cause: Overload, weight: -0.5, meaning: "Not one request got through; an overloaded upstream would still serve some."}}
	}
	return nil
}

// newTarget: the failing address never answered, and another one did until the
// failing began: the gateway was pointed elsewhere.
func newTarget(g *group) []weighing {
	if !g.has(symRefused, symConnTimeout, symNoRoute, "net-unreachable", "not-http", "wrong-service", symReset, symEarlyClose, "invalid-response", "status-502") {
		return nil
	}
	bad := g.server()
	if bad == "" {
		bad = g.upstream()
	}
	if bad == "" {
		bad = most(g.ev.snap.Traffic.Top[window.ByUpstream])
	}
	if bad == "" || strings.HasPrefix(bad, "unix:") {
		return nil
	}
	var good string
	for _, c := range g.ev.snap.Traffic.Top[window.ByUpstream] {
		if sameAddr(c.Value, bad) && c.OK > 0 {
			return nil
		}
		if c.OK >= 3 && c.Failed == 0 {
			good = c.Value
		}
	}
	if good == "" || g.shape.ok > 0 || g.ep.fromStart {
		return nil
	}
	return []weighing{{
		cause: GatewayConfig, weight: 3.2,
		title:   "the gateway was pointed at " + tail.Clean(bad, maxName) + " instead of " + tail.Clean(good, maxName),
		meaning: "All good requests went to " + tail.Clean(good, maxName) + "; since the failing began they go to " + tail.Clean(bad, maxName) + ", which never answered: the target was changed.",
	}}
}

// sameAddr compares addresses that may carry a scheme or a path.
func sameAddr(a, b string) bool {
	bare := func(s string) string {
		if _, rest, ok := strings.Cut(s, "://"); ok {
			s = rest
		}
		s, _, _ = strings.Cut(s, "/")
		return s
	}
	return a == b || bare(a) == bare(b)
}

// afterRestart: failing that begins with a restart or reload of the gateway
// itself points at its configuration.
func afterRestart(g *group) []weighing {
	if !g.shape.restarted {
		return nil
	}
	w := weighing{
		cause: GatewayConfig, weight: 0.9,
		meaning: "The gateway itself was restarted or reloaded right before the failing began: its configuration may have changed.",
	}
	if g.has("invalid-response", "not-http", symRefused) {
		w.weight = 1.9
	}
	if g.has("tls-failed", "tls-silent") {
		w.weight = 1.3
	}
	if g.has("net-unreachable", "dns-nxdomain") {
		w.weight = 0.4
	}
	if _, ok := g.scores[GatewayConfig]; !ok {
		return nil
	}
	return []weighing{w}
}

// changedScheme: one end speaks TLS and the other does not. Lines alone show no more;
// where both spoke alike until the onset, the gateway's target was changed.
func changedScheme(g *group) []weighing {
	if !g.has("tls-plain", "plain-to-tls", "tls-silent") || g.shape.excerpt || g.ep.fromStart {
		return nil
	}
	return []weighing{{
		cause: GatewayConfig, weight: 2.1, title: "the gateway's target got the wrong scheme or port: one end speaks TLS, the other does not",
		meaning: "Until the failing began, gateway and upstream spoke alike: the scheme or port of the target was changed.",
	}}
}

// oneRoute: what fails on one route only, while the others work, is a matter of
// the application, not of network or capacity.
func oneRoute(g *group) []weighing {
	sh := g.shape
	if sh.routesFail != 1 || sh.routesGood < 2 || sh.ok < 10 || sh.ok < sh.failed*2 {
		return nil
	}
	switch {
	case g.has(symReadTimeout, "status-504"):
		return []weighing{{cause: Timeout, weight: 1.0, meaning: "Only one route is slow while the others are served: that request itself takes too long."}}
	case g.has(symEarlyClose, symReset):
		return []weighing{
			{cause: BadResponse, weight: 1.0, meaning: "Only one route fails while the others are served: its handling in the application breaks."},
			{cause: KeepaliveRace, weight: -0.8, meaning: "A reused idle connection would hit any route."},
		}
	}
	return nil
}
