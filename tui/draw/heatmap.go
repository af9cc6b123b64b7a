package draw

import (
	"math"

	"why502/themes"
)

// HeatChart is a heat map over time, one cell a column.
type HeatChart struct {
	Cols   [][]uint32 // oldest first; each holds the counts of the rows, lowest row first
	Rows   []string   // the rows' labels, lowest first
	Cursor int        // index of the chosen column, NoCursor for none
	Labels []Label    // of the time axis
}

// HeatMap draws c, w by h cells, on a logarithmic scale of counts told by the
// density of the signs and by color. Where there are fewer lines than rows, empty
// rows at the ends are left out, then neighbors are added up. From four rows on
// the last line is the time axis.
func (p *Painter) HeatMap(w, h int, c HeatChart) []string {
	w, h = max(w, 0), max(h, 0)
	lines := make([]string, 0, h)
	if w == 0 || h == 0 {
		return fill(lines, w, h)
	}
	a := newAxis(w, len(c.Cols))
	plot := h
	if h >= 4 {
		plot--
	}
	cols := c.Cols[a.skip:]
	from, to := crop(cols, len(c.Rows), plot)
	bins := to - from
	grid, top := heatGrid(cols, from, bins, plot)
	logTop := math.Log1p(float64(top))
	var l line
	for row := plot - 1; row >= 0; row-- {
		p.gutter(&l, a, binLabel(c.Rows, from, bins, plot, row))
		l.raw(blank(a.lead))
		for i := range cols {
			level := heatLevel(grid[row*len(cols)+i], logTop)
			switch {
			case level == 0 && i+a.skip == c.Cursor:
				l.add(p.pen(themes.Accent), p.Glyphs.Cursor)
			case level == 0:
				l.raw(" ")
			default:
				l.add(p.pen(themes.Heat(level)), p.Glyphs.Density[level])
			}
		}
		lines = append(lines, l.take())
	}
	if h >= 4 {
		lines = append(lines, p.labels(a, c.Labels))
	}
	return lines
}

// crop leaves out empty rows at the ends as long as there are more rows than
// lines; it returns the half-open range of rows to draw, at least one.
func crop(cols [][]uint32, rows, plot int) (from, to int) {
	from, to = 0, max(rows, 1)
	used := make([]bool, to)
	for _, col := range cols {
		for r, n := range col[:min(len(col), to)] {
			used[r] = used[r] || n > 0
		}
	}
	for to-from > plot && to-from > 1 && !used[to-1] {
		to--
	}
	for to-from > plot && to-from > 1 && !used[from] {
		from++
	}
	return from, to
}

// span returns the rows that line y of plot lines shows, at least one.
func span(from, bins, plot, y int) (lo, hi int) {
	lo = from + y*bins/plot
	hi = from + (y+1)*bins/plot
	return lo, max(hi, lo+1)
}

// heatGrid adds the counts up by line and column and returns the largest sum.
func heatGrid(cols [][]uint32, from, bins, plot int) (grid []uint64, top uint64) {
	grid = make([]uint64, plot*len(cols))
	for y := range plot {
		lo, hi := span(from, bins, plot, y)
		for i, col := range cols {
			var sum uint64
			for r := lo; r < min(hi, len(col)); r++ {
				sum += uint64(col[r])
			}
			grid[y*len(cols)+i] = sum
			top = max(top, sum)
		}
	}
	return grid, top
}

// heatLevel is 0 for nothing, else 1 to the hottest level.
func heatLevel(n uint64, logTop float64) int {
	if n == 0 || logTop <= 0 {
		return 0
	}
	const hottest = themes.HeatLevels - 1
	return min(1+int(math.Log1p(float64(n))/logTop*(hottest-1)), hottest)
}

// binLabel is the label of line y: that of its highest row, once where a row
// takes several lines.
func binLabel(labels []string, from, bins, plot, y int) string {
	lo, hi := span(from, bins, plot, y)
	if y > 0 {
		if before, _ := span(from, bins, plot, y-1); before == lo {
			return ""
		}
	}
	if hi-1 >= len(labels) {
		return ""
	}
	return labels[hi-1]
}
