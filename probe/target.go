package probe

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"why502/tail"
)

// maxTarget is the length at which a target's text is refused, in bytes.
const maxTarget = 2048

// connectOnly are the schemes that nginx writes for upstreams that do not speak
// HTTP (ngx_http_fastcgi_module and its sisters, ngx_stream): they are connected
// to, nothing is sent.
var connectOnly = map[string]bool{
	"tcp": true, "fastcgi": true, "uwsgi": true, "suwsgi": true, "scgi": true,
	"memcached": true, "grpc": true, "grpcs": true, "ajp": true, "h2c": true, "h2": true,
}

// ParseTarget reads what a person types or a log names as an upstream: a URL
// (http, https, tcp and nginx's own upstream schemes), "host:port", ":port" of
// this machine, "unix:/path" and "unix:/path:/request" as nginx writes it.
//
// User and password are dropped, never sent or shown. An error is one sentence
// that names the text, already cleaned, and the mend.
func ParseTarget(s string) (Target, error) {
	t, err := parseTarget(strings.TrimSpace(s))
	if err != nil {
		return Target{}, fmt.Errorf("endpoint %q: %w", tail.Safe(s, 80), err)
	}
	return t, nil
}

func parseTarget(s string) (Target, error) {
	if s == "" {
		return Target{}, errors.New("is empty: give http://host:port, host:port or unix:/path")
	}
	if len(s) > maxTarget {
		return Target{}, fmt.Errorf("is %d bytes long, at most %d are taken", len(s), maxTarget)
	}
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return Target{}, errors.New("has a blank, a control or a non-ASCII character: write it percent-encoded, a host name in its xn-- form")
		}
	}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		if strings.HasPrefix(s, "unix:") {
			return parseUnix(s, false)
		}
		return parseBare(s)
	}
	scheme = strings.ToLower(scheme)
	if strings.HasPrefix(rest, "unix:") {
		return parseUnix(rest, connectOnly[scheme])
	}
	switch {
	case scheme == "unix":
		return parseUnix("unix:"+rest, false)
	case scheme == "http" || scheme == "https":
		return parseURL(scheme, s)
	case connectOnly[scheme]:
		return parseTCP(rest)
	}
	return Target{}, fmt.Errorf("has the scheme %q: use http, https, tcp or unix", tail.Clean(scheme, 20))
}

// parseBare reads "host", "host:port", ":port" with an optional path.
func parseBare(s string) (Target, error) {
	scheme := "http"
	authority, _, _ := strings.Cut(s, "/")
	if strings.HasSuffix(authority, ":443") || strings.HasSuffix(authority, ":8443") {
		scheme = "https"
	}
	if _, err := strconv.Atoi(authority); err == nil {
		return Target{}, fmt.Errorf("is only a number: for a port of this machine write :%s", authority)
	}
	if ip, err := netip.ParseAddr(authority); err == nil && ip.Is6() {
		// A zone is percent-encoded in a URL (RFC 6874).
		s = "[" + strings.Replace(authority, "%", "%25", 1) + "]" + s[len(authority):]
	}
	return parseURL(scheme, scheme+"://"+s)
}

func parseURL(scheme, s string) (Target, error) {
	u, err := url.Parse(s)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return Target{}, fmt.Errorf("is not a URL (%s): give http://host:port/path", tail.Safe(err.Error(), 100))
	}
	host, err := checkHost(u.Hostname(), u.Port())
	if err != nil {
		return Target{}, err
	}
	clean := url.URL{Scheme: scheme, Host: host, Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}
	return Target{URL: clean.String()}, nil
}

func parseTCP(rest string) (Target, error) {
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	host, port, err := net.SplitHostPort(rest)
	if err != nil || port == "" {
		return Target{}, errors.New("has no port: give tcp://host:port")
	}
	hostport, err := checkHost(host, port)
	if err != nil {
		return Target{}, err
	}
	return Target{URL: "tcp://" + hostport}, nil
}

// checkHost returns the authority "host[:port]" when both parts are possible.
func checkHost(host, port string) (string, error) {
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return "", fmt.Errorf("has the port %q: a port is 1 to 65535", tail.Clean(port, 10))
		}
	}
	if host == "" {
		if port == "" {
			return "", errors.New("has no host: give http://host:port")
		}
		host = "localhost"
	}
	if len(host) > 253 {
		return "", errors.New("has a host name of over 253 bytes, more than DNS allows")
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip.Is6() {
			host = "[" + host + "]"
		}
	} else if i := strings.IndexFunc(host, notInName); i >= 0 {
		return "", fmt.Errorf("has %q in its host name: a name has letters, digits, dots, hyphens and underscores", host[i])
	}
	if port == "" {
		return host, nil
	}
	return host + ":" + port, nil
}

func notInURL(r rune) bool { return r <= ' ' || r >= 0x7f }

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
}

func parseUnix(s string, connect bool) (Target, error) {
	path, request := splitUnix(s)
	path = strings.TrimRight(path, "/")
	if len(path) < 2 || path[0] != '/' && path[0] != '@' {
		return Target{}, errors.New("needs the socket's absolute path: give unix:/run/app.sock")
	}
	// sun_path is 108 bytes on Linux, 104 elsewhere (unix(7)).
	if len(path) > 107 {
		return Target{}, errors.New("has a path of over 107 bytes, more than a socket address holds")
	}
	s = "unix:" + path
	if request != "/" {
		s += ":" + request
	}
	return Target{URL: s, ConnectOnly: connect}, nil
}

// splitUnix takes "unix:/path/to.sock:/request" apart; request is "/" when the
// target has none.
func splitUnix(s string) (path, request string) {
	path, request, _ = strings.Cut(strings.TrimPrefix(s, "unix:"), ":")
	if request == "" {
		request = "/"
	}
	return path, request
}

// endpoint is a target taken apart for the dialer and the request.
type endpoint struct {
	network, addr string // for the dialer
	host          string // Host header, with the port where it is not the scheme's
	name          string // SNI and the name a certificate must have
	request       string // request target
	tls, connect  bool
	ip            bool // the target is named by address
}

func (t Target) endpoint() (endpoint, error) {
	e := endpoint{network: "tcp", connect: t.ConnectOnly}
	switch {
	case strings.HasPrefix(t.URL, "unix:"):
		e.network = "unix"
		e.addr, e.request = splitUnix(t.URL)
		e.host = "localhost"
	case strings.HasPrefix(t.URL, "tcp://"):
		e.addr, e.connect = strings.TrimPrefix(t.URL, "tcp://"), true
	default:
		u, err := url.Parse(t.URL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
			return e, errors.New("the target is not a URL that ParseTarget made")
		}
		e.tls = u.Scheme == "https"
		e.addr, e.host, e.name, e.request = t.Addr(), u.Host, u.Hostname(), u.RequestURI()
		if a, err := url.PathUnescape(e.addr); err == nil {
			e.addr = a // an IPv6 zone is percent-encoded in a URL
		}
		_, err = netip.ParseAddr(e.name)
		e.ip = err == nil
	}
	if t.Host == "" {
		return e, nil
	}
	e.host, e.name, e.ip = t.Host, t.Host, false
	if h, _, err := net.SplitHostPort(t.Host); err == nil {
		e.name = h
	}
	if strings.ContainsFunc(e.name, notInName) && !strings.Contains(e.name, ":") || strings.ContainsFunc(t.Host, notInURL) || len(t.Host) > 260 {
		return e, fmt.Errorf("the host %q is no host name", tail.Clean(t.Host, 80))
	}
	return e, nil
}
