package themes

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"charm.land/lipgloss/v2"
	"github.com/pelletier/go-toml/v2"
)

// file is a theme file. Every key is required but those of optional below.
type file struct {
	Name    string  `toml:"name"`
	Title   string  `toml:"title"`
	Dark    bool    `toml:"dark"`
	Palette palette `toml:"palette"`
	Status  status  `toml:"status"`
	Heat    []hue   `toml:"heat"`
}

// palette holds the semantic colors.
type palette struct {
	Background hue `toml:"background"` // optional: "" is the terminal's own
	Text       hue `toml:"text"`       // optional: "" is the terminal's own
	Dim        hue `toml:"dim"`
	Border     hue `toml:"border"`
	Focus      hue `toml:"focus"`
	Accent     hue `toml:"accent"`
	Selection  hue `toml:"selection"` // background; optional: "" is reverse video
	OK         hue `toml:"ok"`
	Warn       hue `toml:"warn"`
	Fail       hue `toml:"fail"`
	Unknown    hue `toml:"unknown"`
}

// status holds the colors of the parts of the status mix.
type status struct {
	C2xx hue `toml:"2xx"`
	C3xx hue `toml:"3xx"`
	C4xx hue `toml:"4xx"`
	C5xx hue `toml:"5xx"`
	C502 hue `toml:"502"`
	C503 hue `toml:"503"`
	C504 hue `toml:"504"`
	None hue `toml:"none"`
}

// hue is a color of a theme file: "#rrggbb", an index "0" to "255", or "". It is
// a struct because the decoder asks a string no UnmarshalText.
type hue struct{ text string }

// badColor is a value that is no color.
type badColor string

func (b badColor) Error() string {
	return fmt.Sprintf("%q is not a color: write \"#rrggbb\" or an index \"0\" to \"255\"", clip(string(b)))
}

var hexColor = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^#[0-9a-fA-F]{6}$`) })

// UnmarshalText refuses what is no color, so that the decoder can say where.
func (h *hue) UnmarshalText(text []byte) error {
	s := string(text)
	n, err := strconv.Atoi(s)
	index := err == nil && n >= 0 && n <= 255 && strconv.Itoa(n) == s
	if s != "" && !index && !hexColor().MatchString(s) {
		return badColor(s)
	}
	h.text = s
	return nil
}

// clip bounds hostile text in a message.
func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}

// color returns nil for "".
func (h hue) color() color.Color {
	if h.text == "" {
		return nil
	}
	return lipgloss.Color(h.text)
}

// maxFile bounds the size of a theme file, in bytes.
const maxFile = 64 << 10

var themeName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`) })

// parse reads a theme file; name is what errors call it ("dir/mine.toml"). Errors
// read "name:line:column: what is wrong".
func parse(name string, data []byte) (Theme, error) {
	if len(data) > maxFile {
		return Theme{}, fmt.Errorf("%s:1:1: a theme file has at most %d bytes, this one has %d", name, maxFile, len(data))
	}
	var f file
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&f)
	if err != nil {
		return Theme{}, located(name, data, err)
	}
	if table, what := f.fault(); what != "" {
		row := lineOf(data, func(line string) bool { return strings.HasPrefix(line, table) })
		return Theme{}, fmt.Errorf("%s:%d:1: %s", name, row, what)
	}
	return f.theme(), nil
}

// located puts the file's name and position before a decoder's error.
func located(name string, data []byte, err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		first := strict.Errors[0]
		row, col := first.Position()
		return fmt.Errorf("%s:%d:%d: no such key: %q", name, row, col, clip(strings.Join(first.Key(), ".")))
	}
	var bad *toml.DecodeError
	if errors.As(err, &bad) {
		row, col := bad.Position()
		return fmt.Errorf("%s:%d:%d: %s", name, row, col, strings.TrimPrefix(bad.Error(), "toml: "))
	}
	// For a number where a color belongs the decoder gives no position.
	row := 1
	var value badColor
	if errors.As(err, &value) {
		row = lineOf(data, func(line string) bool { return strings.Contains(line, string(value)) })
	}
	return fmt.Errorf("%s:%d:1: %w", name, row, err)
}

// lineOf returns the first line that is the one looked for, 1 when none is.
func lineOf(data []byte, is func(line string) bool) int {
	for i, line := range strings.Split(string(data), "\n") {
		if is(strings.TrimSpace(line)) {
			return i + 1
		}
	}
	return 1
}

// fault says what makes a decoded file incomplete and where to look for it.
func (f *file) fault() (table, what string) {
	if !themeName().MatchString(f.Name) {
		return "name", "name must be lower-case letters, digits and hyphens, at most 40"
	}
	if f.Title == "" || len(f.Title) > 100 || strings.ContainsFunc(f.Title, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "title", "title must be one printable line of at most 100 bytes"
	}
	p, s := &f.Palette, &f.Status
	for _, need := range []struct {
		table, key string
		value      hue
	}{
		{"[palette]", "dim", p.Dim},
		{"[palette]", "border", p.Border},
		{"[palette]", "focus", p.Focus},
		{"[palette]", "accent", p.Accent},
		{"[palette]", "ok", p.OK},
		{"[palette]", "warn", p.Warn},
		{"[palette]", "fail", p.Fail},
		{"[palette]", "unknown", p.Unknown},
		{"[status]", "2xx", s.C2xx},
		{"[status]", "3xx", s.C3xx},
		{"[status]", "4xx", s.C4xx},
		{"[status]", "5xx", s.C5xx},
		{"[status]", "502", s.C502},
		{"[status]", "503", s.C503},
		{"[status]", "504", s.C504},
		{"[status]", "none", s.None},
	} {
		if need.value.text == "" {
			return need.table, fmt.Sprintf("%s lacks the color %q", need.table, need.key)
		}
	}
	if len(f.Heat) < 2 || len(f.Heat) > HeatLevels {
		return "heat", fmt.Sprintf("heat must list 2 to %d colors, from the coldest to the hottest", HeatLevels)
	}
	for _, h := range f.Heat {
		if h.text == "" {
			return "heat", "heat must not list an empty color"
		}
	}
	return "", ""
}
