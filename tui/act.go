package tui

import (
	"strconv"
	"strings"

	"why502/probe/checklist"
	"why502/tail"
	"why502/tui/pane"

	tea "charm.land/bubbletea/v2"
)

// key routes a key: an overlay has it before the key map.
func (m *model) key(k tea.KeyPressMsg) tea.Cmd {
	m.say = ""
	name := k.String()
	if name == "ctrl+c" {
		return tea.Quit
	}
	switch m.overlay {
	case overlayHelp:
		return m.browse(name)
	case overlayFilter, overlayNote:
		m.enter(k)
		return nil
	case overlayConsent:
		m.answer(name)
		return nil
	}
	b := byKey[name]
	if b == nil {
		return nil
	}
	if b.cmd == cmdStep {
		n, _ := strconv.Atoi(name)
		m.open(pane.StepTarget(n))
		return nil
	}
	return m.do(b)
}

// browse scrolls the help; any other key closes it.
func (m *model) browse(name string) tea.Cmd {
	b := byKey[name]
	if b != nil && b.cmd == cmdQuit {
		return tea.Quit
	}
	if b == nil || b.cmd != cmdPane || b.act == pane.Enter {
		m.overlay = overlayNone
		return nil
	}
	switch b.act {
	case pane.Up:
		m.scroll--
	case pane.Down:
		m.scroll++
	case pane.PageUp, pane.Top:
		m.scroll = 0
	case pane.PageDown, pane.Bottom:
		m.scroll = len(m.helpLines(1, m.width))
	}
	return nil
}

// do carries out a binding.
func (m *model) do(b *binding) tea.Cmd {
	switch b.cmd {
	case cmdPane:
		m.act(b.act)
	case cmdNextPane:
		m.turn(1)
	case cmdPrevPane:
		m.turn(-1)
	case cmdBack:
		m.back()
	case cmdFilter:
		m.overlay, m.edit, m.editErr = overlayFilter, newEditor(m.base.Filter.Text), ""
	case cmdHelp:
		m.overlay, m.scroll = overlayHelp, 0
	case cmdPause:
		m.pause()
	case cmdRun:
		m.run()
	case cmdCopy:
		return m.copy()
	case cmdMark:
		m.mark()
	case cmdNote:
		m.note()
	case cmdTheme:
		m.looks.next()
		m.restyle(true)
		m.tell("theme " + m.looks.theme().Name + ": " + m.looks.theme().Title)
	case cmdZoomIn:
		m.zoom(-1)
	case cmdZoomOut:
		m.zoom(1)
	case cmdFailures:
		m.failures()
	case cmdMaximize:
		m.maximize()
	case cmdSuspend:
		return tea.Suspend
	case cmdQuit:
		return tea.Quit
	}
	return nil
}

// act hands an action to the pane with the keyboard and does what follows.
func (m *model) act(a pane.Action) {
	if m.lay.tooSmall {
		return
	}
	p, in := m.top()
	m.follow(p.Do(in, a))
	m.redraw()
}

// redraw forgets what is drawn of the pane with the keyboard.
func (m *model) redraw() {
	m.cache[m.focus] = cached{}
	m.cache[panes] = cached{}
}

func (m *model) follow(e pane.Effect) {
	if e.Say != "" {
		m.tell(e.Say)
	}
	if e.Open != nil {
		m.open(e.Open)
	}
}

// deepest bounds the breadcrumbs.
const deepest = 12

// open shows a page; a step replaces the step that is open.
func (m *model) open(t *pane.Target) {
	if n := len(m.pages); n > 0 && t.Page == pane.PageStep && m.screen == screenPage {
		if _, step := m.pages[n-1].pane.(*pane.Step); step {
			m.pages = m.pages[:n-1]
		}
	}
	if len(m.pages) >= deepest {
		m.tell("too deep: Esc goes back")
		return
	}
	m.pages = append(m.pages, page{pane.Open(*t), t.Crumb})
	m.screen = screenPage
	m.redraw()
}

// back leaves the page, the whole screen or the filter, in this order.
func (m *model) back() {
	switch {
	case m.screen == screenPage:
		m.pages = m.pages[:len(m.pages)-1]
		if len(m.pages) == 0 {
			m.screen = screenMonitor
		}
	case m.screen == screenMaximized:
		m.screen = screenMonitor
	case m.base.Filter.Active():
		m.change(func(in *pane.Input) { in.Filter = pane.Filter{} })
		m.tell("filter cleared")
	}
	m.redraw()
}

// turn moves the keyboard to another pane.
func (m *model) turn(by int) {
	if m.screen == screenPage {
		return
	}
	m.focus = paneID((int(m.focus) + by + focusable) % focusable)
}

func (m *model) maximize() {
	switch m.screen {
	case screenMonitor:
		m.screen = screenMaximized
	case screenMaximized:
		m.screen = screenMonitor
	}
	m.redraw()
}

// pause keeps the moment on the screen, or goes on with the newest.
func (m *model) pause() {
	m.paused = !m.paused
	if m.paused {
		m.tell("paused: this moment stays, the logs are read on; space goes on")
		return
	}
	m.show(m.latest)
	m.tell("going on")
}

// zoom changes the length of time shown.
func (m *model) zoom(by int) {
	m.still = true
	m.span = clamp(m.span+by, 0, len(spans)-1)
	m.change(func(in *pane.Input) { in.Span = spans[m.span] })
	m.tell("the charts show " + pane.Span(spans[m.span]))
}

// failures changes what the log shows, whichever pane has the keyboard.
func (m *model) failures() {
	m.follow(m.panes[logPane].Do(m.input(m.lay.rects[logPane], false), pane.Toggle))
	m.cache[logPane] = cached{}
	m.redraw()
}

// copy puts what the pane with the keyboard has, or the verdict's next command,
// on the clipboard.
func (m *model) copy() tea.Cmd {
	p, in := m.top()
	text, what := p.Copy(in)
	if text == "" {
		text, what = m.panes[verdictPane].Copy(in)
	}
	if text == "" {
		m.tell("nothing to copy here")
		return nil
	}
	const longest = 8 << 10
	text = tail.Safe(text, longest)
	m.tell("copied " + what + ": " + text)
	return tea.SetClipboard(text)
}

// step is the step the cursor stands on, 0 for none.
func (m *model) step() int {
	p, in := m.top()
	if s, ok := p.(pane.Stepper); ok {
		return s.Step(in)
	}
	return 0
}

func (m *model) stepRow(n int) *checklist.Row {
	for i := range m.base.Rows {
		if m.base.Rows[i].Step == n {
			return &m.base.Rows[i]
		}
	}
	return nil
}

// run runs the step under the cursor; a step that needs a yes asks for it.
func (m *model) run() {
	r := m.stepRow(m.step())
	if r == nil {
		m.tell("no step here: open one with 1-7, then r runs it")
		return
	}
	if !r.Consent {
		m.core.RunStep(r.Step, nil)
		m.tell("running step " + strconv.Itoa(r.Step) + ": " + r.Title)
		return
	}
	plan, ok := m.core.LoadPlan()
	if !ok {
		m.tell("no target to load: name one with -e URL")
		return
	}
	m.plan, m.overlay = plan, overlayConsent
}

// answer takes the yes or the no to the load test; only y is a yes.
func (m *model) answer(name string) {
	m.overlay = overlayNone
	if name != "y" && name != "Y" {
		m.tell("no load was sent")
		return
	}
	plan := m.plan
	for i := range m.base.Rows {
		if m.base.Rows[i].Consent {
			m.core.RunStep(m.base.Rows[i].Step, &plan)
			m.tell("running step " + strconv.Itoa(m.base.Rows[i].Step) + "; it stops by itself")
			return
		}
	}
}

// mark marks the step under the cursor done, or takes that back.
func (m *model) mark() {
	n := m.step()
	r := m.stepRow(n)
	if r == nil {
		m.tell("no step here: m marks a step of the checklist done")
		return
	}
	word := "done"
	m.noteOn(n, func(note *pane.Note) {
		note.Done = !note.Done
		if !note.Done {
			word = "not done"
		}
	})
	m.core.AddMark("step " + strconv.Itoa(n) + " " + r.Title + ": " + word)
	m.tell("step " + strconv.Itoa(n) + " marked " + word)
}

// noteOn changes the note of a step.
func (m *model) noteOn(step int, f func(*pane.Note)) {
	notes := make(map[int]pane.Note, len(m.notes)+1)
	for k, v := range m.notes {
		notes[k] = v
	}
	n := notes[step]
	f(&n)
	notes[step] = n
	m.notes = notes
	m.change(func(in *pane.Input) { in.Notes = notes })
}

// note asks for a note: on the step in the checklist and on a step's page, else
// on the time line.
func (m *model) note() {
	m.noteStep = 0
	p, _ := m.top()
	switch p.(type) {
	case *pane.Checklist, *pane.Step:
		m.noteStep = m.step()
	}
	m.overlay, m.edit, m.editErr = overlayNote, newEditor(m.notes[m.noteStep].Text), ""
}

// enter edits the filter or the note.
func (m *model) enter(k tea.KeyPressMsg) {
	switch k.String() {
	case "esc":
		m.overlay = overlayNone
	case "enter":
		m.typed(m.edit.String())
	default:
		m.edit.key(k)
		m.editErr = ""
		if m.overlay == overlayFilter {
			if _, err := pane.ParseFilter(m.edit.String()); err != nil {
				m.editErr = err.Error()
			}
		}
	}
}

// typed takes what was typed.
func (m *model) typed(s string) {
	if m.overlay == overlayFilter {
		f, err := pane.ParseFilter(s)
		if err != nil {
			m.editErr = err.Error()
			return
		}
		m.overlay = overlayNone
		m.change(func(in *pane.Input) { in.Filter = f })
		return
	}
	m.overlay = overlayNone
	s = strings.TrimSpace(s)
	if m.noteStep > 0 {
		m.noteOn(m.noteStep, func(n *pane.Note) { n.Text = s })
		if s != "" {
			m.core.AddMark("note on step " + strconv.Itoa(m.noteStep) + ": " + s)
			m.tell("note kept and put on the time line")
		}
		return
	}
	if s != "" {
		m.core.AddMark(s)
		m.tell("put on the time line")
	}
}

// click gives the keyboard to the pane under the pointer.
func (m *model) click(c tea.MouseClickMsg) {
	if id, ok := m.under(c.X, c.Y); ok {
		m.focus = id
	}
}

// under is the pane at a cell.
func (m *model) under(x, y int) (paneID, bool) {
	if m.screen != screenMonitor || m.overlay != overlayNone {
		return 0, false
	}
	for id := range paneID(focusable) {
		if m.lay.rects[id].contains(x, y) {
			return id, true
		}
	}
	return 0, false
}

// wheel scrolls the pane under the pointer, or the page.
func (m *model) wheel(w tea.MouseWheelMsg) tea.Cmd {
	a := pane.Down
	switch w.Button {
	case tea.MouseWheelUp:
		a = pane.Up
	case tea.MouseWheelDown:
	default:
		return nil
	}
	if m.overlay != overlayNone {
		return nil
	}
	if id, ok := m.under(w.X, w.Y); ok {
		m.focus = id
	}
	for range 3 {
		m.act(a)
	}
	return nil
}
