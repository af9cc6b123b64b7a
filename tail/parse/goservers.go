package parse

import (
	"bytes"
	"time"

	"why502/tail"
)

// goFormats are fabio and skipper, two proxies in Go, and lighttpd, which like
// them writes a variant of the Common Log Format.
var goFormats = []Format{
	{
		Name: "skipper", Gateway: "skipper", Kind: tail.KindAccess,
		Title: "skipper's access log, milliseconds", Doc: "https://opensource.zalando.com/skipper/operation/operation/#access-logs",
		build: clfRest(2, skipperTail),
		Positive: []Sample{{
			`127.0.0.1 - - [23/Nov/2026:06:57:33 +0000] "GET /slow HTTP/1.1" 504 16 "-" "probe/1" 1001 127.0.0.1:19803 flow1 -`,
			[]string{"status", "504", "duration", "1.001", "host", "127.0.0.1:19803", "request_id", "flow1", "path", "/slow"},
		}},
		Negative: []string{`127.0.0.12 - - [23/Nov/2026:07:17:20 +0000] "GET / HTTP/1.1" 500 501 "-" "curl/7.88.1" 2400 - conn=-`},
	},
	{
		Name: "skipper-log", Gateway: "skipper", Kind: tail.KindError, first: "[",
		Title: "skipper's own log", Doc: "https://opensource.zalando.com/skipper/operation/operation/#application-logs",
		build: skipperLog,
		Positive: []Sample{{
			`[APP]time="2026-11-23T06:57:33Z" level=error msg="error while proxying after 756.783µs, route dead with backend network http://127.0.0.1:19799, status code 502: dialing failed true: failed to do backend roundtrip to 127.0.0.1:19799: dial tcp 127.0.0.1:19799: connect: connection refused, remote host: 127.0.0.9, request: \"GET /dead/1 HTTP/1.1\", host: a.example, user agent: \"probe/1\""`,
			[]string{
				"time", "2026-11-23T06:57:33Z", "level", "error", "status", "502", "upstream", "127.0.0.1:19799", "backend", "dead",
				"client", "127.0.0.9", "path", "/dead/1", "method", "GET", "host", "a.example",
				"message", "error while proxying after 756.783µs, route dead with backend network http://127.0.0.1:19799, status code 502: dialing failed true: failed to do backend roundtrip to 127.0.0.1:19799: dial tcp 127.0.0.1:19799: connect: connection refused",
			},
		}},
	},
	{
		Name: "fabio", Gateway: "fabio", Kind: tail.KindAccess, twin: "nginx-combined",
		Title: `fabio's combined, with "" for no referer`, Doc: "https://fabiolb.net/feature/access-logging/",
		build: fabio,
		Positive: []Sample{{
			`127.0.0.1 - - [23/Nov/2026:07:01:36 +0000] "GET /dead/1 HTTP/1.1" 502 0 "" "probe/1"`,
			[]string{"status", "502", "path", "/dead/1", "bytes", "0", "gateway", "fabio"},
		}},
		Negative: []string{`127.0.0.1 - - [23/Nov/2026:07:01:36 +0000] "GET /dead/1 HTTP/1.1" 502 0 "-" "probe/1"`},
	},
	{
		Name: "lighttpd-access", Gateway: "lighttpd", Kind: tail.KindAccess,
		Title: "lighttpd's default: combined with the host in the ident's place", Doc: "https://redmine.lighttpd.net/projects/lighttpd/wiki/Mod_accesslog",
		build: lighttpd,
		Positive: []Sample{{
			`10.0.0.9 shop.example - [23/Nov/2026:07:01:36 +0000] "GET /dead/1 HTTP/1.1" 503 341 "-" "probe/1"`,
			[]string{"status", "503", "host", "shop.example", "client", "10.0.0.9"},
		}},
		Negative: []string{`10.0.0.9 - - [23/Nov/2026:07:01:36 +0000] "GET /dead/1 HTTP/1.1" 503 341 "-" "probe/1"`},
	},
	{
		Name: "lighttpd-error", Gateway: "lighttpd", Kind: tail.KindError, first: "0(",
		Title: "lighttpd's error log", Doc: "https://redmine.lighttpd.net/projects/lighttpd/wiki/Server_errorlogDetails",
		build: lighttpdError,
		Positive: []Sample{
			{
				`2026-11-23 07:01:36: (gw_backend.c.280) establishing connection failed: socket: tcp:10.77.0.11:8000: Connection refused`,
				[]string{
					"time", "2026-11-23T07:01:36Z", "upstream", "10.77.0.11:8000",
					"message", "(gw_backend.c.280) establishing connection failed: socket: tcp:10.77.0.11:8000: Connection refused",
				},
			},
			{
				`2026-11-23 07:01:36: (gw_backend.c.500) all handlers for /api/items? on shop.example are down.`,
				[]string{"path", "/api/items", "host", "shop.example"},
			},
		},
	},
	{
		Name: "reactor-netty", Gateway: "spring-cloud-gateway", Kind: tail.KindAccess,
		Title: "Reactor Netty's access log: the Common Log Format with milliseconds", Doc: "https://projectreactor.io/docs/netty/release/reference/http-server.html",
		build: clfRest(0, nettyTail),
		Positive: []Sample{
			{
				`10.0.0.9 - - [23/Nov/2026:07:01:36 +0000] "GET /a HTTP/1.1" 500 341 12ms`,
				[]string{"status", "500", "duration", "0.012"},
			},
			{
				`10.0.0.9 - - [23/Nov/2026:07:01:36 +0000] "GET /a HTTP/1.1" 500 341 12`,
				[]string{"status", "500", "duration", "0.012"},
			},
			{
				`10.0.0.9 - - [23/Nov/2026:07:01:36 +0000] "GET /a HTTP/1.1" 500 341 8080 12 ms`,
				[]string{"status", "500", "duration", "0.012"},
			},
		},
	},
}

// nettyTail reads a count of milliseconds with or without its unit, in old versions
// behind the port.
func nettyTail(_ *state, q [][]byte, rest []byte, ev *tail.Event) bool {
	if len(q) != 0 {
		return false
	}
	rest = bytes.TrimSuffix(trim(rest), []byte("ms"))
	if port, ms := word(trim(rest)); len(ms) > 0 && allDigits(port) {
		rest = ms
	}
	d, ok := decimal(trim(rest), time.Millisecond)
	ev.Duration = d
	return ok && allDigits(trim(rest))
}

// skipperTail reads "milliseconds host flow-id user".
func skipperTail(_ *state, q [][]byte, rest []byte, ev *tail.Event) bool {
	ms, rest := word(rest)
	host, rest := word(rest)
	flow, user := word(rest)
	if len(q) != 2 || !allDigits(ms) || len(user) == 0 || !bytes.ContainsAny(host, ".:") || isSeconds(host) || bytes.IndexByte(user, ' ') >= 0 {
		return false
	}
	d, ok := decimal(ms, time.Millisecond)
	ev.Duration, ev.Host, ev.RequestID = d, host, present(flow)
	return ok
}

func skipperLog(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		if !hasPrefix(line, "[APP]") || !s.logfmt(line[5:], ev, logKeys) || ev.Message == nil {
			return false
		}
		msg := ev.Message
		if i := index(msg, ", remote host: "); i >= 0 {
			ev.Message = msg[:i]
			ev.Client, _, _ = cut(msg[i+15:], ',')
			if _, rest, ok := bytes.Cut(msg[i:], []byte(`, request: "`)); ok {
				if j := quoteEnd(rest); j >= 0 {
					request(rest[:j], ev)
				}
			}
			if _, rest, ok := bytes.Cut(msg[i:], []byte(`, host: `)); ok {
				ev.Host, _, _ = cut(rest, ',')
			}
		}
		if _, rest, ok := bytes.Cut(ev.Message, []byte(", route ")); ok {
			ev.Backend, _ = word(rest)
			if _, url, ok := bytes.Cut(rest, []byte("://")); ok {
				addr, _, _ := cut(url, ',')
				ev.AddAttempt().Addr = hostPort(addr)
			}
		}
		if _, rest, ok := bytes.Cut(ev.Message, []byte(", status code ")); ok {
			ev.Status, _ = statusCode(number(rest, nil))
		}
		return true
	}
}

func fabio(s *state) parseFunc {
	plain := clfCombined(2)(s)
	return func(line []byte, ev *tail.Event) bool {
		return index(line, ` "" "`) > 0 && plain(line, ev) && ev.Referer == nil
	}
}

func lighttpd(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		_, rest, ok := s.clfHead(line, ev)
		if !ok || ev.Host == nil || hasPrefix(line, string(ev.Host)) {
			return false
		}
		var t [8][]byte
		n, rest, ok := tails(rest, &t)
		agent(&t, ev)
		return ok && len(rest) == 0 && (n == 0 || n == 2)
	}
}

func lighttpdError(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		b := line
		if b[0] != '(' {
			ns, n, ok := s.clk.iso(b)
			if !ok || b[10] != ' ' || !hasPrefix(b[n:], ": (") {
				return false
			}
			ev.Time, b = ns, b[n+2:]
		}
		file, rest, ok := cut(b, ')')
		if !ok || index(file, ".c.") < 0 || len(rest) < 2 {
			return false
		}
		ev.Message = b
		if i := index(rest, "socket: "); i >= 0 {
			addr := bytes.TrimPrefix(rest[i+8:], []byte("tcp:"))
			if j := index(addr, ": "); j > 0 {
				ev.AddAttempt().Addr = addr[:j]
			}
		}
		if i := index(rest, "all handlers for "); i >= 0 {
			path, more := word(rest[i+17:])
			ev.Path, _, _ = cut(path, '?')
			_, more = word(more)
			host, _ := word(more)
			ev.Host = present(host)
		}
		return true
	}
}
