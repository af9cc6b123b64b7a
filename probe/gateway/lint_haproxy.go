package gateway

import (
	"fmt"
	"strings"
)

// haLints are what HAProxy configurations get wrong; the behavior is that of
// configuration.txt.
var haLints = []lintRule[*haFile]{
	{
		id: "no-backend", severity: "fail", find: haNoBackend,
		mend: "name a backend that exists",
	},
	{
		id: "no-default-backend", severity: "warn", find: haNoDefault,
		mend: "add a default_backend to the frontend",
	},
	{
		id: "no-servers", severity: "fail", find: haNoServers,
		mend: "add a server line",
	},
	{
		id: "no-timeout", severity: "warn", find: haNoTimeout,
		mend: "set timeout connect, timeout client and timeout server in defaults",
	},
	{
		id: "no-upstream-fields", severity: "warn", find: haNoHTTPLog,
		mend: "add option httplog to defaults",
	},
	{
		id: "access-log-off", severity: "warn", find: haNoLog,
		mend: "add log global (and log /dev/log local0 to global)",
	},
	{
		id: "no-check", severity: "warn", find: haNoCheck,
		mend: "add check inter 2s to the server line, and option httpchk GET /health to the backend",
	},
	{
		id: "stale-dns", severity: "warn", find: haStaleDNS,
		mend: "add a resolvers section and resolvers NAME to the server line",
	},
	{
		id: "no-sni", severity: "warn", find: haNoSNI,
		mend: "add sni req.hdr(host) or sni str(NAME) to the server line",
	},
	{
		id: "localhost-ipv6", severity: "warn", find: func(f *haFile) []hit { return localhostServers(f.config) },
		mend: "write 127.0.0.1 (or [::1]) instead of localhost",
	},
	{
		id: "timeout-order", severity: "warn", find: haTimeouts,
		mend: "keep timeout connect shorter than timeout server, and timeout queue at what a client waits",
	},
	{
		id: "no-redispatch", severity: "info", find: haNoRedispatch,
		mend: "add option redispatch and retries 3 to the backend",
	},
	{
		id: "null-session", severity: "info", find: haDontLog,
		mend: "leave out option dontlog-normal while looking for a failure",
	},
}

// each collects the hits of one look at the proxies that take connections
// (front) or have servers.
func (f *haFile) each(front bool, look func(*haProxy) string) []hit {
	var hits []hit
	for _, p := range f.proxies {
		if front && !p.front || !front && !p.back {
			continue
		}
		if text := look(p); text != "" {
			hits = append(hits, hit{p.pos, text})
		}
	}
	return hits
}

func haNoBackend(f *haFile) []hit {
	var hits []hit
	for _, r := range f.config.Routes {
		if r.Upstream == "" && !r.Variable {
			hits = append(hits, hit{r.Pos, fmt.Sprintf("backend %s does not exist: HAProxy does not start with this", bounded(r.Target))})
		}
	}
	return hits
}

func haNoDefault(f *haFile) []hit {
	return f.each(true, func(p *haProxy) string {
		if p.kind == "frontend" && p.line("default_backend") == nil && p.mode == "http" && !answers(p) {
			for _, l := range p.all("use_backend") {
				if len(l.args) == 2 { // without a condition
					return ""
				}
			}
			return fmt.Sprintf("frontend %s has no default_backend: a request that no use_backend takes gets 503 with <NOSRV>", bounded(p.name))
		}
		return ""
	})
}

// answers says whether a proxy may answer by itself.
func answers(p *haProxy) bool {
	for _, l := range p.lines {
		if len(l.args) > 1 && (l.args[0] == "redirect" || l.args[0] == "http-request" && (l.args[1] == "return" || l.args[1] == "redirect" || l.args[1] == "use-service") ||
			l.args[0] == "stats" && l.args[1] != "socket" || l.args[0] == "monitor-uri") {
			return true
		}
	}
	return false
}

func haNoServers(f *haFile) []hit {
	return f.each(false, func(p *haProxy) string {
		if p.kind == "listen" || len(p.group.Servers) > 0 || answers(p) || len(p.all("dispatch")) > 0 || p.line("option", "http_proxy") != nil {
			return ""
		}
		return fmt.Sprintf("backend %s has no server: every request to it gets 503", bounded(p.name))
	})
}

func haNoTimeout(f *haFile) []hit {
	return f.each(false, func(p *haProxy) string {
		if len(p.group.Servers) == 0 {
			return ""
		}
		var missing []string
		for _, name := range []string{"connect", "server"} {
			if _, ok := p.timeout(name); !ok {
				missing = append(missing, "timeout "+name)
			}
		}
		if missing == nil {
			return ""
		}
		return fmt.Sprintf("%s has no %s: a server that never answers holds its connections for ever", bounded(p.name), strings.Join(missing, " and no "))
	})
}

func haNoHTTPLog(f *haFile) []hit {
	return f.each(true, func(p *haProxy) string {
		if p.mode != "http" || p.logTo(f.global) == nil {
			return ""
		}
		if p.format == "" || p.format == "tcplog" {
			return fmt.Sprintf("%s %s logs connections only (no option httplog): neither status, termination state nor path of a failing request is recorded", p.kind, bounded(p.name))
		}
		if t := f.config.LogFormats[p.format]; !strings.Contains(t, "%s") || !strings.Contains(t, "%ts") && !strings.Contains(t, "%[fc.timer") {
			return fmt.Sprintf("the log-format of %s %s lacks the server (%%s) or the termination state (%%ts): which server failed, and how, can't be seen", p.kind, bounded(p.name))
		}
		return ""
	})
}

func haNoLog(f *haFile) []hit {
	return f.each(true, func(p *haProxy) string {
		if p.logTo(f.global) != nil {
			return ""
		}
		return fmt.Sprintf("%s %s writes no log", p.kind, bounded(p.name))
	})
}

func haNoCheck(f *haFile) []hit {
	return eachServer(f.config, func(u *Upstream, s *Server) string {
		if s.Check || s.Down || len(u.Servers) < 2 {
			return ""
		}
		return fmt.Sprintf("server %s/%s is not checked: requests go to it while it is down", bounded(u.Name), bounded(s.Name))
	})
}

func haStaleDNS(f *haFile) []hit {
	return eachServer(f.config, func(_ *Upstream, s *Server) string {
		if !isName(s.Addr) || isLocalhost(s.Addr) || s.Resolves {
			return ""
		}
		return fmt.Sprintf(staleText, bounded(hostOf(s.Addr)), "HAProxy")
	})
}

func haNoSNI(f *haFile) []hit {
	return eachServer(f.config, func(u *Upstream, s *Server) string {
		if !s.TLS || s.SNI != "" {
			return ""
		}
		return fmt.Sprintf("TLS to %s/%s names no server: one with several certificates refuses the handshake or shows the wrong one", bounded(u.Name), bounded(s.Name))
	})
}

// haTimeouts: timeout queue falls back on timeout connect (configuration.txt,
// "timeout queue").
func haTimeouts(f *haFile) []hit {
	return f.each(false, func(p *haProxy) string {
		connect, _ := p.timeout("connect")
		server, _ := p.timeout("server")
		if server > 0 && connect > server {
			return fmt.Sprintf("timeout connect (%s) of %s is longer than timeout server (%s): an unreachable server holds clients longer than a slow one", connect, bounded(p.name), server)
		}
		if _, ok := p.timeout("queue"); ok {
			return ""
		}
		for _, s := range p.group.Servers {
			if s.MaxConn > 0 && connect > 0 {
				return fmt.Sprintf("%s limits connections (maxconn) but sets no timeout queue: requests wait %s (timeout connect) and then get 503", bounded(p.name), connect)
			}
		}
		return ""
	})
}

func haNoRedispatch(f *haFile) []hit {
	return f.each(false, func(p *haProxy) string {
		if len(p.group.Servers) < 2 || p.line("option", "redispatch") != nil || p.mode != "http" {
			return ""
		}
		return fmt.Sprintf("%s has no option redispatch: a connect that fails is tried again on the same server only", bounded(p.name))
	})
}

func haDontLog(f *haFile) []hit {
	return f.each(true, func(p *haProxy) string {
		if p.line("option", "dontlog-normal") == nil {
			return ""
		}
		return fmt.Sprintf("%s %s logs failing requests only (option dontlog-normal): their share can't be told", p.kind, bounded(p.name))
	})
}
