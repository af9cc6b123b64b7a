package draw

import (
	"math"
	"slices"
	"strings"
	"testing"

	"why502/themes"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
)

// painters are all character sets with a colored and the plain theme.
func painters() []*Painter {
	var all []*Painter
	for _, th := range []themes.Theme{themes.Default(true), themes.Plain()} {
		all = append(all, New(th, Options{}), New(th, Options{ASCII: true}))
	}
	return all
}

// check fails unless lines are exactly h lines of w cells without control bytes
// but SGR.
func check(t *testing.T, what string, lines []string, w, h int) {
	t.Helper()
	w, h = max(w, 0), max(h, 0)
	if len(lines) != h {
		t.Fatalf("%s: %d lines, want %d", what, len(lines), h)
	}
	for i, l := range lines {
		if got := ansi.StringWidth(l); got != w {
			t.Fatalf("%s: line %d is %d cells wide, want %d: %q", what, i, got, w, l)
		}
		if !isTidy(l) {
			t.Fatalf("%s: line %d has control bytes: %q", what, i, l)
		}
	}
}

// screen is what lines look like without styles and blanks at their ends.
func screen(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimRight(ansi.Strip(l), " ") + "\n")
	}
	return b.String()
}

// incident is a mix over n seconds that fails from the middle on.
func incident(n int) []Stack {
	cols := make([]Stack, n)
	for i := range cols {
		cols[i][Part2xx] = uint32(30 + i%7)
		if i >= n/2 {
			cols[i][Part2xx] -= uint32(min(i-n/2, 20))
			cols[i][Part502] = uint32(min(i-n/2, 18))
			cols[i][Part504] = 3
			cols[i][Part4xx] = 2
		}
	}
	return cols
}

// same fails unless got looks like want.
func same(t *testing.T, what, got, want string) {
	t.Helper()
	if d := cmp.Diff(strings.TrimPrefix(want, "\n"), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestColumns(t *testing.T) {
	c := Chart{
		Cols: incident(24), Cursor: 20, Onsets: []int{12},
		Labels: []Label{{0, "14:00"}, {2, "hidden"}, {12, "14:01"}},
	}
	p := New(themes.Default(true), Options{})
	same(t, "colored", screen(p.Columns(30, 10, c)), `
   50┤                    ┊
     ┤            ▃▄   ▁▂▃▄
     ┤  ▁▂▄▅▆  ▁▂▄██▅▆▇████▅▆▇
   31┤▆██████▆████████████████
     ┤████████████████████████
     ┤████████████████████▁▂▁▂
     ┤██████████████▁▂▁▂▄▁▂▄▅▆
    0┤████████████▄▁▃▄▅▆222222
                  ▲44222222222
      14:00       14:01
`)
	p = New(themes.Plain(), Options{ASCII: true})
	same(t, "plain ASCII", screen(p.Columns(30, 10, c)), `
   50|                    :
     |            ..   __..
     |  __.-=  __.||-=#||||-=#
   31|=||||||=||||||||||||||||
     |||||||||||||||||||||||||
     |||||||||||||||||||||||44
     |||||||||||||||||44444222
    0|||||||||||||442222222222
                  ^44222222222
      14:00       14:01
`)
}

func TestHeatMap(t *testing.T) {
	h := HeatChart{
		Cursor: NoCursor, Labels: []Label{{0, "14:00"}, {12, "14:01"}},
		Rows: []string{"1ms", "5ms", "20ms", "100ms", "1s", "5s"},
	}
	for i := range 24 {
		col := []uint32{0, 5, 20, uint32(i % 3), 0, 0}
		if i >= 12 {
			col[1], col[4] = 0, uint32(i)*9
		}
		h.Cols = append(h.Cols, col)
	}
	p := New(themes.Default(true), Options{})
	same(t, "an empty row is left out", screen(p.HeatMap(30, 6, h)), `
   1s┤            ████████████
100ms┤ ░░ ░░ ░░ ░░ ░░ ░░ ░░ ░░
 20ms┤▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒
  5ms┤░░░░░░░░░░░░
  1ms┤
      14:00       14:01
`)
	p = New(themes.Default(true), Options{ASCII: true})
	same(t, "rows are added up", screen(p.HeatMap(30, 4, h)), `
   1s| :: :: :: ::###########@
 20ms|++++++++++++++++++++++++
  5ms|------------
      14:00       14:01
`)
}

func TestGrid(t *testing.T) {
	p := New(themes.Default(true), Options{})
	rows := []Row{
		{H: 1, Cells: []Cell{{Title: "Verdict", Right: "now", Body: []string{"37 % fail"}}}},
		{H: 2, Cells: []Cell{
			{Title: "Mix", W: 20, Body: []string{"one"}, Focused: true},
			{Title: "Latency", Right: "p95 80 ms", Body: []string{"日本語", "two"}},
		}},
		{Cells: []Cell{{Title: "Log", Body: []string{"line that is far too long for the frame around it"}}}},
	}
	same(t, "grid", screen(p.Grid(48, 9, rows, "q quit")), `
╭ Verdict ─────────────────────────────── now ─╮
│ 37 % fail                                    │
├ Mix ───────────────┬ Latency ──── p95 80 ms ─┤
│ one                │ 日本語                  │
│                    │ two                     │
├ Log ───────────────┴─────────────────────────┤
│ line that is far too long for the frame aro… │
│                                              │
╰ q quit ──────────────────────────────────────╯
`)
}

func TestSmall(t *testing.T) {
	p := New(themes.Default(true), Options{})
	nan := math.NaN()
	for _, c := range []struct{ what, got, want string }{
		{"sparkline", p.Sparkline(6, []float64{0, nan, 1, 4, 8}, themes.OK), " ▁ ▁▄█"},
		{"sparkline keeps the newest", p.Sparkline(2, []float64{9, 1, 2}, themes.OK), "▄█"},
		{"strip", p.Strip(5, []Mark{MarkOK, MarkFail, MarkWarn, MarkNone}), " ✔✖!·"},
		{"gauge", p.Gauge(4, 0.5, themes.OK), "██░░"},
		{"gauge shows a trace", p.Gauge(4, 0.0001, themes.OK), "▏░░░"},
		{"bar is clamped", p.Bar(4, 7, themes.OK), "████"},
		{"middle", p.Middle("/api/v1/orders/12345", 11), "/api/…12345"},
		{"truncate", p.Truncate("日本語です", 6), "日本…"},
		{"fit right", p.FitRight("42", 5), "   42"},
		{"both", p.Both("left side", "right", 12), "left … right"},
		{"short", Short(1240) + " " + Short(35_400) + " " + Short(999_600) + " " + Short(math.MaxUint64), "1.2k 35k 1.0M 18E"},
		{"wrap", strings.Join(p.Wrap("one two three four", 9, 0), "|"), "one two|three|four"},
		{"wrap bounded", strings.Join(p.Wrap("one two three four", 9, 2), "|"), "one two|three…"},
		{"legend", p.Legend(40, Stack{Part502: 3}), "█ 2xx  2 502"},
	} {
		if got := ansi.Strip(c.got); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// TestGlyphs holds every sign to one cell and the parts of the mix to signs of
// their own, for nothing may depend on color alone.
func TestGlyphs(t *testing.T) {
	for _, p := range painters() {
		g := p.Glyphs
		signs := slices.Concat(g.Eighths, g.Lefts, g.Density, g.Part[:],
			[]string{
				g.OK, g.Fail, g.Warn, g.Unknown, g.Skipped, g.Running, g.Onset, g.Cursor, g.Pointer, g.Bullet,
				g.Ellipsis, g.Up, g.Down, g.Right, g.horizontal, g.vertical, g.cross, g.axis, g.track,
			})
		for _, s := range signs {
			if ansi.StringWidth(s) != 1 || p.ascii && !plainASCII(s) {
				t.Errorf("%q is not one cell of the character set", s)
			}
		}
		distinct := slices.Compact(slices.Sorted(slices.Values(g.Part[:])))
		if len(distinct) != len(g.Part) {
			t.Errorf("parts of the mix share a sign: %q", g.Part)
		}
		four := slices.Compact(slices.Sorted(slices.Values([]string{g.OK, g.Fail, g.Warn, g.Unknown, g.Skipped})))
		if len(four) != 5 {
			t.Errorf("verdicts share a sign")
		}
	}
}

// TestFailureIsSeen: one failure in a busy column shows in every theme, in the
// columns themselves where there is no row of digits.
func TestFailureIsSeen(t *testing.T) {
	c := Chart{Cols: []Stack{{Part2xx: 100000, Part503: 1}}, Cursor: NoCursor}
	for _, p := range painters() {
		for h := 1; h < 8; h++ {
			if got := screen(p.Columns(10, h, c)); !strings.Contains(got, "3") {
				t.Errorf("height %d: no 3 for the 503:\n%s", h, got)
			}
		}
	}
}

// TestRunLength holds the sequences down: a row of one style is one pair.
func TestRunLength(t *testing.T) {
	p := New(themes.Default(true), Options{})
	cols := make([]Stack, 100)
	for i := range cols {
		cols[i][Part2xx] = 10
	}
	for _, l := range p.Columns(100, 6, Chart{Cols: cols, Cursor: NoCursor}) {
		if n := strings.Count(l, "\x1b["); n > 6 {
			t.Errorf("%d sequences in a plain row: %q", n, l)
		}
	}
}

// TestPainterIsConstant: drawing the same twice gives the same.
func TestPainterIsConstant(t *testing.T) {
	p := New(themes.Default(true), Options{})
	c := Chart{Cols: incident(60), Cursor: 3}
	if a, b := p.Columns(60, 10, c), p.Columns(60, 10, c); !slices.Equal(a, b) {
		t.Error("the second drawing differs")
	}
}
