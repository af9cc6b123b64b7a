package draw

import (
	"math"

	"why502/themes"
)

// Sparkline draws the latest w values as blocks of one line, scaled to the
// largest of them, exactly w cells wide and newest at the right. A value above
// zero is never drawn as nothing; NaN is a gap and stays blank.
func (p *Painter) Sparkline(w int, values []float64, role themes.Role) string {
	if w <= 0 {
		return ""
	}
	values = values[max(len(values)-w, 0):]
	top := 0.0
	for _, v := range values {
		if v > top && !math.IsInf(v, 0) {
			top = v
		}
	}
	var l line
	l.raw(blank(w - len(values)))
	for _, v := range values {
		l.add(p.pen(role), p.Glyphs.Eighths[sparkLevel(v, top)])
	}
	return l.take()
}

// sparkLevel returns 0 to 8: nothing for a gap, a lowest block for zero so that
// a measured zero is told from a gap.
func sparkLevel(v, top float64) int {
	switch {
	case math.IsNaN(v):
		return 0
	case v <= 0 || top <= 0:
		return 1
	case v >= top:
		return 8
	}
	return min(max(int(math.Ceil(v/top*8)), 1), 8)
}

// Mark is one result of a Strip.
type Mark uint8

// The marks of a strip.
const (
	MarkNone Mark = iota // nothing known
	MarkOK
	MarkWarn
	MarkFail
)

// Sign returns the mark's sign in its color.
func (p *Painter) Sign(m Mark) string {
	pen, s := p.sign(m)
	return pen.on + s + pen.off
}

func (p *Painter) sign(m Mark) (*pen, string) {
	switch m {
	case MarkOK:
		return p.pen(themes.OK), p.Glyphs.OK
	case MarkWarn:
		return p.pen(themes.Warn), p.Glyphs.Warn
	case MarkFail:
		return p.pen(themes.Fail), p.Glyphs.Fail
	}
	return p.pen(themes.Dim), p.Glyphs.Bullet
}

// Strip draws the latest w results as signs, exactly w cells wide and newest at
// the right.
func (p *Painter) Strip(w int, marks []Mark) string {
	if w <= 0 {
		return ""
	}
	marks = marks[max(len(marks)-w, 0):]
	var l line
	l.raw(blank(w - len(marks)))
	for _, m := range marks {
		l.add(p.sign(m))
	}
	return l.take()
}

// Gauge draws share (0 to 1, clamped) as a bar of w cells on a track.
func (p *Painter) Gauge(w int, share float64, role themes.Role) string {
	return p.bar(w, share, role, p.Glyphs.track)
}

// Bar draws share (0 to 1, clamped) as a bar that ends in blanks, w cells in all.
// A share above zero is never drawn as nothing.
func (p *Painter) Bar(w int, share float64, role themes.Role) string {
	return p.bar(w, share, role, " ")
}

func (p *Painter) bar(w int, share float64, role themes.Role, track string) string {
	if w <= 0 {
		return ""
	}
	if math.IsNaN(share) {
		share = 0
	}
	share = min(max(share, 0), 1)
	eighths := int(math.Round(share * float64(w*8)))
	if share > 0 {
		eighths = max(eighths, 1)
	}
	full, rest := eighths/8, eighths%8
	var l line
	l.repeat(p.pen(role), p.Glyphs.Lefts[8], full)
	if rest > 0 {
		part := p.Glyphs.Lefts[rest]
		if part == " " {
			part = p.Glyphs.horizontal
		}
		l.add(p.pen(role), part)
		full++
	}
	l.repeat(p.pen(themes.Dim), track, w-full)
	return l.take()
}
