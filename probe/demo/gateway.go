package demo

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// keptConnections is the size of the gateway's pool where it keeps connections.
const keptConnections = 8

// proxy is the gateway.
type proxy struct {
	addr   string
	scheme string
	target atomic.Pointer[string] // host:port of the upstream
	held   atomic.Bool            // connects get no answer

	logs      *logs
	server    *server
	transport *http.Transport
	reverse   *httputil.ReverseProxy
	dialer    net.Dialer
}

func newProxy(d *Demo, target string) (*proxy, error) {
	ln, err := listen()
	if err != nil {
		return nil, err
	}
	p := &proxy{addr: ln.Addr().String(), scheme: "http", logs: d.logs}
	p.target.Store(&target)
	p.dialer.Timeout = d.opt.Connect
	if d.names != nil {
		p.dialer.Resolver = d.names.resolver()
	}
	p.transport = &http.Transport{
		DialContext: p.dial,
		// As nginx does without "keepalive" in the upstream block: a connection a
		// request.
		DisableKeepAlives:      !d.plan.keepalive,
		MaxIdleConnsPerHost:    keptConnections,
		ResponseHeaderTimeout:  d.opt.Read,
		TLSHandshakeTimeout:    d.opt.Read,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
	}
	if d.up.certs != nil {
		p.scheme = "https"
		p.transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: d.up.certs.pool, ServerName: upstreamName}
		if err := os.WriteFile(filepath.Join(d.dir, "ca.pem"), d.up.certs.authority, 0o600); err != nil {
			_ = ln.Close()
			return nil, err
		}
	}
	p.reverse = &httputil.ReverseProxy{
		Rewrite:      p.rewrite,
		Transport:    p.transport,
		ErrorHandler: p.fail,
		ErrorLog:     log.New(d.logs, "", 0),
		ModifyResponse: func(r *http.Response) error {
			recordOf(r.Request.Context()).answered(r.StatusCode)
			return nil
		},
	}
	p.server = serve(ln, p.serve, d.logs)
	return p, nil
}

func (p *proxy) close() {
	p.server.stop()
	p.transport.CloseIdleConnections()
}

// dial connects to the upstream; a held one gets no answer until the timeout.
func (p *proxy) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if p.held.Load() {
		if trace := httptrace.ContextClientTrace(ctx); trace != nil {
			trace.ConnectStart(network, addr)
		}
		ctx, cancel := context.WithTimeout(ctx, p.dialer.Timeout)
		defer cancel()
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.ErrDeadlineExceeded}
	}
	if host, port, err := net.SplitHostPort(addr); err == nil && host == upstreamName {
		addr = net.JoinHostPort(host+".", port) // no search list
	}
	return p.dialer.DialContext(ctx, network, addr)
}

func (p *proxy) rewrite(r *httputil.ProxyRequest) {
	rec := recordOf(r.In.Context())
	r.SetURL(&url.URL{Scheme: p.scheme, Host: rec.target})
	r.Out.Host = r.In.Host
	r.Out.Header["X-Forwarded-For"] = []string{rec.client}
	r.Out.Header.Set("X-Request-ID", rec.id)
}

// serve passes a request on and logs it.
func (p *proxy) serve(w http.ResponseWriter, r *http.Request) {
	rec := p.record(r)
	out := &counter{ResponseWriter: w}
	defer func() {
		rec.status, rec.bytes = out.status, out.bytes
		if rec.status == 0 { // nothing was sent: the client had left
			rec.status = statusClientClosed
		}
		p.logs.served(rec)
	}()
	ctx := context.WithValue(r.Context(), recordKey{}, rec)
	p.reverse.ServeHTTP(out, r.WithContext(httptrace.WithClientTrace(ctx, rec.trace())))
}

// statusClientClosed is what nginx logs for a client that left before an answer.
const statusClientClosed = 499

// record begins the record of a request.
func (p *proxy) record(r *http.Request) *record {
	rec := &record{
		start: time.Now(), line: r.Method + " " + r.RequestURI + " " + r.Proto, uri: r.RequestURI,
		host: r.Host, agent: r.UserAgent(), scheme: p.scheme, target: *p.target.Load(), id: requestID(),
	}
	rec.client, _, _ = net.SplitHostPort(r.RemoteAddr)
	if ip := net.ParseIP(strings.TrimSpace(r.Header.Get("X-Forwarded-For"))); ip != nil {
		rec.client = ip.String() // as real_ip_header says
	}
	if state, ok := r.Context().Value(connKey{}).(*connState); ok {
		rec.conn = state.number
	}
	if rec.agent == "" {
		rec.agent = "-"
	}
	return rec
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, as its documentation says
	return hex.EncodeToString(b[:])
}

// fail answers a request for which the upstream gave no answer.
func (p *proxy) fail(w http.ResponseWriter, r *http.Request, err error) {
	rec := recordOf(r.Context())
	if r.Context().Err() != nil {
		return
	}
	f := explain(err, rec.stage())
	rec.answeredByGateway(f.status)
	p.logs.failed(rec, f)
	page := fmt.Sprintf("<!doctype html>\n<title>%[1]d %[2]s</title>\n<h1>%[1]d %[2]s</h1>\n<p>The gateway of the why502 demo got no usable answer.</p>\n",
		f.status, http.StatusText(f.status))
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(f.status)
	_, _ = w.Write([]byte(page))
}

// counter notes the status and the length of an answer.
type counter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (c *counter) WriteHeader(status int) {
	if c.status == 0 && status >= 200 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *counter) Write(p []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(p)
	c.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the writer below.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }
