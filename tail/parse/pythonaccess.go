package parse

import (
	"bytes"
	"time"

	"why502/tail"
)

// pythonAccess are the request lines of Python's smaller servers. The first three
// are variants of the Common Log Format whose times have no zone.
var pythonAccess = []Format{
	{
		Name: "gevent", Gateway: "gevent", Kind: tail.KindUpstream, first: "a0:-",
		Title: "gevent's pywsgi, seconds", Doc: "https://www.gevent.org/api/gevent.pywsgi.html#gevent.pywsgi.WSGIHandler.format_request",
		build: func(s *state) parseFunc { return s.zoneless(19, gevent) },
		Positive: []Sample{{
			`127.0.0.1 - - [2026-11-25 18:06:10] "GET /g?x=1 HTTP/1.1" 502 112 0.000217`,
			[]string{
				"time", "2026-11-25T18:06:10Z", "client", "127.0.0.1", "method", "GET", "path", "/g?x=1", "status", "502", "bytes", "112", "duration", "0.000217",
			},
		}, {
			`- - - [2026-11-25 18:06:10] "GET / HTTP/1.1" 200 - 1.500000`, // on a unix socket
			[]string{"client", "", "duration", "1.5"},
		}},
		Negative: []string{`127.0.0.1 - - [2026-11-25 18:06:10] "GET / HTTP/1.1" 502 112`, `127.0.0.1 - - [25/Nov/2026 18:06:11] "GET / HTTP/1.1" 502 112 0.000299`},
	},
	{
		Name: "eventlet", Gateway: "eventlet", Kind: tail.KindUpstream, first: "a0:-",
		Title: "eventlet's wsgi server, seconds", Doc: "https://eventlet.readthedocs.io/en/latest/modules/wsgi.html",
		build: func(s *state) parseFunc { return s.zoneless(20, eventlet) },
		Positive: []Sample{{
			`127.0.0.1 - - [25/Nov/2026 18:06:11] "GET /g?x=1 HTTP/1.1" 502 112 0.000299`,
			[]string{"time", "2026-11-25T18:06:11Z", "status", "502", "bytes", "112", "duration", "0.000299", "path", "/g?x=1"},
		}},
		Negative: []string{`127.0.0.1 - - [25/Nov/2026 18:06:11] "GET / HTTP/1.1" 500 -`},
	},
	{
		Name: "daphne", Gateway: "daphne", Kind: tail.KindUpstream, first: "a0:",
		Title: "Daphne's access log", Doc: "https://github.com/django/daphne/blob/main/daphne/access.py",
		build: func(s *state) parseFunc { return s.zoneless(20, daphne) },
		Positive: []Sample{{
			`127.0.0.1:57724 - - [25/Nov/2026:18:06:11] "GET /g?x=1" 502 2`,
			[]string{"time", "2026-11-25T18:06:11Z", "client", "127.0.0.1", "method", "GET", "path", "/g?x=1", "status", "502", "bytes", "2"},
		}, {
			`127.0.0.1:57756 - - [25/Nov/2026:18:06:11] "WSREJECT /ws" - -`,
			[]string{"method", "WSREJECT", "path", "/ws", "status", ""},
		}},
		Negative: []string{`127.0.0.1 - - [25/Nov/2026:18:06:11 +0000] "GET /" 502 2`},
	},
	{
		Name: "tornado", Gateway: "tornado", Kind: tail.KindUpstream, first: "[",
		Title: "Tornado's log, requests with milliseconds", Doc: "https://www.tornadoweb.org/en/stable/log.html",
		build: tornado,
		Positive: []Sample{{
			`[E 261125 18:06:11 web:2293] 502 GET /g?x=1 (127.0.0.1) 0.90ms`,
			[]string{
				"time", "2026-11-25T18:06:11Z", "level", "", "status", "502", "method", "GET", "path", "/g?x=1", "client", "127.0.0.1", "duration", "0.0009",
			},
		}, {
			`[E 261125 18:06:11 web:1820] Uncaught exception GET /bad (127.0.0.1)`,
			[]string{"level", "ERROR", "message", "Uncaught exception GET /bad (127.0.0.1)", "method", "GET", "path", "/bad", "status", ""},
		}},
		Negative: []string{`[E 2026-11-25 18:06:11 web:2293] 502`, `[X 261125 18:06:11 web:2293] 502 GET / (127.0.0.1) 0.90ms`},
	},
}

// zoneless reads `client ident user [time] "request" status bytes`, whose time has
// width bytes; how reads that time and what follows the bytes.
func (s *state) zoneless(width int, how func(s *state, at, rest []byte, ev *tail.Event) bool) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		i := bytes.IndexByte(line, '[')
		end := i + 1 + width
		if i < 2 || i > 256 || len(line) < end+5 || line[i-1] != ' ' || line[end] != ']' || line[end+1] != ' ' || !clfWho(line[:i-1], ev) {
			return false
		}
		req, rest, ok := quoted(line[end+2:])
		if !ok || len(rest) == 0 {
			return false
		}
		rest, ok = clfSent(line[len(line)-len(rest)-1:], ev)
		request(req, ev)
		return ok && how(s, line[i+1:end], rest, ev)
	}
}

func gevent(s *state, at, rest []byte, ev *tail.Event) bool {
	var n int
	var ok bool
	ev.Time, n, ok = s.clk.iso(at)
	return ok && n == len(at) && took(rest, ev)
}

func eventlet(s *state, at, rest []byte, ev *tail.Event) (ok bool) {
	ev.Time, ok = s.clk.dayFirst(at)
	return ok && at[11] == ' ' && took(rest, ev)
}

func daphne(s *state, at, rest []byte, ev *tail.Event) (ok bool) {
	ev.Time, ok = s.clk.dayFirst(at)
	return ok && at[11] == ':' && len(rest) == 0
}

// took reads seconds with six digits behind the point, which end the line.
func took(b []byte, ev *tail.Event) (ok bool) {
	if len(b) < 8 || b[len(b)-7] != '.' {
		return false
	}
	ev.Duration, ok = decimal(b, time.Second)
	return ok
}

// tornadoLevels are the letters that begin a line of Tornado's.
var tornadoLevels = map[byte][]byte{'D': []byte("DEBUG"), 'I': []byte("INFO"), 'W': []byte("WARNING"), 'E': []byte("ERROR"), 'C': []byte("CRITICAL")}

// tornado reads "[L yymmdd hh:mm:ss module:line] ", then "STATUS METHOD uri (client)
// N.NNms" or a message.
func tornado(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		if len(line) < 22 || line[2] != ' ' || line[9] != ' ' || !allDigits(line[3:9]) {
			return false
		}
		level, known := tornadoLevels[line[1]]
		c := civil{y: 2000 + two(line[3:]), mo: two(line[5:]), d: two(line[7:])}
		module, msg, ok := cut(line[18:], ']')
		if !known || !ok || !c.hms(line[10:]) || !c.valid() || len(module) < 3 || bytes.IndexByte(module, ':') < 1 || len(msg) < 2 {
			return false
		}
		ev.Time, msg = s.clk.local(c)*1e9, msg[1:]
		code, rest := word(msg)
		if status, ok := statusCode(code); ok && tornadoRequest(rest, ev) && ev.Duration >= 0 {
			ev.Status = status
			return true
		}
		ev.Level, ev.Message = s.join(level), msg
		if i := index(msg, "exception "); i >= 0 {
			tornadoRequest(msg[i+len("exception "):], ev)
		}
		return true
	}
}

// tornadoRequest reads "METHOD uri (client)" and the milliseconds behind it, if any.
func tornadoRequest(b []byte, ev *tail.Event) bool {
	method, rest := word(b)
	i := index(rest, " (")
	if !isMethod(method) || i < 0 {
		return false
	}
	client, rest2, ok := cut(rest[i+2:], ')')
	if !ok {
		return false
	}
	ev.Method, ev.Path, ev.Client = method, rest[:i], present(client)
	if ms := trim(rest2); hasSuffix(ms, "ms") {
		if d, ok := decimal(ms[:len(ms)-2], time.Millisecond); ok {
			ev.Duration = d
		}
	}
	return true
}
