package gateway

import "fmt"

// caddyLints are what Caddyfiles get wrong; the behavior is that of the
// documentation of reverse_proxy and log on caddyserver.com.
var caddyLints = []lintRule[*caddyFile]{
	{
		id: "access-log-off", severity: "warn", find: caddyLogOff,
		mend: "add log { output file /var/log/caddy/access.log } to the site",
	},
	{
		id: "localhost-ipv6", severity: "warn", find: caddyLocalhost,
		mend: "write 127.0.0.1 (or [::1]) instead of localhost",
	},
	{
		id: "no-timeout", severity: "info", find: caddyNoTimeout,
		mend: "add transport http { response_header_timeout 60s } to reverse_proxy",
	},
	{
		id: "no-check", severity: "warn", find: caddyNoCheck,
		mend: "add fail_duration 10s (or health_uri /health) and lb_try_duration 5s to reverse_proxy",
	},
	{
		id: "host-header", severity: "info", find: caddyHost,
		mend: "add header_up Host {upstream_hostport} to reverse_proxy",
	},
	{
		id: "log-conditional", severity: "info", find: caddySampling,
		mend: "leave out sampling while looking for a failure, so that each request is recorded",
	},
}

func caddyEach(f *caddyFile, look func(caddyPass) string) []hit {
	var hits []hit
	for _, p := range f.passes {
		if text := look(p); text != "" {
			hits = append(hits, hit{p.route.Pos, text})
		}
	}
	return hits
}

func caddyLogOff(f *caddyFile) []hit {
	return caddyEach(f, func(p caddyPass) string {
		if p.site.logs > 0 {
			return ""
		}
		return fmt.Sprintf("site %s writes no access log: its requests are not recorded", bounded(p.site.name))
	})
}

func caddyLocalhost(f *caddyFile) []hit {
	return caddyEach(f, func(p caddyPass) string {
		for _, s := range p.servers {
			if isLocalhost(s.Addr) {
				return localhostText
			}
		}
		return ""
	})
}

func caddyNoTimeout(f *caddyFile) []hit {
	return caddyEach(f, func(p caddyPass) string {
		if p.route.Read > 0 || p.node.arg(0) != "reverse_proxy" {
			return ""
		}
		return "no response_header_timeout is set: an upstream that never answers holds its clients until they leave"
	})
}

func caddyNoCheck(f *caddyFile) []hit {
	return caddyEach(f, func(p caddyPass) string {
		if len(p.servers) < 2 || p.node.find("fail_duration") != nil || p.node.find("health_uri") != nil || p.node.find("lb_try_duration") != nil || p.node.find("lb_retries") != nil {
			return ""
		}
		return "several upstreams but neither fail_duration nor lb_try_duration: requests keep going to one that is down"
	})
}

func caddyHost(f *caddyFile) []hit {
	return caddyEach(f, func(p caddyPass) string {
		if p.route.Scheme != "https" || p.hostChanged {
			return ""
		}
		for _, s := range p.servers {
			if isName(s.Addr) && !isLocalhost(s.Addr) {
				return fmt.Sprintf("%s is asked by https with the client's Host header: a server of many sites may not know it", bounded(hostOf(s.Addr)))
			}
		}
		return ""
	})
}

func caddySampling(f *caddyFile) []hit {
	var hits []hit
	for _, l := range f.config.Logs {
		if l.Condition != "" {
			hits = append(hits, hit{l.Pos, "the log is sampled: not every request is recorded"})
		}
	}
	return hits
}
