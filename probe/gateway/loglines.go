package gateway

import (
	"slices"
	"strings"
)

// logLines are what to add so that each request's upstream, its status, the
// times and the request id are recorded, in each gateway's own words.
var logLines = map[string]string{
	// ngx_http_log_module, ngx_http_upstream_module "Embedded Variables".
	"nginx": `log_format why502 '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" ` +
		`rt=$request_time uct="$upstream_connect_time" uht="$upstream_header_time" urt="$upstream_response_time" ` +
		`ua="$upstream_addr" us="$upstream_status" host="$host" rid="$request_id"';
access_log /var/log/nginx/access.log why502;
proxy_set_header X-Request-ID $request_id;`,
	// configuration.txt, 8.2.3 "HTTP log format"; the id ends the line.
	"haproxy": `option httplog
unique-id-format %{+X}o\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid
unique-id-header X-Request-ID
log-format "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r %ID"`,
	// mod_log_config; mod_unique_id gives UNIQUE_ID, mod_proxy_balancer the worker.
	// JSON, because a number without a name can't be told from another.
	"apache": `LogFormat "{\"time\":\"%{%Y-%m-%dT%H:%M:%S%z}t\",\"remote_addr\":\"%a\",\"request\":\"%r\",\"status\":%>s,\"bytes\":%O,` +
		`\"duration_us\":%D,\"upstream\":\"%{BALANCER_WORKER_NAME}e\",\"request_id\":\"%{UNIQUE_ID}e\",\"host\":\"%{Host}i\",\"user_agent\":\"%{User-Agent}i\"}" why502
CustomLog ${APACHE_LOG_DIR}/access.log why502`,
	// Caddy's JSON log has them all but the upstream, which stands in the runtime log.
	"caddy": `log {
	output file /var/log/caddy/access.log
	format json
}
reverse_proxy UPSTREAM {
	header_down X-Upstream {http.reverse_proxy.upstream.hostport}
}`,
	"traefik": `log:
  level: DEBUG
accessLog:
  filePath: /var/log/traefik/access.log
  format: json
  fields:
    headers:
      names:
        X-Request-Id: keep`,
	"envoy": `access_log:
- name: envoy.access_loggers.file
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
    path: /var/log/envoy/access.log
    log_format:
      text_format_source:
        inline_string: "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\"\n"`,
}

// LogLines returns the configuration to add to a gateway ("nginx", "haproxy",
// "apache", "caddy", "traefik", "envoy") so that its access log records upstream
// address, upstream status, times and request id; "" for a gateway it does not
// know.
func LogLines(gateway string) string { return logLines[strings.ToLower(gateway)] }

// LogFormatFor returns the gateway's own format string of the access log at path,
// "" when the configuration does not name that log or its format has no string
// (JSON by option). HAProxy writes to syslog, and what goes to standard output ends
// where its collector puts it: there the format of any path is that of all such logs,
// if it is one.
func (c *Config) LogFormatFor(path string) string {
	path = absolute(path)
	names, streamed := map[string]bool{}, map[string]bool{}
	for _, l := range c.Logs {
		switch {
		case l.Error:
		case l.Path == path || c.Gateway == "haproxy":
			names[l.Format] = true
		case l.streamed():
			streamed[l.Format] = true
		}
	}
	if len(names) == 0 {
		names = streamed
	}
	if len(names) != 1 {
		return ""
	}
	for name := range names {
		switch {
		case name != "":
			return c.LogFormats[name]
		case c.Gateway == "nginx":
			return c.LogFormats["combined"]
		case c.Gateway == "apache":
			return c.LogFormats["common"]
		}
	}
	return ""
}

// HasLog says whether the configuration names the file at path as one of its logs.
func (c *Config) HasLog(path string) bool {
	path = absolute(path)
	return slices.ContainsFunc(c.Logs, func(l Log) bool { return l.Path == path })
}

// ErrorLogs returns the error logs that are files, in the order of the configuration.
func (c *Config) ErrorLogs() []string {
	var paths []string
	for _, l := range c.Logs {
		if l.Error && l.File() {
			paths = append(paths, l.Path)
		}
	}
	return paths
}

// streamed says whether the log goes to standard output or standard error.
func (l Log) streamed() bool {
	return l.Path == "stdout" || l.Path == "stderr" || strings.HasPrefix(l.Path, "/dev/std") || strings.HasPrefix(l.Path, "/proc/self/fd/")
}

// File says whether the log is a file that can be followed.
func (l Log) File() bool {
	return strings.HasPrefix(l.Path, "/") && !strings.HasPrefix(l.Path, "/dev/") || len(l.Path) > 2 && l.Path[1] == ':'
}

// Endpoint is an address that the configuration passes requests to.
type Endpoint struct {
	Addr   string // "host:port" or "unix:/path"
	Scheme string // "http", "https", "fastcgi", "uwsgi", ...
	Group  string // name of the upstream group, "" for none
	// Down says that it is switched off in the configuration.
	Down bool
	// Host is the name to send, when the configuration sends a fixed one.
	Host string
	Pos  Pos
}

// Endpoints returns every address that requests may be passed to, each once: the
// members of the groups that routes use, of unused groups too, and plain targets.
func (c *Config) Endpoints() []Endpoint {
	scheme := map[string]string{}
	for _, r := range c.Routes {
		if r.Upstream != "" && scheme[r.Upstream] == "" {
			scheme[r.Upstream] = r.Scheme
		}
	}
	var all []Endpoint
	seen := map[string]bool{}
	add := func(e Endpoint) {
		if e.Addr != "" && !seen[e.Addr] {
			seen[e.Addr] = true
			all = append(all, e)
		}
	}
	for _, u := range c.Upstreams {
		for _, s := range u.Servers {
			e := Endpoint{Addr: s.Addr, Scheme: scheme[u.Name], Group: u.Name, Down: s.Down, Pos: s.Pos}
			if e.Scheme == "" {
				e.Scheme = "http"
			}
			if s.TLS && e.Scheme == "http" {
				e.Scheme = "https"
			}
			add(e)
		}
	}
	for _, r := range c.Routes {
		for _, a := range r.Addrs {
			e := Endpoint{Addr: a, Scheme: r.Scheme, Pos: r.Pos}
			if !strings.ContainsAny(r.Host, "$%{") {
				e.Host = r.Host
			}
			add(e)
		}
	}
	return all
}
