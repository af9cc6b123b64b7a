package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The contract's words for the state of an incident and the verdict of a step.
const (
	stateNone      = "none"
	stateOngoing   = "ongoing"
	stateRecovered = "recovered"
)

// marks are the sign of each verdict and state; a word always stands beside it.
var marks = map[string]string{
	"pass": "✔", "warn": "!", "fail": "✖", "unknown": "?", "skipped": "-",
	stateNone: "✔", stateOngoing: "✖", stateRecovered: "!",
}

func mark(word string) string {
	if m := marks[word]; m != "" {
		return m
	}
	return "?"
}

// calendar writes times as short as the report allows: without the day when
// everything happened on one.
type calendar struct{ layout, day string }

func newCalendar(r *Report) calendar {
	var first, last time.Time
	see := func(t Time) {
		if t.IsZero() {
			return
		}
		if first.IsZero() || t.Before(first) {
			first = t.Time
		}
		if t.After(last) {
			last = t.Time
		}
	}
	for _, s := range r.Sources {
		see(s.First)
		see(s.Last)
	}
	see(r.Incident.Started)
	see(r.Incident.Ended)
	for _, e := range r.Timeline {
		see(e.Time)
	}
	const day = "2006-01-02"
	if a, b := first.UTC().Format(day), last.UTC().Format(day); a != b {
		return calendar{layout: day + " 15:04:05", day: ""}
	}
	return calendar{layout: time.TimeOnly, day: first.UTC().Format(day)}
}

func (c calendar) at(t Time) string { return t.UTC().Format(c.layout) }

// between says from when to when, "" when neither is known.
func (c calendar) between(first, last Time) string {
	switch {
	case first.IsZero() && last.IsZero():
		return ""
	case first.IsZero() || last.IsZero() || c.at(first) == c.at(last):
		return "at " + c.at(Time{maxTime(first.Time, last.Time)})
	}
	return c.at(first) + " to " + c.at(last)
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// lasted says a duration in words: "4 s", "2 min 15 s", "3 h 5 min".
func lasted(d time.Duration) string {
	s := int64(d.Round(time.Second) / time.Second)
	switch {
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Round(100*time.Millisecond).Seconds(), 'g', -1, 64) + " s"
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	}
	return fmt.Sprintf("%d h %d min", s/3600, s/60%60)
}

// latency says a latency with three digits at most: "0.3 ms", "12 ms", "1.2 s".
func latency(s Seconds) string {
	switch {
	case s < 0.01:
		return strconv.FormatFloat(float64(s)*1e3, 'f', 1, 64) + " ms"
	case s < 0.9995:
		return strconv.FormatFloat(float64(s)*1e3, 'f', 0, 64) + " ms"
	case s < 10:
		return strconv.FormatFloat(float64(s), 'f', 1, 64) + " s"
	}
	return strconv.FormatFloat(float64(s), 'f', 0, 64) + " s"
}

// percent says a share; one that is neither none nor all never looks like it.
func percent(x float64) string {
	switch {
	case x <= 0:
		return "0 %"
	case x < 0.001:
		return "< 0.1 %"
	case x < 0.1:
		return strconv.FormatFloat(x*100, 'f', 1, 64) + " %"
	case x < 1 && x >= 0.995:
		return "> 99 %"
	}
	return strconv.FormatFloat(x*100, 'f', 0, 64) + " %"
}

// count groups the digits of n by thousands.
func count(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// bytesOf says a number of bytes.
func bytesOf(n uint64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	x, i := float64(n)/unit, 0
	for ; x >= unit && i < 3; i++ {
		x /= unit
	}
	return fmt.Sprintf("%.1f %ciB", x, "KMGT"[i])
}

// failing names the statuses that failing requests got, most frequent first:
// "502", "502 and 504".
func failing(r *Report) string {
	if r.Incident.Slow != nil {
		return "slow"
	}
	var list []string
	var all uint64
	counts := r.Incident.Statuses
	if len(counts) == 0 {
		counts = r.Traffic.Statuses
	}
	for status, n := range counts {
		if status[0] == '5' || status[0] == '0' && status != "000" {
			list = append(list, status)
			all += n
		}
	}
	slices.SortFunc(list, func(a, b string) int {
		if x, y := counts[a], counts[b]; x != y {
			if x > y {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	// Only what has a fifth of the failures is worth the headline.
	list = slices.DeleteFunc(list, func(s string) bool { return counts[s]*5 < all })
	if len(list) == 0 {
		return "failing"
	}
	return strings.Join(list, " and ")
}

// headline says the verdict in one sentence.
func headline(r *Report, c calendar) string {
	i := &r.Incident
	var when string
	switch {
	case i.State == stateOngoing && !i.Started.IsZero():
		when = fmt.Sprintf("%s since %s UTC, going on", failing(r), c.at(i.Started))
	case i.State == stateOngoing:
		when = failing(r) + ", going on"
	case i.State == stateRecovered && !i.Started.IsZero() && !i.Ended.IsZero():
		when = fmt.Sprintf("%s from %s to %s UTC (%s), recovered", failing(r), c.at(i.Started), c.at(i.Ended),
			lasted(i.Ended.Sub(i.Started.Time)))
	case i.State == stateRecovered:
		when = failing(r) + ", recovered"
	default:
		return healthy(r)
	}
	switch {
	case i.Slow != nil:
		when += fmt.Sprintf(": p95 %s instead of %s, no more requests fail than usual", latency(i.Slow.P95), latency(i.Slow.P95Before))
	case i.Requests != nil && i.Failed != nil && i.FailureRatio != nil:
		when += fmt.Sprintf(": %s of %s requests failed (%s)", count(*i.Failed), count(*i.Requests), percent(*i.FailureRatio))
	case i.Failed != nil:
		when += ": " + count(*i.Failed) + plural(*i.Failed, " failure") + " logged"
	}
	return when
}

// healthy is the headline where there is no incident.
func healthy(r *Report) string {
	var lines uint64
	for _, s := range r.Sources {
		lines += s.Lines
	}
	switch {
	case r.Traffic.Requests != nil && *r.Traffic.Requests > 0:
		failed := serverErrors(r)
		text := fmt.Sprintf("no incident: %s requests", count(*r.Traffic.Requests))
		if failed == 0 {
			return text + ", no server error"
		}
		return fmt.Sprintf("%s, %s of them server errors (%s), a steady background", text, count(failed),
			percent(float64(failed)/float64(*r.Traffic.Requests)))
	case len(r.Sources) == 0:
		return "no incident seen: no log was read"
	case lines == 0:
		return "no incident seen: the logs are empty"
	}
	return "no incident in what the logs say"
}

func serverErrors(r *Report) uint64 {
	return r.Traffic.Classes["5xx"]
}

// scopeLine says what sets the failing requests apart, "" when it is not known.
func scopeLine(r *Report) string {
	if r.Incident.Scope == nil {
		return ""
	}
	if len(r.Incident.Scope) == 0 {
		return "everything: no upstream, route, host or client sets the failing requests apart"
	}
	parts := make([]string, len(r.Incident.Scope))
	for i, s := range r.Incident.Scope {
		parts[i] = fmt.Sprintf("%s %s (%s of the failing, %s of the good requests)", s.Field, s.Value,
			percent(s.FailedShare), percent(s.OKShare))
	}
	return "only " + strings.Join(parts, "; ")
}

// statusLine lists the statuses with their counts, ascending.
func statusLine(t *Traffic) string {
	keys := make([]string, 0, len(t.Statuses))
	for s := range t.Statuses {
		keys = append(keys, s)
	}
	slices.Sort(keys)
	for i, s := range keys {
		keys[i] = s + " x " + count(t.Statuses[s])
	}
	return strings.Join(keys, ", ")
}

// requestLine says how many requests there were and what they got.
func requestLine(t *Traffic) string {
	line := count(*t.Requests) + plural(*t.Requests, " request")
	if s := statusLine(t); s != "" {
		line += ": " + s
	}
	return line
}

func latencyLine(l *Latency) string {
	return fmt.Sprintf("p50 %s, p90 %s, p95 %s, p99 %s, max %s",
		latency(l.P50), latency(l.P90), latency(l.P95), latency(l.P99), latency(l.Max))
}

// shown remembers the samples that stand in the report already, so that none is
// printed twice: several causes often rest on the same line.
type shown map[string]bool

// first says whether sample is there and not printed yet.
func (s shown) first(sample string) bool {
	if sample == "" || s[sample] {
		return false
	}
	s[sample] = true
	return true
}

// finding joins a finding with what shows it, unless that is printed already.
func (s shown) finding(f Finding) string {
	if strings.Contains(f.Text, f.Evidence) || !s.first(f.Evidence) {
		return f.Text
	}
	return f.Text + " (" + f.Evidence + ")"
}

// evidenceHead says how often, where and when an observation was made.
func evidenceHead(e *Evidence, c calendar) string {
	var parts []string
	if e.Count > 1 {
		parts = append(parts, count(e.Count)+" x")
	}
	parts = append(parts, e.Source)
	head := strings.Join(parts, " ")
	if when := c.between(e.First, e.Last); when != "" {
		head += ", " + when
	}
	return head
}

// sourceFacts says what was read of a source.
func sourceFacts(s *Source) string {
	parts := []string{count(s.Lines) + plural(s.Lines, " line")}
	if s.Unparsed > 0 {
		parts = append(parts, count(s.Unparsed)+" not understood")
	}
	parts = append(parts, bytesOf(s.Bytes))
	what := strings.Join(slices.DeleteFunc([]string{s.Gateway, s.Kind}, func(s string) bool { return s == "" }), " ")
	if s.Format != "" {
		sure := ""
		if s.Confidence > 0 && s.Confidence < 1 {
			sure = ", " + percent(s.Confidence) + " sure"
		}
		what = strings.TrimSpace(what + " (" + s.Format + sure + ")")
	}
	if what != "" {
		parts = append([]string{what}, parts...)
	}
	return strings.Join(parts, ", ")
}

func plural(n uint64, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
