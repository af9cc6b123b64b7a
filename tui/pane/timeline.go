package pane

import (
	"why502/probe/diagnose"
	"why502/tail"
	"why502/themes"
)

// Timeline is the pane of what happened when; it has room on wide screens only.
type Timeline struct{}

// Title names the pane.
func (*Timeline) Title(*Input) string { return "Time line" }

// Lines shows the entries, newest at the bottom.
func (tl *Timeline) Lines(in *Input) []string {
	all := in.Verdict.Timeline
	if len(all) == 0 {
		return fill(in, indent(in, txt(""), dim("Nothing happened yet. Onset, recovery, probes that change, rotations and your own marks (n) stand here.")))
	}
	var lines []string
	for i := max(0, len(all)-in.Height); i < len(all); i++ {
		lines = append(lines, row(in.P, in.Width, entryParts(in, &all[i])...))
	}
	return fill(in, lines)
}

// entryLook are the sign and the look of an entry's kind.
func entryLook(in *Input, kind string) (string, themes.Role) {
	g := &in.P.Glyphs
	switch kind {
	case "onset":
		return g.Onset, themes.Onset
	case "recovery":
		return g.OK, themes.OK
	case "cause":
		return g.Fail, themes.Fail
	case "mark":
		return g.Pointer, themes.Accent
	}
	return g.Bullet, themes.Dim
}

func entryParts(in *Input, e *diagnose.Entry) []part {
	sign, role := entryLook(in, e.Kind)
	return []part{dim(in.clock(e.Time) + " "), as(role, sign+" "), as(role, in.P.Fit(tail.Safe(e.Kind, 10), 9)), txt(tail.Safe(e.Text, 300))}
}

// Do does nothing: the page of the verdict has the whole time line.
func (*Timeline) Do(*Input, Action) Effect { return Effect{} }

// Copy gives nothing.
func (*Timeline) Copy(*Input) (text, what string) { return "", "" }
