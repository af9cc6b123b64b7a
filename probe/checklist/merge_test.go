package checklist

import (
	"strings"
	"testing"
	"time"

	"why502/probe/incident"
)

func TestMerge(t *testing.T) {
	found := func(v incident.Verdict, at time.Time, texts ...string) outcome {
		o := outcome{verdict: v, summary: "now " + string(v), at: at}
		for _, text := range texts {
			o.add(text, "")
		}
		return o
	}
	ran := func(v incident.Verdict, texts ...string) incident.Step {
		st := incident.Step{At: now, Verdict: v, Summary: "ran " + string(v)}
		for _, text := range texts {
			st.Findings = append(st.Findings, incident.Finding{Text: text})
		}
		return st
	}
	before, after := now.Add(-time.Minute), now.Add(time.Minute)
	for _, tc := range []struct {
		name    string
		passive outcome
		active  incident.Step
		want    string
		texts   string
	}{
		{"never ran", found(incident.Pass, after, "p"), incident.Step{}, "now pass", "p"},
		{"mended since", found(incident.Pass, after, "p"), ran(incident.Fail, "a"), "now pass", "p|a"},
		{"broke since", found(incident.Fail, after, "p"), ran(incident.Pass, "a"), "now fail", "p|a"},
		{"older evidence is better", found(incident.Pass, before, "p"), ran(incident.Fail, "a"), "ran fail", "a|p"},
		{"older evidence is worse", found(incident.Fail, before, "p"), ran(incident.Pass, "a"), "now fail", "a|p"},
		{"flapping stays", found(incident.Pass, after, "p"), ran(incident.Warn, "a"), "ran warn", "p|a"},
		{"nothing known before", found(incident.Skipped, time.Time{}, "p"), ran(incident.Pass, "a"), "ran pass", "a"},
		{"the run was skipped", found(incident.Warn, before, "p"), ran(incident.Skipped, "a"), "now warn", "a|p"},
		{"neither knows", found(incident.Unknown, time.Time{}, "p"), ran(incident.Skipped, "a"), "ran skipped", "a|p"},
		{
			"said once", found(incident.Pass, after, "x answers 200 after 2 ms, for 3m2s now", "connect to x takes 1 ms", "p"),
			ran(incident.Pass, "x answers 200 after 7.5 ms", "connect to x succeeds", "a"), "now pass",
			"x answers 200 after 2 ms, for 3m2s now|connect to x takes 1 ms|p|a",
		},
	} {
		m := merge(tc.passive, tc.active, !tc.active.At.IsZero())
		var texts []string
		for _, f := range m.findings {
			texts = append(texts, f.Text)
		}
		if got := strings.Join(texts, "|"); m.summary != tc.want || got != tc.texts {
			t.Errorf("%s: %q %s, want %q %s", tc.name, m.summary, got, tc.want, tc.texts)
		}
	}
}
