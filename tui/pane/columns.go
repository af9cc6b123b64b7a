package pane

import (
	"sort"
	"strconv"
	"time"

	"why502/tail/window"
	"why502/themes"
	"why502/tui/draw"
)

// timeline is the seconds of a span folded to the columns of a chart. Columns
// begin at whole multiples of step, so that they do not change their content
// while time goes on.
type timeline struct {
	step int64 // seconds a column
	from int64 // Unix second the first column begins at
	cols []window.Second
}

// stepOf is the length of a column, in whole seconds, with which n columns come
// nearest to span.
func stepOf(span time.Duration, n int) int64 {
	want, cols := max(int64(span/time.Second), 1), int64(max(n, 1))
	short := want / cols
	if short > 0 && want-short*cols <= (short+1)*cols-want {
		return short
	}
	return short + 1
}

// shownSpan is the time that n columns show, in words: the zoom's own where it is
// that by a tenth.
func shownSpan(span time.Duration, n int) string {
	shown := time.Duration(stepOf(span, n)*int64(n)) * time.Second
	if (shown - span).Abs() <= span/10 {
		return strconv.Itoa(int(span/time.Minute)) + " min"
	}
	return Span(shown)
}

// fold folds the seconds up to now into n columns that show about span.
func fold(seconds []window.Second, now time.Time, span time.Duration, n int) timeline {
	n = max(n, 1)
	tl := timeline{step: stepOf(span, n)}
	last := now.Unix() - mod(now.Unix(), tl.step)
	tl.from = last - int64(n-1)*tl.step
	tl.cols = make([]window.Second, n)
	for i := range tl.cols {
		tl.cols[i].Unix = tl.from + int64(i)*tl.step
	}
	first := sort.Search(len(seconds), func(i int) bool { return seconds[i].Unix >= tl.from })
	for i := first; i < len(seconds); i++ {
		if c := (seconds[i].Unix - tl.from) / tl.step; c < int64(n) {
			tl.cols[c].Add(&seconds[i])
		}
	}
	return tl
}

// mod is the remainder that is never negative.
func mod(a, b int64) int64 { return (a%b + b) % b }

// column returns the index of the column that holds the second, draw.NoCursor
// when none does.
func (tl *timeline) column(unix int64) int {
	c := (unix - tl.from) / tl.step
	if unix < tl.from || c >= int64(len(tl.cols)) {
		return draw.NoCursor
	}
	return int(c)
}

// total adds all columns up.
func (tl *timeline) total() window.Second {
	var sum window.Second
	for i := range tl.cols {
		sum.Add(&tl.cols[i])
	}
	return sum
}

// labels are times under the columns, at round times and as many as are readable.
func (tl *timeline) labels(zone *time.Location) []draw.Label {
	const minutesRoom, secondsRoom = 9, 12 // cells from label to label
	format, every := "15:04:05", int64(1)
	for _, round := range [...]int64{5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600} {
		every = round
		if round%60 == 0 && round/tl.step >= minutesRoom || round/tl.step >= secondsRoom {
			break
		}
	}
	if every%60 == 0 {
		format = "15:04"
	}
	var labels []draw.Label
	for i := range tl.cols {
		if from := tl.cols[i].Unix; mod(from, every) < tl.step {
			labels = append(labels, draw.Label{Col: i, Text: time.Unix(from, 0).In(zone).Format(format)})
		}
	}
	return labels
}

// stack splits a column's requests into the parts of the status mix.
func stack(s *window.Second) draw.Stack {
	other := s.Class[5] - min(s.Class[5], s.S502+s.S503+s.S504)
	return draw.Stack{
		draw.Part2xx: s.Class[1] + s.Class[2], draw.Part3xx: s.Class[3], draw.Part4xx: s.Class[4],
		draw.Part5xx: other, draw.Part502: s.S502, draw.Part503: s.S503, draw.Part504: s.S504,
		draw.PartNone: s.Class[0],
	}
}

// partNames are the parts of the status mix in the order of themes.Status.
var partNames = [themes.StatusParts]string{"2xx", "3xx", "4xx", "5xx", "502", "503", "504", "none"}

// pickOrder is the order in which the cursor walks the parts: failures first.
var pickOrder = [...]int{
	draw.Part502, draw.Part503, draw.Part504, draw.Part5xx, draw.PartNone, draw.Part4xx, draw.Part3xx, draw.Part2xx,
}

// failingPicks is the number of failures at the front of pickOrder.
const failingPicks = 5

// partOf returns the part that a status belongs to.
func partOf(status int) int {
	switch {
	case status == 502:
		return draw.Part502
	case status == 503:
		return draw.Part503
	case status == 504:
		return draw.Part504
	case status >= 100 && status < 300:
		return draw.Part2xx
	case status >= 300 && status < 600:
		return status/100 - 2
	}
	return draw.PartNone
}

// chartCursor is the chosen column of a chart. It holds on to a time, not a
// place, so that it stays on what a person looked at; zero is no column.
type chartCursor struct{ unix int64 }

// move carries out Left, Right, Top and Bottom and says whether a was one.
func (c *chartCursor) move(a Action, tl *timeline) bool {
	last := len(tl.cols) - 1
	at := tl.column(c.unix)
	if c.unix == 0 {
		at = last + 1
	} else if at < 0 {
		at = 0
	}
	switch a {
	case Left:
		at--
	case Right:
		at++
	case Top, PageUp:
		at = 0
	case Bottom, PageDown:
		at = last + 1
	default:
		return false
	}
	if at > last {
		c.unix = 0 // beyond the newest column: none is chosen
		return true
	}
	c.unix = tl.cols[max(at, 0)].Unix
	return true
}

// index is the chosen column in tl.
func (c *chartCursor) index(tl *timeline) int {
	if c.unix == 0 {
		return draw.NoCursor
	}
	return tl.column(c.unix)
}
