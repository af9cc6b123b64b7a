package demo

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"syscall"
)

// failure is a failed request in nginx's words.
type failure struct {
	status int
	level  string
	text   string // with "while ..."
	named  bool   // the line names the upstream
}

// doing is nginx's word for a stage (ngx_http_upstream.c and ngx_http_proxy, the
// connection's log action).
var doing = [...]string{
	connecting:  "connecting to upstream",
	handshaking: "SSL handshaking to upstream",
	reading:     "reading response header from upstream",
}

// errnos are system errors with Linux' number and text. Windows numbers its own
// socket errors from 10000 on.
var errnos = []struct {
	errno   syscall.Errno
	winsock uintptr
	text    string
}{
	{syscall.ECONNREFUSED, 10061, "111: Connection refused"},
	{syscall.ECONNRESET, 10054, "104: Connection reset by peer"},
	{syscall.EHOSTUNREACH, 10065, "113: No route to host"},
	{syscall.ENETUNREACH, 10051, "101: Network is unreachable"},
	{syscall.EADDRNOTAVAIL, 10049, "99: Cannot assign requested address"},
	{syscall.EPIPE, 10058, "32: Broken pipe"},
}

// explain says what nginx would have written for err at a stage.
func explain(err error, at stage) failure {
	f := failure{status: http.StatusBadGateway, level: "error", named: true}
	if dns := (*net.DNSError)(nil); errors.As(err, &dns) {
		f.text, f.named = unresolved(dns), false
		return f
	}
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		f.status = http.StatusGatewayTimeout
		f.text = "upstream timed out (110: Connection timed out) while " + doing[at]
		return f
	}
	if at == handshaking {
		f.text, f.level = handshakeText(err)
		return f
	}
	f.text = ioText(err, at)
	return f
}

// unresolved is nginx's line for a name without an address (ngx_resolver_strerror).
func unresolved(e *net.DNSError) string {
	reason := "2: Server failure"
	switch {
	case e.IsNotFound:
		reason = "3: Host not found"
	case e.IsTimeout:
		reason = "110: Operation timed out"
	}
	return fmt.Sprintf("%s could not be resolved (%s)", strings.TrimSuffix(e.Name, "."), reason)
}

// handshakeText is the line for a failed handshake: nginx checks the certificate
// after it, with OpenSSL's numbers (X509_V_ERR_...).
func handshakeText(err error) (text, level string) {
	var invalid x509.CertificateInvalidError
	var issuer x509.UnknownAuthorityError
	var name x509.HostnameError
	verify := "upstream SSL certificate verify error: (%s) while " + doing[handshaking]
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf(verify, "10:certificate has expired"), "error"
	case errors.As(err, &issuer):
		return fmt.Sprintf(verify, "20:unable to get local issuer certificate"), "error"
	case errors.As(err, &name):
		return fmt.Sprintf("upstream SSL certificate does not match %q while %s", name.Host, doing[handshaking]), "error"
	}
	reason := "SSL routines::unexpected eof while reading"
	if header := (tls.RecordHeaderError{}); errors.As(err, &header) {
		reason = "SSL routines::wrong version number"
	}
	if no := errno(err); no != "" {
		return fmt.Sprintf("SSL_do_handshake() failed (%s) while %s", no, doing[handshaking]), "error"
	}
	return fmt.Sprintf("SSL_do_handshake() failed (SSL: error:0A000000:%s) while %s", reason, doing[handshaking]), "crit"
}

// ioText is the line for a failed connection or a failed answer.
func ioText(err error, at stage) string {
	if no := errno(err); no != "" {
		call := "recv()"
		if at < reading {
			call = "connect()"
		}
		return fmt.Sprintf("%s failed (%s) while %s", call, no, doing[at])
	}
	var header textproto.ProtocolError
	switch text := err.Error(); {
	case errors.As(err, &header):
		return "upstream sent invalid header: " + invalidHeader(string(header)) + " while " + doing[reading]
	case strings.Contains(text, "malformed HTTP"):
		return "upstream sent no valid HTTP/1.0 header while " + doing[reading]
	case strings.Contains(text, "server response headers exceeded"):
		return "upstream sent too big header while " + doing[reading]
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(text, "server closed idle connection"):
		return "upstream prematurely closed connection while " + doing[reading]
	default:
		// What is left is closed by Go's transport in words of its own.
		return fmt.Sprintf("upstream prematurely closed connection (%s) while %s", escape(text), doing[reading])
	}
}

// errno returns Linux' number and text of the system error in err, "" for none.
func errno(err error) string {
	var no syscall.Errno
	if !errors.As(err, &no) {
		return ""
	}
	for _, e := range errnos {
		if no == e.errno || uintptr(no) == e.winsock {
			return e.text
		}
	}
	return fmt.Sprintf("%d: %s", uintptr(no), no.Error())
}

// invalidHeader quotes a header line up to its first bad byte, as nginx does since
// 1.21.1 (ngx_http_proxy_process_header).
func invalidHeader(text string) string {
	_, line, ok := strings.Cut(text, ": ")
	if !ok {
		line = text
	}
	if raw, err := strconv.Unquote(line); err == nil {
		line = raw
	}
	for i := 0; i < len(line); i++ {
		if c := line[i]; c <= 0x20 || c >= 0x7f {
			return fmt.Sprintf(`"%s\x%02x..."`, escape(line[:i]), c)
		}
	}
	return `"` + escape(line) + `"`
}
