package checklist

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"why502/probe"
	"why502/probe/host"
	"why502/probe/incident"
)

// aliveStep judges the latest direct answers of all upstreams.
func aliveStep(f *facts) outcome {
	var o outcome
	healthy, asked := 0, 0
	ends := map[string]bool{} // of those that are not healthy
	for i := range f.ups {
		u := &f.ups[i]
		r := u.last()
		if r == nil {
			continue
		}
		asked++
		v := verdictOf(r)
		if r.Class.Healthy() {
			healthy++
		} else {
			ends[shortEnd(r)] = true
		}
		o.add(long(u.addr, r)+uptime(u.asked, f.snap.Now), evidence(r))
		o.raise(v, short(r))
		if limit := f.headerLimit(); limit > 0 && r.HeaderBytes > limit {
			o.add(fmt.Sprintf("%s sends a header of %d bytes, the gateway takes %d: it answers 502 instead", u.addr, r.HeaderBytes, limit), "")
			o.raise(incident.Warn, "header "+strconv.Itoa(r.HeaderBytes)+" bytes")
		}
		if r.At.After(o.at) {
			o.at = r.At
		}
	}
	if asked > 1 && healthy < asked {
		o.summary = fmt.Sprintf("%d of %d fail", asked-healthy, asked)
		for end := range ends {
			if len(ends) == 1 {
				o.summary = fmt.Sprintf("%d of %d %s", asked-healthy, asked, end)
			}
		}
	} else if asked > 1 && o.verdict == incident.Pass {
		o.summary = fmt.Sprintf("all %d answer", asked)
	}
	if healthy > 0 && healthy == asked && f.failing() && f.answered() {
		o.add("the upstream answers directly while the gateway fails: look at steps 3 to 5, and at the routes that fail", "")
	}
	if asked > 0 {
		return o
	}
	f.fromCauses(&o, 1)
	if o.verdict != "" {
		return o
	}
	if f.snap.NoProbe {
		o.verdict, o.summary = incident.Skipped, "not asked"
		o.add("nobody is asked (--no-probe): run the command by hand", "")
		return o
	}
	o.verdict, o.summary = incident.Unknown, "no upstream known"
	switch {
	case len(f.ups) > 0:
		o.summary = "not asked yet"
	case len(f.groups) > 0:
		o.add("the log names "+list(f.groups)+" but no address: give the configuration (--gateway-config) or an endpoint (-e)", "")
	default:
		o.add("neither the logs nor a configuration name an upstream: give one with -e URL", "")
	}
	return o
}

// shortEnd is how a probe ended, without what it took.
func shortEnd(r *probe.Result) string {
	end, _, _ := strings.Cut(short(r), ",")
	return end
}

// headerLimit is how large a response header the gateway takes in bytes, 0 when
// that is not known: nginx by proxy_buffer_size, a page by default
// (ngx_http_proxy_module); HAProxy 16384 less 1024 reserved (configuration.txt,
// tune.bufsize, tune.maxrewrite).
func (f *facts) headerLimit() int {
	switch f.gateway {
	case "haproxy":
		return 16384 - 1024
	case "nginx":
		limit := 0
		if f.snap.Config != nil {
			for _, r := range f.snap.Config.Routes {
				b := r.HeaderBuffer
				if b == 0 {
					b = probe.HeaderSmall
				}
				if limit == 0 || b < limit {
					limit = b
				}
			}
		}
		if limit == 0 {
			return probe.HeaderSmall
		}
		return limit
	}
	return 0
}

// answered says whether some upstream that fails in the log answers a probe.
func (f *facts) answered() bool {
	for i := range f.ups {
		if r := f.ups[i].last(); r != nil && r.Class.Healthy() && f.ups[i].failed > 0 {
			return true
		}
	}
	return false
}

// uptime tells since when a target has been as it is.
func uptime(h *probe.History, now time.Time) string {
	if h.Since.IsZero() || now.Sub(h.Since) < time.Second {
		return ""
	}
	return ", for " + took(now.Sub(h.Since).Round(time.Second)) + " now"
}

// connectWords say how a connect ended as far as the network is concerned.
var connectWords = map[probe.Class]struct {
	verdict incident.Verdict
	short   string
	long    string
}{
	probe.Refused:        {incident.Warn, "refused, path open", "is refused, not filtered: the host answers, so the path is open; nothing listens there, or a firewall answers in its place"},
	probe.NoRoute:        {incident.Fail, "no route", "is rejected on the way or the host is gone (no route to host)"},
	probe.NetUnreachable: {incident.Fail, "net unreachable", "fails here already: this machine has no route to that network"},
	probe.Denied:         {incident.Fail, "denied", "is forbidden on this machine: local firewall, SELinux, or the socket's rights"},
	probe.SocketMissing:  {incident.Fail, "socket missing", "fails: the socket file is not there"},
	probe.SocketBusy:     {incident.Fail, "backlog full", "fails: the socket's accept queue is full"},
	probe.Reset:          {incident.Fail, "reset", "is reset while it opens"},
	probe.LocalLimit:     {incident.Fail, "out of ports", "fails: this machine is out of ports or descriptors"},
	probe.Timeout:        {incident.Fail, "filtered", "gets no answer at all: packets are dropped on the way (filtered), the host is gone, or its accept queue is full"},
}

// networkStep judges the connect phase of the latest probes and the listeners of
// this machine.
func networkStep(f *facts) outcome {
	var o outcome
	for i := range f.ups {
		u := &f.ups[i]
		if r := u.last(); r != nil {
			connectOutcome(&o, u.addr, r)
		}
		f.localListener(&o, u)
	}
	if o.verdict == "" {
		f.fromCauses(&o, 3)
	}
	if o.verdict == "" {
		o.verdict, o.summary = incident.Unknown, "not tried yet"
		if len(f.ups) == 0 {
			o.summary = "no upstream known"
		}
		if f.snap.NoProbe {
			o.verdict, o.summary = incident.Skipped, "not tried"
			o.add("nobody is asked (--no-probe): run the command by hand", "")
		}
	}
	return o
}

// connectOutcome adds what r says of the connect to addr.
func connectOutcome(o *outcome, addr string, r *probe.Result) {
	if r.Phase == probe.PhaseDNS && r.Class != probe.OK {
		return // step 5 says so
	}
	if r.At.After(o.at) {
		o.at = r.At
	}
	if r.Phase > probe.PhaseConnect || r.Class == probe.OK {
		o.add("connect to "+addr+" takes "+took(r.Timings.Connect), evidence(r))
		o.raise(incident.Pass, "connects, "+took(r.Timings.Connect))
		return
	}
	if w, ok := connectWords[r.Class]; ok {
		o.add("connect to "+addr+" "+w.long, evidence(r))
		o.raise(w.verdict, w.short)
		return
	}
	o.add(long(addr, r), evidence(r))
	o.raise(incident.Fail, short(r))
}

// localListener compares an upstream on this machine with who listens here.
func (f *facts) localListener(o *outcome, u *upstream) {
	name, port := hostPort(u.addr)
	h := f.snap.Host
	if h == nil || len(h.Listeners) == 0 || u.socket() == "" && !isLoopback(name) {
		return
	}
	at := h.At
	if at.After(o.at) {
		o.at = at
	}
	listenerOutcome(o, h, u.addr, port)
}

// listenerOutcome says who listens on addr on this machine, and where else on its
// port.
func listenerOutcome(o *outcome, h *host.State, addr, port string) {
	found := h.Listening(addr)
	for _, l := range found {
		who := l.Process
		if who == "" {
			who = "a process this user may not see"
		}
		queue := ""
		if l.Queue >= 0 && l.Backlog > 0 {
			queue = fmt.Sprintf(", accept queue %d of %d", l.Queue, l.Backlog)
		}
		o.add(fmt.Sprintf("%s listens on %s%s", who, l.Addr, queue), pid(l.PID))
		if l.Backlog > 0 && l.Queue >= l.Backlog {
			o.add(fmt.Sprintf("the accept queue of %s is full: the application does not take connections, new ones wait or are dropped", l.Addr), "")
			o.raise(incident.Fail, "accept queue full")
		}
	}
	if len(found) > 0 {
		return
	}
	var elsewhere []string
	for _, l := range h.Listeners {
		if port != "" && strings.HasSuffix(l.Addr, ":"+port) {
			elsewhere = append(elsewhere, l.Addr)
		}
	}
	switch {
	case len(elsewhere) > 0:
		o.add(fmt.Sprintf("nothing listens on %s, but %s does: the address is wrong on one side", addr, list(elsewhere)), "")
		o.raise(incident.Fail, "other address")
	case strings.HasPrefix(addr, "unix:"):
		o.add("no process listens on "+addr+" on this machine", "")
		o.raise(incident.Warn, "no listener")
	default:
		o.add("nothing on this machine listens on port "+port, "")
		o.raise(incident.Warn, "no listener")
	}
}

func pid(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf("pid %d", n)
}
