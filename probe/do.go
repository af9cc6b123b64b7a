package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"os"
	"sync"
	"time"

	"why502/tail"
)

// The bounds of a probe.
const (
	// DefaultTimeout is the time one probe may take when Options name none.
	DefaultTimeout = 3 * time.Second
	// HeaderLimit is where a probe stops reading a response header, in bytes.
	HeaderLimit = 1 << 20
	// HeaderSmall and HeaderLarge are nginx's two platform defaults of
	// proxy_buffer_size, in bytes (ngx_http_proxy_module): a header over the small
	// one fails behind a default nginx on most machines, over the large one on all.
	// A Result becomes HeaderTooBig over HeaderLarge; between the two it stays what
	// it is and its HeaderBytes tell.
	HeaderSmall = 4 << 10
	HeaderLarge = 8 << 10

	maxBody  = 64 << 10
	maxFirst = 256
	maxErr   = 300
	// userAgent lets the log pane tell the probes from the traffic.
	userAgent = "why502-probe/1"
)

// Options are what a probe needs beside its target. The zero value is ready.
type Options struct {
	Timeout time.Duration // of the whole probe; DefaultTimeout when 0
	// Dial replaces net.Dialer, for tests and for other ways to a target.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Roots verify certificates; nil takes the system's.
	Roots *x509.CertPool
	// OneConnection leaves out the second connection that Do may need to name a
	// cause.
	OneConnection bool
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{KeepAlive: -1}).DialContext
	}
	return o
}

// Do asks t once on a fresh connection and says how far it came. It sends one
// GET, a HEAD for a gentle target, nothing for a connect-only one; it follows no
// redirect and uses no proxy.
//
// Two cases need a second connection to be named, and get it within the same
// timeout: a plain request that was cut off or answered 400 (is it a TLS port?),
// and a TLS handshake that nobody answers (is it a plain HTTP port?).
func Do(ctx context.Context, t Target, opt Options) Result {
	opt = opt.withDefaults()
	ctx, cancel := context.WithTimeout(ctx, opt.Timeout)
	defer cancel()
	p := &prober{opt: opt, gentle: t.Gentle}
	p.res = Result{Target: t, At: opt.Now(), Timings: Timings{DNS: -1, Connect: -1, TLS: -1, FirstByte: -1, Body: -1}}
	var err error
	if p.end, err = t.endpoint(); err != nil {
		p.fail(PhaseConnect, Unknown, err)
	} else {
		p.run(ctx)
	}
	p.res.Timings.Total = opt.Now().Sub(p.res.At)
	return p.res
}

// prober is one probe under way.
type prober struct {
	opt    Options
	end    endpoint
	gentle bool
	res    Result
	conn   *meter
	// certClass and certErr are what is wrong with the server's certificate;
	// certWanted that it asked for ours.
	certClass  Class
	certErr    error
	certWanted bool
}

// fail ends the probe in a phase with a class.
func (p *prober) fail(ph Phase, c Class, err error) {
	p.res.Phase, p.res.Class = ph, c
	if err != nil {
		p.res.Err = cut(err.Error(), maxErr)
	}
}

func cut(s string, limit int) string {
	if len(s) > limit {
		return s[:limit]
	}
	return s
}

func (p *prober) run(ctx context.Context) {
	raw, err := p.dial(ctx)
	if err != nil {
		return
	}
	p.conn = newMeter(raw)
	defer func() { _ = p.conn.Close() }()
	defer endWith(ctx, raw)()
	if p.end.connect {
		p.res.Phase, p.res.Class = PhaseDone, OK
		return
	}
	if p.end.tls {
		if !p.handshake(ctx) {
			p.lookPlain(ctx)
			return
		}
	}
	p.exchange(ctx)
	p.lookTLS(ctx)
}

// endWith makes every read and write of conn fail once ctx is over.
func endWith(ctx context.Context, conn net.Conn) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}

// dialTrace takes the phases of a dial apart. The dialer may try several
// addresses at once, and a loser may report after the winner.
type dialTrace struct {
	mu                  sync.Mutex
	now                 func() time.Time
	dnsStart, dnsDone   time.Time
	connStart, connDone time.Time
	connecting          bool
	peer                string
}

func (d *dialTrace) hooks() *httptrace.ClientTrace {
	lock := func(f func()) {
		d.mu.Lock()
		defer d.mu.Unlock()
		f()
	}
	return &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { lock(func() { d.dnsStart = d.now() }) },
		DNSDone:  func(httptrace.DNSDoneInfo) { lock(func() { d.dnsDone = d.now() }) },
		ConnectStart: func(_, addr string) {
			lock(func() {
				if !d.connecting {
					d.connecting, d.connStart = true, d.now()
				}
				d.peer = addr
			})
		},
		ConnectDone: func(_, _ string, _ error) { lock(func() { d.connDone = d.now() }) },
	}
}

func (p *prober) dial(ctx context.Context) (net.Conn, error) {
	tr := &dialTrace{now: p.opt.Now}
	began := p.opt.Now()
	conn, err := p.opt.Dial(httptrace.WithClientTrace(ctx, tr.hooks()), p.end.network, p.end.addr)
	ended := p.opt.Now()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if !tr.dnsStart.IsZero() {
		p.res.Timings.DNS = ended.Sub(tr.dnsStart)
		if !tr.dnsDone.IsZero() {
			p.res.Timings.DNS = tr.dnsDone.Sub(tr.dnsStart)
		}
	}
	var dnsErr *net.DNSError
	resolving := !tr.dnsStart.IsZero() && !tr.connecting || errors.As(err, &dnsErr)
	if !resolving {
		if tr.connecting {
			began = tr.connStart
		}
		p.res.Timings.Connect = ended.Sub(began)
	}
	p.res.Peer = tr.peer
	if err == nil {
		if a := conn.RemoteAddr(); a != nil && a.String() != "" {
			p.res.Peer = a.String()
		}
		return conn, nil
	}
	class := classify(err)
	switch {
	case resolving && class == Timeout:
		p.fail(PhaseDNS, DNSTimeout, err)
	case resolving:
		p.fail(PhaseDNS, class, err)
	default:
		p.fail(PhaseConnect, class, p.explainUnix(class, err))
	}
	return nil, err
}

// explainUnix adds what the error number hides: connecting to a file that is no
// socket is refused just as connecting to a socket nobody listens on.
func (p *prober) explainUnix(c Class, err error) error {
	if p.end.network != "unix" || c != Refused {
		return err
	}
	fi, statErr := os.Stat(p.end.addr)
	if statErr != nil {
		return err
	}
	if fi.Mode()&os.ModeSocket == 0 {
		return fmt.Errorf("%w: the file is not a socket", err)
	}
	return fmt.Errorf("%w: the socket file is there but nobody listens", err)
}

// handshake speaks TLS. It reports whether the exchange can go on: a certificate
// that does not verify is noted and does not end it.
func (p *prober) handshake(ctx context.Context) bool {
	began := p.opt.Now()
	// A third of the time is kept to find out who does not answer.
	hctx, cancel := context.WithTimeout(ctx, p.opt.Timeout*2/3)
	defer cancel()
	below := newMeter(p.conn.Conn)
	tc := tls.Client(below, p.tlsConfig())
	err := tc.HandshakeContext(hctx)
	p.res.Timings.TLS = p.opt.Now().Sub(began)
	p.noteCert(tc.ConnectionState())
	if err != nil {
		class := classify(err)
		if p.certWanted && (class == TLSAlert || class == Reset || class == EOF) {
			class = TLSClientCert
		}
		if class == TLSPlain {
			p.res.FirstBytes = below.first()
		}
		p.fail(PhaseTLS, class, err)
		return false
	}
	p.conn.Conn = tc
	return true
}

func (p *prober) tlsConfig() *tls.Config {
	return &tls.Config{
		ServerName: p.end.name,
		// The chain is verified by noteCert, so that the certificate is seen and
		// the exchange goes on where a gateway that does not verify would.
		InsecureSkipVerify: true, //nolint:gosec // see above
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			p.certWanted = true
			return &tls.Certificate{}, nil
		},
	}
}

// noteCert keeps what matters of the leaf and verifies the chain. The name is
// not judged where the target is a bare address that was merely discovered: the
// name which its gateway expects is not known.
func (p *prober) noteCert(state tls.ConnectionState) {
	if len(state.PeerCertificates) == 0 {
		return
	}
	leaf := state.PeerCertificates[0]
	p.res.Cert = &Cert{
		Subject: cut(leaf.Subject.String(), maxErr), Issuer: cut(leaf.Issuer.String(), maxErr),
		NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter, Chain: len(state.PeerCertificates),
	}
	for _, n := range leaf.DNSNames[:min(len(leaf.DNSNames), 20)] {
		p.res.Cert.Names = append(p.res.Cert.Names, cut(n, 253))
	}
	for _, ip := range leaf.IPAddresses[:min(len(leaf.IPAddresses), 20)] {
		p.res.Cert.Names = append(p.res.Cert.Names, ip.String())
	}
	opts := x509.VerifyOptions{
		Roots: p.opt.Roots, CurrentTime: p.opt.Now(), Intermediates: x509.NewCertPool(), DNSName: p.end.name,
	}
	if p.gentle && p.end.ip {
		opts.DNSName = ""
	}
	for _, c := range state.PeerCertificates[1:] {
		opts.Intermediates.AddCert(c)
	}
	_, err := leaf.Verify(opts)
	if err == nil {
		return
	}
	if p.certClass = classify(err); p.certClass == Unknown {
		p.certClass = TLSUnknownIssuer
	}
	p.certErr = err
	if p.certClass == TLSUnknownIssuer {
		p.certErr = fmt.Errorf("%w: %s", err, issuerHint(leaf, len(state.PeerCertificates)))
	}
}

// issuerHint splits the two cases that have one error: self-signed, and an
// intermediate that the server does not send.
func issuerHint(leaf *x509.Certificate, sent int) string {
	if leaf.Subject.String() == leaf.Issuer.String() {
		return "it is self-signed"
	}
	if sent == 1 {
		return fmt.Sprintf("only the server's own certificate was sent, its issuer %s is not trusted or an intermediate is missing", tail.Clean(leaf.Issuer.String(), 100))
	}
	return fmt.Sprintf("%d certificates were sent, none leads to a trusted root", sent)
}
