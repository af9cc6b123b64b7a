package tui

import (
	"strconv"
	"strings"

	"why502/tail"
	"why502/themes"
	"why502/tui/draw"
	"why502/tui/pane"

	tea "charm.land/bubbletea/v2"
)

// cached is what a pane drew, with what it was drawn from.
type cached struct {
	key   cacheKey
	pane  pane.Pane
	title string
	lines []string
	below int // lines out of sight
}

type cacheKey struct {
	serial uint64 // of the input: generation, verdict, theme, filter, zoom, notes
	w, h   int
	focus  bool
}

// View is the screen.
func (m *model) View() tea.View {
	v := tea.NewView(m.content())
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	v.WindowTitle = "why502 " + m.opt.Title
	if th := m.looks.theme(); m.looks.mismatch() && th.Background != nil {
		v.BackgroundColor, v.ForegroundColor = th.Background, th.Foreground
	}
	return v
}

// content is the screen as lines of exactly the terminal's width.
func (m *model) content() string {
	if m.width <= 0 || m.height <= 0 {
		return ""
	}
	if m.lay.tooSmall {
		return strings.Join(m.small(), "\n")
	}
	var lines []string
	lines = append(lines, m.header())
	if m.screen == screenMonitor {
		lines = append(lines, m.monitor()...)
	} else {
		lines = append(lines, m.single()...)
	}
	s := strings.Join(lines, "\n")
	switch m.overlay {
	case overlayHelp:
		return m.over(s, m.help())
	case overlayConsent:
		return m.over(s, m.consent())
	}
	return s
}

// small asks for a larger terminal.
func (m *model) small() []string {
	p := m.base.P
	text := "why502 needs 80x24 cells, this terminal has " + strconv.Itoa(m.width) + "x" + strconv.Itoa(m.height) +
		". Make it larger, or run `why502 report` for the same answer as text. q quits."
	lines := p.Wrap(text, m.width, m.height)
	for i := range lines {
		lines[i] = p.Fit(lines[i], m.width)
	}
	for len(lines) < m.height {
		lines = append(lines, strings.Repeat(" ", m.width))
	}
	return lines[:m.height]
}

// monitor is the grid of panes.
func (m *model) monitor() []string {
	rows := make([]draw.Row, len(m.lay.rows))
	for i, r := range m.lay.rows {
		rows[i].H = r.height
		for k, id := range r.panes {
			focus := id == m.focus
			c := m.drawn(int(id), m.panes[id], m.lay.rects[id], focus)
			rows[i].Cells = append(rows[i].Cells, draw.Cell{Title: c.title, W: r.widths[k], Body: c.lines, Focused: focus})
		}
	}
	return m.base.P.Grid(m.width, m.height-1, rows, m.footer())
}

// single is one pane on the whole screen, a page with its breadcrumbs.
func (m *model) single() []string {
	p, r := m.panes[m.focus], m.full()
	crumbs := "Monitor"
	if m.screen == screenPage {
		p = m.pages[len(m.pages)-1].pane
		for _, pg := range m.pages {
			crumbs += " › " + pg.crumb
		}
		if m.base.P.ASCII() {
			crumbs = strings.ReplaceAll(crumbs, "›", ">")
		}
	}
	c := m.drawn(int(panes), p, r, true)
	if c.below > 0 {
		crumbs = m.base.P.Glyphs.Down + " " + pane.Plural(c.below, "more line") + "  " + crumbs
	}
	return m.base.P.Grid(m.width, m.height-1, []draw.Row{{H: r.h, Cells: []draw.Cell{{
		Title: c.title, Right: crumbs, W: m.width - 2, Body: c.lines, Focused: true,
	}}}}, m.footer())
}

// drawn draws a pane, or returns what it drew before from the same.
func (m *model) drawn(slot int, p pane.Pane, r rect, focus bool) *cached {
	k := cacheKey{m.serial, r.w, r.h, focus}
	c := &m.cache[slot]
	if c.key != k || c.pane != p {
		in := m.input(r, focus)
		*c = cached{key: k, pane: p, title: p.Title(in), lines: p.Lines(in)}
		if s, ok := p.(pane.Scroller); ok {
			c.below = s.Below(in)
		}
	}
	return c
}

// header says what is wrong since when, and how well it is known.
func (m *model) header() string {
	p, in := m.base.P, m.input(m.full(), false)
	now := m.opt.Now()
	if m.paused {
		now = in.Snap.Now
	}
	quiet := now.Sub(in.Snap.Traffic.Last)
	at := now
	if quiet > quietAfter && !in.Snap.Traffic.Last.IsZero() {
		at = in.Snap.Traffic.Last // how long it went on after the last line is not known
	}
	sign, text, role := pane.Headline(in, at)
	left := p.Paint(themes.Heading, "why502 ")
	if m.opt.Title != "" {
		left += p.Paint(themes.Dim, tail.Safe(m.opt.Title, 30)+" ")
	}
	left += p.Paint(role, " "+sign+" "+text+" ")
	list := pieces(in.Snap, pane.CountUpstreams(in), quiet)
	clock := in.Snap.Now
	if !m.paused {
		clock = m.opt.Now()
	}
	list = append(list, piece{clock.In(m.opt.Zone).Format("15:04:05"), themes.Text, 0})
	if m.paused {
		list = append(list, piece{"PAUSED", themes.Banner, 1})
	}
	room := min(m.width-draw.Width(left)-2, m.width-m.width/3-1) // what Both leaves to the right side
	return p.Both(left, join(p, list, room), m.width)
}

// footer is the line at the bottom: what is typed, what just happened, or the
// keys of the pane that has the keyboard.
func (m *model) footer() string {
	p := m.base.P
	if m.typing() {
		return m.prompt()
	}
	if m.say != "" && m.opt.Now().Before(m.sayUntil) {
		return p.Paint(themes.Accent, p.Truncate(tail.Clean(m.say, 1000), m.width-6))
	}
	room := m.width - 6
	var shown []*binding
	for _, b := range footerKeys(m.where()) {
		n := draw.Width(b.show) + 1 + draw.Width(b.short) + 2
		if n > room {
			continue
		}
		room -= n
		shown = append(shown, b)
	}
	var out strings.Builder
	for i, b := range append(shown[2:], shown[:2]...) {
		if i > 0 {
			out.WriteString("  ")
		}
		out.WriteString(p.Paint(themes.Key, b.show) + " " + p.Paint(themes.KeyHelp, b.short))
	}
	return out.String()
}

// prompt is the line that is typed into.
func (m *model) prompt() string {
	p := m.base.P
	label := "filter /"
	if m.overlay == overlayNote {
		label = "note on the time line: "
		if m.noteStep > 0 {
			label = "note on step " + strconv.Itoa(m.noteStep) + ": "
		}
	}
	hint := "Enter takes it, Esc drops it"
	role := themes.Dim
	if m.editErr != "" {
		hint, role = m.editErr, themes.Fail
	}
	w := m.width - 6
	room := max(10, w-draw.Width(label)-draw.Width(hint)-3)
	text, x := m.edit.view(room)
	before, at, after := cutAt(text, x)
	line := p.Paint(themes.Key, label) + p.Paint(themes.Text, before) + p.Paint(themes.Cursor, at) + p.Paint(themes.Text, after)
	return p.Fit(line, room+draw.Width(label)+1) + "  " + p.Paint(role, p.Truncate(hint, w-room-draw.Width(label)-3))
}

// cutAt takes the character at cell x out of s, a blank at the end.
func cutAt(s string, x int) (before, at, after string) {
	cells := 0
	for i, r := range s {
		if cells >= x {
			return s[:i], string(r), s[i+len(string(r)):]
		}
		cells += draw.Width(string(r))
	}
	return s, " ", ""
}
