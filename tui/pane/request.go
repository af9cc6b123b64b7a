package pane

import (
	"strconv"
	"strings"
	"time"

	"why502/probe/incident"
	"why502/tail"
	"why502/themes"
	"why502/tui/draw"
)

// Request is the page of one line: its fields, the error lines joined to it and
// the line as it came.
type Request struct {
	line incident.Line
	page page
}

// Title says what the line is.
func (q *Request) Title(in *Input) string {
	kind := map[tail.Kind]string{
		tail.KindAccess: "Request", tail.KindError: "Error line", tail.KindUpstream: "Application line",
		tail.KindSystem: "System line", tail.KindRaw: "Line that no parser understood",
	}[q.line.Kind]
	return kind + " of " + in.clock(q.line.Time)
}

// fieldLimit bounds what is shown of one field, in runes.
const fieldLimit = 2000

func (q *Request) lines(in *Input) []docLine {
	r := in.Records.Read(q.line)
	t := text{in: in}
	t.reasons(in.reasons().of(r))
	t.section("Fields")
	name := 0
	for _, f := range r.Fields() {
		name = max(name, draw.Width(tail.Safe(f.Name, 30)))
	}
	for _, f := range r.Fields() {
		if f.Name == "text" {
			continue // stands below, line by line
		}
		role := themes.Text
		if f.Name == "status" {
			role = partRole(&r.Line)
		}
		at := len(t.lines)
		t.wrapped(dim("  "+in.P.Fit(tail.Safe(f.Name, 30), name)+"  "), as(role, readable(f.Name, f.Value)))
		for i := at; i < len(t.lines); i++ {
			t.lines[i].copy, t.lines[i].what = f.Value, tail.Safe(f.Name, 30)
		}
	}
	if len(r.Fields()) == 0 {
		t.add(dim("  no parser understood this line"))
	}
	lines := strings.Split(q.line.Text, "\n")
	what := "The line as it came, "
	if len(lines) > 1 {
		what = "The " + Plural(len(lines), "line") + " as they came, "
	}
	t.section(what + tail.Safe(in.sourceFull(q.line.Source), 200))
	at := len(t.lines)
	for _, l := range lines {
		shown := tail.Safe(l, fieldLimit)
		inner := strings.TrimLeft(shown, " ")
		t.wrapped(txt("  "+shown[:len(shown)-len(inner)]), txt(inner))
	}
	for i := at; i < len(t.lines); i++ {
		t.lines[i].copy, t.lines[i].what = q.line.Text, "line"
	}
	return t.lines
}

// reasons adds the lines of other logs that belong to the request, with what they
// were found by.
func (t *text) reasons(found []reasonLine) {
	if len(found) == 0 {
		return
	}
	t.section("Why it failed")
	for _, e := range found {
		lead := fail("  " + levelWord(e.Safe("level", 8)) + " ")
		if e.Line.Kind == tail.KindUpstream {
			lead = as(themes.Accent, "  app ")
		}
		from := len(t.lines)
		t.wrapped(lead, txt(e.message()))
		for i := from; i < len(t.lines); i++ {
			t.lines[i].open = lineTarget(e.Record)
		}
		t.copyLast(e.Line.Text)
		if frame := e.Safe("frame", 200); frame != "" {
			t.add(dim("      at "), mark(frame))
		}
		how := e.by.String()
		if e.shared {
			how += ", shared with another request"
		}
		t.add(dim("      " + how + "; " + sourceName(t.in, e.Line.Source)))
	}
}

func (t *text) copyLast(s string) {
	l := &t.lines[len(t.lines)-1]
	l.copy, l.what = s, "line"
}

// readable adds to a time in seconds how a person says it.
func readable(name, value string) string {
	safe := tail.Safe(value, fieldLimit)
	if name != "duration" && name != "upstream_duration" {
		return safe
	}
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || v < 0 || v > 1e9 {
		return safe
	}
	return safe + "  (" + Duration(time.Duration(v*float64(time.Second))) + ")"
}

// sourceFull is a source's whole name.
func (in *Input) sourceFull(i int) string {
	if i < 0 || i >= len(in.Snap.Sources) {
		return "source gone"
	}
	return in.Snap.Sources[i].Name
}

// Lines shows the page.
func (q *Request) Lines(in *Input) []string { return q.page.draw(in, q.lines(in)) }

// Below is how many lines are out of sight.
func (q *Request) Below(in *Input) int { return q.page.below(in, q.lines(in)) }

// Do moves over the lines and opens a joined error line.
func (q *Request) Do(in *Input, a Action) Effect { return q.page.do(in, a, q.lines(in)) }

// Copy gives the line under the cursor: a field's value, or the whole line.
func (q *Request) Copy(in *Input) (text, what string) {
	text, what = q.page.copy(in, q.lines(in))
	if q.page.cur.row == 0 {
		return q.line.Text, "line"
	}
	return text, what
}
