package checklist

import (
	"why502/probe/incident"
)

// Row is one step of the checklist as shown and reported.
type Row struct {
	Step     int
	ID       string // "upstream-alive", "logs", "network", "gateway-config", "dns", "load", "api-management"
	Title    string // "Upstream alive?"
	Question string // what the step answers, one sentence
	Verdict  incident.Verdict
	Summary  string // a few words for the pane: "refused, 0.3 ms"
	Findings []incident.Finding
	Commands []string // equal commands, ready to run
	Running  bool
	Consent  bool // running it needs a yes first (load)
}
