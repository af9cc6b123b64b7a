package diagnose

import (
	"cmp"
	"math"
	"slices"

	"why502/tail"
	"why502/tail/window"
)

const (
	// minScoped is how many failures a scope needs: fewer say nothing.
	minScoped = 5
	// scopeShare is the share of the failures that a value must have, scopeLift by
	// how much it must exceed its share of the good requests.
	scopeShare = 0.8
	scopeLift  = 0.25
	// scopeSigmas is how sure the difference of the two shares must be.
	scopeSigmas = 4
	maxScopes   = 4
)

// scopeOf finds the values that set failing requests apart from good ones: those
// which nearly all failures have and clearly fewer good requests do. The
// difference must be larger than chance (two-proportion test with the pooled
// share and one failure and success added to each side for small samples).
func scopeOf(v *window.View) []Scope {
	var out []Scope
	for d, counts := range v.Top {
		if window.Dimension(d) == window.ByAgent || window.Dimension(d) == window.ByClient && v.Clients > 0 && v.Clients < 3 {
			continue
		}
		carried := v.Carried[d]
		if carried.Failed < minScoped || carried.OK < minScoped {
			continue
		}
		for _, c := range counts {
			if s, ok := stands(window.Dimension(d), c, carried); ok {
				out = append(out, s)
				break
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Scope) int {
		return cmp.Compare(b.FailedShare-b.OKShare, a.FailedShare-a.OKShare)
	})
	return out[:min(len(out), maxScopes)]
}

func stands(d window.Dimension, c, carried window.Count) (Scope, bool) {
	s := Scope{
		Field: d.String(), Value: tail.Clean(c.Value, 200),
		FailedShare: float64(c.Failed) / float64(carried.Failed),
		OKShare:     float64(c.OK) / float64(carried.OK),
	}
	if s.FailedShare < scopeShare || s.FailedShare-s.OKShare < scopeLift {
		return s, false
	}
	nf, ng := float64(carried.Failed)+2, float64(carried.OK)+2
	pf, pg := (float64(c.Failed)+1)/nf, (float64(c.OK)+1)/ng
	pooled := (pf*nf + pg*ng) / (nf + ng)
	sd := math.Sqrt(pooled * (1 - pooled) * (1/nf + 1/ng))
	return s, pf-pg > scopeSigmas*sd
}
