package draw

import "why502/themes"

// Cell is one pane of a Grid.
type Cell struct {
	Title, Right string // in its upper border, at the left and at the right; may be styled
	// W is the number of cells between its two borders, a blank at each side
	// included: the body has W-2. The last cell of a row takes what is left.
	W       int
	Body    []string // may be styled; cut or filled to the pane
	Focused bool
}

// Row is a row of panes side by side.
type Row struct {
	H     int // body lines; the last row takes what is left
	Cells []Cell
}

// Box draws one pane, w by h cells with its frame.
func (p *Painter) Box(title, right string, w, h int, body []string, focused bool) []string {
	cell := Cell{Title: title, Right: right, Body: body, Focused: focused}
	return p.Grid(w, h, []Row{{Cells: []Cell{cell}}}, "")
}

// Grid draws rows of panes that share their borders, w by h cells in all: each
// row takes its H lines and the border above it, and a last border with footer in
// it closes the grid.
//
//	╭ Title ───── Right ╮
//	├ Title ──┬ Title ──┤
//	╰ footer ─┴─────────╯
func (p *Painter) Grid(w, h int, rows []Row, footer string) []string {
	w, h = max(w, 0), max(h, 0)
	lines := make([]string, 0, h)
	if w < 2 || h < 2 || len(rows) == 0 {
		return fill(lines, w, h)
	}
	var above placed
	for i := range rows {
		below := place(w, &rows[i])
		if len(lines) >= h-1 {
			break
		}
		lines = append(lines, p.border(w, above, below, i == 0))
		room := h - 1 - len(lines)
		n := min(max(rows[i].H, 0), room)
		if i == len(rows)-1 {
			n = room
		}
		for y := range n {
			lines = append(lines, p.body(below, y))
		}
		above = below
	}
	return append(lines, p.bottom(w, above, footer))
}

// fill adds blank lines up to h.
func fill(lines []string, w, h int) []string {
	for len(lines) < h {
		lines = append(lines, blank(w))
	}
	return lines[:h]
}

// placed is a row with the columns of its borders: pane i lies between x[i] and
// x[i+1].
type placed struct {
	cells []Cell
	x     []int
}

// place finds the columns of the borders of a row; panes for which no room is
// left are dropped.
func place(w int, r *Row) placed {
	pl := placed{x: []int{0}}
	for i := range r.Cells {
		left := pl.x[len(pl.x)-1]
		rest := w - 2 - left // cells between this border and the last one
		if i == len(r.Cells)-1 || r.Cells[i].W >= rest || rest < 1 {
			pl.cells = r.Cells[:i+1]
			break
		}
		pl.x = append(pl.x, left+1+max(r.Cells[i].W, 0))
	}
	if len(r.Cells) == 0 {
		pl.cells = []Cell{{}}
	}
	pl.x = append(pl.x, w-1)
	return pl
}

// has says whether a border runs down at column x.
func (pl *placed) has(x int) bool {
	for _, b := range pl.x {
		if b == x {
			return true
		}
	}
	return false
}

// focusAt says whether column x lies on the frame of a focused pane.
func (pl *placed) focusAt(x int) bool {
	for i := range pl.cells {
		if pl.cells[i].Focused && x >= pl.x[i] && x <= pl.x[i+1] {
			return true
		}
	}
	return false
}

func (p *Painter) framePen(focused bool) *pen {
	if focused {
		return p.pen(themes.BorderFocus)
	}
	return p.pen(themes.Border)
}

// glyph is the border's sign at column x between two rows; first says that there
// is none above.
func (p *Painter) glyph(x, w int, above, below *placed, first bool) string {
	g := &p.Glyphs
	switch {
	case x == 0 && first:
		return g.topLeft
	case x == w-1 && first:
		return g.topRight
	case x == 0:
		return g.teeLeft
	case x == w-1:
		return g.teeRight
	}
	up, down := above.has(x), below.has(x)
	switch {
	case up && down:
		return g.cross
	case up:
		return g.teeUp
	case down:
		return g.teeDown
	}
	return g.horizontal
}

// border draws the line above a row with its titles.
func (p *Painter) border(w int, above, below placed, first bool) string {
	var l line
	put := func(from, to int) {
		for x := from; x < to; x++ {
			focused := above.focusAt(x) || below.focusAt(x)
			l.add(p.framePen(focused), p.glyph(x, w, &above, &below, first))
		}
	}
	for i := range below.cells {
		left, right := below.x[i], below.x[i+1]
		c := &below.cells[i]
		put(left, left+1)
		x := left + 1 + p.inset(&l, c.Title, right-left-2, c.Focused)
		note := p.Truncate(c.Right, right-x-4)
		if Width(note) == 0 {
			put(x, right)
			continue
		}
		put(x, right-Width(note)-3)
		p.inset(&l, note, Width(note)+2, c.Focused)
		put(right-1, right)
	}
	put(w-1, w)
	return l.take()
}

// inset writes text with a blank at each side into a border, at most room cells,
// and returns the cells taken; too little room leaves the border as it is.
func (p *Painter) inset(l *line, text string, room int, focused bool) int {
	text = p.Truncate(text, room-2)
	n := Width(text)
	if n == 0 {
		return 0
	}
	role := themes.Heading
	if focused {
		role = themes.BorderFocus
	}
	l.raw(" ")
	if plainASCII(text) || !styled(text) {
		l.add(p.pen(role), text)
	} else {
		l.raw(text)
	}
	l.raw(" ")
	return n + 2
}

// styled says whether s brings its own sequences.
func styled(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == 0x1b {
			return true
		}
	}
	return false
}

// body draws line y of all panes of a row.
func (p *Painter) body(pl placed, y int) string {
	var l line
	for i := range pl.cells {
		c := &pl.cells[i]
		l.add(p.framePen(pl.focusAt(pl.x[i])), p.Glyphs.vertical)
		room := pl.x[i+1] - pl.x[i] - 1
		text := ""
		if y < len(c.Body) {
			text = c.Body[y]
		}
		if room < 2 {
			l.raw(blank(room))
			continue
		}
		l.raw(" " + p.Fit(text, room-2) + reset(text) + " ")
	}
	l.add(p.framePen(pl.cells[len(pl.cells)-1].Focused), p.Glyphs.vertical)
	return l.take()
}

// reset ends a style that a body line may have left open.
func reset(text string) string {
	if styled(text) {
		return "\x1b[m"
	}
	return ""
}

// bottom draws the line that closes a grid, with the footer in it.
func (p *Painter) bottom(w int, above placed, footer string) string {
	var l line
	g := &p.Glyphs
	put := func(from, to int) {
		for x := from; x < to; x++ {
			sign := g.horizontal
			switch {
			case x == 0:
				sign = g.bottomLeft
			case x == w-1:
				sign = g.bottomRight
			case above.has(x):
				sign = g.teeUp
			}
			l.add(p.framePen(above.focusAt(x)), sign)
		}
	}
	put(0, 1)
	x := 1 + p.inset(&l, footer, w-2, false)
	put(x, w)
	return l.take()
}
