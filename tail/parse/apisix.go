package parse

import "why502/tail"

// apisixFormats are APISIX's access log and what its logger plugins send.
var apisixFormats = []Format{
	{
		Name: "apisix-text", Gateway: "apisix", Kind: tail.KindAccess,
		Title: "the default access log, seconds", Doc: "https://apisix.apache.org/docs/apisix/FAQ/ (access_log_format)",
		build: apisixText,
		Positive: []Sample{{
			`192.168.215.1 - - [30/Jan/2026:07:21:31 +0000] localhost:9080 "GET /anything?x=1 HTTP/1.1" 502 391 1.657 "-" "curl/8.6.0" 3.210.41.225:80, 10.0.0.2:80 502, 200 0.050, 1.608 "http://localhost:9080" "8a14012e5d0414aff4f15f04b0bd8cb9"`,
			[]string{
				"time", "2026-01-30T07:21:31Z", "host", "localhost:9080", "path", "/anything?x=1", "status", "502", "duration", "1.657",
				"upstream", "3.210.41.225:80, 10.0.0.2:80", "upstream_status", "502, 200", "upstream_duration", "0.05, 1.608",
				"request_id", "8a14012e5d0414aff4f15f04b0bd8cb9",
			},
		}, {
			`192.168.215.1 - - [30/Jan/2026:07:21:31 +0000] localhost:9080 "GET / HTTP/1.1" 404 36 0.000 "-" "curl/8.6.0" - - - "http://localhost:9080"`,
			[]string{"status", "404", "upstream", "", "maker", "gateway"},
		}, {
			`192.168.215.1 - - [30/Jan/2020:07:21:31 +0000] localhost:9080 "GET / HTTP/1.1" 502 36 0.100 "-" "curl/8.6.0" 10.0.0.2:80 502 0.099`,
			[]string{"status", "502", "upstream", "10.0.0.2:80", "duration", "0.1"},
		}},
		Negative: []string{`127.0.0.1 - - [30/Jan/2026:07:21:31 +0000] "GET /anything HTTP/1.1" 200 391 1.657 "-" "curl/8.6.0"`},
	},
	{
		Name: "apisix-json", Gateway: "apisix", Kind: tail.KindAccess, first: "{",
		Title: "http-logger, file-logger, kafka-logger and the like; milliseconds",
		Doc:   "https://apisix.apache.org/docs/apisix/plugins/http-logger/",
		build: apisixJSON.parser(),
		Positive: []Sample{{
			`{"upstream":"127.0.0.1:1980","service_id":"","route_id":"1","start_time":1619414294760,"latency":102.99999713898,"upstream_latency":92,"apisix_latency":10.99999713898,"request":{"method":"GET","uri":"\/hello?a=1","url":"http:\/\/127.0.0.1:9080\/hello","headers":{"host":"a.example","user-agent":"x"}},"response":{"status":502,"size":154},"client_ip":"10.1.1.1","server":{"hostname":"h","version":"2.5"}}`,
			[]string{
				"time", "2021-04-26T05:18:14.76Z", "status", "502", "path", "/hello?a=1", "duration", "0.102999997", "upstream", "127.0.0.1:1980",
				"upstream_duration", "0.092", "client", "10.1.1.1", "host", "a.example",
			},
		}},
	},
}

var apisixJSON = jsonFormat{
	all:  "start_time|response.status",
	some: "apisix_latency|server.hostname|route_id",
	none: "latencies",
	rules: []jsonRule{
		{"start_time", dTime, 0},
		{"client_ip", dClient, 0},
		{"request.method", dMethod, 0},
		{"request.uri", dPath, 0},
		{"request.headers.host", dHost, 0},
		{"request.headers.user-agent", dUserAgent, 0},
		{"response.status", dStatus, 0},
		{"response.size", dBytes, 0},
		{"latency", dDuration, uMilli},
		{"upstream", dUpstream, 0},
		{"upstream_latency", dResponse, uMilli},
		{"request_id|request.headers.x-request-id|apisix_request_id|response.headers.x-request-id|response.headers.X-APISIX-Request-Id", dRequestID, 0},
		{"route_id|service_id|route_name|service_name", dBackend, 0},
	},
}

// apisixText reads a CLF head with the host between time and request, and then
//
//	request_time "referer" "agent" addresses statuses times "url" ["request id"]
func apisixText(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		host, rest, ok := s.clfHead(line, ev)
		if !ok || host == nil {
			return false
		}
		spent, rest := word(rest)
		var t [8][]byte
		n, rest, ok := tails(rest, &t)
		if !ok || n != 2 {
			return false
		}
		agent(&t, ev)
		var v [3][]byte
		for i := range v {
			if v[i], rest = listValue(rest); len(v[i]) == 0 {
				return false
			}
		}
		n, _, ok = tails(rest, &t)
		if len(rest) > 0 && (!ok || n < 1 || index(t[0], "://") < 0) { // old releases end before the URL
			return false
		}
		r := &s.rec
		r.clear()
		r.put(dHost, host, uNone, 0)
		r.put(dDuration, spent, uSec, 0)
		r.put(dUpstream, v[0], uNone, 0)
		r.put(dUpstreamStatus, v[1], uNone, 0)
		r.put(dResponse, v[2], uSec, 0)
		if n > 1 {
			r.put(dRequestID, t[1], uNone, 0)
		}
		nginxUpstream(r, s, ev)
		return ev.Duration != tail.None
	}
}
