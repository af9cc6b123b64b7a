package parse

import (
	"bytes"

	"why502/tail"
)

// pythonFormats are the logs of Python's application servers. Their lines are of
// kind upstream: the server behind the gateway speaks, and a request is counted
// once, where the gateway logged it.
var pythonFormats = []Format{
	{
		Name: "hypercorn-access", Gateway: "hypercorn", Kind: tail.KindUpstream, first: "[",
		Title: "hypercorn's access log", Doc: "https://hypercorn.readthedocs.io/en/latest/how_to_guides/logging.html",
		build: hypercornAccess,
		Positive: []Sample{{
			`[2024-01-09 13:24:39 +0000] [1637] [INFO] 127.0.0.1:51234 - - [09/Jan/2024:13:24:39 +0000] "GET /a?b=1 1.1" 502 12 "-" "curl/8"`,
			[]string{"time", "2024-01-09T13:24:39Z", "client", "127.0.0.1", "method", "GET", "path", "/a?b=1", "status", "502", "protocol", "1.1", "bytes", "12"},
		}},
		Negative: []string{`[2024-01-09 13:24:39 +0000] [1637] [CRITICAL] WORKER TIMEOUT (pid:7214)`},
	},
	{
		Name: "gunicorn-error", Gateway: "gunicorn", Kind: tail.KindUpstream, first: "[",
		Title: "gunicorn's error log; hypercorn's has the same form", Doc: "https://docs.gunicorn.org/en/stable/settings.html#logging",
		build: gunicornError,
		Positive: []Sample{
			{
				`[2024-01-09 13:24:39 +0100] [1637] [CRITICAL] WORKER TIMEOUT (pid:7214)`,
				[]string{"time", "2024-01-09T12:24:39Z", "level", "CRITICAL", "message", "WORKER TIMEOUT (pid:7214)", "pid", "7214"},
			},
			{
				`[2024-01-09 13:24:40 +0000] [7310] [INFO] Booting worker with pid: 7310`,
				[]string{"pid", "7310", "level", "INFO"},
			},
			{
				`[2024-01-09 13:24:40 +0000] [73] [ERROR] Error handling request /a`,
				[]string{"pid", "73", "message", "Error handling request /a", "path", "/a"},
			},
			{
				`[2024-01-09 13:24:40 +0000] [73] [INFO] 10.0.0.1:57606 - "GET /a?b HTTP/1.1" 502`,
				[]string{"path", "/a?b", "status", "502", "client", "10.0.0.1", "level", ""},
			},
		},
		Negative: []string{`[2024-01-09 13:24:40,123] ERROR in app: Exception on /p [GET]`},
	},
	{
		Name: "gunicorn-access", Gateway: "gunicorn", Kind: tail.KindUpstream, twin: "nginx-combined",
		Title: "gunicorn's access log (combined); without a client when it listens on a unix socket",
		Doc:   "https://docs.gunicorn.org/en/stable/settings.html#access-log-format",
		build: gunicornAccess,
		Positive: []Sample{
			{
				` - - [23/Nov/2026:07:31:23 +0000] "GET /api/items/1 HTTP/1.1" 200 35 "-" "curl/7.88.1"`,
				[]string{"client", "", "status", "200", "path", "/api/items/1"},
			},
			{
				`10.77.0.1 - - [23/Nov/2026:07:31:23 +0000] "GET /api/items/1 HTTP/1.1" 200 35 "-" "curl/7.88.1"`,
				[]string{"client", "10.77.0.1", "kind", "upstream"},
			},
		},
	},
	{
		Name: "uvicorn", Gateway: "uvicorn", Kind: tail.KindUpstream, first: "IWEDCT ",
		Title: "uvicorn's access and error lines; they have neither time nor latency", Doc: "https://www.uvicorn.org/settings/#logging",
		build: uvicorn,
		Positive: []Sample{
			{
				`INFO:     2001:db8::7:34956 - "WebSocket /ws?room=1" 403`,
				[]string{"client", "2001:db8::7", "path", "/ws?room=1", "status", "403"},
			},
			{
				`INFO:     10.0.0.1:34956 - "WebSocket /ws" [accepted]`,
				[]string{"client", "10.0.0.1", "path", "/ws", "status", "", "message", `"WebSocket /ws" [accepted]`},
			},
			{ // FastAPI's command
				`      INFO   127.0.0.1:57606 - "GET /cli HTTP/1.1" 200`,
				[]string{"client", "127.0.0.1", "path", "/cli", "status", "200"},
			},
			{
				`INFO:      - "GET /unix HTTP/1.1" 200 OK`,
				[]string{"client", "", "path", "/unix", "status", "200"},
			},
			{
				`INFO:     127.0.0.1:34956 - "GET /a?b=c d HTTP/1.1" 500 Internal Server Error`,
				[]string{"client", "127.0.0.1", "method", "GET", "path", "/a?b=c d", "status", "500", "time", ""},
			},
			{
				`INFO:uvicorn.access:192.0.2.61:48124 - "GET /export?from=2026 HTTP/1.1" 503`,
				[]string{"client", "192.0.2.61", "path", "/export?from=2026", "status", "503", "level", ""},
			},
			{
				`WARNING:  Exceeded concurrency limit.`,
				[]string{"level", "WARNING", "message", "Exceeded concurrency limit."},
			},
		},
		Negative: []string{`ERROR in app: Exception on / [GET]`, `INFO: fine`},
	},
	{
		Name: "werkzeug", Gateway: "werkzeug", Kind: tail.KindUpstream, first: "a0:",
		Title: "Flask's development server", Doc: "https://werkzeug.palletsprojects.com/en/stable/serving/",
		build: werkzeug,
		Positive: []Sample{{
			`127.0.0.1 - - [05/Sep/2020 17:51:30] "GET / HTTP/1.1" 500 -`,
			[]string{"time", "2020-09-05T17:51:30Z", "client", "127.0.0.1", "path", "/", "status", "500"},
		}, {
			`127.0.0.1 - - [05/Sep/2020 17:51:30] code 400, message Bad request version ('x')`,
			[]string{"time", "2020-09-05T17:51:30Z", "client", "127.0.0.1", "status", "400", "message", "code 400, message Bad request version ('x')"},
		}, {
			`INFO:werkzeug:10.0.0.1 - - [05/Sep/2020 17:51:30] "GET /a HTTP/1.1" 200 -`,
			[]string{"client", "10.0.0.1", "path", "/a", "status", "200"},
		}},
		Negative: []string{`127.0.0.1 - - [05/Sep/2020:17:51:30 +0000] "GET / HTTP/1.1" 500 -`},
	},
	{
		Name: "django", Gateway: "django", Kind: tail.KindUpstream, first: "[INB",
		Title: "Django's runserver and its request errors", Doc: "https://docs.djangoproject.com/en/stable/ref/logging/",
		build: django,
		Positive: []Sample{
			{
				`[05/Sep/2020 17:51:30] "GET /p?x=1 HTTP/1.1" 500 145`,
				[]string{"time", "2020-09-05T17:51:30Z", "path", "/p?x=1", "status", "500", "bytes", "145"},
			},
			{
				`[15/Sep/2026 20:21:22] - Broken pipe from ('127.0.0.1', 58216)`,
				[]string{"time", "2026-09-15T20:21:22Z", "message", `Broken pipe from ('127.0.0.1', 58216)`, "status", ""},
			},
			{`Internal Server Error: /p`, []string{"path", "/p", "message", "Internal Server Error: /p"}},
		},
	},
	{
		Name: "python-log", Gateway: "flask", Kind: tail.KindUpstream, first: "[0DIWEC",
		Title: "Flask's and Python's logging lines", Doc: "https://flask.palletsprojects.com/en/stable/logging/",
		build: pythonLog,
		Positive: []Sample{
			{
				`ERROR:app.db:connection refused`,
				[]string{"level", "ERROR", "message", "app.db:connection refused", "time", ""},
			},
			{
				`2026-11-23 07:13:24,512 - werkzeug - INFO - 10.0.0.1 - - [23/Nov/2026 07:13:24] "GET /b HTTP/1.1" 500 -`,
				[]string{"status", "500", "path", "/b", "client", "10.0.0.1"},
			},
			{
				`[2026-11-23 07:13:24,512] ERROR in app: Exception on /api/checkout [GET]`,
				[]string{"time", "2026-11-23T07:13:24.512Z", "level", "ERROR", "path", "/api/checkout", "method", "GET", "message", "Exception on /api/checkout [GET]"},
			},
			{
				`2026-11-23 07:13:24,512 - app.db - ERROR - connection refused`,
				[]string{"time", "2026-11-23T07:13:24.512Z", "level", "ERROR"},
			},
			{
				`2026-11-23 07:13:24,512 [ERROR] app.db: connection refused`,
				[]string{"level", "ERROR", "message", "app.db: connection refused"},
			},
			{
				`2026-11-23 07:13:24,512 - uvicorn.access - INFO - 10.0.0.1:34956 - "GET /a HTTP/1.1" 502`,
				[]string{"time", "2026-11-23T07:13:24.512Z", "status", "502", "path", "/a", "client", "10.0.0.1"},
			},
			{
				`2026-11-23 07:13:24 INFO:     10.0.0.1:34956 - "GET /a HTTP/1.1" 502 Bad Gateway`,
				[]string{"time", "2026-11-23T07:13:24Z", "status", "502", "path", "/a", "client", "10.0.0.1"},
			},
		},
		Negative: []string{`[2024-01-09 13:24:39 +0000] [1637] [CRITICAL] WORKER TIMEOUT (pid:7214)`},
	},
}

// gunicornHead reads "[time zone] [pid] [LEVEL] " and returns the rest.
func (s *state) gunicornHead(line []byte, ev *tail.Event) (rest []byte, ok bool) {
	if len(line) < 36 || line[0] != '[' || line[26] != ']' {
		return nil, false
	}
	var n int
	if ev.Time, n, ok = s.clk.iso(line[1:]); !ok || n != 25 {
		return nil, false
	}
	pid, rest, ok := cut(line[27:], ']')
	if !ok || !hasPrefix(pid, " [") || !allDigits(pid[2:]) || !hasPrefix(rest, " [") {
		return nil, false
	}
	level, rest, ok := cut(rest[2:], ']')
	if !ok || !isWord(level) {
		return nil, false
	}
	ev.PID, ev.Level = pid[2:], level
	return trim(rest), true
}

func gunicornError(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		msg, ok := s.gunicornHead(line, ev)
		if !ok || bytes.IndexByte(msg, '"') > 0 && index(msg, " - - [") > 0 {
			return false
		}
		if uvicornRequest(msg, ev) { // of gunicorn's uvicorn workers
			ev.Level = nil
			return true
		}
		ev.Message = msg
		// what the line is about: the worker, not the arbiter that says it
		for _, w := range [...]string{"(pid:", "with pid ", "pid: "} {
			if i := index(msg, w); i >= 0 {
				ev.PID = number(trim(msg[i+len(w):]), ev.PID)
				break
			}
		}
		if hasPrefix(msg, "Error handling request /") {
			ev.Path = msg[len("Error handling request "):]
		}
		return true
	}
}

// number returns the digits that b begins with, or def.
func number(b, def []byte) []byte {
	n := 0
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	if n == 0 {
		return def
	}
	return b[:n]
}

func gunicornAccess(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		mid, rest, ok := s.clfHead(line, ev)
		if !ok || mid != nil || ev.Host != nil {
			return false
		}
		var t [8][]byte
		n, rest, ok := tails(rest, &t)
		agent(&t, ev)
		return ok && n == 2 && len(rest) == 0
	}
}

func hypercornAccess(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		rest, ok := s.gunicornHead(line, ev)
		if !ok {
			return false
		}
		who, _ := word(rest)
		_, rest, ok = s.clfHead(rest, ev)
		if !ok {
			return false
		}
		ev.Level, ev.Client = nil, beforePort(who)
		var t [8][]byte
		_, _, ok = tails(rest, &t)
		agent(&t, ev)
		return ok
	}
}

// uvicornBasic stands before its requests when Python's basicConfig was called.
const uvicornBasic = "INFO:uvicorn.access:"

// uvicorn reads `LEVEL:` with blanks up to the tenth column, then a request or a
// message.
func uvicorn(*state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		if line[0] == ' ' {
			level, rest := word(trim(line))
			return pythonLevel(level) && uvicornRequest(rest, ev)
		}
		if hasPrefix(line, uvicornBasic) {
			return uvicornRequest(line[len(uvicornBasic):], ev)
		}
		level, rest, ok := cut(line, ':')
		if !ok || len(level)+1+len(rest) < 11 || line[9] != ' ' || line[10] == ' ' && !hasPrefix(line[10:], ` - "`) {
			return false
		}
		switch string(level) {
		case "INFO", "WARNING", "ERROR", "CRITICAL", "DEBUG", "TRACE":
		default:
			return false
		}
		if uvicornRequest(line[10:], ev) {
			return true
		}
		ev.Level, ev.Message = level, trim(rest)
		return true
	}
}

// uvicornRequest reads `ip:port - "M P PROTO" CODE Phrase`; of an accepted
// WebSocket it has "[accepted]" instead of the code, and the client is empty on a
// unix socket.
func uvicornRequest(b []byte, ev *tail.Event) bool {
	i := index(b, ` - "`)
	if i < 0 || bytes.IndexByte(b[:i], ' ') >= 0 {
		return false
	}
	j := quoteEnd(b[i+4:])
	if j < 0 {
		return false
	}
	code, _ := word(trim(b[i+4+j+1:]))
	n, ok := statusCode(code)
	if string(code) == "[accepted]" {
		ev.Message = b[i+3:]
	} else if !ok {
		return false
	}
	ev.Status = n
	if i > 0 {
		ev.Client = present(beforePort(b[:i]))
	}
	request(b[i+4:i+4+j], ev)
	return true
}

// werkzeug reads a CLF line whose time has a blank and no zone.
func werkzeug(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		return s.werkzeugRequest(bytes.TrimPrefix(line, []byte("INFO:werkzeug:")), ev) // Python's basicConfig
	}
}

func (s *state) werkzeugRequest(line []byte, ev *tail.Event) bool {
	i := bytes.IndexByte(line, '[')
	if i < 5 || i > 256 || len(line) < i+23 || line[i+12] != ' ' || line[i+21] != ']' {
		return false
	}
	ns, ok := s.clk.dayFirst(line[i+1 : i+21])
	if !ok || !clfWho(line[:i-1], ev) {
		return false
	}
	text := trim(line[i+22:])
	if code, msg := word(text); string(code) == "code" { // "code 400, message Bad request version"
		ev.Time, ev.Message = ns, text
		ev.Status, ok = statusCode(msg[:min(3, len(msg))])
		return ok
	}
	req, rest, ok := quoted(text)
	if !ok {
		return false
	}
	ev.Time = ns
	request(req, ev)
	code, size := word(rest)
	ev.Status, ok = statusCode(code)
	return ok && bytes.IndexByte(size, ' ') < 0 // eventlet goes on
}

// djangoPhrases begin the lines that django.request writes.
var djangoPhrases = []string{"Internal Server Error: /", "Not Found: /", "Bad Request: /", "Bad Gateway: /", "Service Unavailable: /"}

func django(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		if line[0] != '[' {
			for _, p := range djangoPhrases {
				if hasPrefix(line, p) {
					ev.Path, ev.Message = line[len(p)-1:], line
					return true
				}
			}
			return false
		}
		if len(line) < 24 || line[12] != ' ' || line[21] != ']' {
			return false
		}
		var ok bool
		if ev.Time, ok = s.clk.dayFirst(line[1:21]); !ok {
			return false
		}
		text := trim(line[22:])
		if hasPrefix(text, "- Broken pipe from ") {
			ev.Message = text[2:]
			return true
		}
		req, rest, ok := quoted(text)
		if !ok {
			return false
		}
		request(req, ev)
		code, rest := word(rest)
		if ev.Status, ok = statusCode(code); !ok {
			return false
		}
		if n, ok := atoi(rest); ok && n >= 0 {
			ev.Bytes = n
		}
		return true
	}
}

// pythonLog reads "[time,ms] LEVEL in module: text" (Flask), "time,ms - name -
// LEVEL - text" (the usual logging format) and "LEVEL:name:text" (basicConfig).
func pythonLog(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		b := line
		bracket := b[0] == '['
		if isLetter(b[0]) {
			return pythonBasic(b, ev)
		}
		if bracket {
			b = b[1:]
		}
		if len(b) < 26 || b[19] != ',' && b[19] != ' ' || b[10] != ' ' {
			return false
		}
		ns, n, ok := s.clk.iso(b)
		if ok && n == 19 && !bracket {
			level, text := word(b[20:])
			ev.Time = ns
			return pythonLevel(bytes.TrimRight(level, ":")) && uvicornRequest(text, ev)
		}
		if !ok || n != 23 {
			return false
		}
		ev.Time, b = ns, b[23:]
		if !bracket {
			return s.pythonDashes(b, ev)
		}
		if !hasPrefix(b, "] ") {
			return false
		}
		level, rest := word(b[2:])
		if !hasPrefix(rest, "in ") {
			return false
		}
		_, msg, ok := cut(rest, ':')
		if !ok || !isWord(level) {
			return false
		}
		ev.Level, ev.Message = level, trim(msg)
		if hasPrefix(ev.Message, "Exception on /") {
			path, method := word(ev.Message[len("Exception on "):])
			ev.Path, ev.Method = path, present(bytes.Trim(method, "[]"))
		}
		return true
	}
}

// pythonBasic reads "LEVEL:name:text".
func pythonBasic(b []byte, ev *tail.Event) bool {
	level, rest, _ := cut(b, ':')
	name, text, ok := cut(rest, ':')
	if !ok || hasPrefix(b, uvicornBasic) || !pythonLevel(level) || !isWord(name) || hasPrefix(text, "//") || string(name) == "werkzeug" && bytes.IndexByte(text, '[') >= 0 {
		return false
	}
	ev.Level, ev.Message = level, rest
	return true
}

func (s *state) pythonDashes(b []byte, ev *tail.Event) bool {
	if w, rest := word(trim(b)); pythonLevel(bytes.Trim(w, "[]:")) { // "time LEVEL name: text"
		if !uvicornRequest(rest, ev) {
			ev.Level, ev.Message = bytes.Trim(w, "[]:"), rest
		}
		return true
	}
	for range 3 {
		i := index(b, " - ")
		if i < 0 || i > 80 {
			return false
		}
		if w := trim(b[:i]); pythonLevel(w) {
			if text := b[i+3:]; !uvicornRequest(text, ev) && !s.werkzeugRequest(text, ev) {
				ev.Level, ev.Message = w, text
			}
			return true
		}
		b = b[i+3:]
	}
	return false
}

func pythonLevel(b []byte) bool {
	switch string(b) {
	case "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL":
		return true
	}
	return false
}
