package probe

// The bounds of a History.
const (
	// MaxHistory is the number of results kept of one target.
	MaxHistory = 120
	// recentHistory newest results are kept whatever they are.
	recentHistory = 40
)

// Add appends r and keeps the history within MaxHistory: beyond the newest ones
// the oldest success goes first, a failure only when there is no success left.
// Since moves when the health changes. Slices handed out before stay as they are.
func (h *History) Add(r Result) {
	last := h.Last()
	if last == nil || last.Class.Healthy() != r.Class.Healthy() {
		h.Since = r.At
	}
	h.Target = r.Target
	if len(h.Results) < MaxHistory {
		h.Results = append(h.Results, r)
		return
	}
	drop := 0
	for i := range h.Results[:MaxHistory-recentHistory] {
		if h.Results[i].Class.Healthy() {
			drop = i
			break
		}
	}
	kept := make([]Result, 0, MaxHistory)
	kept = append(kept, h.Results[:drop]...)
	kept = append(kept, h.Results[drop+1:]...)
	kept = append(kept, r)
	h.Results = kept
}
