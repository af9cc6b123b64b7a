package gateway

import (
	"fmt"
	"strings"
	"time"
)

// nginxLints are what nginx configurations get wrong. Where a rule speaks of
// behavior it is that of the module's documentation on nginx.org.
var nginxLints = []lintRule[*nginxEval]{
	{
		id: "no-resolver", severity: "fail", find: lintNoResolver,
		mend: "add resolver ADDRESS valid=10s; to the server block",
	},
	{
		id: "slash-mismatch", severity: "warn", find: lintSlash,
		mend: "end both the location and the URI of proxy_pass with a slash, or neither",
	},
	{
		id: "stale-dns", severity: "warn", find: lintStaleDNS,
		mend: "put the URL into a variable and add a resolver with valid=, or use server NAME resolve; in the group; until then reload nginx when the address changes",
	},
	{
		id: "no-sni", severity: "warn", find: lintNoSNI,
		mend: "add proxy_ssl_server_name on; and, for a group, proxy_ssl_name HOST;",
	},
	{
		id: "localhost-ipv6", severity: "warn", find: lintLocalhost,
		mend: "write 127.0.0.1 (or [::1]) instead of localhost",
	},
	{
		id: "timeout-order", severity: "warn", find: lintTimeouts,
		mend: "keep connect < next_upstream < read < what the client or the load balancer in front waits",
	},
	{
		id: "small-header-buffer", severity: "warn", find: lintHeaderBuffer,
		mend: "set proxy_buffer_size 8k; or more (and proxy_buffers to match)",
	},
	{
		id: "keepalive-off", severity: "warn", find: lintKeepalive,
		mend: `add proxy_http_version 1.1; and proxy_set_header Connection "";`,
	},
	{
		id: "no-upstream-fields", severity: "warn", find: lintLogFields,
		mend: "log with a format that has $upstream_addr, $upstream_status, $upstream_response_time and $request_time",
	},
	{
		id: "access-log-off", severity: "warn", find: lintLogOff,
		mend: "switch access_log on for the routes that pass requests on",
	},
	{
		id: "error-log-level", severity: "warn", find: lintErrorLevel,
		mend: "use error_log FILE error; (or warn)",
	},
	{
		id: "log-conditional", severity: "info", find: lintConditional,
		mend: "leave out if= while looking for a failure, so that each request is recorded",
	},
	{
		id: "quick-eject", severity: "info", find: lintEject,
		mend: "set max_fails and fail_timeout for the servers of the group, or max_fails=0 where something else checks them",
	},
	{
		id: "host-header", severity: "info", find: lintHost,
		mend: "add proxy_set_header Host $host;",
	},
}

// eachPass collects the hits of one look at every route.
func eachPass(e *nginxEval, look func(p nginxPass) string) []hit {
	var hits []hit
	for _, p := range e.passes {
		if text := look(p); text != "" {
			hits = append(hits, hit{p.route.Pos, text})
		}
	}
	return hits
}

// eachServer collects the hits of one look at every server of every group.
func eachServer(c *Config, look func(u *Upstream, s *Server) string) []hit {
	var hits []hit
	for i := range c.Upstreams {
		u := &c.Upstreams[i]
		for j := range u.Servers {
			if text := look(u, &u.Servers[j]); text != "" {
				hits = append(hits, hit{u.Servers[j].Pos, text})
			}
		}
	}
	return hits
}

// lintNoResolver: ngx_http_upstream answers 502 "no resolver defined to resolve"
// when a variable gives a name.
func lintNoResolver(e *nginxEval) []hit {
	return eachPass(e, func(p nginxPass) string {
		if !p.route.Variable || len(p.route.Resolvers) > 0 {
			return ""
		}
		for _, a := range p.route.Addrs {
			if isName(a) {
				return fmt.Sprintf("%s is resolved at each request, but no resolver is set: every request gets 502 \"no resolver defined to resolve\"", bounded(hostOf(a)))
			}
		}
		return ""
	})
}

func lintSlash(e *nginxEval) []hit {
	return eachPass(e, func(p nginxPass) string {
		loc := p.route.Path
		if !p.uri || p.route.Variable || strings.ContainsAny(loc, "~^=@( ") || loc == "" {
			return ""
		}
		if !strings.HasSuffix(loc, "/") && strings.HasSuffix(p.route.Target, "/") {
			return fmt.Sprintf("location %s has no slash at its end but proxy_pass has: %s/x is passed on as //x", bounded(loc), bounded(loc))
		}
		if strings.HasSuffix(loc, "/") && !strings.HasSuffix(p.route.Target, "/") && !strings.Contains(p.route.Target, "?") {
			return fmt.Sprintf("location %s ends with a slash but the URI of proxy_pass does not: %sx is passed on as %sx", bounded(loc), bounded(loc), bounded(targetPath(p.route.Target)))
		}
		return ""
	})
}

// targetPath returns the URI part of a target.
func targetPath(target string) string {
	if _, rest, ok := strings.Cut(target, "://"); ok {
		target = rest
	}
	if i := strings.IndexByte(target, '/'); i >= 0 {
		return target[i:]
	}
	return ""
}

const staleText = "%s is resolved once when %s starts: when its address changes, requests still go to the old one"

func lintStaleDNS(e *nginxEval) []hit {
	hits := eachPass(e, func(p nginxPass) string {
		if p.route.Variable {
			return ""
		}
		for _, a := range p.route.Addrs {
			if isName(a) && !isLocalhost(a) {
				return fmt.Sprintf(staleText, bounded(hostOf(a)), "nginx")
			}
		}
		return ""
	})
	return append(hits, eachServer(e.config, func(_ *Upstream, s *Server) string {
		if isName(s.Addr) && !isLocalhost(s.Addr) && !s.Resolves {
			return fmt.Sprintf(staleText, bounded(hostOf(s.Addr)), "nginx")
		}
		return ""
	})...)
}

func lintNoSNI(e *nginxEval) []hit {
	return eachPass(e, func(p nginxPass) string {
		if p.route.Scheme != "https" || p.route.SNI {
			return ""
		}
		if p.route.Upstream == "" && !p.route.Variable && len(p.route.Addrs) > 0 && !isName(p.route.Addrs[0]) {
			return ""
		}
		return "TLS to the upstream names no server (proxy_ssl_server_name is off): a server with several certificates refuses the handshake or shows the wrong one"
	})
}

const localhostText = "localhost may resolve to ::1 as well as to 127.0.0.1: an upstream that listens on one of them only refuses every other connection"

func lintLocalhost(e *nginxEval) []hit {
	hits := eachPass(e, func(p nginxPass) string {
		for _, a := range p.route.Addrs {
			if isLocalhost(a) {
				return localhostText
			}
		}
		return ""
	})
	return append(hits, localhostServers(e.config)...)
}

func localhostServers(c *Config) []hit {
	return eachServer(c, func(_ *Upstream, s *Server) string {
		if isLocalhost(s.Addr) {
			return localhostText
		}
		return ""
	})
}

// lintTimeouts: the 75 s are the note at proxy_connect_timeout.
func lintTimeouts(e *nginxEval) []hit {
	return eachPass(e, func(p nginxPass) string {
		r := p.route
		next, _ := unitDuration(p.scope.value("proxy_next_upstream_timeout"), time.Second)
		switch {
		case next > 0 && next <= r.Connect:
			return fmt.Sprintf("proxy_next_upstream_timeout (%s) is not longer than the connect timeout (%s): no second server is ever tried after a connect that times out", next, r.Connect)
		case r.Connect > 75*time.Second:
			return fmt.Sprintf("a connect timeout of %s can't be had: the operating system gives up after about 75 s", r.Connect)
		case r.Connect > r.Read:
			return fmt.Sprintf("the connect timeout (%s) is longer than the read timeout (%s): an unreachable upstream holds clients longer than a slow one", r.Connect, r.Read)
		}
		return ""
	})
}

func lintHeaderBuffer(e *nginxEval) []hit {
	return eachPass(e, func(p nginxPass) string {
		if b := p.route.HeaderBuffer; b > 0 && b < 4<<10 {
			return fmt.Sprintf("the response header must fit into %d bytes: a larger one (cookies, long redirects) becomes 502 \"upstream sent too big header\"", b)
		}
		return ""
	})
}

func lintKeepalive(e *nginxEval) []hit {
	kept := map[string]bool{}
	for _, u := range e.config.Upstreams {
		kept[u.Name] = u.Keepalive > 0
	}
	return eachPass(e, func(p nginxPass) string {
		r := p.route
		if !kept[r.Upstream] || r.Scheme != "http" && r.Scheme != "https" {
			return ""
		}
		var missing []string
		if r.HTTPVersion == "" || r.HTTPVersion == "1.0" {
			missing = append(missing, "proxy_http_version 1.1")
		}
		if r.Connection != `""` {
			missing = append(missing, "an empty Connection header")
		}
		if missing == nil {
			return ""
		}
		return fmt.Sprintf("group %s keeps connections, but this route lacks %s: each request opens a new one", bounded(r.Upstream), strings.Join(missing, " and "))
	})
}

func lintLogFields(e *nginxEval) []hit {
	return eachPass(e, func(p nginxPass) string {
		if p.scope.stream || p.route.AccessLog == "off" || e.recorded(p.scope) {
			return ""
		}
		name := p.route.LogFormat
		if name == "" {
			name = "combined"
		}
		return fmt.Sprintf("no access log of this route records the upstream (format %s): which server failed, and whether it answered at all, can't be seen", bounded(name))
	})
}

// recorded says whether some access log in force records the upstream.
func (e *nginxEval) recorded(s *nginxScope) bool {
	for _, n := range s.get("access_log") {
		if f := e.config.LogFormats[formatArg(n)]; strings.Contains(f, "$upstream_addr") && strings.Contains(f, "$upstream_status") {
			return true
		}
	}
	return false
}

func lintLogOff(e *nginxEval) []hit {
	return eachPass(e, func(p nginxPass) string {
		if p.route.AccessLog != "off" {
			return ""
		}
		return "access_log is off for this route: its failing requests are not recorded"
	})
}

func lintErrorLevel(e *nginxEval) []hit {
	var hits []hit
	for _, l := range e.config.Logs {
		switch {
		case !l.Error:
		case l.Path == "/dev/null":
			hits = append(hits, hit{l.Pos, "error_log goes to /dev/null: why a request failed is written nowhere"})
		case l.Level == "crit" || l.Level == "alert" || l.Level == "emerg":
			hits = append(hits, hit{l.Pos, fmt.Sprintf("error_log at level %s leaves out failing upstreams: they are logged at level error", l.Level)})
		}
	}
	return hits
}

func lintConditional(e *nginxEval) []hit {
	var hits []hit
	for _, l := range e.config.Logs {
		if l.Condition != "" {
			hits = append(hits, hit{l.Pos, fmt.Sprintf("only requests with %s are written to %s", bounded(l.Condition), bounded(l.Path))})
		}
	}
	return hits
}

// lintEject: max_fails is 1 and fail_timeout 10 s by default, and neither counts
// in a group of one server (ngx_http_upstream_module "server").
func lintEject(e *nginxEval) []hit {
	var hits []hit
	for _, u := range e.config.Upstreams {
		plain := len(u.Servers) > 1
		for _, s := range u.Servers {
			plain = plain && (s.Down || s.MaxFails < 0 && s.FailTimeout == 0)
		}
		if plain {
			hits = append(hits, hit{u.Pos, fmt.Sprintf("one failure takes a server of group %s out for 10 s; when all are out, requests get 502 \"no live upstreams\" without being tried", bounded(u.Name))})
		}
	}
	return hits
}

func lintHost(e *nginxEval) []hit {
	return eachPass(e, func(p nginxPass) string {
		if p.route.Upstream == "" || p.route.Host != "" || p.route.Scheme != "http" && p.route.Scheme != "https" {
			return ""
		}
		return fmt.Sprintf("the upstream gets %q as Host: applications that check it (Django ALLOWED_HOSTS) answer 400", bounded(p.route.Upstream))
	})
}
