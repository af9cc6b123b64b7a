package parse

import (
	"bytes"

	"why502/tail"
)

// apiFormats are Tyk, KrakenD, Spring Cloud Gateway and LiteLLM.
var apiFormats = []Format{
	{
		Name: "tyk-access", Gateway: "tyk", Kind: tail.KindAccess, first: "tl",
		Title: "Tyk's access log (logrus text), milliseconds", Doc: docTyk,
		build: tyk(true),
		Positive: []Sample{{
			`time="Nov 29 08:27:09" level=info api_id=b1a41c9a api_name=httpbin client_ip="::1" host="localhost:8080" latency_total=62 method=GET path="/get?x=1" prefix=access-log protocol=HTTP/1.1 remote_addr="[::1]:63251" status=502 upstream_addr="http://httpbin.org/get" upstream_latency=61 user_agent=PostmanRuntime/7.43.0 response_flag=UCF response_code_details=connection_refused trace_id=abc`,
			[]string{
				"time", "2026-11-29T08:27:09Z", "status", "502", "duration", "0.062", "path", "/get?x=1", "client", "::1", "upstream", "httpbin.org",
				"upstream_duration", "0.061", "flags", "UCF connection_refused", "host", "localhost:8080", "backend", "httpbin", "request_id", "abc",
			},
		}},
	},
	{
		Name: "tyk-log", Gateway: "tyk", Kind: tail.KindError, first: "tl",
		Title: "Tyk's own log (logrus text)", Doc: docTyk,
		build: tyk(false),
		Positive: []Sample{{
			`time="Jun 30 12:52:43" level=error msg="http: proxy error: dial tcp 10.0.0.5:80: connect: connection refused" api_id=keyless api_name="Tyk Test" mw=ReverseProxy org_id=default prefix=proxy server_name=httpbin.org user_id=-- user_ip=192.168.121.1 user_name=`,
			[]string{
				"time", "2026-06-30T12:52:43Z", "level", "error", "message", "http: proxy error: dial tcp 10.0.0.5:80: connect: connection refused",
				"client", "192.168.121.1", "upstream", "10.0.0.5:80", "backend", "Tyk Test",
			},
		}},
		Negative: []string{`time="2022-11-28T18:04:05Z" level=debug msg="'502 Bad Gateway' caused by: EOF"`},
	},
	{
		Name: "tyk-json", Gateway: "tyk", Kind: tail.KindAccess, first: "{",
		Title: "Tyk's access log as JSON, milliseconds", Doc: docTyk,
		build: tykJSON.parser(),
		Positive: []Sample{{
			`{"api_id":"b1","api_name":"httpbin","client_ip":"10.0.0.1","host":"localhost:8080","latency_total":62,"level":"info","method":"GET","path":"/get","prefix":"access-log","status":504,"time":"2026-01-29T08:27:09Z","upstream_addr":"http://httpbin.org/get","upstream_latency":61,"response_flag":"URT"}`,
			[]string{"status", "504", "duration", "0.062", "upstream", "httpbin.org", "flags", "URT", "time", "2026-01-29T08:27:09Z"},
		}},
	},
	{
		Name: "krakend", Gateway: "krakend", Kind: tail.KindAccess, first: "[",
		Title: "KrakenD's access lines (gin)", Doc: "https://www.krakend.io/docs/logging/",
		build: krakendGin,
		Positive: []Sample{
			{
				`[GIN] 2022/03/28 - 11:10:39 | 500 |    8.296331ms |      172.17.0.1 | POST     "/users/verifyOTP?x=1"`,
				[]string{"time", "2022-03-28T11:10:39Z", "status", "500", "duration", "0.008296331", "client", "172.17.0.1", "method", "POST", "path", "/users/verifyOTP?x=1"},
			},
			{
				"[GIN] 2022/03/28 - 11:10:39 | 200 |     120µs | ::1 | GET \"/\"",
				[]string{"duration", "0.00012"},
			},
		},
	},
	{
		Name: "krakend-log", Gateway: "krakend", Kind: tail.KindError, first: "[E02",
		Title: "KrakenD's own lines, and the errors gin prints below a request", Doc: "https://www.krakend.io/docs/logging/",
		build: krakendLog,
		Positive: []Sample{
			{`Error #01: context deadline exceeded`, []string{"message", "context deadline exceeded", "time", ""}},
			{
				"[KRAKEND] 2024/05/30 - 20:20:19.777 \u25b6 ERROR [ENDPOINT: /x] Get \"http://10.0.0.5:80/\": dial tcp 10.0.0.5:80: connect: connection refused",
				[]string{"time", "2024-05-30T20:20:19.777Z", "level", "ERROR", "path", "/x", "upstream", "10.0.0.5:80"},
			},
		},
	},
	{
		Name: "spring-gateway", Gateway: "spring-cloud-gateway", Kind: tail.KindError, first: "0",
		Title: "Spring Boot's log lines, Boot 2 and 3", Doc: "https://docs.spring.io/spring-boot/reference/features/logging.html",
		build: spring,
		Positive: []Sample{
			{
				`2023-09-16 16:47:50.236 ERROR 244 --- [ctor-http-nio-4] a.w.r.e.AbstractErrorWebExceptionHandler : [e392ca95]  500 Server Error for HTTP GET "/amap/doc.html"`,
				[]string{
					"time", "2023-09-16T16:47:50.236Z", "level", "ERROR", "status", "500", "method", "GET", "path", "/amap/doc.html", "request_id", "e392ca95",
					"pid", "244", "message", `[e392ca95]  500 Server Error for HTTP GET "/amap/doc.html"`,
				},
			},
			{
				`2024-09-16T16:47:50.236+02:00 ERROR 244 --- [gateway] [ctor-http-nio-4] [abc-def] a.w.r.e.Handler : finishConnect(..) failed: Connection refused: /10.0.0.5:80`,
				[]string{"time", "2024-09-16T14:47:50.236Z", "level", "ERROR"},
			},
			{
				`2023-09-16 16:47:50.236  INFO 244 --- [ctor-http-nio-4] reactor.netty.http.server.AccessLog : 10.0.0.9 - - [16/Sep/2023:16:47:49 +0000] "GET /a HTTP/1.1" 500 341 12`,
				[]string{"time", "2023-09-16T16:47:49Z", "kind", "access", "status", "500", "duration", "0.012", "level", ""},
			},
		},
	},
	{
		Name: "litellm", Gateway: "litellm", Kind: tail.KindError, first: "0",
		Title: "LiteLLM's lines (time of day only); its access lines are uvicorn's", Doc: "https://docs.litellm.ai/docs/proxy/logging",
		build: litellm,
		Positive: []Sample{{
			`14:31:15 - LiteLLM Proxy:ERROR: common_request_processing.py:1049 - litellm.proxy._handle(): No deployments available for selected model.`,
			[]string{"level", "ERROR", "time", "", "message", "litellm.proxy._handle(): No deployments available for selected model."},
		}},
	},
}

const docTyk = "https://tyk.io/docs/log-data/"

// tykKeys are the keys of Tyk's lines.
func tykKeys(k []byte) (datum, unit) {
	switch string(k) {
	case "latency_total":
		return dDuration, uMilli
	case "upstream_latency":
		return dHeader, uMilli
	case "api_name":
		return dBackend, uNone
	case "client_ip", "user_ip":
		return dClient, uNone
	case "response_flag":
		return dFlags, uNone
	case "response_code_details":
		return dDetails, uNone
	case "remote_addr", "addr", "ip", "remote":
		return dNone, uNone
	}
	return anyKeys(k)
}

func tyk(access bool) func(*state) parseFunc {
	return func(s *state) parseFunc {
		return func(line []byte, ev *tail.Event) bool {
			if !hasPrefix(line, `time="`) && !hasPrefix(line, "level=") || (index(line, " prefix=access-log") >= 0) != access ||
				index(line, " prefix=") < 0 && index(line, " api_id=") < 0 && index(line, " org_id=") < 0 {
				return false
			}
			if !s.logfmt(line, ev, tykKeys) {
				return false
			}
			if access {
				ev.Level = nil
				return ev.Status > 0
			}
			ev.Status = 0
			s.goAddr(ev.Message, ev)
			if len(ev.Attempts) == 0 {
				if _, rest, ok := bytes.Cut(line, []byte(" server_name=")); ok {
					if name, _ := word(rest); !absent(name) {
						ev.AddAttempt().Addr = name
					}
				}
			}
			return ev.Message != nil
		}
	}
}

var tykJSON = jsonFormat{
	all:  "api_id|status",
	some: "latency_total|upstream_latency|latency_gateway",
	rules: []jsonRule{
		{"time", dTime, 0},
		{"client_ip", dClient, 0},
		{"method", dMethod, 0},
		{"path", dPath, 0},
		{"protocol", dProtocol, 0},
		{"host", dHost, 0},
		{"status", dStatus, 0},
		{"latency_total", dDuration, uMilli},
		{"upstream_latency", dHeader, uMilli},
		{"upstream_addr", dUpstream, 0},
		{"upstream_status", dUpstreamStatus, 0},
		{"api_name|api_id", dBackend, 0},
		{"user_agent", dUserAgent, 0},
		{"trace_id", dRequestID, 0},
		{"response_flag", dFlags, 0},
		{"response_code_details", dDetails, 0},
	},
}

// krakendTime reads "2006/01/02 - 15:04:05[.000]" and returns the length read.
func (s *state) krakendTime(b []byte) (ns int64, n int, ok bool) {
	var c civil
	if len(b) < 21 || !c.ymd(b, '/') || string(b[10:13]) != " - " || !c.hms(b[13:]) || !c.valid() {
		return 0, 0, false
	}
	frac, n := nanos(b, 21)
	return s.clk.local(c)*1e9 + frac, n, true
}

func krakendGin(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		if !hasPrefix(line, "[GIN] ") {
			return false
		}
		ns, n, ok := s.krakendTime(line[6:])
		if !ok {
			return false
		}
		ev.Time = ns
		var w [3][]byte
		_, rest, ok := cut(line[6+n:], '|')
		for i := 0; i < len(w) && ok; i++ {
			w[i], rest, ok = cut(rest, '|')
		}
		if !ok {
			return false
		}
		if ev.Status, ok = statusCode(trim(w[0])); !ok {
			return false
		}
		if ev.Duration, ok = goDuration(trim(w[1])); !ok {
			return false
		}
		ev.Client = trim(w[2])
		ev.Method, rest = word(trim(rest))
		path, _, ok := quoted(rest)
		ev.Path = present(path)
		return ok
	}
}

func krakendLog(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		if hasPrefix(line, "Error #0") && len(line) > 11 && line[9] == ':' {
			ev.Message = trim(line[10:])
			s.goAddr(ev.Message, ev)
			return true
		}
		b := bytes.TrimPrefix(line, []byte("[KRAKEND] "))
		ns, n, ok := s.krakendTime(b)
		if !ok || len(b) < n+4 {
			return false
		}
		_, b = word(trim(b[n:])) // an arrow or ">"
		level, msg := word(b)
		if !isWord(level) || len(msg) == 0 {
			return false
		}
		ev.Time, ev.Level, ev.Message = ns, level, msg
		if _, rest, ok := bytes.Cut(msg, []byte("[ENDPOINT: ")); ok {
			path, _, _ := cut(rest, ']')
			ev.Path = present(path)
		}
		s.goAddr(msg, ev)
		return true
	}
}

// spring reads "TIME  LEVEL PID --- [thread]... logger : message".
func spring(s *state) parseFunc {
	access := clfRest(0, nettyTail)(s)
	return func(line []byte, ev *tail.Event) bool {
		ns, n, ok := s.clk.iso(line)
		if !ok || n < 23 {
			return false
		}
		level, rest := word(trim(line[n:]))
		pid, rest := word(rest)
		if !allDigits(pid) || !isMethod(level) || !hasPrefix(rest, "--- [") {
			return false
		}
		i := index(rest, " : ")
		if i < 0 {
			return false
		}
		msg := trim(rest[i+3:])
		if index(rest[:i], ".AccessLog") >= 0 && access(msg, ev) {
			ev.Kind = tail.KindAccess
			return true
		}
		ev.Time, ev.Level, ev.PID, ev.Message = ns, level, pid, msg
		if len(msg) > 2 && msg[0] == '[' {
			if id, after, ok := cut(msg[1:], ']'); ok && isWord(id) {
				ev.RequestID, msg = id, trim(after)
			}
		}
		if _, what, ok := bytes.Cut(msg, []byte(" for HTTP ")); ok && len(msg) > 4 && msg[3] == ' ' {
			ev.Status, _ = statusCode(msg[:3])
			method, path := word(what)
			if p, _, ok := quoted(path); ok {
				ev.Method, ev.Path = method, present(p)
			}
		}
		return true
	}
}

// litellm reads "HH:MM:SS - LiteLLM Proxy:LEVEL: file.py:N - text".
func litellm(*state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		if len(line) < 25 || line[2] != ':' || !hasPrefix(line[8:], " - LiteLLM") {
			return false
		}
		_, rest, ok := cut(line[11:], ':')
		level, rest, ok2 := cut(rest, ':')
		if !ok || !ok2 || !isMethod(level) {
			return false
		}
		if _, msg, ok := bytes.Cut(rest, []byte(" - ")); ok {
			rest = msg
		}
		ev.Level, ev.Message = level, trim(rest)
		return true
	}
}
