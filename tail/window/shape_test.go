package window

import (
	"strings"
	"testing"
)

// TestShape has messages as gateways write them; lines with the same wanted shape
// must fall together.
func TestShape(t *testing.T) {
	cases := []struct{ in, want string }{
		{"connect() failed (111: Connection refused) while connecting to upstream", "connect() failed (111: Connection refused) while connecting to upstream"},
		{"connect() to unix:/run/app/app.sock failed (2: No such file or directory)", "connect() to unix:/* failed (2: No such file or directory)"},
		{`upstream sent no valid HTTP/1.0 header while reading response header from upstream`, `upstream sent no valid HTTP/1.0 header while reading response header from upstream`},
		{`upstream sent more data than specified in "Content-Length" header`, `upstream sent more data than specified in "Content-Length" header`},
		{`upstream sent invalid header line: "\x00 17 x"`, `upstream sent invalid header line: "*"`},
		{"app.internal could not be resolved (3: Host not found)", "app.internal could not be resolved (3: Host not found)"},
		{"upstream SSL certificate verify error: (10:certificate has expired) while SSL handshaking", "upstream SSL certificate verify error: (10:certificate has expired) while SSL handshaking"},
		{"SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number)", "SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number)"},
		{"sslv3 alert handshake failure (SSL alert number 40)", "sslv3 alert handshake failure (SSL alert number 40)"},
		{"worker process 4711 exited on signal 9", "worker process # exited on signal 9"},
		{"worker process 12 exited with code 1", "worker process # exited with code 1"},
		{"(111)Connection refused: AH00957: http: attempt to connect to 10.77.0.11:8000 (10.77.0.11:8000) failed", "(111)Connection refused: AH00957: http: attempt to connect to # (#) failed"},
		{"AH00898: Error reading from remote server returned by /api/items/17", "AH00898: Error reading from remote server returned by /*"},
		{"AH01114: HTTP: failed to make connection to backend: 10.77.0.12", "AH01114: HTTP: failed to make connection to backend: #"},
		{"Server app/s1 is DOWN, reason: Layer4 timeout, check duration: 1001ms. 0 active and 0 backup servers left.", "Server app/s1 is DOWN, reason: Layer4 timeout, check duration: #ms. # active and # backup servers left."},
		{"Server app/s1 is DOWN, reason: Layer7 wrong status, code: 503, info: \"Service Unavailable\"", "Server app/s1 is DOWN, reason: Layer7 wrong status, code: 503, info: \"*\""},
		{"dial tcp 10.77.0.11:8000: connect: connection refused", "dial tcp #: connect: connection refused"},
		{"dial tcp [2001:db8::5]:8000: i/o timeout", "dial tcp #: i/o timeout"},
		{"read tcp 10.77.0.1:41832->10.77.0.11:8000: read: connection reset by peer", "read tcp #->#: read: connection reset by peer"},
		{"WORKER TIMEOUT (pid:4711)", "WORKER TIMEOUT (pid:#)"},
		{"Worker (pid:4711) was sent SIGKILL! Perhaps out of memory?", "Worker (pid:#) was sent SIGKILL! Perhaps out of memory?"},
		{"Main process exited, code=killed, status=9/KILL", "Main process exited, code=killed, status=9/KILL"},
		{"Main process exited, code=exited, status=203/EXEC", "Main process exited, code=exited, status=203/EXEC"},
		{"Out of memory: Killed process 4711 (python3) total-vm:123456kB", "Out of memory: Killed process # (python3) total-vm:#kB"},
		{"502 Bad Gateway", "502 Bad Gateway"},
		{"[Errno 111] Connection refused", "[Errno 111] Connection refused"},
		{"request 3fa85f64-5717-4562-b3fc-2c963f66afa6 took 1234 ms", "request # took # ms"},
		{"can't assign; it's late", "can't assign; it's late"},
		{"*17 connect   twice\tspaced", "*# connect twice spaced"},
		{"could not connect to fe80::1%eth0", "could not connect to #%eth0"},
		{"(EAI 2)Name or service not known: AH00898: DNS lookup failure", "(EAI 2)Name or service not known: AH00898: DNS lookup failure"},
		{"AH02039: Certificate Verification: Error (20): unable to get local issuer certificate", "AH02039: Certificate Verification: Error (20): unable to get local issuer certificate"},
		{"", ""},
	}
	for _, c := range cases {
		if got := string(appendShape(nil, []byte(c.in))); got != c.want {
			t.Errorf("%q\n got %q\nwant %q", c.in, got, c.want)
		}
	}
}

func TestRoute(t *testing.T) {
	cases := []struct{ in, want string }{
		{"/api/items/17?page=3", "GET /api/items/:id"},
		{"/", "GET /"},
		{"/?x=/a/b", "GET /"},
		{"/users/3fa85f64-5717-4562-b3fc-2c963f66afa6/orders", "GET /users/:id/orders"},
		{"/commit/2c963f66afa6", "GET /commit/:id"},
		{"/static/app.3f2a9c1d.js", "GET /static/app.:id.js"},
		{"/report/2026-11-23", "GET /report/:id"},
		{"/api/v1/s3/e2e", "GET /api/v1/s3/e2e"},
		{"/order-12345/item_7", "GET /order-:id/item_:id"},
		{"/deadbeefdeadbeef", "GET /:id"},
		{"/feedback/facade", "GET /feedback/facade"},
		{"/t/01ARZ3NDEKTSV4RRFFQ69G5FAV", "GET /t/:id"},
		{"/a;jsessionid=77/b", "GET /a"},
		{"http://shop.example/api/items/9", "GET /api/items/:id"},
		{"http://shop.example", "GET /"},
		{"*", "GET *"},
		{"shop.example:443", "GET shop.example:443"},
		{"//x//", "GET //x//"},
		{"/1/2/3/4/5/6/7/8/9/10/11/12/13", "GET" + " " + strings.Repeat("/:id", 12) + "/…"},
	}
	for _, c := range cases {
		if got := string(routeOf(nil, []byte("GET"), []byte(c.in))); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzShape(f *testing.F) {
	for _, s := range []string{"connect() failed (111: x)", `"a`, "[::", "'/x' 0x", "/a/9?b;c#d", "http://", "\xff\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		shape := appendShape(nil, []byte(s))
		if len(shape) > maxShape {
			t.Errorf("shape of %d bytes", len(shape))
		}
		again := appendShape(nil, shape)
		if third := appendShape(nil, again); len(shape) < maxShape && string(third) != string(again) {
			t.Errorf("shapes don't settle: %q %q %q", shape, again, third)
		}
		if route := routeOf(nil, []byte(s), []byte(s)); len(route) > maxValue {
			t.Errorf("route of %d bytes", len(route))
		}
	})
}
