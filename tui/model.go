package tui

import (
	"context"
	"time"

	"why502/probe/checklist"
	"why502/probe/diagnose"
	"why502/probe/incident"
	"why502/probe/load"
	"why502/probe/session"
	"why502/themes"
	"why502/tui/pane"

	tea "charm.land/bubbletea/v2"
)

// screen is what the body shows.
type screen uint8

// The screens. On screenPage the last page of model.pages is shown.
const (
	screenMonitor screen = iota
	screenMaximized
	screenPage
)

// overlay is what has the keys before the screen has.
type overlay uint8

// The overlays. Filter and note are a line at the bottom, the others a box.
const (
	overlayNone overlay = iota
	overlayHelp
	overlayFilter
	overlayNote
	overlayConsent
)

// stateMsg is a new snapshot with what follows from it.
type stateMsg struct {
	snap    *incident.Snapshot
	verdict diagnose.Verdict
	rows    []checklist.Row
}

// tickMsg moves the clock.
type tickMsg struct{}

// themesMsg brings the user's themes, read again.
type themesMsg struct{ list []themes.Theme }

// page is an opened page with its word in the breadcrumbs.
type page struct {
	pane  pane.Pane
	crumb string
}

// model is the root model: it routes messages, knows what is shown and keeps what
// a person chose.
type model struct {
	ctx  context.Context
	core session.Core
	opt  Options

	latest stateMsg    // the newest state
	base   *pane.Input // what is shown; older than latest while paused
	serial uint64      // counts changes of base
	paused bool

	width, height int
	lay           layout

	screen  screen
	overlay overlay
	panes   [panes]pane.Pane
	focus   paneID
	pages   []page

	edit     editor
	editErr  string
	noteStep int
	plan     load.Plan
	scroll   int // of the help

	looks looks
	notes map[int]pane.Note
	span  int  // index in spans
	still bool // the person chose the span

	say      string
	sayUntil time.Time

	cache [int(panes) + 1]cached // the last one is the page's
}

// spans are the lengths of time that + and - go through.
var spans = [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

// newModel returns a model that shows the core's present state.
func newModel(ctx context.Context, core session.Core, opt Options) *model {
	m := &model{ctx: ctx, core: core, opt: opt, span: 1, notes: map[int]pane.Note{}, looks: newLooks(opt)}
	m.panes = [panes]pane.Pane{
		&pane.Verdict{}, &pane.Status{}, &pane.Latency{}, &pane.Upstreams{}, &pane.Checklist{}, &pane.Log{}, &pane.Timeline{},
	}
	m.base = &pane.Input{Zone: opt.Zone, Span: spans[m.span], P: m.looks.painter, Records: pane.NewRecords(core.Parse), Notes: m.notes}
	m.show(m.load())
	return m
}

// load asks the core for its newest state.
func (m *model) load() stateMsg {
	s := m.core.Snapshot()
	v := m.core.Verdict(s)
	return stateMsg{s, v, m.core.Rows(s, v)}
}

// show makes st what is on the screen, unless it is paused.
func (m *model) show(st stateMsg) {
	m.latest = st
	if m.paused && m.base.Snap != nil {
		return
	}
	if !m.still {
		m.span = suits(st.snap)
	}
	m.change(func(in *pane.Input) {
		in.Snap, in.Verdict, in.Rows, in.Span = st.snap, st.verdict, st.rows, spans[m.span]
	})
}

// suits is the span to begin with: five minutes, or one while there is no more
// than that to show.
func suits(s *incident.Snapshot) int {
	if t := &s.Traffic; !t.First.IsZero() && s.Now.Sub(t.First) < time.Minute {
		return 0
	}
	return 1
}

// change replaces the input of the panes by a changed copy: all are drawn anew.
func (m *model) change(f func(*pane.Input)) {
	next := *m.base
	f(&next)
	next.Prepare()
	m.base = &next
	m.serial++
}

// wait turns the next poke of the core into a message.
func (m *model) wait() tea.Msg {
	select {
	case <-m.ctx.Done():
		return nil
	case _, ok := <-m.core.Changed():
		if !ok {
			return nil
		}
		return m.load()
	}
}

func tick() tea.Cmd { return tea.Tick(time.Second, func(time.Time) tea.Msg { return tickMsg{} }) }

// Init starts the clock and the wait for news.
func (m *model) Init() tea.Cmd {
	return tea.Batch(m.wait, tick(), tea.RequestBackgroundColor)
}

// Update routes a message.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case stateMsg:
		m.show(msg)
		return m, m.wait
	case tickMsg:
		return m, tea.Batch(tick(), m.looks.reload())
	case themesMsg:
		m.restyle(m.looks.replace(msg.list))
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.lay = arrange(msg.Width, msg.Height)
	case tea.BackgroundColorMsg:
		m.restyle(m.looks.background(msg.IsDark()))
	case tea.ColorProfileMsg:
		m.restyle(m.looks.profile(msg.Profile))
	case tea.PasteMsg:
		if m.typing() {
			m.edit.insert(msg.Content)
		}
	case tea.KeyPressMsg:
		return m, m.key(msg)
	case tea.MouseClickMsg:
		m.click(msg)
	case tea.MouseWheelMsg:
		return m, m.wheel(msg)
	}
	return m, nil
}

// restyle draws with another theme.
func (m *model) restyle(changed bool) {
	if changed {
		m.change(func(in *pane.Input) { in.P = m.looks.painter })
	}
}

// typing says whether keys are text.
func (m *model) typing() bool { return m.overlay == overlayFilter || m.overlay == overlayNote }

// tell shows a sentence in the status line for a moment.
func (m *model) tell(s string) {
	const long = 4 * time.Second
	m.say, m.sayUntil = s, m.opt.Now().Add(long)
}

// top is the pane that has the keyboard, with the cells it fills.
func (m *model) top() (pane.Pane, *pane.Input) {
	p := m.panes[m.focus]
	r := m.lay.rects[m.focus]
	if m.screen != screenMonitor {
		r = m.full()
	}
	if m.screen == screenPage {
		p = m.pages[len(m.pages)-1].pane
	}
	return p, m.input(r, true)
}

// input is what a pane is drawn from in the rectangle r.
func (m *model) input(r rect, focus bool) *pane.Input {
	in := *m.base
	in.Width, in.Height, in.Focus = max(r.w, 0), max(r.h, 0), focus
	return &in
}

// full is the rectangle of a page.
func (m *model) full() rect { return rect{2, 2, m.width - 4, m.height - 3} }

// where names what has the keyboard, for the footer.
func (m *model) where() where {
	if m.screen != screenPage {
		return at(m.focus)
	}
	switch m.pages[len(m.pages)-1].pane.(type) {
	case *pane.Requests:
		return onList
	case pane.Stepper:
		return onStep
	}
	return onText
}
