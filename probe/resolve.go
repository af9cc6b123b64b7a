package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"why502/tail"
)

// The bounds of a resolution.
const (
	dnsTimeout = time.Second // of one try; a lost datagram is asked again once
	maxAliases = 16          // followed before a chain counts as a loop
	maxAddrs   = 64          // kept of one answer
)

// Answer is what one resolver said about a name, addresses of both families
// apart: a resolver that drops AAAA makes applications wait though A is fine.
type Answer struct {
	Name   string
	Server string // "ip:port" of the resolver, "system" for LookupApps
	At     time.Time
	A      Reply
	AAAA   Reply
	// Hosts says that this machine's hosts file names Name (LookupApps only).
	Hosts bool
}

// Reply is the answer to one question.
type Reply struct {
	Class   Class  // OK, DNSNotFound, DNSNoData, DNSServFail, DNSRefused, DNSTimeout, DNSLoop, Malformed, or how reaching the resolver failed
	Rcode   string // "NOERROR", "NXDOMAIN", ...; "" when no answer came
	Addrs   []netip.Addr
	Aliases []string      // the CNAME chain in order, hostile text
	TTL     time.Duration // the smallest of the chain, -1 when there is none
	RTT     time.Duration // of all questions together
	Err     string        // the error's own words
}

// Class sums both families up: OK when either has an address, else what stands
// in the way of A, else of AAAA.
func (a *Answer) Class() Class {
	switch {
	case len(a.A.Addrs) > 0 || len(a.AAAA.Addrs) > 0:
		return OK
	case a.A.Class == DNSNoData && a.AAAA.Class != OK:
		return a.AAAA.Class
	}
	return a.A.Class
}

// Addrs returns the addresses of both families, A first.
func (a *Answer) Addrs() []netip.Addr {
	return append(append([]netip.Addr(nil), a.A.Addrs...), a.AAAA.Addrs...)
}

// Resolve asks one resolver over the wire for the addresses of name, which is
// taken as complete (no search list, no hosts file). server is "ip" or "ip:port".
// A truncated answer is asked again over TCP; aliases that lead out of the answer
// are followed at the same resolver.
func Resolve(ctx context.Context, name, server string) Answer {
	if _, _, err := net.SplitHostPort(server); err != nil {
		server = net.JoinHostPort(strings.Trim(server, "[]"), "53")
	}
	a := Answer{Name: name, Server: server, At: time.Now()}
	var wg sync.WaitGroup
	wg.Go(func() { a.A = ask(ctx, name, server, dns.TypeA) })
	wg.Go(func() { a.AAAA = ask(ctx, name, server, dns.TypeAAAA) })
	wg.Wait()
	return a
}

// ask follows the aliases of name to addresses of one type.
func ask(ctx context.Context, name, server string, qtype uint16) Reply {
	rep := Reply{TTL: -1}
	if _, ok := dns.IsDomainName(name); !ok || name == "" {
		rep.Class, rep.Err = Malformed, fmt.Sprintf("%q is not a domain name", tail.Clean(name, 80))
		return rep
	}
	seen := map[string]bool{}
	next := dns.CanonicalName(name)
	began := time.Now()
	defer func() { rep.RTT = time.Since(began) }()
	for range maxAliases {
		msg, err := exchange(ctx, next, server, qtype)
		rep.RTT = time.Since(began)
		if err != nil {
			rep.Class, rep.Err = classifyExchange(err), cut(err.Error(), maxErr)
			return rep
		}
		rep.Rcode = rcodeName(msg.Rcode)
		last, loop := rep.follow(msg, next, qtype, seen)
		switch {
		case loop:
			rep.Class, rep.Err = DNSLoop, fmt.Sprintf("the aliases of %s come back to %s", tail.Clean(name, 80), tail.Clean(last, 80))
			return rep
		case len(rep.Addrs) > 0:
			rep.Class = OK
			return rep
		case last == next || msg.Rcode != dns.RcodeSuccess:
			rep.Class = rcodeClass(msg.Rcode)
			if rep.Class != DNSNoData {
				rep.Err = rep.Rcode
			}
			return rep
		}
		next = last
	}
	rep.Class, rep.Err = DNSLoop, fmt.Sprintf("over %d aliases", maxAliases)
	return rep
}

// follow walks the aliases of name within msg, keeps the addresses at their end
// and returns that end; loop says that a name came twice.
func (rep *Reply) follow(msg *dns.Msg, name string, qtype uint16, seen map[string]bool) (last string, loop bool) {
	aliases := map[string]*dns.CNAME{}
	for _, rr := range msg.Answer {
		if c, ok := rr.(*dns.CNAME); ok {
			aliases[dns.CanonicalName(c.Hdr.Name)] = c
		}
	}
	for {
		seen[name] = true
		c := aliases[name]
		if c == nil {
			break
		}
		rep.lowerTTL(c.Hdr.Ttl)
		name = dns.CanonicalName(c.Target)
		if len(rep.Aliases) < maxAliases {
			rep.Aliases = append(rep.Aliases, strings.TrimSuffix(name, "."))
		}
		if seen[name] {
			return name, true
		}
	}
	for _, rr := range msg.Answer {
		if dns.CanonicalName(rr.Header().Name) != name || rr.Header().Rrtype != qtype || len(rep.Addrs) >= maxAddrs {
			continue
		}
		var ip net.IP
		switch rr := rr.(type) {
		case *dns.A:
			ip = rr.A
		case *dns.AAAA:
			ip = rr.AAAA
		}
		if addr, ok := netip.AddrFromSlice(ip); ok {
			if qtype == dns.TypeA {
				addr = addr.Unmap()
			}
			rep.Addrs = append(rep.Addrs, addr)
			rep.lowerTTL(rr.Header().Ttl)
		}
	}
	return name, false
}

func (rep *Reply) lowerTTL(seconds uint32) {
	if ttl := time.Duration(seconds) * time.Second; rep.TTL < 0 || ttl < rep.TTL {
		rep.TTL = ttl
	}
}

// exchange asks one question over UDP, twice if need be, and over TCP when the
// answer does not fit.
func exchange(ctx context.Context, name, server string, qtype uint16) (*dns.Msg, error) {
	q := new(dns.Msg)
	q.SetQuestion(name, qtype)
	q.SetEdns0(1232, false)
	client := &dns.Client{Net: "udp", Timeout: dnsTimeout}
	msg, _, err := client.ExchangeContext(ctx, q, server)
	if err != nil && ctx.Err() == nil && classify(err) == Timeout {
		q.Id = dns.Id()
		msg, _, err = client.ExchangeContext(ctx, q, server)
	}
	if err != nil {
		return nil, err
	}
	if msg.Rcode == dns.RcodeFormatError && msg.IsEdns0() == nil {
		// A server older than EDNS (RFC 6891, 7): ask in the plain form.
		q.Extra = nil
		if msg, _, err = client.ExchangeContext(ctx, q, server); err != nil {
			return nil, err
		}
	}
	if !msg.Truncated {
		return msg, nil
	}
	client.Net = "tcp"
	if full, _, err := client.ExchangeContext(ctx, q, server); err == nil {
		return full, nil
	}
	return msg, nil // what fitted is better than nothing
}

func classifyExchange(err error) Class {
	var wire *dns.Error
	switch class := classify(err); {
	case class == Timeout:
		return DNSTimeout
	case class == Unknown && (errors.As(err, &wire) || errors.Is(err, dns.ErrId)):
		return Malformed
	default:
		return class
	}
}

func rcodeClass(rcode int) Class {
	switch rcode {
	case dns.RcodeSuccess:
		return DNSNoData
	case dns.RcodeNameError:
		return DNSNotFound
	case dns.RcodeRefused, dns.RcodeNotAuth:
		return DNSRefused
	}
	return DNSServFail
}

func rcodeName(rcode int) string {
	if s, ok := dns.RcodeToString[rcode]; ok {
		return s
	}
	return fmt.Sprintf("RCODE%d", rcode)
}
