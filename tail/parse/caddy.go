package parse

import (
	"bytes"
	"time"

	"why502/tail"
)

const docCaddy = "https://caddyserver.com/docs/caddyfile/directives/log"

// caddyFormats are Caddy v2's access log and its own log. The access log names no
// upstream; the error log does within Go's error text. An integer duration of a
// million or more is nanoseconds (duration_format nano): no request takes eleven
// days.
var caddyFormats = []Format{
	{
		Name: "caddy-access", Gateway: "caddy", Kind: tail.KindAccess, first: "{",
		Title: "access log, JSON encoder, seconds", Doc: docCaddy,
		build: caddyAccess.parser(),
		Positive: []Sample{
			{
				`{"level":"error","ts":1795417050.3663425,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"127.0.0.1","remote_port":"47142","client_ip":"127.0.0.2","proto":"HTTP/1.1","method":"GET","host":"127.0.0.1:19801","uri":"/dead/1","headers":{"User-Agent":["probe/1"],"Accept":["*/*"]}},"bytes_read":0,"user_id":"","duration":0.000362548,"size":0,"status":502,"resp_headers":{"Server":["Caddy"]}}`,
				[]string{
					"time", "2026-11-23T06:57:30.3663425Z", "status", "502", "duration", "0.000362548", "path", "/dead/1", "client", "127.0.0.2",
					"user_agent", "probe/1", "host", "127.0.0.1:19801", "bytes", "0", "maker", "gateway", "protocol", "HTTP/1.1",
				},
			},
			{
				`{"level":"error","ts":"2026-11-23T06:57:30.366Z","logger":"http.log.access","msg":"handled request","request":{"remote_ip":"127.0.0.1","method":"GET","host":"h","uri":"/boom"},"duration":"1.5ms","size":3,"status":500,"resp_headers":{"Via":["1.1 Caddy"],"Server":["BaseHTTP/0.6"]}}`,
				[]string{"time", "2026-11-23T06:57:30.366Z", "status", "500", "duration", "0.0015", "maker", "upstream"},
			},
		},
	},
	{
		Name: "caddy-log", Gateway: "caddy", Kind: tail.KindError, first: "{",
		Title: "Caddy's own log, errors of requests included, JSON encoder", Doc: "https://caddyserver.com/docs/logging",
		build: caddyLog.parser(),
		Positive: []Sample{
			{
				`{"level":"error","ts":1795417050.3663008,"logger":"http.log.error.log0","msg":"dial tcp 127.0.0.1:19799: connect: connection refused","request":{"remote_ip":"127.0.0.1","client_ip":"127.0.0.1","proto":"HTTP/1.1","method":"GET","host":"127.0.0.1:19801","uri":"/dead/1"},"duration":0.000362548,"status":502,"err_id":"ggur5s8gc","err_trace":"reverseproxy.statusError (reverseproxy.go:1776)"}`,
				[]string{
					"kind", "error", "level", "error", "status", "502", "path", "/dead/1", "upstream", "127.0.0.1:19799", "duration", "0.000362548",
					"message", "dial tcp 127.0.0.1:19799: connect: connection refused", "flags", "reverseproxy.statusError (reverseproxy.go:1776)",
				},
			},
			{
				`{"level":"warn","ts":1795417049.0691047,"logger":"http.handlers.reverse_proxy","msg":"aborting with incomplete response","upstream":"10.0.0.5:80","error":"unexpected EOF"}`,
				[]string{"message", "aborting with incomplete response: unexpected EOF", "upstream", "10.0.0.5:80", "level", "warn"},
			},
			{
				`{"level":"info","ts":1795417049.0690048,"msg":"using config from file","file":"gwrun/Caddyfile"}`,
				[]string{"message", "using config from file"},
			},
		},
		Negative: []string{
			`{"level":"info","ts":1795417049.0690048,"caller":"a/b.go:1","msg":"hello"}`,
			`{"level":"info","ts":1795417049.0690048,"logger":"http.log.access.log0","msg":"handled request","status":200}`,
		},
	},
	{
		Name: "caddy-console", Gateway: "caddy", Kind: tail.KindError, first: "0",
		Title: "Caddy's console encoder, access and own log", Doc: docCaddy + "#console",
		build: caddyConsole,
		Positive: []Sample{
			{
				"2026/11/23 06:57:30.366\tERROR\thttp.log.access.log0\thandled request\t" + `{"request":{"remote_ip":"127.0.0.1","proto":"HTTP/1.1","method":"GET","host":"h","uri":"/dead/1"},"duration":0.000362548,"size":0,"status":502,"resp_headers":{"Server":["Caddy"]}}`,
				[]string{"time", "2026-11-23T06:57:30.366Z", "kind", "access", "status", "502", "path", "/dead/1", "duration", "0.000362548", "client", "127.0.0.1"},
			},
			{
				"2026/11/23 06:57:30.366\tERROR\thttp.log.error\tdial tcp 127.0.0.1:19799: connect: connection refused\t" + `{"request":{"method":"GET","uri":"/"},"status":502}`,
				[]string{"kind", "error", "level", "ERROR", "upstream", "127.0.0.1:19799", "path", "/"},
			},
			{
				"2026/11/23 06:57:30.366\tINFO\tserving initial configuration",
				[]string{"level", "INFO", "message", "serving initial configuration"},
			},
		},
		Negative: []string{`2026/11/23 06:57:30 [error] 1#1: *2 x`},
	},
}

var caddyRules = []jsonRule{
	{"ts", dTime, 0},
	{"request.client_ip|request.remote_ip|request.remote_addr", dClient, 0},
	{"request.method", dMethod, 0},
	{"request.uri", dPath, 0},
	{"request.proto", dProtocol, 0},
	{"request.host", dHost, 0},
	{"request.headers.User-Agent", dUserAgent, 0},
	{"request.headers.Referer", dReferer, 0},
	{"request.headers.X-Request-Id", dRequestID, 0},
	{"status", dStatus, 0},
	{"size", dBytes, 0},
	{"duration", dDuration, uSec},
	{"logger|resp_headers.Via|resp_headers.Server", dNone, 0},
}

var caddyAccess = jsonFormat{
	all:   "ts|logger|request|status",
	rules: caddyRules,
	finish: func(s *state, ev *yielded) bool {
		if !hasPrefix(s.doc.text(s, kLogger), "http.log.access") {
			return false
		}
		ev.Level = nil
		caddyDuration(s, ev)
		caddyMaker(s, ev)
		return true
	},
}

var (
	kLogger, kVia, kServer = key("logger"), key("resp_headers.Via"), key("resp_headers.Server")
	kDuration              = key("duration")
)

// caddyDuration reads the forms that duration_format makes. Whole seconds happen to
// nobody: an integer counts nanoseconds.
func caddyDuration(s *state, ev *tail.Event) {
	b := s.doc.text(s, kDuration)
	if n, ok := atoi(b); ok && n >= 1e3 {
		ev.Duration = time.Duration(n)
		return
	}
	ev.Duration = duraOr(b, uSec)
}

// caddyMaker says who made the response: since 2.11 an upstream's response has
// Caddy in its Via header; Caddy's own error has its name as Server and no body.
func caddyMaker(s *state, ev *tail.Event) {
	switch {
	case index(s.doc.text(s, kVia), "Caddy") >= 0:
		ev.Maker = tail.MakerUpstream
	case ev.Status >= 400 && ev.Bytes == 0 && string(s.doc.text(s, kServer)) == "Caddy":
		ev.Maker = tail.MakerGateway
	}
}

var caddyLog = jsonFormat{
	all:  "level|ts|msg",
	none: "caller|time|message|method|path",
	rules: append([]jsonRule{
		{"level", dLevel, 0},
		{"msg", dMessage, 0},
		{"error", dError, 0},
		{"err_trace", dFlags, 0},
		{"err_id", dRequestID, 0},
		{"upstream|dial|host", dUpstream, 0},
	}, caddyRules...),
	finish: caddyLogFinish,
}

func caddyLogFinish(s *state, ev *yielded) bool {
	logger := s.doc.text(s, kLogger)
	if hasPrefix(logger, "http.log.access") || logger == nil && ev.Status != 0 {
		return false
	}
	caddyDuration(s, ev)
	if hasPrefix(logger, "http.log.error") || len(ev.Attempts) == 0 {
		ev.Attempts = ev.Attempts[:0]
		s.goAddr(ev.Message, ev)
	}
	return true
}

var caddyFields = jsonFormat{
	rules: append([]jsonRule{{"error", dError, 0}, {"upstream|dial", dUpstream, 0}, {"err_trace", dFlags, 0}}, caddyRules...),
}.parser()

// caddyConsole reads "TIME<tab>LEVEL[<tab>logger]<tab>message[<tab>{fields}]".
func caddyConsole(s *state) parseFunc {
	fields := caddyFields(s)
	return func(line []byte, ev *tail.Event) bool {
		if len(line) < 26 || line[4] != '/' || line[19] != '.' {
			return false
		}
		ns, ok := s.clk.nginx(line)
		frac, n := nanos(line, 19)
		if !ok || n >= len(line) || line[n] != '\t' {
			return false
		}
		level, rest, ok := cut(line[n+1:], '\t')
		if !ok || !isWord(level) {
			return false
		}
		var logger []byte
		if w, more, ok := cut(rest, '\t'); ok && isWord(w) {
			logger, rest = w, more
		}
		msg := rest
		if i := index(rest, "\t{"); i >= 0 {
			msg = rest[:i]
			if !fields(rest[i+1:], ev) {
				return false
			}
			caddyDuration(s, ev)
		}
		ev.Time, ev.Level = ns+frac, level
		if hasPrefix(logger, "http.log.access") {
			ev.Kind, ev.Level = tail.KindAccess, nil
			caddyMaker(s, ev)
			return true
		}
		if e := ev.Message; e != nil && !bytes.Contains(msg, e) {
			msg = s.join(msg, []byte(": "), e)
		}
		ev.Message = msg
		if len(ev.Attempts) == 0 {
			s.goAddr(msg, ev)
		}
		return true
	}
}
