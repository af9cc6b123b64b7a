package tui

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"

	"why502/themes"
)

// TestThemeSuitsTheTerminal: without a person's choice the background and the
// number of colors decide; a choice stands.
func TestThemeSuitsTheTerminal(t *testing.T) {
	for _, c := range []struct {
		opt     Options
		dark    bool
		profile colorprofile.Profile
		want    string
	}{
		{Options{}, true, colorprofile.TrueColor, "dark"},
		{Options{}, false, colorprofile.TrueColor, "light"},
		{Options{}, true, colorprofile.ANSI, "ansi"},
		{Options{}, false, colorprofile.ANSI, "ansi-light"},
		{Options{}, true, colorprofile.ASCII, "plain"},
		{Options{NoColor: true}, false, colorprofile.TrueColor, "plain"},
		{Options{NoColor: true, Theme: "light"}, false, colorprofile.TrueColor, "plain"},
		{Options{Theme: "high-contrast"}, false, colorprofile.ANSI, "high-contrast"},
	} {
		l := newLooks(c.opt)
		l.background(c.dark)
		l.profile(c.profile)
		if got := l.theme().Name; got != c.want {
			t.Errorf("%+v on dark %v with %v: theme %s, want %s", c.opt, c.dark, c.profile, got, c.want)
		}
	}
}

func TestThemesGoRound(t *testing.T) {
	l := newLooks(Options{})
	first, seen := l.theme().Name, map[string]bool{}
	for range themes.List() {
		seen[l.theme().Name] = true
		l.next()
	}
	if l.theme().Name != first || len(seen) != len(themes.List()) {
		t.Errorf("went through %d of %d themes and ended at %s", len(seen), len(themes.List()), l.theme().Name)
	}
}

// TestUserThemeReloads: a theme file that changes changes the screen.
func TestUserThemeReloads(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "themes"), 0o755); err != nil {
		t.Fatal(err)
	}
	builtin, err := os.ReadFile(filepath.Join("..", "themes", "themes", "dark.toml"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "themes", "mine.toml")
	write := func(change func(string) string) {
		t.Helper()
		text := strings.Replace(change(string(builtin)), `name = "dark"`, `name = "mine"`, 1)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(func(s string) string { return s })
	l := newLooks(Options{ConfigDir: dir, Theme: "mine"})
	if l.theme().Name != "mine" {
		t.Fatalf("theme %s", l.theme().Name)
	}
	if l.replace(l.reload()().(themesMsg).list) {
		t.Error("nothing changed, but it is drawn anew")
	}
	write(func(s string) string { return strings.Replace(s, "title = ", `title = "another " # `, 1) })
	if !l.replace(l.reload()().(themesMsg).list) {
		t.Error("the change was not seen")
	}
	if got := l.theme().Title; got != "another " {
		t.Errorf("title %q", got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	l.replace(l.reload()().(themesMsg).list)
	if got := l.theme().Name; got == "mine" {
		t.Error("the theme is gone but still in force")
	}
}

func TestUnknownThemeIsRefused(t *testing.T) {
	err := Run(context.Background(), newFake(), Options{Theme: "no such", Environ: []string{}})
	if err == nil || !strings.Contains(err.Error(), `no theme "no such"`) {
		t.Errorf("error %v", err)
	}
}

// TestPlainTellsAllByGlyphs: without color the states stay apart.
func TestPlainTellsAllByGlyphs(t *testing.T) {
	opt := testOptions()
	opt.NoColor = true
	m := newModel(context.Background(), fixture(t, "down"), opt)
	m.width, m.height, m.lay = 120, 40, arrange(120, 40)
	s := screenOf(m)
	for _, want := range []string{"✖ 502 since", "✖ 10.0.0.5:8000", "✔ 10.0.0.6:8000", "2222222", "▲", "1 ✖ Upstream", "6 – Load", "7 ! API"} {
		if !strings.Contains(s, want) {
			t.Errorf("the screen without color lacks %q", want)
		}
	}
	if c := m.View().Content; strings.Contains(c, "[38;") || strings.Contains(c, "[48;") || strings.Contains(c, "[3") {
		t.Error("a color came out")
	}
}

// TestASCIIOnly: nothing but ASCII is drawn where it is asked for.
func TestASCIIOnly(t *testing.T) {
	opt := testOptions()
	opt.ASCII = true
	for _, keys := range [][]string{nil, {"?"}, {"enter"}, {"tab", "enter"}, {"tab", "tab", "tab", "enter"}, {"1"}} {
		m := newModel(context.Background(), fixture(t, "down"), opt)
		m.width, m.height, m.lay = 120, 40, arrange(120, 40)
		press(m, keys...)
		for _, r := range screenOf(m) {
			if r > 0x7e {
				t.Errorf("after %v: %q is drawn", keys, r)
			}
		}
	}
}
