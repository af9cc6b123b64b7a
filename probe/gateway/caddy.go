package gateway

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"why502/tail"
)

// caddyPass is a reverse_proxy with its site, for the lints.
type caddyPass struct {
	route       *Route
	node        *caddyNode
	site        *caddySite
	servers     []Server
	noVerify    bool
	header      time.Duration // response_header_timeout, 0 when not set
	hostChanged bool
}

// caddySite is a site block.
type caddySite struct {
	name string
	node *caddyNode
	logs int
	off  bool // log without a file or stream
}

// caddyFile is a whole configuration.
type caddyFile struct {
	config   *Config
	files    *fileSet
	snippets map[string][]*caddyNode
	imports  int
	sites    []*caddySite
	passes   []caddyPass
	global   *caddyNode
}

// caddyDial is the default of dial_timeout (reverse_proxy, "The http transport").
const caddyDial = 3 * time.Second

func readCaddy(name string, data []byte) (*Config, error) {
	f := &caddyFile{
		config:   &Config{Gateway: "caddy", LogFormats: map[string]string{}},
		files:    &fileSet{read: []string{name}, bytes: len(data)},
		snippets: map[string][]*caddyNode{},
	}
	nodes, err := f.parse(name, data, 0)
	if err != nil {
		return nil, err
	}
	f.top(nodes)
	for _, s := range f.sites {
		f.siteLogs(s)
		f.routes(s, s.node.block, "", 0)
	}
	for _, p := range f.passes {
		f.config.Routes = append(f.config.Routes, *p.route)
	}
	f.config.Files = f.files.read
	f.config.Lints = append(runLints(caddyLints, f), f.files.notes...)
	return f.config, nil
}

var caddyEnv = tail.Pattern(`\{\$(\w+)(?::([^}]*))?\}`)

// parse reads a file and the files and snippets it imports.
func (f *caddyFile) parse(name string, data []byte, depth int) ([]*caddyNode, error) {
	// {$NAME:default} is replaced before parsing; the environment of the gateway is
	// not ours, so only the default is known.
	text := caddyEnv().ReplaceAllStringFunc(string(data), func(v string) string {
		if m := caddyEnv().FindStringSubmatch(v); m[2] != "" {
			return m[2]
		}
		return v
	})
	words, err := caddyWords(name, text)
	if err != nil {
		return nil, err
	}
	nodes, err := caddyTree(name, words)
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		if s := n.arg(0); n.open && len(n.args) == 1 && strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") {
			f.snippets[s[1:len(s)-1]] = n.block
		}
	}
	return f.expand(nodes, filepath.Dir(name), depth)
}

// expand replaces import lines, at any level, by what they name.
func (f *caddyFile) expand(nodes []*caddyNode, dir string, depth int) ([]*caddyNode, error) {
	var out []*caddyNode
	for _, n := range nodes {
		if n.arg(0) != "import" || len(n.args) < 2 {
			block, err := f.expand(n.block, dir, depth)
			if err != nil {
				return nil, err
			}
			n.block = block
			out = append(out, n)
			continue
		}
		if f.imports++; depth >= maxDepth || f.imports > maxFiles {
			return nil, errorAt(n.pos, "imports are nested too deep: look for one that imports itself")
		}
		more, err := f.imported(n, dir, depth)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

func (f *caddyFile) imported(n *caddyNode, dir string, depth int) ([]*caddyNode, error) {
	if snippet, ok := f.snippets[n.args[1]]; ok {
		return f.expand(caddyArgs(snippet, n.args[2:]), dir, depth+1)
	}
	pattern := n.args[1]
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(dir, pattern)
	}
	if info, err := os.Stat(pattern); err == nil && info.IsDir() {
		pattern = filepath.Join(pattern, "*")
	}
	var nodes []*caddyNode
	err := f.files.include(n.pos, pattern, func(name string, data []byte) error {
		more, err := f.parse(name, data, depth+1)
		nodes = append(nodes, more...)
		return err
	})
	return nodes, err
}

// caddyArgs copies a snippet with {args[N]} replaced.
func caddyArgs(nodes []*caddyNode, args []string) []*caddyNode {
	var pairs []string
	for i, a := range args[:min(len(args), 10)] {
		n := string(rune('0' + i))
		pairs = append(pairs, "{args["+n+"]}", a, "{args."+n+"}", a)
	}
	replace := strings.NewReplacer(pairs...)
	var copied []*caddyNode
	for _, n := range nodes {
		c := *n
		c.args = make([]string, len(n.args))
		for i, a := range n.args {
			c.args[i] = replace.Replace(a)
		}
		c.block = caddyArgs(n.block, args)
		copied = append(copied, &c)
	}
	return copied
}

// top tells global options, snippets and sites apart. A file whose first line
// opens no block is one site.
func (f *caddyFile) top(nodes []*caddyNode) {
	if len(nodes) > 0 && !nodes[0].open && len(nodes[0].args) > 0 {
		site := *nodes[0]
		site.block = nodes[1:]
		f.addSite(&site)
		return
	}
	for _, n := range nodes {
		switch {
		case n.open && len(n.args) == 0:
			f.global = n
			f.globalLogs(n)
		case n.open && !strings.HasPrefix(n.arg(0), "("):
			f.addSite(n)
		}
	}
}

func (f *caddyFile) addSite(n *caddyNode) {
	f.sites = append(f.sites, &caddySite{name: strings.Join(n.args, " "), node: n})
}

// globalLogs: the log option is the runtime log, where failing upstreams are
// written as http.log.error.
func (f *caddyFile) globalLogs(n *caddyNode) {
	for _, c := range n.block {
		if c.arg(0) != "log" {
			continue
		}
		l := caddyLog(c)
		l.Error = true
		if lv := c.find("level"); lv != nil {
			l.Level = lv.arg(1)
		}
		f.addLog(l)
	}
}

// caddyLog reads a log block: where to and in which format.
func caddyLog(n *caddyNode) Log {
	l := Log{Path: "stderr", Pos: n.pos}
	if out := n.find("output"); out != nil {
		switch out.arg(1) {
		case "file":
			l.Path = out.arg(2)
		case "net":
			l.Path = "net:" + out.arg(2)
		case "":
		default:
			l.Path = out.arg(1)
		}
	}
	if format := n.find("format"); format != nil {
		l.Format = format.arg(1)
	}
	if n.find("sampling") != nil {
		l.Condition = "sampling"
	}
	return l
}

func (f *caddyFile) siteLogs(s *caddySite) {
	for _, c := range s.node.block {
		if c.arg(0) != "log" {
			continue
		}
		l := f.siteLog(c)
		if l.Path == "discard" {
			s.off = true
			continue
		}
		s.logs++
		f.addLog(l)
	}
}

// siteLog reads a site's log; without options it goes where the runtime log goes
// (measured with caddy adapt, 2.6).
func (f *caddyFile) siteLog(c *caddyNode) Log {
	l := caddyLog(c)
	if len(c.block) > 0 || f.global == nil {
		return l
	}
	if g := f.global.find("log"); g != nil {
		l = caddyLog(g)
		l.Pos = c.pos
	}
	return l
}

func (f *caddyFile) addLog(l Log) {
	for _, have := range f.config.Logs {
		if have.Path == l.Path && have.Error == l.Error {
			return
		}
	}
	f.config.Logs = append(f.config.Logs, l)
}

// routes finds the reverse_proxy directives of a site, in whatever handle or
// route block they stand.
func (f *caddyFile) routes(s *caddySite, nodes []*caddyNode, path string, nesting int) {
	if nesting > maxNesting {
		return
	}
	for _, n := range nodes {
		switch n.arg(0) {
		case "reverse_proxy", "php_fastcgi", "forward_auth":
			f.pass(s, n, path)
		case "handle", "handle_path", "route", "handle_errors", "handle_response":
			inner := path
			if n.arg(1) != "" {
				inner = strings.TrimSpace(path + " " + n.arg(1))
			}
			f.routes(s, n.block, inner, nesting+1)
		}
	}
}

func (f *caddyFile) pass(s *caddySite, n *caddyNode, path string) {
	targets := n.args[1:]
	if len(targets) > 0 && strings.IndexAny(targets[0], "/@*") == 0 {
		path = strings.TrimSpace(path + " " + targets[0])
		targets = targets[1:]
	}
	r := &Route{
		Server: s.name, Path: path, Scheme: "http", Pos: n.pos, Connect: caddyDial,
		SNI: true, Verify: true, ErrorLog: "stderr", AccessLog: "off",
	}
	if n.arg(0) == "php_fastcgi" {
		r.Scheme = "fastcgi"
	}
	p := caddyPass{route: r, node: n, site: s}
	for _, c := range n.block {
		switch c.arg(0) {
		case "to":
			targets = append(targets, c.args[1:]...)
		case "header_up":
			if strings.EqualFold(c.arg(1), "host") {
				r.Host, p.hostChanged = c.arg(2), true
			}
		case "transport":
			f.transport(&p, c)
		}
	}
	for _, t := range targets {
		scheme, addr := caddyTarget(t)
		if scheme != "" {
			r.Scheme = scheme
		}
		addr = withPort(addr, r.Scheme)
		if strings.Contains(addr, "{") {
			r.Variable = true
		} else {
			r.Addrs = appendNew(r.Addrs, addr)
		}
		p.servers = append(p.servers, Server{Addr: addr, MaxFails: -1, TLS: r.Scheme == "https", Pos: n.pos, Resolves: true})
	}
	r.Target = strings.Join(targets, " ")
	for _, l := range f.config.Logs {
		if l.Error {
			r.ErrorLog = l.Path
		}
	}
	if log := s.node.find("log"); log != nil && s.logs > 0 {
		l := f.siteLog(log)
		r.AccessLog, r.LogFormat = l.Path, l.Format
	}
	f.passes = append(f.passes, p)
}

func (f *caddyFile) transport(p *caddyPass, n *caddyNode) {
	if n.arg(1) == "fastcgi" {
		p.route.Scheme = "fastcgi"
	}
	for _, c := range n.block {
		d, _ := unitDuration(c.arg(1), time.Nanosecond)
		switch c.arg(0) {
		case "dial_timeout":
			p.route.Connect = d
		case "response_header_timeout":
			p.route.Read, p.header = d, d
		case "read_timeout":
			if p.header == 0 {
				p.route.Read = d
			}
		case "write_timeout":
			p.route.Send = d
		case "tls", "tls_server_name", "tls_trust_pool":
			p.route.Scheme = "https"
		case "tls_insecure_skip_verify":
			p.route.Scheme, p.route.Verify, p.noVerify = "https", false, true
		case "resolvers":
			for _, a := range c.args[1:] {
				if _, _, err := net.SplitHostPort(a); err != nil {
					a = net.JoinHostPort(strings.Trim(a, "[]"), "53")
				}
				p.route.Resolvers = appendNew(p.route.Resolvers, a)
				f.config.Resolvers = appendNew(f.config.Resolvers, a)
			}
		}
	}
}

// caddyTarget parts an upstream address: "host:port", "http://host", "unix//path",
// "h2c://host".
func caddyTarget(t string) (scheme, addr string) {
	for _, prefix := range []string{"unix+h2c/", "unix/"} {
		if path, ok := strings.CutPrefix(t, prefix); ok {
			path, _, _ = strings.Cut(path, "|")
			return "", "unix:" + path
		}
	}
	if i := strings.Index(t, "://"); i > 0 {
		host, _ := splitTarget(t[i+3:])
		return t[:i], host
	}
	if strings.HasPrefix(t, ":") {
		return "", "localhost" + t
	}
	return "", t
}
