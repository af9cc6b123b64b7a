package parse

import (
	"bytes"

	"why502/tail"
)

// appFormats are the logs of applications in Ruby and Go that log their requests
// themselves.
var appFormats = []Format{
	{
		Name: "ruby-log", Gateway: "rails", Kind: tail.KindUpstream, first: "DIWEFA",
		Title: "Ruby's Logger, as Rails writes it; Lograge's requests in it with milliseconds", Doc: "https://docs.ruby-lang.org/en/master/Logger/Formatter.html",
		build: rubyLog,
		Positive: []Sample{
			{
				`E, [2026-11-23T07:13:24.449182 #182] ERROR -- : [3a3d5258-a569-456b-a216-9ec7b56d71e0] ActiveRecord::ConnectionTimeoutError (could not obtain a connection)`,
				[]string{
					"time", "2026-11-23T07:13:24.449182Z", "level", "ERROR", "pid", "182", "request_id", "3a3d5258-a569-456b-a216-9ec7b56d71e0",
					"message", "ActiveRecord::ConnectionTimeoutError (could not obtain a connection)",
				},
			},
			{
				`I, [2026-11-23T07:13:24.449182 #182]  INFO -- : method=GET path=/export format=json controller=UsersController action=show status=503 duration=1.82 view=0.35`,
				[]string{"time", "2026-11-23T07:13:24.449182Z", "method", "GET", "path", "/export", "status", "503", "duration", "0.00182", "level", ""},
			},
			{
				`I, [2026-11-23T07:13:24.449182 #182]  INFO -- web: Started GET "/a?b=1" for 10.0.0.9 at 2026-11-23 07:13:24 +0000`,
				[]string{"method", "GET", "path", "/a?b=1", "client", "10.0.0.9", "level", "INFO"},
			},
			{
				`I, [2026-11-23T07:13:24.449182 #182]  INFO -- : Completed 500 Internal Server Error in 12ms (ActiveRecord: 3.1ms)`,
				[]string{"status", "500", "duration", "0.012"},
			},
		},
		Negative: []string{`ERROR:app.db:connection refused`, `I, said the fly`},
	},
	{
		Name: "go-chi", Gateway: "go", Kind: tail.KindUpstream, first: "0",
		Title: "requests as chi's Logger middleware writes them", Doc: "https://pkg.go.dev/github.com/go-chi/chi/v5/middleware#Logger",
		build: chi,
		Positive: []Sample{
			{
				`2026/11/23 07:13:24 [web-5f7/f186dc0ffc-000007] "GET http://localhost:3000/a?b=1 HTTP/1.1" from 192.0.2.88:53790 - 504 160B in 1m0.002723006s`,
				[]string{
					"time", "2026-11-23T07:13:24Z", "method", "GET", "path", "/a?b=1", "host", "localhost:3000", "protocol", "HTTP/1.1", "client", "192.0.2.88",
					"status", "504", "bytes", "160", "duration", "60.002723006", "request_id", "web-5f7/f186dc0ffc-000007",
				},
			},
			{
				`2026/11/23 07:13:24 "HEAD http://localhost:3000/healthz HTTP/1.0" from [::1]:50161 - 200 0B in 625.007µs`,
				[]string{"client", "::1", "path", "/healthz", "status", "200", "duration", "0.000625007"},
			},
		},
		Negative: []string{`2026/11/23 07:13:24 [error] 7#7: *1 connect() failed`, `2026/11/23 07:13:24 "GET / HTTP/1.1"`},
	},
}

// rubyLog reads "L, [TIME #PID] LEVEL -- PROGRAM: [TAG] TEXT".
func rubyLog(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		if len(line) < 40 || string(line[1:4]) != ", [" {
			return false
		}
		ns, n, ok := s.clk.iso(line[4:])
		pid, rest, ended := cut(line[4+n:], ']')
		if !ok || !ended || !hasPrefix(pid, " #") || !allDigits(pid[2:]) {
			return false
		}
		level, rest := word(trim(rest))
		if !isWord(level) || level[0] != line[0] && string(level) != "ANY" || !hasPrefix(rest, "-- ") {
			return false
		}
		_, text, ok := cut(rest, ':')
		if !ok {
			return false
		}
		text = trim(text)
		var id []byte
		if tag, after, ok := cut(text, ']'); ok && len(tag) > 16 && tag[0] == '[' && bytes.IndexByte(tag, ' ') < 0 { // config.log_tags = [:request_id]
			id, text = tag[1:], trim(after)
		}
		rubyText(s, text, ev)
		ev.Time, ev.PID = ns, pid[2:]
		if id != nil {
			ev.RequestID = id
		}
		if ev.Message != nil {
			ev.Level = level
		}
		return true
	}
}

// rubyText reads what Rails and Lograge say of requests.
func rubyText(s *state, text []byte, ev *tail.Event) {
	if index(text, "status=") > 0 && s.logfmt(text, ev, anyKeys) && ev.Status >= 100 {
		s.lograge(text, ev)
		return
	}
	ev.Message = text
	switch {
	case hasPrefix(text, "Started "):
		method, rest := word(text[len("Started "):])
		path, rest, ok := quoted(rest)
		if client, _ := word(bytes.TrimPrefix(rest, []byte("for "))); ok && isAddress(client) {
			ev.Method, ev.Path, ev.Client = method, path, client
		}
	case hasPrefix(text, "Completed "):
		status, rest := word(text[len("Completed "):])
		ev.Status, _ = statusCode(status)
		if _, spent, ok := bytes.Cut(rest, []byte(" in ")); ok {
			spent, _ = word(spent)
			ev.Duration = duraOr(spent, uGo)
		}
	}
}

// chi reads `TIME [ID] "METHOD URL PROTOCOL" from CLIENT - STATUS BYTESB in DURATION`
// behind the time of Go's log package.
func chi(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		if len(line) < 60 || line[4] != '/' || line[19] != ' ' {
			return false
		}
		ns, ok := s.clk.nginx(line)
		if !ok {
			return false
		}
		rest := line[20:]
		var id []byte
		if rest[0] == '[' {
			if id, rest, ok = cut(rest[1:], ']'); !ok {
				return false
			}
			rest = trim(rest)
		}
		req, rest, ok := quoted(rest)
		if !ok || !hasPrefix(rest, "from ") {
			return false
		}
		client, rest := word(rest[len("from "):])
		dash, rest := word(rest)
		status, rest := word(rest)
		size, rest := word(rest)
		in, spent := word(rest)
		if string(dash) != "-" || string(in) != "in" || len(size) < 2 || size[len(size)-1] != 'B' {
			return false
		}
		if ev.Status, ok = statusCode(status); !ok {
			return false
		}
		if n, ok := atoi(size[:len(size)-1]); ok && n >= 0 {
			ev.Bytes = n
		}
		request(req, ev)
		ev.Host, ev.Path = urlHost(ev.Path), urlPath(ev.Path) // it puts "http://HOST" before the target
		ev.Time, ev.Client, ev.RequestID = ns, stripPort(client), present(id)
		ev.Duration = duraOr(trim(spent), uGo)
		return ev.Duration != tail.None
	}
}
