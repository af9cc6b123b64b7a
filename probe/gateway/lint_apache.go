package gateway

import (
	"fmt"
	"strings"
	"time"
)

// apLints are what Apache configurations get wrong; the behavior is that of the
// documentation of mod_proxy, mod_ssl and mod_log_config.
var apLints = []lintRule[*apFile]{
	{
		id: "no-proxy-tls", severity: "fail", find: apNoEngine,
		mend: "add SSLProxyEngine on to the virtual host",
	},
	{
		id: "no-servers", severity: "fail", find: apNoGroup,
		mend: "add a <Proxy balancer://NAME> section with BalancerMember lines",
	},
	{
		id: "slash-mismatch", severity: "warn", find: apSlash,
		mend: "end both the path and the URL of ProxyPass with a slash, or neither",
	},
	{
		id: "stale-dns", severity: "warn", find: apStaleDNS,
		mend: "add disablereuse=on to ProxyPass; until then reload Apache when the address changes",
	},
	{
		id: "localhost-ipv6", severity: "warn", find: apLocalhost,
		mend: "write 127.0.0.1 (or [::1]) instead of localhost",
	},
	{
		id: "timeout-order", severity: "warn", find: apTimeouts,
		mend: "add connectiontimeout=5 to ProxyPass or BalancerMember",
	},
	{
		id: "no-upstream-fields", severity: "warn", find: apLogFields,
		mend: "log with a format that has %{BALANCER_WORKER_NAME}e, %D and %>s",
	},
	{
		id: "access-log-off", severity: "warn", find: apLogOff,
		mend: "add CustomLog FILE FORMAT",
	},
	{
		id: "quick-eject", severity: "info", find: apEject,
		mend: "set retry=5 (or 0) on BalancerMember",
	},
}

func apEachPass(f *apFile, look func(apPass) string) []hit {
	var hits []hit
	for _, p := range f.passes {
		if text := look(p); text != "" {
			hits = append(hits, hit{p.route.Pos, text})
		}
	}
	return hits
}

func apNoEngine(f *apFile) []hit {
	return apEachPass(f, func(p apPass) string {
		if p.route.Scheme != "https" || strings.EqualFold(p.scope.value("sslproxyengine"), "on") {
			return ""
		}
		return "the upstream is asked by https but SSLProxyEngine is not on: every request gets 500 (AH01961)"
	})
}

func apNoGroup(f *apFile) []hit {
	return apEachPass(f, func(p apPass) string {
		if _, ok := f.groups[p.route.Upstream]; p.route.Upstream == "" || ok || p.route.Variable {
			return ""
		}
		return fmt.Sprintf("balancer://%s has no member: every request gets 503", bounded(p.route.Upstream))
	})
}

func apSlash(f *apFile) []hit {
	return apEachPass(f, func(p apPass) string {
		path, target := p.route.Path, p.route.Target
		if path == "" || strings.ContainsAny(path, "^$( ~") || strings.HasPrefix(target, "unix:") || targetPath(target) == "" && path == "/" {
			return ""
		}
		if a, b := strings.HasSuffix(path, "/"), strings.HasSuffix(target, "/"); a != b {
			return fmt.Sprintf("ProxyPass %s %s: only one of them ends with a slash, so paths are joined wrongly", bounded(path), bounded(target))
		}
		return ""
	})
}

func apStaleDNS(f *apFile) []hit {
	return apEachPass(f, func(p apPass) string {
		if strings.EqualFold(p.params["disablereuse"], "on") || p.params["addressttl"] != "" || p.route.Variable {
			return ""
		}
		for _, a := range p.route.Addrs {
			if isName(a) && !isLocalhost(a) {
				return fmt.Sprintf(staleText, bounded(hostOf(a)), "Apache")
			}
		}
		return ""
	})
}

func apLocalhost(f *apFile) []hit {
	hits := apEachPass(f, func(p apPass) string {
		for _, a := range p.route.Addrs {
			if isLocalhost(a) {
				return localhostText
			}
		}
		return ""
	})
	return append(hits, localhostServers(f.config)...)
}

func apTimeouts(f *apFile) []hit {
	return apEachPass(f, func(p apPass) string {
		if p.params["connectiontimeout"] != "" || p.route.Connect < 30*time.Second || len(p.route.Addrs) == 0 || strings.HasPrefix(p.route.Addrs[0], "unix:") {
			return ""
		}
		return fmt.Sprintf("no connectiontimeout is set: an unreachable upstream holds a worker for %s", p.route.Connect)
	})
}

func apLogFields(f *apFile) []hit {
	return apEachPass(f, func(p apPass) string {
		logs := p.scope.get("customlog")
		if len(logs) == 0 {
			return ""
		}
		for _, l := range logs {
			format, ok := f.config.LogFormats[l.arg(1)]
			if !ok {
				format = l.arg(1)
			}
			if strings.Contains(format, "BALANCER_WORKER_NAME") || strings.Contains(format, "%{c}a") ||
				p.route.Upstream == "" && (strings.Contains(format, "%D") || strings.Contains(format, "us}T") || strings.Contains(format, "ms}T")) {
				return ""
			}
		}
		return "no access log of this route records the duration and the worker: which upstream failed, and whether at once or after a timeout, can't be seen"
	})
}

func apLogOff(f *apFile) []hit {
	return apEachPass(f, func(p apPass) string {
		if p.route.AccessLog != "off" {
			return ""
		}
		return "this route writes no access log"
	})
}

// apEject: a worker in error state is left alone for retry seconds, 60 by default.
func apEject(f *apFile) []hit {
	var hits []hit
	for _, u := range f.config.Upstreams {
		plain := len(u.Servers) > 1
		for _, s := range u.Servers {
			plain = plain && s.FailTimeout == 0
		}
		if plain {
			hits = append(hits, hit{u.Pos, fmt.Sprintf("one failed connect takes a member of balancer %s out for 60 s", bounded(u.Name))})
		}
	}
	return hits
}
