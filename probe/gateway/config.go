package gateway

import "time"

// Config is what a gateway's configuration says, as far as it matters for
// failing requests.
type Config struct {
	Gateway   string // "nginx", "haproxy", "apache", "caddy", "traefik"
	Files     []string
	Upstreams []Upstream
	Routes    []Route
	Logs      []Log
	// LogFormats maps a name to the gateway's own format string (nginx log_format).
	LogFormats map[string]string
	Lints      []Lint
}

// Pos is a place in a configuration file.
type Pos struct {
	File string
	Line int
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
}

// Route is a place where requests are passed on.
type Route struct {
	Server string // server_name, frontend or site
	Path   string // location
	Target string // "http://app", "unix:/run/app.sock", backend name
	Scheme string // "http", "https", "fastcgi", "uwsgi", "grpc"
	// Timeouts in force, inherited ones included; 0 when neither set nor known.
	Connect, Read, Send time.Duration
	HeaderBuffer        int // bytes for the response header, 0 when not set
	AccessLog, ErrorLog string
	LogFormat           string
	Pos                 Pos
}

// Log is a log the configuration names.
type Log struct {
	Path   string
	Format string // name of the log format, "" for the default
	Error  bool
	Level  string
	Pos    Pos
}

// Lint is something in the configuration that makes or hides failing requests.
type Lint struct {
	ID       string // "stale-dns", "no-upstream-fields", "timeout-order", ...
	Severity string // "warn" or "fail"
	Text     string // one sentence
	Mend     string // what to write instead
	Pos      Pos
}
