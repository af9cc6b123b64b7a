package checklist

import (
	"strings"
	"time"

	"why502/probe/diagnose"
	"why502/probe/incident"
	"why502/tail"
)

// step is one line of the table of steps.
type step struct {
	number   int
	id       string
	title    string
	question string
	consent  bool
	// passive says what the snapshot alone tells; it asks nobody.
	passive func(*facts) outcome
	// commands are the equal commands by hand, most useful first.
	commands func(*facts) []string
}

// steps is the article's checklist.
var steps = [...]step{
	{
		number: 1, id: "upstream-alive", title: "Upstream alive?",
		question: "Does the upstream answer when it is asked directly, past the gateway?",
		passive:  aliveStep, commands: aliveCommands,
	},
	{
		number: 2, id: "logs", title: "Logs",
		question: "What do the error logs of the gateway and the application say about the failing requests?",
		passive:  logsStep, commands: logsCommands,
	},
	{
		number: 3, id: "network", title: "Network path",
		question: "Can this machine connect to the upstream's port, and if not, is it refused, dropped or rejected on the way?",
		passive:  networkStep, commands: networkCommands,
	},
	{
		number: 4, id: "gateway-config", title: "Gateway configuration",
		question: "Do address, scheme, timeouts and buffers in the gateway's configuration fit what really happens?",
		passive:  configStep, commands: configCommands,
	},
	{
		number: 5, id: "dns", title: "DNS and delay",
		question: "Does the upstream's name resolve, to the address the gateway uses, and how long does a connect take?",
		passive:  dnsStep, commands: dnsCommands,
	},
	{
		number: 6, id: "load", title: "Load", consent: true,
		question: "Does the upstream fail or slow down under load it should bear?",
		passive:  loadStep, commands: loadCommands,
	},
	{
		number: 7, id: "api-management", title: "API records",
		question: "Is every call recorded with what is needed to find the next failure: upstream, its status, times, request id?",
		passive:  recordsStep, commands: recordsCommands,
	},
}

// outcome is what a step concluded.
type outcome struct {
	verdict  incident.Verdict
	summary  string
	findings []incident.Finding
	at       time.Time // of the newest evidence, zero when it has no time
}

// add appends a finding.
func (o *outcome) add(text, evidence string) {
	o.findings = append(o.findings, incident.Finding{Text: text, Evidence: evidence})
}

// raise makes the verdict v and the summary s where v is worse than what was.
func (o *outcome) raise(v incident.Verdict, s string) {
	if rank[v] > rank[o.verdict] {
		o.verdict, o.summary = v, s
	}
}

// rank orders verdicts from nothing known to worst.
var rank = map[incident.Verdict]int{
	"": -1, incident.Unknown: 0, incident.Skipped: 1, incident.Pass: 2, incident.Warn: 3, incident.Fail: 4,
}

// Rows says where the seven steps stand: what the snapshot tells by itself,
// merged with what running them found. It is pure.
func Rows(s *incident.Snapshot, v diagnose.Verdict) []Row {
	f := newFacts(s, v)
	rows := make([]Row, 0, len(steps))
	for i := range steps {
		st := &steps[i]
		passive := st.passive(f)
		active, ran := s.Steps[st.number]
		merged := merge(passive, active, ran)
		rows = append(rows, Row{
			Step: st.number, ID: st.id, Title: st.title, Question: st.question, Consent: st.consent,
			Verdict: merged.verdict, Summary: fit(merged.summary),
			Findings: bound(merged.findings), Running: active.Running,
			Commands: boundCommands(append(append([]string{}, active.Commands...), st.commands(f)...)),
		})
	}
	return rows
}

// told is what a finding is about, without what was measured: findings of a run
// and of the snapshot that say the same count once.
func told(text string) string {
	if rest, ok := strings.CutPrefix(text, "connect to "); ok {
		addr, _, _ := strings.Cut(rest, " ")
		return "connect " + addr
	}
	return measured().ReplaceAllString(text, "")
}

var measured = tail.Pattern(`, for [0-9hms. ]+ now$|[0-9.]+ m?s\b`)

// addNew appends the findings of older that tell something new.
func addNew(newer, older []incident.Finding) []incident.Finding {
	seen := map[string]bool{}
	for _, f := range newer {
		seen[told(f.Text)] = true
	}
	all := append([]incident.Finding{}, newer...)
	for _, f := range older {
		if !seen[told(f.Text)] {
			all = append(all, f)
		}
	}
	return all
}

// merge joins what a run found with what the snapshot says now. Newer passive
// evidence that is certain overrules an older run; otherwise the worse one counts.
// A run that only skipped says why, nothing more.
func merge(passive outcome, active incident.Step, ran bool) outcome {
	if passive.verdict == "" {
		passive.verdict = incident.Unknown
	}
	if !ran || active.At.IsZero() {
		return passive
	}
	m := outcome{verdict: active.Verdict, summary: active.Summary}
	older := []incident.Finding(nil)
	if rank[passive.verdict] >= rank[incident.Pass] || rank[active.Verdict] < rank[incident.Pass] {
		older = passive.findings
	}
	m.findings = active.Findings
	if passive.at.After(active.At) {
		m.findings, older = older, m.findings
	}
	m.findings = addNew(m.findings, older)
	// What flaps is not mended by one good answer.
	newer := passive.at.After(active.At) && rank[passive.verdict] >= rank[incident.Pass] &&
		(active.Verdict != incident.Warn || passive.verdict != incident.Pass)
	switch {
	case active.Verdict == "" || active.Verdict == incident.Unknown || active.Verdict == incident.Skipped:
		if rank[passive.verdict] > rank[active.Verdict] {
			m.verdict, m.summary = passive.verdict, passive.summary
		}
	case newer || rank[passive.verdict] > rank[active.Verdict]:
		m.verdict, m.summary = passive.verdict, passive.summary
	}
	if m.verdict == "" {
		m.verdict = incident.Unknown
	}
	return m
}
