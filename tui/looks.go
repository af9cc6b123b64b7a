package tui

import (
	"path/filepath"
	"reflect"

	"why502/themes"
	"why502/tui/draw"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

// looks is the theme in force and how it was come by: a person's choice stands,
// else the terminal's background and colors decide.
type looks struct {
	list    []themes.Theme // built in, then the user's
	own     []themes.Theme // the user's as last read
	dir     string
	at      int
	chosen  bool
	plain   bool // NO_COLOR
	ascii   bool
	dark    bool // the terminal's background
	known   bool // the terminal said its background
	few     bool // sixteen colors
	painter *draw.Painter
}

// newLooks starts with the theme asked for. Options are checked by Run before.
func newLooks(opt Options) looks {
	l := looks{list: themes.List(), plain: opt.NoColor, ascii: opt.ASCII, dark: true}
	if opt.ConfigDir != "" {
		l.dir = filepath.Join(opt.ConfigDir, "themes")
		l.own, _ = themes.LoadDir(l.dir) // a broken file is reported by `why502 themes`
		l.list = append(l.list, l.own...)
	}
	if opt.Theme != "" && !l.plain {
		l.chosen = true
		l.pick(opt.Theme)
	} else {
		l.auto()
	}
	return l
}

// pick makes the theme of that name the one in force and says whether it is
// known.
func (l *looks) pick(name string) bool {
	for i := range l.list {
		if l.list[i].Name == name {
			l.at = i
			l.painter = draw.New(l.list[i], draw.Options{ASCII: l.ascii})
			return true
		}
	}
	return false
}

// auto takes the theme that suits the terminal and says whether it is another
// one.
func (l *looks) auto() bool {
	if l.chosen {
		return false
	}
	before := l.at
	name := themes.Default(l.dark).Name
	switch {
	case l.plain:
		name = themes.Plain().Name
	case l.few && l.dark:
		name = "ansi"
	case l.few:
		name = "ansi-light"
	}
	if !l.pick(name) {
		l.pick(themes.Plain().Name)
	}
	return l.at != before
}

func (l *looks) background(dark bool) bool {
	l.dark, l.known = dark, true
	return l.auto()
}

func (l *looks) profile(p colorprofile.Profile) bool {
	l.few = p == colorprofile.ANSI
	l.plain = l.plain || p == colorprofile.ASCII || p == colorprofile.NoTTY
	return l.auto()
}

// next goes to the next theme.
func (l *looks) next() {
	l.chosen = true
	l.pick(l.list[(l.at+1)%len(l.list)].Name)
}

// theme is the theme in force.
func (l *looks) theme() *themes.Theme { return &l.list[l.at] }

// ground is the background to ask the terminal for: only where a person chose a
// theme that was made for the other one.
func (l *looks) mismatch() bool {
	return l.chosen && l.known && !l.theme().Colorless && l.theme().Dark != l.dark
}

// reload reads the user's themes again, so that a theme file may be written with
// the monitor beside it.
func (l *looks) reload() tea.Cmd {
	if l.dir == "" {
		return nil
	}
	dir := l.dir
	return func() tea.Msg {
		list, _ := themes.LoadDir(dir) // a file half written is read again in a second
		return themesMsg{list}
	}
}

// replace takes the user's themes and says whether what is shown changes.
func (l *looks) replace(own []themes.Theme) bool {
	if len(own) == 0 && len(l.own) == 0 || reflect.DeepEqual(own, l.own) {
		return false
	}
	name := l.theme().Name
	l.own = own
	l.list = append(themes.List(), own...)
	if !l.pick(name) {
		l.chosen = false
		l.auto()
	}
	return true
}
