package gateway

import (
	"net"
	"path"
	"strconv"
	"strings"
	"time"

	"why502/tail"
)

// nginxScope is a block with what is set in it; look-ups go outwards.
type nginxScope struct {
	outer  *nginxScope
	kind   string // "http", "server", "location", "if", "stream"
	server string
	path   string
	stream bool
	own    map[string][]*nginxNode
}

// get returns the directives called name in force here. As in nginx a level that
// sets a directive at all takes none of it from outside (ngx_http_proxy_module
// "proxy_set_header", ngx_http_log_module "access_log").
func (s *nginxScope) get(name string) []*nginxNode {
	for ; s != nil; s = s.outer {
		if nodes := s.own[name]; nodes != nil {
			return nodes
		}
	}
	return nil
}

// value returns the first argument of the last such directive in force.
func (s *nginxScope) value(name string) string {
	nodes := s.get(name)
	if len(nodes) == 0 {
		return ""
	}
	return nodes[len(nodes)-1].arg(1)
}

// nginxPass is a route with the scope it is in, for the lints.
type nginxPass struct {
	route *Route
	scope *nginxScope
	uri   bool // the target has a URI part
}

// nginxEval turns directives into a Config.
type nginxEval struct {
	dir    string
	config *Config
	scopes []*nginxScope // in the order of the file
	passes []nginxPass
	routes []*Route
	groups map[string]bool
	vars   map[string][]string // values that set and map give
	logs   map[string]bool
}

func newNginxEval(dir string) *nginxEval {
	return &nginxEval{
		dir:    dir,
		config: &Config{Gateway: "nginx", LogFormats: map[string]string{"combined": nginxCombined}},
		groups: map[string]bool{}, vars: map[string][]string{}, logs: map[string]bool{},
	}
}

// nginxCombined is the format that is built in (ngx_http_log_module).
const nginxCombined = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`

// walk takes one block's directives: first what they set, then the blocks in it.
func (e *nginxEval) walk(nodes []*nginxNode, s *nginxScope) {
	s.own = map[string][]*nginxNode{}
	e.scopes = append(e.scopes, s)
	for _, n := range nodes {
		s.own[n.name()] = append(s.own[n.name()], n)
		e.declare(n)
	}
	if names := s.own["server_name"]; s.kind == "server" && names != nil {
		s.server = strings.Join(names[0].args[1:], " ")
	}
	for _, n := range nodes {
		if n.block == nil {
			continue
		}
		inner := &nginxScope{outer: s, kind: n.name(), server: s.server, path: s.path, stream: s.stream}
		switch n.name() {
		case "http", "server":
		case "stream":
			inner.stream = true
		case "location":
			inner.path = strings.Join(n.args[1:], " ")
		case "if", "limit_except":
			inner.path = strings.TrimSpace(s.path + " " + strings.Join(n.args, " "))
		default:
			continue
		}
		if inner.kind == "server" {
			inner.server = serverListen(n)
		}
		e.walk(n.block, inner)
	}
}

// serverListen names a server block without server_name by what it listens on.
func serverListen(n *nginxNode) string {
	for _, d := range n.block {
		if d.name() == "listen" {
			return d.arg(1)
		}
	}
	return ""
}

// declare notes what counts wherever it stands: groups, formats, variables.
func (e *nginxEval) declare(n *nginxNode) {
	switch n.name() {
	case "upstream":
		if n.block != nil && len(n.args) == 2 {
			e.groups[n.args[1]] = true
			e.config.Upstreams = append(e.config.Upstreams, nginxUpstream(n))
		}
	case "log_format":
		if len(n.args) >= 3 {
			parts := n.args[2:]
			if strings.HasPrefix(parts[0], "escape=") {
				parts = parts[1:]
			}
			e.config.LogFormats[n.args[1]] = strings.Join(parts, "")
		}
	case "set":
		if len(n.args) == 3 {
			e.setVar(n.args[1], n.args[2])
		}
	case "map", "split_clients", "geo":
		for _, entry := range n.block {
			if len(entry.args) == 2 && len(n.args) >= 2 && entry.name() != "include" {
				e.setVar(n.args[len(n.args)-1], entry.args[1])
			}
		}
	case "resolver":
		e.config.Resolvers = appendNew(e.config.Resolvers, resolvers([]*nginxNode{n})...)
	}
}

func (e *nginxEval) setVar(name, value string) {
	name = strings.TrimPrefix(name, "$")
	if len(e.vars[name]) < 64 {
		e.vars[name] = append(e.vars[name], value)
	}
}

// resolvers returns the addresses of resolver directives with their ports.
func resolvers(nodes []*nginxNode) []string {
	var found []string
	for _, n := range nodes {
		for _, a := range n.args[1:] {
			if strings.Contains(a, "=") || a == "off" {
				continue
			}
			if host := strings.Trim(a, "[]"); net.ParseIP(host) != nil || !strings.Contains(a, ":") {
				a = net.JoinHostPort(host, "53")
			}
			found = append(found, a)
		}
	}
	return found
}

func appendNew(list []string, more ...string) []string {
next:
	for _, m := range more {
		for _, have := range list {
			if have == m {
				continue next
			}
		}
		list = append(list, m)
	}
	return list
}

// nginxUpstream reads an upstream block (ngx_http_upstream_module).
func nginxUpstream(n *nginxNode) Upstream {
	u := Upstream{Name: n.args[1], Pos: n.pos}
	for _, d := range n.block {
		switch d.name() {
		case "keepalive":
			u.Keepalive, _ = strconv.Atoi(d.arg(1))
		case "server":
			if len(d.args) < 2 {
				continue
			}
			srv := Server{Addr: withPort(d.args[1], "http"), MaxFails: -1, Pos: d.pos}
			for _, a := range d.args[2:] {
				key, value, _ := strings.Cut(a, "=")
				switch key {
				case "down":
					srv.Down = true
				case "backup":
					srv.Backup = true
				case "resolve":
					srv.Resolves = true
				case "max_fails":
					if v, err := strconv.Atoi(value); err == nil && v >= 0 {
						srv.MaxFails = v
					}
				case "max_conns":
					srv.MaxConn, _ = strconv.Atoi(value)
				case "fail_timeout":
					srv.FailTimeout, _ = unitDuration(value, time.Second)
				}
			}
			u.Servers = append(u.Servers, srv)
		}
	}
	return u
}

// nginxPassers are the modules that pass requests on, with the scheme of a target
// that names none.
var nginxPassers = []struct{ prefix, scheme string }{
	{"proxy", "http"}, {"fastcgi", "fastcgi"}, {"uwsgi", "uwsgi"}, {"scgi", "scgi"}, {"grpc", "grpc"},
}

// passesOf makes a route of each *_pass directive that stands in the block itself:
// they are not inherited.
func (e *nginxEval) passesOf(s *nginxScope) {
	for _, m := range nginxPassers {
		for _, n := range s.own[m.prefix+"_pass"] {
			if len(n.args) == 2 {
				e.pass(s, n, m.prefix, m.scheme)
			}
		}
	}
}

func (e *nginxEval) pass(s *nginxScope, n *nginxNode, prefix, scheme string) {
	r := &Route{Server: s.server, Path: s.path, Target: n.args[1], Pos: n.pos}
	rest := r.Target
	if i := strings.Index(rest, "://"); i > 0 {
		scheme, rest = rest[:i], rest[i+3:]
	}
	if s.stream {
		scheme = "tcp"
	}
	r.Scheme = scheme
	host, uri := splitTarget(rest)
	r.Variable = strings.Contains(rest, "$")
	e.resolveTarget(r, host)
	e.inherit(r, s, prefix)
	e.routes = append(e.routes, r)
	e.passes = append(e.passes, nginxPass{route: r, scope: s, uri: uri})
}

// splitTarget parts host and URI of a target without its scheme. A unix socket's
// path ends at a second colon.
func splitTarget(rest string) (host string, uri bool) {
	if strings.HasPrefix(rest, "unix:") {
		if i := strings.IndexByte(rest[5:], ':'); i >= 0 {
			return rest[:5+i], true
		}
		return rest, false
	}
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		return rest[:i], true
	}
	return rest, false
}

var nginxVar = tail.Pattern(`\$(?:\{(\w+)\}|(\w+))`)

// resolveTarget finds the group or the addresses that host stands for, following
// variables through set and map.
func (e *nginxEval) resolveTarget(r *Route, host string) {
	for _, h := range e.expand(host, 0) {
		scheme := r.Scheme
		if i := strings.Index(h, "://"); i > 0 { // the variable holds the whole URL
			scheme, h = h[:i], h[i+3:]
			r.Scheme = scheme
			h, _ = splitTarget(h)
		}
		switch {
		case e.groups[h]:
			r.Upstream = h
		case h != "" && !strings.Contains(h, "$"):
			r.Addrs = appendNew(r.Addrs, withPort(h, scheme))
		}
	}
}

// expand replaces the first variable of s by each of its values, and so on.
func (e *nginxEval) expand(s string, depth int) []string {
	m := nginxVar().FindStringSubmatchIndex(s)
	if m == nil || depth > 4 {
		return []string{s}
	}
	name := ""
	if m[2] >= 0 {
		name = s[m[2]:m[3]]
	} else {
		name = s[m[4]:m[5]]
	}
	var all []string
	for _, v := range e.vars[name] {
		if len(all) >= 64 || len(v) > 1024 {
			break
		}
		all = append(all, e.expand(s[:m[0]]+v+s[m[1]:], depth+1)...)
	}
	if all == nil {
		return []string{s}
	}
	return all
}

// nginxTimeout is the default of proxy_connect_timeout, proxy_read_timeout and
// proxy_send_timeout (ngx_http_proxy_module); a stream's proxy_timeout is 10 min.
const (
	nginxTimeout       = 60 * time.Second
	nginxStreamTimeout = 10 * time.Minute
)

// inherit fills in what is in force at the place of the pass.
func (e *nginxEval) inherit(r *Route, s *nginxScope, prefix string) {
	timeout := func(name string, otherwise time.Duration) time.Duration {
		if d, ok := unitDuration(s.value(name), time.Second); ok {
			return d
		}
		return otherwise
	}
	r.Connect = timeout(prefix+"_connect_timeout", nginxTimeout)
	if s.stream {
		r.Read = timeout("proxy_timeout", nginxStreamTimeout)
		r.Send = r.Read
	} else {
		r.Read = timeout(prefix+"_read_timeout", nginxTimeout)
		r.Send = timeout(prefix+"_send_timeout", nginxTimeout)
	}
	r.HeaderBuffer = size(s.value(prefix + "_buffer_size"))
	r.HTTPVersion = s.value(prefix + "_http_version")
	r.SNI = s.value(prefix+"_ssl_server_name") == "on"
	r.Verify = s.value(prefix+"_ssl_verify") == "on"
	r.Resolvers = resolvers(s.get("resolver"))
	for _, h := range s.get(prefix + "_set_header") {
		switch strings.ToLower(h.arg(1)) {
		case "host":
			r.Host = h.arg(2)
		case "connection":
			if r.Connection = h.arg(2); r.Connection == "" {
				r.Connection = `""`
			}
		}
	}
	r.AccessLog, r.LogFormat = e.accessLog(s)
	r.ErrorLog = e.logPath(s.value("error_log"), "error.log")
}

// accessLog returns the first log in force and its format.
func (e *nginxEval) accessLog(s *nginxScope) (file, format string) {
	nodes := s.get("access_log")
	if nodes == nil && s.stream { // no default there (ngx_stream_log_module)
		return "", ""
	}
	if nodes == nil {
		return e.logPath("", "access.log"), ""
	}
	if nodes[0].arg(1) == "off" {
		return "off", ""
	}
	return e.logPath(nodes[0].arg(1), "access.log"), formatArg(nodes[0])
}

// formatArg returns the format named by an access_log directive.
func formatArg(n *nginxNode) string {
	if f := n.arg(2); !strings.Contains(f, "=") && f != "gzip" {
		return f
	}
	return ""
}

// logPath makes a log's path absolute; an empty one is the file that nginx writes
// by default. The prefix is not in the configuration: it is the parent of a
// directory called conf, and Linux packages log to /var/log/nginx.
func (e *nginxEval) logPath(name, standard string) string {
	prefix := e.dir
	if path.Base(prefix) == "conf" {
		prefix = path.Dir(prefix)
	}
	switch {
	case name == "" && prefix == "/etc/nginx":
		return "/var/log/nginx/" + standard
	case name == "":
		return path.Join(prefix, "logs", standard)
	case strings.HasPrefix(name, "/"), strings.HasPrefix(name, "syslog:"), strings.HasPrefix(name, "memory:"), name == "stderr":
		return name
	}
	return path.Join(prefix, name)
}

// logsOf notes the logs a block names.
func (e *nginxEval) logsOf(s *nginxScope) {
	for _, n := range s.own["access_log"] {
		if n.arg(1) == "" || n.arg(1) == "off" {
			continue
		}
		l := Log{Path: e.logPath(n.arg(1), ""), Format: formatArg(n), Pos: n.pos}
		for _, a := range n.args[2:] {
			key, value, _ := strings.Cut(a, "=")
			switch key {
			case "if":
				l.Condition = value
			case "buffer", "gzip":
				l.Buffered = true
			}
		}
		e.addLog(l)
	}
	for _, n := range s.own["error_log"] {
		if n.arg(1) != "" {
			e.addLog(Log{Path: e.logPath(n.arg(1), ""), Error: true, Level: n.arg(2), Pos: n.pos})
		}
	}
}

func (e *nginxEval) addLog(l Log) {
	key := strconv.FormatBool(l.Error) + l.Format + "\x00" + l.Path
	if !e.logs[key] {
		e.logs[key] = true
		e.config.Logs = append(e.config.Logs, l)
	}
}

// finish adds the default logs and hands the routes over in the order of the file.
//
// Routes come only now because a group may be declared after its use.
func (e *nginxEval) finish(root *nginxScope) {
	for _, s := range e.scopes {
		e.passesOf(s)
		e.logsOf(s)
	}
	access, errors := false, false
	for _, l := range e.config.Logs {
		access = access || !l.Error
		errors = errors || l.Error
	}
	off := false
	for i := range e.routes {
		off = off || e.routes[i].AccessLog == "off"
	}
	if !access && !off {
		e.addLog(Log{Path: e.logPath("", "access.log")})
	}
	if !errors {
		e.addLog(Log{Path: e.logPath(root.value("error_log"), "error.log"), Error: true})
	}
	for _, r := range e.routes {
		e.config.Routes = append(e.config.Routes, *r)
	}
}
