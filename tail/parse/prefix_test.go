package parse

import (
	"testing"
	"time"

	"why502/tail"
)

const plainLine = `10.1.2.3 - - [23/Nov/2026:07:14:33 +0000] "GET /a HTTP/1.1" 502 158 "-" "c"`

// prefixed are lines behind transport prefixes.
var prefixed = []struct {
	name, line string
	want       map[string]string
}{
	{"cri", `2025-12-31T17:37:40.493035218+01:00 stdout F ` + plainLine, map[string]string{"format": "nginx-combined", "time": "2026-11-23T07:14:33Z"}},
	{"cri, no inner time", `2025-12-31T17:37:40.493035218+01:00 stderr F INFO:     10.0.0.1:1 - "GET /a HTTP/1.1" 502 Bad Gateway`, map[string]string{"format": "uvicorn", "time": "2025-12-31T16:37:40.493035218Z", "status": "502"}},
	{"docker", `{"log":"10.1.2.3 - - [23/Nov/2026:07:14:33 +0000] \"GET /a HTTP/1.1\" 502 158 \"-\" \"c\"\n","stream":"stdout","time":"2026-11-23T07:14:34.1Z"}`, map[string]string{"format": "nginx-combined", "path": "/a", "status": "502"}},
	{"docker, json inside", `{"log":"{\"status\":502,\"request_time\":0.5,\"uri\":\"/a\",\"remote_addr\":\"1.2.3.4\"}\n","stream":"stdout","attrs":{"tag":"x"},"time":"2026-11-23T07:14:34.1Z"}`, map[string]string{"format": "nginx-json", "path": "/a", "duration": "0.5", "time": "2026-11-23T07:14:34.1Z"}},
	{"compose", `web-1  | ` + plainLine, map[string]string{"format": "nginx-combined", "path": "/a"}},
	{"compose, timestamps", `web_1  | 2026-11-23T07:14:34.1Z WARNING:  Exceeded concurrency limit.`, map[string]string{"format": "uvicorn", "time": "2026-11-23T07:14:34.1Z"}},
	{"kubectl", `[pod/web-5d8-x7k2p/nginx] ` + plainLine, map[string]string{"format": "nginx-combined"}},
	{"stern", `web-5d8f-x7k2p nginx ` + plainLine, map[string]string{"format": "nginx-combined", "client": "10.1.2.3"}},
	{"syslog 3164", `<30>Nov 23 07:14:33 gw1 nginx: ` + plainLine, map[string]string{"format": "nginx-combined"}},
	{"syslog 3164, no host", `Nov  3 07:14:33 haproxy[12]: Server app/s1 is DOWN, reason: Layer4 timeout`, map[string]string{"format": "haproxy-event", "time": "2026-11-03T07:14:33Z"}},
	{"syslog, last year", `Dec 30 07:14:33 gw1 haproxy[12]: backend app has no server available!`, map[string]string{"time": "2025-12-30T07:14:33Z"}},
	{"syslog 5424", `<165>1 2026-11-23T07:14:33.003Z gw1 haproxy 8710 - [ex@1 a="b]\"c" d="e"][x] Server app/s1 is UP, reason: Layer4 check passed`, map[string]string{"format": "haproxy-event", "time": "2026-11-23T07:14:33.003Z"}},
	{"syslog iso", `2026-11-23T07:14:33.5+01:00 gw1 haproxy[30946]: 127.0.0.11:39257 [23/Nov/2026:07:15:54.852] fe_main app/s1 0/0/0/4/4 200 160 - - ---- 3/1/2/1/0 0/0 "GET /i HTTP/1.1"`, map[string]string{"format": "haproxy-http", "time": "2026-11-23T07:15:54.852Z"}},
	{"journald json", `{"__REALTIME_TIMESTAMP":"1795417049068920","MESSAGE":"app.service: Failed with result 'oom-kill'.","SYSLOG_IDENTIFIER":"systemd","_PID":"1"}`, map[string]string{"format": "systemd", "time": "2026-11-23T06:57:29.06892Z"}},
	{
		"journald json, bytes", `{"MESSAGE":[27,91,51,50,109,73,78,70,79,27,91,48,109,58,32,32,32,32,32,49,48,46,48,46,48,46,49,58,49,32,45,32,34,71,69,84,32,47,99,32,72,84,84,80,47,49,46,49,34,32,50,48,48,32,79,75],"__REALTIME_TIMESTAMP":"1795417049068920","_SYSTEMD_UNIT":"app.service"}`,
		map[string]string{"format": "uvicorn", "path": "/c", "status": "200", "client": "10.0.0.1"},
	},
	{"timestamps, a message like a syslog tag", `2026-11-23T07:14:34.1Z Not Found: /favicon.ico`, map[string]string{"format": "django", "path": "/favicon.ico"}},
	{"journald short-full", `Mon 2026-11-23 07:14:33 UTC gw1 kernel: Out of memory: Killed process 12 (app)`, map[string]string{"format": "kernel", "time": "2026-11-23T07:14:33Z", "pid": "12"}},
	{"journald, known program", `Nov 23 07:14:33 gw1 kernel: e1000: eth0 NIC Link is Down`, map[string]string{"kind": "system", "message": "e1000: eth0 NIC Link is Down"}},
	{"docker daemon", `Nov 12 10:00:00 node1 dockerd[1]: time="2026-11-12T10:00:00Z" level=info msg="ignoring event" container=abc`, map[string]string{"kind": "system", "gateway": "docker", "time": "2026-11-12T10:00:00Z"}},
	{"tag only", `haproxy[674]: 127.0.0.1:33320 [15/Oct/2003:08:32:17.925] px px/s 9/0/7/14/30 502 243 - - PH-- 3/2/2/0/0 0/0 "GET /c HTTP/1.0"`, map[string]string{"format": "haproxy-http"}},
	{"timestamps", `2026-11-23T07:14:34.123456789Z ` + plainLine, map[string]string{"format": "nginx-combined", "time": "2026-11-23T07:14:33Z"}},
	{"colors", "\x1b[32mINFO\x1b[0m:     10.0.0.1:1 - \"\x1b[1mGET /a HTTP/1.1\x1b[0m\" \x1b[91m502 Bad Gateway\x1b[0m", map[string]string{"format": "uvicorn", "path": "/a", "status": "502"}},
	{"colors, traefik", "\x1b[90m2024-11-28T18:04:05Z\x1b[0m \x1b[33mDBG\x1b[0m \x1b[1mproxy.go:113\x1b[0m\x1b[36m >\x1b[0m 502 Bad Gateway \x1b[36merror=\x1b[0m\x1b[31m\"EOF\"\x1b[0m", map[string]string{"format": "traefik-log", "status": "502", "level": "DBG"}},
	{"three deep", `2026-11-23T07:14:34Z stdout F web-1 | Nov 23 07:14:33 gw1 haproxy[1]: Server app/s1 is DOWN, reason: x`, map[string]string{"format": "haproxy-event", "time": "2026-11-23T07:14:33Z"}},
	{"quoted", `> ` + plainLine, map[string]string{"format": "nginx-combined", "client": "10.1.2.3"}},
	{"list, code", "  - `" + plainLine + "`", map[string]string{"format": "nginx-combined", "client": "10.1.2.3"}},
	{"numbered", `  17: ` + plainLine, map[string]string{"format": "nginx-combined", "client": "10.1.2.3"}},
	{"numbered, by a tab", "    17\t" + plainLine, map[string]string{"format": "nginx-combined", "client": "10.1.2.3"}},
	{"grep -n", `error.log:17:2026/11/23 07:13:24 [error] 1#1: *2 no live upstreams while connecting to upstream`, map[string]string{"format": "nginx-error", "level": "error"}},
	{"grep -H", `/var/log/nginx/error.log.1:2026/11/23 07:13:24 [error] 1#1: *2 no live upstreams while connecting to upstream`, map[string]string{"format": "nginx-error", "level": "error"}},
	{"rancher", `11/23/2026 7:14:33 AM` + plainLine, map[string]string{"format": "nginx-combined", "client": "10.1.2.3"}},
	{"process manager", `0|web  | ` + plainLine, map[string]string{"format": "nginx-combined", "client": "10.1.2.3"}},
	{"typeset", "10.1.2.3 - - [23/Nov/2026:07:14:33 +0000]\u00a0“GET /a HTTP/1.1” 502 158 &quot;-&quot; “c”", map[string]string{"format": "nginx-combined", "path": "/a", "user_agent": "c"}},
	{"quoted compose", "> nginx_1  | " + plainLine, map[string]string{"format": "nginx-combined", "client": "10.1.2.3"}},
	{"nothing known", `2026-11-23T07:14:34Z stdout F hello there`, map[string]string{"kind": "raw", "format": "", "time": "2026-11-23T07:14:34Z"}},
}

func TestPrefixes(t *testing.T) {
	for _, c := range prefixed {
		t.Run(c.name, func(t *testing.T) {
			plan := Detect([]byte(c.line), testEnv)
			for _, l := range []*Lines{plan.NewParser(testEnv), Plan{}.NewParser(testEnv)} {
				var ev tail.Event
				for range 2 { // the second time by the usual road
					l.Parse([]byte(c.line+"\r\n"), &ev)
					compare(t, c.line, &ev, c.want)
					if string(ev.Line) != c.line {
						t.Errorf("line %q", ev.Line)
					}
				}
			}
		})
	}
}

// TestMixed reads access, error and other lines of one container stream by one
// plan.
func TestMixed(t *testing.T) {
	stream := []string{
		plainLine,
		`2026/11/23 07:13:24 [error] 1#1: *2 connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.11, server: s, request: "GET / HTTP/1.1", upstream: "http://10.0.0.5:80/", host: "s"`,
		plainLine,
		`{"level":"error","time":"2026-11-23T07:14:33Z","msg":"boom"}`,
		`what is this`,
		plainLine,
	}
	want := []string{"nginx-combined", "nginx-error", "nginx-combined", "json", "", "nginx-combined"}
	var sample []byte
	for _, s := range stream {
		sample = append(sample, s+"\n"...)
	}
	plan := Detect(sample, testEnv)
	if len(plan.Formats) != 3 || plan.Formats[0] != "nginx-combined" || plan.Confidence < 0.7 || plan.Confidence > 0.8 {
		t.Errorf("plan %v %.2f", plan.Formats, plan.Confidence)
	}
	for _, p := range []Plan{plan, {}} {
		l := p.NewParser(testEnv)
		for i, s := range stream {
			var ev tail.Event
			if l.Parse([]byte(s), &ev); ev.Format != want[i] {
				t.Errorf("%q, want %q: %s", ev.Format, want[i], s)
			}
		}
	}
}

// TestTwins: lines that several gateways write alike are given to the one whose
// other lines are in the source.
func TestTwins(t *testing.T) {
	apacheErr := `[Tue Oct 26 17:27:20.477742 2021] [proxy:error] [pid 29484:tid 1] AH00959: ap_proxy_connect_backend disabling worker for (a) for 60s`
	gunicornErr := `[2024-01-09 13:24:39 +0000] [1637] [INFO] Booting worker with pid: 7310`
	nginxErr := `2026/11/23 07:13:24 [error] 1#1: *1 x`
	for _, c := range []struct{ lines, want string }{
		{plainLine, "nginx-combined"},
		{plainLine + "\n" + plainLine + "\n" + apacheErr, "apache-combined"},
		{plainLine + "\n" + plainLine + "\n" + gunicornErr, "gunicorn-access"},
		{plainLine + "\n" + plainLine + "\n" + nginxErr, "nginx-combined"},
		{plainLine + "\n" + plainLine + "\n" + nginxErr + "\n" + gunicornErr, "nginx-combined"},
	} {
		if plan := Detect([]byte(c.lines), testEnv); plan.Formats[0] != c.want {
			t.Errorf("%v, want %s", plan.Formats, c.want)
		}
	}
}

// TestZone: a time without a zone is read in the zone of the environment, a time
// with one is not.
func TestZone(t *testing.T) {
	env := Env{Now: now, Zone: time.FixedZone("x", 2*3600)}
	for line, want := range map[string]string{
		`2026/11/23 07:13:24 [error] 1#1: *1 x`: "2026-11-23T05:13:24Z",
		plainLine:                               "2026-11-23T07:14:33Z",
		`127.0.0.1:44542 [10/Dec/2018:15:48:56.017] fe be/<NOSRV> 0/-1/-1/-1/0 503 213 - - SC-- 1/1/0/0/0 0/0 "GET /foo HTTP/1.1"`: "2018-12-10T13:48:56.017Z",
		`Nov 23 07:14:33 gw1 haproxy[12]: backend app has no server available!`:                                                    "2026-11-23T05:14:33Z",
	} {
		var ev tail.Event
		Plan{}.NewParser(env).Parse([]byte(line), &ev)
		if got := words(&ev)["time"]; got != want {
			t.Errorf("%s, want %s: %s", got, want, line)
		}
	}
	var ev tail.Event
	Plan{}.NewParser(Env{}).Parse([]byte(`Nov 23 07:14:33 gw1 haproxy[12]: backend app has no server available!`), &ev)
	if ev.Time != 0 {
		t.Error("a year was guessed without knowing the present")
	}
}

// TestHeaderOfChunk: a worker that starts in the middle of a W3C log knows the
// columns from the plan.
func TestHeaderOfChunk(t *testing.T) {
	head := "#Fields: date time c-ip cs-method cs-uri-stem sc-status time-taken"
	line := "2022-05-08 01:26:01 10.1.1.1 GET /a 503 0.250"
	plan := Detect([]byte(head+"\n"+line+"\n"), testEnv)
	var ev tail.Event
	plan.NewParser(testEnv).Parse([]byte(line), &ev)
	compare(t, line, &ev, map[string]string{"format": "w3c", "status": "503", "path": "/a"})
}
