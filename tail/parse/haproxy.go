package parse

import (
	"bytes"
	"time"

	"why502/tail"
)

const docHAProxy = "https://docs.haproxy.org/3.0/configuration.html#8.2"

// haproxyFormats are HAProxy's access logs. Any syslog prefix has been peeled
// off before. Timers are milliseconds, -1 means not reached; a "+" before the
// total time (option logasap) says that the line was written before the end, so
// the duration is a lower bound then.
var haproxyFormats = []Format{
	{
		Name: "haproxy-http", Gateway: "haproxy", Kind: tail.KindAccess,
		Title: "option httplog", Doc: docHAProxy + ".3",
		build: haproxyHTTP(false),
		Positive: []Sample{
			{ // a unique id behind it, as `%ID` puts it
				`10.0.0.1:34552 [15/Oct/2003:15:26:31.462] fe be/s1 3/0/7/9/19 200 0 - - ---- 2/2/2/1/0 0/0 "GET /id HTTP/1.0" 7F000001:8296_7F00001E:1F90_4F7B0A69_0003:790E`,
				[]string{"status", "200", "path", "/id", "host", "", "duration", "0.019"},
			},
			{
				`127.0.0.1:44542 [10/Dec/2018:15:48:56.017] http-webservices http-webservices/<NOSRV> 0/-1/-1/-1/0 503 213 - - SC-- 1/1/0/0/0 0/0 {localhost:8888||} {|} "GET /foo HTTP/1.1"`,
				[]string{
					"time", "2018-12-10T15:48:56.017Z", "client", "127.0.0.1", "method", "GET", "path", "/foo", "status", "503", "bytes", "213",
					"duration", "0", "flags", "SC--", "upstream", "", "backend", "http-webservices",
				},
			},
			{
				`10.0.0.1:34552 [15/Oct/2003:15:26:31.462] px-http~ px-http/srv1 3183/0/7/-1/11215    504 0 - - sH-- 205/202/202/115/+3 0/0 "HEAD / HTTP/1.0"`,
				[]string{"status", "504", "duration", "11.215", "upstream", "px-http/srv1", "flags", "sH--", "retries", "3"},
			},
			{
				`2001:db8::1:443 [15/Oct/2003:15:26:31.462] fe be/s1 0/0/0/4/+4 200 +16 - - ---- 1/1/1/1/0 0/0 {a b|c} "GET /x HTTP/2.0"`,
				[]string{"client", "2001:db8::1", "upstream_duration", "0.004", "bytes", "16", "path", "/x", "flags", "----"},
			},
			{
				`unix:1 [15/Oct/2003:15:26:31.462] fe fe/<NOSRV> -1/-1/-1/-1/0 400 0 - - CR-- 1/1/1/1/0 0/0 "<BADREQ>"`,
				[]string{"client", "unix", "status", "400", "method", "", "path", ""},
			},
		},
		Negative: []string{
			`127.0.0.1:40962 [20/Sep/2018:15:44:23.285] main app/<NOSRV> -1/-1/1 212 SC 1/1/0/0/0 0/0`,
			`127.0.0.1:40962 [20/Sep/2018:15:44:23.285] main/1: SSL handshake failure`,
		},
	},
	{
		Name: "haproxy-https", Gateway: "haproxy", Kind: tail.KindAccess,
		Title: "option httpslog", Doc: docHAProxy + ".4",
		build: haproxyHTTP(true),
		Positive: []Sample{{
			`10.0.0.1:34552 [15/Oct/2023:15:26:31.462] px~ px/srv1 0/0/0/1/11 200 700 - - ---- 1/1/0/0/0 0/0 "GET /a HTTP/1.1" 0/0000000000000000/0/0/0 a.example/TLSv1.3/TLS_AES_256_GCM_SHA384`,
			[]string{"status", "200", "duration", "0.011", "upstream", "px/srv1", "host", "a.example"},
		}},
		Negative: []string{`10.0.0.1:34552 [15/Oct/2023:15:26:31.462] px~ px/srv1 0/0/0/1/11 200 700 - - ---- 1/1/0/0/0 0/0 "GET /a HTTP/1.1"`},
	},
	{
		Name: "haproxy-tcp", Gateway: "haproxy", Kind: tail.KindAccess,
		Title: "option tcplog", Doc: docHAProxy + ".2",
		build: haproxyTCP,
		Positive: []Sample{{
			`127.0.0.1:40962 [20/Sep/2018:15:44:23.285] main app/s1 0/12/30 212 sD 1/1/0/0/1 0/0`,
			[]string{"time", "2018-09-20T15:44:23.285Z", "status", "", "duration", "0.03", "flags", "sD", "upstream", "app/s1", "bytes", "212", "retries", "1"},
		}},
		Negative: []string{`127.0.0.1:44542 [10/Dec/2018:15:48:56.017] fe be/s 0/-1/-1/-1/0 503 213 - - SC-- 1/1/0/0/0 0/0 "GET /foo HTTP/1.1"`},
	},
	{
		Name: "haproxy-clf", Gateway: "haproxy", Kind: tail.KindAccess,
		Title: "option httplog clf", Doc: docHAProxy + ".3",
		build: clfRest(2, haproxyCLF),
		Positive: []Sample{{
			`10.9.8.7 - - [10/Mar/2022:14:00:56 +0000] "GET /5.js HTTP/1.1" 503 217 "" "" 59794 528 "live-https~" "live-servers" "live_052" 0 0 -1 -1 3 CC-- 4 1 0 0 2 0 0 "" ""`,
			[]string{
				"time", "2022-03-10T14:00:56.528Z", "status", "503", "duration", "0.003", "flags", "CC--", "upstream", "live-servers/live_052",
				"path", "/5.js", "client", "10.9.8.7", "retries", "2",
			},
		}},
		Negative: []string{`10.9.8.7 - - [10/Mar/2022:14:00:56 +0000] "GET /5.js HTTP/1.1" 503 217 "" ""`},
	},
}

// haproxyHead reads "client:port [time] frontend backend/server timers" and
// returns the timers and what follows.
func (s *state) haproxyHead(line []byte, ev *tail.Event) (timers, rest []byte, ok bool) {
	i := bytes.IndexByte(line, '[')
	if i < 3 || i > 256 || line[i-1] != ' ' || len(line) < i+27 || line[i+25] != ']' {
		return nil, nil, false
	}
	client := trim(line[:i-1])
	j := bytes.LastIndexByte(client, ':')
	if j < 0 || bytes.IndexByte(client, ' ') >= 0 || !allDigits(client[j+1:]) && string(client[j:]) != ":-" {
		return nil, nil, false
	}
	if ev.Time, ok = s.clk.haproxy(line[i+1:]); !ok {
		return nil, nil, false
	}
	ev.Client = present(client[:j])
	_, rest = word(trim(line[i+26:])) // the frontend
	bs, rest := word(rest)
	j = bytes.IndexByte(bs, '/')
	if j <= 0 {
		return nil, nil, false
	}
	ev.Backend = bs[:j]
	if server := bs[j+1:]; len(server) > 0 && server[0] != '<' {
		ev.AddAttempt().Addr = bs
	}
	timers, rest = word(rest)
	return timers, rest, true
}

// haproxyTimers reads n timers joined by slashes, in milliseconds, -1 for one not
// reached.
func haproxyTimers(b []byte, to []int64) bool {
	for i := range to {
		t, rest, more := cut(b, '/')
		if more != (i < len(to)-1) {
			return false
		}
		if len(t) > 0 && t[0] == '+' {
			t = t[1:]
		}
		n, ok := atoi(t)
		if !ok || n < -1 || n > 1e12 {
			return false
		}
		to[i], b = n, rest
	}
	return true
}

func millis(n int64) time.Duration {
	if n < 0 {
		return tail.None
	}
	return time.Duration(n) * time.Millisecond
}

func haproxyHTTP(tls bool) func(*state) parseFunc {
	return func(s *state) parseFunc {
		return func(line []byte, ev *tail.Event) bool {
			timers, rest, ok := s.haproxyHead(line, ev)
			var t [5]int64
			if !ok || !haproxyTimers(timers, t[:]) {
				return false
			}
			code, rest := word(rest)
			size, rest := word(rest)
			_, rest = word(rest) // captured request cookie
			_, rest = word(rest) // captured response cookie
			flags, rest := word(rest)
			conns, rest := word(rest)
			_, rest = word(rest) // queues
			if len(flags) != 4 || !haproxyStatus(code, ev) || !haproxyBytes(size, ev) || !haproxyConns(conns, ev) {
				return false
			}
			ev.Flags = flags
			haproxyTimes(t, ev)
			tail, ok := haproxyRequest(rest, ev)
			if !ok || haproxyTLS(tail) != tls {
				return false
			}
			if tls {
				haproxySNI(tail, ev)
			}
			haproxyMaker(ev)
			return true
		}
	}
}

// haproxyTimes sets the times from TR, Tw, Tc, Tr and Ta.
func haproxyTimes(t [5]int64, ev *tail.Event) {
	ev.Queue, ev.Duration = millis(t[1]), millis(t[4])
	if a := ev.Last(); a != nil {
		a.Connect, a.Header = millis(t[2]), millis(t[3])
	}
}

func haproxyStatus(b []byte, ev *tail.Event) bool {
	if string(b) == "-1" {
		return true
	}
	var ok bool
	ev.Status, ok = statusCode(b)
	return ok
}

func haproxyBytes(b []byte, ev *tail.Event) bool {
	n, ok := atoi(b)
	if !ok || n < 0 {
		return false
	}
	ev.Bytes = n
	return true
}

// haproxyConns reads "ac/fc/bc/sc/rc" for the retries.
func haproxyConns(b []byte, ev *tail.Event) bool {
	i := bytes.LastIndexByte(b, '/')
	if i < 7 {
		return false
	}
	ev.Retries = retries(b[i+1:])
	return true
}

// haproxyRequest skips the captured headers and reads the quoted request. A line
// cut by syslog has no closing quote.
func haproxyRequest(b []byte, ev *tail.Event) (tail []byte, ok bool) {
	for len(b) > 0 && b[0] == '{' {
		i := index(b, "} ")
		if i < 0 {
			return nil, false
		}
		b = trim(b[i+2:])
	}
	if len(b) == 0 || b[0] != '"' {
		return nil, false
	}
	end := quoteEnd(b[1:])
	if end < 0 {
		request(b[1:], ev)
		return nil, true
	}
	request(b[1:1+end], ev)
	return trim(b[end+2:]), true
}

// haproxyTLS says whether b is what httpslog has behind the request: "e/e/e/e/r
// sni/version/cipher". What others put there (%ID, sample expressions) stays unread.
func haproxyTLS(b []byte) bool {
	errs, rest := word(b)
	last, more := word(rest)
	return bytes.Count(errs, slashByte) == 4 && bytes.Count(last, slashByte) == 2 && len(more) == 0
}

var slashByte = []byte{'/'}

// haproxySNI takes the server name of httpslog, the first part of the last word.
func haproxySNI(tail []byte, ev *tail.Event) {
	_, last := word(tail)
	name, _, _ := cut(last, '/')
	ev.Host = present(name)
}

// haproxyMaker says who made the response. A session that ended normally after
// response headers passed the server's response on; one that the proxy, the
// server's silence or a local rule ended without headers was answered by HAProxy.
func haproxyMaker(ev *tail.Event) {
	a := ev.Last()
	headers := a != nil && a.Header >= 0
	switch ev.Flags[0] {
	case '-':
		if headers {
			ev.Maker = tail.MakerUpstream
		}
	case 'S', 's', 'P', 'R', 'I', 'D', 'U', 'K':
		switch {
		case headers && ev.Flags[1] != 'H':
			ev.Maker = tail.MakerUpstream
		case ev.Status > 0:
			ev.Maker = tail.MakerGateway
		}
	case 'L':
		ev.Maker = tail.MakerGateway
	}
	if a == nil && ev.Status > 0 && ev.Maker == tail.MakerUnknown {
		ev.Maker = tail.MakerGateway
	}
	if ev.Maker == tail.MakerUpstream && a != nil {
		a.Status = ev.Status
	}
}

func haproxyTCP(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		timers, rest, ok := s.haproxyHead(line, ev)
		var t [3]int64
		if !ok || !haproxyTimers(timers, t[:]) {
			return false
		}
		size, rest := word(rest)
		flags, rest := word(rest)
		conns, _ := word(rest)
		if len(flags) != 2 || !haproxyBytes(size, ev) || !haproxyConns(conns, ev) {
			return false
		}
		ev.Flags = flags
		ev.Queue, ev.Duration = millis(t[0]), millis(t[2])
		if a := ev.Last(); a != nil {
			a.Connect = millis(t[1])
		}
		return true
	}
}

// haproxyCLF reads what follows the two empty texts of a CLF line:
//
//	port ms "frontend" "backend" "server" TR Tw Tc Tr Ta tsc ac fc bc sc rc sq bq [captures]
//
// ms is the fraction of the time in brackets.
func haproxyCLF(s *state, q [][]byte, rest []byte, ev *tail.Event) bool {
	if len(q) != 2 {
		return false
	}
	port, rest := word(rest)
	ms, rest := word(rest)
	var name [3][]byte
	for i := range name {
		var ok bool
		if name[i], rest, ok = quoted(rest); !ok {
			return false
		}
	}
	var t [5]int64
	for i := range t {
		var w []byte
		w, rest = word(rest)
		if !haproxyTimers(w, t[i:i+1]) {
			return false
		}
	}
	flags, rest := word(rest)
	var n [5][]byte // ac fc bc sc rc
	for i := range n {
		n[i], rest = word(rest)
	}
	frac, ok := atoi(ms)
	if !ok || frac < 0 || frac > 999 || !allDigits(port) || len(flags) != 4 || len(n[4]) == 0 {
		return false
	}
	ev.Time += frac * 1e6
	ev.Backend, ev.Flags, ev.Retries = name[1], flags, retries(n[4])
	if len(name[2]) > 0 && name[2][0] != '<' {
		ev.AddAttempt().Addr = s.join(name[1], []byte("/"), name[2])
	}
	haproxyTimes(t, ev)
	haproxyMaker(ev)
	return true
}
