package checklist

import (
	"fmt"
	"net"
	"path"
	"strconv"
	"strings"
	"time"

	"why502/probe/gateway"
	"why502/probe/load"
	"why502/tail"
)

// mostTargets is how many upstreams get commands of their own.
const mostTargets = 4

// few returns the upstreams that commands are written for.
func (f *facts) few() []upstream {
	s := f.suspects()
	return s[:min(len(s), mostTargets)]
}

func aliveCommands(f *facts) []string {
	var all []string
	for _, u := range f.few() {
		all = append(all, askCommand(&u)...)
	}
	return all
}

// askCommand asks an upstream as the gateway would.
func askCommand(u *upstream) []string {
	t, err := u.target()
	if err != nil {
		return nil
	}
	if t.ConnectOnly || strings.HasPrefix(t.URL, "tcp://") {
		return connectCommand(u)
	}
	curl := "curl -sS -o /dev/null -D - --max-time 5"
	if t.Gentle || t.Origin == "" {
		curl = "curl -sS -I --max-time 5"
	}
	if sock := u.socket(); sock != "" {
		return []string{curl + " --unix-socket " + quote(sock) + " http://localhost/"}
	}
	if t.Host == "" {
		return []string{curl + " " + quote(t.URL)}
	}
	host, port := hostPort(t.Addr())
	if strings.HasPrefix(t.URL, "https://") {
		// The name goes into SNI and Host, the address into the connect.
		name, _, err := net.SplitHostPort(t.Host)
		if err != nil {
			name = t.Host
		}
		if !isName(host) {
			return []string{curl + " --resolve " + quote(name+":"+port+":"+host) + " " + quote("https://"+name+":"+port+"/")}
		}
		return []string{curl + " --connect-to " + quote(name+":"+port+":"+host+":"+port) + " " + quote("https://"+name+":"+port+"/")}
	}
	return []string{curl + " -H " + quote("Host: "+t.Host) + " " + quote(t.URL)}
}

// connectCommand tries the connect alone.
func connectCommand(u *upstream) []string {
	if sock := u.socket(); sock != "" {
		return []string{"nc -vzU -w 3 " + quote(sock)}
	}
	host, port := hostPort(u.addr)
	if host == "" || port == "" {
		return nil
	}
	return []string{"nc -vz -w 3 " + quote(host) + " " + quote(port)}
}

// logsCommands show the failing lines in the very logs that are read.
func logsCommands(f *facts) []string {
	var errors, access []string
	grep := ""
	for _, c := range f.verdict.Causes {
		for _, e := range c.Evidence {
			if grep == "" && fromLog(e) {
				grep = grepWord(e.Sample)
			}
		}
	}
	for i := range f.snap.Sources {
		src := &f.snap.Sources[i]
		lines := "2000"
		if grep == "" && src.Kind != tail.KindAccess {
			lines = "20"
		}
		read := readCommand(src.Name, lines)
		if read == "" {
			continue
		}
		switch {
		case src.Kind == tail.KindAccess:
			access = append(access, fmt.Sprintf("%s | grep -E '(^|[^0-9])50[234]([^0-9]|$)' | tail -n 20", read))
		case grep != "":
			errors = append(errors, fmt.Sprintf("%s | grep -F %s | tail -n 20", read, quote(grep)))
		default:
			errors = append(errors, read)
		}
	}
	if len(errors) == 0 && separateErrors[f.gateway] {
		if p := f.errorLog(); strings.HasPrefix(p, "/") {
			errors = append(errors, "tail -n 50 "+quote(p))
		}
	}
	return append(errors, access...)
}

// grepWord is the fixed text to look for: the part of a line that tells.
func grepWord(sample string) string {
	for _, p := range phrases {
		if strings.Contains(sample, p.in) && len(p.in) > 3 {
			return p.in
		}
	}
	return ""
}

// readCommand prints the last lines of a source by hand, "" when it can't be
// asked again (standard input). An archive is printed whole.
func readCommand(name, lines string) string {
	kind, rest, ok := strings.Cut(name, ":")
	switch {
	case name == "-" || name == "" || name == "stdin":
		return ""
	case ok && kind == "journald":
		return "journalctl -o cat -n " + lines + " -u " + quote(rest)
	case ok && kind == "docker":
		return "docker logs --tail " + lines + " " + quote(rest) + " 2>&1"
	case ok && kind == "k8s":
		parts := strings.SplitN(rest, "/", 3)
		if len(parts) == 3 {
			return "kubectl logs --tail " + lines + " -n " + quote(parts[0]) + " " + quote(parts[1]+"/"+parts[2])
		}
		return ""
	case strings.HasPrefix(name, "ssh://"):
		host, file, _ := strings.Cut(name[6:], "/")
		return "ssh " + quote(host) + " tail -n " + lines + " " + quote("/"+file)
	case strings.Contains(name, "://"):
		return ""
	case strings.HasSuffix(name, ".gz"):
		return "zcat " + quote(name)
	case strings.HasSuffix(name, ".zst"):
		return "zstdcat " + quote(name)
	}
	return "tail -n " + lines + " " + quote(name)
}

func networkCommands(f *facts) []string {
	var all []string
	for _, u := range f.few() {
		all = append(all, connectCommand(&u)...)
		if sock := u.socket(); sock != "" {
			all = append(all, "ss -lxp | grep -F "+quote(sock), "namei -l "+quote(sock))
			continue
		}
		host, port := hostPort(u.addr)
		if port == "" {
			continue
		}
		if isLoopback(host) {
			all = append(all, "ss -ltnp "+quote("sport = :"+port))
			continue
		}
		all = append(all, "traceroute -T -p "+quote(port)+" "+quote(host), "ip route get "+quote(host))
	}
	if len(all) > 0 {
		all = append(all, "nft list ruleset", "iptables -S")
	}
	return all
}

// checkCommands test a gateway's configuration.
var checkCommands = map[string]func(file string) string{
	"nginx":   func(file string) string { return "nginx -t -c " + quote(file) },
	"haproxy": func(file string) string { return "haproxy -c -f " + quote(file) },
	"apache":  func(file string) string { return "apachectl -t -f " + quote(file) },
	"caddy":   func(file string) string { return "caddy validate --adapter caddyfile --config " + quote(file) },
}

var checkPlain = map[string]string{
	"nginx": "nginx -t", "haproxy": "haproxy -c -f /etc/haproxy/haproxy.cfg", "apache": "apachectl configtest",
	"caddy": "caddy validate --config /etc/caddy/Caddyfile",
}

func configCommands(f *facts) []string {
	if f.snap.Config == nil || len(f.snap.Config.Files) == 0 {
		if c := checkPlain[f.gateway]; c != "" {
			return append([]string{c}, showCommands(f.gateway, "")...)
		}
		return nil
	}
	file := f.snap.Config.Files[0]
	var all []string
	if check := checkCommands[f.gateway]; check != nil {
		all = append(all, check(file))
	}
	return append(all, showCommands(f.gateway, file)...)
}

// showCommands print the parts of the configuration that matter here.
func showCommands(name, file string) []string {
	switch {
	case name == "nginx":
		return []string{"nginx -T 2>/dev/null | grep -nE 'proxy_pass|_timeout|resolver|server_name|access_log|error_log'"}
	case file == "":
		return nil
	case name == "haproxy":
		return []string{"grep -nE 'server|timeout|backend|option' " + quote(file)}
	case name == "apache":
		return []string{"grep -rnE 'ProxyPass|BalancerMember|Timeout' " + quote(path.Dir(file))}
	case name == "traefik":
		return []string{"grep -nE 'url|Timeout|filePath|level' " + quote(file)}
	case name == "envoy":
		return []string{"grep -nE 'cluster|address|port_value|timeout|path' " + quote(file)}
	}
	return []string{"grep -nE 'reverse_proxy|timeout|output' " + quote(file)}
}

func dnsCommands(f *facts) []string {
	var all []string
	names := f.names()
	for _, n := range names[:min(len(names), mostTargets)] {
		all = append(all, "getent ahosts "+quote(n.host), "dig +search "+quote(n.host))
		for _, r := range f.resolvers() {
			host, port, err := net.SplitHostPort(r)
			if err != nil {
				host, port = r, "53"
			}
			c := "dig @" + quote(host)
			if port != "53" {
				c += " -p " + quote(port)
			}
			all = append(all, c+" "+quote(n.host))
		}
	}
	for _, u := range f.few() {
		if t, err := u.target(); err == nil && strings.HasPrefix(t.URL, "http") {
			all = append(all, `for i in 1 2 3 4 5; do curl -sS -o /dev/null --max-time 5 -w '%{time_namelookup} %{time_connect} %{time_starttransfer}\n' `+quote(t.URL)+`; done`)
		}
	}
	return all
}

// resolvers are the name servers the configuration names.
func (f *facts) resolvers() []string {
	if f.snap.Config == nil {
		return nil
	}
	all := f.snap.Config.Resolvers
	return all[:min(len(all), mostTargets)]
}

func loadCommands(f *facts) []string {
	for _, u := range f.few() {
		t, err := u.target()
		if err == nil && (strings.HasPrefix(t.URL, "http://") || strings.HasPrefix(t.URL, "https://")) {
			plan := load.DefaultPlan(t.URL)
			plan.Host = t.Host
			return planCommands(plan)
		}
	}
	return nil
}

// planCommands send the load of a plan with other tools. ab and hey are closed
// models: they wait for answers, so a stall hides there.
func planCommands(p load.Plan) []string {
	if p.URL == "" {
		return nil
	}
	url, conc := quote(p.URL), strconv.Itoa(max(p.Concurrency, 1))
	seconds := strconv.Itoa(max(int(p.Duration/time.Second), 1))
	total := strconv.Itoa(max(int(p.Rate*p.Duration.Seconds()), max(p.Concurrency, 1)))
	rate := strconv.FormatFloat(max(p.Rate, 1), 'f', 0, 64)
	each := strconv.FormatFloat(max(p.Rate, 1)/float64(max(p.Concurrency, 1)), 'f', 1, 64)
	host := ""
	if p.Host != "" {
		host = " -H " + quote("Host: "+p.Host)
	}
	return []string{
		"why502 load " + url,
		"oha -z " + seconds + "s -q " + rate + " -c " + conc + " --latency-correction" + host + " " + url,
		"hey -z " + seconds + "s -q " + each + " -c " + conc + host + " " + url,
		"ab -n " + total + " -c " + conc + " -s 5" + host + " " + url,
	}
}

// recordsCommands are the lines to add to the gateway's configuration where
// something is not recorded.
func recordsCommands(f *facts) []string {
	o := recordsStep(f)
	complete := len(f.snap.Sources) > 0 && o.summary == "all recorded"
	text := gateway.LogLines(f.gateway)
	if complete || text == "" {
		return nil
	}
	// The lines go to the log that is written already.
	if c := f.snap.Config; c != nil && f.gateway == "nginx" {
		for _, l := range c.Logs {
			if !l.Error && l.File() {
				text = strings.Replace(text, "/var/log/nginx/access.log", quote(l.Path), 1)
				break
			}
		}
	}
	return strings.Split(text, "\n")
}
