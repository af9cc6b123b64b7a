package checklist

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"why502/probe"
	"why502/probe/host"
	"why502/probe/incident"
)

// reachVerdicts say how a Reach counts and in which words.
var reachVerdicts = map[string]struct {
	verdict incident.Verdict
	short   string
	long    string
}{
	probe.ReachOpen:        {incident.Pass, "open", "succeeds"},
	probe.ReachRefused:     {incident.Warn, "refused, path open", "is refused"},
	probe.ReachRejected:    {incident.Fail, "rejected on the way", "is rejected by a firewall or router"},
	probe.ReachFiltered:    {incident.Fail, "filtered", "is filtered"},
	probe.ReachUnreachable: {incident.Fail, "unreachable", "finds no way"},
	probe.ReachDenied:      {incident.Fail, "denied here", "is forbidden"},
	probe.ReachLocal:       {incident.Fail, "out of ports", "fails for want of ports or descriptors on this machine"},
	probe.ReachUnresolved:  {incident.Unknown, "name unknown", "can't be tried, the name has no address (step 5)"},
	probe.ReachMissing:     {incident.Fail, "socket missing", "fails"},
	probe.ReachBusy:        {incident.Fail, "backlog full", "fails"},
}

// otherPorts are tried where the upstream's own port stays silent: an answer from
// any of them, a refusal too, shows that the host is up and the port filtered.
var otherPorts = []string{"443", "80", "22"}

// runNetwork connects to every known upstream, looks at listeners and sockets of
// this machine, and where nothing answers finds out how far packets come.
func runNetwork(j *job) outcome {
	var o outcome
	ups := j.ups[:min(len(j.ups), maxAsked)]
	reaches := make([][]probe.Reach, len(ups))
	each(len(ups), func(i int) {
		if t, err := ups[i].target(); err == nil {
			reaches[i] = j.opt.Connect(j.ctx, t.Addr(), probe.ConnectOptions{})
		}
	})
	walked := 0
	for i := range ups {
		for _, r := range reaches[i] {
			reachOutcome(&o, ups[i].addr, r)
			if r.Verdict != probe.ReachFiltered && r.Verdict != probe.ReachRejected {
				continue
			}
			if walked++; walked <= 2 {
				j.filtered(&o, r)
			}
		}
	}
	j.localSockets(&o)
	if o.verdict == "" {
		o.verdict, o.summary = incident.Unknown, "no upstream known"
		o.add("neither the logs nor a configuration name an upstream: give one with -e URL", "")
	}
	return o
}

// reachOutcome adds what one address answered.
func reachOutcome(o *outcome, addr string, r probe.Reach) {
	w, ok := reachVerdicts[r.Verdict]
	if !ok {
		w.verdict, w.short, w.long = incident.Unknown, r.Verdict, r.Verdict
	}
	at := addr
	if r.Addr != addr && r.Addr != "" {
		at += " (" + r.Addr + ")"
	}
	text := "connect to " + at + " " + w.long
	if r.Detail != "" && (r.Verdict != probe.ReachOpen || r.Lost > 0) {
		text += ": " + r.Detail
	}
	var tries []string
	for _, t := range r.Tries {
		tries = append(tries, string(t.Class)+" "+took(t.Took))
	}
	o.add(text, strings.Join(tries, ", "))
	short := w.short
	if r.Verdict == probe.ReachOpen && r.RTT > 0 {
		short = "open, " + took(r.RTT)
	}
	o.raise(w.verdict, short)
	if r.Verdict == probe.ReachOpen && r.Lost > 0 {
		o.raise(incident.Warn, fmt.Sprintf("%d of %d lost", r.Lost, len(r.Tries)))
	}
}

// filtered tells a filtered port from a host that is gone, and how far packets
// come.
func (j *job) filtered(o *outcome, r probe.Reach) {
	ip, port := hostPort(r.Addr)
	if ip == "" || port == "" {
		return
	}
	for _, other := range otherPorts {
		if other == port || j.ctx.Err() != nil {
			continue
		}
		for _, q := range j.opt.Connect(j.ctx, net.JoinHostPort(ip, other), probe.ConnectOptions{Tries: 1, Timeout: 600 * time.Millisecond}) {
			if q.Verdict == probe.ReachOpen || q.Verdict == probe.ReachRefused {
				o.add(fmt.Sprintf("port %s of the same host answers (%s): the host is up, port %s is filtered or its queue is full", other, q.Verdict, port), "")
				j.walk(o, r.Addr)
				return
			}
		}
	}
	o.add(fmt.Sprintf("ports %s of the same host stay silent too: the host is gone or all of it is filtered", strings.Join(otherPorts, ", ")), "")
	j.walk(o, r.Addr)
}

// walk adds the last hop that passed packets to addr on.
func (j *job) walk(o *outcome, addr string) {
	hops, err := j.opt.Path(j.ctx, addr, probe.PathOptions{MaxHops: 16, Timeout: 400 * time.Millisecond, Silent: 3})
	if err != nil {
		return
	}
	var last *probe.Hop
	var seen []string
	for i := range hops {
		if hops[i].From.IsValid() {
			last = &hops[i]
			seen = append(seen, fmt.Sprintf("%d %s", hops[i].TTL, hops[i].From))
		}
	}
	switch {
	case last == nil:
		o.add("no router on the way to "+addr+" answered: packets may end right here", "")
	case last.End():
		text := fmt.Sprintf("hop %d (%s) answers for %s", last.TTL, last.From, addr)
		if last.ICMP != nil {
			text += ": " + last.ICMP.String()
		}
		o.add(text, strings.Join(seen, ", "))
	default:
		o.add(fmt.Sprintf("packets to %s come as far as hop %d (%s) and end there or right after", addr, last.TTL, last.From), strings.Join(seen, ", "))
	}
}

// localSockets compares upstreams on this machine with who listens here, and
// looks at the files of unix sockets.
func (j *job) localSockets(o *outcome) {
	var state *host.State
	for i := range j.ups {
		u := &j.ups[i]
		if sock := u.socket(); sock != "" {
			socketOutcome(o, sock)
		}
		name, port := hostPort(u.addr)
		if u.socket() == "" && !isLocal(name) {
			continue
		}
		if state == nil {
			s := j.opt.Host()
			state = &s
		}
		if len(state.Listeners) > 0 {
			listenerOutcome(o, state, u.addr, port)
		}
	}
}

// isLocal says whether host is an address of this machine.
func isLocal(host string) bool {
	if isLoopback(host) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			if own, ok := netip.AddrFromSlice(n.IP); ok && own.Unmap() == ip.Unmap() {
				return true
			}
		}
	}
	return false
}

// socketOutcome says who may connect to a socket file: connecting takes write
// permission on it and search permission on every directory above (unix(7)).
func socketOutcome(o *outcome, path string) {
	if strings.HasPrefix(path, "@") {
		return // an abstract socket has no file
	}
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		o.add(path+" does not exist: the application is not running, or its socket has another path", nearest(path))
		o.raise(incident.Fail, "socket missing")
		return
	case err != nil:
		o.add(path+" can't be looked at: "+err.Error(), "")
		return
	}
	if info.Mode()&os.ModeSocket == 0 {
		o.add(path+" is a file, not a socket: the application will not start on it", info.Mode().String())
		o.raise(incident.Fail, "not a socket")
		return
	}
	o.add(path+" exists, "+info.Mode().String()+owner(info), "")
	if info.Mode().Perm()&0o002 == 0 {
		o.add("only owner and group may connect to "+path+": the gateway's user must be one of them", info.Mode().String()+owner(info))
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		d, err := os.Stat(dir)
		if err == nil && d.Mode().Perm()&0o001 == 0 {
			o.add("directory "+dir+" lets only owner and group through: the gateway's user must be one of them", d.Mode().String()+owner(d))
		}
		if dir == filepath.Dir(dir) {
			return
		}
	}
}

// nearest names the lowest directory of path that exists.
func nearest(path string) string {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil {
			return "the directory " + dir + " exists"
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}
