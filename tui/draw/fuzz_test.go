package draw

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"why502/themes"

	"github.com/charmbracelet/x/ansi"
)

// hostile are texts that break careless frames.
var hostile = []string{
	"", " ", "plain", "日本語のテキスト", "e\u0301\u0301\u0301 combining", "\u0301starts with a mark",
	"\x1b[31mred\x1b[m", "\x1b[31mleft open", "\x1b[2J\x1b[Hclear", "\x1b]52;c;AAAA\x07copy", "line\nfeed\r\ttab",
	"\x9b31mC1", "\xff\xfe\x80", "\xc2\x9b31m", "👩‍👩‍👧‍👦 family", "🇩🇪🇫🇷", "\u202eright to left", "ᄀ", "ᅡᆨ", "\x1b", "\x1b[", "\x1bP", "\x1b[31",
	strings.Repeat("x", 500), strings.Repeat("语", 300), "\u200d\u200d", "\ufe0f❤️", "a\u0300\x1b[1m\u0301b\x1b[0m",
}

func TestTextWidths(t *testing.T) {
	for _, p := range painters() {
		for _, s := range hostile {
			for w := -1; w < 30; w++ {
				checkText(t, p, s, w)
			}
		}
	}
}

func checkText(t *testing.T, p *Painter, s string, w int) {
	t.Helper()
	check(t, "Fit", []string{p.Fit(s, w)}, w, 1)
	check(t, "FitRight", []string{p.FitRight(s, w)}, w, 1)
	check(t, "Highlight", []string{p.Highlight(s, w)}, w, 1)
	check(t, "Both", []string{p.Both(s, s, w)}, w, 1)
	for _, cut := range append(p.Wrap(s, w, 3), p.Truncate(s, w), p.Middle(s, w)) {
		if n := ansi.StringWidth(cut); n > max(w, 0) || !isTidy(cut) {
			t.Fatalf("%q cut to %d cells became %q, %d cells", s, w, cut, n)
		}
	}
}

func TestFrameWidths(t *testing.T) {
	for _, p := range painters() {
		for _, s := range hostile {
			for w := -1; w < 40; w += 3 {
				for h := -1; h < 8; h++ {
					checkFrame(t, p, s, w, h, w/3)
				}
			}
		}
	}
}

func checkFrame(t *testing.T, p *Painter, s string, w, h, split int) {
	t.Helper()
	check(t, "Box", p.Box(s, s, w, h, []string{s, s}, true), w, h)
	check(t, "Grid", p.Grid(w, h, []Row{
		{H: 1, Cells: []Cell{{Title: s, Right: s, Body: []string{s}}}},
		{H: split, Cells: []Cell{{Title: s, W: split, Body: []string{s}, Focused: true}, {W: 2}, {Title: s, Right: s, Body: []string{s, s}}}},
		{},
		{Cells: []Cell{{W: w, Body: []string{s}}, {Title: s}}},
	}, s), w, h)
}

func FuzzText(f *testing.F) {
	for i, s := range hostile {
		f.Add(s, i)
	}
	ps := painters()
	f.Fuzz(func(t *testing.T, s string, w int) {
		w %= 300
		for _, p := range ps {
			checkText(t, p, s, w)
			checkFrame(t, p, s, w, w%20, w/2)
		}
	})
}

func FuzzCharts(f *testing.F) {
	f.Add([]byte("a few counts and then some more of them, long enough for three columns"), 40, 12, 3)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 6, 2, 0)
	f.Add([]byte{}, 200, 50, -1)
	ps := painters()
	f.Fuzz(func(t *testing.T, data []byte, w, h, cursor int) {
		w, h = w%250, h%60
		c := Chart{Cursor: cursor, Onsets: []int{cursor, 0, -5}, Labels: []Label{{cursor, string(data)}, {1, "14:00"}, {-3, "x"}}}
		hc := HeatChart{Cursor: cursor, Labels: c.Labels}
		var values []float64
		var marks []Mark
		for len(data) >= 4 {
			var s Stack
			var col []uint32
			for i := range s {
				if len(data) < 4 {
					break
				}
				s[i] = binary.LittleEndian.Uint32(data) >> (data[0] % 32)
				col = append(col, s[i])
				values = append(values, math.Float64frombits(uint64(s[i])<<32))
				marks = append(marks, Mark(s[i]))
				data = data[4:]
			}
			c.Cols = append(c.Cols, s)
			hc.Cols = append(hc.Cols, col)
			hc.Rows = append(hc.Rows, string(data[:min(len(data), 9)]))
		}
		for _, p := range ps {
			check(t, "Columns", p.Columns(w, h, c), w, h)
			check(t, "HeatMap", p.HeatMap(w, h, hc), w, h)
			check(t, "Sparkline", []string{p.Sparkline(w, values, themes.OK)}, w, 1)
			check(t, "Strip", []string{p.Strip(w, marks)}, w, 1)
			for _, v := range append(values, math.Inf(1), math.Inf(-1), math.NaN()) {
				check(t, "Gauge", []string{p.Gauge(w, v, themes.OK)}, w, 1)
			}
			for _, col := range c.Cols {
				if l := p.Legend(w, col); ansi.StringWidth(l) > max(w, 0) {
					t.Fatalf("the legend is wider than %d: %q", w, l)
				}
			}
		}
	})
}

func BenchmarkColumns(b *testing.B) {
	p := New(themes.Default(true), Options{})
	c := Chart{Cols: incident(200), Cursor: 100, Labels: []Label{{20, "14:00"}, {90, "14:01"}}}
	b.ReportAllocs()
	for b.Loop() {
		p.Columns(200, 50, c)
	}
}

func BenchmarkHeatMap(b *testing.B) {
	p := New(themes.Default(true), Options{})
	h := HeatChart{Cursor: NoCursor, Rows: make([]string, 15)}
	for i := range 200 {
		col := make([]uint32, 15)
		for r := range col {
			col[r] = uint32(i * r % 37)
		}
		h.Cols = append(h.Cols, col)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.HeatMap(200, 50, h)
	}
}

func BenchmarkGrid(b *testing.B) {
	p := New(themes.Default(true), Options{})
	body := make([]string, 50)
	for i := range body {
		body[i] = p.Paint(themes.Fail, "502") + " GET /api/orders 0.000 s 10.0.0.5:8000 connect() failed"
	}
	rows := []Row{{H: 20, Cells: []Cell{{Title: "Mix", W: 98, Body: body}, {Title: "Latency", Body: body}}}, {Cells: []Cell{{Title: "Log", Body: body}}}}
	b.ReportAllocs()
	for b.Loop() {
		p.Grid(200, 50, rows, "q quit")
	}
}

func BenchmarkNew(b *testing.B) {
	th := themes.Default(true)
	for b.Loop() {
		New(th, Options{})
	}
}
