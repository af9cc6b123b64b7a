package parse

import (
	"bytes"
	"time"

	"why502/tail"
)

const docApacheLog = "https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#formats"

// apacheFormats are Apache's access logs. Its common and combined lines are the
// same as everyone's; detection names Apache when its error log is there too. A
// number after combined is %D, microseconds, or "%T/%D"; two are combinedio's
// byte counts.
var apacheFormats = []Format{
	{
		Name: "apache-vhost-combined", Gateway: "apache", Kind: tail.KindAccess, first: "a0[*_",
		Title: "vhost_combined: host:port before combined", Doc: docApacheLog,
		build: apacheVhost,
		Positive: []Sample{{
			`shop.example:443 10.0.0.9 - bob [23/Nov/2026:07:13:28 +0000] "POST /api HTTP/1.1" 503 299 "-" "curl/8" 5134`,
			[]string{"host", "shop.example", "client", "10.0.0.9", "status", "503", "duration", "0.005134", "path", "/api"},
		}},
		Negative: []string{`shop.example 10.0.0.9 - bob [23/Nov/2026:07:13:28 +0000] "POST /api HTTP/1.1" 503 299 "-" "curl/8"`},
	},
	{
		Name: "apache-combined-d", Gateway: "apache", Kind: tail.KindAccess,
		Title: "combined with %D (microseconds) or %T/%D after it, and combinedio", Doc: docApacheLog,
		build: clfRest(2, apacheTail),
		Positive: []Sample{
			{
				`127.0.0.12 - - [23/Nov/2026:07:17:20 +0000] "GET /api/items/3 HTTP/1.1" 500 501 "-" "curl/7.88.1" 2400 - conn=-`,
				[]string{"status", "500", "duration", "0.0024", "upstream", ""},
			},
			{
				`127.0.0.13 - - [23/Nov/2026:07:19:59 +0000] "GET /api/items HTTP/1.1" 200 592 "-" "okhttp/4.12.0" 2461 http://10.77.0.11:8000 conn=-`,
				[]string{"duration", "0.002461", "upstream", "10.77.0.11:8000"},
			},
			{
				`127.0.0.12 - - [23/Nov/2026:07:17:20 +0000] "GET / HTTP/1.1" 502 501 "-" "curl/7.88.1" 3/3002400`,
				[]string{"status", "502", "duration", "3.0024"},
			},
			{
				`127.0.0.12 - - [23/Nov/2026:07:17:20 +0000] "GET / HTTP/1.1" 200 501 "-" "curl/7.88.1" 431 1204`,
				[]string{"status", "200", "duration", ""},
			},
		},
		Negative: []string{
			`127.0.0.12 - - [23/Nov/2026:07:17:20 +0000] "GET / HTTP/1.1" 200 501 "-" "curl/7.88.1" 0.123`,
			`127.0.0.12 - - [23/Nov/2026:07:17:20 +0000] "GET / HTTP/1.1" 200 501 "-" "curl/7.88.1" 4 a.example:80 - -`,
		},
	},
	{
		Name: "apache-combined", Gateway: "apache", Kind: tail.KindAccess, twin: "nginx-combined",
		Title: "combined", Doc: docApacheLog,
		build: clfCombined(2),
		Positive: []Sample{{
			`127.0.0.12 - - [23/Nov/2026:07:17:20 +0000] "GET /a HTTP/1.1" 503 299 "-" "curl/7.88.1"`,
			[]string{"status", "503", "path", "/a"},
		}},
	},
	{
		Name: "apache-common", Gateway: "apache", Kind: tail.KindAccess, twin: "clf",
		Title: "common", Doc: docApacheLog,
		build: clfPlain,
		Positive: []Sample{{
			`127.0.0.12 - - [23/Nov/2026:07:17:20 +0000] "GET /a HTTP/1.1" 503 299`,
			[]string{"status", "503", "path", "/a"},
		}},
	},
}

func apacheVhost(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		mid, rest, ok := s.clfHead(line, ev)
		if !ok || mid != nil || bytes.IndexByte(ev.Host, ':') < 0 || !hasPrefix(line, string(ev.Host)) {
			return false
		}
		ev.Host = stripPort(ev.Host)
		var t [8][]byte
		n, rest, ok := tails(rest, &t)
		agent(&t, ev)
		return ok && n == 2 && (len(rest) == 0 || apacheTail(s, t[:n], rest, ev))
	}
}

// apacheTail reads "2400 ...", "3/3002400", "in out" and "in out 2400".
func apacheTail(_ *state, _ [][]byte, rest []byte, ev *tail.Event) bool {
	if bytes.IndexByte(ev.Host, ':') > 0 || hasSuffix(rest, "ms") {
		return false // the vhost form, Traefik
	}
	first, more := word(rest)
	first = bytes.Trim(first, "*")
	sec, us, slash := cut(first, '/')
	if slash {
		first = us
	}
	if !allDigits(first) || slash && !allDigits(sec) {
		return false
	}
	second, more := word(more)
	if allDigits(second) { // combinedio
		third, _ := word(more)
		if !allDigits(third) {
			return len(third) == 0
		}
		first = third
	} else if bytes.IndexAny(second, ".:") > 0 && index(second, "://") < 0 {
		return false // a host: skipper
	}
	if index(second, "://") > 0 { // %{BALANCER_WORKER_NAME}e
		ev.AddAttempt().Addr = hostPort(second)
	}
	d, ok := decimal(first, time.Microsecond)
	if ok {
		ev.Duration = d
	}
	return ok
}

// apacheErrorFormats are the error logs of 2.4 and 2.2. Event.Message is the text
// from the error number on, "(111)Connection refused: AH00957: ...", without the
// client, wherever that stood.
var apacheErrorFormats = []Format{
	{
		Name: "apache-error", Gateway: "apache", Kind: tail.KindError, first: "[",
		Title: "error log of Apache 2.4", Doc: "https://httpd.apache.org/docs/2.4/mod/core.html#errorlogformat",
		build: apacheError(false),
		Positive: []Sample{
			{
				`[Tue Oct 26 17:27:20.477742 2021] [proxy:error] [pid 29484:tid 140230740928256] (111)Connection refused: AH00957: HTTP: attempt to connect to 127.0.0.1:8981 (localhost) failed`,
				[]string{
					"time", "2021-10-26T17:27:20.477742Z", "level", "error", "pid", "29484", "upstream", "127.0.0.1:8981",
					"message", "(111)Connection refused: AH00957: HTTP: attempt to connect to 127.0.0.1:8981 (localhost) failed",
				},
			},
			{
				`[Fri Jan 28 14:18:33.838658 2022] [proxy_http:error] [pid 119] (70007)The timeout specified has expired: [client 10.6.0.2:52924] AH01102: error reading status line from remote server localhost:8000, referer: https://192.168.178.98:8080/containers`,
				[]string{
					"client", "10.6.0.2", "upstream", "localhost:8000", "referer", "https://192.168.178.98:8080/containers",
					"message", "(70007)The timeout specified has expired: AH01102: error reading status line from remote server localhost:8000",
				},
			},
			{
				`[Mon Nov 23 07:17:11.321634 2026] [proxy:error] [pid 2857:tid 2863] [client 10.6.0.2:52924] (2)No such file or directory: AH02454: http: attempt to connect to Unix domain socket /run/app/app.sock (localhost:80) failed`,
				[]string{"upstream", "unix:/run/app/app.sock", "conn", "2863"},
			},
			{
				`[Mon Nov 23 07:17:11.321634 2026] [proxy:error] [pid 2857:tid 2863] (EAI 2)Name or service not known: [client 127.0.0.14:46431] AH00898: DNS lookup failure for: app.internal returned by /api/items`,
				[]string{"path", "/api/items", "upstream", "", "message", "(EAI 2)Name or service not known: AH00898: DNS lookup failure for: app.internal returned by /api/items"},
			},
		},
	},
	{
		Name: "apache-error-22", Gateway: "apache", Kind: tail.KindError, first: "[",
		Title: "error log of Apache 2.2", Doc: "https://httpd.apache.org/docs/2.2/logs.html#errorlog",
		build: apacheError(true),
		Positive: []Sample{{
			`[Wed Oct 11 14:32:52 2000] [error] [client 127.0.0.1] (111)Connection refused: proxy: HTTP: attempt to connect to 10.0.0.5:80 (app) failed`,
			[]string{
				"time", "2000-10-11T14:32:52Z", "level", "error", "client", "127.0.0.1", "upstream", "10.0.0.5:80",
				"message", "(111)Connection refused: proxy: HTTP: attempt to connect to 10.0.0.5:80 (app) failed",
			},
		}},
		Negative: []string{`[Tue Oct  5 16:38:47 2021] Out of memory: Killed process 1483 (uvicorn)`},
	},
}

func apacheError(old bool) func(*state) parseFunc {
	return func(s *state) parseFunc {
		return func(line []byte, ev *tail.Event) bool {
			if len(line) < 30 || line[0] != '[' {
				return false
			}
			stamp, rest, ok := cut(line[1:], ']')
			if !ok || len(stamp) < 19 || len(stamp) > 40 || !hasPrefix(rest, " [") {
				return false
			}
			var n int
			if ev.Time, n, ok = s.clk.ansic(stamp); !ok {
				ev.Time, n, ok = s.clk.iso(stamp)
			}
			if !ok || n != len(stamp) {
				return false
			}
			name, rest, ok := cut(rest[2:], ']')
			module, level, both := cut(name, ':')
			if !ok || both == old {
				return false
			}
			if old {
				level = module
			}
			if !isWord(level) || !apacheLevel(level) {
				return false
			}
			ev.Level = level
			s.apacheMessage(trim(rest), old, ev)
			return true
		}
	}
}

func apacheLevel(b []byte) bool {
	switch string(b) {
	case "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug":
		return true
	}
	return hasPrefix(b, "trace")
}

// apacheMessage reads "[pid P:tid T] (ERR)text: [client C] message, referer: R"
// with error and client in either order; 2.2 wrote the client without its port.
func (s *state) apacheMessage(b []byte, old bool, ev *tail.Event) {
	if hasPrefix(b, "[pid ") {
		pid, rest, ok := cut(b[5:], ']')
		if ok {
			b = trim(rest)
			p, tid, _ := cut(pid, ':')
			ev.PID = p
			_, ev.Conn, _ = cut(tid, ' ')
		}
	}
	if i := bytes.LastIndex(b, []byte(", referer: ")); i >= 0 {
		ev.Referer, b = present(b[i+11:]), b[:i]
	}
	for _, who := range [...]string{"[client ", "[remote "} {
		i := index(b, who)
		if i < 0 || i > 0 && b[0] != '(' {
			continue
		}
		addr, rest, ok := cut(b[i+len(who):], ']')
		if !ok {
			continue
		}
		switch {
		case who == "[remote ":
			ev.AddAttempt().Addr = addr
		case old:
			ev.Client = addr
		default:
			ev.Client = beforePort(addr)
		}
		if before := b[:i]; len(before) > 0 {
			b = s.join(before, trim(rest))
		} else {
			b = trim(rest)
		}
	}
	ev.Message = b
	s.apacheUpstream(b, ev)
}

// apacheAddresses are the words before an upstream's address, and the byte that
// ends it.
var apacheAddresses = []struct {
	before string
	end    byte
}{
	{"attempt to connect to Unix domain socket ", ' '},
	{"attempt to connect to ", ' '},
	{"make connection to backend: ", ','},
	{"disabling worker for (", ')'},
	{"from remote server ", ' '},
	{"pass request body failed to ", ' '},
}

func (s *state) apacheUpstream(b []byte, ev *tail.Event) {
	if i := index(b, " returned by /"); i >= 0 {
		var method []byte
		ev.Path, method = word(b[i+13:])
		ev.Method = present(bytes.Trim(method, "()"))
	}
	if len(ev.Attempts) > 0 {
		return
	}
	for i, a := range apacheAddresses {
		j := index(b, a.before)
		if j < 0 {
			continue
		}
		addr, _, _ := cut(b[j+len(a.before):], a.end)
		if addr = bytes.TrimRight(addr, ","); len(addr) == 0 || string(addr) == "returned" {
			return
		}
		if i == 0 {
			addr = s.join([]byte("unix:"), addr)
		}
		ev.AddAttempt().Addr = addr
		return
	}
}
