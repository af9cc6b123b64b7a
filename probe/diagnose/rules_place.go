package diagnose

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"why502/tail"
)

// wrapped marks lines from a container: compose's prefix and docker's JSON.
var wrapped = tail.Pattern(`^[\w.-]+\s+\| |"stream":"std(out|err)"`)

// bridged finds a client on one of docker's bridges, which talks to a container; the
// last of them, 172.31, is also the network that Amazon gives its hosts.
var bridged = tail.Pattern(`(?:client: |"remote_ip":"|"remote_addr":"|^|\| )(172\.(?:1[7-9]|2\d|30)\.\d+\.\d+)`)

// bridges is where docker takes its networks from, unless told otherwise.
var bridges = netip.MustParsePrefix("172.16.0.0/12")

// dialed finds the address in a message that names it without a field of its own.
var dialed = tail.Pattern(`(?:dial tcp|ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|attempt to connect to|[Ff]ailed to connect to|when connecting to) (::1:\d+|\[[0-9a-fA-F:]+\]:\d+|\d+\.\d+\.\d+\.\d+:\d+)`)

// told is the address that the group's messages name, "" where none does.
func (g *group) told() string {
	for _, f := range g.findings {
		if m := dialed().FindStringSubmatch(f.text[:min(len(f.text), maxClassified)]); m != nil {
			if port, ok := strings.CutPrefix(m[1], "::1:"); ok {
				return "[::1]:" + port
			}
			return m[1]
		}
	}
	return ""
}

// containerAddress: addresses mean something else in a container. Its loopback is
// the container itself, an address on another bridge cannot be reached at all, and
// one that is gone was another container's.
func containerAddress(g *group) []weighing {
	up := g.address()
	if !up.IsValid() {
		return nil
	}
	contained, other := g.contained(up)
	switch {
	case !g.has(symRefused, symConnTimeout, symNoRoute):
	case (up.IsLoopback() || up.IsUnspecified()) && contained && g.has(symRefused):
		return []weighing{{
			cause: GatewayConfig, weight: 2.8, title: "the gateway runs in a container and asks itself: {upstream} is its own loopback",
			meaning: "The gateway runs in a container, and the loopback address there is the container itself, not the host or another container.",
			advice: &Advice{
				Next:     []string{"Name the application's service (compose, Kubernetes) and the port inside its container, on a network that both share; host.docker.internal for one on the host."},
				Commands: []string{"docker inspect -f '{{json .NetworkSettings.Networks}}' CONTAINER"},
				Step:     4,
			},
		}}
	case up == netip.IPv6Loopback() && g.has(symRefused):
		return []weighing{{
			cause: GatewayConfig, weight: 1.9, title: "'localhost' became ::1, where nothing listens",
			meaning: "The target resolved to the loopback address of IPv6; applications often listen on that of IPv4 alone (127.0.0.1).",
			advice: &Advice{
				Next:     []string{"Write 127.0.0.1 instead of localhost, or let the application listen on ::1 too."},
				Commands: []string{"ss -ltnp 'sport = :{port}'"},
				Step:     4,
			},
		}}
	case bridges.Contains(up) && g.has(symConnTimeout) && other:
		return []weighing{{
			cause: GatewayConfig, weight: 3.0, title: "the gateway and {upstream} are on different container networks",
			meaning: "The address is on a container network that the gateway is probably not on: docker drops packets between its networks.",
			advice: &Advice{
				Next:     []string{"Put both containers on one network, and name that network to the gateway (traefik.docker.network) where a container has several."},
				Commands: []string{"docker inspect -f '{{json .NetworkSettings.Networks}}' CONTAINER"},
				Step:     4,
			},
		}}
	case bridges.Contains(up) && g.has(symNoRoute) && contained:
		if up.As4()[2] == 0 && up.As4()[3] == 1 {
			return []weighing{{cause: Firewall, weight: 0.8, meaning: "The address is that of the host on the container's network: the host's firewall rejects what comes from containers."}}
		}
		return []weighing{{
			cause: DNS, weight: 1.9, title: "{upstream} is the old address of a container that was made again",
			meaning: "Nobody has this address of the container network any more: a container that is made again gets another one, and the gateway still uses the old.",
		}}
	}
	return nil
}

// address is the address of the group's upstream, the zero Addr for names and
// paths.
func (g *group) address() netip.Addr {
	up := cmp.Or(g.server(), g.upstream(), g.told())
	if _, rest, ok := strings.Cut(up, "://"); ok {
		up = rest
	}
	up, _, _ = strings.Cut(up, "/")
	if strings.HasPrefix(up, "localhost:") {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if ap, err := netip.ParseAddrPort(up); err == nil {
		return ap.Addr()
	}
	a, err := netip.ParseAddr(up)
	if err != nil {
		return netip.Addr{}
	}
	return a
}

// contained says whether the gateway runs in a container, and whether up is on
// another bridge than those the lines show it on. Traefik takes addresses of
// bridges from docker itself, so it runs beside them.
func (g *group) contained(up netip.Addr) (contained, other bool) {
	seen := false
	for _, f := range g.findings {
		contained = contained || wrapped().MatchString(f.sample)
		m := bridged().FindStringSubmatch(f.sample)
		if m == nil {
			continue
		}
		contained, seen = true, true
		if client, err := netip.ParseAddr(m[1]); err == nil && up.Is4() && client.As4()[1] != up.As4()[1] {
			other = true
		}
	}
	if bridges.Contains(up) && (g.ev.gateway() == "traefik" || contained && !seen) {
		return true, true
	}
	return contained, other
}

// gateway is the gateway of the first line that shows a failure.
func (e *evidence) gateway() string {
	for _, f := range e.all {
		if f.sig.failure() {
			return f.gateway
		}
	}
	return ""
}

// connectTimers are gateways' own limits for connecting, by the row of a table
// that does not tell connecting from waiting.
var connectTimers = map[string]struct {
	from, to time.Duration
	meaning  string
}{
	"alb-504":  {9500 * time.Millisecond, 11 * time.Second, "It took 10 s, the load balancer's limit for connecting to a target: a security group, network ACL or route blocks the way."},
	"envoy-UF": {900 * time.Millisecond, time.Hour, "Connecting failed only after a while: a refusal comes at once, dropped packets run into the timer."},
}

// connectTimer recognizes a limit for connecting by how long requests took.
func connectTimer(g *group) []weighing {
	for _, f := range g.findings {
		timer, ok := connectTimers[f.sig.ID]
		d := f.duration.P50
		if d == 0 && f.gateway == "aws-alb" {
			d = albElapsed(f.sample)
		}
		if f.status == 504 && ingressTimer().MatchString(f.sample) {
			return []weighing{{cause: Firewall, weight: 3.0, title: "connections to {upstream} are dropped on the way", meaning: "Every try ended after 5 s, ingress-nginx's limit for connecting: nobody answers at the address."}}
		}
		if ok && d >= timer.from && d <= timer.to {
			return []weighing{{cause: Firewall, weight: 2.6, title: "connections to {upstream} are dropped on the way", meaning: timer.meaning}}
		}
	}
	return nil
}

// ingressTimer finds tries that each ended after 5 s, ingress-nginx's limit for
// connecting; its limit for reading is 60 s.
var ingressTimer = tail.Pattern(` (?:-|0)(?:, (?:-|0))* 5\.0[0-2]\d(?:, 5\.0[0-2]\d)* 504`)

// stampUTC is a time as Amazon's load balancers write it.
var stampUTC = tail.Pattern(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z`)

// albElapsed is what lies between a request's creation, the last time in an ALB's
// line, and its end, the first: the line has no other duration where one of its
// three times is -1. It is 0 where the line does not have both.
func albElapsed(line string) time.Duration {
	at := stampUTC().FindAllString(line, 3)
	if len(at) < 2 {
		return 0
	}
	end, err := time.Parse(time.RFC3339Nano, at[0])
	if err != nil {
		return 0
	}
	began, err := time.Parse(time.RFC3339Nano, at[len(at)-1])
	if err != nil || began.After(end) {
		return 0
	}
	return end.Sub(began)
}

// tlsPort finds an upstream that is spoken to in plain HTTP on a port that is
// usually one of TLS.
var tlsPort = tail.Pattern(`\b(?:http|ws|grpc)://(?:[^\s/:"]+|\[[0-9a-fA-F:]+\]):(?:443|[4689]443|10250|10443)\b`)

// plainToTLSPort: a server that wants TLS closes or resets a connection that begins
// with a plain request.
func plainToTLSPort(g *group) []weighing {
	for _, f := range g.findings {
		if slices.Contains([]string{symEarlyClose, symReset, "invalid-response"}, f.sig.Symptom) && tlsPort().MatchString(f.text+" "+f.sample) {
			return []weighing{{
				cause: GatewayConfig, weight: 2.7, title: "the gateway speaks plain HTTP to {upstream}, a port of TLS", sample: f.sample,
				meaning: "The target is http:// on a port that usually speaks TLS, and such a server closes what does not begin with a handshake.",
				advice: &Advice{
					Next:     []string{"Ask the port with TLS: if that is answered, use https:// for this upstream (ingress-nginx: backend-protocol: HTTPS)."},
					Commands: []string{"curl -skI --max-time 5 https://{upstream}/"},
					Step:     4,
				},
			}, {cause: TLS, weight: 1.6}}
		}
	}
	return nil
}

// subset finds Istio's cluster of a subset: outbound|port|subset|host.
var subset = tail.Pattern(`outbound\|\d+\|([\w.-]+)\|`)

// emptySubset: a subset has no pod although its service may have some: the labels of
// the DestinationRule and the pods differ.
func emptySubset(g *group) []weighing {
	for _, f := range g.findings {
		if f.sig.ID != "envoy-UH" && f.sig.Symptom != symNoServer {
			continue
		}
		if strings.Contains(f.sample, "BlackHoleCluster") {
			return []weighing{{
				cause: GatewayConfig, weight: 3, title: "the mesh allows no traffic to this destination", sample: f.sample,
				meaning: "BlackHoleCluster: no service of the mesh has this address, and outbound traffic to others is not allowed (REGISTRY_ONLY).",
				advice: &Advice{
					Next:     []string{"Add a ServiceEntry for the destination, or allow any outbound traffic (outboundTrafficPolicy: ALLOW_ANY)."},
					Commands: []string{"kubectl get serviceentry -A", "istioctl proxy-config clusters POD"},
					Step:     4,
				},
			}}
		}
		if m := subset().FindStringSubmatch(f.sample); m != nil {
			return []weighing{{
				cause: GatewayConfig, weight: 2.2, title: "the subset " + tail.Clean(m[1], maxName) + " has no pod: its labels fit none", sample: f.sample,
				meaning: "The route goes to a subset of the service, and no pod has the labels that the DestinationRule gives it.",
				advice: &Advice{
					Next:     []string{"Compare the labels of the subset in the DestinationRule with those of the pods."},
					Commands: []string{"kubectl get destinationrule -A -o yaml", "kubectl get pods -A --show-labels"},
					Step:     4,
				},
			}}
		}
	}
	return nil
}

// itself finds a gateway that is its own client and its own upstream.
var itself = tail.Pattern(`client: 127\.0\.0\.1,.*upstream: "https?://(?:127\.0\.0\.1|localhost)(?::80|:443)?/`)

// asksItself: connections run out at once where a request goes round in a circle.
func asksItself(g *group) []weighing {
	if !g.has("exhausted") {
		return nil
	}
	for i := range g.ev.snap.Traffic.Messages {
		if m := &g.ev.snap.Traffic.Messages[i]; itself().MatchString(m.Sample) {
			return []weighing{{
				cause: GatewayConfig, weight: 4, title: "the gateway asks itself in a circle", sample: m.Sample,
				meaning: "The gateway is its own client and its own upstream: its target is its own address and port, so one request takes all connections.",
				advice: &Advice{
					Next:     []string{"Point the target at the application's own port, not at the gateway's."},
					Commands: []string{"ss -ltnp"},
					Step:     4,
				},
			}}
		}
	}
	return nil
}

// exited finds the name of a container that ended by itself.
var exited = tail.Pattern(`(?:^|[\s|])([a-z0-9][\w.-]*?)(?:[_-]\d+)? exited with code [1-9]`)

// nameOfStopped: docker knows the names of running containers only, so the name of
// one that ended does not resolve.
func nameOfStopped(g *group) []weighing {
	if !g.has("dns-nxdomain", "dns-failed", "dns-servfail") {
		return nil
	}
	line := saying(g.ev.snap, exited)
	m := exited().FindStringSubmatch(line)
	if m == nil {
		return nil
	}
	name := tail.Clean(m[1], maxName)
	if i := strings.LastIndexAny(name, "_"); i >= 0 {
		name = name[i+1:]
	}
	for _, f := range g.findings {
		if strings.HasPrefix(f.sig.Symptom, "dns-") && mentions(f.sample, name) {
			return []weighing{{
				cause: UpstreamDown, weight: 3, title: "the container " + name + " does not run, so its name does not resolve", sample: line,
				meaning: "The container that has this name ended by itself; docker resolves the names of running containers only.",
				advice: &Advice{
					Next:     []string{"Read the container's own log: why did it end?"},
					Commands: []string{"docker compose ps -a", "docker compose logs --tail 50 " + shellSafe(name)},
					Step:     1,
				},
			}}
		}
	}
	return nil
}

// mentions says whether a line names what does not resolve so, apart from the container
// that wrote the line.
func mentions(line, name string) bool {
	if _, rest, ok := strings.Cut(line, "|"); ok {
		line = rest
	}
	return strings.Contains(line, name)
}
