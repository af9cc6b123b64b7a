package parse

import (
	"bytes"
	"time"

	"why502/tail"
)

// timedFormats are combined or main with bare numbers after them.
var timedFormats = []Format{
	{
		Name: "nginx-timed", Gateway: "nginx", Kind: tail.KindAccess,
		Title: "combined, main or common with $request_time after it, perhaps the upstream's time, address and status, in any order, told by their shape; seconds with three decimals",
		Doc:   docNginxLog,
		build: clfRest(0, nginxTimed),
		Positive: []Sample{
			{
				`10.0.0.9 - - [23/Nov/2026:07:13:28 +0000] "GET /a HTTP/2.0" 502 157 "-" "curl/8" "1.2.3.4" 0.123 0.050, 0.070`,
				[]string{"status", "502", "duration", "0.123", "upstream_duration", "0.05, 0.07"},
			},
			{
				`10.0.0.9 - - [23/Nov/2026:07:13:28 +0000] "GET /a HTTP/2.0" 404 157 "-" "curl/8" 0.000 -`,
				[]string{"status", "404", "duration", "0", "upstream_duration", "", "maker", "gateway"},
			},
			{
				`10.0.0.9 - - [23/Nov/2026:07:13:28 +0000] "GET /a HTTP/2.0" 404 157 "-" "curl/8" "-" "0.004"`,
				[]string{"duration", "0.004"},
			},
			{
				`10.0.0.9 - - [23/Nov/2026:07:13:28 +0000] "GET /a HTTP/2.0" 502 157 "-" "curl/8" "1.2.3.4" "10.0.0.5:80" "502" "0.002" "0.003"`,
				[]string{"duration", "0.003", "upstream", "10.0.0.5:80", "upstream_status", "502", "upstream_duration", "0.002"},
			},
			{
				`10.0.0.9 - - [23/Nov/2026:07:13:28 +0000] "GET /a HTTP/2.0" 200 157 0.123 10.0.0.5:80, 10.0.0.6:80 502, 200 0.050, 0.070 .`,
				[]string{"duration", "0.123", "upstream", "10.0.0.5:80, 10.0.0.6:80", "upstream_status", "502, 200", "upstream_duration", "0.05, 0.07"},
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
			[]string{"status", "502", "path", "/a", "user_agent", "curl/8"},
		}},
	},
}

// isSeconds says whether b is a number as $request_time prints it.
func isSeconds(b []byte) bool {
	i := bytes.IndexByte(b, '.')
	return i > 0 && i == len(b)-4 && allDigits(b[:i]) && allDigits(b[i+1:])
}

// nginxTimed reads what stands behind combined or main by its shape. Of two times
// the longer is the request's, since it holds the upstream's.
func nginxTimed(s *state, q [][]byte, rest []byte, ev *tail.Event) bool {
	r := &s.rec
	r.clear()
	for _, v := range q[min(2, len(q)):] { // X-Forwarded-For is one of them
		timedValue(r, v)
	}
	for len(rest) > 0 {
		v, after := listValue(rest)
		if rest = trim(after); !timedValue(r, v) {
			return false
		}
	}
	if !r.has(dDuration) {
		return false
	}
	if up, ok := decimal(r.get(dResponse), time.Second); ok && up > duraOr(r.get(dDuration), uSec) {
		r.val[dResponse], r.val[dDuration] = r.val[dDuration], r.val[dResponse]
	}
	ev.RequestID = r.get(dRequestID)
	nginxUpstream(r, s, ev)
	return true
}

// timedValue keeps a value of a shape that only one of nginx's variables has.
func timedValue(r *record, v []byte) bool {
	first, _, _ := cut(v, ',')
	first, _ = word(first)
	switch {
	case absent(v) && r.has(dDuration) && !r.has(dResponse): // no upstream
		r.put(dResponse, v, uSec, 0)
	case absent(v), string(v) == ".", string(v) == "p": // $pipe
	case isSeconds(first) && len(first) == len(v) && !r.has(dDuration):
		r.put(dDuration, v, uSec, 0)
	case isSeconds(first): // a third is the time to connect or to the header
		r.put(dResponse, v, uSec, 0)
	case hasPrefix(first, "unix:/"), isAddress(first) && len(stripPort(first)) < len(first):
		r.put(dUpstream, v, uNone, 0)
	case len(first) == 3 && allDigits(first) && (r.has(dUpstream) || r.has(dDuration)):
		r.put(dUpstreamStatus, v, uNone, 0)
	case len(v) == 32 && isHexText(v):
		r.put(dRequestID, v, uNone, 0)
	default:
		return false
	}
	return true
}
