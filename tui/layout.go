package tui

// paneID names a pane of the monitor.
type paneID int

// The panes, in the order in which Tab goes through them. The time line has room
// on wide screens only and takes no keys.
const (
	verdictPane paneID = iota
	statusPane
	latencyPane
	upstreamsPane
	checklistPane
	logPane
	timelinePane
	panes
)

// focusable is the number of panes that take keys.
const focusable = int(timelinePane)

// rect is where a pane's text stands, borders excluded.
type rect struct{ x, y, w, h int }

// contains says whether the cell is inside or on the pane's frame.
func (r rect) contains(x, y int) bool {
	return r.w > 0 && x >= r.x-2 && x < r.x+r.w+2 && y >= r.y-1 && y <= r.y+r.h
}

// layout is the monitor's screen cut up.
type layout struct {
	tooSmall bool
	rows     [4]layoutRow
	rects    [panes]rect // of zero width where a pane is not shown
}

// layoutRow is a row of panes side by side.
type layoutRow struct {
	height int
	panes  []paneID
	widths []int // between the borders, as draw.Cell wants it
}

// The smallest screen, and the width from which the time line is shown.
const (
	minWidth  = 80
	minHeight = 24
	wide      = 150
)

// arrange cuts a screen up. Below 80x24 it does not.
//
//	why502  ✖ 502 since 14:01:12 (2 m 15 s)          nginx · 2 logs · 3 upstreams   14:03:27
//	╭ Verdict ──────────────────────────────────┬ Time line (from 150 cells on) ───────────╮
//	│                                           │                                          │ 4 to 10
//	├ Status mix ──────────────────┬ Latency ───┴──────────────────────────────────────────┤
//	│                              │                                                       │ 5 to 14
//	├ Upstreams ───────────────────┼ Checklist ────────────────────────────────────────────┤
//	│                              │                                                       │ 5, 7 or 8
//	├ Log ─────────────────────────┴───────────────────────────────────────────────────────┤
//	│                                                                                      │ the rest
//	╰ Tab pane  Enter open ... ────────────────────────────────────────────────────────────╯
func arrange(w, h int) layout {
	if w < minWidth || h < minHeight {
		return layout{tooSmall: true}
	}
	avail := h - 6 // the head line and five borders
	verdict := clamp(avail*21/100, 4, 10)
	charts := clamp(avail*27/100, 5, 16)
	lists := 5 // the checklist two steps a line
	switch {
	case avail >= 32:
		lists = 8 // with the upstreams' header or the selected step's question
	case avail >= 24:
		lists = 7
	}
	log := avail - verdict - charts - lists
	inner := w - 2
	half := (inner - 1) / 2
	l := layout{rows: [4]layoutRow{
		{verdict, []paneID{verdictPane}, []int{inner}},
		{charts, []paneID{statusPane, latencyPane}, []int{half, inner - 1 - half}},
		{lists, []paneID{upstreamsPane, checklistPane}, []int{half, inner - 1 - half}},
		{log, []paneID{logPane}, []int{inner}},
	}}
	if w >= wide {
		left := (inner - 1) * 64 / 100
		l.rows[0].panes = []paneID{verdictPane, timelinePane}
		l.rows[0].widths = []int{left, inner - 1 - left}
	}
	y := 2
	for _, r := range l.rows {
		x := 2
		for i, id := range r.panes {
			l.rects[id] = rect{x, y, r.widths[i] - 2, r.height}
			x += r.widths[i] + 1
		}
		y += r.height + 1
	}
	return l
}

func clamp(v, low, high int) int { return max(low, min(v, high)) }
