package draw

import "why502/themes"

// Stack is one column of the status mix, parts as themes.Status orders them: 2xx,
// 3xx, 4xx, other 5xx, 502, 503, 504, none.
type Stack [themes.StatusParts]uint32

// Indices of a Stack.
const (
	Part2xx = iota
	Part3xx
	Part4xx
	Part5xx
	Part502
	Part503
	Part504
	PartNone
)

// upward is the order in which parts are stacked: failures stand on the axis,
// where their heights can be compared.
var upward = [themes.StatusParts]int{Part502, Part503, Part504, Part5xx, PartNone, Part4xx, Part3xx, Part2xx}

// failing says which parts are failures.
var failing = [themes.StatusParts]bool{Part5xx: true, Part502: true, Part503: true, Part504: true, PartNone: true}

// names are the parts' names in the legend.
var names = [themes.StatusParts]string{"2xx", "3xx", "4xx", "5xx", "502", "503", "504", "none"}

// Total is the height of the column.
func (s *Stack) Total() uint64 {
	var n uint64
	for _, v := range s {
		n += uint64(v)
	}
	return n
}

// worst returns the failing part with the highest count, -1 when nothing fails.
func (s *Stack) worst() int {
	best := -1
	for _, part := range upward {
		if failing[part] && s[part] > 0 && (best < 0 || s[part] > s[best]) {
			best = part
		}
	}
	return best
}

// Chart is a stacked column chart over time, one cell a column.
type Chart struct {
	Cols   []Stack // oldest first; the latest that fit are drawn, at the right end
	Cursor int     // index of the chosen column, NoCursor for none
	Onsets []int   // columns marked with the onset's sign
	Labels []Label // of the time axis
}

// Columns draws c, w by h cells. The columns are precise to an eighth of a cell.
// From three rows on, a row below them says by a digit which failure (50_2_,
// 50_3_, 50_4_, _5_xx, × none) is the most frequent one of a column and ▲ where
// an incident began; from four rows on the last row is the time axis. Without
// those rows, and without color, the digits stand in the columns.
func (p *Painter) Columns(w, h int, c Chart) []string {
	w, h = max(w, 0), max(h, 0)
	lines := make([]string, 0, h)
	if w == 0 || h == 0 {
		return fill(lines, w, h)
	}
	a := newAxis(w, len(c.Cols))
	plot := h
	if h >= 3 {
		plot--
	}
	if h >= 4 {
		plot--
	}
	top := uint64(0)
	for i := a.skip; i < len(c.Cols); i++ {
		top = max(top, c.Cols[i].Total())
	}
	top = roundUp(top)
	edges := stackEdges(c.Cols[a.skip:], top, plot*8)
	digits := p.theme.Colorless || p.ascii || h < 3
	var l line
	for row := plot - 1; row >= 0; row-- {
		p.gutter(&l, a, scaleLabel(row, plot, top))
		l.raw(blank(a.lead))
		for i := range edges {
			pen, sign := p.stackCell(&edges[i], row*8, digits)
			if pen == nil && i+a.skip == c.Cursor {
				pen, sign = p.pen(themes.Accent), p.Glyphs.Cursor
			}
			if pen == nil {
				l.raw(" ")
				continue
			}
			l.add(pen, sign)
		}
		lines = append(lines, l.take())
	}
	if h >= 3 {
		lines = append(lines, p.markRow(a, &c))
	}
	if h >= 4 {
		lines = append(lines, p.labels(a, c.Labels))
	}
	return lines
}

// scaleLabel is the label of a row of the vertical axis, row 0 lowest.
func scaleLabel(row, plot int, top uint64) string {
	switch {
	case row == plot-1:
		return Short(top)
	case row == 0:
		return "0"
	case row == plot/2 && plot >= 7:
		// The label stands for the row's upper edge.
		return Short(top * uint64(row+1) / uint64(plot))
	}
	return ""
}

// edge holds the upper ends of a column's parts in eighths, in upward order.
type edge [themes.StatusParts]int

// stackEdges scales the columns to full eighths. A part that is there takes at
// least one eighth: a single failure must not vanish in a busy second.
func stackEdges(cols []Stack, top uint64, full int) []edge {
	edges := make([]edge, len(cols))
	for i := range cols {
		sum, at := uint64(0), 0
		for k, part := range upward {
			n := uint64(cols[i][part])
			sum += n
			next := int((sum*uint64(full) + top/2) / top)
			if n > 0 && next <= at {
				next = at + 1
			}
			at = min(max(next, at), full)
			edges[i][k] = at
		}
	}
	return edges
}

// stackCell finds the pen and the sign of the cell whose lower edge is lo
// eighths up; a nil pen is air.
func (p *Painter) stackCell(e *edge, lo int, digits bool) (*pen, string) {
	if e[len(e)-1] <= lo {
		return nil, ""
	}
	var share [themes.StatusParts]int // eighths of the cell, in upward order
	below := 0
	first, second, bad := -1, -1, -1
	for k, upper := range e {
		n := min(upper, lo+8) - max(below, lo)
		below = max(below, upper)
		if n <= 0 {
			continue
		}
		share[k] = n
		if failing[upward[k]] && (bad < 0 || n > share[bad]) {
			bad = k
		}
		switch {
		case first < 0:
			first = k
		case second < 0 || n > share[second]:
			second = k
		}
	}
	switch {
	case digits && bad >= 0:
		return p.partCell(upward[bad])
	case share[first] == 8:
		return p.partCell(upward[first])
	case second < 0:
		return p.pen(themes.Status(upward[first])), p.Glyphs.Eighths[share[first]]
	case digits:
		if share[second] > share[first] {
			first = second
		}
		return p.partCell(upward[first])
	}
	return &p.joined[upward[first]][upward[second]], p.Glyphs.Eighths[share[first]]
}

// partCell is a full cell of one part: a digit on a field of its color for
// failures, a pattern for the others.
func (p *Painter) partCell(part int) (*pen, string) {
	if failing[part] {
		return &p.filled[part], p.Glyphs.Part[part]
	}
	return p.pen(themes.Status(part)), p.Glyphs.Part[part]
}

// markRow draws the row of onsets, failing digits and the cursor.
func (p *Painter) markRow(a axis, c *Chart) string {
	var l line
	l.raw(blank(a.w - a.cols + a.lead))
	onset := make(map[int]bool, len(c.Onsets))
	for _, i := range c.Onsets {
		onset[i] = true
	}
	for i := a.skip; i < len(c.Cols); i++ {
		pen, sign := p.pen(themes.Text), " "
		switch worst := c.Cols[i].worst(); {
		case onset[i]:
			pen, sign = p.pen(themes.Onset), p.Glyphs.Onset
		case worst >= 0:
			pen, sign = p.pen(themes.Status(worst)), p.Glyphs.Part[worst]
		}
		if i == c.Cursor {
			pen = p.pen(themes.Cursor)
		}
		l.add(pen, sign)
	}
	return l.take()
}

// Legend names the parts that total has, and 2xx always, in at most w cells, each
// with its sign; parts that don't fit are left out.
func (p *Painter) Legend(w int, total Stack) string {
	var l line
	used := 0
	for part, name := range names {
		if total[part] == 0 && part != Part2xx {
			continue
		}
		n := 2 + len(name)
		if used > 0 {
			n += 2
		}
		if used+n > w {
			break
		}
		if used > 0 {
			l.raw("  ")
		}
		pen, sign := p.partCell(part)
		l.add(pen, sign)
		l.raw(" ")
		l.add(p.pen(themes.Dim), name)
		used += n
	}
	return l.take()
}
