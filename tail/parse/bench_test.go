package parse

import (
	"bytes"
	"testing"

	"why502/tail"
)

// benchLines are typical lines of the formats whose speed matters most.
var benchLines = []struct{ name, format, line string }{
	{"combined", "nginx-combined", `127.0.0.11 - - [23/Nov/2026:07:13:21 +0000] "GET /api/items/1?page=2 HTTP/1.1" 200 35 "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"`},
	{"extended", "nginx-extended", `127.0.0.11 - - [23/Nov/2026:07:13:21 +0000] "GET /api/items/1 HTTP/1.1" 200 35 "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36" rt=0.001 uct="0.001" uht="0.002" urt="0.002" us="200" ua="10.77.0.11:8000"`},
	{"clf", "clf", `127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326`},
	{"nginx-error", "nginx-error", `2026/11/23 07:13:24 [error] 20873#20873: *122 connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.11, server: shop.example, request: "GET /api/items HTTP/1.1", upstream: "http://10.77.0.11:8000/api/items", host: "shop.example"`},
	{"nginx-json", "nginx-json", `{"time":"2026-11-23T07:13:21+00:00","remote_addr":"127.0.0.11","method":"GET","uri":"/api/items/1","host":"shop.example","status":200,"bytes":35,"request_time":0.001,"request_id":"f730a8e64696dffc2079c99bb4b87916","upstream_addr":"10.77.0.11:8000","upstream_status":"200","upstream_connect_time":"0.001","upstream_header_time":"0.002","upstream_response_time":"0.002","upstream_bytes_received":"185","user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"}`},
	{"haproxy", "haproxy-http", `127.0.0.11:39257 [23/Nov/2026:07:15:54.852] fe_main app/s1 0/0/0/4/4 200 160 - - ---- 3/1/2/1/0 0/0 "GET /api/items/1 HTTP/1.1"`},
	{"haproxy-syslog", "", `Nov 23 07:15:54 gw1 haproxy[30946]: 127.0.0.11:39257 [23/Nov/2026:07:15:54.852] fe_main app/s1 0/0/0/4/4 200 160 - - ---- 3/1/2/1/0 0/0 "GET /api/items/1 HTTP/1.1"`},
	{"haproxy-clf", "haproxy-clf", `127.0.0.12 - - [23/Nov/2026:07:16:01 +0000] "GET /api/report?s=0.4 HTTP/1.1" 504 198 "" "" 40297 630 "fe_clf" "app" "s1" 0 0 4 -1 3006 sH-- 18 2 17 17 0 0 0 "" ""`},
	{"caddy", "caddy-access", `{"level":"error","ts":1795417050.3663425,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"127.0.0.1","remote_port":"47142","client_ip":"127.0.0.1","proto":"HTTP/1.1","method":"GET","host":"127.0.0.1:19801","uri":"/dead/1","headers":{"User-Agent":["probe/1"],"Accept":["*/*"]}},"bytes_read":0,"user_id":"","duration":0.000362548,"size":0,"status":502,"resp_headers":{"Server":["Caddy"]}}`},
	{"traefik-json", "traefik-json", `{"ClientAddr":"127.0.0.12:51209","ClientHost":"127.0.0.12","ClientPort":"51209","ClientUsername":"-","DownstreamContentSize":35,"DownstreamStatus":200,"Duration":1404125,"OriginContentSize":35,"OriginDuration":1329605,"OriginStatus":200,"Overhead":74520,"RequestAddr":"shop.example","RequestContentSize":0,"RequestCount":2,"RequestHost":"shop.example","RequestMethod":"GET","RequestPath":"/api/items/1","RequestPort":"-","RequestProtocol":"HTTP/1.1","RequestScheme":"http","RetryAttempts":0,"RouterName":"app@file","ServiceAddr":"10.77.0.11:8000","ServiceName":"app@file","ServiceURL":"http://10.77.0.11:8000","StartLocal":"2026-11-23T07:32:54.238546231Z","StartUTC":"2026-11-23T07:32:54.238546231Z","entryPointName":"web","level":"info","msg":"","time":"2026-11-23T07:32:54Z"}`},
	{"traefik-clf", "traefik-clf", `127.0.0.11 - - [23/Nov/2026:07:32:54 +0000] "GET /api/items/1 HTTP/1.1" 200 35 "-" "-" 2 "app@file" "http://10.77.0.11:8000" 2ms`},
	{"ingress", "ingress-nginx", `192.168.64.1 - - [07/Feb/2020:11:48:51 +0000] "POST /products HTTP/1.1" 200 59 "-" "curl/7.54.0" 89 0.001 [default-web-8080] [] 172.17.0.5:8080 59 0.000 200 529a007902362a5f51385a5fa7049884`},
	{"envoy", "envoy-text", `[2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "tcp://10.0.2.1:80"`},
	{"apache-error", "apache-error", `[Fri Jan 28 14:18:33.838658 2022] [proxy_http:error] [pid 119] (70007)The timeout specified has expired: [client 10.6.0.2:52924] AH01102: error reading status line from remote server localhost:8000, referer: https://192.168.178.98:8080/containers`},
}

// BenchmarkLines reads one line again and again as a source is read.
func BenchmarkLines(b *testing.B) {
	for _, bl := range benchLines {
		b.Run(bl.name, func(b *testing.B) {
			line := []byte(bl.line)
			l := Detect(line, testEnv).NewParser(testEnv)
			var ev tail.Event
			b.SetBytes(int64(len(line) + 1))
			b.ReportAllocs()
			for b.Loop() {
				l.Parse(line, &ev)
			}
			if ev.Kind == tail.KindRaw {
				b.Fatal("not parsed")
			}
		})
	}
}

// BenchmarkFormats reads the samples of each format of the table in turn; an
// operation is a line.
func BenchmarkFormats(b *testing.B) {
	for i := range formats {
		b.Run(formats[i].Name, func(b *testing.B) {
			var all []byte
			for _, s := range formats[i].Positive {
				all = append(append(all, s.Line...), '\n')
			}
			lines := bytes.Split(bytes.TrimSuffix(all, []byte{'\n'}), []byte{'\n'})
			l := Detect(all, testEnv).NewParser(testEnv)
			var ev tail.Event
			for _, line := range lines { // headers, caches
				l.Parse(line, &ev)
			}
			b.SetBytes(int64(len(all) / len(lines)))
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				l.Parse(lines[n%len(lines)], &ev)
			}
		})
	}
}

// BenchmarkNewParser is what a worker pays before its first line.
func BenchmarkNewParser(b *testing.B) {
	plan := Detect([]byte(benchLines[0].line), testEnv)
	b.ReportAllocs()
	for b.Loop() {
		plan.NewParser(testEnv)
	}
}

// BenchmarkUnplanned is a line that is not of the plan and goes through the whole
// table.
func BenchmarkUnplanned(b *testing.B) {
	for _, line := range []string{"what is this line here", `{"a":1,"b":"c"}`, benchLines[0].line} {
		b.Run(line[:8], func(b *testing.B) {
			l, text := Plan{}.NewParser(testEnv), []byte(line)
			var ev tail.Event
			b.ReportAllocs()
			for b.Loop() {
				l.Parse(text, &ev)
			}
		})
	}
}

// TestNoAllocs holds the promise of the package: no allocation a line, for every
// positive sample of every format, behind detection.
func TestNoAllocs(t *testing.T) {
	check := func(name string, line []byte) {
		l := Detect(line, testEnv).NewParser(testEnv)
		var ev tail.Event
		if n := testing.AllocsPerRun(50, func() { l.Parse(line, &ev) }); n != 0 {
			t.Errorf("%s: %.0f allocations a line\n%s", name, n, line)
		}
	}
	for _, bl := range benchLines {
		check(bl.name, []byte(bl.line))
	}
	for i := range formats {
		for _, s := range formats[i].Positive {
			check(formats[i].Name, []byte(s.Line[lastLine(s.Line):]))
		}
	}
}

// lastLine is the index of the last line of s.
func lastLine(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '\n' {
			return i + 1
		}
	}
	return 0
}
