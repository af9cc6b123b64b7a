package themes

import (
	"image/color"

	"charm.land/lipgloss/v2"
)

// Role is what a piece of the screen means; a theme says how it looks.
type Role uint8

// The roles. Those of the status mix and of the heat map follow one another, so
// Status and Heat reach them by index.
const (
	Text        Role = iota
	Dim              // secondary text, axes, times
	Heading          // titles of panes and sections
	Border           // frames
	BorderFocus      // the frame of the pane that has the keyboard
	Accent           // links, names of upstreams, whatever may be entered
	Selected         // the selected line: its background too
	Cursor           // the chosen column of a chart
	OK
	Warn
	Fail
	Unknown // not known or not checked
	Key     // a key in the help line
	KeyHelp // what the key does
	Match   // text a search found
	Onset   // where an incident began
	Banner  // the state in the head line when something fails: its background too

	Status2xx
	Status3xx
	Status4xx
	Status5xx // other than the three below
	Status502
	Status503
	Status504
	StatusNone // no valid status was sent

	heat0
	heatEnd = heat0 + HeatLevels - 1

	// Roles is the number of roles.
	Roles = int(heatEnd) + 1
)

// StatusParts is the number of parts of the status mix, HeatLevels that of the
// heat map's levels from nothing to hottest.
const (
	StatusParts = 8
	HeatLevels  = 10
)

// Status returns the role of part i of the status mix: 2xx, 3xx, 4xx, other 5xx,
// 502, 503, 504, none. An i out of range is the last one.
func Status(i int) Role {
	if i < 0 || i >= StatusParts {
		return StatusNone
	}
	return Status2xx + Role(i)
}

// Heat returns the role of a heat level, clamped to 0 (nothing) to HeatLevels-1.
func Heat(level int) Role { return heat0 + Role(min(max(level, 0), HeatLevels-1)) }

// roleNames are the roles' names in messages, in order.
var roleNames = [...]string{
	"text", "dim", "heading", "border", "border_focus", "accent", "selected", "cursor",
	"ok", "warn", "fail", "unknown", "key", "key_help", "match", "onset", "banner",
	"2xx", "3xx", "4xx", "5xx", "502", "503", "504", "none",
	"heat0", "heat1", "heat2", "heat3", "heat4", "heat5", "heat6", "heat7", "heat8", "heat9",
}

// String returns the role's name.
func (r Role) String() string {
	if int(r) >= len(roleNames) {
		return "role?"
	}
	return roleNames[r]
}

// Theme is a complete set of styles.
type Theme struct {
	Name  string // as given to --theme
	Title string // one line for `why502 themes`
	Dark  bool   // made for a dark background
	// Colorless says that the styles use bold, reverse and underline only, so that
	// charts must tell everything by glyphs.
	Colorless bool
	// Background and Foreground are the terminal's defaults that the theme was made
	// for, nil for the terminal's own.
	Background, Foreground color.Color

	styles [Roles]lipgloss.Style
}

// Style returns how r looks. A role out of range looks like Text.
func (t *Theme) Style(r Role) lipgloss.Style {
	if int(r) >= Roles {
		r = Text
	}
	return t.styles[r]
}

// Plain is the theme for NO_COLOR and terminals without color: bold, reverse and
// underline only.
func Plain() Theme {
	t := Theme{Name: "plain", Title: "No color: bold, reverse and underline only", Dark: true, Colorless: true}
	none := lipgloss.NewStyle()
	for r := range t.styles {
		t.styles[r] = none
	}
	bold, reverse, underline := none.Bold(true), none.Reverse(true), none.Underline(true)
	for _, r := range []Role{Heading, BorderFocus, Accent, Fail, Key, Onset, Status502, Status503, Status504} {
		t.styles[r] = bold
	}
	t.styles[Warn] = underline
	t.styles[Match] = underline.Bold(true)
	t.styles[Cursor] = reverse
	t.styles[Selected] = reverse
	t.styles[Banner] = reverse.Bold(true)
	return t
}
