package parse

import "why502/tail"

// kongFormats are Kong's access log and what its log plugins send.
var kongFormats = []Format{
	{
		Name: "kong-text", Gateway: "kong", Kind: tail.KindAccess,
		Title: "combined with kong_request_id", Doc: "https://developer.konghq.com/gateway/logs/",
		build: clfRest(2, func(_ *state, q [][]byte, rest []byte, ev *tail.Event) bool {
			const id = `kong_request_id: "`
			if len(q) != 2 || !hasPrefix(rest, id) || rest[len(rest)-1] != '"' || len(rest) <= len(id) {
				return false
			}
			ev.RequestID = present(rest[len(id) : len(rest)-1])
			return true
		}),
		Positive: []Sample{{
			`192.168.194.1 - - [28/Nov/2024:18:04:05 +0000] "GET /echo HTTP/1.1" 502 126 "-" "curl/8.7.1" kong_request_id: "e2b3182856c96c23d61e880d0a28012f"`,
			[]string{"status", "502", "path", "/echo", "request_id", "e2b3182856c96c23d61e880d0a28012f", "gateway", "kong"},
		}},
	},
	{
		Name: "kong-json", Gateway: "kong", Kind: tail.KindAccess, first: "{",
		Title: "file-log, http-log, tcp-log and the like; milliseconds",
		Doc:   "https://developer.konghq.com/plugins/file-log/#log-format",
		build: kongJSON.parser(),
		Positive: []Sample{
			{
				`{"latencies":{"request":8007,"kong":5,"proxy":-1},"service":{"host":"localhost","name":"orders","port":15002},"request":{"size":"46","uri":"\/a\/b?x=1","headers":{"host":"localhost:9080","user-agent":"grpc-go"},"method":"POST","id":"abc"},"client_ip":"127.0.0.1","tries":[{"balancer_latency":0,"port":80,"state":"failed","code":502,"ip":"10.0.0.1"},{"port":81,"balancer_start":1564527732522,"ip":"10.0.0.2"}],"response":{"status":504,"size":"298"},"route":{"name":"say-hello"},"started_at":1564527732516,"source":"kong"}`,
				[]string{
					"time", "2019-07-30T23:02:12.516Z", "method", "POST", "path", "/a/b?x=1", "status", "504", "duration", "8.007",
					"upstream", "10.0.0.1:80, 10.0.0.2:81", "upstream_status", "502", "upstream_duration", "", "backend", "orders",
					"maker", "gateway", "host", "localhost:9080", "bytes", "298", "request_id", "abc",
				},
			},
			{
				`{"latencies":{"request":30,"kong":5,"proxy":25},"request":{"uri":"/","method":"GET"},"upstream_status":"503","tries":[{"port":80,"ip":"10.0.0.1"}],"response":{"status":503},"started_at":1564527732516,"source":"upstream"}`,
				[]string{"upstream_status", "503", "upstream_duration", "0.025", "maker", "upstream"},
			},
		},
	},
}

var kongJSON = jsonFormat{
	all:  "latencies|started_at",
	some: "latencies.kong|latencies.request|latencies.session|latencies.proxy",
	rules: []jsonRule{
		{"started_at", dTime, 0},
		{"client_ip", dClient, 0},
		{"request.method", dMethod, 0},
		{"request.uri|upstream_uri", dPath, 0},
		{"request.headers.host", dHost, 0},
		{"request.headers.user-agent", dUserAgent, 0},
		{"request.headers.referer", dReferer, 0},
		{"request.id|request.headers.x-request-id", dRequestID, 0},
		{"response.status", dStatus, 0},
		{"response.size", dBytes, 0},
		{"latencies.request|latencies.session", dDuration, uMilli},
		{"upstream_status", dUpstreamStatus, 0},
		{"service.name|service.host", dBackend, 0},
		// read by kongTries
		{"tries|tries.ip|tries.port|tries.code|source|latencies.proxy", dNone, 0},
	},
	finish: kongFinish,
}

var (
	kTries, kTriesIP, kTriesPort, kTriesCode = key("tries"), key("tries.ip"), key("tries.port"), key("tries.code")
	kSource, kProxy                          = key("source"), key("latencies.proxy")
)

// kongFinish makes an attempt of each of tries[]; latencies.proxy is the wait for
// the last one, -1 when it never answered.
func kongFinish(s *state, ev *yielded) bool {
	n := -1
	for i := range s.doc.fields {
		f := &s.doc.fields[i]
		switch f.key {
		case kTries:
			if f.kind == '{' && n < maxAttempts-1 {
				n++
				for len(ev.Attempts) <= n {
					ev.AddAttempt()
				}
			}
		case kTriesIP:
			if n >= 0 {
				ev.Attempts[n].Addr = s.addr(f.text(s), ev.Attempts[n].Addr)
			}
		case kTriesPort:
			if n >= 0 {
				ev.Attempts[n].Addr = s.addr(ev.Attempts[n].Addr, f.text(s))
			}
		case kTriesCode:
			if c, ok := statusCode(f.text(s)); ok && n >= 0 {
				ev.Attempts[n].Status = c
			}
		}
	}
	if a := ev.Last(); a != nil {
		a.Header = duraOr(s.doc.text(s, kProxy), uMilli)
	}
	switch src := s.doc.text(s, kSource); {
	case string(src) == "upstream":
		ev.Maker = tail.MakerUpstream
	case len(src) > 0:
		ev.Maker = tail.MakerGateway
	}
	return true
}

// addr joins an address and a port that may come in either order.
func (s *state) addr(ip, port []byte) []byte {
	switch {
	case len(ip) == 0:
		return port
	case len(port) == 0:
		return ip
	}
	return s.join(ip, []byte(":"), port)
}
