package probe

import (
	"strings"
	"time"
)

// Target is an upstream or endpoint to ask.
type Target struct {
	// URL is "http://host:port/path", "https://...", "tcp://host:port" or
	// "unix:/path/to.sock" (HTTP over the socket; "unix:/path/to.sock:/request" as
	// nginx writes it). It names the target everywhere.
	URL string
	// Host is sent as Host header and SNI instead of the URL's, "" for none.
	Host string
	// Gentle asks with one HEAD after the connect, as for merely discovered ones.
	Gentle bool
	// ConnectOnly sends nothing after the connect: the target does not speak HTTP
	// (FastCGI, uWSGI). A "tcp://" target needs no mark.
	ConnectOnly bool
	// Origin says where the target comes from: "-e", "error.log", "access log",
	// "configuration", "demo".
	Origin string
}

// OriginGateway is the origin of the gateway itself, asked to compare its answer
// with the upstreams'.
const OriginGateway = "--via"

// Addr returns "host:port", with the scheme's port where the URL has none, or
// "unix:/path": the form upstreams have in logs.
func (t Target) Addr() string {
	if strings.HasPrefix(t.URL, "unix:") {
		path, _ := splitUnix(t.URL)
		return "unix:" + path
	}
	scheme, rest, ok := strings.Cut(t.URL, "://")
	if !ok {
		return t.URL
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, ']') {
		return rest
	}
	if scheme == "https" {
		return rest + ":443"
	}
	return rest + ":80"
}

// Phase is a part of a probe, in order. A result's Phase is the one that was
// under way when it ended; PhaseDone when all went through.
type Phase uint8

// The phases of a probe.
const (
	PhaseDNS Phase = iota
	PhaseConnect
	PhaseTLS
	PhaseFirstByte
	PhaseBody
	PhaseDone
)

// String returns the phase's short name as shown on screen and in JSON.
func (p Phase) String() string {
	return [...]string{"dns", "connect", "tls", "first-byte", "body", "done"}[p]
}

// Class says how a probe ended.
type Class string

// The classes of a result.
const (
	OK               Class = "ok"
	Refused          Class = "refused"         // ECONNREFUSED: RST or ICMP port unreachable
	Timeout          Class = "timeout"         // no answer in time; the phase says to what
	Reset            Class = "reset"           // ECONNRESET
	NoRoute          Class = "no-route"        // EHOSTUNREACH
	NetUnreachable   Class = "net-unreachable" // ENETUNREACH
	Denied           Class = "denied"          // EACCES, EPERM: local firewall, socket mode, SELinux
	SocketMissing    Class = "socket-missing"  // ENOENT of a unix socket
	SocketBusy       Class = "socket-busy"     // EAGAIN of a unix socket: backlog full
	DNSNotFound      Class = "dns-nxdomain"    // the name does not exist
	DNSServFail      Class = "dns-servfail"    // the resolver failed
	DNSTimeout       Class = "dns-timeout"     // the resolver did not answer
	DNSNoData        Class = "dns-nodata"      // the name exists without an address (only Resolve can tell)
	DNSRefused       Class = "dns-refused"     // the resolver refuses to answer (only Resolve can tell)
	DNSLoop          Class = "dns-loop"        // the aliases run in a circle (only Resolve can tell)
	LocalLimit       Class = "local-limit"     // this machine is out of ports or descriptors
	TLSExpired       Class = "tls-expired"     // certificate expired or not yet valid
	TLSName          Class = "tls-name"        // certificate for another name
	TLSUnknownIssuer Class = "tls-unknown-issuer"
	TLSPlain         Class = "tls-plain"       // the server does not speak TLS
	TLSAlert         Class = "tls-alert"       // the server refused the handshake
	TLSClientCert    Class = "tls-client-cert" // the server wants a certificate from the client
	TLSWanted        Class = "tls-wanted"      // asked in plain HTTP, the server speaks TLS
	EOF              Class = "eof"             // closed without an answer
	Malformed        Class = "malformed"       // the answer is not valid HTTP
	HeaderTooBig     Class = "header-size"     // the answer's header exceeds what gateways take by default
	ShortBody        Class = "short-body"      // the body ended before its announced length
	HTTP4xx          Class = "http-4xx"
	HTTP5xx          Class = "http-5xx"
	Unknown          Class = "error"
)

// Healthy says whether the upstream answered as an upstream should: any HTTP
// answer below 500 (a HEAD on "/" may rightly be 404 or 405).
func (c Class) Healthy() bool { return c == OK || c == HTTP4xx }

// Timings are how long each phase took, -1 when it was not reached or not
// needed (no name to resolve, no TLS). Total is always set.
type Timings struct {
	DNS, Connect, TLS, FirstByte, Body, Total time.Duration
}

// Cert is what matters of the leaf certificate a server showed.
type Cert struct {
	Subject, Issuer     string
	Names               []string
	NotBefore, NotAfter time.Time
	Chain               int // certificates sent
}

// Result is what one probe found.
type Result struct {
	Target  Target
	At      time.Time // when it began
	Phase   Phase
	Class   Class
	Err     string // the error's own words, "" when none; hostile text, shown only cleaned
	Timings Timings
	Peer    string // address connected to
	// Status is the HTTP status, 0 when none came. It is also set beside a TLS
	// class where the exchange went on past a certificate that does not verify, as
	// it does for a gateway that does not verify (nginx, Apache by default).
	Status      int
	Proto       string
	HeaderBytes int    // size of the response header
	Server      string // Server header; hostile text
	RetryAfter  string // Retry-After header; hostile text
	FirstBytes  string // what a non-HTTP server said first; hostile text, bounded
	Cert        *Cert
}

// History is the latest results of one target, oldest first. Failures are kept
// longer than successes.
type History struct {
	Target  Target
	Results []Result
	// Since is when the present health (healthy or not) began.
	Since time.Time
}

// Last returns the newest result, nil when there is none yet.
func (h *History) Last() *Result {
	if len(h.Results) == 0 {
		return nil
	}
	return &h.Results[len(h.Results)-1]
}
