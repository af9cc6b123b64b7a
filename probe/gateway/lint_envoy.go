package gateway

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// envoyLints are what Envoy's configurations get wrong.
var envoyLints = []lintRule[*envoyFile]{
	{id: "no-cluster", severity: "fail", find: envoyNoCluster, mend: "name a cluster of static_resources.clusters in the route, or add it"},
	{id: "static-name", severity: "fail", find: envoyStaticName, mend: "set the cluster's type to STRICT_DNS"},
	{id: "no-servers", severity: "fail", find: envoyNoServers, mend: "give the cluster a load_assignment with at least one endpoint"},
	{id: "access-log-off", severity: "warn", find: envoyNoLog, mend: "add access_log to the HTTP connection manager"},
	{id: "no-upstream-fields", severity: "warn", find: envoyLogFields, mend: "write %RESPONSE_FLAGS% and %UPSTREAM_HOST% into the format"},
	{id: "localhost-ipv6", severity: "warn", find: func(f *envoyFile) []hit { return localhostServers(f.config) }, mend: "write 127.0.0.1 (or [::1]) instead of localhost, or set dns_lookup_family: V4_ONLY"},
	{id: "log-conditional", severity: "info", find: envoyConditional, mend: "take the filter off while looking for a failure"},
}

// envoyNoCluster finds routes that lead nowhere (response flag NC). Where clusters
// come from elsewhere nobody can tell.
func envoyNoCluster(f *envoyFile) []hit {
	var hits []hit
	for _, r := range f.config.Routes {
		if r.Upstream == "" && !f.dynamic && len(f.clusters) > 0 {
			hits = append(hits, hit{r.Pos, fmt.Sprintf("the route leads to the cluster %q, which does not exist: Envoy answers 503 with the flag NC", r.Target)})
		}
	}
	return hits
}

// envoyStaticName: config.cluster.v3.Cluster.DiscoveryType, STATIC is the default.
func envoyStaticName(f *envoyFile) []hit {
	return eachServer(f.config, func(u *Upstream, s *Server) string {
		host, _, err := net.SplitHostPort(s.Addr)
		if _, bad := netip.ParseAddr(host); err != nil || bad == nil || !f.static[u.Name] || strings.HasPrefix(s.Addr, "unix:") {
			return ""
		}
		return fmt.Sprintf("the cluster %s is STATIC, which takes addresses only, and %s is a name: Envoy refuses the configuration", u.Name, host)
	})
}

func envoyNoServers(f *envoyFile) []hit {
	var hits []hit
	for _, name := range sortedKeys(f.clusters) {
		if u := f.clusters[name]; len(u.Servers) == 0 && f.static[name] && !f.dynamic {
			hits = append(hits, hit{u.Pos, fmt.Sprintf("the cluster %s has no endpoint: Envoy answers 503 with the flag UH", name)})
		}
	}
	return hits
}

func envoyNoLog(f *envoyFile) []hit {
	var hits []hit
	for _, pos := range f.bare {
		hits = append(hits, hit{pos, "the listener has no access log: requests are not recorded"})
	}
	return hits
}

func envoyLogFields(f *envoyFile) []hit {
	var hits []hit
	for _, l := range f.config.Logs {
		if text := f.config.LogFormats[l.Format]; text != "" && !strings.Contains(text, "%RESPONSE_FLAGS") {
			hits = append(hits, hit{l.Pos, "the format lacks %RESPONSE_FLAGS%: why a request failed is not recorded"})
		}
	}
	return hits
}

func envoyConditional(f *envoyFile) []hit {
	var hits []hit
	for _, l := range f.config.Logs {
		if l.Condition != "" {
			hits = append(hits, hit{l.Pos, "a filter decides which requests are written to the access log"})
		}
	}
	return hits
}
