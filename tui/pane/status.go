package pane

import (
	"strconv"
	"strings"
	"time"

	"why502/probe/diagnose"
	"why502/themes"
	"why502/tui/draw"
)

// Status is the pane of the status mix over time. Its cursor stands on a column
// and on a part of the mix.
type Status struct {
	col  chartCursor
	part int // 0 is all, else index in pickOrder plus one
}

// Title names the pane and what its cursor stands on.
func (s *Status) Title(in *Input) string {
	return "Status mix, " + shownSpan(in.Span, draw.ChartCols(in.Width))
}

func (s *Status) fold(in *Input) timeline {
	return fold(in.Snap.Traffic.Seconds, in.now(), in.Span, draw.ChartCols(in.Width))
}

// Lines draws the columns and, below them, the counts of the chosen column or of
// all.
func (s *Status) Lines(in *Input) []string {
	tl := s.fold(in)
	cols := make([]draw.Stack, len(tl.cols))
	for i := range tl.cols {
		cols[i] = stack(&tl.cols[i])
	}
	chart := draw.Chart{Cols: cols, Cursor: s.col.index(&tl), Labels: tl.labels(in.Zone)}
	if at := onsetColumn(in, &tl); at >= 0 {
		chart.Onsets = []int{at}
	}
	lines := in.P.Columns(in.Width, in.Height-1, chart)
	return fill(in, append(lines, s.legend(in, &tl)))
}

// onsetColumn is the column the incident began in.
func onsetColumn(in *Input, tl *timeline) int {
	inc := &in.Verdict.Incident
	if inc.State == diagnose.None || inc.Started.IsZero() {
		return draw.NoCursor
	}
	return tl.column(inc.Started.Unix())
}

// legend counts the parts of the chosen column, or of all columns.
func (s *Status) legend(in *Input, tl *timeline) string {
	sum := tl.total()
	lead := ""
	if at := s.col.index(tl); at >= 0 {
		sum = tl.cols[at]
		lead = in.clock(time.Unix(sum.Unix, 0)) + " "
	} else if s.col.unix != 0 {
		lead = "gone by "
	}
	parts := []part{dim(lead)}
	counts := stack(&sum)
	for i, p := range pickOrder {
		chosen := s.part == i+1
		if counts[p] == 0 && p != draw.Part2xx && p != draw.Part502 && !chosen {
			continue
		}
		name := partNames[p]
		if i >= failingPicks {
			name = in.P.Glyphs.Part[p] + " " + name // in the columns failures have digits, the others a pattern
		}
		if chosen {
			name = in.P.Glyphs.Pointer + name
		}
		parts = append(parts, as(themes.Status(p), name), txt(" "+draw.Short(uint64(counts[p]))+"  "))
	}
	if sum.Retried > 0 {
		parts = append(parts, dim("retried "+draw.Short(uint64(sum.Retried))))
	}
	return row(in.P, in.Width, parts...)
}

// Do moves the cursor: left and right over time, up and down over the parts.
// Enter opens the requests it stands on.
func (s *Status) Do(in *Input, a Action) Effect {
	tl := s.fold(in)
	switch {
	case s.col.move(a, &tl):
	case a == Up:
		s.part = (s.part + len(pickOrder)) % (len(pickOrder) + 1)
	case a == Down:
		s.part = (s.part + 1) % (len(pickOrder) + 1)
	case a == Enter:
		return Effect{Open: s.target(in, &tl)}
	}
	return Effect{}
}

// target is the list of what the cursor stands on; without a choice the failed
// requests of the shown time.
func (s *Status) target(in *Input, tl *timeline) *Target {
	last := tl.cols[len(tl.cols)-1].Unix + tl.step
	t := &Target{Page: PageRequests, Select: Selection{From: time.Unix(tl.from, 0), To: time.Unix(last, 0)}}
	var crumb []string
	if s.part > 0 {
		p := pickOrder[s.part-1]
		t.Select.Parts = 1 << p
		crumb = append(crumb, partNames[p])
	}
	if at := s.col.index(tl); at >= 0 {
		from := time.Unix(tl.cols[at].Unix, 0)
		t.Select.From, t.Select.To = from, from.Add(time.Duration(tl.step)*time.Second)
		crumb = append(crumb, in.clock(from)+" + "+Span(time.Duration(tl.step)*time.Second))
	} else if s.part == 0 {
		t.Select.Failed = tl.failed()
		crumb = append(crumb, map[bool]string{true: "failed", false: "all"}[t.Select.Failed])
	}
	t.Crumb = strings.Join(crumb, ", ")
	return t
}

// failed says whether any column has failures.
func (tl *timeline) failed() bool {
	sum := tl.total()
	return sum.Failed > 0
}

// Copy gives the counts of the legend as text.
func (s *Status) Copy(in *Input) (text, what string) {
	tl := s.fold(in)
	sum := tl.total()
	if at := s.col.index(&tl); at >= 0 {
		sum = tl.cols[at]
	}
	var words []string
	for i, n := range stack(&sum) {
		if n > 0 {
			words = append(words, partNames[i]+" "+strconv.FormatUint(uint64(n), 10))
		}
	}
	return strings.Join(words, ", "), "status counts"
}
