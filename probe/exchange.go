package probe

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"why502/tail"
)

// errHeaderLimit ends a response whose header does not end.
var errHeaderLimit = fmt.Errorf("the response header is over %d bytes", HeaderLimit)

// meter counts what is read and keeps the first bytes: a server that is not HTTP
// names itself there.
type meter struct {
	net.Conn
	n     int
	limit int // fails reads beyond, 0 for no limit
	head  []byte
	eof   bool // the server closed
}

func newMeter(c net.Conn) *meter { return &meter{Conn: c} }

func (m *meter) Read(b []byte) (int, error) {
	if m.limit > 0 && m.n >= m.limit {
		return 0, errHeaderLimit
	}
	n, err := m.Conn.Read(b)
	m.n += n
	m.eof = m.eof || errors.Is(err, io.EOF)
	if room := maxFirst - len(m.head); room > 0 {
		m.head = append(m.head, b[:min(n, room)]...)
	}
	return n, err
}

func (m *meter) first() string { return string(m.head) }

// exchange sends one request and reads the answer.
func (p *prober) exchange(ctx context.Context) {
	req := p.request(ctx)
	var text bytes.Buffer
	if err := req.Write(&text); err != nil {
		p.fail(PhaseFirstByte, Unknown, fmt.Errorf("the request cannot be made: %w", err))
		return
	}
	began := p.opt.Now()
	_, writeErr := p.conn.Write(text.Bytes())
	// A server that refuses to read may have answered: read in any case.
	br := bufio.NewReaderSize(p.conn, 4096)
	_, err := br.Peek(1)
	p.res.Timings.FirstByte = p.opt.Now().Sub(began)
	var resp *http.Response
	if err == nil {
		resp, err = p.header(br, req)
	}
	if err != nil {
		if writeErr != nil && p.conn.n == 0 && classify(err) == EOF {
			err = writeErr
		}
		p.failHeader(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	p.res.Status, p.res.Proto = resp.StatusCode, cut(resp.Proto, 20)
	p.res.Server, p.res.RetryAfter = cut(resp.Header.Get("Server"), 100), cut(resp.Header.Get("Retry-After"), 100)
	p.body(resp)
	if resp.StatusCode == http.StatusBadRequest && p.gentle {
		// Go's server sends its sentence even to a HEAD.
		rest, _ := br.Peek(br.Buffered())
		p.heardTLS(rest)
	}
	p.judge(resp)
}

func (p *prober) request(ctx context.Context) *http.Request {
	method := http.MethodGet
	if p.gentle {
		method = http.MethodHead
	}
	u := &url.URL{Scheme: "http", Host: p.end.host}
	if parsed, err := url.ParseRequestURI(p.end.request); err == nil {
		u.Path, u.RawPath, u.RawQuery = parsed.Path, parsed.RawPath, parsed.RawQuery
	}
	req := &http.Request{
		Method: method, URL: u, Host: p.end.host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Close: true,
		Header: http.Header{"User-Agent": {userAgent}, "Accept": {"*/*"}, "Accept-Encoding": {"identity"}},
	}
	return req.WithContext(ctx)
}

// header reads the response header, past interim answers (100, 103), and
// measures it.
func (p *prober) header(br *bufio.Reader, req *http.Request) (*http.Response, error) {
	p.conn.limit = HeaderLimit
	defer func() { p.conn.limit = 0 }()
	for range 5 {
		before := p.conn.n - br.Buffered()
		resp, err := http.ReadResponse(br, req)
		if err != nil {
			return nil, err
		}
		p.res.HeaderBytes = p.conn.n - br.Buffered() - before
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, nil
		}
	}
	return nil, errors.New("only interim responses (1xx) came")
}

// failHeader names a failure before the header was complete. What is not HTTP
// shows in the first bytes, however the connection ended afterwards.
func (p *prober) failHeader(err error) {
	head := p.conn.head
	class := classify(err)
	switch {
	case errors.Is(err, errHeaderLimit):
		p.res.HeaderBytes = p.conn.n
		class = HeaderTooBig
	case isTLSRecord(head) && !p.end.tls:
		class = TLSWanted
		err = errors.New("a TLS record came in answer to plain HTTP")
	case len(head) > 0 && !bytes.HasPrefix(head, []byte("HTTP/")[:min(len(head), 5)]):
		class = Malformed
		p.res.FirstBytes = p.conn.first()
		err = fmt.Errorf("not HTTP: %w", err)
	case p.certWanted && (class == TLSAlert || class == Reset || class == EOF):
		class = TLSClientCert
	case class == Unknown && p.conn.eof:
		// The parser takes the half line before the close for a whole one.
		class = EOF
		err = fmt.Errorf("closed within the response header after %d bytes", p.conn.n)
	case len(head) > 0 && class == Unknown:
		class = Malformed
		p.res.FirstBytes = p.conn.first()
	}
	if class == TLSAlert || class == TLSClientCert {
		p.fail(PhaseTLS, class, err)
		return
	}
	if p.certClass != "" {
		p.fail(PhaseTLS, p.certClass, p.certErr)
		return
	}
	p.fail(PhaseFirstByte, class, err)
}

// isTLSRecord recognizes an alert or a handshake record of TLS (RFC 8446, 5.1).
func isTLSRecord(b []byte) bool {
	return len(b) >= 2 && (b[0] == 0x15 || b[0] == 0x16) && b[1] == 0x03
}

// body reads the body up to a bound and notes in Phase whether it came whole.
func (p *prober) body(resp *http.Response) {
	began := p.opt.Now()
	p.res.Phase, p.res.Class = PhaseDone, OK
	var text bytes.Buffer
	n, err := io.Copy(&text, io.LimitReader(resp.Body, maxBody))
	p.res.Timings.Body = p.opt.Now().Sub(began)
	if err != nil {
		class := classify(err)
		switch class {
		case EOF:
			class = ShortBody
		case Unknown:
			class = Malformed // a chunk that is none
		}
		p.fail(PhaseBody, class, fmt.Errorf("after %d bytes of the body: %w", n, err))
	}
	if resp.StatusCode == http.StatusBadRequest {
		p.heardTLS(text.Bytes())
	}
}

// heardTLS takes the server's word that its port speaks TLS.
func (p *prober) heardTLS(body []byte) {
	if !p.end.tls && saysTLS(body) {
		p.fail(PhaseFirstByte, TLSWanted, errors.New("the server says that plain HTTP came to its HTTPS port"))
	}
}

// tlsWords are what servers answer in their 400 to plain HTTP on a TLS port: Go
// net/http (server.go), nginx (ngx_http_special_response.c, 497), Apache
// (mod_ssl), HAProxy and Jetty close instead.
var tlsWords = [][]byte{
	[]byte("HTTP request to an HTTPS server"),
	[]byte("plain HTTP request was sent to HTTPS port"),
	[]byte("speaking plain HTTP to an SSL-enabled server port"),
}

func saysTLS(body []byte) bool {
	for _, w := range tlsWords {
		if bytes.Contains(body, w) {
			return true
		}
	}
	return false
}

// judge gives a complete exchange its class, worst first: what no gateway gets
// past, the body, the certificate, the status, the header's size.
func (p *prober) judge(resp *http.Response) {
	if p.res.Class != OK {
		return
	}
	switch {
	case p.certWanted && resp.StatusCode == http.StatusBadRequest:
		// nginx answers 400 over the finished handshake (ssl_verify_client on).
		p.fail(PhaseTLS, TLSClientCert, errors.New("the server asked for a client certificate and answered 400 without one"))
	case p.certClass != "":
		p.fail(PhaseTLS, p.certClass, p.certErr)
	case p.gentle && resp.StatusCode == http.StatusNotImplemented:
		// 501 to a HEAD says that the server knows GET only: it is there and well.
	case resp.StatusCode >= 500:
		p.res.Class = HTTP5xx
	case resp.StatusCode >= 400:
		p.res.Class = HTTP4xx
	case p.res.HeaderBytes > HeaderLarge:
		p.res.Class = HeaderTooBig
		p.res.Err = fmt.Sprintf("the response header has %d bytes, nginx takes %d or %d by default", p.res.HeaderBytes, HeaderSmall, HeaderLarge)
	}
}

// lookTLS finds out whether a plain request was cut off, or its HEAD answered 400
// without a word, because the port speaks TLS.
func (p *prober) lookTLS(ctx context.Context) {
	cutOff := p.res.Phase == PhaseFirstByte && (p.res.Class == EOF || p.res.Class == Reset)
	wordless := p.gentle && p.res.Status == http.StatusBadRequest && p.res.Class == HTTP4xx && answers400(p.res.Server)
	if p.end.tls || p.end.network == "unix" || !cutOff && !wordless {
		return
	}
	p.second(ctx, func(conn *meter, until context.Context) bool {
		cfg := p.tlsConfig()
		cfg.GetClientCertificate = nil
		_ = tls.Client(conn, cfg).HandshakeContext(until) // the bytes tell
		return isTLSRecord(conn.head)
	}, TLSWanted, PhaseFirstByte, "the server speaks TLS, it was asked in plain HTTP")
}

// answers400 names the servers that answer 400 to plain HTTP on a TLS port; most
// others that answer 400 are applications that dislike the Host header.
func answers400(server string) bool {
	for _, name := range []string{"nginx", "openresty", "Apache", "Tengine"} {
		if strings.HasPrefix(server, name) {
			return true
		}
	}
	return false
}

// lookPlain finds out whether a TLS handshake stayed unanswered because the port
// speaks plain HTTP and waits for the end of a request.
func (p *prober) lookPlain(ctx context.Context) {
	if p.res.Class != Timeout && p.res.Class != EOF && p.res.Class != Reset {
		return
	}
	p.second(ctx, func(conn *meter, _ context.Context) bool {
		_, _ = io.WriteString(conn, "HEAD / HTTP/1.0\r\nUser-Agent: "+userAgent+"\r\n\r\n")
		_, _ = bufio.NewReaderSize(conn, 64).Peek(5) // the bytes tell
		return bytes.HasPrefix(conn.head, []byte("HTTP/"))
	}, TLSPlain, PhaseTLS, "the server speaks plain HTTP, it was asked for TLS")
}

// second opens one more connection to tell two causes apart; see says whether it
// is the class given.
func (p *prober) second(ctx context.Context, see func(*meter, context.Context) bool, c Class, ph Phase, words string) {
	if p.opt.OneConnection {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	raw, err := p.opt.Dial(ctx, p.end.network, p.end.addr)
	if err != nil {
		return
	}
	conn := newMeter(raw)
	defer func() { _ = conn.Close() }()
	defer endWith(ctx, raw)()
	if see(conn, ctx) {
		if p.res.Err != "" {
			words += " (" + tail.Clean(p.res.Err, 120) + ")"
		}
		p.fail(ph, c, errors.New(words))
	}
}
