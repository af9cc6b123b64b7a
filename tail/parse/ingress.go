package parse

import (
	"bytes"

	"why502/tail"
)

// ingressFormats are ingress-nginx's access log ("upstreaminfo") and its
// controller's own lines.
var ingressFormats = []Format{
	{
		Name: "ingress-nginx", Gateway: "ingress-nginx", Kind: tail.KindAccess,
		Title: "ingress-nginx access log, with and without the alternative upstream; seconds",
		Doc:   "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/log-format/",
		build: ingress,
		Positive: []Sample{
			{
				`2a02:cf40::4e36 - - [24/Aug/2022:18:05:41 +0000] "GET /favicon.ico HTTP/2.0" 502 552 "https://localhost:8080/" "Mozilla/5.0 (a) b" 27 0.011 [localhost-8080] [] [2a02:cf40::7]:5000, [2a02:cf40::4e36]:5000 0, 1 0.000, 1.000 502, 403 3db73c6c673c4256ade033a6ce08c2ab`,
				[]string{
					"client", "2a02:cf40::4e36", "status", "502", "duration", "0.011", "backend", "localhost-8080",
					"upstream", "[2a02:cf40::7]:5000, [2a02:cf40::4e36]:5000", "upstream_status", "502, 403", "upstream_duration", "0, 1",
					"request_id", "3db73c6c673c4256ade033a6ce08c2ab", "maker", "upstream",
				},
			},
			{
				`10.0.0.1 - - [24/Aug/2022:18:05:41 +0000] "GET / HTTP/2.0" 503 190 "-" "curl" 27 0.000 [shop-web-80] [] - - - - 3db73c6c673c4256ade033a6ce08c2ab`,
				[]string{"status", "503", "backend", "shop-web-80", "upstream", "", "maker", "gateway"},
			},
			{
				`223.65.108.109 - [223.65.108.109] - - [29/Dec/2018:16:02:02 +0000] "GET /actuator/health HTTP/1.1" 502 157 "-" "PostmanRuntime/7.4.0" 240 0.002 [dop-gateway-server-14523] 10.36.0.1:8888, 10.36.0.1:8888 0, 0 0.000, 0.001 502, 502 d22a768555620d053d72cfc24178e3b4`,
				[]string{"client", "223.65.108.109", "duration", "0.002", "upstream", "10.36.0.1:8888, 10.36.0.1:8888", "backend", "dop-gateway-server-14523"},
			},
		},
		Negative: []string{
			`10.0.0.1 - - [24/Aug/2022:18:05:41 +0000] "GET / HTTP/2.0" 503 190 "-" "curl" rt=0.1 us="503"`,
			`10.0.0.1 - - [24/Aug/2022:18:05:41 +0000] "GET / HTTP/2.0" 503 190 "-" "curl" 5134`,
		},
	},
	{
		Name: "klog", Gateway: "ingress-nginx", Kind: tail.KindError, first: "IWEF",
		Title: "the controller's lines (klog)", Doc: "https://github.com/kubernetes/klog",
		build: klog,
		Positive: []Sample{{
			`W1115 04:15:13.815929       8 controller.go:608] Service "shop/web" does not have any active Endpoint.`,
			[]string{"time", "2026-11-15T04:15:13.815929Z", "level", "W", "message", `Service "shop/web" does not have any active Endpoint.`},
		}},
		Negative: []string{`INFO:     started`},
	},
}

func ingress(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		i := bytes.IndexByte(line, '[')
		if i < 0 || i > 256 {
			return false
		}
		if k := bytes.IndexByte(line, ']'); k > 0 && k-i != 27 { // before 0.22: client - [real_ip] - user [time]
			j := bytes.IndexByte(line[k:], '[')
			if j < 0 {
				return false
			}
			i = k + j
		}
		mid, rest, ok := s.clfHeadAt(line, i, ev)
		if !ok || mid != nil {
			return false
		}
		var t [8][]byte
		n, rest, ok := tails(rest, &t)
		if !ok || n != 2 {
			return false
		}
		agent(&t, ev)
		return s.ingressTail(rest, ev)
	}
}

// ingressTail reads
//
//	length time [upstream] [alternative] addresses lengths times statuses id
//
// where the alternative is missing before 0.22.
func (s *state) ingressTail(rest []byte, ev *tail.Event) bool {
	size, rest := word(rest)
	spent, rest := word(rest)
	if !allDigits(size) || len(rest) < 2 || rest[0] != '[' {
		return false
	}
	name, rest, ok := cut(rest[1:], ']')
	if !ok {
		return false
	}
	rest = trim(rest)
	if len(rest) > 1 && rest[0] == '[' && (rest[1] == ']' || bytes.IndexByte(rest[:min(len(rest), 64)], ':') < 0 || hasPrefix(rest[bytes.IndexByte(rest, ']')+1:], " ")) {
		_, rest, _ = cut(rest, ']')
		rest = trim(rest)
	}
	var v [4][]byte
	for i := range v {
		if v[i], rest = listValue(rest); len(v[i]) == 0 {
			return false
		}
	}
	if len(rest) == 0 || bytes.IndexByte(rest, ' ') >= 0 {
		return false
	}
	r := &s.rec
	r.clear()
	r.put(dDuration, spent, uSec, 0)
	r.put(dBackend, name, uNone, 0)
	r.put(dUpstream, v[0], uNone, 0)
	r.put(dResponse, v[2], uSec, 0)
	r.put(dUpstreamStatus, v[3], uNone, 0)
	r.put(dRequestID, rest, uNone, 0)
	nginxUpstream(r, s, ev)
	// a length above zero proves that the last upstream sent a response
	if ev.Maker == tail.MakerUnknown {
		last := v[1][bytes.LastIndexByte(v[1], ' ')+1:]
		if n, ok := atoi(last); ok && n > 0 {
			ev.Maker = tail.MakerUpstream
		}
	}
	return ev.Duration != tail.None
}

// klog reads "Lmmdd hh:mm:ss.uuuuuu thread file:line] text".
func klog(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		if len(line) < 30 || two(line[1:]) < 0 || line[5] != ' ' || line[14] != '.' {
			return false
		}
		c := civil{y: 1972, mo: two(line[1:]), d: two(line[3:])}
		if !c.hms(line[6:]) || !c.valid() {
			return false
		}
		frac, n := nanos(line, 14)
		if ev.Time = s.clk.nearest(c); ev.Time != 0 {
			ev.Time += frac
		}
		head, msg, ok := cut(line[n:], ']')
		pid, file := word(trim(head))
		if !ok || !allDigits(pid) || bytes.IndexByte(file, ':') < 1 {
			return false
		}
		ev.Level, ev.PID, ev.Message = line[:1], pid, trimOne(msg)
		return true
	}
}
