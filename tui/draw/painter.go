package draw

import (
	"strings"

	"why502/themes"

	"charm.land/lipgloss/v2"
)

// Options choose how a Painter draws.
type Options struct {
	// ASCII draws with ASCII only, for TERM=linux or dumb and for locales without
	// UTF-8.
	ASCII bool
}

// Painter draws with the styles of one theme.
type Painter struct {
	// Glyphs are the signs of the painter's character set.
	Glyphs Glyphs
	theme  themes.Theme
	ascii  bool
	pens   [themes.Roles]pen
	// filled are the pens of letters on a field of a status part's color.
	filled [themes.StatusParts]pen
	// joined[a][b] draws a block of part a on a ground of part b.
	joined [themes.StatusParts][themes.StatusParts]pen
}

// New returns a painter for th.
func New(th themes.Theme, opt Options) *Painter {
	p := &Painter{theme: th, ascii: opt.ASCII, Glyphs: unicodeGlyphs}
	if opt.ASCII {
		p.Glyphs = asciiGlyphs
	}
	for r := range p.pens {
		p.pens[r] = newPen(th.Style(themes.Role(r)))
	}
	for a := range p.filled {
		style := th.Style(themes.Status(a))
		p.filled[a] = newPen(style.Reverse(true))
		for b := range p.joined[a] {
			p.joined[a][b] = newPen(style.Background(th.Style(themes.Status(b)).GetForeground()))
		}
	}
	return p
}

// Theme returns the theme the painter was made for.
func (p *Painter) Theme() themes.Theme { return p.theme }

// ASCII says whether the painter draws with ASCII only.
func (p *Painter) ASCII() bool { return p.ascii }

// Paint returns s in the style of r. s is shown as it is: cut and clean it
// before.
func (p *Painter) Paint(r themes.Role, s string) string {
	if s == "" {
		return ""
	}
	pen := p.pen(r)
	return pen.on + s + pen.off
}

func (p *Painter) pen(r themes.Role) *pen {
	if int(r) >= len(p.pens) {
		r = themes.Text
	}
	return &p.pens[r]
}

// pen is a style as the sequences before and after its text, "" for none.
type pen struct{ on, off string }

// newPen takes the sequences from what Lip Gloss writes around one letter.
func newPen(s lipgloss.Style) pen {
	const letter = "x" // never part of an SGR sequence
	on, off, _ := strings.Cut(s.Render(letter), letter)
	return pen{on: on, off: off}
}

// line builds one line; neighbors of one pen share its sequences.
type line struct {
	b   strings.Builder
	now *pen
}

func (l *line) add(p *pen, s string) {
	if s == "" {
		return
	}
	if l.now != p {
		l.flush()
		l.b.WriteString(p.on)
		l.now = p
	}
	l.b.WriteString(s)
}

// repeat adds n times s.
func (l *line) repeat(p *pen, s string, n int) {
	for range n {
		l.add(p, s)
	}
}

// raw adds text that has its own sequences.
func (l *line) raw(s string) {
	l.flush()
	l.b.WriteString(s)
}

func (l *line) flush() {
	if l.now != nil {
		l.b.WriteString(l.now.off)
		l.now = nil
	}
}

// take returns the line and empties the builder for the next one.
func (l *line) take() string {
	l.flush()
	s := l.b.String()
	l.b.Reset()
	return s
}
