package tui

import (
	"context"
	"strconv"
	"strings"

	"why502/tail"
	"why502/themes"
	"why502/tui/draw"

	tea "charm.land/bubbletea/v2"
)

// Choice is what a person chose on the start screen: a demo incident or a path;
// both are empty when they quit.
type Choice struct{ Demo, Path string }

// RunStart shows the start screen, for when no gateway and no log was found: it
// says where was looked and offers a path or the demo's incidents, given as name
// and title. It returns what was chosen.
func RunStart(ctx context.Context, looked []string, demos [][2]string, opt Options) (Choice, error) {
	opt = opt.complete()
	if err := known(opt); err != nil {
		return Choice{}, err
	}
	s := newStart(looked, demos, opt)
	if err := run(ctx, opt, s); err != nil {
		return Choice{}, err
	}
	return s.choice, nil
}

// start is the model of the start screen. Row 0 is the path, the others are the
// demo's incidents.
type start struct {
	looked        []string
	demos         [][2]string
	opt           Options
	looks         looks
	width, height int
	row, top      int
	path          editor
	choice        Choice
	say           string
}

func newStart(looked []string, demos [][2]string, opt Options) *start {
	s := &start{looked: looked, demos: demos, opt: opt, looks: newLooks(opt)}
	if len(demos) > 0 {
		s.row = 1
	}
	return s
}

// Init asks for the terminal's background.
func (s *start) Init() tea.Cmd { return tea.RequestBackgroundColor }

// Update moves, types and chooses.
func (s *start) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		s.width, s.height = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		s.looks.background(msg.IsDark())
	case tea.ColorProfileMsg:
		s.looks.profile(msg.Profile)
	case tea.PasteMsg:
		s.row = 0
		s.path.insert(msg.Content)
	case tea.KeyPressMsg:
		return s, s.key(msg)
	}
	return s, nil
}

func (s *start) key(k tea.KeyPressMsg) tea.Cmd {
	s.say = ""
	name := k.String()
	switch name {
	case "ctrl+c", "esc":
		return tea.Quit
	case "up", "shift+tab":
		s.row = max(0, s.row-1)
		return nil
	case "down", "tab":
		s.row = min(len(s.demos), s.row+1)
		return nil
	case "enter":
		return s.choose()
	}
	if s.row > 0 {
		switch name {
		case "q":
			return tea.Quit
		case "k":
			s.row--
		case "j":
			s.row = min(len(s.demos), s.row+1)
		case "/", "~", ".":
			s.row = 0
			s.path.insert(name)
		}
		return nil
	}
	s.path.key(k)
	return nil
}

// choose ends with the chosen row.
func (s *start) choose() tea.Cmd {
	if s.row > 0 {
		s.choice.Demo = s.demos[s.row-1][0]
		return tea.Quit
	}
	if s.choice.Path = strings.TrimSpace(s.path.String()); s.choice.Path == "" {
		s.say = "Type the path of a log first, or choose an incident below."
		return nil
	}
	return tea.Quit
}

// View is the start screen.
func (s *start) View() tea.View {
	v := tea.NewView(strings.Join(s.lines(), "\n"))
	v.AltScreen = true
	v.WindowTitle = "why502"
	return v
}

// lines are the screen's lines, each of its width.
func (s *start) lines() []string {
	p := s.looks.painter
	if s.width < 20 || s.height < 8 {
		return p.Box("", "", s.width, s.height, p.Wrap("Enlarge the terminal; q quits.", s.width-4, 0), false)
	}
	w, h := s.width, s.height
	inner := w - 4
	body := []string{p.Paint(themes.Heading, "No gateway and no log of one was found on this machine."), ""}
	body = append(body, s.places(inner, max(2, h-12-min(len(s.demos), 10)))...)
	body = append(body, "", p.Paint(themes.Heading, "Open a log, or a folder of logs"), s.field(inner), "")
	if s.say != "" {
		body[len(body)-1] = p.Paint(themes.Warn, s.say)
	}
	if len(s.demos) > 0 {
		body = append(body, p.Paint(themes.Heading, "Or break something on purpose: a real gateway and upstream on loopback"))
		body = append(body, s.incidents(inner, h-2-len(body))...)
	}
	keys := "↑↓ choose  Enter open  Esc quit"
	if p.ASCII() {
		keys = "Up/Down choose  Enter open  Esc quit"
	}
	lines := []string{p.Fit(p.Paint(themes.Heading, "why502 ")+p.Paint(themes.Dim, " why does the gateway answer 502?"), w)}
	grid := p.Grid(w, h-1, []draw.Row{{Cells: []draw.Cell{{Title: "Start", Body: body, Focused: true}}}}, p.Paint(themes.Dim, keys))
	return append(lines, grid...)
}

// places lists where was looked, at most limit lines.
func (s *start) places(w, limit int) []string {
	p := s.looks.painter
	var lines []string
	for i, l := range s.looked {
		if len(lines) == limit-1 && len(s.looked) > limit {
			lines = append(lines, p.Paint(themes.Dim, "  and "+strconv.Itoa(len(s.looked)-i)+" other places"))
			break
		}
		lines = append(lines, p.Fit(p.Paint(themes.Dim, "  looked at ")+p.Paint(themes.Text, tail.Safe(l, 300)), w))
	}
	return lines
}

// field is the path that is typed.
func (s *start) field(w int) string {
	p := s.looks.painter
	text, x := s.path.view(w - 10)
	if s.row != 0 {
		if text == "" {
			text = "/path/to/access.log"
		}
		return p.Fit("  "+p.Paint(themes.Dim, "path ")+p.Paint(themes.Dim, text), w)
	}
	before, at, after := cutAt(text, x)
	return p.Fit(p.Paint(themes.Accent, p.Glyphs.Pointer)+" "+p.Paint(themes.Key, "path ")+
		p.Paint(themes.Text, before)+p.Paint(themes.Cursor, at)+p.Paint(themes.Text, after), w)
}

// incidents lists the demo's incidents around the chosen one.
func (s *start) incidents(w, h int) []string {
	p := s.looks.painter
	name := 0
	for _, d := range s.demos {
		name = max(name, draw.Width(d[0]))
	}
	if s.row > 0 {
		s.top = clamp(s.top, s.row-h, s.row-1)
	}
	s.top = clamp(s.top, 0, max(0, len(s.demos)-h))
	var lines []string
	for i := s.top; i < len(s.demos) && len(lines) < h; i++ {
		d := s.demos[i]
		line := p.Paint(themes.Accent, p.Fit(d[0], name)) + "  " + p.Paint(themes.Text, d[1])
		if i == s.row-1 {
			lines = append(lines, p.Highlight(p.Glyphs.Pointer+" "+line, w))
			continue
		}
		lines = append(lines, p.Fit("  "+line, w))
	}
	return lines
}
