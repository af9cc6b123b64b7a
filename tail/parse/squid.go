package parse

import (
	"bytes"
	"time"

	"why502/tail"
)

// squidFormats are Squid's logs, a forward proxy and as often an accelerator in
// front of servers.
var squidFormats = []Format{
	{
		Name: "squid-access", Gateway: "squid", Kind: tail.KindAccess, first: "0",
		Title: "Squid's native access log, milliseconds", Doc: "https://www.squid-cache.org/Doc/config/logformat/",
		build: squidAccess,
		Positive: []Sample{{
			`1795630027.202      1 127.0.0.1 TCP_MISS/502 3330 GET http://shop.example/close?a=1 - FIRSTUP_PARENT/127.0.0.1 text/html`,
			[]string{
				"time", "2026-11-25T18:07:07.202Z", "duration", "0.001", "client", "127.0.0.1", "status", "502", "bytes", "3330", "method", "GET",
				"path", "/close?a=1", "host", "shop.example", "upstream", "127.0.0.1", "flags", "TCP_MISS", "maker", "",
			},
		}, {
			`1795630027.140      1 2001:db8::7 TCP_MISS/503 3404 GET http://shop.example/ok? alice HIER_NONE/- text/html`,
			[]string{"client", "2001:db8::7", "status", "503", "upstream", "", "maker", "gateway", "path", "/ok?"},
		}, {
			`1066036250.603  59310 192.168.0.68 TCP_TUNNEL/200 9103 CONNECT shop.example:443 - HIER_DIRECT/10.0.0.5 -`,
			[]string{"duration", "59.31", "method", "CONNECT", "path", "shop.example:443", "upstream", "10.0.0.5"},
		}, {
			`1066036250.603      0 192.168.0.68 NONE/400 3500 NONE error:invalid-request - HIER_NONE/- text/html`,
			[]string{"status", "400", "method", "", "maker", "gateway"},
		}},
		Negative: []string{`1700000000.123 10.0.0.1 504 10.0.0.5:80 1.000 3.001 GET https://a.example/x?y=1`},
	},
	{
		Name: "squid-log", Gateway: "squid", Kind: tail.KindError, first: "0",
		Title: "Squid's cache.log", Doc: "https://wiki.squid-cache.org/SquidFaq/SquidLogs",
		build: squidLog,
		Positive: []Sample{{
			`2026/11/25 18:07:10| TCP connection to 127.0.0.1/18421 failed`,
			[]string{"time", "2026-11-25T18:07:10Z", "message", "TCP connection to 127.0.0.1/18421 failed", "upstream", "127.0.0.1:18421"},
		}, {
			`2026/11/25 18:07:07 kid1| WARNING: HTTP: Invalid Response: No object data received for http://shop.example/close AKA http://shop.example/close`,
			[]string{
				"level", "WARNING", "path", "/close", "host", "shop.example",
				"message", "HTTP: Invalid Response: No object data received for http://shop.example/close AKA http://shop.example/close",
			},
		}},
		Negative: []string{`2026/11/25 18:07:10 [error] 7#7: *1 x`, `2026/11/25 18:07:10 web | x`},
	},
}

// squidAccess reads the format "squid":
//
//	%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt
func squidAccess(*state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		at, rest := word(line)
		if len(at) < 13 || at[len(at)-4] != '.' {
			return false
		}
		took, rest := word(trim(rest))
		client, rest := word(rest)
		result, rest := word(rest)
		code, status, ok := cut(result, '/')
		if !ok || !squidCode(code) || !allDigits(status) || len(status) != 3 {
			return false
		}
		size, rest := word(rest)
		method, rest := word(rest)
		url, rest := word(rest)
		_, rest = word(rest) // user
		hierarchy, _ := word(rest)
		how, peer, ok := cut(hierarchy, '/')
		if !ok || !isWord(how) {
			return false
		}
		if ev.Time, ok = epoch(at); !ok {
			return false
		}
		if d, ok := decimal(took, time.Millisecond); ok {
			ev.Duration = d
		}
		ev.Status, _ = statusCode(status)
		if n, ok := atoi(size); ok && n >= 0 {
			ev.Bytes = n
		}
		ev.Client, ev.Flags = present(client), code
		if string(method) != "NONE" {
			ev.Method = present(method)
		}
		ev.Path, ev.Host = present(urlPath(url)), urlHost(url)
		if !absent(peer) {
			ev.AddAttempt().Addr = peer
		} else if ev.Status >= 400 {
			ev.Maker = tail.MakerGateway
		}
		return true
	}
}

// squidCode recognizes a result code such as TCP_MISS_ABORTED or NONE_NONE.
func squidCode(b []byte) bool {
	for _, c := range b {
		if c != '_' && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return hasPrefix(b, "TCP_") || hasPrefix(b, "UDP_") || hasPrefix(b, "NONE") || hasPrefix(b, "ICP_")
}

// squidLog reads "time[ process]| [LEVEL: ]message".
func squidLog(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		ns, ok := s.clk.nginx(line)
		if !ok {
			return false
		}
		process, msg, ok := cut(line[19:], '|')
		if !ok || len(process) > 0 && !hasPrefix(process, " kid") || len(msg) < 2 || msg[0] != ' ' {
			return false
		}
		ev.Time, msg = ns, msg[1:]
		if level, rest, ok := cut(msg, ':'); ok && len(level) >= 4 && len(level) <= 8 && isWord(level) && level[0] < 'a' && level[1] < 'a' {
			ev.Level, msg = level, trim(rest)
		}
		ev.Message = msg
		if i := index(msg, "TCP connection to "); i >= 0 {
			addr, _ := word(msg[i+len("TCP connection to "):])
			if j := bytes.LastIndexByte(addr, '/'); j > 0 {
				ev.AddAttempt().Addr = s.join(addr[:j], colonByte, addr[j+1:])
			}
		}
		if i := index(msg, " for http"); i >= 0 {
			url, _ := word(msg[i+len(" for "):])
			ev.Path, ev.Host = present(urlPath(url)), urlHost(url)
		}
		return true
	}
}
