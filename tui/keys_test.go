package tui

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"why502/probe/incident"
	"why502/tui/pane"

	tea "charm.land/bubbletea/v2"
)

// keyCase shows that a key does what its help says: in a state made by before,
// the key changes the screen or the model as after wants.
type keyCase struct {
	before []string
	after  func(t *testing.T, m *model, core *fakeCore, cmd tea.Cmd)
}

func showing(want string) func(*testing.T, *model, *fakeCore, tea.Cmd) {
	return func(t *testing.T, m *model, _ *fakeCore, _ tea.Cmd) {
		t.Helper()
		if s := screenOf(m); !strings.Contains(s, want) {
			t.Errorf("the screen lacks %q:\n%s", want, s)
		}
	}
}

func that(what string, ok func(*model, *fakeCore) bool) func(*testing.T, *model, *fakeCore, tea.Cmd) {
	return func(t *testing.T, m *model, core *fakeCore, _ tea.Cmd) {
		t.Helper()
		if !ok(m, core) {
			t.Errorf("want %s", what)
		}
	}
}

// keyCases has an entry for every line of the key map, by its help.
var keyCases = map[string]keyCase{
	"next pane":                               {nil, that("the status pane", func(m *model, _ *fakeCore) bool { return m.focus == statusPane })},
	"previous pane":                           {nil, that("the log pane", func(m *model, _ *fakeCore) bool { return m.focus == logPane })},
	"up; in a chart another class or row":     {[]string{"shift+tab"}, showing("held, G follows")},
	"down; in a chart another class or row":   {[]string{"tab"}, showing("›502 815")},
	"a column back in time":                   {[]string{"tab"}, showing("14:03:24 502")},
	"a column on in time; open a line":        {[]string{"shift+tab"}, showing("Why it failed")},
	"a page up":                               {[]string{"shift+tab"}, showing("held, G follows")},
	"a page down":                             {[]string{"enter"}, that("a cursor further down", func(m *model, _ *fakeCore) bool { return !strings.Contains(screenOf(m), "›  34 %") })},
	"first line or oldest column":             {[]string{"shift+tab"}, showing("›14:02:31")},
	"last line; the log follows again":        {[]string{"shift+tab", "up"}, that("no hold", func(m *model, _ *fakeCore) bool { return !strings.Contains(screenOf(m), "held") })},
	"drill in: causes, requests, a line":      {nil, showing("Monitor › why")},
	"back; on the monitor clear the filter":   {[]string{"enter"}, that("the monitor", func(m *model, _ *fakeCore) bool { return m.screen == screenMonitor })},
	"filter: text, /regex/, status:5xx -word": {nil, showing("filter /")},
	"log: errors first, or all lines":         {nil, showing("Log  all lines")},
	"latency: gateway, upstreams, table":      {[]string{"tab", "tab"}, showing("Latency of upstreams")},
	"shorter time: 60, 15, 5, 1 min":          {nil, that("a minute", func(m *model, _ *fakeCore) bool { return m.base.Span == time.Minute })},
	"longer time: 1, 5, 15, 60 min":           {nil, showing("Status mix, 15 min")},
	"this pane on the whole screen, or back": {[]string{"shift+tab"}, that("the log alone", func(m *model, _ *fakeCore) bool {
		s := screenOf(m)
		return strings.Contains(s, "Log  errors first") && !strings.Contains(s, "Status mix")
	})},
	"pause at this moment, or go on": {nil, showing("PAUSED")},
	"next theme":                     {nil, that("another theme", func(m *model, _ *fakeCore) bool { return m.looks.theme().Name != "dark" })},
	"open a step of the checklist":   {nil, showing("Monitor › step ")},
	"run the step; the load step asks first": {[]string{"2"}, that("step 2 to run", func(_ *model, c *fakeCore) bool {
		return reflect.DeepEqual(c.ran, []int{2}) && c.plans[0] == nil
	})},
	"copy the command or line here": {nil, func(t *testing.T, m *model, _ *fakeCore, cmd tea.Cmd) {
		t.Helper()
		if got := fmt.Sprint(cmd()); got != "ss -ltnp 'sport = :8000'" {
			t.Errorf("copied %q", got)
		}
		showing("copied command: ss -ltnp")(t, m, nil, nil)
	}},
	"mark the step done, or take it back": {[]string{"3"}, func(t *testing.T, m *model, c *fakeCore, _ tea.Cmd) {
		t.Helper()
		showing("marked done by you")(t, m, c, nil)
		if len(c.marks) != 1 || !strings.Contains(c.marks[0], "step 3") {
			t.Errorf("marks %q", c.marks)
		}
	}},
	"note on the step or the time line": {[]string{"3"}, showing("note on step 3:")},
	"this help":                         {nil, showing("any key closes")},
	"to the shell; fg comes back": {nil, func(t *testing.T, _ *model, _ *fakeCore, cmd tea.Cmd) {
		t.Helper()
		if cmd == nil || !reflect.DeepEqual(cmd(), tea.Suspend()) {
			t.Error("no suspension")
		}
	}},
	"quit (Ctrl-C too)": {nil, func(t *testing.T, _ *model, _ *fakeCore, cmd tea.Cmd) {
		t.Helper()
		if cmd == nil || !reflect.DeepEqual(cmd(), tea.Quit()) {
			t.Error("no quit")
		}
	}},
}

func TestEveryKeyDoesWhatItsHelpSays(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range keyMap {
		for _, b := range g.bindings {
			c, ok := keyCases[b.help]
			if !ok {
				t.Errorf("no test of %s %q", b.show, b.help)
				continue
			}
			for _, k := range b.keys {
				if seen[k] {
					t.Errorf("the key %q is bound twice", k)
				}
				seen[k] = true
				t.Run(k+" "+b.help, func(t *testing.T) {
					core := fixture(t, "down")
					m := testModel(core, 120, 40)
					press(m, c.before...)
					cmds := press(m, k)
					c.after(t, m, core, cmds[0])
				})
			}
		}
	}
}

func TestHelpShowsEveryKey(t *testing.T) {
	m := testModel(fixture(t, "down"), 120, 40)
	press(m, "?")
	s := screenOf(m)
	for _, g := range keyMap {
		for _, b := range g.bindings {
			if !strings.Contains(s, b.show) || !strings.Contains(s, b.help) {
				t.Errorf("the help lacks %s %q", b.show, b.help)
			}
		}
	}
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	press(m, "G")
	if s := screenOf(m); !strings.Contains(s, "quit (Ctrl-C too)") {
		t.Errorf("the end of the help can't be reached at 80x24:\n%s", s)
	}
	press(m, "x")
	if m.overlay != overlayNone {
		t.Error("x left the help open")
	}
}

// TestDrillAndBack goes down every way and back again.
func TestDrillAndBack(t *testing.T) {
	for _, c := range []struct {
		keys   []string
		crumbs string
	}{
		{[]string{"enter"}, "Monitor › why"},
		{[]string{"enter", "G", "/", "esc"}, "Monitor › why"},
		{[]string{"tab", "down", "enter"}, "Monitor › 502"},
		{[]string{"tab", "down", "left", "enter", "enter"}, "Monitor › 502, 14:03:25 + 5 s › GET /api/"},
		{[]string{"tab", "enter", "enter"}, "Monitor › failed › GET /api/"},
		{[]string{"tab", "enter", "enter", "j", "enter"}, "Monitor › failed › GET /api/items/78?color=red&size=6 › line"},
		{[]string{"tab", "tab", "left", "up", "up", "up", "enter"}, "Monitor › 14:03:25 + 5 s, slower than 2 ms"},
		{[]string{"tab", "tab", "tab", "enter"}, "Monitor › 10.0.0.5:8000"},
		{[]string{"tab", "tab", "tab", "enter", "G", "enter"}, "Monitor › 10.0.0.5:8000 › GET /api/"},
		{[]string{"tab", "tab", "tab", "tab", "j", "j", "enter"}, "Monitor › step 3"},
		{[]string{"4", "5"}, "Monitor › step 5"},
		{[]string{"shift+tab", "up", "enter"}, "Monitor › GET /api/"},
	} {
		t.Run(strings.Join(c.keys, " "), func(t *testing.T) {
			m := testModel(fixture(t, "down"), 150, 40)
			start := screenOf(m)
			press(m, c.keys...)
			showing(c.crumbs)(t, m, nil, nil)
			for range m.pages {
				press(m, "esc")
			}
			if m.screen != screenMonitor || len(m.pages) != 0 {
				t.Fatalf("Esc does not lead back: screen %d, %d pages", m.screen, len(m.pages))
			}
			if !strings.Contains(screenOf(m), "Status mix") || !strings.Contains(start, "Status mix") {
				t.Error("the monitor is not shown again")
			}
		})
	}
}

func TestPausedScreenStands(t *testing.T) {
	core := fixture(t, "down")
	m := testModel(core, 120, 40)
	press(m, "space")
	before := screenOf(m)
	core.poke(func(s *incident.Snapshot) { s.Traffic.GoodLatency.P50 = 77 * time.Millisecond })
	m.Update(m.wait())
	if after := screenOf(m); after != before {
		t.Error("the paused screen changed")
	}
	press(m, "space")
	showing("p50 77 ms")(t, m, nil, nil)
}

func TestFilter(t *testing.T) {
	m := testModel(fixture(t, "down"), 120, 40)
	press(m, "f", "/")
	for _, r := range "status:2xx path:/api/items/7" {
		k := string(r)
		if k == " " {
			k = "space"
		}
		press(m, k)
	}
	press(m, "enter")
	s := screenOf(m)
	if !strings.Contains(s, "200 GET /api/items/70") || strings.Contains(s, "502 GET") {
		t.Errorf("the filter does not hold:\n%s", s)
	}
	press(m, "esc")
	if m.base.Filter.Active() {
		t.Error("Esc did not clear the filter")
	}
	press(m, "/", "/", "(", "/", "enter")
	showing("not a regular expression")(t, m, nil, nil)
}

// TestLoadAsksFirst: nothing is sent without a y.
func TestLoadAsksFirst(t *testing.T) {
	for key, want := range map[string]int{"n": 0, "enter": 0, "esc": 0, "space": 0, "y": 1} {
		core := fixture(t, "down")
		m := testModel(core, 120, 40)
		press(m, "6", "r")
		showing("50 requests a second in 5 steps")(t, m, nil, nil)
		if len(core.ran) != 0 {
			t.Fatal("it ran before the answer")
		}
		press(m, key)
		if len(core.ran) != want {
			t.Errorf("after %s it ran %d times, want %d", key, len(core.ran), want)
		}
		if want == 1 && (core.plans[0] == nil || core.plans[0].Rate != 50) {
			t.Errorf("plan %v", core.plans[0])
		}
	}
	core := fixture(t, "down")
	core.noPlan = true
	m := testModel(core, 120, 40)
	press(m, "6", "r")
	showing("no target to load")(t, m, nil, nil)
}

func TestNotes(t *testing.T) {
	core := fixture(t, "down")
	m := testModel(core, 120, 40)
	press(m, "n", "h", "i", "enter")
	press(m, "2", "n", "a", "b", "backspace", "enter")
	if want := []string{"hi", "note on step 2: a"}; !reflect.DeepEqual(core.marks, want) {
		t.Errorf("marks %q, want %q", core.marks, want)
	}
	if got := m.notes[2]; got != (pane.Note{Text: "a"}) {
		t.Errorf("note %+v", got)
	}
}

// TestCopyIsSafe: what is copied is cleaned and masked.
func TestCopyIsSafe(t *testing.T) {
	core := fixture(t, "down")
	core.verdict.Causes[0].Commands = []string{"curl -H 'Authorization: Bearer abc' http://x\x1b[2J\n"}
	m := testModel(core, 120, 40)
	_, cmd := m.Update(keyPress("y"))
	got := fmt.Sprint(cmd())
	if strings.ContainsAny(got, "\x1b\n") || strings.Contains(got, "abc") {
		t.Errorf("copied %q", got)
	}
}

func TestMouse(t *testing.T) {
	m := testModel(fixture(t, "down"), 120, 40)
	r := m.lay.rects[logPane]
	m.Update(tea.MouseClickMsg{X: r.x + 3, Y: r.y + 1, Button: tea.MouseLeft})
	if m.focus != logPane {
		t.Errorf("focus %d after a click on the log", m.focus)
	}
	m.Update(tea.MouseWheelMsg{X: r.x + 3, Y: r.y + 1, Button: tea.MouseWheelUp})
	showing("held, G follows")(t, m, nil, nil)
}
