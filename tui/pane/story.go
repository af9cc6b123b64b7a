package pane

import (
	"strconv"
	"strings"
	"time"

	"why502/probe/diagnose"
	"why502/tail"
	"why502/tail/window"
	"why502/themes"
	"why502/tui/draw"
)

// State is where things stand, for the head line.
type State uint8

// The states.
const (
	Reading State = iota
	Waiting       // read, but no request seen
	Healthy
	Failing
	Recovered
)

// StateOf says where the snapshot stands.
func StateOf(in *Input) State {
	switch {
	case in.Verdict.Incident.State == diagnose.Ongoing:
		return Failing
	case in.Verdict.Incident.State == diagnose.Recovered:
		return Recovered
	case in.Snap.Traffic.Requests > 0 && in.Snap.Progress >= 1:
		return Healthy
	case in.Snap.Progress < 1:
		return Reading
	}
	return Waiting
}

// Headline is the head line's first words, with the look of the state:
// "502 since 14:01:12 (2 m 15 s)".
func Headline(in *Input, now time.Time) (sign, text string, role themes.Role) {
	g, inc := &in.P.Glyphs, &in.Verdict.Incident
	switch StateOf(in) {
	case Failing:
		return g.Fail, worstStatus(in) + " since " + in.clock(inc.Started) + " (" + Span(now.Sub(inc.Started)) + ")", themes.Banner
	case Recovered:
		return recoveredSign(in), "recovered at " + in.clock(inc.Ended) + ", " + worstStatus(in) + " for " + Span(inc.Ended.Sub(inc.Started)), themes.Warn
	case Healthy:
		return g.OK, "healthy", themes.OK
	case Reading:
		return g.Running, "reading the logs, " + Ratio(in.Snap.Progress), themes.Accent
	}
	return g.Unknown, "no requests yet", themes.Unknown
}

// recoveredSign is a clock: it is over, and it may come back.
func recoveredSign(in *Input) string {
	if in.P.ASCII() {
		return in.P.Glyphs.OK
	}
	return "◷"
}

// worstStatus is the status that most failed requests of the incident got.
func worstStatus(in *Input) string {
	if in.Verdict.Incident.Slow != nil {
		return "slow"
	}
	sum := incidentSum(in)
	counts := stack(&sum)
	best, word := uint32(0), ""
	for _, p := range pickOrder[:failingPicks] {
		if counts[p] > best {
			best, word = counts[p], partNames[p]
		}
	}
	switch word {
	case "none":
		return "no answer"
	case "5xx": // one that is not told apart in the seconds
		return commonest(in.Snap.Traffic.Statuses, func(status int) bool { return partOf(status) == draw.Part5xx })
	case "": // an incident older than the seconds kept
		return commonest(in.Snap.Traffic.Statuses, func(status int) bool { return status >= 500 })
	}
	return word
}

// commonest is the most frequent of the statuses that ok lets through.
func commonest(statuses []window.StatusCount, ok func(int) bool) string {
	best, word := uint64(0), "5xx"
	for _, s := range statuses {
		if ok(s.Status) && s.Count > best {
			best, word = s.Count, strconv.Itoa(s.Status)
		}
	}
	return word
}

// incidentSum adds the seconds of the incident up.
func incidentSum(in *Input) window.Second {
	var sum window.Second
	inc := &in.Verdict.Incident
	for i := range in.Snap.Traffic.Seconds {
		s := &in.Snap.Traffic.Seconds[i]
		if s.Unix < inc.Started.Unix() || !inc.Ended.IsZero() && s.Unix > inc.Ended.Unix() {
			continue
		}
		sum.Add(s)
	}
	return sum
}

// lastMinute adds the newest minute up.
func lastMinute(in *Input) window.Second {
	var sum window.Second
	from := in.now().Unix() - 60
	for i := range in.Snap.Traffic.Seconds {
		if s := &in.Snap.Traffic.Seconds[i]; s.Unix > from {
			sum.Add(s)
		}
	}
	return sum
}

// failedShare says what share of requests fails: "37 % of requests fail".
func failedShare(in *Input) []part {
	inc := &in.Verdict.Incident
	if s := inc.Slow; s != nil {
		return []part{warn("answers are slow: p95 " + Duration(s.During) + ", before " + Duration(s.Before)), txt(" (" + Number(s.Late) + " of " +
			Number(inc.Requests) + " requests took longer than " + Duration(s.Limit) + " from " + in.clock(inc.Started) + " on); no more fail than usual")}
	}
	if inc.State == diagnose.Recovered {
		return []part{warn(Ratio(inc.Ratio) + " of requests failed"), txt(" for " + Span(inc.Ended.Sub(inc.Started)) +
			" (" + Number(inc.Failed) + " of " + Number(inc.Requests) + ", " + in.clock(inc.Started) + " to " + in.clock(inc.Ended) + ")")}
	}
	failed, requests, span := inc.Failed, inc.Requests, "since "+in.clock(inc.Started)
	if sum := lastMinute(in); in.now().Sub(inc.Started) > time.Minute && sum.Failed > 0 {
		failed, requests, span = uint64(sum.Failed), uint64(sum.Total()), "a minute"
	}
	return []part{fail(Percent(failed, requests) + " of requests fail"), txt(" (" + Number(failed) + " of " + Number(requests) + " " + span + ")")}
}

// scopeWords say what the failing requests have in common.
func scopeWords(in *Input) []part {
	inc := &in.Verdict.Incident
	names := map[string]string{"upstream": "upstream ", "host": "host ", "client": "client ", "backend": "backend ", "method": "", "route": "", "user_agent": "agent "}
	byField := map[string][]string{}
	var order []string
	for _, s := range inc.Scope {
		if len(byField[s.Field]) == 0 {
			order = append(order, s.Field)
		}
		if len(byField[s.Field]) < 3 {
			byField[s.Field] = append(byField[s.Field], tail.Safe(s.Value, 80))
		}
	}
	var parts []part
	if inc.Pattern != "" {
		parts = append(parts, dim("; "), warn(tail.Safe(inc.Pattern, 100)))
	}
	for _, f := range order {
		lead := "; only "
		if f == "route" {
			lead = "; "
		}
		parts = append(parts, dim(lead+names[f]), mark(strings.Join(byField[f], ", ")))
	}
	if len(order) == 0 && inc.State == diagnose.Ongoing && inc.Slow == nil {
		parts = append(parts, dim("; no upstream, route or host stands out"))
	}
	return parts
}

// evidenceParts is one observation as a line.
func evidenceParts(in *Input, e *diagnose.Evidence) []part {
	sign := good("+ ")
	if e.Against {
		sign = warn("- ")
	}
	parts := []part{sign}
	room := in.Width - 12
	if e.Count > 1 {
		parts = append(parts, head(Number(e.Count)+" x "))
	}
	sample, meaning := gist(tail.Safe(e.Sample, 600)), tail.Safe(e.Meaning, 300)
	first, second := sample, meaning
	if sample == "" || meaning != "" && draw.Width(sample) > room*2/3 {
		first, second = meaning, sample // a long line would push its meaning out of sight
	}
	parts = append(parts, txt(first))
	const least = 24 // cells; a shorter piece of the second says nothing
	if second != "" && room-draw.Width(first) >= least {
		parts = append(parts, dim("  "+second))
	}
	if e.Source != "" && in.Width >= 140 {
		parts = append(parts, dim("  ["+tail.Safe(e.Source, 60)+"]"))
	}
	return parts
}

// errorHead is what nginx writes before the words of an error line: time, level,
// process, thread and connection (nginx source, ngx_log_error_core).
var errorHead = tail.Pattern(`^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[\w+\] \d+#\d+: (?:\*\d+ )?`)

// gist is the words of a sample line: an nginx error line without what stands
// before them and without the list of keys after them.
func gist(sample string) string {
	words := errorHead().ReplaceAllString(sample, "")
	if words == sample {
		return sample
	}
	words, _, _ = strings.Cut(words, ", client: ")
	return words
}

// troubles are one line for each source that can't be read now.
func troubles(in *Input) [][]part {
	var lines [][]part
	for i := range in.Snap.Sources {
		s := &in.Snap.Sources[i]
		if s.Status.State == tail.StateFailed || s.Status.State == tail.StateWaiting {
			why := s.Status.Why
			if why == "" {
				why = "it is away; it is waited for"
			}
			lines = append(lines, []part{
				fail(in.P.Glyphs.Fail + " " + tail.Safe(s.Name, 80) + " "), warn(s.Status.State.String()), txt(": " + tail.Safe(why, 300)),
			})
		}
	}
	return lines
}
