package parse

import (
	"bytes"

	"why502/tail"
)

// timedFormats are combined or main with bare numbers after them.
var timedFormats = []Format{
	{
		Name: "nginx-timed", Gateway: "nginx", Kind: tail.KindAccess,
		Title: "combined or main with $request_time and perhaps $upstream_response_time after it, seconds with three decimals",
		Doc:   docNginxLog,
		build: clfRest(2, nginxTimed),
		Positive: []Sample{
			{
				`10.0.0.9 - - [23/Nov/2026:07:13:28 +0000] "GET /a HTTP/2.0" 502 157 "-" "curl/8" "1.2.3.4" 0.123 0.050, 0.070`,
				map[string]string{"status": "502", "duration": "0.123", "upstream_duration": "0.05, 0.07"},
			},
			{
				`10.0.0.9 - - [23/Nov/2026:07:13:28 +0000] "GET /a HTTP/2.0" 404 157 "-" "curl/8" 0.000 -`,
				map[string]string{"status": "404", "duration": "0", "upstream_duration": "", "maker": "gateway"},
			},
			{
				`10.0.0.9 - - [23/Nov/2026:07:13:28 +0000] "GET /a HTTP/2.0" 404 157 "-" "curl/8" "-" "0.004"`,
				map[string]string{"duration": "0.004"},
			},
		},
		Negative: []string{`10.0.0.9 - - [23/Nov/2026:07:13:28 +0000] "GET /a HTTP/2.0" 404 157 "-" "curl/8" 123`},
	},
	{
		Name: "clf-extra", Gateway: "generic", Kind: tail.KindAccess, inner: true,
		Title: "the Common Log Format with unknown fields after it, which stay unread; give the format string to read them",
		Doc:   docApacheLog,
		build: func(s *state) parseFunc {
			return func(line []byte, ev *tail.Event) bool {
				_, rest, ok := s.clfHead(line, ev)
				if !ok {
					return false
				}
				var t [8][]byte
				if n, _, ok := tails(rest, &t); ok && n >= 2 {
					agent(&t, ev)
				}
				return true
			}
		},
		Positive: []Sample{{
			`10.0.0.9 - - [23/Nov/2026:07:13:28 +0000] "GET /a HTTP/2.0" 502 157 "-" "curl/8" TLSv1.3 <x>`,
			map[string]string{"status": "502", "path": "/a", "user_agent": "curl/8"},
		}},
	},
}

// isSeconds says whether b is a number as $request_time prints it.
func isSeconds(b []byte) bool {
	i := bytes.IndexByte(b, '.')
	return i > 0 && i == len(b)-4 && allDigits(b[:i]) && allDigits(b[i+1:])
}

// nginxTimed reads "request_time [upstream_response_time]", bare or as the last
// quoted text.
func nginxTimed(s *state, q [][]byte, rest []byte, ev *tail.Event) bool {
	r := &s.rec
	r.clear()
	if len(rest) == 0 {
		if len(q) < 3 || !isSeconds(q[len(q)-1]) {
			return false
		}
		first := q[len(q)-1]
		if up := q[len(q)-2]; len(q) > 3 && isSeconds(up) {
			r.put(dResponse, first, uSec, 0)
			first = up
		}
		r.put(dDuration, first, uSec, 0)
		nginxUpstream(r, s, ev)
		return true
	}
	spent, rest := word(rest)
	if !isSeconds(spent) {
		return false
	}
	r.put(dDuration, spent, uSec, 0)
	if len(rest) > 0 {
		up, more := listValue(rest)
		if w, _, _ := cut(up, ','); !isSeconds(w) && !absent(up) || len(more) > 0 {
			return false
		}
		r.put(dResponse, up, uSec, 0)
	}
	nginxUpstream(r, s, ev)
	return true
}
