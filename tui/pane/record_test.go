package pane

import (
	"strings"
	"testing"

	"why502/probe/incident"
	"why502/probe/session"
	"why502/tail"
)

// A record of several lines is opened line by line, with the indentation it came with.
func TestAStackTraceIsOpenedInFull(t *testing.T) {
	line := incident.Line{Kind: tail.KindUpstream, Text: "ERROR in app\nTraceback (most recent call last):\n  File \"/srv/a.py\", line 3, in f\nValueError: x"}
	fields := []session.Field{{Name: "message", Value: "ValueError: x"}, {Name: "text", Value: line.Text}}
	in := inputOf(nil)
	in.Records = NewRecords(func(incident.Line) []session.Field { return fields })
	q := &Request{line: line}
	text := ""
	for _, l := range q.lines(in) {
		for _, p := range l.parts {
			text += p.text
		}
		text += "\n"
	}
	for _, want := range []string{"The 4 lines as they came", "\n  Traceback (most", "\n    File \"/srv/a.py\", line 3, in f\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Count(text, "ERROR in app") != 1 {
		t.Errorf("the text stands there twice:\n%s", text)
	}
}
