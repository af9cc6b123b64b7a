package diagnose

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"why502/tail"
	"why502/tail/window"
)

// symptoms that are told apart below.
const (
	symRefused     = "refused"
	symConnTimeout = "connect-timeout"
	symNoRoute     = "no-route"
	symEarlyClose  = "early-close"
	symReset       = "reset"
	symReadTimeout = "read-timeout"
	symNoServer    = "no-server"
	symWorkerTime  = "worker-timeout"
	symWorkerKill  = "worker-killed"
	symApp503      = "app-503"
	symAppError    = "app-error"
)

// fold leaves one finding for each thing that was seen: companions go into the
// line that they accompany, consequences to their primary failure, the coarse
// access line to the exact error line of the same request, and what nothing
// better is known for speaks for itself.
func fold(e *evidence, silent bool) []*finding {
	primary := e.with(Primary)
	foldWorkers(&primary)
	foldHeaders(&primary)
	weak, companions, consequences := e.with(Weak), e.with(Companion), e.with(Consequence)

	primary = append(primary, unaccompanied(primary, companions)...)
	primary = foldAccess(primary, consequences)
	hush(primary)
	if len(primary) == 0 && len(consequences) > 0 && !silent {
		weak = nil // what the gateway says of its servers tells more than a status
	}
	if len(weak) > 0 {
		primary = append(primary, unexplained(primary, weak, silent)...)
	}
	if len(primary) == 0 {
		primary = consequences
	} else {
		attribute(primary, consequences)
	}
	if len(primary) > 0 {
		primary = append(primary, e.with(Hint)...)
	}
	return primary
}

// killWindow is how long before a worker's SIGKILL its WORKER TIMEOUT may stand.
const killWindow = 10 * time.Second

// foldWorkers takes a worker's SIGKILL for what its master did after a timeout
// where one was logged shortly before ("Perhaps out of memory?" follows that too).
func foldWorkers(primary *[]*finding) {
	var timeout *finding
	for _, f := range *primary {
		if f.sig.Symptom == symWorkerTime {
			timeout = f
		}
	}
	if timeout == nil {
		return
	}
	*primary = slices.DeleteFunc(*primary, func(f *finding) bool {
		if f.sig.Symptom != symWorkerKill || f.kind == tail.KindSystem {
			return false
		}
		if !f.first.IsZero() && (f.first.Before(timeout.first.Add(-time.Second)) || f.last.After(timeout.last.Add(killWindow))) {
			return false
		}
		timeout.folded += f.count
		return true
	})
}

// foldHeaders takes "bad header" for the companion of "header too big": Apache
// logs both for one answer.
func foldHeaders(primary *[]*finding) {
	i := slices.IndexFunc(*primary, func(f *finding) bool { return f.sig.Symptom == "header-size" })
	if i < 0 {
		return
	}
	size := (*primary)[i]
	*primary = slices.DeleteFunc(*primary, func(f *finding) bool {
		if f.sig.ID != "apache-bad-header" || f.count > size.count+size.count/10+1 {
			return false
		}
		size.folded += f.count
		return true
	})
}

// unaccompanied adds companions to the lines they belong to and returns those
// without any: then the companion is all that is known. One kind of companion for
// a symptom is enough.
func unaccompanied(primary, companions []*finding) []*finding {
	var alone []*finding
	for _, c := range companions {
		var best *finding
		for _, f := range primary {
			if f.gateway == c.gateway && f.kind != tail.KindAccess && (best == nil || f.count > best.count) {
				best = f
			}
		}
		if best != nil {
			best.folded += c.count
			continue
		}
		alone = append(alone, c)
	}
	return alone
}

// foldAccess drops access lines that an exact error line of the same gateway
// explains better. HAProxy's states stay: its events tell of servers, not of
// requests.
func foldAccess(primary, consequences []*finding) []*finding {
	explained := map[string]uint64{}
	for _, f := range slices.Concat(primary, consequences) {
		if f.kind == tail.KindError && f.request() {
			explained[family(f.gateway)] += f.count + f.folded
		}
	}
	return slices.DeleteFunc(primary, func(f *finding) bool {
		return f.kind == tail.KindAccess && f.gateway != "haproxy" && !strings.Contains(f.sig.Symptom, "app-") &&
			explained[family(f.gateway)]*5 >= f.count
	})
}

// hush takes the weight from HAProxy's states of failed connects where an event
// of a health check tells the reason: they are the same fault, told less exactly.
func hush(primary []*finding) {
	event := slices.ContainsFunc(primary, func(f *finding) bool { return f.gateway == "haproxy" && f.sig.Event })
	for _, f := range primary {
		if event && (f.sig.ID == "haproxy-SC" || f.sig.ID == "haproxy-sC") {
			f.hushed = true
		}
	}
}

// family is the gateway that writes the error log of a gateway.
func family(gateway string) string {
	switch gateway {
	case "ingress-nginx", "openresty", "kong", "apisix", "angie", "tengine":
		return "nginx"
	case "istio", "envoy-gateway", "contour":
		return "envoy"
	}
	return gateway
}

// unexplained returns the statuses that no line explains. When the error log was
// read and says nothing about them, the upstream itself must have sent them.
func unexplained(primary, weak []*finding, silent bool) []*finding {
	var known, total uint64
	for _, f := range primary {
		if f.request() {
			known += f.count + f.folded
		} else {
			known = math.MaxUint64 / 8 // a change of state explains any number
		}
	}
	for _, f := range weak {
		total += f.count
	}
	if known*20 >= total { // error logs are sometimes limited to a part of the failures
		return nil
	}
	if !silent {
		return weak
	}
	out := make([]*finding, len(weak))
	for i, f := range weak {
		g := *f
		sig := *f.sig
		sig.Symptom, sig.Advice = symAppError, table().symptoms[symAppError]
		if f.status == 503 {
			sig.Symptom, sig.Advice = symApp503, table().symptoms[symApp503]
		}
		sig.Role = Primary
		sig.Meaning = "The gateway's error log was read and says nothing about these requests, so the upstream itself answered with this status."
		c := table().causes[sig.Cause]
		sig.inherit(&c)
		g.sig = &sig
		out[i] = &g
	}
	return out
}

// attribute adds the lines of consequences to the failure before them, so that
// they count for it.
func attribute(primary, consequences []*finding) {
	for _, c := range consequences {
		var best *finding
		for _, f := range primary {
			if best == nil || better(f, best, c) {
				best = f
			}
		}
		best.folded += c.count
	}
}

// better prefers the primary that speaks of the same upstream, then a change of
// state, then the more frequent.
func better(f, best, c *finding) bool {
	name := most(c.upstreams)
	same := func(x *finding) int {
		if name != "" && slices.ContainsFunc(x.upstreams, func(u window.Count) bool { return u.Value == name }) {
			return 1
		}
		return 0
	}
	event := func(x *finding) int {
		if x.sig.Event {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(same(f), same(best)), cmp.Compare(event(f), event(best)), cmp.Compare(f.count, best.count)) > 0
}

// group is what was seen of one upstream or route, or of all when they fail alike.
type group struct {
	scope    string // the value of by that the group is confined to, "" for all
	by       window.Dimension
	values   map[string]bool // all of them
	findings []*finding
	shape    *shape
	ev       *evidence
	ep       *episode
	share    float64 // of all failures
	scores   map[ID]float64
	evidence map[ID][]Evidence
	titles   map[ID]titled
	stories  []Story
}

// titled is a title with the weight of what it comes from.
type titled struct {
	weight float64
	sig    *Advice
	title  string
}

// has says whether the group shows one of the symptoms.
func (g *group) has(symptoms ...string) bool { return g.count(symptoms...) > 0 }

func (g *group) count(symptoms ...string) uint64 {
	var n uint64
	for _, f := range g.findings {
		if slices.Contains(symptoms, f.sig.Symptom) {
			n += f.count + f.folded
		}
	}
	return n
}

// total counts the findings that stand for requests.
func (g *group) total() uint64 {
	var n uint64
	for _, f := range g.findings {
		if f.request() {
			n += f.count + f.folded
		}
	}
	return n
}
