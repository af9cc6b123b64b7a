package pane

import (
	"strconv"

	"why502/probe/checklist"
	"why502/tail"
	"why502/themes"
)

// Step is the page of one step of the checklist.
type Step struct {
	step int
	page page
}

// Title is the step's number and title.
func (s *Step) Title(in *Input) string {
	if r := s.row(in); r != nil {
		return "Step " + strconv.Itoa(s.step) + "  " + r.Title
	}
	return "Step " + strconv.Itoa(s.step)
}

func (s *Step) row(in *Input) *checklist.Row {
	for i := range in.Rows {
		if in.Rows[i].Step == s.step {
			return &in.Rows[i]
		}
	}
	return nil
}

func (s *Step) lines(in *Input) []docLine {
	t := text{in: in}
	r := s.row(in)
	if r == nil {
		t.add(dim("The checklist is not there yet: the logs are being read."))
		return t.lines
	}
	t.wrapped(txt(""), head(tail.Safe(r.Question, 400)))
	sign, role := stepSign(in, r)
	word := string(r.Verdict)
	if r.Running {
		word = "running" + in.P.Glyphs.Ellipsis
	}
	t.add(as(role, sign+" "+word), txt("  "+tail.Safe(r.Summary, 300)))
	if n := in.Notes[s.step]; n.Done || n.Text != "" {
		if n.Done {
			t.add(good(in.P.Glyphs.OK+" marked done by you"), dim("  (m takes it back)"))
		}
		if n.Text != "" {
			t.wrapped(warn("note  "), txt(tail.Safe(n.Text, 1000)))
		}
	}
	t.section("Findings")
	for _, f := range r.Findings {
		t.wrapped(as(role, "  "+in.P.Glyphs.Bullet+" "), txt(tail.Safe(f.Text, 1000)))
		if f.Evidence != "" {
			t.wrapped(txt("    "), dim(tail.Safe(f.Evidence, 1000)))
			t.lines[len(t.lines)-1].copy, t.lines[len(t.lines)-1].what = f.Evidence, "evidence"
		}
	}
	if len(r.Findings) == 0 {
		t.add(dim("  none yet: r runs the step"))
	}
	if len(r.Commands) > 0 {
		t.section("The same by hand  (y copies)")
		for _, c := range r.Commands {
			t.command(tail.Safe(c, 2000))
		}
	}
	t.section("What to do")
	run := "runs this step now"
	if r.Consent {
		run = "runs it, after a yes to the target, rate and duration"
	}
	for _, k := range [][2]string{{"r", run}, {"y", "copies the command"}, {"m", "marks the step done"}, {"n", "adds a note"}, {"1-7", "opens another step"}} {
		t.add(as(themes.Key, "  "+in.P.Fit(k[0], 4)), dim(k[1]))
	}
	return t.lines
}

// Lines shows the page.
func (s *Step) Lines(in *Input) []string { return s.page.draw(in, s.lines(in)) }

// Below is how many lines are out of sight.
func (s *Step) Below(in *Input) int { return s.page.below(in, s.lines(in)) }

// Do moves over the lines.
func (s *Step) Do(in *Input, a Action) Effect { return s.page.do(in, a, s.lines(in)) }

// Copy gives the command under the cursor, else the first one.
func (s *Step) Copy(in *Input) (text, what string) {
	lines := s.lines(in)
	s.page.cur.clamp(len(lines), in.Height)
	if l := lines[s.page.cur.row]; l.copy != "" {
		return l.copy, l.what
	}
	if r := s.row(in); r != nil && len(r.Commands) > 0 {
		return r.Commands[0], "command"
	}
	return "", ""
}

// Step is the page's step.
func (s *Step) Step(*Input) int { return s.step }
