package themes

import (
	"image/color"
	"strings"

	"charm.land/lipgloss/v2"
)

// theme expands the colors of a file into the styles of all roles.
func (f *file) theme() Theme {
	p := &f.Palette
	t := Theme{
		Name: f.Name, Title: f.Title, Dark: f.Dark,
		Background: p.Background.color(), Foreground: p.Text.color(),
	}
	for r, c := range f.roleColors() {
		t.styles[r] = fg(c)
	}
	for _, r := range []Role{Heading, BorderFocus, Fail, Key, Onset, Status502, Status503, Status504} {
		t.styles[r] = t.styles[r].Bold(true)
	}
	t.styles[Match] = t.styles[Match].Bold(true).Underline(true)
	// Reverse video takes the terminal's own background for the letters, so the
	// banner and the cursor have the contrast their colors have on it.
	t.styles[Banner] = t.styles[Banner].Bold(true).Reverse(true)
	t.styles[Cursor] = t.styles[Cursor].Reverse(true)
	t.styles[Selected] = selected(p)
	for i, c := range heatColors(f.Heat) {
		t.styles[heat0+Role(i)] = fg(c)
	}
	return t
}

// roleColors names the color of every role that has one of its own.
func (f *file) roleColors() map[Role]color.Color {
	p, s := &f.Palette, &f.Status
	return map[Role]color.Color{
		Text: p.Text.color(), Dim: p.Dim.color(), Heading: p.Text.color(),
		Border: p.Border.color(), BorderFocus: p.Focus.color(),
		Accent: p.Accent.color(), Cursor: p.Accent.color(),
		OK: p.OK.color(), Warn: p.Warn.color(), Fail: p.Fail.color(), Unknown: p.Unknown.color(),
		Key: p.Accent.color(), KeyHelp: p.Dim.color(), Match: p.Warn.color(),
		Onset: p.Fail.color(), Banner: p.Fail.color(),
		Status2xx: s.C2xx.color(), Status3xx: s.C3xx.color(), Status4xx: s.C4xx.color(), Status5xx: s.C5xx.color(),
		Status502: s.C502.color(), Status503: s.C503.color(), Status504: s.C504.color(), StatusNone: s.None.color(),
	}
}

// fg is a style of one color, the terminal's own for nil.
func fg(c color.Color) lipgloss.Style {
	if c == nil {
		return lipgloss.NewStyle()
	}
	return lipgloss.NewStyle().Foreground(c)
}

// selected is the style of the selected line; without a selection color it is
// reverse video, which every terminal has.
func selected(p *palette) lipgloss.Style {
	if p.Selection.text == "" {
		return lipgloss.NewStyle().Reverse(true)
	}
	return fg(p.Text.color()).Background(p.Selection.color()).Bold(true)
}

// heatColors makes HeatLevels colors of the stops: blended where all are
// hexadecimal, else each stop repeated, for indices can't be mixed.
func heatColors(stops []hue) []color.Color {
	colors := make([]color.Color, len(stops))
	mixable := true
	for i, h := range stops {
		colors[i] = h.color()
		mixable = mixable && strings.HasPrefix(h.text, "#")
	}
	if mixable {
		return lipgloss.Blend1D(HeatLevels, colors...)
	}
	levels := make([]color.Color, HeatLevels)
	for i := range levels {
		levels[i] = colors[i*len(colors)/HeatLevels]
	}
	return levels
}
