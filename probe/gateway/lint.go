package gateway

import (
	"fmt"
	"sort"
)

// lintRule is one thing to look for in the configuration of a gateway, T being
// what its reader made of the file. Rules are pure: they see nothing but the file.
type lintRule[T any] struct {
	id, severity string
	mend         string
	find         func(T) []hit
}

// hit is a place a rule found.
type hit struct {
	pos  Pos
	text string
}

// maxHits bounds what one rule says about a large configuration.
const maxHits = 20

// runLints applies all rules, worst first, then in the order of the table. What a
// rule says alike of several places is said once, with the first of them.
func runLints[T any](rules []lintRule[T], of T) []Lint {
	var lints []Lint
	for _, rule := range rules {
		places := map[string]map[Pos]bool{}
		var texts []hit
		for _, h := range rule.find(of) {
			if places[h.text] == nil {
				places[h.text] = map[Pos]bool{}
				texts = append(texts, h)
			}
			places[h.text][h.pos] = true
		}
		for _, h := range texts[:min(len(texts), maxHits)] {
			text := h.text
			if n := len(places[h.text]); n > 1 {
				text += fmt.Sprintf(" (%d places)", n)
			}
			lints = append(lints, Lint{ID: rule.id, Severity: rule.severity, Text: text, Mend: rule.mend, Pos: h.pos})
		}
	}
	rank := map[string]int{"fail": 0, "warn": 1, "info": 2}
	sort.SliceStable(lints, func(i, j int) bool { return rank[lints[i].Severity] < rank[lints[j].Severity] })
	return lints
}
