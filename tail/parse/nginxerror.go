package parse

import (
	"bytes"

	"why502/tail"
)

// nginxErrorFormats are error.log as nginx and what is built on it write it.
// Which gateway it is shows in the message only.
var nginxErrorFormats = []Format{
	{
		Name: "kong-error", Gateway: "kong", Kind: tail.KindError, first: "0",
		Title: "Kong's error log: nginx's with request_id or Kong's Lua files",
		Doc:   "https://developer.konghq.com/gateway/logs/",
		build: nginxErrorOf("kong"),
		Positive: []Sample{{
			`2024/11/28 18:04:05 [error] 1280#0: *20004 upstream SSL certificate verify error: (20:unable to get local issuer certificate) while SSL handshaking to upstream, client: 192.168.194.1, server: kong, request: "GET /echo HTTP/1.1", upstream: "https://192.168.194.9:443/", host: "kong.example", request_id: "e2b3182856c96c23d61e880d0a28012f"`,
			[]string{
				"time", "2024-11-28T18:04:05Z", "level", "error", "client", "192.168.194.1", "method", "GET", "path", "/echo",
				"upstream", "192.168.194.9:443", "request_id", "e2b3182856c96c23d61e880d0a28012f", "host", "kong.example",
				"message", "upstream SSL certificate verify error: (20:unable to get local issuer certificate) while SSL handshaking to upstream",
			},
		}},
		Negative: []string{
			`2020/01/23 10:02:50 [error] 8496#8496: *274 upstream sent too big header while reading response header from upstream, client: 127.0.0.1, server: a, request: "GET / HTTP/1.1", upstream: "https://104.26.5.98:443/", host: "127.0.0.1"`,
		},
	},
	{
		Name: "apisix-error", Gateway: "apisix", Kind: tail.KindError, first: "0",
		Title: "APISIX's error log: nginx's with APISIX's Lua files",
		Doc:   "https://apisix.apache.org/docs/apisix/debug-mode/",
		build: nginxErrorOf("apisix"),
		Positive: []Sample{{
			`2020/06/30 14:27:20 [error] 30366#30366: *3160677 [lua] balancer.lua:304: load_balancer(): failed to pick server: missing upstream configuration while connecting to upstream, client: 172.20.30.94, server: , request: "GET /healthcheck HTTP/1.1", host: "172.20.20.7:9080"`,
			[]string{"level", "error", "path", "/healthcheck", "message", "[lua] balancer.lua:304: load_balancer(): failed to pick server: missing upstream configuration while connecting to upstream"},
		}},
	},
	{
		Name: "nginx-error", Gateway: "nginx", Kind: tail.KindError, first: "0",
		Title: "nginx's error.log, ingress-nginx and OpenResty included",
		Doc:   "https://nginx.org/en/docs/ngx_core_module.html#error_log",
		build: nginxErrorOf("nginx"),
		Positive: []Sample{
			{
				`2026/11/23 07:13:24 [error] 20873#20873: *122 connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.11, server: shop.example, request: "GET /api/items?a=b, c HTTP/1.1", upstream: "http://10.77.0.11:8000/api/items", host: "shop.example", referrer: "https://a.b/"`,
				[]string{
					"time", "2026-11-23T07:13:24Z", "level", "error", "client", "127.0.0.11", "method", "GET", "path", "/api/items?a=b, c",
					"upstream", "10.77.0.11:8000", "host", "shop.example", "referer", "https://a.b/",
					"message", "connect() failed (111: Connection refused) while connecting to upstream",
				},
			},
			{
				`2026/11/23 07:31:24 [crit] 1#1: *2 connect() to unix:/run/app/app.sock failed (2: No such file or directory) while connecting to upstream, client: 127.0.0.11, server: s, request: "GET / HTTP/1.1", upstream: "http://unix:/run/app/app.sock:/", host: "s"`,
				[]string{"level", "crit", "upstream", "unix:/run/app/app.sock"},
			},
			{
				`2018/05/29 15:33:58 [error] 50#50: *5338007 no live upstreams while connecting to upstream, client: 5.128.43.14, server: example.com, request: "GET /backend HTTP/2.0", upstream: "http://app/backend", host: "example.com"`,
				[]string{"upstream", "app", "message", "no live upstreams while connecting to upstream"},
			},
			{
				`2026/11/23 07:17:40 [emerg] 3966#3966: host not found in upstream "app.internal:8000" in /etc/gw/nginx.conf:29`,
				[]string{"level", "emerg", "message", `host not found in upstream "app.internal:8000" in /etc/gw/nginx.conf:29`},
			},
			{
				`2026/11/23 07:13:24 [error] 20873#20873: *122 upstream timed out (110: Connection timed out) while reading response header from upstream, client: 127.0.0.11, server: shop.example, request: "GET /api/it`,
				[]string{"client", "127.0.0.11", "path", "/api/it", "message", "upstream timed out (110: Connection timed out) while reading response header from upstream"},
			},
		},
		Negative: []string{
			`2024/11/28 18:04:05 [error] 1280#0: *20004 upstream prematurely closed connection, client: 192.168.194.1, server: kong, request: "GET /echo HTTP/1.1", request_id: "e2b3182856c96c23d61e880d0a28012f"`,
			`2022/03/28 - 11:10:39 | 500 | 8.29ms | 172.17.0.1 | POST "/users"`,
		},
	},
	{
		Name: "nginx-startup", Gateway: "nginx", Kind: tail.KindError, first: "n",
		Title: "what nginx prints on standard error before its logs are open (nginx -t)",
		Doc:   "https://nginx.org/en/docs/switches.html",
		build: nginxStartup,
		Positive: []Sample{{
			`nginx: [emerg] host not found in upstream "app.internal:8000" in /etc/nginx/conf.d/a.conf:3`,
			[]string{"level", "emerg", "message", `host not found in upstream "app.internal:8000" in /etc/nginx/conf.d/a.conf:3`},
		}},
	},
}

// nginxErrorOf reads error.log lines that belong to the given gateway.
func nginxErrorOf(gateway string) func(*state) parseFunc {
	return func(s *state) parseFunc {
		return func(line []byte, ev *tail.Event) bool {
			msg, ok := s.nginxErrorHead(line, ev)
			if !ok || nginxFlavor(line) != gateway {
				return false
			}
			nginxErrorKeys(msg, ev)
			return true
		}
	}
}

// nginxFlavor tells Kong and APISIX from nginx by words that only they write.
func nginxFlavor(line []byte) string {
	lua := index(line, "[lua] ") >= 0
	switch {
	case index(line, "apisix") >= 0, lua && index(line, " balancer.lua:") >= 0, index(line, "API disabled in the context of init") >= 0:
		return "apisix"
	case index(line, ", request_id: \"") >= 0, index(line, "[kong] ") >= 0, index(line, ", server: kong,") >= 0,
		lua && index(line, "kong") >= 0:
		return "kong"
	}
	return "nginx"
}

// nginxErrorHead reads "TIME [level] pid#tid: *conn " and returns the rest.
func (s *state) nginxErrorHead(line []byte, ev *tail.Event) (msg []byte, ok bool) {
	if len(line) < 30 || line[4] != '/' || line[20] != '[' {
		return nil, false
	}
	if ev.Time, ok = s.clk.nginx(line); !ok {
		return nil, false
	}
	level, rest, ok := cut(line[21:], ']')
	if !ok || len(level) < 4 || len(level) > 6 || len(rest) < 4 {
		return nil, false
	}
	ev.Level = level
	pid, rest, ok := cut(rest[1:], ':')
	p, tid, tok := cut(pid, '#')
	if !ok || !tok || !allDigits(p) || !allDigits(tid) {
		return nil, false
	}
	ev.PID = p
	if len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	if len(rest) > 1 && rest[0] == '*' && isDigit(rest[1]) {
		ev.Conn, rest, _ = cut(rest, ' ')
	}
	return rest, true
}

// nginxErrorKeys splits the message from the keys behind it. The keys begin at
// the first ", client: " (for process messages there are none); a line that was
// cut at 2048 bytes may end anywhere.
func nginxErrorKeys(b []byte, ev *tail.Event) {
	i := index(b, ", client: ")
	if i < 0 {
		ev.Message = b
		nginxContextKeys(b, ev)
		return
	}
	ev.Message = b[:i]
	b = b[i:]
	for len(b) > 2 && b[0] == ',' && b[1] == ' ' {
		key, v, ok := cut(b[2:], ':')
		if !ok {
			return
		}
		if len(v) > 0 && v[0] == ' ' {
			v = v[1:]
		}
		v, b = nginxErrorValue(v)
		nginxErrorKey(key, v, ev)
	}
}

// nginxContextKeys handles messages without client, such as those of health
// checks and the resolver: `.., upstream: "..."`.
func nginxContextKeys(b []byte, ev *tail.Event) {
	if i := index(b, `, upstream: "`); i >= 0 {
		v, _ := nginxErrorValue(b[i+12:])
		nginxErrorKey([]byte("upstream"), v, ev)
		ev.Message = b[:i]
	}
	if i := index(ev.Message, ", context: "); i >= 0 {
		ev.Message = ev.Message[:i]
	}
}

// nginxErrorValue reads a quoted value or one that ends at the next ", ". nginx
// does not escape quotes in these values: one ends where a key follows it.
func nginxErrorValue(b []byte) (v, rest []byte) {
	if len(b) == 0 || b[0] != '"' {
		if i := index(b, ", "); i >= 0 {
			return b[:i], b[i:]
		}
		return b, nil
	}
	b = b[1:]
	for from := 0; ; {
		i := bytes.IndexByte(b[from:], '"')
		if i < 0 {
			return b, nil
		}
		i += from
		if i+1 == len(b) || hasPrefix(b[i+1:], ", ") {
			return b[:i], b[i+1:]
		}
		from = i + 1
	}
}

func nginxErrorKey(key, v []byte, ev *tail.Event) {
	switch string(key) {
	case "client":
		ev.Client = stripUnix(v)
	case "server":
		if ev.Host == nil && string(v) != "_" {
			ev.Host = present(v)
		}
	case "request":
		request(v, ev)
	case "upstream":
		if addr := present(hostPort(v)); addr != nil {
			ev.AddAttempt().Addr = addr
			if index(ev.Message, "no live upstreams") >= 0 {
				ev.Backend = addr
			}
		}
	case "host":
		ev.Host = present(v)
	case "referrer":
		ev.Referer = present(v)
	case "request_id":
		ev.RequestID = present(v)
	}
}

// stripUnix keeps "unix:" and takes the port off everything else.
func stripUnix(b []byte) []byte {
	if hasPrefix(b, "unix:") {
		return b
	}
	return stripPort(b)
}

func nginxStartup(*state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		if !hasPrefix(line, "nginx: [") {
			return false
		}
		level, rest, ok := cut(line[8:], ']')
		if !ok || !isWord(level) || len(rest) < 2 {
			return false
		}
		ev.Level, ev.Message = level, rest[1:]
		return true
	}
}
