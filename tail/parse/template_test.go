package parse

import (
	"strings"
	"testing"

	"why502/tail"
)

type templateCase struct {
	name, template, line string
	want                 map[string]string
}

// templateCases are format strings with a line each.
var templateCases = append([]templateCase{
	{
		"nginx", `log_format timed '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
			'"$http_referer" "$http_user_agent" rt=$request_time uct="$upstream_connect_time" '
			'uht="$upstream_header_time" urt="$upstream_response_time" us="$upstream_status" ua="$upstream_addr"';`,
		`127.0.0.13 - - [23/Nov/2026:07:13:28 +0000] "POST /api/orders HTTP/1.1" 502 157 "-" "okhttp/4.12.0" rt=0.500 uct="-, 0.001" uht="-, 0.002" urt="0.000, 0.500" us="502, 502" ua="10.77.0.11:8000, unix:/a b.sock"`,
		map[string]string{
			"time": "2026-11-23T07:13:28Z", "status": "502", "path": "/api/orders", "duration": "0.5", "upstream": "10.77.0.11:8000, unix:/a b.sock",
			"upstream_status": "502, 502", "upstream_duration": "0, 0.5", "maker": "upstream", "format": "nginx-template", "gateway": "nginx",
		},
	},
	{
		"nginx bare lists", `$msec $remote_addr $status $upstream_addr $upstream_response_time $request_time $request_method $scheme://$host$request_uri`,
		`1700000000.123 10.0.0.1 504 10.0.0.5:80, 10.0.0.6:80 : 10.0.0.7:80 1.000, - : 2.000 3.001 GET https://a.example/x?y=1`,
		map[string]string{
			"time": "2023-11-14T22:13:20.123Z", "status": "504", "upstream": "10.0.0.5:80, 10.0.0.6:80, 10.0.0.7:80", "upstream_duration": "1, 2",
			"duration": "3.001", "host": "a.example", "path": "/x?y=1", "method": "GET",
		},
	},
	{
		"nginx uri and args", `[$time_iso8601] $uri$is_args$args|$status`,
		`[2026-11-23T07:13:28+01:00] /x y?z=1|502`,
		map[string]string{"time": "2026-11-23T06:13:28Z", "path": "/x y?z=1", "status": "502"},
	},
	{
		"nginx json", `log_format j escape=json '{"t":"$time_iso8601","r":"$request","s":$status,"rt":$request_time,"ua":"$upstream_addr"}'`,
		`{"t":"2026-11-23T07:13:28+00:00","r":"GET /a\"b HTTP/1.1","s":502,"rt":0.001,"ua":""}`,
		map[string]string{"time": "2026-11-23T07:13:28Z", "path": `/a"b`, "status": "502", "duration": "0.001", "upstream": ""},
	},
	{
		"apache", `LogFormat "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" %D %{BALANCER_WORKER_NAME}e" timed`,
		`127.0.0.12 - - [23/Nov/2026:07:17:20 +0000] "GET /api HTTP/1.1" 503 501 "-" "curl/7.88.1" 2400 http://10.0.0.5:80`,
		map[string]string{
			"time": "2026-11-23T07:17:20Z", "client": "127.0.0.12", "status": "503", "duration": "0.0024", "upstream": "10.0.0.5:80",
			"user_agent": "curl/7.88.1", "path": "/api", "bytes": "501", "gateway": "apache",
		},
	},
	{
		"apache parts", `%v:%p %a %{%Y-%m-%dT%H:%M:%S}t %m %U%q %s %{ms}T`,
		`a.example:443 10.0.0.1 2026-11-23T07:17:20 GET /x?y=1 502 17`,
		map[string]string{"host": "a.example", "time": "2026-11-23T07:17:20Z", "path": "/x?y=1", "duration": "0.017", "status": "502", "method": "GET"},
	},
	{
		"haproxy", `log-format "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"`,
		`10.0.0.1:34552 [15/Oct/2003:15:26:31.462] px-http px-http/srv1 3/4/7/-1/11215 504 0 - - sH-- 205/202/202/115/+3 0/0   "GET /a HTTP/1.0"`,
		map[string]string{
			"time": "2003-10-15T15:26:31.462Z", "status": "504", "duration": "11.215", "upstream": "px-http/srv1", "flags": "sH--", "retries": "3",
			"queue": "0.004", "client": "10.0.0.1", "path": "/a", "maker": "gateway",
		},
	},
	{
		"haproxy json", `{"time":"%t","backend":"%b","server":"%s","m":"%HM","u":"%HU","status":%ST,"ta":%Ta,"term":"%ts","id":"%[unique-id]"}`,
		`{"time":"23/Nov/2026:07:16:01.636","backend":"app","server":"<NOSRV>","m":"GET","u":"/x","status":503,"ta":0,"term":"SC","id":"77"}`,
		map[string]string{"status": "503", "backend": "app", "upstream": "", "flags": "SC", "duration": "0", "request_id": "77", "path": "/x"},
	},
	{
		"envoy", `[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER%\n`,
		`[2016-04-15T20:17:00.310Z] "POST /api/v1 HTTP/2" 503 UF,URX upstream_reset{x} 226 - "10.0.2.1:80" web`,
		map[string]string{
			"time": "2016-04-15T20:17:00.31Z", "status": "503", "flags": "UF,URX upstream_reset{x}", "duration": "0.226", "upstream": "10.0.2.1:80",
			"backend": "web", "path": "/api/v1", "protocol": "HTTP/2", "method": "POST",
		},
	},
}, moreTemplates...)

// moreTemplates are format strings as people publish them.
var moreTemplates = []templateCase{
	{
		"nginx with quotes of its own", `"$time_local" client=$remote_addr request="$request" status=$status rt=$request_time`,
		`"23/Nov/2026:07:13:28 +0000" client=10.0.0.1 request="GET /a HTTP/1.1" status=502 rt=0.5`,
		map[string]string{"time": "2026-11-23T07:13:28Z", "client": "10.0.0.1", "path": "/a", "status": "502", "duration": "0.5"},
	},
	{
		"nginx json, any order", `{"t":"$msec","req":{"m":"$request_method","u":"$scheme://$host$request_uri"},"s":$status,"rt":"$request_time"}`,
		`{"s":502,"rt":"0.100","t":"1700000000.123","req":{"u":"https://a.example/x?y=1","m":"GET"}}`,
		map[string]string{"time": "2023-11-14T22:13:20.123Z", "method": "GET", "path": "/x?y=1", "host": "a.example", "status": "502", "duration": "0.1"},
	},
	{
		"nginx, escape=none", `log_format raw escape=none '$remote_addr "$http_user_agent" $status $request_time "$request_id"';`,
		`10.0.0.1 "an "agent"" 502 0.5 "a"b"`,
		map[string]string{"user_agent": `an "agent"`, "status": "502", "request_id": `a"b`},
	},
	{
		"nginx json, escape=none", `log_format raw escape=none '{"time":"$time_iso8601", "request":"$request", "status":$status, "ua":"$http_user_agent", "rt":$request_time, "up":"$upstream_addr"}';`,
		`{"time":"2026-11-23T07:13:28+00:00", "request":"GET /a?q="b" HTTP/1.1", "status":502, "ua":"an "agent" with \", "rt":0.250, "up":"10.0.0.1:80, 10.0.0.2:80"}`,
		map[string]string{"time": "2026-11-23T07:13:28Z", "path": `/a?q="b"`, "status": "502", "user_agent": `an "agent" with \`, "duration": "0.25", "upstream": "10.0.0.1:80, 10.0.0.2:80"},
	},
	{
		"apache, time in parts", `%a [%{%d/%b/%Y:%H:%M:%S}t.%{msec_frac}t %{%z}t] "%r" %>s %D`,
		`2001:db8::7 [23/Nov/2026:07:17:20.250 +0100] "GET /a HTTP/1.1" 502 1500`,
		map[string]string{"time": "2026-11-23T06:17:20.25Z", "client": "2001:db8::7", "status": "502", "duration": "0.0015"},
	},
	{
		"haproxy, v6 client and parts of a time", `log-format "%Ts.%ms %ci:%cp %HM %HP%HQ %ST %Ta %b/%s %tsc"`,
		`1700000000.123 2001:db8::7:5012 GET /a?b=c 502 +17 be/s1 SH--`,
		map[string]string{"time": "2023-11-14T22:13:20.123Z", "client": "2001:db8::7", "path": "/a?b=c", "duration": "0.017", "upstream": "be/s1"},
	},
	{
		"envoy json, null and other order", `{"start_time":"%START_TIME%","m":"%REQ(:METHOD)%","p":"%REQ(:PATH)%","code":"%RESPONSE_CODE%","d":"%DURATION%","up":"%UPSTREAM_HOST%"}`,
		`{"code":503,"d":12,"m":"GET","p":"/a","start_time":"2026-11-23T07:17:20.250Z","up":null}`,
		map[string]string{"time": "2026-11-23T07:17:20.25Z", "method": "GET", "path": "/a", "status": "503", "duration": "0.012", "upstream": ""},
	},
	{
		"haproxy json with +Q", `log-format '{"ts":"%tr","m":"%HM","u":%{+Q}HU,"st":%ST,"ta":%Ta}'`,
		`{"ts":"23/Nov/2026:07:17:20.250","m":"GET","u":"/a?b","st":502,"ta":17}`,
		map[string]string{"time": "2026-11-23T07:17:20.25Z", "path": "/a?b", "status": "502", "duration": "0.017"},
	},
	{
		"haproxy encodes JSON", `log-format "%{+json}o %(client_ip)ci %(time)tr %(method)HM %(uri)HU %(status:sint)ST %(total:sint)Ta %(be)b %(srv)s %(state)tsc %(host)[capture.req.hdr(0)]"`,
		`{"client_ip": "10.0.0.1", "time": "23/Nov/2026:07:17:20.250", "method": "GET", "uri": "/a", "status": 502, "total": 17, "be": "app", "srv": "s1", "state": "SH--", "host": "x"}`,
		map[string]string{"time": "2026-11-23T07:17:20.25Z", "client": "10.0.0.1", "path": "/a", "status": "502", "duration": "0.017", "upstream": "app/s1", "flags": "SH--"},
	},
	{
		"haproxy with names", `%(client)ci %(time)tr %HM %(uri)HU %(st)ST %Ta`,
		`10.0.0.1 23/Nov/2026:07:17:20.250 GET /a 502 17`,
		map[string]string{"client": "10.0.0.1", "path": "/a", "status": "502", "duration": "0.017", "gateway": "haproxy"},
	},
	{
		"a path with the delimiter in it", `$msec|$request_method|$request_uri|$status|$request_time`,
		`1700000000.123|GET|/a|b?x|y|502|0.5`,
		map[string]string{"path": "/a|b?x|y", "status": "502", "duration": "0.5"},
	},
	{
		"gunicorn", `%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %(D)s %(p)s %({X-Request-Id}i)s`,
		`10.0.0.1 - - [23/Nov/2026:07:17:20 +0100] "GET /a HTTP/1.1" 502 5 "-" "curl/8" 1500 <17> r1`,
		map[string]string{"time": "2026-11-23T06:17:20Z", "status": "502", "duration": "0.0015", "request_id": "r1", "kind": "upstream"},
	},
	{
		"uwsgi", `%(addr) [%(ctime)] "%(method) %(uri) %(proto)" %(status) %(rsize) %(msecs)`,
		`10.0.0.1 [Mon Nov 23 07:17:20 2026] "GET /a?b HTTP/1.1" 502 5 1500`,
		map[string]string{"time": "2026-11-23T07:17:20Z", "status": "502", "duration": "1.5", "path": "/a?b", "bytes": "5"},
	},
	{
		"caddy", `{common_log} "{request>headers>User-Agent>[0]}" {duration}`,
		`10.0.0.1 - - [23/Nov/2026:07:17:20 +0100] "GET /a HTTP/2.0" 502 5 "curl/8" 0.015`,
		map[string]string{"time": "2026-11-23T06:17:20Z", "status": "502", "duration": "0.015", "user_agent": "curl/8"},
	},
}

// TestTemplateRefuses: a line that has the literals by chance is not read as one of
// the format string.
func TestTemplateRefuses(t *testing.T) {
	for _, line := range []string{
		`web-1  | 2026-11-23T07:14:34.1Z 10.0.0.1 - - [23/Nov/2026:07:17:20 +0100] "GET /a HTTP/1.1" 502 5`,
		`[pod/web/app] 2026-11-23T07:14:34.1Z stdout F 10.0.0.1 - - [23/Nov/2026:07:17:20 +0100] "GET /a HTTP/1.1" 502 5`,
	} {
		plan, err := Named(`%h %l %u %t "%r" %>s %b`, testEnv)
		if err != nil {
			t.Fatal(err)
		}
		var ev tail.Event
		plan.NewParser(testEnv).Parse([]byte(line), &ev)
		compare(t, line, &ev, map[string]string{"client": "10.0.0.1", "time": "2026-11-23T06:17:20Z", "status": "502", "format": "apache-template"})
	}
}

func TestTemplates(t *testing.T) {
	for _, c := range templateCases {
		t.Run(c.name, func(t *testing.T) {
			plan, err := Named(c.template, testEnv)
			if err != nil {
				t.Fatal(err)
			}
			l := plan.NewParser(testEnv)
			var ev tail.Event
			l.Parse([]byte(c.line), &ev)
			if !strings.HasSuffix(ev.Format, "-template") {
				t.Fatalf("read as %q\n%s", ev.Format, c.line)
			}
			compare(t, c.line, &ev, c.want)
			if n := testing.AllocsPerRun(20, func() { l.Parse([]byte(c.line), &ev) }); n > 1 {
				t.Errorf("%.0f allocations a line", n)
			}
			l.Parse([]byte(`2026/11/23 07:13:24 [error] 1#1: *1 x`), &ev)
			if ev.Format != "nginx-error" {
				t.Errorf("a line of another log is read as %q", ev.Format)
			}
		})
	}
}

func TestNamed(t *testing.T) {
	for name, want := range map[string]string{"haproxy-http": "haproxy-http", "combined": "nginx-combined", "caddy": "caddy-access", "httplog": "haproxy-http"} {
		plan, err := Named(name, testEnv)
		if err != nil || plan.Formats[0] != want {
			t.Errorf("%s: %v, %v", name, plan.Formats, err)
		}
	}
	for _, bad := range []string{"", "nonsense", "$a$b $status", "100%", strings.Repeat("$status ", 9000), "$foo bar"} {
		if plan, err := Named(bad, testEnv); err == nil {
			t.Errorf("%.40q: %v", bad, plan.Formats)
		}
	}
}

// TestDetectWith: a format string known from elsewhere is taken where it tells more
// than the built-in formats do, and only there.
func TestDetectWith(t *testing.T) {
	const combined = `10.0.0.1 - - [23/Nov/2026:07:17:20 +0100] "GET /a HTTP/1.1" 502 5 "-" "curl/8"`
	for _, c := range []struct {
		name, sample, template, format, duration string
		confidence                               float64
	}{
		{"no built-in format", `1700000000.123 10.0.0.1 502 1.500 "GET /a HTTP/1.1"`, `$msec $remote_addr $status $request_time "$request"`, "nginx-template", "1.5", 1},
		{"fields unread otherwise", combined + ` 17 x`, `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %{ms}T %X`, "apache-template", "0.017", 1},
		{"nothing gained", combined, `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`, "nginx-combined", "", 1},
		{"not its lines", combined, `$msec $remote_addr $status $request_time "$request"`, "nginx-combined", "", 1},
		{"not a format string", combined, `hello`, "nginx-combined", "", 1},
		{"half of the lines", "what is this\n" + `1700000000.123 10.0.0.1 502 1.500`, `$msec $remote_addr $status $request_time`, "nginx-template", "1.5", 0.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := DetectWith([]byte(c.sample), testEnv, c.template)
			if f := plan.Format(); f.Name != c.format || plan.Confidence != c.confidence {
				t.Errorf("%s with %.2f, want %s with %.2f", f.Name, plan.Confidence, c.format, c.confidence)
			}
			var ev tail.Event
			plan.NewParser(testEnv).Parse([]byte(c.sample[lastLine(c.sample):]), &ev)
			compare(t, c.sample, &ev, map[string]string{"duration": c.duration, "status": "502"})
		})
	}
}
