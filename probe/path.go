package probe

import (
	"net/netip"
	"time"
)

// Hop is what answered a SYN sent with one TTL.
type Hop struct {
	TTL  int
	From netip.Addr // invalid when nothing answered in time
	RTT  time.Duration
	// ICMP is the router's message, nil for the target's own answer and for
	// silence.
	ICMP *ICMP
	// Class is Timeout for silence, OK where the port accepted, Refused where a RST
	// came (from the target or from a middlebox at this distance), NoRoute where a
	// router passed the SYN on (time exceeded) or sent it back (see ICMP).
	Class Class
}

// End says whether the walk ends here: the port answered, or someone on the way
// said no.
func (h Hop) End() bool {
	return h.Class != Timeout && (h.ICMP == nil || !h.ICMP.exceeded())
}

// exceeded says whether the message is "time exceeded in transit" (RFC 792 type
// 11 code 0, RFC 4443 type 3 code 0).
func (m ICMP) exceeded() bool { return m.Type == 11 && !m.V6 || m.Type == 3 && m.V6 }

// PathOptions bound a Path. The zero value is ready.
type PathOptions struct {
	MaxHops int           // 24 when 0, at most 64
	Timeout time.Duration // of one hop; 700 ms when 0, at least 50 ms
	Silent  int           // silent hops in a row that end the walk; 5 when 0
}

func (o PathOptions) withDefaults() PathOptions {
	if o.MaxHops <= 0 {
		o.MaxHops = 24
	}
	o.MaxHops = min(o.MaxHops, 64)
	if o.Timeout <= 0 {
		o.Timeout = 700 * time.Millisecond
	}
	o.Timeout = max(o.Timeout, 50*time.Millisecond)
	if o.Silent <= 0 {
		o.Silent = 5
	}
	return o
}
