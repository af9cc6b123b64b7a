package diagnose

import (
	"why502/tail"
	"why502/tail/window"
)

// scopeOf names the values that set the incident's failing requests apart from good
// ones, as the statistics find them.
func scopeOf(v *window.View, ep *episode) []Scope {
	if !ep.firstFailure.IsZero() {
		v = v.Within(ep.firstFailure, ep.lastFailure)
	}
	var out []Scope
	for _, t := range window.Scope(v) {
		out = append(out, Scope{
			Field: t.Dimension.String(), Value: tail.Clean(t.Value, 200),
			FailedShare: t.FailedShare, OKShare: t.OKShare,
		})
	}
	return out
}
