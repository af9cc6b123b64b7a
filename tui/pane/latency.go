package pane

import (
	"time"

	"why502/tail/window"
	"why502/tui/draw"
)

// Latency is the pane of response times. It has three views: the heat map of
// the gateway's times, that of the upstreams' and a table of quantiles.
type Latency struct {
	view int
	col  chartCursor
	row  int // 0 is all, else the latency row (index plus one) the cursor stands on
}

// The views.
const (
	viewGateway = iota
	viewUpstream
	viewTable
	views
)

// Title names the view with its quantiles.
func (l *Latency) Title(in *Input) string {
	v := &in.Snap.Traffic
	name, q := "Latency", v.Latency
	if v.FailedLatency.Count > 0 && v.GoodLatency.Count > 0 {
		name, q = "Latency (good)", v.GoodLatency // fast errors flatter the whole
	}
	switch l.view {
	case viewUpstream:
		name, q = "Latency of upstreams", v.UpstreamLatency
	case viewTable:
		return "Latency table"
	}
	if q.Count == 0 {
		return name
	}
	title := name + "  p50 " + Duration(q.P50) + "  p95 " + Duration(q.P95) + "  p99 " + Duration(q.P99)
	if draw.Width(title) > in.Width-2 {
		title = name + "  p50 " + Duration(q.P50) + "  p99 " + Duration(q.P99)
	}
	if draw.Width(title) > in.Width-2 {
		title = name + "  p99 " + Duration(q.P99)
	}
	return title
}

func (l *Latency) fold(in *Input) timeline {
	return fold(in.Snap.Traffic.Seconds, in.now(), in.Span, draw.ChartCols(in.Width))
}

// latencyRows are the labels of the heat map, lowest first.
var latencyRows = func() []string {
	rows := make([]string, 0, window.LatencyRows)
	for _, b := range window.LatencyBounds {
		rows = append(rows, b.String())
	}
	return append(rows, ">30s")
}()

// Lines draws the view. Below a heat map stand the quantiles of the other side,
// for comparison, where there is room.
func (l *Latency) Lines(in *Input) []string {
	v := &in.Snap.Traffic
	if l.view == viewTable {
		return fill(in, l.table(in))
	}
	here, other, name := v.Latency, v.UpstreamLatency, "upstream"
	if l.view == viewUpstream {
		here, other, name = v.UpstreamLatency, v.Latency, "gateway"
	}
	if here.Count == 0 {
		return fill(in, l.missing(in))
	}
	tl := l.fold(in)
	chart := draw.HeatChart{Rows: latencyRows, Cursor: l.col.index(&tl), Labels: tl.labels(in.Zone)}
	for i := range tl.cols {
		chart.Cols = append(chart.Cols, l.counts(&tl.cols[i])[:])
	}
	height := in.Height
	if height >= 5 {
		height--
	}
	lines := in.P.HeatMap(in.Width, height, chart)
	if height < in.Height {
		lines = append(lines, l.foot(in, &tl, other, name))
	}
	return fill(in, lines)
}

// foot is the line below the heat map: the chosen column or the other side's
// quantiles.
func (l *Latency) foot(in *Input, tl *timeline, other window.Quantiles, name string) string {
	if at := l.col.index(tl); at >= 0 {
		c := &tl.cols[at]
		parts := []part{dim(in.clock(time.Unix(c.Unix, 0)) + "  " + Plural(int(c.Total()), "request"))}
		if l.row > 0 {
			parts = append(parts, mark("  "+in.P.Glyphs.Pointer+"slower than "+bound(l.row-1)))
		} else if lo, hi, ok := l.extent(c); ok {
			parts = append(parts, dim("  most of "+latencyRows[lo]+" to "+latencyRows[hi]))
		}
		return row(in.P, in.Width, parts...)
	}
	if other.Count == 0 {
		return row(in.P, in.Width, dim(name+": the log carries no time (step 7)"))
	}
	parts := []part{dim(name + "  p50 "), txt(Duration(other.P50))}
	p95 := []part{dim("  p95 "), txt(Duration(other.P95))}
	p99 := []part{dim("  p99 "), txt(Duration(other.P99))}
	most := []part{dim("  max "), txt(Duration(other.Max))}
	for _, rest := range [][]part{join(p95, p99, most), join(p95, p99), p99} {
		if cells(parts)+cells(rest) <= in.Width {
			return row(in.P, in.Width, append(parts, rest...)...)
		}
	}
	return row(in.P, in.Width, parts...)
}

// counts are the column's requests by the latency that the view is of.
func (l *Latency) counts(c *window.Second) *[window.LatencyRows]uint32 {
	if l.view == viewUpstream {
		return &c.Took().Upstream
	}
	return &c.Took().Latency
}

// extent is the range of rows the column's requests lie in.
func (l *Latency) extent(c *window.Second) (lo, hi int, ok bool) {
	for i, n := range l.counts(c) {
		if n == 0 {
			continue
		}
		if !ok {
			lo, ok = i, true
		}
		hi = i
	}
	return lo, hi, ok
}

// bound is the lower edge of a latency row in words.
func bound(row int) string {
	if row == 0 {
		return "0 ms"
	}
	return Duration(window.LatencyBounds[row-1])
}

func (l *Latency) missing(in *Input) []string {
	if in.Snap.Traffic.Requests == 0 {
		return indent(in, txt(""), dim("No requests yet."))
	}
	what := "$request_time"
	if l.view == viewUpstream {
		what = "$upstream_response_time"
	}
	return indent(in, txt(""), dim("The log carries no such times. For nginx add "+what+
		" to log_format; step 7 prints the lines to add. v shows the other view."))
}

// table lists the quantiles of all, good and failed requests and of upstreams.
func (l *Latency) table(in *Input) []string {
	v := &in.Snap.Traffic
	heads := []string{"p50", "p90", "p95", "p99", "max"}
	w := max(7, min(10, (in.Width-10)/len(heads)))
	first := []part{dim(in.P.Fit("", 9))}
	for _, h := range heads {
		first = append(first, dim(in.P.FitRight(h, w)))
	}
	lines := []string{row(in.P, in.Width, first...)}
	for _, r := range []struct {
		name string
		q    window.Quantiles
	}{{"gateway", v.Latency}, {"upstream", v.UpstreamLatency}, {"good", v.GoodLatency}, {"failed", v.FailedLatency}} {
		parts := []part{head(in.P.Fit(r.name, 9))}
		for _, d := range []time.Duration{r.q.P50, r.q.P90, r.q.P95, r.q.P99, r.q.Max} {
			text := Duration(d)
			if r.q.Count == 0 {
				text = "-"
			}
			parts = append(parts, txt(in.P.FitRight(text, w)))
		}
		lines = append(lines, row(in.P, in.Width, parts...))
	}
	return lines
}

// Do moves the cursor: left and right over time, up and down over the rows; v
// changes the view; Enter opens the requests.
func (l *Latency) Do(in *Input, a Action) Effect {
	if a == Toggle {
		l.view = (l.view + 1) % views
		return Effect{Say: []string{"heat map of the gateway's times", "heat map of the upstreams' times", "table of quantiles"}[l.view]}
	}
	tl := l.fold(in)
	switch {
	case l.col.move(a, &tl):
	case a == Up:
		l.row = min(l.row+1, window.LatencyRows)
	case a == Down:
		l.row = max(l.row-1, 0)
	case a == Enter:
		return Effect{Open: l.target(in, &tl)}
	}
	return Effect{}
}

func (l *Latency) target(in *Input, tl *timeline) *Target {
	last := tl.cols[len(tl.cols)-1].Unix + tl.step
	t := &Target{Page: PageRequests, Select: Selection{From: time.Unix(tl.from, 0), To: time.Unix(last, 0)}, Crumb: "all"}
	if at := l.col.index(tl); at >= 0 {
		from := time.Unix(tl.cols[at].Unix, 0)
		t.Select.From, t.Select.To = from, from.Add(time.Duration(tl.step)*time.Second)
		t.Crumb = in.clock(from) + " + " + Span(time.Duration(tl.step)*time.Second)
	}
	if l.row > 1 {
		t.Select.Slower = window.LatencyBounds[l.row-2]
		t.Crumb += ", slower than " + bound(l.row-1)
	}
	return t
}

// Copy gives the quantiles as text.
func (l *Latency) Copy(in *Input) (text, what string) {
	q := in.Snap.Traffic.Latency
	if l.view == viewUpstream {
		q = in.Snap.Traffic.UpstreamLatency
	}
	if q.Count == 0 {
		return "", ""
	}
	return "p50 " + Duration(q.P50) + ", p90 " + Duration(q.P90) + ", p95 " + Duration(q.P95) + ", p99 " +
		Duration(q.P99) + ", max " + Duration(q.Max), "quantiles"
}
