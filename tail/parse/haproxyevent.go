package parse

import (
	"bytes"

	"why502/tail"
)

// haproxyEventFormats are what HAProxy says about servers, backends and itself,
// by syslog or on standard error.
var haproxyEventFormats = []Format{{
	Name: "haproxy-event", Gateway: "haproxy", Kind: tail.KindError,
	Title: "servers going up and down, backends without servers, start-up and handshake messages",
	Doc:   "https://docs.haproxy.org/3.0/configuration.html#8.2.5",
	build: haproxyEvent,
	Positive: []Sample{
		{
			`Server app/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.`,
			[]string{
				"backend", "app", "upstream", "app/s1", "level", "",
				"message", `Server app/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.`,
			},
		},
		{
			`[ALERT]    (301) : backend 'solace_8443' has no server available!`,
			[]string{"level", "ALERT", "backend", "solace_8443", "message", "backend 'solace_8443' has no server available!", "upstream", ""},
		},
		{
			`[WARNING] 035/171809 (1) : Server be/srv is going DOWN for maintenance (DNS NX status). 0 active and 0 backup servers left.`,
			[]string{"level", "WARNING", "backend", "be", "upstream", "be/srv"},
		},
		{
			`Connect() failed for backend app: can't connect to destination unix socket, check backlog size on the server.`,
			[]string{"backend", "app"},
		},
		{
			`10.0.0.3:4012 [22/Nov/2026:17:01:02.003] fe_main/2: SSL handshake failure`,
			[]string{"time", "2026-11-22T17:01:02.003Z", "client", "10.0.0.3", "message", "fe_main/2: SSL handshake failure"},
		},
		{
			`Connect from 10.0.1.2:33312 to 10.0.3.31:8012 (www/HTTP)`,
			[]string{"client", "10.0.1.2"},
		},
	},
	Negative: []string{
		`[WARNING] Worker with pid 7214 was terminated due to signal 6`,
		`Server started`,
	},
}}

// haproxyWords begin HAProxy's messages that name no server.
var haproxyWords = []string{
	"Proxy ", "Connect() failed for backend ", "Health check for ", "Connect from ", "Stopping ", "Starting ",
	"Pausing ", "Loading ", "New worker", "haproxy version", "Current worker", "Former worker", "Exiting Master",
	"Haproxy ", "config : ", "parsing [", "All workers exited", "path to executable is ",
}

func haproxyEvent(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		b := line
		labeled := false
		if len(b) > 0 && b[0] == '[' {
			if b, labeled = haproxyLabel(b, ev); !labeled {
				return false
			}
		}
		ev.Message = b
		switch {
		case hasPrefix(b, "Server "), hasPrefix(b, "Backup Server "):
			return haproxyServer(b, ev) || labeled
		case hasPrefix(b, "backend ") || hasPrefix(b, "proxy "):
			_, name := word(b)
			name, rest := word(name)
			ev.Backend = bytes.Trim(name, "'")
			return hasPrefix(rest, "has no server available") || labeled
		}
		for _, w := range haproxyWords {
			if hasPrefix(b, w) {
				return haproxyPlain(b, w, ev) || labeled
			}
		}
		return labeled || s.haproxyHandshake(line, ev)
	}
}

// haproxyLabel reads "[WARNING] 035/171809 (1) : " and "[WARNING]  (301) : ".
func haproxyLabel(b []byte, ev *tail.Event) (rest []byte, ok bool) {
	level, rest, ok := cut(b[1:], ']')
	switch string(level) {
	case "NOTICE", "WARNING", "ALERT", "DIAG", "NOTICE ", "ALERT ":
	default:
		return nil, false
	}
	rest = trim(rest)
	if ok && len(rest) > 0 && isDigit(rest[0]) {
		var day []byte
		if day, rest = word(rest); bytes.IndexByte(day, '/') != 3 {
			return nil, false
		}
	}
	if len(rest) == 0 || rest[0] != '(' {
		return nil, false
	}
	pid, rest, ok := cut(rest[1:], ')')
	if !ok || !allDigits(pid) || !hasPrefix(rest, " : ") {
		return nil, false
	}
	ev.Level, ev.PID = trim(level), pid
	return trim(rest[3:]), true
}

// haproxyServer reads "[Backup ]Server backend/name is ...".
func haproxyServer(b []byte, ev *tail.Event) bool {
	if b[0] == 'B' {
		_, b = word(b)
	}
	_, b = word(b)
	name, rest := word(b)
	be, srv, ok := cut(name, '/')
	if !ok || len(be) == 0 || len(srv) == 0 {
		return false
	}
	verb, _ := word(rest)
	switch string(verb) {
	case "is", "enters", "has", "administratively", "was", "will", "can't", "changed", "remains", "not":
	default:
		return false
	}
	ev.Backend = be
	ev.AddAttempt().Addr = name
	return true
}

// haproxyPlain takes what it can from a message that begins with word w.
func haproxyPlain(b []byte, w string, ev *tail.Event) bool {
	rest := b[len(w):]
	switch w {
	case "Connect() failed for backend ":
		name, _, ok := cut(rest, ':')
		ev.Backend = name
		return ok
	case "Connect from ":
		from, rest := word(rest)
		ev.Client = beforePort(from)
		return hasPrefix(rest, "to ")
	case "Health check for ":
		i := index(rest, "server ")
		if i < 0 {
			return false
		}
		name, _ := word(rest[i+7:])
		be, _, ok := cut(name, '/')
		ev.Backend = be
		ev.AddAttempt().Addr = name
		return ok
	case "Proxy ":
		return index(b, " started") > 0 || index(b, " stopped") > 0 || index(b, " server") > 0
	case "Stopping ", "Starting ", "Pausing ", "Loading ":
		return index(b, " proxy ") > 0 || index(b, " frontend ") > 0 || index(b, " backend ") > 0 || index(b, "success") > 0
	case "parsing [", "config : ", "Haproxy ":
		return ev.Level != nil
	}
	return true
}

// haproxyHandshake reads "client:port [time] frontend/bind: what failed".
func (s *state) haproxyHandshake(line []byte, ev *tail.Event) bool {
	i := bytes.IndexByte(line, '[')
	if i < 3 || line[i-1] != ' ' || len(line) < i+28 || line[i+25] != ']' || bytes.IndexByte(line[:i-1], ' ') >= 0 {
		return false
	}
	var ok bool
	if ev.Time, ok = s.clk.haproxy(line[i+1:]); !ok {
		return false
	}
	ev.Client = beforePort(line[:i-1])
	ev.Message = line[i+27:]
	where, _, ok := cut(ev.Message, ' ')
	return ok && len(where) > 2 && where[len(where)-1] == ':' && bytes.IndexByte(where, '/') > 0
}
