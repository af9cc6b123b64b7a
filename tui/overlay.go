package tui

import (
	"strings"

	"why502/tail"
	"why502/themes"
	"why502/tui/draw"

	"charm.land/lipgloss/v2"
)

// over lays a box over the middle of the screen. Only here the compositor runs:
// it costs four times what joining the panes does.
func (m *model) over(base string, box []string) string {
	w, h := 0, len(box)
	for _, l := range box {
		w = max(w, draw.Width(l))
	}
	x, y := max(0, (m.width-w)/2), max(0, (m.height-h)/2)
	return lipgloss.NewCompositor(
		lipgloss.NewLayer(base),
		lipgloss.NewLayer(strings.Join(box, "\n")).X(x).Y(y).Z(1),
	).Render()
}

// help is the key map as a box, in two columns where there is room.
func (m *model) help() []string {
	w, columns := min(m.width-4, 108), 1
	if w >= 104 {
		columns = 2
	}
	lines := m.helpLines(columns, w-4)
	h := min(len(lines)+2, m.height-2)
	m.scroll = clamp(m.scroll, 0, len(lines)-(h-2))
	note := "any key closes"
	if len(lines) > h-2 {
		note = m.base.P.Glyphs.Down + " more, " + note
	}
	return m.base.P.Box("Help", note, w, h, lines[m.scroll:], true)
}

// helpLines is the key map in columns, w cells in all.
func (m *model) helpLines(columns, w int) []string {
	p := m.base.P
	each := w/columns - 1
	blocks := make([][]string, 0, len(keyMap)+1)
	for _, g := range keyMap {
		block := []string{p.Fit(p.Paint(themes.Heading, g.title), each)}
		for _, b := range g.bindings {
			show := b.show
			if p.ASCII() {
				show = strings.Join(b.keys, " ")
			}
			block = append(block, p.Fit("  "+p.Paint(themes.Key, p.Fit(show, 10))+p.Paint(themes.Text, b.help), each))
		}
		blocks = append(blocks, block)
	}
	mouse := []string{p.Paint(themes.Heading, "Mouse"), "  click and wheel work; Shift-drag selects"}
	return columnsOf(append(blocks, mouse), columns, each+1)
}

// columnsOf puts blocks into columns of w cells, the first one as soon as it is
// half full.
func columnsOf(blocks [][]string, columns, w int) []string {
	total := 0
	for _, b := range blocks {
		total += len(b)
	}
	cols := make([][]string, columns)
	c := 0
	for _, b := range blocks {
		if c+1 < columns && len(cols[c]) > 0 && len(cols[c])+len(b) > total/columns+2 {
			c++
		}
		cols[c] = append(cols[c], b...)
	}
	rows := 0
	for _, col := range cols {
		rows = max(rows, len(col))
	}
	lines := make([]string, rows)
	for i := range lines {
		for _, col := range cols {
			cell := ""
			if i < len(col) {
				cell = col[i]
			}
			lines[i] += cell + strings.Repeat(" ", max(0, w-draw.Width(cell)))
		}
	}
	return lines
}

// consent asks whether the load may be sent.
func (m *model) consent() []string {
	p := m.base.P
	w := min(m.width-8, 84)
	var body []string
	for _, l := range p.Wrap(tail.Safe(m.plan.Sentence(), 600)+".", w-4, 8) {
		body = append(body, p.Paint(themes.Text, l))
	}
	body = append(body, "",
		p.Paint(themes.Key, "y")+p.Paint(themes.Text, " send it   ")+p.Paint(themes.Key, "n")+p.Paint(themes.Text, " send nothing"))
	return p.Box("May this load be sent?", "", w, len(body)+2, body, true)
}
