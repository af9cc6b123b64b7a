package probe

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"why502/tail"
)

// Verdict words of a Reach: what stands between here and the port.
const (
	ReachOpen        = "open"        // something accepts connections
	ReachRefused     = "refused"     // a RST came: nothing listens, or a firewall says so
	ReachRejected    = "rejected"    // an ICMP message came: a firewall or router says no
	ReachFiltered    = "filtered"    // nothing came: dropped, host gone, or a full backlog
	ReachUnreachable = "unreachable" // no way there from this machine, or the host does not answer ARP
	ReachDenied      = "denied"      // this machine forbids it: local firewall, socket mode, SELinux
	ReachLocal       = "local-limit" // this machine is out of ports or descriptors
	ReachUnresolved  = "unresolved"  // the name has no address
	ReachMissing     = "missing"     // the unix socket is not there
	ReachBusy        = "busy"        // the unix socket's backlog is full
)

// ICMP is the message that ended a connect, as the Linux error queue gives it.
type ICMP struct {
	V6         bool
	Type, Code uint8
	// From is who sent it: the router or firewall, or the host itself.
	From netip.Addr
}

// icmpWords names the destination-unreachable codes, IPv4 (RFC 792, RFC 1812) by
// code and IPv6 (RFC 4443) by 100+code.
var icmpWords = map[int]string{
	0: "network unreachable", 1: "host unreachable", 2: "protocol unreachable", 3: "port unreachable",
	9: "network administratively prohibited", 10: "host administratively prohibited", 13: "communication administratively prohibited",
	100: "no route to destination", 101: "communication administratively prohibited", 102: "beyond scope of the source address",
	103: "address unreachable", 104: "port unreachable", 105: "source address failed policy", 106: "reject route to destination",
}

// String returns the message in words with its sender.
func (m ICMP) String() string {
	key, unreachable := int(m.Code), m.Type == 3
	if m.V6 {
		key, unreachable = 100+int(m.Code), m.Type == 1
	}
	words := icmpWords[key]
	switch {
	case m.exceeded():
		words = "time exceeded"
	case !unreachable || words == "":
		words = fmt.Sprintf("ICMP type %d code %d", m.Type, m.Code)
	}
	return words + " from " + m.From.String()
}

// unreachable says whether the message means "cannot get there" rather than
// "must not": the host does not answer or there is no route.
func (m ICMP) unreachable() bool {
	if m.V6 {
		return m.Code == 0 || m.Code == 3
	}
	return m.Code == 0 || m.Code == 1
}

// Try is one connect.
type Try struct {
	Class Class
	Err   string
	Took  time.Duration
	ICMP  *ICMP // nil when none came or the system cannot tell
}

// Reach is what several connects to one address found.
type Reach struct {
	Addr    string // "ip:port" or "unix:/path"
	Verdict string // one of the Reach words
	Tries   []Try  // in order; the last one decided
	Lost    int    // tries that got no answer before one did
	// RTT is the kernel's smoothed round trip time of the open connection (Linux),
	// else how long the connect took; 0 when it is not open.
	RTT time.Duration
	// Detail is one sentence on what the verdict rests on.
	Detail string
}

// ConnectOptions bound a Connect. The zero value is ready.
type ConnectOptions struct {
	Tries   int           // at most; 4 when 0
	Timeout time.Duration // of one try; 1.2 s when 0, enough for one repeated SYN
}

func (o ConnectOptions) withDefaults() ConnectOptions {
	if o.Tries <= 0 {
		o.Tries = 4
	}
	o.Tries = min(o.Tries, 20)
	if o.Timeout <= 0 {
		o.Timeout = 1200 * time.Millisecond
	}
	return o
}

// maxPeers is how many addresses of one name Connect tries.
const maxPeers = 4

// Connect finds out what answers a TCP connect to addr, "host:port" or
// "unix:/path": one Reach for each address, at most four, tried at the same time.
//
// A try that gets an answer is the last. Silence is tried again, since Linux
// sends about one ICMP message a second to a peer (icmp(7), icmp_ratelimit) and a
// busy gateway uses that up: one try would take a rejecting firewall for a
// dropping one. Nothing is sent over an open connection; it is closed at once.
func Connect(ctx context.Context, addr string, opt ConnectOptions) []Reach {
	opt = opt.withDefaults()
	if strings.HasPrefix(addr, "unix:") {
		return []Reach{connectUnix(ctx, addr, opt)}
	}
	peers, failed := peersOf(ctx, addr)
	if failed != nil {
		return []Reach{*failed}
	}
	reaches := make([]Reach, len(peers))
	var wg sync.WaitGroup
	for i, p := range peers {
		wg.Go(func() { reaches[i] = connectPeer(ctx, p, opt) })
	}
	wg.Wait()
	return reaches
}

// peersOf returns the addresses that addr stands for, or why there is none.
func peersOf(ctx context.Context, addr string) ([]netip.AddrPort, *Reach) {
	fail := func(class Class, text string) *Reach {
		text = cut(text, maxErr)
		return &Reach{Addr: addr, Verdict: ReachUnresolved, Tries: []Try{{Class: class, Err: text}}, Detail: tail.Safe(text, maxErr)}
	}
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fail(Unknown, fmt.Sprintf("%q is not host:port", tail.Clean(addr, 80)))
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return nil, fail(Unknown, fmt.Sprintf("%q is not a port from 1 to 65535", tail.Clean(portText, 20)))
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(ip.Unmap(), uint16(port))}, nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fail(classify(err), err.Error())
	}
	var peers []netip.AddrPort
	for _, ip := range ips[:min(len(ips), maxPeers)] {
		peers = append(peers, netip.AddrPortFrom(ip.Unmap(), uint16(port)))
	}
	if len(peers) == 0 {
		return nil, fail(DNSNoData, "the name has no address")
	}
	return peers, nil
}

func connectPeer(ctx context.Context, peer netip.AddrPort, opt ConnectOptions) Reach {
	r := Reach{Addr: peer.String()}
	for range opt.Tries {
		try, rtt := connectOnce(ctx, peer, opt.Timeout)
		try.Err = cut(try.Err, maxErr)
		r.Tries = append(r.Tries, try)
		if try.Class != Timeout || ctx.Err() != nil {
			r.RTT = rtt
			break
		}
		r.Lost++
	}
	r.conclude()
	return r
}

// conclude draws the verdict from the last try.
func (r *Reach) conclude() {
	last := r.Tries[len(r.Tries)-1]
	switch {
	case last.Class == OK:
		r.Verdict, r.Detail = ReachOpen, "it accepts connections"
		if r.Lost > 0 {
			r.Detail = fmt.Sprintf("it accepts connections, but %d of %d tries got no answer: packets are lost or the backlog is full now and then", r.Lost, len(r.Tries))
		}
	case last.ICMP != nil && last.ICMP.unreachable():
		r.Verdict, r.Detail = ReachUnreachable, last.ICMP.String()
	case last.ICMP != nil:
		r.Verdict, r.Detail = ReachRejected, last.ICMP.String()
	case last.Class == Refused:
		r.Verdict, r.Detail = ReachRefused, "a RST came back: the host is up and nothing listens on this port, or a firewall resets"
	case last.Class == Timeout:
		r.Verdict, r.Detail = ReachFiltered, fmt.Sprintf("%d tries got no answer: packets are dropped, the host is gone, or its accept queue is full", len(r.Tries))
	case last.Class == Denied:
		r.Verdict, r.Detail = ReachDenied, "this machine forbids the connect: local firewall, SELinux or AppArmor"
	case last.Class == NoRoute || last.Class == NetUnreachable:
		r.Verdict, r.Detail = ReachUnreachable, tail.Safe(last.Err, maxErr)
	case last.Class == LocalLimit:
		r.Verdict, r.Detail = ReachLocal, tail.Safe(last.Err, maxErr)
	default:
		r.Verdict, r.Detail = ReachUnreachable, tail.Safe(last.Err, maxErr)
	}
}

// unixVerdicts name the outcomes of a connect to a unix socket.
var unixVerdicts = map[Class]struct{ verdict, detail string }{
	OK:            {ReachOpen, "it accepts connections"},
	Refused:       {ReachRefused, "the file is there but nobody listens on it"},
	SocketMissing: {ReachMissing, "the socket file does not exist: the application is down or listens elsewhere"},
	SocketBusy:    {ReachBusy, "the socket's backlog is full: the application does not accept fast enough"},
	Denied:        {ReachDenied, "no permission to connect: the socket's or a directory's mode, SELinux or AppArmor"},
}

func connectUnix(ctx context.Context, addr string, opt ConnectOptions) Reach {
	path, _ := splitUnix(addr)
	ctx, cancel := context.WithTimeout(ctx, opt.Timeout)
	defer cancel()
	began := time.Now()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	try := Try{Class: classify(err), Took: time.Since(began)}
	r := Reach{Addr: "unix:" + path}
	if err != nil {
		try.Err = cut(err.Error(), maxErr)
	} else {
		r.RTT = try.Took
		_ = conn.Close()
	}
	r.Tries = []Try{try}
	v, ok := unixVerdicts[try.Class]
	if !ok {
		r.conclude()
		return r
	}
	r.Verdict, r.Detail = v.verdict, v.detail
	if fi, err := os.Stat(path); try.Class == Refused && err == nil && fi.Mode()&os.ModeSocket == 0 {
		r.Detail = "the file is not a socket"
	}
	return r
}

// dialOnce is the portable try: the error number alone, which takes a refusing
// firewall for a closed port and a prohibiting one for a missing route.
func dialOnce(ctx context.Context, peer netip.AddrPort, timeout time.Duration) (Try, time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began := time.Now()
	conn, err := (&net.Dialer{KeepAlive: -1}).DialContext(ctx, "tcp", peer.String())
	try := Try{Class: classify(err), Took: time.Since(began)}
	if err != nil {
		try.Err = err.Error()
		return try, 0
	}
	_ = conn.Close()
	return try, try.Took
}
