package draw

import (
	"strconv"

	"why502/themes"
)

// Gutter is the width of the vertical axis with its labels, the same for all
// charts so that their time axes line up; charts narrower than MinAxis have none.
const (
	Gutter  = 6
	MinAxis = 24
)

// ChartCols returns how many columns a chart of w cells has room for: what to
// fold the seconds into before drawing.
func ChartCols(w int) int {
	if w >= MinAxis {
		return w - Gutter
	}
	return max(w, 0)
}

// NoCursor is the cursor of a chart without one.
const NoCursor = -1

// Label is a text of the time axis that begins under a column.
type Label struct {
	Col  int
	Text string
}

// axis is what the charts share: the latest columns that fit, at the right end.
type axis struct {
	w, cols int // cells in all, cells for columns
	lead    int // blank cells before the first column
	skip    int // columns left out at the old end
}

func newAxis(w, n int) axis {
	a := axis{w: w, cols: ChartCols(w)}
	a.skip = max(n-a.cols, 0)
	a.lead = a.cols - (n - a.skip)
	return a
}

// gutter writes the label of a row and the axis.
func (p *Painter) gutter(l *line, a axis, label string) {
	if a.w >= MinAxis {
		l.add(p.pen(themes.Dim), p.FitRight(label, Gutter-1)+p.Glyphs.axis)
	}
}

// labels draws the row of the time axis. A label that would touch the one before
// it is left out.
func (p *Painter) labels(a axis, labels []Label) string {
	var l line
	x := a.w - a.cols
	l.raw(blank(x))
	free := x
	for _, lb := range labels {
		text := tidy(lb.Text)
		n := Width(text)
		at := a.w - a.cols + a.lead + lb.Col - a.skip
		if lb.Col < a.skip || at+n > a.w || at < free || n == 0 {
			continue
		}
		l.raw(blank(at - x))
		l.add(p.pen(themes.Dim), text)
		x = at + n
		free = x + 1
	}
	l.raw(blank(a.w - x))
	return l.take()
}

// Short writes a count in at most five cells: 980, 1.2k, 35k, 2.1M.
func Short(n uint64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return strconv.FormatUint(n, 10)
	}
	v := float64(n)
	for i := range len(units) {
		v /= 1000
		switch {
		case v < 9.95:
			return strconv.FormatFloat(v, 'f', 1, 64) + units[i:i+1]
		case v < 999.5 || i == len(units)-1:
			return strconv.FormatFloat(v, 'f', 0, 64) + units[i:i+1]
		}
	}
	return ""
}

// roundUp returns the next round number, so that a chart's scale does not move
// with every request.
func roundUp(n uint64) uint64 {
	steps := [...]uint64{10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100}
	if n <= 10 {
		return max(n, 1)
	}
	unit := uint64(1)
	for n/unit >= 100 {
		unit *= 10
	}
	for _, s := range steps {
		if s*unit >= n {
			return s * unit
		}
	}
	return n
}
