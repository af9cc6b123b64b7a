package probe

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// serve listens on loopback and hands every connection to handle, which owns it.
func serve(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, ln, handle)
	return ln.Addr().String()
}

func serveOn(t *testing.T, ln net.Listener, handle func(net.Conn)) {
	t.Helper()
	done := make(chan struct{})
	t.Cleanup(func() { ln.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); handle(c) }()
		}
	}()
}

// readRequest reads one request's header.
func readRequest(c net.Conn) *http.Request {
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return &http.Request{Header: http.Header{}}
	}
	return r
}

// answer returns a handler that reads a request and writes text.
func answer(text string) func(net.Conn) {
	return func(c net.Conn) {
		readRequest(c)
		io.WriteString(c, text)
	}
}

// hang keeps the connection open and silent until the client leaves.
func hang(c net.Conn) { io.Copy(io.Discard, c) }

// resetAfter sends text and then a RST.
func resetAfter(text string) func(net.Conn) {
	return func(c net.Conn) {
		readRequest(c)
		io.WriteString(c, text)
		if text != "" {
			time.Sleep(20 * time.Millisecond) // let the text arrive before the RST discards it
		}
		c.(*net.TCPConn).SetLinger(0)
	}
}

// closedPort returns an address nobody listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

const okText = "HTTP/1.1 200 OK\r\nServer: app\r\nContent-Length: 2\r\n\r\nok"

func TestDoHTTP(t *testing.T) {
	bigHeader := func(n int) string {
		return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Big: " + strings.Repeat("a", n) + "\r\n\r\n"
	}
	tests := []struct {
		name   string
		handle func(net.Conn)
		gentle bool
		class  Class
		phase  Phase
		status int
		first  string // prefix of FirstBytes
	}{
		{name: "ok", handle: answer(okText), class: OK, phase: PhaseDone, status: 200},
		{name: "no length", handle: answer("HTTP/1.0 200 OK\r\n\r\nbody until close"), class: OK, phase: PhaseDone, status: 200},
		{name: "head", handle: answer("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"), gentle: true, class: OK, phase: PhaseDone, status: 200},
		{name: "head not implemented", handle: answer("HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n"), gentle: true, class: OK, phase: PhaseDone, status: 501},
		{name: "redirect stays", handle: answer("HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n"), class: OK, phase: PhaseDone, status: 302},
		{name: "interim first", handle: answer("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + okText), class: OK, phase: PhaseDone, status: 200},
		{name: "only interim", handle: answer(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 9)), class: Malformed, phase: PhaseFirstByte, first: "HTTP/1.1 100"},
		{name: "404", handle: answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), class: HTTP4xx, phase: PhaseDone, status: 404},
		{name: "503", handle: answer("HTTP/1.1 503 Unavailable\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n"), class: HTTP5xx, phase: PhaseDone, status: 503},
		{name: "close at once", handle: func(c net.Conn) { readRequest(c) }, class: EOF, phase: PhaseFirstByte},
		{name: "close in the header", handle: answer("HTTP/1.1 200 OK\r\nContent-"), class: EOF, phase: PhaseFirstByte},
		{name: "reset", handle: resetAfter(""), class: Reset, phase: PhaseFirstByte},
		{name: "reset in the body", handle: resetAfter("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), class: Reset, phase: PhaseBody, status: 200},
		{name: "hang", handle: hang, class: Timeout, phase: PhaseFirstByte},
		{name: "hang in the body", handle: func(c net.Conn) { answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")(c); hang(c) }, class: Timeout, phase: PhaseBody, status: 200},
		{name: "ssh", handle: func(c net.Conn) { io.WriteString(c, "SSH-2.0-OpenSSH_9.2p1\r\n"); hang(c) }, class: Malformed, phase: PhaseFirstByte, first: "SSH-2.0-OpenSSH"},
		{name: "binary banner without line end", handle: func(c net.Conn) { c.Write([]byte{0x4a, 0, 0, 0, 0x0a, '8', '.', '0'}); hang(c) }, class: Malformed, phase: PhaseFirstByte, first: "\x4a\x00"},
		{name: "redis", handle: answer("-ERR wrong number of arguments for 'get' command\r\n"), class: Malformed, phase: PhaseFirstByte, first: "-ERR wrong"},
		{name: "bad header line", handle: answer("HTTP/1.1 200 OK\r\nX-Broken header\r\n\r\n"), class: Malformed, phase: PhaseFirstByte, first: "HTTP/1.1 200"},
		{name: "two lengths", handle: answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), class: Malformed, phase: PhaseFirstByte, first: "HTTP/1.1 200"},
		{name: "bad chunk", handle: answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), class: Malformed, phase: PhaseBody, status: 200},
		{name: "header of 16 KiB", handle: answer(bigHeader(16 << 10)), class: HeaderTooBig, phase: PhaseDone, status: 200},
		{name: "header of 5 KiB", handle: answer(bigHeader(5 << 10)), class: OK, phase: PhaseDone, status: 200},
		{name: "header without end", handle: answer(bigHeader(2 << 20)), class: HeaderTooBig, phase: PhaseFirstByte},
		{name: "short body", handle: answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), class: ShortBody, phase: PhaseBody, status: 200},
		{name: "cut chunks", handle: answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"), class: ShortBody, phase: PhaseBody, status: 200},
		{name: "tls alert", handle: func(c net.Conn) { readRequest(c); c.Write([]byte{0x15, 3, 1, 0, 2, 2, 70}) }, class: TLSWanted, phase: PhaseFirstByte},
		{name: "nginx on a tls port", handle: answer("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<center>The plain HTTP request was sent to HTTPS port</center>"), class: TLSWanted, phase: PhaseFirstByte, status: 400},
		{name: "plain 400", handle: answer("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), class: HTTP4xx, phase: PhaseDone, status: 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := serve(t, tt.handle)
			opt := Options{}
			if tt.class == Timeout || tt.first != "" {
				opt.Timeout = 300 * time.Millisecond
			}
			r := Do(context.Background(), Target{URL: "http://" + addr + "/", Gentle: tt.gentle}, opt)
			if r.Class != tt.class || r.Phase != tt.phase || r.Status != tt.status {
				t.Errorf("got %s in %s, status %d (%s), want %s in %s, status %d", r.Class, r.Phase, r.Status, r.Err, tt.class, tt.phase, tt.status)
			}
			if !strings.HasPrefix(r.FirstBytes, tt.first) || (tt.first == "") != (r.FirstBytes == "") {
				t.Errorf("first bytes %q, want %q", r.FirstBytes, tt.first)
			}
			if (r.Err == "") != (r.Class == OK || r.Class == HTTP4xx || r.Class == HTTP5xx) {
				t.Errorf("class %s with error %q", r.Class, r.Err)
			}
			if r.Peer != addr || r.Timings.Connect < 0 || r.Timings.DNS != -1 || r.Timings.TLS != -1 || r.Timings.Total <= 0 {
				t.Errorf("peer %q, timings %+v", r.Peer, r.Timings)
			}
		})
	}
}

func TestDoMeasuresTheHeader(t *testing.T) {
	header := "HTTP/1.1 200 OK\r\nServer: app\r\nRetry-After: 7\r\nContent-Length: 3\r\n\r\n"
	r := Do(context.Background(), Target{URL: "http://" + serve(t, answer("HTTP/1.1 103 Early Hints\r\n\r\n"+header+"abc"))}, Options{})
	if r.HeaderBytes != len(header) || r.Server != "app" || r.RetryAfter != "7" || r.Proto != "HTTP/1.1" {
		t.Errorf("got %d bytes, server %q, retry %q, proto %q; want %d bytes", r.HeaderBytes, r.Server, r.RetryAfter, r.Proto, len(header))
	}
}

func TestDoSendsWhatItSays(t *testing.T) {
	got := make(chan string, 4)
	addr := serve(t, func(c net.Conn) {
		r := readRequest(c)
		got <- fmt.Sprintf("%s %s %s close=%v %s", r.Method, r.RequestURI, r.Host, r.Close, r.Header.Get("User-Agent"))
		io.WriteString(c, okText)
	})
	Do(context.Background(), Target{URL: "http://" + addr + "/a%2Fb?c=d"}, Options{})
	Do(context.Background(), Target{URL: "http://" + addr, Host: "shop.example", Gentle: true}, Options{})
	for _, want := range []string{
		"GET /a%2Fb?c=d " + addr + " close=true why502-probe/1",
		"HEAD / shop.example close=true why502-probe/1",
	} {
		if g := <-got; g != want {
			t.Errorf("sent %q, want %q", g, want)
		}
	}
}

func TestDoUsesNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	dialed := ""
	opt := Options{Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
		dialed = addr
		return nil, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
	}}
	r := Do(context.Background(), Target{URL: "http://shop.example/"}, opt)
	if dialed != "shop.example:80" || r.Class != Timeout || r.Phase != PhaseConnect {
		t.Errorf("dialed %q: %s in %s", dialed, r.Class, r.Phase)
	}
}

func TestDoConnectFailures(t *testing.T) {
	r := Do(context.Background(), Target{URL: "http://" + closedPort(t)}, Options{})
	if r.Class != Refused || r.Phase != PhaseConnect || r.Timings.Connect < 0 || r.Timings.FirstByte != -1 {
		t.Errorf("closed port: %s in %s, %+v", r.Class, r.Phase, r.Timings)
	}
	r = Do(context.Background(), Target{URL: "tcp://" + closedPort(t)}, Options{})
	if r.Class != Refused {
		t.Errorf("tcp, closed port: %s", r.Class)
	}
	r = Do(context.Background(), Target{URL: "tcp://" + serve(t, hang)}, Options{})
	if r.Class != OK || r.Phase != PhaseDone {
		t.Errorf("tcp, open port: %s in %s", r.Class, r.Phase)
	}
	r = Do(context.Background(), Target{URL: "gopher://x"}, Options{})
	if r.Class != Unknown || r.Err == "" {
		t.Errorf("odd target: %s %q", r.Class, r.Err)
	}
}

func TestDoDNSFailures(t *testing.T) {
	for _, tt := range []struct {
		err  net.DNSError
		want Class
	}{
		{net.DNSError{IsNotFound: true}, DNSNotFound},
		{net.DNSError{IsTimeout: true}, DNSTimeout},
		{net.DNSError{IsTemporary: true}, DNSServFail},
	} {
		r := Do(context.Background(), Target{URL: "http://no.such.example/"}, Options{
			Dial: func(context.Context, string, string) (net.Conn, error) { return nil, &net.OpError{Err: &tt.err} },
		})
		if r.Class != tt.want || r.Phase != PhaseDNS {
			t.Errorf("%+v: %s in %s, want %s in dns", tt.err, r.Class, r.Phase, tt.want)
		}
	}
}

func TestDoEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	addr := serve(t, func(c net.Conn) { readRequest(c); cancel(); hang(c) })
	r := Do(ctx, Target{URL: "http://" + addr}, Options{Timeout: time.Hour})
	if r.Class == OK {
		t.Errorf("a canceled probe is %s", r.Class)
	}
}

func TestDoUnix(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: unix socket errors differ on Windows")
	}
	dir, err := os.MkdirTemp("", "w5") // a short path: a socket address holds about 100 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	ask := func(name string) Result {
		return Do(context.Background(), Target{URL: "unix:" + filepath.Join(dir, name)}, Options{})
	}
	listen := func(name string) *net.UnixListener {
		ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, name), Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		return ln
	}
	serveOn(t, listen("ok"), answer(okText))
	stale := listen("stale")
	stale.SetUnlinkOnClose(false)
	stale.Close()
	os.WriteFile(filepath.Join(dir, "file"), nil, 0o600)
	tests := []struct {
		name  string
		class Class
		words string
	}{
		{"ok", OK, ""},
		{"ok:/health", OK, ""},
		{"missing", SocketMissing, "no such file"},
		{"stale", Refused, "nobody listens"},
		{"file", Refused, "not a socket"},
	}
	for _, tt := range tests {
		if r := ask(tt.name); r.Class != tt.class || !strings.Contains(r.Err, tt.words) {
			t.Errorf("%s: %s (%s), want %s (%s)", tt.name, r.Class, r.Err, tt.class, tt.words)
		}
	}
	if os.Getuid() == 0 {
		t.Log("denied socket not tried: root may connect to any")
		return
	}
	serveOn(t, listen("denied"), answer(okText))
	os.Chmod(filepath.Join(dir, "denied"), 0)
	if r := ask("denied"); r.Class != Denied {
		t.Errorf("denied: %s (%s)", r.Class, r.Err)
	}
}

// scripted is a connection whose peer has said all it will say.
type scripted struct {
	net.Conn
	io.Reader
}

func (s scripted) Read(b []byte) (int, error)     { return s.Reader.Read(b) }
func (scripted) Write(b []byte) (int, error)      { return len(b), nil }
func (scripted) Close() error                     { return nil }
func (scripted) SetDeadline(time.Time) error      { return nil }
func (scripted) SetReadDeadline(time.Time) error  { return nil }
func (scripted) SetWriteDeadline(time.Time) error { return nil }
func (scripted) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Port: 1} }

func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		okText, "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", "\x15\x03\x01\x00\x02\x02\x46", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz", "",
	} {
		f.Add(s, true, false)
		f.Add(s, false, true)
	}
	f.Fuzz(func(t *testing.T, answer string, gentle, secure bool) {
		target := Target{URL: "http://127.0.0.1:1/", Gentle: gentle}
		if secure {
			target.URL = "https://127.0.0.1:1/"
		}
		r := Do(context.Background(), target, Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			return scripted{Reader: strings.NewReader(answer)}, nil
		}})
		if r.Class == "" || len(r.FirstBytes) > maxFirst || len(r.Err) > maxErr || len(r.Server) > 100 || r.HeaderBytes > HeaderLimit+4096 {
			t.Errorf("%+v", r)
		}
		if r.Class.Healthy() && (r.Phase != PhaseDone || r.Status >= 500 && (!gentle || r.Status != 501)) {
			t.Errorf("healthy with status %d in %s: %+v", r.Status, r.Phase, r)
		}
	})
}

func TestDoRefusesAnOddHost(t *testing.T) {
	for _, host := range []string{"a\r\nX: y", "a b", "a/b", strings.Repeat("a", 300), "b\u00fc"} {
		r := Do(context.Background(), Target{URL: "http://127.0.0.1:1", Host: host}, Options{
			Dial: func(context.Context, string, string) (net.Conn, error) {
				t.Errorf("connected for the host %q", host)
				return nil, io.EOF
			},
		})
		if r.Class != Unknown || !strings.Contains(r.Err, "no host name") {
			t.Errorf("%q: %s (%s)", host, r.Class, r.Err)
		}
	}
	if _, err := (Target{URL: "http://127.0.0.1:1", Host: "[::1]:80"}).endpoint(); err != nil {
		t.Error(err)
	}
}
