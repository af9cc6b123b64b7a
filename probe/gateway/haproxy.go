package gateway

import (
	"strconv"
	"strings"
	"time"
)

// haProxy is one frontend, backend or listen section with what was made of it.
type haProxy struct {
	*haSection
	mode  string
	front bool // takes connections
	back  bool // has servers
	// format is the name of its log format: "", "httplog", "httplog clf",
	// "tcplog", or the section's name for a log-format of its own.
	format string
	group  *Upstream
}

// haFile is a whole configuration, for the lints.
type haFile struct {
	config  *Config
	proxies []*haProxy
	byName  map[string]*haProxy // those with servers
	global  *haSection
}

// The formats that are built in (configuration.txt, 8.2 "Log formats").
const (
	haHTTPLog = `%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r`
	haCLF     = `%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl`
	haTCPLog  = `%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq`
)

// haConfig makes a Config of sections.
func haConfig(sections []*haSection, files []string) *Config {
	c := &Config{
		Gateway: "haproxy", Files: files,
		LogFormats: map[string]string{"httplog": haHTTPLog, "httplog clf": haCLF, "tcplog": haTCPLog},
	}
	f := &haFile{config: c, byName: map[string]*haProxy{}}
	for _, s := range sections {
		switch s.kind {
		case "global":
			f.global = s
		case "resolvers":
			for _, l := range s.all("nameserver") {
				if len(l.args) > 2 {
					c.Resolvers = appendNew(c.Resolvers, strings.TrimPrefix(strings.TrimPrefix(l.args[2], "udp@"), "tcp@"))
				}
			}
		case "frontend", "backend", "listen":
			f.addProxy(s)
		}
	}
	for _, p := range f.proxies {
		if p.back {
			p.group = haUpstream(p)
			c.Upstreams = append(c.Upstreams, *p.group)
			f.byName[p.name] = p
		}
	}
	for _, p := range f.proxies {
		if p.front {
			f.routes(p)
			f.logs(p)
		}
	}
	c.Lints = runLints(haLints, f)
	return c
}

func (f *haFile) addProxy(s *haSection) {
	p := &haProxy{haSection: s, mode: "tcp", front: s.kind != "backend", back: s.kind != "frontend"}
	if l := s.line("mode"); l != nil && len(l.args) > 1 {
		p.mode = l.args[1]
	}
	p.format = f.logFormat(p)
	f.proxies = append(f.proxies, p)
}

// logFormat finds the format in force: the section's own choice goes before that
// of its defaults, a log-format before the options.
func (f *haFile) logFormat(p *haProxy) string {
	for s := p.haSection; s != nil; s = s.defaults {
		name := ""
		for _, l := range s.lines {
			switch {
			case startsWith(l.args, []string{"option", "httplog"}):
				name = strings.Join(l.args[1:min(len(l.args), 3)], " ")
			case startsWith(l.args, []string{"option", "tcplog"}):
				name = "tcplog"
			}
		}
		for _, l := range s.lines {
			if l.args[0] == "log-format" && len(l.args) > 1 {
				name = s.name
				if s.kind == "defaults" {
					name = "defaults " + s.name
				}
				f.config.LogFormats[name] = strings.Join(l.args[1:], " ")
			}
		}
		if name != "" {
			return name
		}
	}
	return ""
}

// timeout returns a timeout in force; a plain number counts milliseconds
// (configuration.txt, 2.5 "Time format").
func (s *haSection) timeout(name string) (time.Duration, bool) {
	l := s.line("timeout", name)
	if l == nil || len(l.args) < 3 {
		return 0, false
	}
	return unitDuration(l.args[2], time.Millisecond)
}

// haUpstream reads the servers of a backend or listen section.
func haUpstream(p *haProxy) *Upstream {
	u := &Upstream{Name: p.name, Pos: p.pos}
	var common []string
	for s := p.haSection; s != nil; s = s.defaults {
		for _, l := range s.all("default-server") {
			common = append(common, l.args[1:]...)
		}
	}
	for _, l := range p.all("server") {
		if len(l.args) > 2 {
			u.Servers = append(u.Servers, haServer(l, common))
		}
	}
	for _, l := range p.all("server-template") {
		if len(l.args) > 3 {
			u.Servers = append(u.Servers, haServer(haLine{append([]string{"server", l.args[1] + l.args[2]}, l.args[3:]...), l.pos}, common))
		}
	}
	return u
}

// haServer reads a server line (configuration.txt, 5.2 "Server and default-server
// options").
func haServer(l haLine, common []string) Server {
	srv := Server{Name: l.args[1], Addr: haAddr(l.args[2]), MaxFails: -1, Pos: l.pos}
	verify := ""
	options := append(append([]string{}, common...), l.args[3:]...)
	value := func(i int) string {
		if i+1 < len(options) {
			return options[i+1]
		}
		return ""
	}
	for i, o := range options {
		switch o {
		case "check":
			srv.Check = true
		case "no-check":
			srv.Check = false
		case "ssl":
			srv.TLS = true
		case "no-ssl":
			srv.TLS = false
		case "backup":
			srv.Backup = true
		case "disabled":
			srv.Down = true
		case "sni":
			srv.SNI = value(i)
		case "verify":
			verify = value(i)
		case "ca-file":
			if verify == "" {
				verify = "required"
			}
		case "resolvers":
			srv.Resolves = true
		case "fall":
			srv.MaxFails, _ = strconv.Atoi(value(i))
		case "maxconn":
			srv.MaxConn, _ = strconv.Atoi(value(i))
		}
	}
	srv.NoVerify = verify == "none"
	return srv
}

// haAddr gives a server's address the form upstreams have elsewhere.
func haAddr(a string) string {
	for _, prefix := range []string{"ipv4@", "ipv6@", "tcp4@", "tcp6@", "tcp@"} {
		a = strings.TrimPrefix(a, prefix)
	}
	if path, ok := strings.CutPrefix(a, "unix@"); ok {
		return "unix:" + path
	}
	if strings.HasPrefix(a, "/") {
		return "unix:" + a
	}
	return a
}

// routes makes a route of each backend a frontend may choose.
func (f *haFile) routes(p *haProxy) {
	if p.back && len(p.group.Servers) > 0 {
		f.route(p, p, "", p.pos)
	}
	for _, l := range p.all("use_backend") {
		if len(l.args) > 1 {
			f.route(p, f.byName[l.args[1]], strings.Join(l.args[2:], " "), l.pos, l.args[1])
		}
	}
	if l := p.line("default_backend"); l != nil && len(l.args) > 1 {
		f.route(p, f.byName[l.args[1]], "", l.pos, l.args[1])
	}
}

func (f *haFile) route(front, back *haProxy, condition string, pos Pos, target ...string) {
	r := Route{Server: front.name, Path: condition, Scheme: front.mode, LogFormat: front.format, Pos: pos}
	for _, t := range target {
		r.Target = t
		r.Variable = strings.Contains(t, "%[")
	}
	if back != nil {
		r.Target, r.Upstream = back.name, back.name
		r.Connect, _ = back.timeout("connect")
		r.Read, _ = back.timeout("server")
		r.Send = r.Read
		for _, s := range back.group.Servers {
			if s.TLS && front.mode == "http" {
				r.Scheme = "https"
			}
			r.SNI = r.SNI || s.SNI != ""
			r.Verify = r.Verify || s.TLS && !s.NoVerify
		}
	}
	r.AccessLog = "off"
	if logs := front.logTo(f.global); logs != nil {
		r.AccessLog = haLogPath(logs[0])
	}
	r.ErrorLog = r.AccessLog
	f.config.Routes = append(f.config.Routes, r)
}

// logTo returns the log lines a proxy writes to, nil when none. A section's own
// lines go before those of its defaults; "no log" takes back what came before it.
func (s *haSection) logTo(global *haSection) []haLine {
	for ; s != nil; s = s.defaults {
		var found []haLine
		cleared := false
		for _, l := range s.lines {
			switch {
			case startsWith(l.args, []string{"no", "log"}):
				found, cleared = nil, true
			case l.args[0] == "log" && len(l.args) > 1 && l.args[1] == "global":
				if global != nil {
					found = append(found, global.all("log")...)
				}
			case l.args[0] == "log":
				found = append(found, l)
			}
		}
		if found != nil || cleared {
			return found
		}
	}
	return nil
}

// haLogPath names a log line's target: HAProxy writes to a syslog socket or to a
// standard stream, the file is the syslog server's choice.
func haLogPath(l haLine) string {
	if len(l.args) < 2 {
		return "off"
	}
	if l.args[1] == "stdout" || l.args[1] == "stderr" {
		return l.args[1]
	}
	return "syslog:" + strings.Join(l.args[1:min(len(l.args), 3)], " ")
}

func (f *haFile) logs(p *haProxy) {
next:
	for _, l := range p.logTo(f.global) {
		log := Log{Path: haLogPath(l), Format: p.format, Pos: l.pos}
		for i, a := range l.args {
			if a == "sample" && i+1 < len(l.args) {
				log.Condition = "sample " + l.args[i+1]
			}
		}
		for _, have := range f.config.Logs {
			if have.Path == log.Path && have.Format == log.Format {
				continue next
			}
		}
		f.config.Logs = append(f.config.Logs, log)
	}
}
