package diagnose

import (
	"cmp"
	"maps"
	"slices"

	"why502/tail/window"
)

const (
	// pure is the share of the failures that must have their value's main cause, for
	// a field to tell causes apart.
	pure = 0.85
	// told is the share of the failures whose value must be known.
	known = 0.6
	// splitChance is the probability of a split by chance, with Bonferroni's
	// correction for the values of the field.
	splitChance = 0.01
	// splitLeast is the share of all failures that a cause of its own must explain.
	splitLeast = 0.03
)

// splitters are the fields that may keep concurrent causes apart, the most telling
// first.
var splitters = []struct {
	by window.Dimension
	of func(*finding) []window.Count
}{
	{window.ByUpstream, func(f *finding) []window.Count { return f.upstreams }},
	{window.ByRoute, func(f *finding) []window.Count { return f.Routes }},
	{window.ByHost, func(f *finding) []window.Count { return f.Hosts }},
}

// split makes a group of each cause that has upstreams, routes or hosts of its own.
// One group is the usual case: an upstream that fails in several ways has one
// fault. Values whose failures have another main cause than the rest are another
// fault when the field tells the causes apart well and chance is ruled out
// (Fisher's exact test).
func split(primary []*finding) []*group {
	for _, s := range splitters {
		main := mainCauses(primary, s.of)
		if main == nil {
			continue
		}
		groups := groupsBy(primary, main, s.of)
		for _, g := range groups {
			g.by = s.by
		}
		return groups
	}
	return []*group{{findings: primary}}
}

// mainCauses returns the main cause of each value of a field, nil when the field
// does not tell causes apart.
func mainCauses(primary []*finding, of func(*finding) []window.Count) map[string]ID {
	ways := map[string]map[ID]uint64{}
	var all uint64
	for _, f := range primary {
		if !f.request() || f.aside() || f.sig.Role == Hint {
			continue
		}
		all += f.count
		for _, v := range of(f) {
			n := f.scaled(v.Failed)
			if n == 0 {
				continue
			}
			if ways[v.Value] == nil {
				ways[v.Value] = map[ID]uint64{}
			}
			ways[v.Value][f.sig.Cause] += n
		}
	}
	main := map[string]ID{}
	by := map[ID]tally{}
	var total tally
	for v, ids := range ways {
		best := mostOf(ids)
		main[v] = best
		for id, n := range ids {
			total.all += n
			t := by[best]
			t.all += n
			if id == best {
				t.own += n
				total.own += n
			}
			by[best] = t
		}
	}
	if len(by) < 2 || float64(total.own) < pure*float64(total.all) || float64(total.all) < known*float64(all) {
		return nil
	}
	for id, t := range by {
		elsewhere := uint64(0) // failures of the cause outside its values
		for v, ids := range ways {
			if main[v] != id {
				elsewhere += ids[id]
			}
		}
		p := window.Fisher(t.own, t.all-t.own, elsewhere, total.all-t.all-elsewhere)
		if p*float64(len(ways)) > splitChance || float64(t.all) < splitLeast*float64(total.all) {
			return nil
		}
	}
	return main
}

// tally counts failures, and those of them with their value's main cause.
type tally struct{ all, own uint64 }

// mostOf is the most frequent cause.
func mostOf(by map[ID]uint64) ID {
	var best ID
	for id, n := range by {
		if n > by[best] || n == by[best] && (best == "" || id < best) {
			best = id
		}
	}
	return best
}

// groupsBy deals the findings out to the groups of values with the same main
// cause; lines without a value go to the group whose cause they share, else to the
// one that fails most.
func groupsBy(primary []*finding, main map[string]ID, of func(*finding) []window.Count) []*group {
	by := map[ID]*group{}
	var rest []*finding
	for _, f := range primary {
		parts := map[ID]*finding{}
		for _, v := range of(f) {
			id, ok := main[v.Value]
			if !ok || v.Failed == 0 || !f.request() || f.aside() {
				continue
			}
			if by[id] == nil {
				by[id] = &group{values: map[string]bool{}}
			}
			by[id].values[v.Value] = true
			if parts[id] == nil {
				p := *f
				p.count = 0
				parts[id] = &p
			}
			parts[id].count += f.scaled(v.Failed)
		}
		if len(parts) == 0 {
			rest = append(rest, f)
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(parts)) {
			p := parts[id]
			p.upstreams, p.Spread = confined(f, by[id].values, of)
			by[id].findings = append(by[id].findings, p)
		}
	}
	groups := make([]*group, 0, len(by))
	for _, id := range slices.Sorted(maps.Keys(by)) {
		g := by[id]
		g.scope = g.commonest(of)
		groups = append(groups, g)
	}
	slices.SortStableFunc(groups, func(a, b *group) int { return cmp.Compare(b.total(), a.total()) })
	for _, f := range rest {
		to := groups[0]
		if g := by[f.sig.Cause]; g != nil {
			to = g
		}
		to.findings = append(to.findings, f)
	}
	return groups
}

// confined keeps of a finding's counts those of the values, in the field they are
// of; how its other fields fall to them is not known, so these stay.
func confined(f *finding, values map[string]bool, of func(*finding) []window.Count) ([]window.Count, window.Spread) {
	keep := func(counts []window.Count) []window.Count {
		if len(counts) == 0 || &counts[0] != &of(f)[0] {
			return counts
		}
		return slices.DeleteFunc(slices.Clone(counts), func(c window.Count) bool { return !values[c.Value] })
	}
	return keep(f.upstreams), window.Spread{Routes: keep(f.Routes), Hosts: keep(f.Hosts)}
}

// commonest is the value that most of the group's failures have.
func (g *group) commonest(of func(*finding) []window.Count) string {
	sum := map[string]uint64{}
	best := ""
	for _, f := range g.findings {
		for _, v := range of(f) {
			sum[v.Value] += v.Failed
		}
	}
	for v, n := range sum {
		if n > sum[best] || n == sum[best] && v < best {
			best = v
		}
	}
	return best
}

// upstream is the address that most of the group's failures name.
func (g *group) upstream() string { return g.commonest(splitters[0].of) }

// server is the upstream that the group is confined to, "" when it is not.
func (g *group) server() string {
	if g.by == window.ByUpstream {
		return g.scope
	}
	return ""
}
