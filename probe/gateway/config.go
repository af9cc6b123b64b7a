package gateway

import (
	"strconv"
	"time"
)

// Config is what a gateway's configuration says, as far as it matters for
// failing requests.
type Config struct {
	Gateway   string // "nginx", "haproxy", "apache", "caddy", "traefik", "envoy"
	Files     []string
	Upstreams []Upstream
	Routes    []Route
	Logs      []Log
	// LogFormats maps a name to the gateway's own format string (nginx log_format;
	// for Envoy by the place where it stands).
	LogFormats map[string]string
	Lints      []Lint
	// Resolvers are the name servers the gateway itself asks, "addr:port"; empty
	// when it uses the system's.
	Resolvers []string
}

// Pos is a place in a configuration file.
type Pos struct {
	File string
	Line int
}

// String returns "file:line", the file alone when the line is not known, "" for
// no place.
func (p Pos) String() string {
	if p.File == "" || p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line)
}

// Upstream is a named group of servers.
type Upstream struct {
	Name    string
	Servers []Server
	Pos     Pos
	// Keepalive is the number of idle connections kept, 0 when none.
	Keepalive int
}

// Server is a member of an Upstream.
type Server struct {
	Addr              string // "host:port" or "unix:/path"
	MaxFails          int    // -1 when not set
	FailTimeout       time.Duration
	Down, Backup, TLS bool
	Pos               Pos
	// Name is the member's own name (HAProxy "s1"), "" where it has none.
	Name string
	// Check says that the gateway asks this server by itself whether it lives.
	Check bool
	// SNI and NoVerify are the TLS settings of this member (HAProxy).
	SNI      string
	NoVerify bool
	// MaxConn is the most connections the gateway opens to it, 0 for no limit.
	MaxConn int
	// Resolves says that the gateway looks the name up again while it runs.
	Resolves bool
}

// Route is a place where requests are passed on.
type Route struct {
	Server string // server_name, frontend or site
	Path   string // location
	Target string // "http://app", "unix:/run/app.sock", backend name
	Scheme string // "http", "https", "fastcgi", "uwsgi", "scgi", "grpc", "grpcs", "tcp", "ajp"
	// Timeouts in force, inherited ones and the gateway's defaults included; 0 when
	// neither set nor known.
	Connect, Read, Send time.Duration
	HeaderBuffer        int // bytes for the response header, 0 when not set
	// AccessLog and ErrorLog are paths, "" for the gateway's default, "off" where
	// logging is switched off.
	AccessLog, ErrorLog string
	LogFormat           string
	Pos                 Pos
	// Upstream is the name of the group the target names, "" for a plain address.
	Upstream string
	// Addrs are the addresses behind the target without a group, as far as the file
	// tells: "host:port" or "unix:/path". Variables are followed through set and map.
	Addrs []string
	// Variable says that the target is only known when a request comes.
	Variable bool
	// Resolvers are those in force here.
	Resolvers []string
	// Host and Connection are the headers sent to the upstream as written,
	// HTTPVersion the version spoken to it; "" when not set.
	Host, Connection, HTTPVersion string
	// SNI says that the server's name is sent in the TLS handshake, Verify that its
	// certificate is checked.
	SNI, Verify bool
}

// Log is a log the configuration names.
type Log struct {
	Path   string // a file, or "syslog:...", "stderr", "|command"
	Format string // name of the log format, "" for the default
	Error  bool
	Level  string
	Pos    Pos
	// Condition is what decides whether a request is written, "" for all of them.
	Condition string
	// Buffered says that lines reach the file late (nginx buffer=, gzip=; Apache
	// BufferedLogs).
	Buffered bool
}

// Lint is something in the configuration that makes or hides failing requests.
type Lint struct {
	ID string // "stale-dns", "no-upstream-fields", "timeout-order", ...
	// Severity is "fail" for what can't work, "warn" for what makes or hides
	// failures, "info" for what is good to know when they happen.
	Severity string
	Text     string // one sentence
	Mend     string // what to write instead
	Pos      Pos
}
