package pane

import (
	"strconv"

	"why502/probe/diagnose"
	"why502/tail"
)

// Cause is the page of the whole verdict: all causes with what speaks for and
// against them, the time line, and how good the sources are.
type Cause struct{ page page }

// Title names the page.
func (c *Cause) Title(in *Input) string {
	return "Why  " + Plural(len(in.Verdict.Causes), "possible cause")
}

func (c *Cause) lines(in *Input) []docLine {
	t := text{in: in}
	inc := &in.Verdict.Incident
	if inc.State == diagnose.Ongoing || inc.State == diagnose.Recovered {
		t.add(append(failedShare(in), scopeWords(in)...)...)
		t.course(inc)
		t.made(&inc.Made)
	} else {
		t.add(txt("No incident: no cause is named where nothing is wrong."))
	}
	if in.Verdict.Unsure != "" {
		t.wrapped(warn("not sure: "), txt(tail.Safe(in.Verdict.Unsure, 500)))
	}
	for i := range in.Verdict.Causes {
		t.cause(i+1, &in.Verdict.Causes[i])
	}
	t.nearMisses()
	t.scope(inc)
	t.entries()
	t.sources()
	return t.lines
}

// cause adds one cause with everything known about it.
func (t *text) cause(n int, c *diagnose.Cause) {
	in := t.in
	t.blank()
	t.add(append([]part{head(strconv.Itoa(n) + "  ")}, causeParts(in, c)...)...)
	if c.Scope != "" {
		t.add(dim("   only "), mark(tail.Safe(c.Scope, 200)))
	}
	if c.Share > 0 && c.Share < 1 {
		t.add(dim("   explains "), head(Ratio(c.Share)), dim(" of the failures"))
	}
	for i := range c.Evidence {
		e := &c.Evidence[i]
		l := t.add(append([]part{txt("   ")}, evidenceParts(in, e)...)...)
		l.copy, l.what = e.Sample, "evidence"
		if e.Source != "" {
			when := ""
			if !e.First.IsZero() {
				when = ", " + in.clock(e.First) + " to " + in.clock(e.Last)
			}
			t.add(dim("       " + tail.Safe(e.Source, 120) + when))
		}
	}
	if !hasAgainst(c) {
		t.add(dim("   - nothing speaks against it"))
	}
	t.stories("requests as each log tells them", c.Stories)
	for i, s := range c.Next {
		lead := "   next  "
		if i > 0 {
			lead = "         "
		}
		t.wrapped(head(lead), txt(tail.Safe(s, 500)))
	}
	for _, cmd := range c.Commands {
		t.command(tail.Safe(cmd, 2000))
	}
	if c.Step > 0 {
		l := t.add(dim("   decided by step "), key(strconv.Itoa(c.Step)), dim("  Enter opens it"))
		l.open = StepTarget(c.Step)
	}
}

// scope adds what sets failing requests apart.
func (t *text) scope(inc *diagnose.Incident) {
	if len(inc.Scope) == 0 {
		return
	}
	t.section("What the failing requests have in common")
	for _, s := range inc.Scope {
		t.add(dim("  "+t.in.P.Fit(s.Field, 12)), mark(t.in.P.Fit(tail.Safe(s.Value, 200), 32)),
			txt(t.in.P.FitRight(Ratio(s.FailedShare), 8)+" of the failing"), dim(t.in.P.FitRight(Ratio(s.OKShare), 8)+" of the good"))
	}
}

// entries adds the time line.
func (t *text) entries() {
	if len(t.in.Verdict.Timeline) == 0 {
		return
	}
	t.section("Time line")
	for i := range t.in.Verdict.Timeline {
		t.add(append([]part{txt("  ")}, entryParts(t.in, &t.in.Verdict.Timeline[i])...)...)
	}
}

// sources adds how well each source is read.
func (t *text) sources() {
	t.section("Sources")
	for i := range t.in.Snap.Sources {
		s := &t.in.Snap.Sources[i]
		format := tail.Safe(s.Format, 40)
		switch {
		case format == "":
			format = "format not known yet"
		case s.Confidence > 0 && s.Confidence < 1:
			format += " (" + Ratio(s.Confidence) + " sure)"
		}
		parts := []part{
			mark("  " + t.in.P.Fit(t.in.P.Middle(tail.Safe(s.Name, 300), 36), 36)), txt("  " + t.in.P.Fit(s.Status.State.String(), 10)),
			dim(" " + format + "  " + counted(s.Lines, "line") + ", " + Bytes(s.Bytes)),
		}
		if s.Unparsed > 0 {
			parts = append(parts, warn("  "+Number(s.Unparsed)+" not understood"))
		}
		t.add(parts...)
		st := &s.Status
		if st.Why != "" {
			t.wrapped(txt("      "), warn(tail.Safe(st.Why, 500)))
		}
		if lag := st.Lag(); lag > 0 {
			t.add(warn("      " + Bytes(uint64(lag)) + " not read yet, at most " + Span(s.Behind(t.in.Snap.Now)) + " behind"))
		}
		if st.HistoryLeft > 0 {
			t.add(dim("      " + Bytes(uint64(st.HistoryLeft)) + " of its history still to be read, " + Bytes(s.Bytes) + " are"))
		}
		if st.Unfinished != "" {
			t.add(warn("      a line without its end so far: "), txt(tail.Safe(st.Unfinished, 200)))
		}
		if c := s.Clock; c.Off() {
			t.wrapped(txt("      "), warn(c.String()+"; taken into account"))
		} else if c.Requests > 0 {
			t.add(dim("      " + c.String()))
		}
		if st.LostBytes > 0 {
			t.add(fail("      at most " + Bytes(uint64(st.LostBytes)) + " went with a file before they were read"))
		}
		if st.Cut > 0 {
			t.add(warn("      " + Plural(st.Cut, "line") + " longer than " + Bytes(tail.MaxLine) + ", cut there"))
		}
		if st.Rotations > 0 {
			t.add(dim("      " + Plural(st.Rotations, "rotation") + " survived"))
		}
		for _, sample := range s.UnparsedSamples[:min(len(s.UnparsedSamples), 5)] {
			l := t.add(dim("      ? " + tail.Safe(sample, 300)))
			l.copy, l.what = sample, "line"
		}
	}
	if n := t.in.Snap.Traffic.TooOld; n > 0 {
		t.add(warn("  " + counted(n, "request") + " too old to be counted by second, until " + t.in.clock(t.in.Snap.Traffic.TooOldUntil)))
	}
	if s := t.in.Snap; s.Retained > 0 {
		t.add(dim("  " + Bytes(uint64(s.Retained)) + " of lines kept to look at, of at most " + Bytes(uint64(s.Budget)) + "; statistics count all"))
	}
}

// Lines shows the page.
func (c *Cause) Lines(in *Input) []string { return c.page.draw(in, c.lines(in)) }

// Below is how many lines are out of sight.
func (c *Cause) Below(in *Input) int { return c.page.below(in, c.lines(in)) }

// Do moves over the lines and opens a step.
func (c *Cause) Do(in *Input, a Action) Effect { return c.page.do(in, a, c.lines(in)) }

// Copy gives the line under the cursor or the first command.
func (c *Cause) Copy(in *Input) (text, what string) {
	lines := c.lines(in)
	c.page.cur.clamp(len(lines), in.Height)
	if l := lines[c.page.cur.row]; l.copy != "" {
		return l.copy, l.what
	}
	for i := range in.Verdict.Causes {
		if cmds := in.Verdict.Causes[i].Commands; len(cmds) > 0 {
			return cmds[0], "command"
		}
	}
	return "", ""
}

// Step is the step that decides on the first cause.
func (c *Cause) Step(in *Input) int {
	if len(in.Verdict.Causes) == 0 {
		return 0
	}
	return in.Verdict.Causes[0].Step
}
