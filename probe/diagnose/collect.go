package diagnose

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"why502/probe/incident"
	"why502/tail"
	"why502/tail/window"
)

// finding is a group of alike lines with the row that explains them.
type finding struct {
	sig         *Signature
	gateway     string
	kind        tail.Kind
	level       string
	source      string
	text        string // a message as it came, or the line of a request
	sample      string
	count       uint64 // within the incident once it is known
	whole       uint64 // of all time
	first, last time.Time
	seconds     []window.SecondCount
	exception   string   // type of the exception that the lines tell of, "" for none
	groups      []uint64 // of the window.Cases that it stands for
	upstreams   []window.Count
	window.Spread
	duration window.Quantiles
	status   int
	hushed   bool   // adds no weight, an exacter line says the same
	folded   uint64 // lines of consequences and companions attributed to it
}

// request says whether a line stands for one request (and not for a change of
// state).
func (f *finding) request() bool { return !f.state() }

// scaled says how many of n, which were counted over all time, fall to the incident:
// which they are is not known.
func (f *finding) scaled(n uint64) uint64 {
	if f.whole <= f.count {
		return n
	}
	return uint64(float64(n)*float64(f.count)/float64(f.whole) + 0.5)
}

// evidence is all that the logs show, by role.
type evidence struct {
	snap  *incident.Snapshot
	every []*finding // what matched, in order of first appearance
	all   []*finding // of these, what belongs to the incident
}

// collect matches the messages and outcomes of a snapshot.
func collect(s *incident.Snapshot, t *Table) *evidence {
	e := &evidence{snap: s}
	picked := isExcerpt(s)
	for i := range s.Traffic.Messages {
		f := matchMessage(&s.Traffic.Messages[i], t)
		if picked {
			e.all = append(e.all, rescue(f, &s.Traffic.Messages[i], s, t)...)
		} else if f != nil {
			e.all = append(e.all, f)
		}
	}
	for i := range s.Traffic.Outcomes {
		if f := matchOutcome(&s.Traffic.Outcomes[i], t); f != nil {
			e.all = append(e.all, f)
		}
	}
	if picked || s.Traffic.Requests == 0 && len(e.all) == 0 {
		e.all = append(e.all, unparsed(s, t)...)
	}
	if picked && !slices.ContainsFunc(e.all, func(f *finding) bool { return f.sig.Role != ProcessRole }) {
		e.all = append(e.all, lastWords(s, t)...)
	}
	slices.SortStableFunc(e.all, func(a, b *finding) int {
		return cmp.Or(a.first.Compare(b.first), cmp.Compare(b.count, a.count))
	})
	e.every = slices.Clone(e.all)
	return e
}

func matchMessage(m *window.Message, t *Table) *finding {
	kind := tail.Kind(m.Kind)
	text := m.Text
	if text == "" {
		text = m.Sample
	}
	// The cause may stand in a field beside the message; the shape of an
	// application's access line is "answered with status 500".
	var sig *Signature
	for _, part := range []string{text, m.Sample, m.Shape} {
		if s := t.lookup(m.Gateway, kind, part); s != nil && (sig == nil || sig.Role == Weak || sig.Role == Companion && s.Role == Primary) {
			sig = s
		}
		if sig != nil && sig.Role != Weak && sig.Role != Companion {
			break
		}
	}
	if sig == nil {
		return nil
	}
	return findingOf(m, sig)
}

func findingOf(m *window.Message, sig *Signature) *finding {
	text := m.Text
	if text == "" {
		text = m.Sample
	}
	return &finding{
		sig: sig, gateway: m.Gateway, kind: tail.Kind(m.Kind), level: strings.ToLower(m.Level), source: m.Source, text: text, sample: m.Shown(),
		count: m.Count, first: m.First, last: m.Last, seconds: m.Seconds, upstreams: m.Upstreams, Spread: m.Spread, groups: []uint64{m.Group},
		exception: m.Exception,
	}
}

func matchOutcome(o *window.Outcome, t *Table) *finding {
	e := ending{
		gateway: o.Gateway, flags: o.Flags, server: o.Server, status: o.Status,
		upstream: o.Upstream, reach: o.Reached, maker: tail.Maker(o.Maker),
	}
	if len(o.Flags) >= longFlags {
		e.flags += " " + o.Sample // the flags were cut; their details stand in the line
	}
	sig := t.byEnding(&e)
	if (sig == nil || sig.Role == Weak) && strings.HasPrefix(o.Sample, "{") {
		// The error may stand in another field of the record.
		sig = cmp.Or(strong(t.byText(o.Gateway, tail.KindError, o.Sample)), t.byDetail(o.Sample), sig)
	}
	if sig == nil {
		return nil
	}
	return &finding{
		sig: sig, gateway: o.Gateway, kind: tail.KindAccess, source: o.Source, text: o.Sample, sample: o.Sample,
		count: o.Count, first: o.First, last: o.Last, seconds: o.Seconds, upstreams: o.Upstreams, Spread: o.Spread, groups: o.Groups,
		duration: o.Duration, status: o.Status,
	}
}

// strong is s, or nil where it says no more than a status does.
func strong(s *Signature) *Signature {
	if s == nil || s.Role == Weak {
		return nil
	}
	return s
}

// longFlags is the length from which an outcome's flags may have been cut, in
// bytes.
const longFlags = 64

// with returns the findings of a role.
func (e *evidence) with(roles ...Role) []*finding {
	var out []*finding
	for _, f := range e.all {
		if slices.Contains(roles, f.sig.Role) {
			out = append(out, f)
		}
	}
	return out
}

// within keeps of e what happened from..to and counts only that. Findings
// without a time stay. What a consequence goes back to may lie further back.
func (e *evidence) within(from, to time.Time) {
	kept := e.all[:0]
	for _, f := range e.all {
		if f.first.IsZero() || len(f.seconds) == 0 {
			kept = append(kept, f)
			continue
		}
		lo, hi := from.Unix(), to.Unix()
		switch {
		case f.sig.Role == Primary && f.state():
			lo -= int64(lookBack / time.Second)
		case f.aside():
			lo -= int64(shortly / time.Second)
		}
		g := *f
		g.whole = f.count
		g.count, g.seconds = 0, nil
		for _, p := range f.seconds {
			if p.Unix >= lo && p.Unix <= hi {
				g.count += uint64(p.Count)
				g.seconds = append(g.seconds, p)
			}
		}
		if g.count == 0 {
			continue
		}
		if first := time.Unix(g.seconds[0].Unix, 0).UTC(); first.After(g.first) {
			g.first = first
		}
		if last := time.Unix(g.seconds[len(g.seconds)-1].Unix+1, 0).UTC(); last.Before(g.last) {
			g.last = last
		}
		kept = append(kept, &g)
	}
	e.all = kept
}

// lookBack is how far before an incident a change of state may have caused it:
// the longest time that gateways keep a server out (Apache's retry of 60 s), and
// some more.
const lookBack = 2 * time.Minute
