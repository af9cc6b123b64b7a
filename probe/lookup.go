package probe

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// SystemResolvers returns the resolvers this machine is set up with as "ip:port",
// as /etc/resolv.conf (resolv.conf(5)) or Windows' adapters name them, at most
// three as libc takes.
func SystemResolvers() ([]string, error) {
	servers, err := systemResolvers()
	if err != nil {
		return nil, fmt.Errorf("the system's resolvers are not readable: %w", err)
	}
	return servers[:min(len(servers), 3)], nil
}

// resolversOf reads the name servers of a resolv.conf.
func resolversOf(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	conf, err := dns.ClientConfigFromReader(io.LimitReader(f, 64<<10))
	if err != nil {
		return nil, err
	}
	var servers []string
	for _, s := range conf.Servers {
		if _, err := netip.ParseAddr(s); err == nil {
			servers = append(servers, net.JoinHostPort(s, conf.Port))
		}
	}
	return servers, nil
}

// LookupApps resolves name as applications on this machine do: hosts file, search
// list, every resolver in turn. It sees no TTL and no reply code, and takes a
// missing name, one without address and a loop of aliases for the same.
func LookupApps(ctx context.Context, name string) Answer {
	a := Answer{Name: name, Server: "system", At: time.Now(), Hosts: inHosts(hostsFile(), name)}
	a.A = lookup(ctx, "ip4", name)
	a.AAAA = lookup(ctx, "ip6", name)
	return a
}

func lookup(ctx context.Context, network, name string) Reply {
	began := time.Now()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, network, name)
	rep := Reply{TTL: -1, RTT: time.Since(began), Class: classify(err)}
	if rep.Class == Timeout {
		rep.Class = DNSTimeout
	}
	if err != nil {
		rep.Err = cut(err.Error(), maxErr)
	}
	for _, ip := range ips[:min(len(ips), maxAddrs)] {
		rep.Addrs = append(rep.Addrs, ip.Unmap())
	}
	return rep
}

func hostsFile() string {
	if runtime.GOOS == "windows" {
		return os.Getenv("SystemRoot") + `\System32\drivers\etc\hosts`
	}
	return "/etc/hosts"
}

// inHosts says whether the hosts file (hosts(5)) names name.
func inHosts(path, name string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	name = strings.TrimSuffix(name, ".")
	sc := bufio.NewScanner(io.LimitReader(f, 1<<20))
	for sc.Scan() {
		line, _, _ := strings.Cut(sc.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		for _, n := range fields[1:] {
			if strings.EqualFold(n, name) {
				return true
			}
		}
	}
	return false
}
