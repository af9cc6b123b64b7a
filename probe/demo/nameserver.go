package demo

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/miekg/dns"
)

// upstreamName is the upstream's name for gateways that go by name; .internal is
// reserved for private use (ICANN, 2024).
const upstreamName = "shop.demo.internal"

// nameServer answers for upstreamName on loopback.
type nameServer struct {
	addr   string
	ip     net.IP
	lost   atomic.Bool
	server *dns.Server
	done   chan struct{}
}

func newNameServer(ip string) (*nameServer, error) {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &nameServer{addr: conn.LocalAddr().String(), ip: net.ParseIP(ip), done: make(chan struct{})}
	ready := make(chan struct{})
	n.server = &dns.Server{PacketConn: conn, Handler: n, NotifyStartedFunc: func() { close(ready) }}
	go func() {
		defer close(n.done)
		// The only error is that of Shutdown: the socket is open already.
		_ = n.server.ActivateAndServe()
	}()
	<-ready
	return n, nil
}

// lose makes the name vanish or come back.
func (n *nameServer) lose(on bool) { n.lost.Store(on) }

func (n *nameServer) close() {
	_ = n.server.Shutdown()
	<-n.done
}

// ServeDNS answers A questions for the one name; other types of it have no data
// and other names do not exist.
func (n *nameServer) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	m := new(dns.Msg)
	m.SetReply(q)
	m.Authoritative = true
	name := ""
	if len(q.Question) == 1 {
		name = q.Question[0].Name
	}
	switch known := dns.CanonicalName(name) == dns.Fqdn(upstreamName); {
	case !known || n.lost.Load():
		m.Rcode = dns.RcodeNameError
	case q.Question[0].Qtype == dns.TypeA:
		m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: n.ip}}
	}
	if len(m.Answer) == 0 {
		m.Ns = []dns.RR{&dns.SOA{
			Hdr: dns.RR_Header{Name: "internal.", Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 1},
			Ns:  "ns.internal.", Mbox: "demo.internal.", Serial: 1, Refresh: 60, Retry: 60, Expire: 60, Minttl: 1,
		}}
	}
	_ = w.WriteMsg(m) // an asker that is gone asks again
}

// resolver asks this server whatever the system is set up with.
func (n *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp4", n.addr)
	}}
}
