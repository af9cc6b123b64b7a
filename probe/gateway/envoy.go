package gateway

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Envoy's defaults: config.cluster.v3.Cluster.connect_timeout and
// config.route.v3.RouteAction.timeout.
const (
	envoyConnect = 5 * time.Second
	envoyRoute   = 15 * time.Second
)

// envoyPlaces are where listeners, clusters and route configurations stand: in a
// bootstrap, in the files of its dynamic resources, and in the admin page
// /config_dump.
var envoyPlaces = []struct {
	kind string
	path []string
}{
	{"listener", []string{"static_resources", "listeners", "*"}},
	{"cluster", []string{"static_resources", "clusters", "*"}},
	{"", []string{"resources", "*"}}, // the kind is that of its "@type"
	{"listener", []string{"configs", "*", "static_listeners", "*", "listener"}},
	{"listener", []string{"configs", "*", "dynamic_listeners", "*", "active_state", "listener"}},
	{"cluster", []string{"configs", "*", "static_clusters", "*", "cluster"}},
	{"cluster", []string{"configs", "*", "dynamic_active_clusters", "*", "cluster"}},
	{"routes", []string{"configs", "*", "static_route_configs", "*", "route_config"}},
	{"routes", []string{"configs", "*", "dynamic_route_configs", "*", "route_config"}},
}

// envoyTypes are the kinds by the last word of a resource's "@type".
var envoyTypes = map[string]string{
	"Listener": "listener", "Cluster": "cluster", "RouteConfiguration": "routes", "ClusterLoadAssignment": "endpoints",
}

// envoyFile is a whole configuration.
type envoyFile struct {
	config  *Config
	entries []yamlEntry
	// dynamic says that clusters may come from a control plane.
	dynamic bool
	// bare are listeners that pass on requests and have no access log.
	bare []Pos
	// static are the clusters whose addresses are not looked up.
	static   map[string]bool
	connect  map[string]time.Duration
	clusters map[string]*Upstream
}

// readEnvoy reads a bootstrap and the files that its dynamic resources name, such a
// file alone, or what /config_dump of the admin interface says.
func readEnvoy(name string, data []byte) (*Config, error) {
	set := &fileSet{read: []string{name}, bytes: len(data)}
	f := &envoyFile{
		config: &Config{Gateway: "envoy", LogFormats: map[string]string{}},
		static: map[string]bool{}, connect: map[string]time.Duration{}, clusters: map[string]*Upstream{},
	}
	entries, err := yamlEntries(name, data)
	if err != nil {
		return nil, err
	}
	f.entries = entries
	for _, e := range entries {
		f.dynamic = f.dynamic || e.is("dynamic_resources") && len(e.keys) > 1 || e.is("configs") || e.is("resources")
		if !e.is("dynamic_resources", "*", "path_config_source", "path") && !e.is("dynamic_resources", "*", "path") {
			continue
		}
		more, err := set.yaml(name, e.pos, e.value)
		if err != nil {
			return nil, err
		}
		f.entries = append(f.entries, more...)
	}
	f.resources()
	f.config.Files = set.read
	f.config.Lints = append(runLints(envoyLints, f), set.notes...)
	return f.config, nil
}

// resource is a listener, a cluster or a route configuration, with the keys below
// it.
type resource struct {
	kind    string
	entries []yamlEntry
}

// value is that of the first entry with these keys, "" for none.
func (r *resource) value(keys ...string) string {
	for _, e := range r.entries {
		if len(e.keys) == len(keys) && e.is(keys...) {
			return e.value
		}
	}
	return ""
}

// has says whether an entry's keys begin so.
func (r *resource) has(keys ...string) bool {
	return slices.ContainsFunc(r.entries, func(e yamlEntry) bool { return e.is(keys...) })
}

// pos is where it begins.
func (r *resource) pos() Pos { return r.entries[0].pos }

// split parts the entries below keys by the key after them, in order.
func split(entries []yamlEntry, keys ...string) []*resource {
	var all []*resource
	at := map[string]*resource{}
	for _, e := range entries {
		if !e.is(keys...) || len(e.keys) <= len(keys) {
			continue
		}
		id := e.pos.File + "\x00" + strings.Join(e.keys[:len(keys)+1], "\x00")
		r := at[id]
		if r == nil {
			r = &resource{}
			at[id] = r
			all = append(all, r)
		}
		if rest := e.keys[len(keys)+1:]; len(rest) > 0 {
			r.entries = append(r.entries, yamlEntry{rest, e.value, e.pos})
		}
	}
	return slices.DeleteFunc(all, func(r *resource) bool { return len(r.entries) == 0 })
}

// resources reads the clusters, then what leads to them.
func (f *envoyFile) resources() {
	var all []*resource
	for _, place := range envoyPlaces {
		last := len(place.path) - 1
		if place.path[last] != "*" { // one more level, whose key is known
			for _, r := range split(f.entries, place.path[:last-1]...) {
				inner := &resource{kind: place.kind, entries: under(r.entries, place.path[last])}
				if len(inner.entries) > 0 {
					all = append(all, inner)
				}
			}
			continue
		}
		for _, r := range split(f.entries, place.path[:last]...) {
			if r.kind = place.kind; r.kind == "" {
				t := r.value("@type")
				r.kind = envoyTypes[t[strings.LastIndexByte(t, '.')+1:]]
			}
			all = append(all, r)
		}
	}
	for _, kind := range []struct {
		name string
		read func(*resource)
	}{{"cluster", f.cluster}, {"endpoints", f.endpoints}, {"listener", f.listener}, {"routes", func(r *resource) { f.routes(r.entries, nil) }}} {
		for _, r := range all {
			if r.kind == kind.name {
				kind.read(r)
			}
		}
	}
	for _, name := range sortedKeys(f.clusters) {
		f.config.Upstreams = append(f.config.Upstreams, *f.clusters[name])
	}
}

// cluster reads one group of servers.
func (f *envoyFile) cluster(r *resource) {
	name := r.value("name")
	kind := strings.ToUpper(r.value("type"))
	u := &Upstream{Name: name, Pos: r.pos()}
	f.clusters[name] = u
	f.static[name] = (kind == "STATIC" || kind == "") && !r.has("cluster_type")
	f.connect[name] = envoyConnect
	if d, ok := unitDuration(r.value("connect_timeout"), time.Second); ok {
		f.connect[name] = d
	}
	f.members(u, r, "load_assignment", "endpoints")
	tls := strings.HasSuffix(r.value("transport_socket", "typed_config", "@type"), "UpstreamTlsContext")
	most, _ := strconv.Atoi(r.value("circuit_breakers", "thresholds", "0", "max_connections"))
	for i := range u.Servers {
		s := &u.Servers[i]
		s.TLS, s.SNI = tls, r.value("transport_socket", "typed_config", "sni")
		s.NoVerify = tls && !r.has("transport_socket", "typed_config", "common_tls_context", "validation_context") &&
			!r.has("transport_socket", "typed_config", "common_tls_context", "combined_validation_context")
		s.Check, s.MaxConn = r.has("health_checks"), most
		s.Resolves = kind == "STRICT_DNS" || kind == "LOGICAL_DNS"
	}
	for _, dns := range split(r.entries, "typed_dns_resolver_config", "typed_config", "resolvers") {
		if a := dns.value("socket_address", "address"); a != "" {
			f.config.Resolvers = append(f.config.Resolvers, envoyAddr(a, dns.value("socket_address", "port_value")))
		}
	}
}

// endpoints reads the servers of a group that stand in a file of their own.
func (f *envoyFile) endpoints(r *resource) {
	if u := f.clusters[r.value("cluster_name")]; u != nil {
		f.members(u, r, "endpoints")
	}
}

// members reads the addresses of a load assignment.
func (f *envoyFile) members(u *Upstream, r *resource, keys ...string) {
	for _, locality := range split(r.entries, keys...) {
		for _, m := range split(locality.entries, "lb_endpoints") {
			s := Server{MaxFails: -1, Pos: m.pos()}
			if pipe := m.value("endpoint", "address", "pipe", "path"); pipe != "" {
				s.Addr = "unix:" + pipe
			} else if a := m.value("endpoint", "address", "socket_address", "address"); a != "" {
				s.Addr = envoyAddr(a, m.value("endpoint", "address", "socket_address", "port_value"))
			} else {
				continue
			}
			switch strings.ToUpper(m.value("health_status")) {
			case "UNHEALTHY", "DRAINING", "TIMEOUT":
				s.Down = true
			}
			u.Servers = append(u.Servers, s)
		}
	}
}

// envoyAddr joins an address and a port.
func envoyAddr(host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" {
		return host
	}
	return host + ":" + port
}

// listener reads the access logs and the routes of a listener.
func (f *envoyFile) listener(r *resource) {
	var logs []Log
	passes := false
	chains := append(split(r.entries, "filter_chains"), &resource{entries: under(r.entries, "default_filter_chain")})
	logs = append(logs, f.logs(r.entries)...)
	for _, chain := range chains {
		for _, filter := range split(chain.entries, "filters") {
			config := under(filter.entries, "typed_config")
			passes = passes || len(config) > 0
			logs = append(logs, f.logs(config)...)
		}
	}
	for _, chain := range chains {
		for _, filter := range split(chain.entries, "filters") {
			config := &resource{entries: under(filter.entries, "typed_config")}
			f.routes(under(config.entries, "route_config"), logs)
			if to := config.value("cluster"); to != "" {
				f.route(Route{Server: r.value("name"), Target: to, Scheme: "tcp", Pos: config.pos()}, logs)
			}
		}
	}
	if f.config.Logs = append(f.config.Logs, logs...); passes && len(logs) == 0 {
		f.bare = append(f.bare, r.pos())
	}
}

// logs reads the access logs below access_log.
func (f *envoyFile) logs(entries []yamlEntry) []Log {
	var logs []Log
	for _, r := range split(entries, "access_log") {
		l := Log{Path: r.value("typed_config", "path"), Pos: r.pos()}
		if t := r.value("typed_config", "@type"); strings.HasSuffix(t, "StdoutAccessLog") || strings.HasSuffix(t, "StderrAccessLog") {
			l.Path = "stdout"
		}
		if r.has("filter") {
			l.Condition = "filter"
		}
		format := &resource{entries: under(r.entries, "typed_config")}
		text := format.value("format") // until v3
		if format.has("log_format") {
			format = &resource{entries: under(format.entries, "log_format")}
			text = format.value("text_format_source", "inline_string")
			if old := format.value("text_format"); text == "" {
				text = old
			}
		}
		for _, key := range []string{"json_format", "typed_json_format"} {
			if object := under(format.entries, key); len(object) > 0 && text == "" {
				text = jsonOf(object)
			}
		}
		if text != "" {
			l.Format = Pos{filepath.Base(l.Pos.File), l.Pos.Line}.String()
			f.config.LogFormats[l.Format] = strings.TrimRight(text, "\n")
		}
		logs = append(logs, l)
	}
	return logs
}

// jsonOf writes the texts of an object as JSON, as they stand in a line but for
// their order.
func jsonOf(entries []yamlEntry) string {
	root := map[string]any{}
	for _, e := range entries {
		if !strings.Contains(e.value, "%") {
			continue
		}
		at := root
		for _, k := range e.keys[:len(e.keys)-1] {
			next, ok := at[k].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[k] = next
			}
			at = next
		}
		at[e.keys[len(e.keys)-1]] = e.value
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(root); err != nil || len(root) == 0 {
		return ""
	}
	return strings.TrimSpace(b.String())
}

// routes reads the virtual hosts of a route configuration.
func (f *envoyFile) routes(entries []yamlEntry, logs []Log) {
	for _, host := range split(entries, "virtual_hosts") {
		for _, r := range split(host.entries, "routes") {
			route := Route{Server: host.value("domains", "0"), Scheme: "http", Pos: r.pos(), Read: envoyRoute}
			for _, key := range [][]string{{"prefix"}, {"path"}, {"path_separated_prefix"}, {"safe_regex", "regex"}} {
				if v := r.value(append([]string{"match"}, key...)...); v != "" {
					route.Path = v
				}
			}
			if d, ok := unitDuration(r.value("route", "timeout"), time.Second); ok {
				route.Read = d
			}
			route.Host = r.value("route", "host_rewrite_literal")
			targets := []string{r.value("route", "cluster")}
			for _, w := range split(r.entries, "route", "weighted_clusters", "clusters") {
				targets = append(targets, w.value("name"))
			}
			for _, to := range targets {
				if route.Target = to; to != "" {
					f.route(route, logs)
				}
			}
		}
	}
}

// route completes a route by its cluster and keeps it.
func (f *envoyFile) route(r Route, logs []Log) {
	r.AccessLog, r.Connect = "off", envoyConnect
	if u := f.clusters[r.Target]; u != nil {
		r.Upstream, r.Connect = r.Target, f.connect[r.Target]
		if len(u.Servers) > 0 && u.Servers[0].TLS {
			r.Scheme, r.SNI, r.Verify = "https", u.Servers[0].SNI != "", !u.Servers[0].NoVerify
		}
	}
	if len(logs) > 0 {
		r.AccessLog, r.LogFormat = logs[0].Path, logs[0].Format
	}
	f.config.Routes = append(f.config.Routes, r)
}
