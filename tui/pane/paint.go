package pane

import (
	"slices"
	"strings"

	"why502/themes"
	"why502/tui/draw"
)

// part is a piece of a line: clean text with its role, or text that draw has
// styled already.
type part struct {
	text string
	role themes.Role
	done bool
}

// The makers of parts.
func txt(s string) part   { return part{text: s, role: themes.Text} }
func dim(s string) part   { return part{text: s, role: themes.Dim} }
func head(s string) part  { return part{text: s, role: themes.Heading} }
func fail(s string) part  { return part{text: s, role: themes.Fail} }
func good(s string) part  { return part{text: s, role: themes.OK} }
func warn(s string) part  { return part{text: s, role: themes.Warn} }
func mark(s string) part  { return part{text: s, role: themes.Accent} }
func key(s string) part   { return part{text: s, role: themes.Key} }
func drawn(s string) part { return part{text: s, done: true} }

// as gives text the look of role.
func as(role themes.Role, s string) part { return part{text: s, role: role} }

// row makes a line of exactly w cells: what does not fit ends in an ellipsis,
// what lacks is filled with blanks.
func row(p *draw.Painter, w int, parts ...part) string {
	var b strings.Builder
	room := w
	for i, pt := range parts {
		n := draw.Width(pt.text)
		if n == 0 {
			continue
		}
		if n > room || n == room && more(parts[i+1:]) {
			// One blank more makes Truncate show that something follows.
			pt.text = p.Truncate(pt.text+" ", room)
			n = draw.Width(pt.text)
			if n > 0 && n <= room {
				b.WriteString(pt.paint(p))
				room -= n
			}
			break
		}
		b.WriteString(pt.paint(p))
		room -= n
	}
	b.WriteString(blanks(room))
	return b.String()
}

func (pt part) paint(p *draw.Painter) string {
	if pt.done {
		return pt.text
	}
	return p.Paint(pt.role, pt.text)
}

// join puts parts one after the other.
func join(groups ...[]part) []part { return slices.Concat(groups...) }

// cells is the width of parts.
func cells(parts []part) int {
	n := 0
	for _, p := range parts {
		n += draw.Width(p.text)
	}
	return n
}

// more says whether anything but blanks follows.
func more(parts []part) bool {
	for _, p := range parts {
		if strings.TrimSpace(p.text) != "" {
			return true
		}
	}
	return false
}

// pick is row with a sign in front that says whether the line is the selected
// one; with the keyboard in the pane it has the look of a selection too.
func pick(in *Input, w int, selected bool, parts ...part) string {
	if !selected {
		return row(in.P, w, append([]part{txt(" ")}, parts...)...)
	}
	line := row(in.P, w, append([]part{mark(in.P.Glyphs.Pointer)}, parts...)...)
	if in.Focus {
		return in.P.Highlight(line, w)
	}
	return line
}

// sides puts parts at the two ends of a line; the left ones give way.
func sides(p *draw.Painter, w int, l, r []part) string {
	n := cells(r)
	if n == 0 || n >= w-8 {
		return row(p, w, l...)
	}
	return row(p, w-n-1, l...) + " " + row(p, n, r...)
}

func blanks(n int) string { return strings.Repeat(" ", max(0, n)) }

// fill makes lines exactly in.Height lines.
func fill(in *Input, lines []string) []string {
	for len(lines) < in.Height {
		lines = append(lines, blanks(in.Width))
	}
	return lines[:in.Height]
}

// indent puts wrapped text behind a first part: the first line after it, the
// others below it.
func indent(in *Input, first part, text part) []string {
	n := draw.Width(first.text)
	var lines []string
	for i, l := range in.P.Wrap(text.text, in.Width-n, 0) {
		lead := part{text: blanks(n)}
		if i == 0 {
			lead = first
		}
		lines = append(lines, row(in.P, in.Width, lead, as(text.role, l)))
	}
	return lines
}
