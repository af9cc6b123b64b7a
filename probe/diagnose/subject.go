package diagnose

import (
	"net"
	"net/netip"
	"strings"

	"why502/tail"
)

// subject is what texts speak of: the values of their templates. All of it may
// come from logs, so it is cleaned before it gets here.
type subject struct {
	upstream, host, port, name, path, route, status string
	errors                                          string // the command that reads the gateway's error log
	test                                            string // the command that checks its configuration
}

// plain and example fill templates where nothing particular is meant.
var (
	plain   = subject{upstream: "the upstream", host: "the upstream's host", port: "its port", name: "the upstream's name", path: "/", route: "the failing route", status: "5xx"}
	example = subject{upstream: "HOST:PORT", host: "HOST", port: "PORT", name: "NAME", path: "/", route: "ROUTE", status: "5xx", errors: "journalctl --since '-30 min' -p warning | tail -n 50", test: "nginx -t"}
)

// fill replaces the templates in text.
func (s *subject) fill(text string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	if socket, ok := strings.CutPrefix(s.upstream, "unix:"); ok {
		// curl is told of a socket by a flag
		socket, _, _ = strings.Cut("/"+strings.TrimLeft(socket, "/"), ":")
		flag := "--unix-socket " + socket + " http://localhost/"
		text = strings.NewReplacer("http://{upstream}{path}", flag, "http://{upstream}/", flag).Replace(text)
	}
	if s.name == plain.name {
		text = strings.ReplaceAll(text, "the name {name}", "{name}")
	}
	return strings.NewReplacer(
		"{upstream}", s.upstream, "{host}", s.host, "{port}", s.port, "{name}", s.name,
		"{path}", s.path, "{route}", s.route, "{status}", s.status, "{errors}", s.errors, "{test}", s.test,
	).Replace(text)
}

// maxName is the length at which a name from a log is cut in texts, in runes.
const maxName = 80

// subjectOf takes an upstream's address, the route ("GET /path") and a name that
// does not resolve apart into template values; what is empty keeps fallback's.
func subjectOf(upstream, route, name string, status string, fallback subject, command bool) subject {
	s := fallback
	if upstream != "" {
		clean := tail.Clean(upstream, maxName)
		if command {
			clean = shellSafe(clean)
		}
		s.upstream, s.host, s.name = clean, clean, clean
		if p, ok := strings.CutPrefix(clean, "unix:"); ok {
			s.path = strings.SplitN(p, ":", 2)[0]
		} else if host, port, err := net.SplitHostPort(clean); err == nil {
			s.host, s.port, s.name = host, port, host
			if a, err := netip.ParseAddr(host); err == nil && a.IsLoopback() && !command {
				s.host = "the gateway's own host"
			}
		}
	}
	if name != "" {
		s.name = tail.Clean(name, maxName)
		if command {
			s.name = shellSafe(s.name)
		}
	}
	if route != "" {
		s.route = tail.Clean(route, maxName)
		if _, path, ok := strings.Cut(route, " "); ok && s.path == fallback.path {
			s.path = tail.Clean(path, maxName)
			if command {
				s.path = shellSafe(s.path)
			}
		}
	}
	if status != "" {
		s.status = status
	}
	return s
}

// shellSafe keeps only what can stand in a command without quotes: what comes
// from a log must not become a command.
func shellSafe(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._-:/[]@%+=,", r):
			return r
		}
		return -1
	}, s)
}
