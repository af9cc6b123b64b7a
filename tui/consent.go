package tui

import (
	"fmt"

	"why502/probe/load"
	"why502/tui/pane"
)

// sentence says what a load test would send, in the words of the question.
func sentence(p *load.Plan) string {
	return fmt.Sprintf("Send up to %g requests a second (%s) to %s for %s, at most %d at a time?",
		p.Rate, p.Method, p.URL, pane.Span(p.Duration), p.Concurrency)
}
