package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// authority signs the tests' certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T, name string, parent *authority) *authority {
	t.Helper()
	tmpl := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	a := &authority{pool: x509.NewCertPool()}
	a.cert, a.key = sign(t, tmpl, parent)
	a.pool.AddCert(a.cert)
	return a
}

// sign makes a certificate; without a parent it signs itself.
func sign(t *testing.T, tmpl *x509.Certificate, parent *authority) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl.SerialNumber, _ = rand.Int(rand.Reader, big.NewInt(1<<62))
	issuer, issuerKey := tmpl, key
	if parent != nil {
		issuer, issuerKey = parent.cert, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, issuer, &key.PublicKey, issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// leaf returns a server certificate for names that ends after life.
func (a *authority) leaf(t *testing.T, life time.Duration, names ...string) tls.Certificate {
	t.Helper()
	tmpl := &x509.Certificate{
		Subject: pkix.Name{CommonName: "leaf"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(life),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		} else {
			tmpl.DNSNames = append(tmpl.DNSNames, n)
		}
	}
	cert, key := sign(t, tmpl, a)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

func serveTLS(t *testing.T, cfg *tls.Config) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = cfg
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

func certs(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }

func TestDoTLS(t *testing.T) {
	root := newAuthority(t, "root", nil)
	middle := newAuthority(t, "middle", root)
	good := root.leaf(t, time.Hour, "127.0.0.1", "app.example")
	foreign := newAuthority(t, "foreign", nil)
	selfCert, selfKey := sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "self"}, NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{{127, 0, 0, 1}}}, nil)
	self := tls.Certificate{Certificate: [][]byte{selfCert.Raw}, PrivateKey: selfKey}

	wantsCert := func(version uint16) *tls.Config {
		c := certs(good)
		c.ClientAuth, c.ClientCAs, c.MinVersion, c.MaxVersion = tls.RequireAndVerifyClientCert, root.pool, version, version
		return c
	}
	refusesNames := certs(good)
	refusesNames.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		if h.ServerName != "known.example" {
			return nil, http.ErrNotSupported
		}
		return nil, nil
	}
	tests := []struct {
		name   string
		cfg    *tls.Config
		host   string
		gentle bool
		class  Class
		phase  Phase
		status int
		words  string
	}{
		{name: "good", cfg: certs(good), class: OK, phase: PhaseDone, status: 200},
		{name: "good by name", cfg: certs(good), host: "app.example:443", class: OK, phase: PhaseDone, status: 200},
		{name: "expired", cfg: certs(root.leaf(t, -time.Hour, "127.0.0.1")), class: TLSExpired, phase: PhaseTLS, status: 200, words: "expired"},
		{name: "other name", cfg: certs(good), host: "shop.example", class: TLSName, phase: PhaseTLS, status: 200, words: "app.example"},
		{name: "other address", cfg: certs(root.leaf(t, time.Hour, "app.example")), class: TLSName, phase: PhaseTLS, status: 200},
		{name: "address of a discovered one", cfg: certs(root.leaf(t, time.Hour, "app.example")), gentle: true, class: OK, phase: PhaseDone, status: 200},
		{name: "foreign issuer", cfg: certs(foreign.leaf(t, time.Hour, "127.0.0.1")), class: TLSUnknownIssuer, phase: PhaseTLS, status: 200, words: "intermediate"},
		{name: "missing intermediate", cfg: certs(middle.leaf(t, time.Hour, "127.0.0.1")), class: TLSUnknownIssuer, phase: PhaseTLS, status: 200, words: "CN=middle"},
		{name: "self-signed", cfg: certs(self), class: TLSUnknownIssuer, phase: PhaseTLS, status: 200, words: "self-signed"},
		{name: "client certificate, TLS 1.3", cfg: wantsCert(tls.VersionTLS13), class: TLSClientCert, phase: PhaseTLS},
		{name: "client certificate, TLS 1.2", cfg: wantsCert(tls.VersionTLS12), class: TLSClientCert, phase: PhaseTLS},
		{name: "old protocol only", cfg: &tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, class: TLSAlert, phase: PhaseTLS, words: "protocol version"},
		{name: "refused name", cfg: refusesNames, class: TLSAlert, phase: PhaseTLS},
		{name: "known name", cfg: refusesNames, host: "known.example", class: TLSName, phase: PhaseTLS, status: 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr := serveTLS(t, tt.cfg)
			r := Do(context.Background(), Target{URL: "https://" + addr, Host: tt.host, Gentle: tt.gentle}, Options{Roots: root.pool})
			if r.Class != tt.class || r.Phase != tt.phase || r.Status != tt.status {
				t.Errorf("got %s in %s, status %d (%s), want %s in %s, status %d", r.Class, r.Phase, r.Status, r.Err, tt.class, tt.phase, tt.status)
			}
			if !strings.Contains(r.Err, tt.words) {
				t.Errorf("error %q lacks %q", r.Err, tt.words)
			}
			if r.Timings.TLS < 0 {
				t.Errorf("no TLS time: %+v", r.Timings)
			}
			if r.Status != 0 && (r.Cert == nil || r.Cert.Chain != 1 || r.Cert.NotAfter.IsZero()) {
				t.Errorf("certificate %+v", r.Cert)
			}
		})
	}
}

// readHello reads what came, so that the close that follows is no reset.
func readHello(c net.Conn) { c.Read(make([]byte, 16<<10)) }

func TestDoTLSToPlainPort(t *testing.T) {
	tests := []struct {
		name   string
		handle func(net.Conn)
		class  Class
		first  string
	}{
		{"answers 400", func(c net.Conn) { readHello(c); io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }, TLSPlain, "HTTP/1.1 400"},
		{"ssh", func(c net.Conn) { io.WriteString(c, "SSH-2.0-x\r\n"); hang(c) }, TLSPlain, "SSH-2.0-x"},
		// gunicorn waits for the end of the request line.
		{"waits", answer(okText), TLSPlain, ""},
		{"silent", hang, Timeout, ""},
		{"closes", readHello, EOF, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			handle := tt.handle
			if tt.name == "waits" {
				handle = func(c net.Conn) {
					b := make([]byte, 1)
					if c.Read(b); b[0] == 0x16 {
						hang(c)
						return
					}
					answer(okText)(c)
				}
			}
			r := Do(context.Background(), Target{URL: "https://" + serve(t, handle)}, Options{Timeout: 900 * time.Millisecond})
			if r.Class != tt.class || r.Phase != PhaseTLS || !strings.HasPrefix(r.FirstBytes, tt.first) {
				t.Errorf("got %s in %s, first bytes %q (%s)", r.Class, r.Phase, r.FirstBytes, r.Err)
			}
		})
	}
}

func TestDoPlainToTLSPort(t *testing.T) {
	root := newAuthority(t, "root", nil)
	good := root.leaf(t, time.Hour, "127.0.0.1")
	for _, gentle := range []bool{true, false} {
		r := Do(context.Background(), Target{URL: "http://" + serveTLS(t, certs(good)), Gentle: gentle}, Options{OneConnection: true})
		if r.Class != TLSWanted || r.Status != 400 {
			t.Errorf("Go server, gentle %v: %s, status %d (%s)", gentle, r.Class, r.Status, r.Err)
		}
	}
	// nginx answers a HEAD with 400 and no word; a handshake shows what it is.
	wordless := func(c net.Conn) {
		b := make([]byte, 1)
		c.Read(b)
		if b[0] != 0x16 {
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\nConnection: close\r\n\r\n")
			return
		}
		c.Write([]byte{0x15, 3, 3, 0, 2, 2, 40})
	}
	for once, want := range map[bool]Class{true: HTTP4xx, false: TLSWanted} {
		r := Do(context.Background(), Target{URL: "http://" + serve(t, wordless), Gentle: true}, Options{OneConnection: once})
		if r.Class != want || r.Status != 400 {
			t.Errorf("nginx, one connection %v: %s (%s)", once, r.Class, r.Err)
		}
	}
	// A TLS server that hangs up on what is no ClientHello, as HAProxy and gunicorn do.
	addr := serve(t, func(c net.Conn) {
		tc := tls.Server(c, certs(good))
		if tc.Handshake() == nil {
			answer(okText)(tc)
		}
		c.(*net.TCPConn).SetLinger(0)
	})
	for _, gentle := range []bool{true, false} {
		if r := Do(context.Background(), Target{URL: "http://" + addr, Gentle: gentle}, Options{}); r.Class != TLSWanted {
			t.Errorf("closing TLS server, gentle %v: %s (%s)", gentle, r.Class, r.Err)
		}
	}
}
