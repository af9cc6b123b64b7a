package gateway

import (
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// traefikDial is the default of forwardingTimeouts.dialTimeout.
const traefikDial = 30 * time.Second

// traefikFile is a whole configuration.
type traefikFile struct {
	config    *Config
	entries   []yamlEntry
	access    bool
	accessPos Pos
	level     string
}

// readTraefik reads a static configuration and the files its file provider
// names, or a dynamic configuration.
func readTraefik(name string, data []byte) (*Config, error) {
	set := &fileSet{read: []string{name}, bytes: len(data)}
	f := &traefikFile{config: &Config{Gateway: "traefik", LogFormats: map[string]string{}}}
	entries, err := yamlEntries(name, data)
	if err != nil {
		return nil, err
	}
	f.entries = entries
	for _, e := range entries {
		pattern := ""
		switch {
		case e.is("providers", "file", "filename"):
			pattern = e.value
		case e.is("providers", "file", "directory"):
			pattern = filepath.Join(e.value, "*.y*ml")
		}
		if pattern == "" {
			continue
		}
		more, err := set.yaml(name, e.pos, pattern)
		if err != nil {
			return nil, err
		}
		f.entries = append(f.entries, more...)
	}
	f.logs()
	f.services()
	f.config.Files = set.read
	f.config.Lints = append(runLints(traefikLints, f), set.notes...)
	return f.config, nil
}

// logs reads log and accessLog; without a path both go to standard output.
func (f *traefikFile) logs() {
	access, errors := Log{Path: "stdout", Format: "common"}, Log{Path: "stdout", Error: true, Level: "ERROR"}
	runtime := false
	for _, e := range f.entries {
		switch {
		case e.is("accessLog"):
			if !f.access {
				access.Pos, f.accessPos = e.pos, e.pos
			}
			f.access = true
			switch {
			case e.is("accessLog", "filePath"):
				access.Path = e.value
			case e.is("accessLog", "format"):
				access.Format = e.value
			case e.is("accessLog", "filters", "*"):
				access.Condition = e.keys[2]
			case e.is("accessLog", "bufferingSize"):
				access.Buffered = e.value != "0"
			}
		case e.is("log"):
			runtime = true
			errors.Pos = e.pos
			switch {
			case e.is("log", "filePath"):
				errors.Path = e.value
			case e.is("log", "level"):
				errors.Level = e.value
			}
		}
	}
	f.level = errors.Level
	if f.access {
		f.config.Logs = append(f.config.Logs, access)
	}
	if runtime || f.access {
		f.config.Logs = append(f.config.Logs, errors)
	}
}

// services reads http.services and the routers that lead to them.
func (f *traefikFile) services() {
	groups := map[string]*Upstream{}
	transport := map[string]string{} // service -> serversTransport
	timeouts := map[string]map[string]time.Duration{}
	rules, targets := map[string]string{}, map[string]yamlEntry{}
	for _, e := range f.entries {
		switch {
		case e.is("http", "services", "*", "loadBalancer", "servers", "*", "url"):
			scheme, rest, _ := strings.Cut(e.value, "://")
			host, _ := splitTarget(rest)
			u := groups[e.keys[2]]
			if u == nil {
				u = &Upstream{Name: e.keys[2], Pos: e.pos}
				groups[e.keys[2]] = u
			}
			u.Servers = append(u.Servers, Server{Addr: withPort(host, scheme), MaxFails: -1, TLS: scheme == "https", Pos: e.pos, Resolves: true})
		case e.is("http", "services", "*", "loadBalancer", "serversTransport"):
			transport[e.keys[2]], _, _ = strings.Cut(e.value, "@")
		case e.is("http", "serversTransports", "*", "forwardingTimeouts", "*"):
			if timeouts[e.keys[2]] == nil {
				timeouts[e.keys[2]] = map[string]time.Duration{}
			}
			if d, ok := unitDuration(e.value, time.Second); ok && len(e.keys) > 4 {
				timeouts[e.keys[2]][e.keys[4]] = d
			}
		case e.is("http", "routers", "*", "rule"):
			rules[e.keys[2]] = e.value
		case e.is("http", "routers", "*", "service"):
			targets[e.keys[2]] = e
		}
	}
	for _, name := range sortedKeys(groups) {
		f.config.Upstreams = append(f.config.Upstreams, *groups[name])
	}
	for _, router := range sortedKeys(targets) {
		e := targets[router]
		service, _, _ := strings.Cut(e.value, "@")
		r := Route{Server: router, Path: rules[router], Target: service, Scheme: "http", Connect: traefikDial, Pos: e.pos, SNI: true, Verify: true, AccessLog: "off"}
		if u := groups[service]; u != nil {
			r.Upstream = service
			if u.Servers[0].TLS {
				r.Scheme = "https"
			}
		}
		t := timeouts[transport[service]]
		if d, ok := t["dialTimeout"]; ok {
			r.Connect = d
		}
		r.Read = t["responseHeaderTimeout"]
		for _, l := range f.config.Logs {
			if l.Error {
				r.ErrorLog = l.Path
			} else {
				r.AccessLog, r.LogFormat = l.Path, l.Format
			}
		}
		f.config.Routes = append(f.config.Routes, r)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// traefikLints are what Traefik configurations get wrong.
var traefikLints = []lintRule[*traefikFile]{
	{
		id: "access-log-off", severity: "warn",
		mend: "add accessLog: with filePath and format: json",
		find: func(f *traefikFile) []hit {
			if f.access || !f.static() {
				return nil
			}
			return []hit{{Pos{}, "accessLog is not switched on: requests are not recorded"}}
		},
	},
	{
		id: "no-upstream-fields", severity: "warn",
		mend: "set accessLog.format: json, which records OriginStatus, ServiceURL and OriginDuration",
		find: func(f *traefikFile) []hit {
			for _, l := range f.config.Logs {
				if !l.Error && l.Format != "json" {
					return []hit{{f.accessPos, "the common format does not tell the upstream's status from Traefik's own"}}
				}
			}
			return nil
		},
	},
	{
		id: "error-log-level", severity: "info",
		mend: "set log.level: DEBUG while looking for a failure",
		find: func(f *traefikFile) []hit {
			for _, l := range f.config.Logs {
				if l.Error && !strings.EqualFold(l.Level, "debug") {
					return []hit{{l.Pos, "why an upstream failed is logged at level DEBUG only"}}
				}
			}
			return nil
		},
	},
	{
		id: "localhost-ipv6", severity: "warn",
		mend: "write 127.0.0.1 (or [::1]) instead of localhost",
		find: func(f *traefikFile) []hit { return localhostServers(f.config) },
	},
}

// static says whether the file is a static configuration, where logs are set.
func (f *traefikFile) static() bool {
	for _, e := range f.entries {
		if e.is("entryPoints") || e.is("providers") {
			return true
		}
	}
	return false
}
