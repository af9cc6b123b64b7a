package diagnose

import (
	"strings"
	"testing"
	"time"
)

// TestLoneLines diagnoses what people paste: one line, or a few, without any
// access log around them.
func TestLoneLines(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		want  ID // "none" where nothing may be claimed
		lines string
	}{
		{UpstreamDown, `2026/03/01 10:00:00 [error] 7#7: *3 connect() failed (111: Connection refused) while connecting to upstream, client: 172.18.0.1, server: localhost, request: "GET / HTTP/1.1", upstream: "http://172.18.0.3:3000/", host: "localhost"`},
		{Firewall, `2026/03/01 10:00:00 [error] 7#7: *3 connect() failed (113: Host is unreachable) while connecting to upstream, client: 172.18.0.1, server: localhost, request: "GET / HTTP/1.1", upstream: "http://172.18.0.3:3000/", host: "localhost"`},
		{GatewayConfig, `2026/03/01 10:00:00 [crit] 99#99: *1 connect() to unix:/srv/shop/shop.sock failed (13: Permission denied) while connecting to upstream, client: 203.0.113.4, server: shop.example, request: "GET / HTTP/1.1", upstream: "http://unix:/srv/shop/shop.sock:/", host: "shop.example"`},
		{Firewall, `2026/03/01 10:00:00 [crit] 99#99: *1 connect() to 127.0.0.1:8080 failed (13: Permission denied) while connecting to upstream, client: 203.0.113.4, server: shop.example, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:8080/", host: "shop.example"`},
		{UpstreamDown, `2026/03/01 10:00:00 [crit] 99#99: *1 connect() to unix:/run/php/php8.2-fpm.sock failed (2: No such file or directory) while connecting to upstream, client: 203.0.113.4, server: _, request: "GET /index.php HTTP/1.1", upstream: "fastcgi://unix:/run/php/php8.2-fpm.sock:", host: "shop.example"`},
		{Overload, `2026/03/01 10:00:00 [error] 99#99: *1 connect() to unix:/run/php/php8.2-fpm.sock failed (11: Resource temporarily unavailable) while connecting to upstream, client: 203.0.113.4, server: _, request: "GET /index.php HTTP/1.1", upstream: "fastcgi://unix:/run/php/php8.2-fpm.sock:", host: "shop.example"`},
		{Overload, `2026/03/01 10:00:00 [crit] 99#99: *1 connect() to 10.0.0.5:8000 failed (99: Cannot assign requested address) while connecting to upstream, client: 203.0.113.4, server: _, request: "GET / HTTP/1.1", upstream: "http://10.0.0.5:8000/", host: "shop.example"`},
		{Timeout, `2026/03/01 10:00:00 [error] 20#20: *44 upstream timed out (110: Operation timed out) while reading response header from upstream, client: 10.0.0.1, server: shop.example, request: "POST /import HTTP/1.1", upstream: "http://10.0.0.5:8000/import", host: "shop.example"`},
		{Firewall, `2026/03/01 10:00:00 [error] 20#20: *44 upstream timed out (110: Connection timed out) while connecting to upstream, client: 10.0.0.1, server: shop.example, request: "GET / HTTP/1.1", upstream: "http://10.0.0.5:8000/", host: "shop.example"`},
		{BadResponse, `2026/03/01 10:00:00 [error] 20#20: *44 upstream prematurely closed connection while reading response header from upstream, client: 10.0.0.1, server: shop.example, request: "GET / HTTP/1.1", upstream: "http://10.0.0.5:8000/", host: "shop.example"`},
		{GatewayConfig, `2026/03/01 10:00:00 [error] 20#20: *44 upstream sent too big header while reading response header from upstream, client: 10.0.0.1, server: shop.example, request: "GET /auth/callback HTTP/1.1", upstream: "http://10.0.0.5:8000/auth/callback", host: "shop.example"`},
		{BadResponse, `2026/03/01 10:00:00 [error] 20#20: *44 upstream sent duplicate header line: "Transfer-Encoding: chunked", previous value: "Transfer-Encoding: chunked" while reading response header from upstream, client: 10.0.0.1, server: shop.example, request: "GET / HTTP/1.1", upstream: "http://10.0.0.5:8000/", host: "shop.example"`},
		{TLS, `2026/03/01 10:00:00 [error] 20#20: *44 SSL_do_handshake() failed (SSL: error:1408F10B:SSL routines:ssl3_get_record:wrong version number) while SSL handshaking to upstream, client: 10.0.0.1, server: shop.example, request: "GET / HTTP/1.1", upstream: "https://10.0.0.5:8000/", host: "shop.example"`},
		{TLS, `2026/03/01 10:00:00 [error] 20#20: *44 SSL_do_handshake() failed (SSL: error:14094410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:SSL alert number 40) while SSL handshaking to upstream, client: 10.0.0.1, server: shop.example, request: "GET / HTTP/1.1", upstream: "https://10.0.0.5:443/", host: "shop.example"`},
		{DNS, `2026/03/01 10:00:00 [error] 20#20: *44 api.internal could not be resolved (110: Operation timed out), client: 10.0.0.1, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"`},
		{GatewayConfig, `2026/03/01 10:00:00 [error] 20#20: *44 no resolver defined to resolve api.internal, client: 10.0.0.1, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"`},
		{DNS, `2026/03/01 10:00:00 [emerg] 1#1: host not found in upstream "web:3000" in /etc/nginx/conf.d/default.conf:8`},
		{Overload, `2026/03/01 10:00:00 [error] 20#20: *44 limiting requests, excess: 5.120 by zone "login", client: 203.0.113.4, server: shop.example, request: "POST /login HTTP/1.1", host: "shop.example"`},
		{"none", `2026/03/01 10:00:00 [error] 20#20: *44 client intended to send too large body: 12345678 bytes, client: 203.0.113.4, server: shop.example, request: "POST /upload HTTP/1.1", host: "shop.example"`},
		{"none", `2026/03/01 10:00:00 [warn] 20#20: *44 an upstream response is buffered to a temporary file /var/cache/nginx/proxy_temp/1/00/0000000001 while reading upstream, client: 203.0.113.4, server: shop.example, request: "GET /big HTTP/1.1", upstream: "http://10.0.0.5:8000/big", host: "shop.example"`},
		{"none", `2026/03/01 10:00:00 [error] 20#20: *44 open() "/usr/share/nginx/html/wp-login.php" failed (2: No such file or directory), client: 203.0.113.4, server: shop.example, request: "GET /wp-login.php HTTP/1.1", host: "shop.example"`},
		{"none", `2026/03/01 10:00:00 [crit] 20#20: *44 SSL_do_handshake() failed (SSL: error:0A00006C:SSL routines::bad key share) while SSL handshaking, client: 203.0.113.4, server: 0.0.0.0:443`},
		{UpstreamDown, `Mar  1 10:00:00 lb haproxy[4768]: Server app/web1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.`},
		{Overload, `Mar  1 10:00:00 lb haproxy[4768]: 203.0.113.4:40962 [01/Mar/2026:09:59:50.285] fe app/<NOSRV> 0/10001/-1/-1/10001 503 217 - - sQ-- 812/811/400/0/0 0/388 "GET / HTTP/1.1"`},
		{Timeout, `Mar  1 10:00:00 lb haproxy[4768]: 203.0.113.4:40962 [01/Mar/2026:09:59:00.285] fe app/web1 0/0/1/-1/50001 504 194 - - sH-- 8/8/4/4/0 0/0 "GET /report HTTP/1.1"`},
		{DNS, `Mar  1 10:00:00 lb haproxy[4768]: Server app/web1 is going DOWN for maintenance (No IP for server). 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.`},
		{Maintenance, `Mar  1 10:00:00 lb haproxy[4768]: Server app/web1 is going DOWN for maintenance. 1 active and 0 backup servers left. 2 sessions active, 0 requeued, 0 remaining in queue.`},
		{ClientAbort, `Mar  1 10:00:00 lb haproxy[4768]: 203.0.113.4:40962 [01/Mar/2026:09:59:50.285] fe app/web1 0/0/1/-1/2001 -1 0 - - CH-- 12/11/4/0/0 0/0 "GET / HTTP/1.1"`},
		{Timeout, `[Sun Mar 01 10:00:00.838658 2026] [proxy_http:error] [pid 119:tid 140] (70007)The timeout specified has expired: [client 10.6.0.2:52924] AH01102: error reading status line from remote server 10.0.0.5:8080`},
		{TLS, `[Sun Mar 01 10:00:00.838658 2026] [proxy:error] [pid 119:tid 140] [client 10.6.0.2:52924] AH00898: Error during SSL Handshake with remote server returned by /`},
		{Firewall, `[Sun Mar 01 10:00:00.838658 2026] [proxy:error] [pid 119:tid 140] (13)Permission denied: AH00957: HTTP: attempt to connect to 127.0.0.1:8080 (localhost) failed`},
		{UpstreamDown, `[2026-03-01T10:00:00.000Z] "GET /ip HTTP/1.1" 503 UF upstream_reset_before_response_started{remote_connection_failure,delayed_connect_error:_111} - "delayed_connect_error:_111" 0 152 1 - "-" "curl/8.4.0" "17ac" "httpbin:8000" "10.42.0.9:80" outbound|8000||httpbin.default.svc.cluster.local - 10.43.1.2:8000 10.42.0.7:53404 - default`},
		{Overload, `[2026-03-01T10:00:00.000Z] "GET /ip HTTP/1.1" 503 UO upstream_reset_before_response_started{overflow} - "-" 0 81 0 - "-" "fortio" "17ac" "httpbin:8000" "-" outbound|8000||httpbin.default.svc.cluster.local - 10.43.1.2:8000 10.42.0.7:53404 - default`},
		{GatewayConfig, `[2026-03-01T10:00:00.000Z] "GET /ip HTTP/1.1" 503 NC cluster_not_found - "-" 0 0 0 - "-" "curl/8.4.0" "17ac" "httpbin:8000" "-" - - 10.43.1.2:8000 10.42.0.7:53404 - -`},
		{ApplicationError, `[2026-03-01T10:00:00.000Z] "GET /ip HTTP/1.1" 502 - via_upstream - "-" 0 81 9 8 "-" "curl/8.4.0" "17ac" "httpbin:8000" "10.42.0.9:80" inbound|80|| 127.0.0.6:39427 10.42.0.9:80 10.42.0.7:53404 outbound_.8000_._.httpbin.default.svc.cluster.local default`},
		{UpstreamDown, `{"level":"error","ts":1772359200.1,"logger":"http.log.error","msg":"dial tcp 172.18.0.16:9000: connect: connection refused","request":{"remote_ip":"203.0.113.4","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/"},"duration":0.001,"status":502,"err_id":"abc","err_trace":"reverseproxy.statusError (reverseproxy.go:1267)"}`},
		{TLS, `{"level":"error","ts":1772359200.1,"logger":"http.log.error","msg":"tls: failed to verify certificate: x509: certificate signed by unknown authority","request":{"remote_ip":"203.0.113.4","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/"},"duration":0.001,"status":502}`},
		{DNS, `time="2026-03-01T10:00:00Z" level=debug msg="'502 Bad Gateway' caused by: dial tcp: lookup whoami on 127.0.0.11:53: no such host"`},
		// Traefik has its addresses from docker, and the gateway is on another network.
		{GatewayConfig, `time="2026-03-01T10:00:00Z" level=debug msg="'504 Gateway Timeout' caused by: dial tcp 172.19.0.4:80: i/o timeout"`},
		{UpstreamDown, `{"level":"debug","error":"dial tcp 10.0.0.5:8000: connect: connection refused","time":"2026-03-01T10:00:00Z","message":"502 Bad Gateway"}`},
		{Timeout, `[2026-03-01 10:00:00 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:17)
[2026-03-01 10:00:01 +0000] [7] [ERROR] Worker (pid:17) was sent SIGKILL! Perhaps out of memory?`},
		{Overload, `[2026-03-01 10:00:01 +0000] [7] [ERROR] Worker (pid:17) was sent SIGKILL! Perhaps out of memory?`},
		{Overload, `[2026-03-01 10:00:01 +0000] [7] [ERROR] Worker (pid:17) was sent SIGKILL! Perhaps out of memory?
Mar  1 10:00:01 web kernel: [159805.364253] Out of memory: Killed process 17 (gunicorn) total-vm:116345136kB, anon-rss:3558264kB, file-rss:0kB`},
		{Timeout, `Sun Mar  1 10:00:00 2026 - *** HARAKIRI ON WORKER 1 (pid: 53, try: 1) ***
Sun Mar  1 10:00:01 2026 - DAMN ! worker 1 (pid: 53) died, killed by signal 9 :( trying respawn ...`},
		{Overload, `Sun Mar  1 10:00:00 2026 - *** uWSGI listen queue of socket ":8000" (fd: 3) full !!! (101/100) ***`},
		{UpstreamDown, `[2026-03-01 10:00:00 +0000] [7] [ERROR] Connection in use: ('0.0.0.0', 8000)`},
		{BadResponse, `upstream prematurely closed connection while reading response header from upstream`},
		{UpstreamDown, `connect() failed (111: Connection refused) while connecting to upstream`},
		{"none", `nothing of interest happened here today`},
		{"none", ``},
	} {
		v := Evaluate(snapshotOf(now, logFile{"pasted.log", []byte(c.lines)}))
		got := ID("none")
		if len(v.Causes) > 0 {
			got = v.Causes[0].ID
		}
		if got != c.want {
			t.Errorf("%s, want %s %v: %.160s", got, c.want, ids(v.Causes), strings.ReplaceAll(c.lines, "\n", " | "))
		}
	}
}
