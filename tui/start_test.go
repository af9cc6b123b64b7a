package tui

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

var startDemos = [][2]string{{"upstream-down", "the upstream's process is gone"}, {"timeout", "the upstream does not answer in time"}, {"dns", "the name is gone"}}

func testStart(looked []string, demos [][2]string, w, h int) *start {
	s := newStart(looked, demos, testOptions())
	s.Update(tea.WindowSizeMsg{Width: w, Height: h})
	return s
}

func TestStartGolden(t *testing.T) {
	looked := []string{"/var/log/nginx", "/var/log/haproxy.log", "/var/log/apache2", "/var/log/caddy", "a\x1b[2Jb"}
	s := testStart(looked, startDemos, 80, 24)
	golden(t, "start-80x24", ansi.Strip(s.View().Content))
}

func TestStartFits(t *testing.T) {
	var looked []string
	var demos [][2]string
	for i := range 30 {
		looked = append(looked, fmt.Sprintf("/var/log/%d/\x1b[31m界", i))
		demos = append(demos, [2]string{fmt.Sprintf("incident-%d", i), strings.Repeat("long ", 60)})
	}
	for w := 1; w <= 200; w += 7 {
		for h := 1; h <= 60; h += 3 {
			for _, d := range [][][2]string{nil, demos} {
				s := testStart(looked, d, w, h)
				for range 25 {
					s.Update(keyPress("down"))
				}
				if err := exact(s.View().Content, w, h); err != nil {
					t.Fatalf("%dx%d, %d incidents: %v", w, h, len(d), err)
				}
			}
		}
	}
}

func TestStartChoices(t *testing.T) {
	for _, c := range []struct {
		keys []string
		want Choice
		quit bool
	}{
		{[]string{"enter"}, Choice{Demo: "upstream-down"}, true},
		{[]string{"down", "j", "enter"}, Choice{Demo: "dns"}, true},
		{[]string{"up", "a", "space", "b", "enter"}, Choice{Path: "a b"}, true},
		{[]string{"/", "x", "y", "backspace", "enter"}, Choice{Path: "/x"}, true},
		{[]string{"up", "enter"}, Choice{}, false}, // no path yet
		{[]string{"up", "q"}, Choice{}, false},     // a letter of the path
		{[]string{"q"}, Choice{}, true},
		{[]string{"esc"}, Choice{}, true},
		{[]string{"ctrl+c"}, Choice{}, true},
	} {
		s := testStart(nil, startDemos, 100, 30)
		quit := false
		for _, k := range c.keys {
			_, cmd := s.Update(keyPress(k))
			quit = cmd != nil
		}
		if s.choice != c.want || quit != c.quit {
			t.Errorf("%v: chose %+v and quit %v, want %+v and %v", c.keys, s.choice, quit, c.want, c.quit)
		}
	}
}

func TestEditor(t *testing.T) {
	for _, c := range []struct {
		keys string
		want string // with | at the cursor
	}{
		{"a b c", "abc|"},
		{"a b left x", "ax|b"},
		{"a b home x end y", "xaby|"},
		{"a b left delete", "a|"},
		{"a b left backspace", "|b"},
		{"a space b ctrl+w", "a |"},
		{"a b left ctrl+u", "|b"},
		{"a b left ctrl+k", "a|"},
		{"left right delete backspace", "|"},
		{"tab enter f1", "|"},
		{"界 é left", "界|é"},
		{"ctrl+w", "|"},
	} {
		var e editor
		for _, k := range strings.Fields(c.keys) {
			if k == "f1" || k == "tab" || k == "enter" {
				e.key(tea.KeyPressMsg{Code: tea.KeyF1})
				continue
			}
			e.key(keyPress(k))
		}
		if got := string(e.text[:e.at]) + "|" + string(e.text[e.at:]); got != c.want {
			t.Errorf("%s: %q, want %q", c.keys, got, c.want)
		}
	}
	e := newEditor("a\x1b[2J\nb\u202e" + strings.Repeat("x", 2*maxTyped))
	if s := e.String(); len(e.text) != maxTyped || !strings.HasPrefix(s, "a[2J bx") {
		t.Errorf("pasted %d runes: %.20q", len(e.text), s)
	}
	if _, x := e.view(10); x > 9 {
		t.Errorf("the cursor is out of sight at %d", x)
	}
}
