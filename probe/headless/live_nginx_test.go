//go:build linux

package headless_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const nginxConf = `
worker_processes 1;
pid {{dir}}/nginx.pid;
error_log {{dir}}/error.log;
events { worker_connections 256; }
http {
    log_format timed '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                     '"$http_referer" "$http_user_agent" rt=$request_time uct="$upstream_connect_time" '
                     'uht="$upstream_header_time" urt="$upstream_response_time" us="$upstream_status" ua="$upstream_addr"';
    access_log {{dir}}/access.log {{format}};
    client_body_temp_path {{dir}}/body; proxy_temp_path {{dir}}/proxy; fastcgi_temp_path {{dir}}/fcgi;
    uwsgi_temp_path {{dir}}/uwsgi; scgi_temp_path {{dir}}/scgi;
    limit_req_zone $binary_remote_addr zone=demo:1m rate=1r/s;
    server {
        listen 127.0.0.1:{{port}};
        server_name live.example;
        proxy_connect_timeout 1s;
        proxy_read_timeout 1s;
        location / { proxy_pass http://{{app}}; }
        {{more}}
    }
}
`

// nginx is a running nginx in a folder of its own.
type nginx struct {
	dir, base string
	proc      *process
}

// startNginx runs nginx before the application at app. more are further locations.
func startNginx(t *testing.T, app, format, more string) *nginx {
	t.Helper()
	path := need(t, "nginx")
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	conf := strings.NewReplacer("{{dir}}", dir, "{{port}}", fmt.Sprint(port), "{{app}}", app,
		"{{format}}", format, "{{more}}", more).Replace(nginxConf)
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	n := &nginx{dir: dir, base: fmt.Sprintf("http://127.0.0.1:%d", port)}
	n.proc = start(t, dir, path, "-p", dir, "-c", filepath.Join(dir, "nginx.conf"), "-g", "daemon off;")
	eventually(t, "nginx", listening(fmt.Sprintf("127.0.0.1:%d", port)))
	return n
}

func (n *nginx) report(t *testing.T, args ...string) verdict {
	t.Helper()
	return reportOn(t, append(args, filepath.Join(n.dir, "access.log"), filepath.Join(n.dir, "error.log"))...)
}

// TestLiveNginx breaks one thing behind a real nginx for each case and asks the
// report for the cause, from logs alone and, where it can be asked, with probes.
func TestLiveNginx(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	cases := []struct {
		name, cause string
		or          string // a cause that the logs allow as well
		path        string // asked during the fault
		format      string
		stop        bool // the application
		more        func(t *testing.T) string
		args        []string
		n           int
	}{
		{name: "upstream-down", cause: "upstream-down", path: "/api/items/{n}", format: "timed", stop: true, args: []string{"--no-probe"}},
		{name: "upstream-down probed", cause: "upstream-down", path: "/api/items/{n}", format: "combined", stop: true},
		{name: "timeout", cause: "timeout", path: "/slow", format: "timed", args: []string{"--no-probe"}, n: 8},
		// How often others wait for the next worker meanwhile decides what it looks like.
		{name: "worker dies", cause: "bad-response", or: "upstream-down", path: "/die", format: "combined", args: []string{"--no-probe"}, n: 8},
		{name: "header too big", cause: "gateway-config", path: "/bigheader", format: "timed", args: []string{"--no-probe"}},
		{name: "application error", cause: "application-error", path: "/boom", format: "timed", args: []string{"--no-probe"}},
		{name: "maintenance", cause: "maintenance", path: "/away", format: "timed", args: []string{"--no-probe"}},
		{name: "rate limit", cause: "overload", path: "/limited/", format: "timed", args: []string{"--no-probe"}, more: func(*testing.T) string {
			return "location /limited/ { limit_req zone=demo; proxy_pass http://{{app}}/; }"
		}},
		{name: "dns", cause: "dns", path: "/named/", format: "timed", args: []string{"--no-probe"}, more: func(t *testing.T) string {
			return fmt.Sprintf("location /named/ { resolver %s; set $up gone.shop.internal; proxy_pass http://$up:8000; }", noSuchName(t))
		}},
		{name: "tls expired", cause: "tls", path: "/secure/", format: "combined", args: []string{"--no-probe"}, more: func(t *testing.T) string {
			addr, ca := expiredServer(t)
			return fmt.Sprintf("location /secure/ { proxy_ssl_verify on; proxy_ssl_trusted_certificate %s; proxy_ssl_name shop.internal; proxy_pass https://%s; }", ca, addr)
		}},
		{name: "not HTTP", cause: "gateway-config", path: "/ssh/", format: "timed", args: []string{"--no-probe"}, more: func(t *testing.T) string {
			return fmt.Sprintf("location /ssh/ { proxy_pass http://%s; }", banner(t, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"))
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			proc, app := startApp(t, t.TempDir())
			more := ""
			if c.more != nil {
				more = strings.ReplaceAll(c.more(t), "{{app}}", app)
			}
			n := startNginx(t, app, c.format, more)
			if got := ask(t, n.base, "/api/items/{n}", 60); got[200] != 60 {
				t.Fatalf("not healthy at first: %v", got)
			}
			if v := n.report(t, "--no-probe"); len(v.Causes) != 0 || v.Incident.State != "none" {
				t.Fatalf("a healthy log claims %+v %+v", v.Incident, v.Causes)
			}
			fault := [2]time.Time{settle(t, n.base)}
			if c.stop {
				proc.stop()
			}
			fault[1] = time.Now()
			asked := ask(t, n.base, c.path, requests(c.n))
			v := n.report(t, c.args...)
			t.Logf("clients saw %v; %s %.0f%%", asked, c.cause, 100*first(v))
			wantCause(t, v, c.cause, c.or, fault)
		})
	}
}

func first(v verdict) float64 {
	if len(v.Causes) == 0 {
		return 0
	}
	return v.Causes[0].Confidence
}

// noSuchName is a name server that knows no name.
func noSuchName(t *testing.T) string {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		_ = w.WriteMsg(new(dns.Msg).SetRcode(q, dns.RcodeNameError))
	})}
	go func() { _ = s.ActivateAndServe() }()
	t.Cleanup(func() { _ = s.Shutdown() })
	return pc.LocalAddr().String()
}

// banner is a server that speaks first and not HTTP.
func banner(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte(text))
			_, _ = c.Read(make([]byte, 4096))
			c.Close()
		}
	}()
	return l.Addr().String()
}

// expiredServer is an HTTPS server whose certificate ran out, and its CA file.
func expiredServer(t *testing.T) (addr, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "shop.internal"}, DNSNames: []string{"shop.internal"},
		NotBefore: now.Add(-48 * time.Hour), NotAfter: now.Add(-24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.StartTLS()
	t.Cleanup(s.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pemCertificate(der), 0o644); err != nil {
		t.Fatal(err)
	}
	return s.Listener.Addr().String(), ca
}

func pemCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// requests is how many to send during a fault: n, or enough for a clear picture.
func requests(n int) int {
	if n == 0 {
		return 30
	}
	return n
}
