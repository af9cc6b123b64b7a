package pane

import (
	"testing"
	"time"

	"why502/probe/diagnose"
	"why502/probe/incident"
	"why502/tail/window"
	"why502/themes"
	"why502/tui/draw"
)

// inputOf is an input over a snapshot whose incident began at Unix second 1000.
func inputOf(seconds []window.Second, statuses ...window.StatusCount) *Input {
	in := &Input{
		Snap: &incident.Snapshot{Progress: 1, Now: time.Unix(1010, 0)}, Zone: time.UTC, Width: 120, Height: 7,
		P: draw.New(themes.Plain(), draw.Options{}), Span: time.Minute, Records: NewRecords(nil),
	}
	in.Snap.Traffic.Seconds, in.Snap.Traffic.Statuses = seconds, statuses
	in.Snap.Traffic.Last = in.Snap.Now
	in.Verdict.Incident = diagnose.Incident{State: diagnose.Ongoing, Started: time.Unix(1000, 0)}
	in.Prepare()
	return in
}

// TestHeadlineNamesTheStatus: the one most failed requests of the incident got,
// not of the time before.
func TestHeadlineNamesTheStatus(t *testing.T) {
	second := func(unix int64, s502, s503, s504, other, none uint32) window.Second {
		return window.Second{Unix: unix, S502: s502, S503: s503, S504: s504, Class: [6]uint32{0: none, 5: s502 + s503 + s504 + other}}
	}
	all := []window.StatusCount{{Status: 200, Count: 99}, {Status: 500, Count: 3}, {Status: 504, Count: 7}, {Status: 507, Count: 4}}
	for _, c := range []struct {
		seconds []window.Second
		want    string
	}{
		{[]window.Second{second(1001, 5, 1, 2, 0, 0)}, "502"},
		{[]window.Second{second(990, 50, 0, 0, 0, 0), second(1001, 1, 0, 4, 0, 0)}, "504"},
		{[]window.Second{second(1001, 0, 0, 0, 6, 1)}, "507"},
		{[]window.Second{second(1001, 0, 0, 0, 1, 6)}, "no answer"},
		{nil, "504"},
	} {
		in := inputOf(c.seconds, all...)
		_, got, _ := Headline(in, in.Snap.Now)
		if want := c.want + " since 00:16:40 (10 s)"; got != want {
			t.Errorf("%+v: %q, want %q", c.seconds, got, want)
		}
	}
}

func TestGist(t *testing.T) {
	for sample, want := range map[string]string{
		`2026/11/23 09:44:05 [error] 11854#11854: *2 connect() failed (111: Connection refused) while connecting to upstream, client: 1.2.3.4, server: x`: "connect() failed (111: Connection refused) while connecting to upstream",
		`2026/11/23 09:44:05 [crit] 1#1: no conn number`: "no conn number",
		"refused in 0.1 ms, client: no error line":       "refused in 0.1 ms, client: no error line",
		"": "",
	} {
		if got := gist(sample); got != want {
			t.Errorf("%q: %q, want %q", sample, got, want)
		}
	}
}
