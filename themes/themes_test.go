package themes

import (
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/lucasb-eyer/go-colorful"
)

// wanted are the themes that the documentation promises.
var wanted = []string{"dark", "light", "high-contrast", "high-contrast-light", "dusk", "colorblind", "colorblind-light", "ansi", "ansi-light", "plain"}

func TestListAndGet(t *testing.T) {
	for _, name := range wanted {
		th, err := Get(name)
		if err != nil || th.Name != name || th.Title == "" {
			t.Errorf("Get(%q) = %q, %v", name, th.Name, err)
		}
	}
	if _, err := Get("sepia"); err == nil || !strings.Contains(err.Error(), "high-contrast") {
		t.Errorf("the error for an unknown theme names no known one: %v", err)
	}
	seen := map[string]bool{}
	for _, th := range List() {
		if seen[th.Name] {
			t.Errorf("two themes are called %q", th.Name)
		}
		seen[th.Name] = true
	}
	if d, l := Default(true), Default(false); !d.Dark || l.Dark || d.Colorless || l.Colorless {
		t.Errorf("the defaults are %q and %q", d.Name, l.Name)
	}
	if List()[len(List())-1].Name != "plain" {
		t.Error("plain is not the last theme")
	}
}

func TestPrint(t *testing.T) {
	var b strings.Builder
	if err := Print(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != len(List()) || !strings.HasPrefix(lines[0], "dark ") {
		t.Errorf("the list is\n%s", b.String())
	}
}

// TestFilesAreNamedAlike: a theme is found in the file of its name.
func TestFilesAreNamedAlike(t *testing.T) {
	entries, err := files.ReadDir("themes")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, err := Get(strings.TrimSuffix(e.Name(), ".toml")); err != nil {
			t.Error(err)
		}
	}
}

// background is what th is drawn on.
func background(th Theme) color.Color {
	switch {
	case th.Background != nil:
		return th.Background
	case th.Dark:
		return color.Black
	}
	return color.White
}

// xterm are the colors of a terminal's first 16 indices as xterm has them, which
// is what a theme of indices is held to; others choose stronger ones.
var xterm = [16]color.Color{
	rgb(0x000000), rgb(0xcd0000), rgb(0x00cd00), rgb(0xcdcd00), rgb(0x0000ee), rgb(0xcd00cd), rgb(0x00cdcd), rgb(0xe5e5e5),
	rgb(0x7f7f7f), rgb(0xff0000), rgb(0x00ff00), rgb(0xffff00), rgb(0x5c5cff), rgb(0xff00ff), rgb(0x00ffff), rgb(0xffffff),
}

func rgb(v uint32) color.Color {
	return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255}
}

// shown is c as a terminal shows it.
func shown(t *testing.T, c color.Color) colorful.Color {
	t.Helper()
	if b, ok := c.(ansi.BasicColor); ok {
		c = xterm[b]
	}
	cc, ok := colorful.MakeColor(c)
	if !ok {
		t.Fatalf("transparent color %v", c)
	}
	return cc
}

// luminance is WCAG 2's relative luminance.
func luminance(c colorful.Color) float64 {
	r, g, b := c.LinearRgb()
	return 0.2126*r + 0.7152*g + 0.0722*b
}

func contrast(a, b colorful.Color) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// letters returns the two colors that the letters of r are read by.
func letters(t *testing.T, th Theme, r Role) (fore, back colorful.Color) {
	t.Helper()
	s := th.Style(r)
	pick := func(c, own color.Color) colorful.Color {
		if _, none := c.(lipgloss.NoColor); none || c == nil {
			return shown(t, own)
		}
		return shown(t, c)
	}
	text := color.Color(color.White)
	if th.Foreground != nil {
		text = th.Foreground
	} else if !th.Dark {
		text = color.Black
	}
	return pick(s.GetForeground(), text), pick(s.GetBackground(), background(th))
}

func TestContrast(t *testing.T) {
	for _, th := range List() {
		least := 4.5
		if strings.HasPrefix(th.Name, "high-contrast") {
			least = 7
		}
		if th.Name == "ansi-light" {
			// The green of xterm's palette reaches 2.1 on white and no index but black,
			// blue and greys reaches 4.5; the palette is the user's own choice.
			least = 2
		}
		for r := range Role(Roles) {
			need := least
			switch {
			case r >= heat0:
				continue // cells, not letters: see TestHeat
			case r == Border:
				need = min(least, 3) // a line, not text: WCAG 1.4.11
			case th.Name == "ansi" && (r == Fail || r == Onset || r == Banner || r == Status502):
				need = 4 // xterm's red and bright red on black: 3.2 and 5.3
			}
			fore, back := letters(t, th, r)
			if got := contrast(fore, back); got < need {
				t.Errorf("%s: %v has a contrast of %.2f (%s on %s), want %.1f", th.Name, r, got, fore.Hex(), back.Hex(), need)
			}
		}
	}
}

// deficiencies are the matrices of Machado, Oliveira and Fernandes (2009),
// "A Physiologically-based Model for Simulation of Color Vision Deficiency", for
// severity 1, on linear RGB.
var deficiencies = map[string][3][3]float64{
	"normal":       {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

func simulate(c colorful.Color, m [3][3]float64) colorful.Color {
	r, g, b := c.LinearRgb()
	mul := func(row [3]float64) float64 {
		return math.Min(math.Max(row[0]*r+row[1]*g+row[2]*b, 0), 1)
	}
	return colorful.LinearRgb(mul(m[0]), mul(m[1]), mul(m[2]))
}

// pairs are parts of the status mix that touch in a column (failures below), or
// that must never be taken for one another.
var pairs = [][2]Role{
	{Status502, Status503},
	{Status503, Status504},
	{Status504, Status5xx},
	{Status5xx, StatusNone},
	{StatusNone, Status4xx},
	{Status4xx, Status3xx},
	{Status3xx, Status2xx},
	{Status502, Status504},
	{Status502, Status2xx},
	{Status503, Status2xx},
	{Status504, Status2xx},
	{Status5xx, Status2xx},
	{OK, Fail},
	{OK, Warn},
	{Warn, Fail},
}

func TestColorBlindSafe(t *testing.T) {
	for _, name := range []string{"colorblind", "colorblind-light"} {
		th, err := Get(name)
		if err != nil {
			t.Fatal(err)
		}
		for what, m := range deficiencies {
			for _, pair := range pairs {
				a, _ := letters(t, th, pair[0])
				b, _ := letters(t, th, pair[1])
				// 2.3 is just noticeable side by side; an order of magnitude above the
				// threshold of doubt is asked for.
				if d := simulate(a, m).DistanceCIEDE2000(simulate(b, m)) * 100; d < 12 {
					t.Errorf("%s: %v and %v are %.1f apart under %s, want 12 (%s %s)", name, pair[0], pair[1], d, what, a.Hex(), b.Hex())
				}
			}
		}
	}
}

// TestHeat: levels get steadily further from the background, so that the map
// reads without hue; themes of indices can't promise that.
func TestHeat(t *testing.T) {
	for _, th := range List() {
		if th.Background == nil {
			continue
		}
		back := shown(t, th.Background)
		last := 0.0
		for level := range HeatLevels {
			c, _ := letters(t, th, Heat(level))
			d := contrast(c, back)
			if level == 1 && d < 1.15 {
				t.Errorf("%s: the coldest level can't be told from nothing (contrast %.2f)", th.Name, d)
			}
			if strings.HasPrefix(th.Name, "colorblind") && d < last {
				t.Errorf("%s: level %d is fainter than the one before (%.2f, %.2f)", th.Name, level, d, last)
			}
			last = d
		}
	}
}

func TestComplete(t *testing.T) {
	if len(roleNames) != Roles {
		t.Fatalf("%d role names for %d roles", len(roleNames), Roles)
	}
	unset := lipgloss.NewStyle()
	for _, th := range List() {
		for r := range Role(Roles) {
			plain := th.Style(r).Render("x") == unset.Render("x")
			own := r == Text || th.Colorless // the terminal's own text color is a choice
			if plain && !own {
				t.Errorf("%s: %v has no style", th.Name, r)
			}
		}
	}
}

func TestPlainHasNoColor(t *testing.T) {
	th := Plain()
	sgr := regexp.MustCompile(`\x1b\[([0-9;]*)m`)
	for r := range Role(Roles) {
		for _, m := range sgr.FindAllStringSubmatch(th.Style(r).Render("x"), -1) {
			for p := range strings.SplitSeq(m[1], ";") {
				if p != "" && p != "0" && p != "1" && p != "4" && p != "7" {
					t.Errorf("%v uses SGR %s", r, p)
				}
			}
		}
	}
}

func TestRolesOutOfRange(t *testing.T) {
	th := Default(true)
	if th.Style(200).Render("x") != th.Style(Text).Render("x") || Role(200).String() == "" {
		t.Error("a role out of range is not drawn as text")
	}
	if Status(99) != StatusNone || Status(-1) != StatusNone || Status(4) != Status502 || Heat(99) != heatEnd || Heat(-1) != heat0 {
		t.Error("an index out of range is not clamped")
	}
}

func TestParseErrors(t *testing.T) {
	good, err := files.ReadFile("themes/dark.toml")
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, with string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("dark.toml lacks %q", old)
		}
		return strings.Replace(string(good), old, with, 1)
	}
	line := func(text, what string) string {
		for i, l := range strings.Split(text, "\n") {
			if strings.Contains(l, what) {
				return fmt.Sprintf("mine.toml:%d:", i+1)
			}
		}
		t.Fatalf("no %q", what)
		return ""
	}
	for _, c := range []struct{ old, with, at, says string }{
		{`dim = "#8a96a6"`, `dim = "grey"`, `dim = "grey"`, `"grey" is not a color`},
		{`dim = "#8a96a6"`, `dim = "256"`, `"256"`, "is not a color"},
		{`dim = "#8a96a6"`, `dim = 256`, "256", "is not a color"},
		{`dim = "#8a96a6"`, `dim = [1]`, "dim = [1]", ""},
		{`dim = "#8a96a6"`, `shade = "7"`, "shade", `no such key: "palette.shade"`},
		{`dim = "#8a96a6"`, ``, "[palette]", `lacks the color "dim"`},
		{`502 = "#ff5d5d"`, ``, "[status]", `lacks the color "502"`},
		{`dim = "#8a96a6"`, `dim = "`, `dim = "`, ""},
		{`name = "dark"`, `name = "My Theme"`, "name = ", "lower-case"},
		{`title = "Dark`, `title = "\u001b[31m`, "title = ", "printable"},
		{`heat = [`, `heat = ["", `, "heat", "empty color"},
		{`#f2c14e`, `#f2c14`, "#f2c14", "is not a color"},
	} {
		text := change(c.old, c.with)
		_, err := parse("mine.toml", []byte(text))
		if err == nil {
			t.Errorf("%s: no error", c.with)
			continue
		}
		if at := line(text, c.at); !strings.HasPrefix(err.Error(), at) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q, want it at %s and to say %q", c.with, err, at, c.says)
		}
	}
	if _, err := parse("big.toml", make([]byte, maxFile+1)); err == nil {
		t.Error("a huge file is read")
	}
}

func TestLoadDir(t *testing.T) {
	dir := t.TempDir()
	good, err := files.ReadFile("themes/light.toml")
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.toml", []byte("name = \"a\"\ntitle = 3\n"))
	write("b.toml", []byte(strings.Replace(string(good), `"light"`, `"mine"`, 1)))
	write("c.toml", []byte("\n\n= 1\n"))
	write("notes.txt", []byte("not a theme"))
	got, err := LoadDir(dir)
	if len(got) != 1 || got[0].Name != "mine" {
		t.Errorf("LoadDir found %d themes", len(got))
	}
	if err == nil || !strings.Contains(err.Error(), "a.toml:2:") || !strings.Contains(err.Error(), "c.toml:3:") {
		t.Errorf("the errors don't say where: %v", err)
	}
	if got, err := LoadDir(filepath.Join(dir, "none")); got != nil || err != nil {
		t.Errorf("a directory that does not exist: %v, %v", got, err)
	}
}

func FuzzParse(f *testing.F) {
	entries, err := files.ReadDir("themes")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		data, err := files.ReadFile("themes/" + e.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		th, err := parse("f.toml", data)
		if err == nil && !themeName().MatchString(th.Name) {
			t.Errorf("theme %q", th.Name)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "f.toml:") {
			t.Errorf("no position: %v", err)
		}
	})
}
