package diagnose

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"why502/tail"
)

// How causes are ranked, in the open:
//
// Every finding adds the strength that its row gives to each cause it allows: the
// log-odds of that cause against "something unknown", which stands at 0. What one
// finding says counts fully when it makes up a fifth of the failures or is a
// change of state, and less below that, so that a stray line can't outweigh the
// rest; its count does not matter beyond that. Rules (rules.go) add or take away
// what the shape of the failures, probes, configuration and host say. The
// confidence of a cause is then exp(sum) over the sum of exp(sum) of all causes
// and 1 for the unknown, times the group's share of the failures. So confidences
// add up to less than 1, and what they leave is "not sure".

const (
	// fullShare is the share of the failures from which a finding counts fully.
	fullShare = 0.2
	// certain bounds a cause's sum: nothing from logs is surer than this.
	certain = 4.0
)

// weighing is one thing that a rule says.
type weighing struct {
	cause   ID
	weight  float64 // added to the sum; negative speaks against
	meaning string
	title   string // names the cause better than the table does, "" keeps that
	source  string // "logs", "probe", "configuration", "host"
	sample  string
	advice  *Advice // what to do instead of the table's, nil keeps that
}

// rank sums up what speaks for and against each cause of the group.
func (g *group) rank() {
	g.scores, g.evidence, g.titles = map[ID]float64{}, map[ID][]Evidence{}, map[ID]titled{}
	total := g.total()
	for _, f := range g.findings {
		damp := 1.0
		if f.request() && total > 0 {
			damp = math.Min(1, float64(f.count+f.folded)/float64(total)/fullShare)
		}
		if f.sig.Role == Hint {
			damp = 0.5
		}
		if f.late(g.ep) {
			damp *= lateDamp
		}
		if f.hushed {
			damp = 0
		}
		g.weigh(f, f.sig.Cause, f.sig.Strength*damp)
		for _, id := range slices.Sorted(maps.Keys(f.sig.Also)) {
			if id != f.sig.Cause {
				g.weigh(f, id, f.sig.Also[id]*damp)
			}
		}
	}
	for i := range rules {
		for _, w := range rules[i].apply(g) {
			g.add(&w)
		}
	}
}

// weigh adds a finding to a cause.
func (g *group) weigh(f *finding, id ID, weight float64) {
	g.scores[id] += weight
	source, meaning := f.source, f.sig.Meaning
	if source == "" {
		source = "logs"
	}
	if id != f.sig.Cause {
		meaning = "These lines fit this as well: " + lowerFirst(table().causes[id].Meaning)
	}
	meaning += f.since(g.ep)
	g.evidence[id] = append(g.evidence[id], Evidence{
		Source: source, Count: f.count, First: f.first, Last: f.last,
		Sample: f.sample, Meaning: meaning, Weight: weight,
	})
	if weight <= g.titles[id].weight {
		return
	}
	if id == f.sig.Cause {
		g.titles[id] = titled{weight: weight, sig: &f.sig.Advice, title: f.sig.Title}
	} else if title := f.sig.Titles[id]; title != "" {
		g.titles[id] = titled{weight: weight, title: title}
	}
}

// add takes what a rule says. A rule that speaks for a cause makes it a candidate;
// one that speaks against needs one.
func (g *group) add(w *weighing) {
	if _, ok := g.scores[w.cause]; !ok && w.weight <= 0 {
		return
	}
	g.scores[w.cause] += w.weight
	source := w.source
	if source == "" {
		source = "logs"
	}
	g.evidence[w.cause] = append(g.evidence[w.cause], Evidence{
		Against: w.weight < 0, Source: source, Count: 1, Sample: w.sample,
		Meaning: w.meaning, Weight: w.weight,
	})
	if w.title != "" || w.advice != nil {
		t := g.titles[w.cause]
		if w.title != "" {
			t.title = w.title
		}
		if w.advice != nil {
			t.sig = w.advice
		}
		t.weight = math.Max(t.weight, w.weight)
		g.titles[w.cause] = t
	}
}

// confidences turns sums into shares that leave room for the unknown.
func (g *group) confidences() map[ID]float64 {
	sum := 1.0
	out := make(map[ID]float64, len(g.scores))
	ids := slices.Sorted(maps.Keys(g.scores)) // a fixed order keeps sums exact
	top := math.Inf(-1)
	for _, id := range ids {
		top = math.Max(top, g.scores[id])
	}
	lower := math.Max(0, top-certain) // keeps distances, bounds the surest
	for _, id := range ids {
		out[id] = math.Exp(g.scores[id] - lower)
		sum += out[id]
	}
	for _, id := range ids {
		out[id] = out[id] / sum * g.share
	}
	return out
}

// least is the confidence below which a cause is not worth naming.
const least = 0.02

// maxCauses bounds the causes of a verdict.
const maxCauses = 6

// causes makes the group's causes, most likely first.
func (g *group) causes(t *Table) []Cause {
	conf := g.confidences()
	var out []Cause
	for _, id := range slices.Sorted(maps.Keys(conf)) {
		if conf[id] < least*g.share || g.scores[id] <= 0 {
			continue
		}
		out = append(out, g.cause(t, id, conf[id]))
	}
	slices.SortStableFunc(out, func(a, b Cause) int { return cmp.Compare(b.Confidence, a.Confidence) })
	if len(out) > 0 {
		out[0].Stories = g.stories
	}
	return out
}

// cause writes one cause out.
func (g *group) cause(t *Table, id ID, confidence float64) Cause {
	base := t.causes[id]
	base.Cause = id
	advice := base
	title := base.Title
	if best, ok := g.titles[id]; ok {
		if best.sig != nil {
			advice = *best.sig
			advice.inherit(&base)
		}
		if best.title != "" {
			title = best.title
		} else if best.sig != nil && best.sig.Title != "" {
			title = best.sig.Title
		}
	}
	words, command := g.words()
	command.errors = cmp.Or(t.errorLog(g), command.errors)
	command.test = cmp.Or(t.ofGateway(g, "test"), command.test)
	c := Cause{ID: id, Title: words.fill(title), Confidence: confidence, Step: advice.Step, Scope: tail.Clean(g.scope, maxName), Share: g.share}
	for _, n := range advice.Next {
		c.Next = append(c.Next, words.fill(n))
	}
	if advice.Remedy != "" {
		c.Next = append(c.Next, words.fill(advice.Remedy))
	}
	for _, cmd := range advice.Commands {
		c.Commands = append(c.Commands, command.fill(cmd))
	}
	c.Evidence = slices.Clone(g.evidence[id])
	slices.SortStableFunc(c.Evidence, func(a, b Evidence) int {
		return cmp.Or(cmp.Compare(boolInt(a.Against), boolInt(b.Against)), cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)))
	})
	return c
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// errorLog is the command that reads the error log of the group's gateway: the one
// that the configuration names, else the one that the gateway usually has.
func (t *Table) errorLog(g *group) string {
	name := g.gateway()
	if c := g.ev.snap.Config; c != nil && c.Gateway == name {
		for _, path := range c.ErrorLogs() {
			if shellSafe(path) == path {
				return "tail -n 50 " + path
			}
		}
	}
	return t.ofGateway(g, "errors")
}

// ofGateway is a command of the group's gateway or of the family it belongs to.
func (t *Table) ofGateway(g *group, key string) string {
	name := g.gateway()
	return cmp.Or(t.gateways[name][key], t.gateways[family(name)][key])
}

// gateway is the gateway of the group's lines, "" when none tells: of the line that
// was read as one of a gateway's format, else of the row that knows its words.
func (g *group) gateway() string {
	for _, f := range g.findings {
		if f.gateway != "" {
			return f.gateway
		}
	}
	for _, f := range g.findings {
		if len(f.sig.Gateways) > 0 {
			return f.sig.Gateways[0]
		}
	}
	return ""
}

// words are the template values for texts and for commands.
func (g *group) words() (text, command subject) {
	upstream := cmp.Or(g.server(), g.upstream(), g.told(), most(g.ev.snap.Traffic.Top[0]))
	route := ""
	for _, f := range g.findings {
		if route = most(f.Routes); route != "" {
			break
		}
	}
	if route == "" {
		route = most(g.ev.snap.Traffic.Top[1])
	}
	name := ""
	for _, f := range g.findings {
		if f.sig.Cause == DNS {
			if name = nameIn(f.text); name != "" {
				break
			}
		}
	}
	status := mainStatus(g.shape.statuses)
	text = subjectOf(upstream, route, name, status, plain, false)
	if !addressLike(upstream) {
		upstream = g.probedAddr() // HAProxy logs names: "backend/server"
	}
	command = subjectOf(upstream, route, name, status, example, true)
	return text, command
}

// addressLike says whether an upstream's name can be connected to.
func addressLike(s string) bool {
	return strings.HasPrefix(s, "unix:") || strings.Contains(s, ":") && !strings.Contains(s, "/")
}

// probedAddr is the address that is probed for this group when there is only one,
// "" otherwise.
func (g *group) probedAddr() string {
	if len(g.ev.snap.Probes) == 1 {
		return g.ev.snap.Probes[0].Target.Addr()
	}
	return ""
}

// nameIn finds the host name that a DNS message speaks of.
func nameIn(text string) string {
	for _, mark := range []string{"lookup ", "lookup failure for: ", "host not found in upstream \"", "resolve address '", "resolver for '", "ENOTFOUND ", "EAI_AGAIN ", "UnknownHostException: ", "Cannot connect to host ", "resolve '", "domain: ", "resolve "} {
		if _, rest, ok := strings.Cut(text, mark); ok {
			return hostOf(rest)
		}
	}
	if before, _, ok := strings.Cut(text, " could not be resolved"); ok {
		fields := strings.Fields(before)
		if len(fields) > 0 {
			return hostOf(fields[len(fields)-1])
		}
	}
	return ""
}

func hostOf(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool { return strings.ContainsRune(" \t\"':,;", r) })
	if end < 0 {
		end = len(s)
	}
	return s[:end]
}

// mainStatus is the most frequent failing status, "" when none is known.
func mainStatus(by map[int]uint64) string {
	best := 0
	for s, n := range by {
		if s > 0 && (best == 0 || n > by[best] || n == by[best] && s < best) {
			best = s
		}
	}
	if best == 0 {
		return ""
	}
	return itoa3(best)
}

func itoa3(n int) string {
	return string([]byte{byte('0' + n/100%10), byte('0' + n/10%10), byte('0' + n%10)})
}
