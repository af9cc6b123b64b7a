package pane

import "why502/tui/draw"

// docLine is a line of a page that is read, not watched.
type docLine struct {
	parts []part
	copy  string // what y copies on this line
	what  string
	open  *Target // what Enter opens on this line
}

// page is a text with a cursor.
type page struct{ cur cursor }

// text collects the lines of a page.
type text struct {
	in    *Input
	lines []docLine
}

func (t *text) add(parts ...part) *docLine {
	t.lines = append(t.lines, docLine{parts: parts})
	return &t.lines[len(t.lines)-1]
}

func (t *text) blank() {
	if len(t.lines) > 0 && len(t.lines[len(t.lines)-1].parts) > 0 {
		t.add()
	}
}

// section begins a part of the page.
func (t *text) section(title string) {
	t.blank()
	t.add(head(title))
}

// wrapped adds text behind a lead, broken to the width.
func (t *text) wrapped(lead part, body part) {
	n := draw.Width(lead.text)
	for i, l := range t.in.P.Wrap(body.text, max(t.in.Width-n-2, 10), 40) {
		if i > 0 {
			lead = txt(blanks(n))
		}
		t.add(lead, as(body.role, l))
	}
}

// command adds a command that y copies.
func (t *text) command(cmd string) {
	for i, l := range t.in.P.Wrap(cmd, max(t.in.Width-8, 10), 20) {
		lead := "  $ "
		if i > 0 {
			lead = "    "
		}
		line := t.add(dim(lead), mark(l))
		line.copy, line.what = cmd, "command"
	}
}

func (p *page) draw(in *Input, lines []docLine) []string {
	p.cur.clamp(len(lines), in.Height)
	var out []string
	for i := p.cur.top; i < len(lines) && len(out) < in.Height; i++ {
		out = append(out, pick(in, in.Width, i == p.cur.row, append([]part{txt(" ")}, lines[i].parts...)...))
	}
	return fill(in, out)
}

func (p *page) do(in *Input, a Action, lines []docLine) Effect {
	if p.cur.move(a, len(lines), in.Height) || len(lines) == 0 {
		return Effect{}
	}
	p.cur.clamp(len(lines), in.Height)
	if a == Enter || a == Right {
		return Effect{Open: lines[p.cur.row].open}
	}
	return Effect{}
}

// copy gives what the cursor's line has to copy, else the first thing the page
// has.
func (p *page) copy(in *Input, lines []docLine) (text, what string) {
	p.cur.clamp(len(lines), in.Height)
	if len(lines) > 0 && lines[p.cur.row].copy != "" {
		return lines[p.cur.row].copy, lines[p.cur.row].what
	}
	for i := range lines {
		if lines[i].copy != "" {
			return lines[i].copy, lines[i].what
		}
	}
	return "", ""
}

// below is the number of lines out of sight below the last one shown.
func (p *page) below(in *Input, lines []docLine) int {
	return max(0, len(lines)-p.cur.top-in.Height)
}
