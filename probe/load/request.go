package load

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

const (
	// UserAgent marks the test's requests in the logs.
	UserAgent = "why502-load/1"

	maxBody   = 1 << 20
	maxHeader = 1 << 20
)

// client returns what sends the requests: connections are kept, as a gateway
// keeps them; redirects and proxies are not followed.
func (p Plan) client() *http.Client {
	name := p.Host
	if h, _, err := net.SplitHostPort(p.Host); err == nil {
		name = h
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: p.Timeout}).DialContext,
			MaxIdleConns:           p.Concurrency,
			MaxIdleConnsPerHost:    p.Concurrency,
			MaxConnsPerHost:        p.Concurrency,
			IdleConnTimeout:        30 * time.Second,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxHeader,
			// The probe judges the certificate, this measures what stands behind it.
			TLSClientConfig: &tls.Config{ServerName: name, InsecureSkipVerify: true}, //nolint:gosec // see above
		},
	}
}

// send sends one request and reads its answer. It returns the status, and the
// class of what went wrong, "" when the answer came whole.
func (p Plan) send(ctx context.Context, c *http.Client) (status int, class string) {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, p.Method, p.URL, nil)
	if err != nil {
		return 0, "error"
	}
	req.Host = p.Host
	req.Header.Set("User-Agent", UserAgent)
	resp, err := c.Do(req)
	if err != nil {
		return 0, classify(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxBody)); err != nil {
		if class = classify(err); class == "eof" {
			class = "short-body"
		}
	}
	return resp.StatusCode, class
}

// classify names an error by the classes of a probe, from its type.
func classify(err error) string {
	var (
		dns    *net.DNSError
		errno  syscall.Errno
		record tls.RecordHeaderError
		netErr net.Error
		op     *net.OpError
	)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "dns-nxdomain"
	case errors.As(err, &dns) && dns.IsTimeout:
		return "dns-timeout"
	case errors.As(err, &dns):
		return "dns-servfail"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "tls-plain"
	case errors.As(err, &errno) && errnoClasses[errno] != "":
		return errnoClasses[errno]
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return "timeout"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "eof"
	case errors.As(err, &op) && op.Op == "remote error": // how crypto/tls wraps an alert
		return "tls-alert"
	case op != nil:
		return "error"
	}
	return "malformed" // net/http has no type for what it cannot parse
}
