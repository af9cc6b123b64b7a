package probe

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"why502/tail"
)

// Path walks towards addr ("host:port") with TCP SYNs of growing TTL and returns
// who answered each, without any rights: the routers' answers come from the
// socket's own error queue. It shows where packets to this very port end: the
// last hop that answers stands before, or is, what drops them.
//
// The walk ends at the first answer that is not "time exceeded", after
// PathOptions.Silent silent hops, or with ctx. A RST that comes nearer than the
// target is a firewall's; it looks the same when the firewall is the last router.
func Path(ctx context.Context, addr string, opt PathOptions) ([]Hop, error) {
	opt = opt.withDefaults()
	peers, failed := peersOf(ctx, addr)
	if failed != nil {
		return nil, fmt.Errorf("no path to %s: %s", tail.Clean(addr, 100), failed.Detail)
	}
	var hops []Hop
	silent := 0
	for ttl := 1; ttl <= opt.MaxHops && ctx.Err() == nil; ttl++ {
		h := hop(ctx, peers[0], ttl, opt.Timeout)
		hops = append(hops, h)
		if h.End() {
			break
		}
		silent++
		if h.Class != Timeout {
			silent = 0
		}
		if silent >= opt.Silent {
			break
		}
	}
	return hops, nil
}

// hop asks at one distance, twice when nothing answers: routers limit their
// messages.
func hop(ctx context.Context, peer netip.AddrPort, ttl int, timeout time.Duration) Hop {
	h := Hop{TTL: ttl}
	for range 2 {
		a := connectTTL(ctx, peer, timeout, ttl)
		h.RTT, h.ICMP, h.Class = a.took, a.icmp, classify(a.err)
		switch {
		case a.icmp != nil:
			h.From = a.icmp.From
		case h.Class == OK || h.Class == Refused:
			h.From = peer.Addr()
		}
		if h.Class != Timeout || ctx.Err() != nil {
			break
		}
	}
	return h
}
