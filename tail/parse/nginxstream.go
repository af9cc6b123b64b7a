package parse

import "why502/tail"

// streamFormats are the logs of nginx's stream module: sessions, not requests.
var streamFormats = []Format{{
	Name: "nginx-stream", Gateway: "nginx", Kind: tail.KindAccess,
	Title: "the documentation's format for TCP and UDP sessions, which APISIX has too; seconds",
	Doc:   "https://nginx.org/en/docs/stream/ngx_stream_log_module.html",
	build: nginxStream,
	Positive: []Sample{{
		`10.0.0.9 [23/Nov/2026:07:13:28 +0000] TCP 502 0 0 1.250 "10.0.0.5:3306" "0" "0" "0.001"`,
		[]string{
			"time", "2026-11-23T07:13:28Z", "client", "10.0.0.9", "protocol", "TCP", "status", "502", "bytes", "0", "duration", "1.25", "upstream", "10.0.0.5:3306",
		},
	}, {
		`2001:db8::7 [23/Nov/2026:07:13:28 +0000] UDP 200 120 60 0.004`,
		[]string{"client", "2001:db8::7", "protocol", "UDP", "status", "200", "bytes", "120", "duration", "0.004", "upstream", ""},
	}},
	Negative: []string{`10.0.0.9 [23/Nov/2026:07:13:28 +0000] "GET / HTTP/1.1" 200 60 0.004`},
}}

// nginxStream reads "client [time] protocol status sent received session_time" and the
// quoted upstream address and counts behind it.
func nginxStream(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		client, rest, ok := cut(line, ' ')
		if !ok || len(rest) < 40 || rest[0] != '[' || rest[27] != ']' || rest[28] != ' ' || !isAddress(client) {
			return false
		}
		if ev.Time, ok = s.clk.clf(rest[1:]); !ok {
			return false
		}
		var w [5][]byte
		rest = rest[29:]
		for i := range w {
			w[i], rest = word(rest)
		}
		if string(w[0]) != "TCP" && string(w[0]) != "UDP" {
			return false
		}
		if ev.Status, ok = statusCode(w[1]); !ok {
			return false
		}
		if ev.Bytes, ok = atoi(w[2]); !ok || ev.Bytes < 0 || !allDigits(w[3]) || !isSeconds(w[4]) {
			return false
		}
		ev.Client, ev.Protocol, ev.Duration = client, w[0], duraOr(w[4], uSec)
		if addr, _, ok := quoted(rest); ok && !absent(addr) {
			setAttempts(ev, dUpstream, uNone, addr)
		}
		return true
	}
}
