package parse

import (
	"bytes"
	"time"

	"why502/tail"
)

// uwsgiFormats are uWSGI's request lines and its own messages.
var uwsgiFormats = []Format{
	{
		Name: "uwsgi", Gateway: "uwsgi", Kind: tail.KindUpstream, first: "[{",
		Title: "request lines, the unit is written in them", Doc: "https://uwsgi-docs.readthedocs.io/en/latest/LogFormat.html",
		build: uwsgi,
		Positive: []Sample{
			{
				`[pid: 88185|app: 0|req: 1/1] 127.0.0.1 (bob) {38 vars in 696 bytes} [Sun Mar 13 22:49:12 2016] POST /update_metrics => generated 47 bytes in 129 msecs (HTTP/1.1 502) 9 headers in 378 bytes (1 switches on core 3)`,
				[]string{
					"time", "2016-03-13T22:49:12Z", "client", "127.0.0.1", "method", "POST", "path", "/update_metrics", "status", "502",
					"duration", "0.129", "bytes", "47", "pid", "88185", "protocol", "HTTP/1.1",
				},
			},
			{
				`{address space usage: 1 bytes/0MB} {rss usage: 2 bytes/0MB} [pid: 1|app: -|req: -/3] 127.0.0.1 () {34 vars in 617 bytes} [Sun Mar  3 22:49:15 2016] GET / => generated 0 bytes in 68 micros (HTTP/1.1 200) 0 headers in 0 bytes (0 switches on core 8)`,
				[]string{"duration", "0.000068", "status", "200"},
			},
			{
				`[pid: 1019|app: 0|req: 6/22] 203.0.113.200 (bob@example.com) {33 vars in 1318 bytes} [Sun Mar 15 18:19:19 2026] PATCH /p => generated 341 bytes in 77999 micros via sendfile() (HTTP/1.1 422) 4 headers in 59 bytes (2 switches on core 1)`,
				[]string{"duration", "0.077999", "status", "422", "path", "/p"},
			},
		},
	},
	{
		Name: "uwsgi-log", Gateway: "uwsgi", Kind: tail.KindUpstream, first: "a*!-",
		Title: "uWSGI's own messages, with log-date or without", Doc: "https://uwsgi-docs.readthedocs.io/en/latest/Logging.html",
		build: uwsgiLog,
		Positive: []Sample{
			{
				`Tue Jan  9 04:04:46 2024 - *** uWSGI listen queue of socket ":8000" (fd: 3) full !!! (101/100) ***`,
				[]string{"time", "2024-01-09T04:04:46Z", "message", `*** uWSGI listen queue of socket ":8000" (fd: 3) full !!! (101/100) ***`},
			},
			{
				`Mon Jan 15 01:14:46 2018 - DAMN ! worker 1 (pid: 53) died, killed by signal 9 :( trying respawn ...`,
				[]string{"pid", "53"},
			},
			{
				`Mon Jan 15 01:14:45 2018 - HARAKIRI [core 0] 193.144.44.171 - GET /containers/7 since 1516000464`,
				[]string{"method", "GET", "path", "/containers/7", "client", "193.144.44.171"},
			},
			{`*** HARAKIRI ON WORKER 1 (pid: 53, try: 1) ***`, []string{"pid", "53"}},
			{
				`--- no python application found, check your startup logs for errors ---`,
				[]string{"message", `--- no python application found, check your startup logs for errors ---`},
			},
			{`invalid request block size: 21573 (max 4096)...skip`, []string{"message", `invalid request block size: 21573 (max 4096)...skip`}},
		},
		Negative: []string{`*** hello ***`},
	},
}

func uwsgi(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		i := index(line, "[pid: ")
		if i < 0 || i > 0 && line[0] != '{' {
			return false
		}
		head, rest, ok := cut(line[i+6:], ']')
		pid, head, okPid := cut(head, '|')
		if !ok || !okPid || !hasPrefix(head, "app: ") || !allDigits(pid) {
			return false
		}
		ev.PID = pid
		ev.Client, rest = word(trim(rest))
		if i = bytes.IndexByte(rest, '['); i < 0 {
			return false
		}
		var n int
		if ev.Time, n, ok = s.clk.ansic(rest[i+1:]); !ok {
			return false
		}
		rest = rest[i+1+n:]
		j := index(rest, " => generated ")
		if j < 2 || rest[0] != ']' {
			return false
		}
		ev.Method, ev.Path = word(trim(rest[1:j]))
		size, rest := word(rest[j+len(" => generated "):])
		if n, ok := atoi(size); ok && n >= 0 {
			ev.Bytes = n
		}
		_, rest = word(rest) // "bytes"
		_, rest = word(rest) // "in"
		spent, rest := word(rest)
		name, rest := word(rest)
		return uwsgiSpent(spent, name, ev) && uwsgiStatus(rest, ev)
	}
}

func uwsgiSpent(b, name []byte, ev *tail.Event) bool {
	unit := time.Millisecond
	switch string(name) {
	case "msecs":
	case "micros":
		unit = time.Microsecond
	default:
		return false
	}
	d, ok := decimal(b, unit)
	ev.Duration = d
	return ok
}

// uwsgiStatus reads "(HTTP/1.1 200) ...", before which "via sendfile()" may stand.
func uwsgiStatus(b []byte, ev *tail.Event) bool {
	i := index(b, "(HTTP/")
	if i < 0 {
		return false
	}
	in, _, ok := cut(b[i+1:], ')')
	if !ok {
		return false
	}
	proto, code := word(in)
	ev.Protocol = proto
	ev.Status, ok = statusCode(code)
	return ok
}

// uwsgiWords mark uWSGI's messages when the line has no date.
var uwsgiWords = []string{
	"HARAKIRI", "uWSGI listen queue", "DAMN ! worker", "uwsgi_", "uWSGI", "no python application found", "Respawned uWSGI worker",
	"worker 1 (pid:", "spawned uWSGI", "SIGPIPE: writing to a closed pipe", "OSError: write error", "SIGINT/SIGTERM received", "SIGTERM received",
	"--- no python application found", "invalid request block size", "invalid HTTP request size",
}

func uwsgiLog(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		msg := line
		if ns, n, ok := s.clk.ansic(line); ok {
			if !hasPrefix(line[n:], " - ") {
				return false
			}
			ev.Time, msg = ns, line[n+3:]
		} else if !uwsgiWord(line) {
			return false
		}
		ev.Message = msg
		if i := index(msg, "(pid: "); i >= 0 {
			ev.PID = number(msg[i+6:], nil)
		}
		if hasPrefix(msg, "HARAKIRI [core ") {
			if i := index(msg, "] "); i > 0 {
				client, rest := word(msg[i+2:])
				_, rest = word(rest)
				method, rest := word(rest)
				path, _ := word(rest)
				ev.Client, ev.Method, ev.Path = present(client), present(method), present(path)
			}
		}
		return true
	}
}

func uwsgiWord(b []byte) bool {
	b = b[:min(len(b), 100)]
	for _, w := range uwsgiWords {
		if i := index(b, w); i == 0 || i > 0 && hasPrefix(b, "*** ") {
			return true
		}
	}
	return false
}
