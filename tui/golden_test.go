package tui

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the goldens anew")

// testOptions are those of all model tests: a fixed clock and zone.
func testOptions() Options {
	return Options{Zone: time.UTC, Now: func() time.Time { return fixtureNow }, Theme: "dark"}.complete()
}

// testModel returns a model of the given size over core.
func testModel(core *fakeCore, w, h int) *model {
	m := newModel(context.Background(), core, testOptions())
	m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	return m
}

// screenOf is what the model shows, as plain text.
func screenOf(m *model) string { return ansi.Strip(m.View().Content) }

// press sends keys by their names in the key map.
func press(m *model, keys ...string) []tea.Cmd {
	var cmds []tea.Cmd
	for _, k := range keys {
		_, cmd := m.Update(keyPress(k))
		cmds = append(cmds, cmd)
	}
	return cmds
}

// keyPress makes the key event that a terminal sends for a key's name.
func keyPress(name string) tea.KeyPressMsg {
	special := map[string]rune{
		"tab": tea.KeyTab, "enter": tea.KeyEnter, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft,
		"right": tea.KeyRight, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd, "space": tea.KeySpace,
		"backspace": tea.KeyBackspace, "delete": tea.KeyDelete,
	}
	var mod tea.KeyMod
	base := name
	for prefix, m := range map[string]tea.KeyMod{"shift+": tea.ModShift, "ctrl+": tea.ModCtrl} {
		if rest, ok := strings.CutPrefix(base, prefix); ok {
			base, mod = rest, mod|m
		}
	}
	if code, ok := special[base]; ok {
		k := tea.KeyPressMsg{Code: code, Mod: mod}
		if base == "space" {
			k.Text = " "
		}
		return k
	}
	k := tea.KeyPressMsg{Code: []rune(base)[0], Mod: mod}
	if mod&tea.ModCtrl == 0 {
		k.Text = base
	}
	return k
}

// TestGoldens compares whole screens with what was looked at and found good.
func TestGoldens(t *testing.T) {
	for _, f := range fixtures {
		for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 50}} {
			name := fmt.Sprintf("%s-%dx%d", f.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				golden(t, name, screenOf(testModel(f.make(), size[0], size[1])))
			})
		}
	}
}

// TestPageGoldens does so for the pages and overlays that keys open.
func TestPageGoldens(t *testing.T) {
	for _, p := range []struct {
		name, fixture string
		w, h          int
		keys          []string
	}{
		{"why", "down", 120, 40, []string{"enter"}},
		{"requests", "down", 120, 40, []string{"tab", "enter"}},
		{"request", "down", 120, 40, []string{"shift+tab", "enter"}},
		{"upstream", "down", 120, 40, []string{"tab", "tab", "tab", "enter"}},
		{"upstream-hostile", "hostile", 120, 60, []string{"tab", "tab", "tab", "j", "enter"}},
		{"step", "down", 120, 40, []string{"1", "m"}},
		{"consent", "down", 80, 24, []string{"6", "r"}},
		{"help", "down", 120, 40, []string{"?"}},
		{"help-small", "down", 80, 24, []string{"?"}},
		{"filter", "down", 80, 24, []string{"/", "s", "t", "a", "t"}},
		{"maximized-log", "down", 80, 24, []string{"shift+tab", "z"}},
		{"latency-table", "down", 120, 40, []string{"tab", "tab", "v", "v"}},
		{"column", "down", 120, 40, []string{"tab", "left", "left", "down"}},
		{"paused", "down", 120, 40, []string{"space"}},
		{"too-small", "down", 70, 20, nil},
	} {
		t.Run(p.name, func(t *testing.T) {
			m := testModel(fixture(t, p.fixture), p.w, p.h)
			press(m, p.keys...)
			golden(t, "page-"+p.name, screenOf(m))
		})
	}
}

func fixture(t testing.TB, name string) *fakeCore {
	t.Helper()
	for _, f := range fixtures {
		if f.name == name {
			return f.make()
		}
	}
	t.Fatalf("no fixture %q", name)
	return nil
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name+".txt")
	got += "\n"
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the screen changed (go test ./tui -update takes it):\n%s", diff)
	}
}

// TestEveryLineFits goes through a third of all sizes, fixtures and places taking
// turns: each screen has exactly the terminal's lines and each line exactly its
// cells, and no control byte but SGR comes out.
func TestEveryLineFits(t *testing.T) {
	places := [][]string{nil, {"tab", "left", "down"}, {"enter"}, {"tab", "enter"}, {"tab", "tab", "tab", "enter"}, {"shift+tab", "up", "enter"}, {"4"}, {"z"}, {"?"}, {"/"}}
	var models []*model
	var names []string
	for _, f := range fixtures {
		for _, keys := range places {
			m := testModel(f.make(), 120, 40)
			press(m, keys...)
			models, names = append(models, m), append(names, fmt.Sprint(f.name, " after ", keys))
		}
	}
	turn := 0
	for w := 80; w <= 220; w++ {
		for h := 24; h <= 60; h++ {
			if (w+h)%3 != 0 && w > 82 && h > 25 {
				continue
			}
			turn++
			m := models[turn%len(models)]
			m.Update(tea.WindowSizeMsg{Width: w, Height: h})
			if err := exact(m.View().Content, w, h); err != nil {
				t.Fatalf("%s at %dx%d: %v", names[turn%len(models)], w, h, err)
			}
		}
	}
}

// TestSmallScreensFit does so below 80x24, where one sentence is shown.
func TestSmallScreensFit(t *testing.T) {
	core := fixture(t, "down")
	for w := 1; w < 90; w += 3 {
		for h := 1; h < 24; h += 2 {
			m := testModel(core, w, h)
			press(m, "j", "enter", "f", "y", "space", "tab")
			if err := exact(m.View().Content, w, h); err != nil {
				t.Fatalf("at %dx%d: %v", w, h, err)
			}
		}
	}
}

// exact checks that content fills w by h cells and carries nothing but text and
// SGR sequences.
func exact(content string, w, h int) error {
	lines := strings.Split(content, "\n")
	if len(lines) != h {
		return fmt.Errorf("%d lines, want %d", len(lines), h)
	}
	for i, l := range lines {
		if n := ansi.StringWidth(l); n != w {
			return fmt.Errorf("line %d is %d cells wide, want %d: %q", i, n, w, ansi.Strip(l))
		}
		for _, r := range ansi.Strip(l) {
			if r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\u202e' || r == '\u200b' {
				return fmt.Errorf("line %d has the control character %U: %q", i, r, l)
			}
		}
		if k := strings.Count(l, "\x1b"); k != strings.Count(l, "\x1b[") {
			return fmt.Errorf("line %d has a sequence that is no SGR: %q", i, l)
		}
	}
	return nil
}

// BenchmarkView draws a screen of 200x50 from a new snapshot each time.
func BenchmarkView(b *testing.B) {
	core := fixture(b, "down")
	m := testModel(core, 200, 50)
	b.ReportAllocs()
	for b.Loop() {
		m.Update(stateMsg{core.snap, core.verdict, core.rows})
		_ = m.View()
	}
}

// BenchmarkViewSame draws it again when nothing changed but the clock.
func BenchmarkViewSame(b *testing.B) {
	m := testModel(fixture(b, "down"), 200, 50)
	b.ReportAllocs()
	for b.Loop() {
		_ = m.View()
	}
}
