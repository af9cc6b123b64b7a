package pane

import (
	"strings"
	"testing"
	"time"

	"why502/probe/diagnose"
	"why502/probe/incident"
	"why502/tail"
	"why502/tail/story"
)

// TestSourcesTellHowTheyAreRead: whatever keeps a log from being read whole and at once
// stands beside it.
func TestSourcesTellHowTheyAreRead(t *testing.T) {
	in := inputOf(nil)
	in.Verdict.Incident = diagnose.Incident{State: diagnose.None}
	now := in.Snap.Now
	in.Snap.Traffic.TooOld, in.Snap.Traffic.TooOldUntil = 3000, now.Add(-8*24*time.Hour)
	in.Snap.Retained, in.Snap.Budget = 5<<20, 64<<20
	in.Snap.Sources = []incident.Source{
		{Name: "a.log", Format: "nginx-combined", Confidence: 0.9, Lines: 1, Last: now.Add(-4 * time.Second), Status: tail.Status{
			CaughtUp: now.Add(-9 * time.Second),
			State:    tail.StateFollowing, Offset: 10, Size: 3000010, Rotations: 2, Cut: 1, LostBytes: 7, Polling: true, Why: "polling a.log: a mount that tells no changes",
		}},
		{Name: "b.log", Lines: 2000, Status: tail.Status{State: tail.StateHistory, HistoryLeft: 5000000, Unfinished: "GET /\x1b[2Jhalf"}},
		{Name: "c.log", Clock: story.Clock{Offset: 40 * time.Second, Error: time.Second, Requests: 12}},
	}
	var c Cause
	var b strings.Builder
	for _, l := range c.lines(in) {
		for _, p := range l.parts {
			b.WriteString(p.text)
		}
		b.WriteByte('\n')
	}
	page := b.String()
	for _, want := range []string{
		"a.log", "nginx-combined (90 % sure)  1 line,", "polling a.log: a mount", "3 MB not read yet, at most 4 s behind", "2 rotations survived", "1 line longer than 1 MB, cut there", "at most 7 B went with a file before they were read",
		"3,000 requests too old to be counted by second",
		"2,000 lines", "5 MB of its history still to be read", "a line without its end so far: GET /", "clock 40s ahead", "5.2 MB of lines kept to look at, of at most 67 MB",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "\x1b") {
		t.Error("an escape of a log is on the page")
	}
}
