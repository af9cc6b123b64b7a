package parse

import (
	"bytes"
	"encoding/binary"
	"time"

	"why502/tail"
)

const docNginxLog = "https://nginx.org/en/docs/http/ngx_http_log_module.html"

// nginxFormats are nginx's own access logs. nginx.conf of the packages calls the
// second "main"; the extended form has no standard, the keys are what people and
// the documentation of the upstream variables use.
var nginxFormats = []Format{
	{
		Name: "nginx-extended", Gateway: "nginx", Kind: tail.KindAccess,
		Title: `combined or main with key=value fields: rt= uct= uht= urt= us= ua= in any order, seconds`,
		Doc:   "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#variables",
		build: clfRest(2, nginxExtended),
		Positive: []Sample{
			{
				`10.0.0.9 - bob [23/Nov/2026:07:13:28 +0000] "POST /api/orders?x=1 HTTP/1.1" 502 157 "-" "curl/8" rt=3.001 uct="-, 0.001" uht="-, 0.020" urt="0.000, 3.000" us="502, 200" ua="10.0.0.1:80, [::1]:81"`,
				[]string{
					"time", "2026-11-23T07:13:28Z", "client", "10.0.0.9", "method", "POST", "path", "/api/orders?x=1", "status", "502",
					"bytes", "157", "duration", "3.001", "upstream", "10.0.0.1:80, [::1]:81", "upstream_status", "502, 200",
					"upstream_duration", "0, 3", "user_agent", "curl/8",
				},
			},
			{
				`10.0.0.9 - - [23/Nov/2026:07:13:28 +0000] "GET / HTTP/2.0" 504 0 "-" "-" "1.2.3.4" ua=unix:/run/a.sock us=504 urt=3.000 rt=3.002 uct=0.000`,
				[]string{"status", "504", "duration", "3.002", "upstream", "unix:/run/a.sock", "upstream_status", "504", "upstream_duration", "3"},
			},
			{
				`10.0.0.9 - - [23/Nov/2026:07:13:28 +0000] "GET / HTTP/2.0" 502 157 "-" "-" rt=0.000 uct="-" uht="-" urt="0.000" us="502" ua="app"`,
				[]string{"upstream", "app", "upstream_status", "502"},
			},
		},
		Negative: []string{
			`10.0.0.9 - - [23/Nov/2026:07:13:28 +0000] "GET / HTTP/2.0" 502 157 "-" "-"`,
			`172.19.0.2 - - [05/Oct/2026:13:17:07 +0000] "GET / HTTP/2.0" 502 11 "-" "-" 992 "web@k8s" "http://10.244.1.12:8080" 0ms`,
		},
	},
	{
		Name: "nginx-main", Gateway: "nginx", Kind: tail.KindAccess,
		Title: `combined with "$http_x_forwarded_for" last, as the packaged nginx.conf has it`,
		Doc:   "https://github.com/nginx/pkg-oss (nginx.conf)",
		build: clfCombined(3),
		Positive: []Sample{{
			`164.90.167.249 - - [30/Aug/2025:12:45:27 +0000] "POST /auth/login HTTP/2.0" 502 157 "-" "curl/8.12.1" "-"`,
			[]string{"time", "2025-08-30T12:45:27Z", "method", "POST", "path", "/auth/login", "status", "502", "protocol", "HTTP/2.0"},
		}},
		Negative: []string{
			`164.90.167.249 - - [30/Aug/2025:12:45:27 +0000] "POST /auth/login HTTP/2.0" 502 157 "-" "curl/8.12.1"`,
		},
	},
	{
		Name: "nginx-combined", Gateway: "nginx", Kind: tail.KindAccess,
		Title: "nginx's built-in format, the same lines as Apache's and gunicorn's combined",
		Doc:   docNginxLog + "#log_format",
		build: clfCombined(2),
		Positive: []Sample{
			{
				`10.1.2.3 - - [23/Nov/2026:08:14:33 +0100] "POST /api/orders HTTP/1.1" 009 158 "-" "okhttp/4.12.0"`,
				[]string{"time", "2026-11-23T07:14:33Z", "status", "9", "client", "10.1.2.3", "bytes", "158"},
			},
			{
				`::1 - a b [23/Nov/2026:07:14:33 +0000] "\x16\x03\x01" 400 150 "-" "-"`,
				[]string{"client", "::1", "status", "400", "method", "", "path", ""},
			},
		},
		Negative: []string{
			`127.0.0.1 - - [23/Nov/2026:07:01:35 +0000] "GET /ok/1 HTTP/1.1" 200 3`,
			`127.0.0.1 - - [23/Nov/2026:06:57:33 +0000] "GET /ok/1 HTTP/1.1" 200 3 "-" "probe/1" 0 127.0.0.1:19803 - -`,
		},
	},
	{
		Name: "nginx-vhost", Gateway: "nginx", Kind: tail.KindAccess,
		Title: "combined with the virtual host before the client",
		Doc:   docNginxLog,
		build: nginxVhost,
		Positive: []Sample{{
			`shop.example 10.1.2.3 - - [23/Nov/2026:07:14:33 +0000] "GET /a HTTP/1.1" 502 158 "-" "okhttp/4.12.0"`,
			[]string{"host", "shop.example", "client", "10.1.2.3", "path", "/a", "status", "502"},
		}},
		Negative: []string{
			`shop.example:80 10.1.2.3 - - [23/Nov/2026:07:14:33 +0000] "GET /a HTTP/1.1" 502 158 "-" "okhttp/4.12.0"`,
		},
	},
	{
		Name: "nginx-proxy-manager", Gateway: "nginx", Kind: tail.KindAccess,
		Title: "Nginx Proxy Manager's proxy and standard host logs",
		Doc:   "https://github.com/NginxProxyManager/nginx-proxy-manager (log.conf)",
		build: nginxProxyManager, first: "[",
		Positive: []Sample{
			{
				`[30/Aug/2025:12:45:27 +0000] - 502 502 - GET https example.org "/a/b?x=1" [Client 10.0.0.7] [Length 154] [Gzip -] [Sent-to app.internal] "curl/8" "-"`,
				[]string{
					"time", "2025-08-30T12:45:27Z", "status", "502", "upstream_status", "502", "method", "GET", "path", "/a/b?x=1",
					"host", "example.org", "client", "10.0.0.7", "bytes", "154", "upstream", "app.internal", "user_agent", "curl/8",
				},
			},
			{
				`[30/Aug/2025:12:45:27 +0000] 404 - GET http example.org "/" [Client 10.0.0.7] [Length 154] [Gzip 1.2] "curl/8" "-"`,
				[]string{"status", "404", "upstream", "", "path", "/"},
			},
		},
		Negative: []string{`[30/Aug/2025 12:45:27] "GET / HTTP/1.1" 200 10`},
	},
}

func nginxVhost(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		mid, rest, ok := s.clfHead(line, ev)
		if !ok || mid != nil || ev.Host == nil || bytes.IndexByte(ev.Host, ':') >= 0 || isAddress(ev.Host) {
			return false
		}
		if i := bytes.IndexByte(line, ' '); !bytes.Equal(line[:i], ev.Host) {
			return false // the host in the ident's place: lighttpd
		}
		var t [8][]byte
		n, rest, ok := tails(rest, &t)
		agent(&t, ev)
		if !ok || n != 2 && n != 3 {
			return false
		}
		return len(rest) == 0 || nginxExtended(s, t[:n], rest, ev)
	}
}

// isAddress says whether b looks like an IP address rather than a name.
func isAddress(b []byte) bool {
	for _, c := range b {
		if !isHex(c) && c != '.' && c != ':' && c != '[' && c != ']' {
			return false
		}
	}
	return len(b) > 0 && (bytes.IndexByte(b, ':') >= 0 || isDigit(b[len(b)-1]))
}

// nginxKey says what a key of the extended form holds.
func nginxKey(k []byte) (d datum, u unit) {
	switch string(k) {
	case "rt", "request_time", "reqtime":
		return dDuration, uSec
	case "uct", "upstream_connect_time":
		return dConnect, uSec
	case "uht", "upstream_header_time":
		return dHeader, uSec
	case "urt", "upstream_response_time", "upstream_time":
		return dResponse, uSec
	case "us", "upstream_status", "ustatus":
		return dUpstreamStatus, uNone
	case "ua", "upstream_addr", "uaddr", "upstream":
		return dUpstream, uNone
	case "rid", "req_id", "request_id", "reqid", "trace_id":
		return dRequestID, uNone
	case "host", "h", "http_host", "vhost":
		return dHost, uNone
	}
	return dNone, uNone
}

// extKey is a key of the extended form where it stood on the last line; logs
// repeat their keys in the same order.
type extKey struct {
	text []byte // "rt="
	d    datum
	u    unit
}

// extendedKey reads "key=" at the beginning of b, the i-th of the line, and
// returns its length, 0 when there is none.
func (s *state) extendedKey(b []byte, i int) (k extKey, n int) {
	if i < len(s.ext) {
		if k = s.ext[i]; len(b) >= len(k.text) && string(b[:len(k.text)]) == string(k.text) {
			return k, len(k.text)
		}
	}
	if n = keyLength(b); n == 0 {
		return extKey{}, 0
	}
	k.d, k.u = nginxKey(b[:n])
	n++
	if i < maxExtKeys && n <= 64 {
		for len(s.ext) <= i {
			s.ext = append(s.ext, extKey{})
		}
		slot := &s.ext[i]
		slot.text = append(slot.text[:0], b[:n]...)
		slot.d, slot.u = k.d, k.u
	}
	return k, n
}

const maxExtKeys = 32

// keyLength is the length of the key that b begins with, before its "=".
func keyLength(b []byte) int {
	n := 0
	for n < len(b) && (isLetter(b[n]) || b[n] == '_' || n > 0 && isDigit(b[n])) {
		n++
	}
	if n == len(b) || b[n] != '=' {
		return 0
	}
	return n
}

// nginxExtended reads the key=value fields after the quoted texts. A text without
// a key that looks like a request id is taken as one.
func nginxExtended(s *state, _ [][]byte, rest []byte, ev *tail.Event) bool {
	var seen uint64
	for i := 0; len(rest) > 0; i++ {
		k, n := s.extendedKey(rest, i)
		if n == 0 {
			w, after, ok := token(rest)
			if !ok {
				return false
			}
			if len(w) == 32 && ev.RequestID == nil && isHexText(w) {
				ev.RequestID = w
			}
			rest = after
			continue
		}
		rest = rest[n:]
		seen |= 1 << k.d
		if k.u == uSec {
			if d, n := usualTime(rest); n > 0 {
				setTime(ev, k.d, d)
				rest = rest[n:]
				continue
			}
		}
		v, after, plain := plainValue(rest)
		if !plain {
			v, after = listValue(rest)
		}
		for len(after) > 0 && after[0] == ' ' {
			after = after[1:]
		}
		rest = after
		switch k.d {
		case dNone:
		case dDuration:
			ev.Duration = duraOr(v, k.u)
		case dRequestID:
			ev.RequestID = present(v)
		case dHost:
			ev.Host = present(v)
		default:
			if plain {
				setAttempt(ev, 0, k.d, k.u, v)
			} else {
				setAttempts(ev, k.d, k.u, v)
			}
		}
	}
	if seen&^(1<<dNone) == 0 {
		return false
	}
	nginxMaker(seen, ev)
	return true
}

// usualTime reads a time as it mostly is, "0.123" with its quotes or bare and a field after
// it, and returns its length with the blank, 0 for any other.
func usualTime(b []byte) (d time.Duration, n int) {
	if len(b) < 9 {
		return 0, 0
	}
	quote := 0
	if b[0] == '"' {
		quote = 1
	}
	if n = 6 + 2*quote; b[n-1] != ' ' || b[n] == ' ' || b[n] == ':' || quote == 1 && b[6] != '"' {
		return 0, 0
	}
	const (
		text = '0' | '.'<<8 | '0'<<16 | '0'<<24 | '0'<<32
		room = 0x76 | 0x7f<<8 | 0x76<<16 | 0x76<<24 | 0x76<<32 // from nine, and none, to the highest bit
		high = 0x8080808080
	)
	w := (binary.LittleEndian.Uint64(b[quote:]) ^ text) & (1<<40 - 1)
	if (w+room|w)&high != 0 {
		return 0, 0
	}
	ms := w&15*1000 + w>>16&15*100 + w>>24&15*10 + w>>32
	return time.Duration(ms) * time.Millisecond, n
}

// setTime sets one of the times of a request with at most one attempt.
func setTime(ev *tail.Event, of datum, d time.Duration) {
	if of == dDuration {
		ev.Duration = d
		return
	}
	if len(ev.Attempts) == 0 {
		ev.AddAttempt()
	}
	switch a := &ev.Attempts[0]; of {
	case dConnect:
		a.Connect = d
	case dHeader:
		a.Header = d
	case dResponse:
		a.Response = d
	}
}

// plainEnd marks the bytes that end a plain value, and those that make it none:
// of a list, a URL or with escapes.
var plainEnd = func() (t [256]bool) {
	for _, c := range []byte("\" ,/@\\") {
		t[c] = true
	}
	return t
}()

// plainValue reads the usual value: quoted or bare, a number or an address. It is
// listValue in one short loop; not ok: ask that.
func plainValue(b []byte) (v, rest []byte, ok bool) {
	if len(b) > 0 && b[0] == '"' {
		for i := 1; i < len(b); i++ {
			if c := b[i]; plainEnd[c] {
				return b[1:i], b[i+1:], c == '"'
			}
		}
		return nil, nil, false
	}
	for i, c := range b {
		if plainEnd[c] {
			return b[:i], b[i+1:], c == ' ' && !hasPrefix(b[i:], " :")
		}
	}
	return b, nil, true
}

// nginxUpstream writes the record of an nginx line into ev.
func nginxUpstream(r *record, s *state, ev *tail.Event) {
	r.fill(s, ev)
	nginxMaker(r.set, ev)
}

// nginxMaker says who made the response: nginx notes a header time only for an
// upstream that sent a header, and no upstream value at all for a response of its
// own. seen has the data of the line as bits.
func nginxMaker(seen uint64, ev *tail.Event) {
	asked := seen & (1<<dUpstream | 1<<dUpstreamStatus | 1<<dConnect | 1<<dHeader | 1<<dResponse)
	if last := ev.Last(); last != nil {
		switch {
		case last.Header != tail.None:
			ev.Maker = tail.MakerUpstream
		case seen>>dHeader&1 != 0:
			ev.Maker = tail.MakerGateway
		}
	} else if asked != 0 {
		ev.Maker = tail.MakerGateway
	}
}

// listValue reads a value that may be a list: quoted, or words joined by ", " and
// " : ".
func listValue(b []byte) (v, rest []byte) {
	if len(b) > 0 && b[0] == '"' {
		if i := quoteEnd(b[1:]); i >= 0 {
			return b[1 : 1+i], b[i+2:]
		}
		return b[1:], nil
	}
	i := 0
	for {
		for i < len(b) && b[i] != ' ' {
			i++
		}
		switch {
		case i == len(b):
			return b, nil
		case i > 0 && b[i-1] == ',':
			i++
		case hasPrefix(b[i:], " : "):
			i += 3
		default:
			return b[:i], b[i+1:]
		}
	}
}

func isHexText(b []byte) bool {
	for _, c := range b {
		if !isHex(c) {
			return false
		}
	}
	return len(b) > 0
}

// nginxProxyManager reads
//
//	[time] CACHE UPSTREAM_STATUS STATUS - METHOD scheme host "uri" [Client c] [Length n] [Gzip r] [Sent-to s] "agent" "referer"
//
// and the form of its default hosts, which has one status and no cache word.
func nginxProxyManager(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		var ok bool
		if len(line) < 30 || line[0] != '[' || line[27] != ']' {
			return false
		}
		if ev.Time, ok = s.clk.clf(line[1:]); !ok {
			return false
		}
		head, rest, ok := cut(line[28:], '"')
		if !ok {
			return false
		}
		var w [9][]byte
		n := 0
		for b := trim(head); len(b) > 0 && n < len(w); n++ {
			w[n], b = word(b)
		}
		if n != 7 && n != 5 || string(w[n-4]) != "-" {
			return false
		}
		if ev.Status, ok = statusCode(w[n-5]); !ok {
			return false
		}
		ev.Method, ev.Host = w[n-3], w[n-1]
		i := quoteEnd(rest)
		if i < 0 {
			return false
		}
		ev.Path, rest = rest[:i], trim(rest[i+1:])
		if n == 7 {
			if code, ok := statusCode(w[1]); ok {
				ev.AddAttempt().Status = code
			} else if !absent(w[1]) {
				return false
			}
		}
		return proxyManagerTail(rest, ev)
	}
}

func proxyManagerTail(rest []byte, ev *tail.Event) bool {
	for len(rest) > 0 && rest[0] == '[' {
		key, after, ok := cut(rest[1:], ']')
		if !ok {
			return false
		}
		name, v, _ := cut(key, ' ')
		switch string(name) {
		case "Client":
			ev.Client = v
		case "Length":
			if n, ok := atoi(v); ok {
				ev.Bytes = n
			}
		case "Sent-to":
			if len(ev.Attempts) > 0 {
				ev.Attempts[0].Addr = present(v)
			}
		}
		rest = trim(after)
	}
	var t [8][]byte
	n, rest, ok := tails(rest, &t)
	ev.UserAgent, ev.Referer = present(t[0]), present(t[1])
	return ok && n == 2 && len(rest) == 0 && ev.Client != nil
}
