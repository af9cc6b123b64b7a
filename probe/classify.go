package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"syscall"
)

// classify says what err means, from its type wherever Go gives it one. Unknown
// when no type fits.
func classify(err error) Class {
	if err == nil {
		return OK
	}
	var dnsErr *net.DNSError
	if errors.As(err, &dnsErr) {
		return classifyDNS(dnsErr)
	}
	if c := classifyTLS(err); c != Unknown {
		return c
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		if c, ok := errnoClasses[errno]; ok {
			return c
		}
	}
	var netErr net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &netErr) && netErr.Timeout():
		return Timeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return EOF
	}
	return Unknown
}

// classifyDNS: Go's resolver says "not found" for NXDOMAIN, NODATA and a loop of
// aliases alike; Resolve tells them apart.
func classifyDNS(err *net.DNSError) Class {
	switch {
	case err.IsNotFound:
		return DNSNotFound
	case err.IsTimeout:
		return DNSTimeout
	}
	return DNSServFail
}

func classifyTLS(err error) Class {
	var (
		invalid   x509.CertificateInvalidError
		name      x509.HostnameError
		authority x509.UnknownAuthorityError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &invalid):
		if invalid.Reason == x509.Expired {
			return TLSExpired
		}
		return TLSUnknownIssuer
	case errors.As(err, &name):
		return TLSName
	case errors.As(err, &authority):
		return TLSUnknownIssuer
	case errors.As(err, &record):
		return TLSPlain
	}
	switch alert, ok := remoteAlert(err); {
	case !ok:
		return Unknown
	case alert == alertCertificateRequired:
		return TLSClientCert
	default:
		return TLSAlert
	}
}

// alertCertificateRequired is RFC 8446, section 6.2.
const alertCertificateRequired = 116

// remoteAlert returns the TLS alert that the server sent. crypto/tls wraps it in
// a net.OpError; the alert's own type is not exported, but its kind is the
// protocol's byte.
func remoteAlert(err error) (uint8, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" || op.Err == nil {
		return 0, false
	}
	v := reflect.ValueOf(op.Err)
	if v.Kind() != reflect.Uint8 {
		return 0, false
	}
	return uint8(v.Uint()), true
}
