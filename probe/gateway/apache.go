package gateway

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// apScope is the server, a virtual host or a location with what is set in it.
type apScope struct {
	outer *apScope
	host  string // ServerName
	path  string // of a Location
	own   map[string][]*apNode
}

func (s *apScope) get(name string) []*apNode {
	for ; s != nil; s = s.outer {
		if n := s.own[name]; n != nil {
			return n
		}
	}
	return nil
}

func (s *apScope) value(name string) string {
	if nodes := s.get(name); len(nodes) > 0 {
		return nodes[len(nodes)-1].arg(0)
	}
	return ""
}

// apPass is a route with its scope and parameters, for the lints.
type apPass struct {
	route  *Route
	scope  *apScope
	params map[string]string
}

// apFile is a whole configuration.
type apFile struct {
	config *Config
	parser *apParser
	scopes []*apScope
	passes []apPass
	groups map[string]int // index in config.Upstreams
}

// The formats that packages define (httpd.conf as shipped).
const (
	apCommon   = `%h %l %u %t "%r" %>s %b`
	apCombined = apCommon + ` "%{Referer}i" "%{User-Agent}i"`
)

// apTimeout is the default of Timeout and so of ProxyTimeout (core, mod_proxy).
const apTimeout = 60 * time.Second

func readApache(name string, data []byte) (*Config, error) {
	dir := filepath.Dir(name)
	p := &apParser{files: &fileSet{read: []string{name}, bytes: len(data)}, root: dir, vars: apEnv(dir)}
	if filepath.Base(dir) == "conf" {
		p.root = filepath.Dir(dir)
	}
	nodes, err := p.parse(name, data, 0)
	if err != nil {
		return nil, err
	}
	f := &apFile{
		config: &Config{Gateway: "apache", LogFormats: map[string]string{"common": apCommon, "combined": apCombined}},
		parser: p, groups: map[string]int{},
	}
	f.walk(nodes, &apScope{})
	for _, s := range f.scopes {
		f.balancers(s)
	}
	for _, s := range f.scopes {
		f.routes(s)
		f.logs(s)
	}
	for _, pass := range f.passes {
		f.config.Routes = append(f.config.Routes, *pass.route)
	}
	f.config.Files = p.files.read
	f.config.Lints = append(runLints(apLints, f), p.files.notes...)
	return f.config, nil
}

func (f *apFile) walk(nodes []*apNode, s *apScope) {
	s.own = map[string][]*apNode{}
	f.scopes = append(f.scopes, s)
	for _, n := range nodes {
		s.own[n.name] = append(s.own[n.name], n)
		if n.name == "logformat" && len(n.args) == 2 {
			f.config.LogFormats[n.args[1]] = n.args[0]
		}
	}
	if names := s.own["servername"]; names != nil {
		s.host = names[0].arg(0)
	}
	for _, n := range nodes {
		inner := &apScope{outer: s, host: s.host, path: s.path}
		switch n.name {
		case "virtualhost":
			inner.host = strings.Join(n.args, " ")
		case "location", "locationmatch":
			inner.path = strings.Join(n.args, " ")
		case "proxy":
			inner.path = strings.Join(n.args, " ")
		case "if", "else", "elseif", "directory", "files", "filesmatch", "directorymatch":
		default:
			continue
		}
		f.walk(n.block, inner)
	}
}

// balancers collects BalancerMember lines (mod_proxy), which name their group or
// stand in its <Proxy> section.
func (f *apFile) balancers(s *apScope) {
	for _, n := range s.own["balancermember"] {
		group, args := s.path, n.args
		if len(args) > 1 && strings.HasPrefix(args[0], "balancer://") {
			group, args = args[0], args[1:]
		}
		name, ok := strings.CutPrefix(group, "balancer://")
		if !ok || len(args) == 0 {
			continue
		}
		name, _, _ = strings.Cut(strings.TrimRight(name, "/"), "/")
		i, known := f.groups[name]
		if !known {
			i = len(f.config.Upstreams)
			f.groups[name] = i
			f.config.Upstreams = append(f.config.Upstreams, Upstream{Name: name, Pos: n.pos})
		}
		scheme, addr := apTarget(args[0])
		params := apParams(args[1:])
		u := &f.config.Upstreams[i]
		u.Servers = append(u.Servers, Server{
			Addr: addr, MaxFails: -1, TLS: scheme == "https", Pos: n.pos,
			FailTimeout: apSeconds(params["retry"], 0),
			Down:        strings.ContainsAny(params["status"], "DdSs"),
			Backup:      strings.Contains(params["status"], "H"),
		})
	}
}

// apTarget parts a worker's URL: "http://host:port/path",
// "unix:/path.sock|http://host/".
func apTarget(url string) (scheme, addr string) {
	socket := ""
	if rest, ok := strings.CutPrefix(url, "unix:"); ok {
		socket, url, _ = strings.Cut(rest, "|")
	}
	scheme, rest, _ := strings.Cut(url, "://")
	if scheme == "fcgi" {
		scheme = "fastcgi"
	}
	if socket != "" {
		return scheme, "unix:" + socket
	}
	host, _ := splitTarget(rest)
	return scheme, withPort(host, scheme)
}

// apParams reads key=value parameters, names in lower case.
func apParams(args []string) map[string]string {
	params := map[string]string{}
	for _, a := range args {
		if key, value, ok := strings.Cut(a, "="); ok {
			params[strings.ToLower(key)] = value
		}
	}
	return params
}

// apSeconds reads a time in seconds, or with ms, s, min, h.
func apSeconds(s string, otherwise time.Duration) time.Duration {
	s = strings.ReplaceAll(s, "min", "m")
	if d, ok := unitDuration(s, time.Second); ok {
		return d
	}
	return otherwise
}

// routes makes a route of each ProxyPass, ProxyPassMatch and proxying RewriteRule.
func (f *apFile) routes(s *apScope) {
	for _, name := range []string{"proxypass", "proxypassmatch"} {
		for _, n := range s.own[name] {
			path, args := s.path, n.args
			if len(args) > 1 && !strings.Contains(args[0], "://") && args[0] != "!" {
				path, args = args[0], args[1:]
			}
			if len(args) > 0 && args[0] != "!" {
				f.pass(s, n.pos, path, args[0], apParams(args[1:]))
			}
		}
	}
	for _, n := range s.own["rewriterule"] {
		for _, flag := range strings.Split(strings.Trim(n.arg(2), "[]"), ",") {
			if flag == "P" || flag == "proxy" {
				f.pass(s, n.pos, n.arg(0), n.arg(1), nil)
			}
		}
	}
}

func (f *apFile) pass(s *apScope, pos Pos, path, target string, params map[string]string) {
	r := &Route{Server: s.host, Path: path, Target: target, Pos: pos}
	r.Scheme, _ = apTarget(target)
	r.Variable = strings.ContainsAny(target, "%$")
	if name, ok := strings.CutPrefix(target, "balancer://"); ok {
		name, _, _ = strings.Cut(name, "/")
		r.Upstream, r.Scheme = name, "http"
		if i, known := f.groups[name]; known {
			for _, srv := range f.config.Upstreams[i].Servers {
				if srv.TLS {
					r.Scheme = "https"
				}
			}
		}
	} else if _, addr := apTarget(target); addr != "" && !strings.ContainsAny(addr, "$%") {
		r.Addrs = []string{addr}
	}
	r.Read = apSeconds(params["timeout"], apSeconds(s.value("proxytimeout"), apSeconds(s.value("timeout"), apTimeout)))
	r.Connect = apSeconds(params["connectiontimeout"], r.Read)
	r.Send = r.Read
	r.HeaderBuffer, _ = strconv.Atoi(params["responsefieldsize"])
	if strings.EqualFold(s.value("proxypreservehost"), "on") {
		r.Host = "$host"
	}
	r.SNI = true // mod_proxy sends the host's name
	r.Verify = strings.EqualFold(s.value("sslproxyverify"), "require")
	r.AccessLog = "off"
	if logs := s.get("customlog"); len(logs) > 0 {
		r.AccessLog, r.LogFormat = f.logPath(logs[0].arg(0)), logs[0].arg(1)
	} else if logs := s.get("transferlog"); len(logs) > 0 {
		r.AccessLog = f.logPath(logs[0].arg(0))
	}
	r.ErrorLog = f.logPath(s.value("errorlog"))
	f.passes = append(f.passes, apPass{r, s, params})
}

// logPath makes a log's path absolute. Pipes and syslog stay as they are; the
// default of ErrorLog is logs/error_log below ServerRoot (core).
func (f *apFile) logPath(name string) string {
	switch {
	case name == "":
		return f.parser.absolute("logs/error_log")
	case strings.HasPrefix(name, "|"), strings.HasPrefix(name, "syslog"):
		return name
	}
	return f.parser.absolute(name)
}

func (f *apFile) logs(s *apScope) {
	buffered := strings.EqualFold(s.value("bufferedlogs"), "on")
	for _, n := range append(s.own["customlog"], s.own["transferlog"]...) {
		l := Log{Path: f.logPath(n.arg(0)), Format: n.arg(1), Pos: n.pos, Buffered: buffered}
		if strings.ContainsAny(l.Format, "% ") { // a format without a name
			name := l.Format
			f.config.LogFormats[name] = name
		}
		if len(n.args) > 2 {
			l.Condition = strings.Join(n.args[2:], " ")
		}
		f.addLog(l)
	}
	for _, n := range s.own["errorlog"] {
		f.addLog(Log{Path: f.logPath(n.arg(0)), Error: true, Level: s.value("loglevel"), Pos: n.pos})
	}
}

func (f *apFile) addLog(l Log) {
	for _, have := range f.config.Logs {
		if have.Path == l.Path && have.Format == l.Format && have.Error == l.Error {
			return
		}
	}
	f.config.Logs = append(f.config.Logs, l)
}
