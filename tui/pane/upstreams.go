package pane

import (
	"math"
	"strconv"
	"strings"
	"time"

	"why502/probe"
	"why502/tail"
	"why502/themes"
	"why502/tui/draw"
)

// Upstreams is the pane of all upstreams: what a direct probe says beside what
// the log says.
type Upstreams struct{ cur cursor }

// Title names the pane and counts what is wrong.
func (u *Upstreams) Title(in *Input) string {
	all := in.upstreams()
	bad := 0
	for i := range all {
		if all[i].trouble() >= 2 {
			bad++
		}
	}
	switch {
	case len(all) == 0:
		return "Upstreams"
	case bad == 0:
		return "Upstreams  " + strconv.Itoa(len(all))
	}
	return "Upstreams  " + strconv.Itoa(bad) + " of " + strconv.Itoa(len(all)) + " failing"
}

// Lines shows a line for each upstream, and where there is room what its last
// probe and the log say in more detail.
func (u *Upstreams) Lines(in *Input) []string {
	all := in.upstreams()
	if len(all) == 0 {
		return fill(in, u.none(in))
	}
	header := 0
	if in.Height > len(all) {
		header = 1
	}
	per := clampInt((in.Height-header)/len(all), 1, 5)
	visible := (in.Height - header) / per
	u.cur.clamp(len(all), visible)
	cols := upstreamWidths(in, all)
	var lines []string
	if header == 1 {
		lines = append(lines, cols.header(in))
	}
	for i := u.cur.top; i < len(all) && i < u.cur.top+visible; i++ {
		lines = append(lines, pick(in, in.Width, i == u.cur.row, cols.row(in, &all[i])...))
		lines = append(lines, u.below(in, &all[i], per-1)...)
	}
	return fill(in, lines)
}

func (u *Upstreams) none(in *Input) []string {
	text := "The logs name no upstream yet. "
	if in.Snap.NoProbe {
		text += "Nobody is asked (--no-probe)."
	} else {
		text += "Name one with -e URL; step 7 says how to make the log record them."
	}
	return indent(in, txt(" "), dim(text))
}

// widths are the columns of the table; a column of width 0 is left out.
type widths struct{ addr, state, strip, since, share int }

// upstreamWidths gives the address what it needs and the rest by importance:
// state, failed share, history, since when.
func upstreamWidths(in *Input, all []upstream) widths {
	w := in.Width
	c, most := widths{state: 7}, 12
	if w >= 56 {
		most = 18 // the longest class
	}
	for i := range all {
		c.state = max(c.state, min(most, draw.Width(probeWord(in, &all[i]))))
		c.addr = max(c.addr, draw.Width(tail.Safe(all[i].addr, 80)))
	}
	if w >= 50 {
		c.state++
	}
	room := w - 3 - c.state
	c.addr = max(10, min(c.addr, room-2, max(15, w/3)))
	room -= c.addr + 2
	for _, col := range []struct {
		width *int
		want  int
	}{{&c.share, 10}, {&c.strip, 8}, {&c.since, 8}} {
		if room >= col.want+1 {
			*col.width = col.want
			room -= col.want + 1
		}
	}
	if c.strip > 0 {
		grow := min(room, 24)
		c.strip += grow
	}
	return c
}

func (c widths) header(in *Input) string {
	parts := []part{dim("   " + in.P.Fit("address", c.addr) + "  " + in.P.Fit("probe", c.state))}
	if c.share > 0 {
		parts = append(parts, dim(" "+in.P.Fit("log failed", c.share)))
	}
	if c.strip > 0 {
		title := "last probes"
		if c.strip < draw.Width(title) {
			title = "probes"
		}
		parts = append(parts, dim(" "+in.P.FitRight(title, c.strip)))
	}
	if c.since > 0 {
		parts = append(parts, dim(" "+in.P.Fit("since", c.since)))
	}
	return row(in.P, in.Width, parts...)
}

func (c widths) row(in *Input, u *upstream) []part {
	sign, role := upstreamSign(in, u)
	parts := []part{
		as(role, sign+" "), mark(in.P.Fit(in.P.Middle(tail.Safe(u.addr, 200), c.addr), c.addr)), txt("  "),
		as(role, in.P.Fit(probeWord(in, u), c.state)),
	}
	if c.share > 0 {
		parts = append(parts, txt(" "), logShare(in, u, c.share))
	}
	if c.strip > 0 {
		parts = append(parts, txt(" "), drawn(in.P.Strip(c.strip, strip(u.history))))
	}
	if c.since > 0 {
		parts = append(parts, txt(" "), dim(in.P.Fit(sinceWord(in, u), c.since)))
	}
	return parts
}

// upstreamSign is the sign of an upstream's state with its role.
func upstreamSign(in *Input, u *upstream) (string, themes.Role) {
	switch u.trouble() {
	case 3:
		return in.P.Glyphs.Fail, themes.Fail
	case 2:
		if u.last() == nil {
			return in.P.Glyphs.Fail, themes.Fail
		}
		return in.P.Glyphs.Warn, themes.Warn
	case 1:
		return in.P.Glyphs.Unknown, themes.Unknown
	}
	return in.P.Glyphs.OK, themes.OK
}

// probeWord says in a word or a time how the last probe ended.
func probeWord(in *Input, u *upstream) string {
	last := u.last()
	switch {
	case last == nil && in.Snap.NoProbe:
		return "not asked"
	case last == nil && u.history == nil:
		return "not probed"
	case last == nil:
		return "asking" + in.P.Glyphs.Ellipsis
	case last.Class.Healthy():
		return Duration(last.Timings.Total)
	}
	return string(last.Class)
}

// logShare says how many of the upstream's requests failed in the log.
func logShare(in *Input, u *upstream, w int) part {
	total := u.ok + u.failed
	switch {
	case total == 0:
		return dim(in.P.Fit("none", w))
	case u.failed == 0:
		return dim(in.P.Fit("0 of "+draw.Short(total), w))
	}
	text := in.P.Fit(draw.Short(u.failed)+" of "+draw.Short(total), w)
	if !u.past && u.share() >= troubleShare {
		return fail(text)
	}
	return warn(text)
}

func sinceWord(in *Input, u *upstream) string {
	if u.history == nil || u.history.Since.IsZero() {
		return ""
	}
	since := u.history.Since.In(in.Zone)
	if in.Snap.Now.Sub(since).Hours() >= 24 {
		return since.Format("Jan 02")
	}
	return since.Format("15:04:05")
}

// strip is a history as signs.
func strip(h *probe.History) []draw.Mark {
	if h == nil {
		return nil
	}
	marks := make([]draw.Mark, len(h.Results))
	for i := range h.Results {
		marks[i] = draw.MarkOK
		if !h.Results[i].Class.Healthy() {
			marks[i] = draw.MarkFail
		}
	}
	return marks
}

// below are at most n lines about one upstream: the phases of its last probe, its
// times in the log, the course of the probes' times and who told of it.
func (u *Upstreams) below(in *Input, up *upstream, n int) []string {
	var lines []string
	add := func(parts ...part) {
		if len(lines) < n {
			lines = append(lines, row(in.P, in.Width, append([]part{dim("     ")}, parts...)...))
		}
	}
	last := up.last()
	if last != nil {
		add(phaseParts(in, last)...)
	}
	if up.latency.Count > 0 {
		add(dim("in the log p50 " + Duration(up.latency.P50) + "  p95 " + Duration(up.latency.P95) + "  p99 " + Duration(up.latency.P99)))
	} else if last == nil {
		add(dim("no times known"))
	}
	if words := spread(up.history); words != "" {
		add(dim("probe times "), drawn(in.P.Sparkline(clampInt(in.Width-36, 8, 40), totals(up.history), themes.Accent)),
			dim("  "+words))
	}
	if last != nil {
		add(dim("known from " + tail.Safe(last.Target.Origin, 60)))
	}
	for len(lines) < n {
		lines = append(lines, blanks(in.Width))
	}
	return lines
}

// totals are the times of the probes that were answered, NaN for the others.
func totals(h *probe.History) []float64 {
	values := make([]float64, len(h.Results))
	for i := range h.Results {
		values[i] = math.NaN()
		if h.Results[i].Class.Healthy() {
			values[i] = h.Results[i].Timings.Total.Seconds()
		}
	}
	return values
}

// spread is the range of the answered probes' times, "" when none was.
func spread(h *probe.History) string {
	if h == nil {
		return ""
	}
	low, high := time.Duration(-1), time.Duration(-1)
	for i := range h.Results {
		if d := h.Results[i].Timings.Total; h.Results[i].Class.Healthy() {
			if low < 0 || d < low {
				low = d
			}
			high = max(high, d)
		}
	}
	if low < 0 {
		return ""
	}
	return Duration(low) + " to " + Duration(high)
}

// phaseParts are the phases of a probe in one line, the one it ended in marked.
func phaseParts(in *Input, last *probe.Result) []part {
	var parts []part
	for _, ph := range phases(last) {
		switch {
		case !last.Class.Healthy() && ph.phase == last.Phase:
			took := ph.took
			if took < 0 {
				took = last.Timings.Total
			}
			parts = append(parts, fail(in.P.Glyphs.Fail+" "+ph.phase.String()), dim(" after "+Duration(took)+"  "))
		case ph.took >= 0 && ph.phase != probe.PhaseBody:
			parts = append(parts, dim(ph.phase.String()+" "+Duration(ph.took)+"  "))
		}
	}
	if last.Status > 0 {
		parts = append(parts, dim("HTTP "+strconv.Itoa(last.Status)+"  "))
	}
	if last.Err != "" && !last.Class.Healthy() {
		words := tail.Safe(last.Err, 200)
		parts = append(parts, dim(words[strings.LastIndex(": "+words, ": "):]))
	}
	return parts
}

func clampInt(v, low, high int) int { return max(low, min(v, high)) }

// Do moves the cursor and opens the upstream.
func (u *Upstreams) Do(in *Input, a Action) Effect {
	all := in.upstreams()
	if u.cur.move(a, len(all), in.Height) || len(all) == 0 {
		return Effect{}
	}
	if a == Enter {
		u.cur.clamp(len(all), in.Height)
		addr := all[u.cur.row].addr
		return Effect{Open: &Target{Page: PageUpstream, Upstream: addr, Crumb: tail.Safe(addr, 40)}}
	}
	return Effect{}
}

// Copy gives the address.
func (u *Upstreams) Copy(in *Input) (text, what string) {
	all := in.upstreams()
	if len(all) == 0 {
		return "", ""
	}
	u.cur.clamp(len(all), in.Height)
	return all[u.cur.row].addr, "address"
}

// CountUpstreams is the number of upstreams known.
func CountUpstreams(in *Input) int { return len(in.upstreams()) }
