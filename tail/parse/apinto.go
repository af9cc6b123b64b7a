package parse

import (
	"bytes"
	"time"

	"why502/tail"
)

const docApinto = "https://help.apinto.com/docs/formatter"

// apintoFormats are Apinto's access and error logs and what APIPark ships. In
// JSON, request_time is milliseconds and response_time and proxy_time are
// nanoseconds (older releases: milliseconds; a value too small to be nanoseconds
// beside request_time is taken as such). The line form has no fixed columns: what
// each column holds is told by its shape, and its durations are read only where
// the shape proves them.
var apintoFormats = []Format{
	{
		Name: "apinto-json", Gateway: "apinto", Kind: tail.KindAccess, first: "{",
		Title: "Apinto's JSON formatter, APIPark's logs; milliseconds", Doc: docApinto,
		build: apintoJSON.parser(),
		Positive: []Sample{{
			`{"msec":"1795417490789","service":"orders","request_uri":"/demo/x?a=1","request_host":"a.example","remote_addr":"10.0.0.1","proxy_addr":"10.0.0.5:80","proxy_status":"504","status":"504","request_time":"25","response_time":"25190416","request_id":"a72e","request_method":"GET","node":"n1","cluster":"c1","api":"x","src_ip":"10.9.9.9"}`,
			[]string{
				"time", "2026-11-23T07:04:50.789Z", "method", "GET", "path", "/demo/x?a=1", "status", "504", "duration", "0.025", "upstream", "10.0.0.5:80",
				"upstream_status", "504", "request_id", "a72e", "backend", "orders", "client", "10.9.9.9", "upstream_duration", "0.025190416",
			},
		}},
	},
	{
		Name: "apinto-error", Gateway: "apinto", Kind: tail.KindError, first: "[",
		Title: "Apinto's error log", Doc: docApinto,
		build: apintoError,
		Positive: []Sample{{
			`[2026-11-23T07:04:50+08:00] [ERRO] http upstream send error: dial tcp 10.0.0.5:80: connect: connection refused`,
			[]string{"time", "2026-11-22T23:04:50Z", "level", "ERRO", "upstream", "10.0.0.5:80", "message", "http upstream send error: dial tcp 10.0.0.5:80: connect: connection refused"},
		}},
	},
	{
		Name: "apinto-line", Gateway: "apinto", Kind: tail.KindAccess, inner: true,
		Title: "Apinto's line formatter (tab-separated), columns told by their shape", Doc: docApinto,
		build: apintoLine,
		Positive: []Sample{
			{
				"127.0.0.1\t2026-11-23T07:04:50.803Z\tGET\t/dead/1\t504\t-\t\"127.0.0.1:18099 127.0.0.1:19799 504 /dead/1\"",
				[]string{
					"time", "2026-11-23T07:04:50.803Z", "client", "127.0.0.1", "method", "GET", "path", "/dead/1", "status", "504",
					"host", "127.0.0.1:18099", "upstream", "127.0.0.1:19799", "upstream_status", "504",
				},
			},
			{
				"a72e12f9-e33a-4425-b7c2-7e48b0b598bf\tGET /demo HTTP/1.1\t200\t\"1640601794 2021-12-27T18:43:14.294+08:00 2021-12-27 18:43:14\"\t\"http://demo.apinto.com:8280/demo http demo.apinto.com:8280\"\t1389",
				[]string{
					"time", "2021-12-27T10:43:14.294Z", "path", "/demo", "status", "200", "upstream", "demo.apinto.com:8280", "duration", "1.389",
					"request_id", "a72e12f9-e33a-4425-b7c2-7e48b0b598bf",
				},
			},
		},
		Negative: []string{"a\tb", "a\tb\tc\td"},
	},
}

var apintoJSON = jsonFormat{
	all:  "status",
	some: "proxy_status|proxy_addr|proxy_uri|proxy_scheme",
	none: "upstream_addr|response_flags",
	rules: []jsonRule{
		{"msec|time_iso8601|timestamp|time_local|time", dTime, 0},
		{"src_ip|remote_addr", dClient, 0},
		{"request_method|method", dMethod, 0},
		{"request_uri|uri|url", dPath, uURL},
		{"request_host|host", dHost, 0},
		{"status", dStatus, 0},
		{"body_bytes_sent|bytes_sent|response_length", dBytes, 0},
		{"request_time", dDuration, uMilli},
		{"proxy_addr", dUpstream, 0},
		{"proxy_status", dUpstreamStatus, 0},
		{"request_id", dRequestID, 0},
		{"service|provider|upstream|api", dBackend, 0},
		{"http_user_agent|user_agent", dUserAgent, 0},
		{"request|request_line", dRequest, 0},
		{"response_time|proxy_time", dNone, 0},
	},
	finish: func(s *state, ev *yielded) bool {
		a := ev.Last()
		if a == nil {
			return true
		}
		b := s.doc.text(s, kResponseTime)
		if b == nil {
			b = s.doc.text(s, kProxyTime)
		}
		if n, ok := atoi(b); ok && n >= 0 {
			a.Response = time.Duration(n)
			if n < 100_000 && ev.Duration >= time.Millisecond { // older releases
				a.Response = millis(n)
			}
		}
		return true
	},
}

var kResponseTime, kProxyTime = key("response_time"), key("proxy_time")

func apintoError(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		stamp, rest, ok := cut(line[1:], ']')
		if !ok || len(stamp) < 19 || line[0] != '[' || !hasPrefix(rest, " [") {
			return false
		}
		ns, n, ok := s.clk.iso(stamp)
		if !ok || n != len(stamp) {
			return false
		}
		level, rest, ok := cut(rest[2:], ']')
		switch string(level) {
		case "ERRO", "ERROR", "WARN", "INFO", "DEBU", "FATA", "PANI", "TRAC":
		default:
			return false
		}
		ev.Time, ev.Level, ev.Message = ns, level, trim(rest)
		s.goAddr(ev.Message, ev)
		return ok && !allDigits(level)
	}
}

// apintoLine reads columns whose meaning is told by their shape: the first
// address is the client, the first time the time, a word in capitals the method,
// what begins with a slash the path, three digits the status, a bare number at
// the end the response time in milliseconds; within quotes stands the proxy's
// host, address and status.
func apintoLine(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		var cols [64][]byte
		n := splitTabs(line, cols[:])
		if n < 4 {
			return false
		}
		for i, c := range cols[:n] {
			if len(c) > 2 && c[0] == '"' && c[len(c)-1] == '"' {
				s.apintoGroup(c[1:len(c)-1], ev)
				continue
			}
			s.apintoColumn(c, i == n-1, ev)
		}
		return ev.Time != 0 && (ev.Path != nil || ev.Status != 0)
	}
}

var pointByte, colonByte = []byte{'.'}, []byte{':'}

func (s *state) apintoColumn(c []byte, last bool, ev *tail.Event) {
	switch {
	case absent(c):
	case len(c) == 36 && c[8] == '-' && c[13] == '-':
		ev.RequestID = c
	case ev.Path == nil && index(c, " HTTP/") > 0:
		request(c, ev)
	case ev.Method == nil && len(c) < 10 && isMethod(c):
		ev.Method = c
	case ev.Path == nil && c[0] == '/':
		ev.Path = c
	case ev.Status == 0 && len(c) == 3 && allDigits(c):
		ev.Status, _ = statusCode(c)
	case ev.Client == nil && len(c) >= 3 && isAddress(c) && (bytes.Count(c, pointByte) == 3 || bytes.Count(c, colonByte) > 1):
		ev.Client = stripPort(c)
	case ev.Time == 0 && isDigit(c[0]) && len(c) >= 10:
		ev.Time, _ = s.clk.any(c)
	case last && ev.Duration == tail.None && allDigits(c):
		ev.Duration = duraOr(c, uMilli)
	}
}

// apintoGroup reads a nested object, "a b c"; deeper levels are left alone.
func (s *state) apintoGroup(c []byte, ev *tail.Event) {
	var addr, host []byte
	status := 0
	for b := c; len(b) > 0; {
		var w []byte
		w, b = word(b)
		switch {
		case len(w) == 0:
		case w[0] == '[' && bytes.IndexByte(w, ',') > 0 || absent(w):
		case len(w) >= 20 && w[4] == '-' && w[10] == 'T':
			if ns, _, ok := s.clk.iso(w); ok {
				ev.Time = ns
			}
		case index(w, "://") > 0:
			addr = hostPort(w)
		case w[0] == '/':
			if ev.Path == nil {
				ev.Path = w
			}
		case len(w) == 3 && allDigits(w):
			status, _ = statusCode(w)
		case bytes.IndexByte(w, ':') > 0 && bytes.IndexByte(w, '-') < 0 && allDigits(w[bytes.LastIndexByte(w, ':')+1:]) && addr == nil:
			if host != nil {
				addr = w
			} else {
				host = w
			}
		}
	}
	if addr != nil && len(ev.Attempts) == 0 {
		a := ev.AddAttempt()
		a.Addr, a.Status = addr, status
		if host != nil {
			ev.Host = host
		}
	}
}
