package checklist

import (
	"fmt"
	"net/netip"
	"sort"
	"strings"
	"time"

	"why502/probe"
	"why502/probe/incident"
)

// runDNS resolves the upstreams' names as applications do and at each resolver,
// compares the answers with each other and with the log, and measures connects.
func runDNS(j *job) outcome {
	var o outcome
	names := j.names()
	names = names[:min(len(names), maxNames)]
	for _, n := range names {
		j.resolveName(&o, n)
	}
	if len(names) == 0 && len(j.ups) > 0 {
		o.add("all upstreams are given by address: no name has to be resolved", "")
		o.raise(incident.Pass, "no name in use")
	}
	j.measure(&o)
	if o.verdict == "" {
		o.verdict, o.summary = incident.Unknown, "no upstream known"
		o.add("neither the logs nor a configuration name an upstream: give one with -e URL", "")
	}
	return o
}

// resolveName asks everyone this machine and the gateway ask; public resolvers
// are not asked, they would learn internal names.
func (j *job) resolveName(o *outcome, n name) {
	var servers []string
	if own, err := j.opt.Resolvers(); err == nil {
		servers = append(servers, own...)
	} else {
		o.add(err.Error(), "")
	}
	system := len(servers)
	servers = append(servers, j.resolvers()...)
	answers := make([]probe.Answer, len(servers)+1)
	each(len(answers), func(i int) {
		if i == 0 {
			answers[0] = j.opt.Lookup(j.ctx, n.host)
			return
		}
		answers[i] = j.opt.Resolve(j.ctx, n.host, servers[i-1])
	})
	apps := &answers[0]
	now := addrs(apps)
	o.add(answerText("this machine's applications", apps), "")
	if apps.Hosts {
		o.add(n.host+" stands in this machine's hosts file: the gateway elsewhere may see another address", "")
	}
	if apps.Class() != probe.OK {
		o.raise(incident.Fail, shortClass(apps.Class()))
	} else {
		o.raise(incident.Pass, "resolves, "+took(max(apps.A.RTT, apps.AAAA.RTT)))
	}
	var seen []*probe.Answer
	for i := range servers {
		a := &answers[i+1]
		who := "resolver " + servers[i]
		if i >= system {
			who = "the gateway's resolver " + servers[i]
		}
		o.add(answerText(who, a), answerEvidence(a))
		if i >= system && a.Class() != probe.OK {
			o.raise(incident.Fail, "gateway: "+shortClass(a.Class()))
		}
		if a.Class() == probe.OK {
			seen = append(seen, a)
			now = append(now, addrs(a)...)
		} else if apps.Class() == probe.OK && !apps.Hosts && a.Class() != probe.DNSNotFound {
			o.raise(incident.Warn, "a resolver fails")
		}
	}
	differ(o, n.host, seen)
	families(o, n, apps)
	j.stale(o, n, unique(now))
}

// differ says when resolvers give different addresses.
func differ(o *outcome, host string, answers []*probe.Answer) {
	sets := map[string]bool{}
	for _, a := range answers {
		sets[strings.Join(unique(addrs(a)), " ")] = true
	}
	if len(sets) > 1 {
		o.add("the resolvers give different addresses for "+host+": the gateway may use another one than this machine", strings.Join(sortedSet(sets), " | "))
		o.raise(incident.Warn, "resolvers differ")
	}
}

// families warns of a name with addresses of both families, where an upstream
// listens on one of them only.
func families(o *outcome, n name, a *probe.Answer) {
	if len(a.A.Addrs) > 0 && len(a.AAAA.Addrs) > 0 {
		o.add(n.host+" has IPv4 and IPv6 addresses: the upstream must listen on both, or every other connect fails", n.pos)
	}
}

// answerText says what one resolver answered.
func answerText(who string, a *probe.Answer) string {
	if a.Class() != probe.OK {
		return fmt.Sprintf("%s: %s %s", who, a.Name, classWords[a.Class()].short)
	}
	text := fmt.Sprintf("%s: %s is %s, in %s", who, a.Name, list(unique(addrs(a))), took(max(a.A.RTT, a.AAAA.RTT)))
	if a.A.TTL > 0 {
		text += ", for " + took(a.A.TTL) + " (TTL)"
	}
	if len(a.A.Aliases) > 0 {
		text += ", by way of " + list(a.A.Aliases)
	}
	if a.AAAA.Class != probe.OK && a.AAAA.Class != probe.DNSNoData && a.AAAA.Class != probe.DNSNotFound && a.AAAA.Class != "" && a.AAAA.Class != probe.Unknown {
		text += "; its answer for IPv6: " + shortClass(a.AAAA.Class)
	}
	return text
}

func answerEvidence(a *probe.Answer) string {
	var parts []string
	for _, r := range []struct {
		kind string
		r    *probe.Reply
	}{{"A", &a.A}, {"AAAA", &a.AAAA}} {
		text := r.r.Rcode
		if text == "" {
			text = r.r.Err
		}
		if text != "" {
			parts = append(parts, r.kind+" "+text)
		}
	}
	return strings.Join(parts, ", ")
}

func shortClass(c probe.Class) string {
	if w, ok := classWords[c]; ok {
		return w.short
	}
	return string(c)
}

func addrs(a *probe.Answer) []string {
	var all []string
	for _, ip := range a.Addrs() {
		all = append(all, ip.String())
	}
	return all
}

func unique(all []string) []string {
	set := map[string]bool{}
	for _, s := range all {
		if ip, err := netip.ParseAddr(s); err == nil {
			s = ip.Unmap().String()
		}
		set[s] = true
	}
	return sortedSet(set)
}

func sortedSet(set map[string]bool) []string {
	var all []string
	for s := range set {
		all = append(all, s)
	}
	sort.Strings(all)
	return all
}

// connects is how many connects are measured at one upstream.
const connects = 5

// measure connects several times to the first upstreams and says how long it
// takes: a second more is one lost packet.
func (j *job) measure(o *outcome) {
	ups := j.few()
	times := make([][]time.Duration, len(ups))
	lost := make([]int, len(ups))
	each(len(ups), func(i int) {
		for range connects {
			for _, r := range j.opt.Connect(j.ctx, ups[i].addr, probe.ConnectOptions{Tries: 1, Timeout: 2 * time.Second}) {
				if r.Verdict == probe.ReachOpen && len(r.Tries) > 0 {
					times[i] = append(times[i], r.Tries[0].Took)
				} else if r.Verdict == probe.ReachFiltered {
					lost[i]++
				}
			}
			if len(times[i]) == 0 {
				return // it is not open; step 3 says why
			}
		}
	})
	for i, t := range times {
		if len(t) == 0 {
			continue
		}
		sort.Slice(t, func(a, b int) bool { return t[a] < t[b] })
		worst, median := t[len(t)-1], t[len(t)/2]
		o.add(fmt.Sprintf("connect to %s takes %s (median of %d), %s at most", ups[i].addr, took(median), len(t), took(worst)), "")
		if worst > time.Second || lost[i] > 0 {
			o.add(fmt.Sprintf("a connect to %s of about 1 s or 3 s more than the others is a lost packet that was sent again", ups[i].addr), "")
			o.raise(incident.Warn, "slow connect, "+took(worst))
		}
	}
}
