package parse

import (
	"bytes"

	"why502/tail"
)

const docTraefik = "https://doc.traefik.io/traefik/observe/logs-and-access-logs/"

// traefikFormats are Traefik's access logs and its own log.
var traefikFormats = []Format{
	{
		Name: "traefik-clf", Gateway: "traefik", Kind: tail.KindAccess,
		Title: "the default access log, milliseconds", Doc: docTraefik,
		build: traefikText,
		Positive: []Sample{
			{
				`172.17.0.1 - - [08/Dec/2021:09:16:05 +0000] "GET /upload.asp?test=toto HTTP/1.1" 200 405 "-" "-" 502 "test@docker" "http://172.17.0.3:80" 12ms`,
				[]string{"status", "200", "backend", "test@docker", "upstream", "172.17.0.3:80", "duration", "0.012", "path", "/upload.asp?test=toto"},
			},
			{
				`172.17.1.1 - - [28/Sep/2022:13:38:04 +0000] "GET /x HTTP/1.1" - - "-" "a" 45640 "-" "-" 0ms`,
				[]string{"status", "", "upstream", "", "backend", "", "duration", "0"},
			},
			{
				`172.17.1.1 - - [28/Sep/2022:13:38:04 +0000] "GET /x HTTP/1.1" 404 19 "-" "a" 45640 - - 0ms`,
				[]string{"status", "404", "upstream", "", "maker", "gateway"},
			},
			{ // Traefik escapes no quotes
				`172.17.1.1 - - [28/Sep/2022:13:38:04 +0000] "GET /x HTTP/1.1" 502 11 "-" "an "agent" 1" 45640 "app@file" "http://10.0.0.5:80" 3ms`,
				[]string{"status", "502", "upstream", "10.0.0.5:80", "user_agent", `an "agent" 1`, "duration", "0.003"},
			},
		},
	},
	{
		Name: "traefik-json", Gateway: "traefik", Kind: tail.KindAccess, first: "{",
		Title: "JSON access log, v1 to v3, nanoseconds", Doc: docTraefik,
		build: traefikJSON.parser(),
		Positive: []Sample{
			{
				`{"ClientHost":"172.17.0.1","DownstreamContentSize":357,"DownstreamStatus":502,"Duration":357313,"OriginContentSize":11,"OriginDuration":324669,"OriginStatus":502,"RequestCount":190,"RequestHost":"test.docker.localhost","RequestMethod":"GET","RequestPath":"/594VAEoi.save","RequestProtocol":"HTTP/1.1","RetryAttempts":2,"RouterName":"test@docker","ServiceAddr":"172.17.0.3:80","ServiceName":"svc@docker","ServiceURL":{"Scheme":"http","Host":"172.17.0.3:80","Path":""},"StartUTC":"2021-12-08T14:02:43.587782192Z","request_User-Agent":"Nikto","time":"2021-12-08T14:02:43Z"}`,
				[]string{
					"time", "2021-12-08T14:02:43.587782192Z", "status", "502", "duration", "0.000357313", "upstream", "172.17.0.3:80",
					"upstream_status", "502", "upstream_duration", "0.000324669", "retries", "2", "backend", "svc@docker", "user_agent", "Nikto", "maker", "",
				},
			},
			{
				`{"ClientAddr":"172.28.0.1:38806","DownstreamStatus":502,"RequestHost":"gateway-probe.redi.lab","RouterName":"gateway-file-probe@file","entryPointName":"traefik","level":"info","time":"2026-06-29T10:21:39Z"}`,
				[]string{"status", "502", "client", "172.28.0.1", "time", "2026-06-29T10:21:39Z"},
			},
		},
	},
	{
		Name: "traefik-log-json", Gateway: "traefik", Kind: tail.KindError, first: "{",
		Title: "Traefik's own log as JSON", Doc: docTraefik,
		build: traefikLogJSON.parser(),
		Positive: []Sample{{
			`{"level":"debug","error":"dial tcp 10.77.0.11:8000: connect: connection refused","time":"2026-11-23T07:33:04Z","caller":"/opt/traefik/pkg/proxy/httputil/proxy.go:205","message":"502 Bad Gateway"}`,
			[]string{
				"time", "2026-11-23T07:33:04Z", "level", "debug", "message", "502 Bad Gateway: dial tcp 10.77.0.11:8000: connect: connection refused",
				"upstream", "10.77.0.11:8000", "status", "502",
			},
		}},
		Negative: []string{`{"level":"debug","time":"2026-11-23T07:33:04Z","message":"hi"}`},
	},
	{
		Name: "traefik-log", Gateway: "traefik", Kind: tail.KindError, first: "0",
		Title: "Traefik v3's own log (console)", Doc: docTraefik,
		build: traefikLog,
		Positive: []Sample{
			{
				`2024-11-28T18:04:05Z DBG github.com/traefik/traefik/v3/pkg/proxy/httputil/proxy.go:113 > 502 Bad Gateway error="dial tcp 10.0.0.5:80: connect: connection refused"`,
				[]string{
					"time", "2024-11-28T18:04:05Z", "level", "DBG", "status", "502", "upstream", "10.0.0.5:80",
					"message", `502 Bad Gateway error="dial tcp 10.0.0.5:80: connect: connection refused"`,
				},
			},
			{
				`2024-11-28T18:04:05+01:00 WRN Health check failed. error="EOF" targetURL=http://10.0.0.5:80/`,
				[]string{"level", "WRN", "time", "2024-11-28T17:04:05Z"},
			},
		},
		Negative: []string{`2024-11-28T18:04:05Z stdout F hello`},
	},
	{
		Name: "traefik-logfmt", Gateway: "traefik", Kind: tail.KindError, first: "t",
		Title: "Traefik v2's own log", Doc: docTraefik,
		build: traefikLogfmt,
		Positive: []Sample{{
			`time="2022-11-28T18:04:05Z" level=debug msg="'502 Bad Gateway' caused by: dial tcp 10.0.0.5:80: connect: connection refused"`,
			[]string{
				"time", "2022-11-28T18:04:05Z", "level", "debug", "upstream", "10.0.0.5:80", "status", "502",
				"message", "'502 Bad Gateway' caused by: dial tcp 10.0.0.5:80: connect: connection refused",
			},
		}},
		Negative: []string{`time="Jun 30 12:52:43" level=error msg="http: proxy error: context canceled" prefix=proxy`},
	},
}

// traefikCLF reads `COUNT "router" "serviceURL" Nms`. COUNT numbers the requests
// of the process and may look like a status.
func traefikText(s *state) parseFunc {
	usual := clfRest(2, traefikCLF)(s)
	return func(line []byte, ev *tail.Event) bool {
		return usual(line, ev) || hasSuffix(line, "ms") && s.traefikQuotes(line, ev)
	}
}

// traefikQuotes reads a line whose user agent has quotes of its own: from the
// right, where only the router and the URL are quoted.
func (s *state) traefikQuotes(line []byte, ev *tail.Event) bool {
	mid, rest, ok := s.clfHead(line, ev)
	if !ok || mid != nil || len(rest) == 0 || rest[0] != '"' {
		return false
	}
	i := bytes.LastIndex(rest, betweenQuotes) // between router and URL
	if i < 0 {
		return false
	}
	j := bytes.LastIndex(rest[:i], []byte(` "`)) // before the router
	if j < 0 {
		return false
	}
	k := bytes.LastIndexByte(rest[:j], '"')       // behind the user agent
	m := bytes.Index(rest[1:], betweenQuotes) + 1 // behind the referer
	if k < 0 || m < 1 || m+3 > k {
		return false
	}
	ev.Referer, ev.UserAgent = present(rest[1:m]), present(rest[m+3:k])
	return traefikCLF(s, s.quoted[:2], trim(rest[k+1:]), ev)
}

func traefikCLF(_ *state, q [][]byte, rest []byte, ev *tail.Event) bool {
	if len(q) != 2 || !hasSuffix(rest, "ms") {
		return false
	}
	count, rest := word(rest)
	router, rest, ok := token(rest)
	if !ok || !allDigits(count) && !absent(count) {
		return false
	}
	url, rest, ok := token(rest)
	if !ok || len(rest) < 3 {
		return false
	}
	var good bool
	if ev.Duration, good = goDuration(rest); !good {
		return false
	}
	ev.Backend = present(router)
	if url = present(url); url != nil {
		ev.AddAttempt().Addr = hostPort(url)
	} else if ev.Status > 0 {
		ev.Maker = tail.MakerGateway
	}
	return true
}

var traefikJSON = jsonFormat{
	all: "DownstreamStatus",
	rules: []jsonRule{
		{"StartUTC|StartLocal|time", dTime, 0},
		{"ClientHost|ClientAddr", dClient, 0},
		{"RequestMethod", dMethod, 0},
		{"RequestPath", dPath, 0},
		{"RequestProtocol", dProtocol, 0},
		{"RequestHost|RequestAddr", dHost, 0},
		{"DownstreamStatus", dStatus, 0},
		{"DownstreamContentSize", dBytes, 0},
		{"Duration", dDuration, uNano},
		{"ServiceAddr|ServiceURL|ServiceURL.Host|BackendAddr|BackendURL|BackendURL.Host", dUpstream, 0},
		{"OriginStatus", dUpstreamStatus, 0},
		{"OriginDuration", dResponse, uNano},
		{"RetryAttempts", dRetries, 0},
		{"ServiceName|RouterName|BackendName|FrontendName", dBackend, 0},
		{"request_User-Agent", dUserAgent, 0},
		{"request_Referer", dReferer, 0},
		{"request_X-Request-Id|TraceId", dRequestID, 0},
		{"OriginContentSize", dNone, 0},
	},
	finish: traefikFinish,
}

var kOriginSize = key("OriginContentSize")

// traefikSizes are the bodies of Traefik's own error responses.
var traefikSizes = map[int]int64{502: 11, 504: 15, 503: 20, 500: 21, 499: 21}

// traefikFinish says who made the response. OriginStatus repeats the status of
// Traefik's own errors as well, so that only the size of the body tells them
// from the upstream's.
func traefikFinish(s *state, ev *yielded) bool {
	a := ev.Last()
	if a == nil || a.Addr == nil {
		ev.Attempts = ev.Attempts[:0]
		if ev.Status > 0 && s.rec.has(dDuration) {
			ev.Maker = tail.MakerGateway
		}
		return true
	}
	size, sized := traefikSizes[ev.Status]
	n, ok := atoi(s.doc.text(s, kOriginSize))
	if a.Status == ev.Status && a.Status > 0 && (!sized || ok && n != size) {
		ev.Maker = tail.MakerUpstream
	}
	return true
}

var traefikLogJSON = jsonFormat{
	all:  "level|time|message",
	some: "error|caller|entryPointName|routerName|serviceName|providerName|targetURL|middlewareName",
	none: "DownstreamStatus|status|logger",
	rules: []jsonRule{
		{"time", dTime, 0},
		{"level", dLevel, 0},
		{"error|err", dError, 0},
		{"message", dMessage, 0},
		{"serviceName|routerName", dBackend, 0},
		{"targetURL", dUpstream, 0},
	},
	finish: func(s *state, ev *yielded) bool {
		msg := s.rec.get(dMessage)
		ev.Status = leadingStatus(msg)
		if len(ev.Attempts) == 0 {
			s.goAddr(ev.Message, ev)
		}
		return true
	},
}

// leadingStatus reads the status of "502 Bad Gateway".
func leadingStatus(b []byte) int {
	b = bytes.TrimPrefix(b, []byte("'"))
	if len(b) > 4 && b[3] == ' ' && (b[0] == '4' || b[0] == '5') {
		if n, ok := statusCode(b[:3]); ok {
			return n
		}
	}
	return 0
}

// goAddr makes an attempt of the address that Go's network errors name: "dial tcp
// 10.0.0.5:80: ...", "read tcp A->B: ...", "dial unix /run/a.sock: ...".
func (s *state) goAddr(msg []byte, ev *tail.Event) {
	i := max(index(msg, "dial "), index(msg, "read "), index(msg, "write "))
	if i < 0 {
		return
	}
	_, rest := word(msg[i:])
	network, rest := word(rest)
	end := index(rest, ": ")
	if end <= 0 || bytes.IndexByte(rest[:end], ' ') >= 0 {
		return
	}
	addr := rest[:end]
	if j := index(addr, "->"); j >= 0 {
		addr = addr[j+2:]
	}
	switch {
	case hasPrefix(network, "tcp") && bytes.LastIndexByte(addr, ':') > 0:
		ev.AddAttempt().Addr = addr
	case hasPrefix(network, "unix") && addr[0] == '/':
		ev.AddAttempt().Addr = s.join([]byte("unix:"), addr)
	}
}

// traefikLog reads "TIME LVL [file.go:N > ]text" with a level of three letters.
func traefikLog(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		ns, n, ok := s.clk.iso(line)
		if !ok || n < 20 || line[10] != 'T' || len(line) < n+6 || line[n] != ' ' {
			return false
		}
		level, rest := word(line[n+1:])
		switch string(level) {
		case "TRC", "DBG", "INF", "WRN", "ERR", "FTL", "PNC":
		default:
			return false
		}
		if i := index(rest, " > "); i > 0 && bytes.IndexByte(rest[:i], ' ') < 0 {
			rest = rest[i+3:]
		}
		ev.Time, ev.Level, ev.Message = ns, level, rest
		ev.Status = leadingStatus(rest)
		s.goAddr(rest, ev)
		return true
	}
}

// traefikWords tell Traefik's lines from those of other programs that log with
// logrus.
var traefikWords = []string{
	" caused by: ", "raefik", " entryPointName=", " providerName=", " routerName=", " serviceName=", " middlewareName=", " serverName=",
	"Health check failed", "Configuration received", "Creating server", "Server configuration reloaded",
}

func traefikLogfmt(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		if !hasPrefix(line, `time="2`) || index(line, ` msg="`) < 0 || !hasAny(line, traefikWords) {
			return false
		}
		if !s.logfmt(line, ev, logKeys) || ev.Time == 0 || ev.Level == nil || ev.Message == nil {
			return false
		}
		ev.Status = leadingStatus(ev.Message)
		s.goAddr(ev.Message, ev)
		return true
	}
}
