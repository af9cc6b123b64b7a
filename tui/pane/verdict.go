package pane

import (
	"strconv"

	"why502/probe/diagnose"
	"why502/tail"
	"why502/tail/window"
	"why502/themes"
)

// Verdict is the pane that says what fails, why, what shows it and what to do
// next.
type Verdict struct{}

// Title names the pane with the state.
func (v *Verdict) Title(in *Input) string {
	switch StateOf(in) {
	case Failing:
		return "Verdict: failing"
	case Recovered:
		return "Verdict: recovered"
	case Healthy:
		return "Verdict: healthy"
	}
	return "Verdict"
}

// Lines shows the verdict; what is most needed comes first, the next command
// always last.
func (v *Verdict) Lines(in *Input) []string {
	state := StateOf(in)
	if state == Failing || state == Recovered {
		return fill(in, v.incident(in))
	}
	return fill(in, v.calm(in, state))
}

// incident shows what fails and why.
func (v *Verdict) incident(in *Input) []string {
	w := in.Width
	lines := []string{row(in.P, w, append(failedShare(in), scopeWords(in)...)...)}
	if len(in.Verdict.Causes) == 0 {
		lines = append(lines, indent(in, dim("cause: "), txt("not known yet. "+v.wanting(in)))...)
		return append(lines, v.troubles(in, in.Height-len(lines))...)
	}
	lines = append(lines, row(in.P, w, causeParts(in, &in.Verdict.Causes[0])...))
	tailLines := v.after(in)
	room := in.Height - len(lines) - len(tailLines)
	lines = append(lines, v.troubles(in, max(0, min(room-1, 2)))...)
	room = in.Height - len(lines) - len(tailLines)
	lines = append(lines, v.evidence(in, &in.Verdict.Causes[0], room)...)
	for len(lines)+len(tailLines) < in.Height {
		lines = append(lines, blanks(w))
	}
	return append(lines, tailLines...)
}

// wanting says what would help where no cause is found.
func (v *Verdict) wanting(in *Input) string {
	if !in.hasErrors() {
		return "The gateway's error log says most: open it too (why502 access.log error.log)."
	}
	return "Step 2 shows the log lines that no signature knows."
}

// causeParts names a cause with its confidence.
func causeParts(in *Input, c *diagnose.Cause) []part {
	return []part{
		fail(string(c.ID)), head(" " + Ratio(c.Confidence) + " "), drawn(in.P.Gauge(8, c.Confidence, themes.Warn)),
		txt("  " + tail.Safe(c.Title, 300)),
	}
}

// evidence shows up to room observations, each on a line; what is over is joined
// on the last one.
func (v *Verdict) evidence(in *Input, c *diagnose.Cause, room int) []string {
	var lines []string
	all := len(c.Evidence)
	for i := 0; i < all && len(lines) < room; i++ {
		parts := append([]part{txt("  ")}, evidenceParts(in, &c.Evidence[i])...)
		if left := all - i - 1; left > 0 && len(lines) == room-1 {
			lines = append(lines, sides(in.P, in.Width, parts, []part{dim("+" + strconv.Itoa(left) + " more: Enter")}))
			return lines
		}
		lines = append(lines, row(in.P, in.Width, parts...))
	}
	if len(lines) < room && len(lines) > 0 && !hasAgainst(c) {
		lines = append(lines, row(in.P, in.Width, dim("  - nothing speaks against it")))
	}
	return lines
}

func hasAgainst(c *diagnose.Cause) bool {
	for i := range c.Evidence {
		if c.Evidence[i].Against {
			return true
		}
	}
	return false
}

// close is the share of the first cause's confidence from which the second one is
// shown beside it.
const closeShare = 0.4

// second is the cause to show beside the first one, with the word before it: one
// that has failures of its own to explain, or one that competes for the same.
func (v *Verdict) second(in *Input) (c *diagnose.Cause, lead string) {
	causes := in.Verdict.Causes
	if len(causes) < 2 {
		return nil, ""
	}
	for i := range causes[1:] {
		if c := &causes[i+1]; c.Scope != causes[0].Scope && c.Share < 1 && c.Share > 0 {
			return c, "and, " + Ratio(c.Share) + " of the failures: "
		}
	}
	if c := &causes[1]; c.Confidence >= closeShare*causes[0].Confidence {
		return c, "or "
	}
	return nil, ""
}

// after is what stands below the evidence: the doubt and what to do next.
func (v *Verdict) after(in *Input) []string {
	w, c := in.Width, &in.Verdict.Causes[0]
	var lines []string
	if second, lead := v.second(in); in.Height >= 6 && second != nil {
		lines = append(lines, row(in.P, w, dim(lead), warn(string(second.ID)), head(" "+Ratio(second.Confidence)),
			txt("  "+tail.Safe(second.Title, 200))))
	}
	if in.Height >= 5 && in.Verdict.Unsure != "" {
		lines = append(lines, row(in.P, w, warn("not sure: "), txt(tail.Safe(in.Verdict.Unsure, 300))))
	}
	keys := []part{key("y"), dim(" copy")}
	if c.Step > 0 {
		keys = append(keys, dim("  "), key(strconv.Itoa(c.Step)), dim(" open step "+strconv.Itoa(c.Step)))
	}
	switch {
	case len(c.Commands) > 0:
		if in.Height >= 6 && len(c.Next) > 0 {
			lines = append(lines, row(in.P, w, head("next: "), txt(tail.Safe(c.Next[0], 300))))
			return append(lines, sides(in.P, w, []part{head("run:  "), mark(tail.Safe(c.Commands[0], 500))}, keys))
		}
		return append(lines, sides(in.P, w, []part{head("next: "), mark(tail.Safe(c.Commands[0], 500))}, keys))
	case len(c.Next) > 0:
		return append(lines, sides(in.P, w, []part{head("next: "), txt(tail.Safe(c.Next[0], 500))}, keys))
	}
	return lines
}

// troubles shows at most room lines of sources that can't be read.
func (v *Verdict) troubles(in *Input, room int) []string {
	var lines []string
	for _, parts := range troubles(in) {
		if len(lines) < room {
			lines = append(lines, row(in.P, in.Width, parts...))
		}
	}
	return lines
}

// calm shows what is watched while nothing fails.
func (v *Verdict) calm(in *Input, state State) []string {
	t := &in.Snap.Traffic
	lines := []string{}
	switch state {
	case Reading:
		lines = append(lines, row(in.P, in.Width, txt("Reading what the logs hold: "), drawn(in.P.Gauge(20, in.Snap.Progress, themes.Accent)),
			head(" "+Ratio(in.Snap.Progress)), dim("  "+Number(t.Requests)+" requests so far. Nothing is claimed before the end.")))
	case Waiting:
		lines = append(lines, row(in.P, in.Width, txt("No request was seen yet. New lines show here as they are written.")))
	case Healthy:
		lines = append(lines, v.healthy(in))
	}
	lines = append(lines, v.troubles(in, in.Height-len(lines)-1)...)
	watched := v.watched(in)
	if state != Healthy {
		watched = v.sources(in)
	}
	for _, parts := range watched {
		if len(lines) < in.Height {
			lines = append(lines, row(in.P, in.Width, parts...))
		}
	}
	return lines
}

func (v *Verdict) healthy(in *Input) string {
	t := &in.Snap.Traffic
	if t.Failed == 0 {
		return row(in.P, in.Width, good("No request fails"), txt(" (0 of "+Number(t.Requests)+" seen)."), dim(" Nothing is wrong, so no cause is named."))
	}
	return row(in.P, in.Width, good("No incident: "), txt(Number(t.Failed)+" of "+Number(t.Requests)+" requests failed ("+
		Percent(t.Failed, t.Requests)+"), not more than usual."))
}

// sources says how far each log is read, while there is nothing else to say.
func (v *Verdict) sources(in *Input) [][]part {
	lines := [][]part{{dim("watching  "), txt(watchWords(in))}}
	for i := range in.Snap.Sources {
		s := &in.Snap.Sources[i]
		format := tail.Safe(s.Format, 40)
		if format == "" {
			format = "format not known yet"
		}
		lines = append(lines, []part{
			dim("  " + in.P.Fit(s.Status.State.String(), 10)), mark(in.P.Middle(tail.Safe(s.Name, 300), max(20, in.Width/2))),
			dim("  " + format + "  " + Bytes(uint64(max(s.Status.Offset, 0))) + " of " + Bytes(uint64(max(s.Status.Size, 0)))),
		})
	}
	return lines
}

// watched says what is looked at and what almost went wrong.
func (v *Verdict) watched(in *Input) [][]part {
	t := &in.Snap.Traffic
	lines := [][]part{{dim("watching  "), txt(watchWords(in))}}
	if t.Retried > 0 {
		lines = append(lines, []part{dim("near miss "), warn(Number(t.Retried) + " requests"), txt(" were answered only by a second upstream; clients saw nothing of it")})
	}
	if routes := t.Top[window.ByRoute]; len(routes) > 0 {
		parts := []part{dim("busiest   ")}
		for i := 0; i < len(routes) && i < 4; i++ {
			parts = append(parts, mark(tail.Safe(routes[i].Value, 60)), dim(" "+Number(routes[i].OK+routes[i].Failed)+"  "))
		}
		lines = append(lines, parts)
	}
	if q := t.Latency; q.Count > 0 {
		lines = append(lines, []part{dim("times     "), txt("p50 " + Duration(q.P50) + ", p99 " + Duration(q.P99) + ", slowest " + Duration(q.Max))})
	}
	if t.Aborted > 0 {
		lines = append(lines, []part{dim("gone      "), txt(Plural(int(min(t.Aborted, 1<<31)), "client") + " left before the answer (499): not the gateway's failure")})
	}
	return append(lines, []part{dim("next      "), txt("nothing to do. "), key("1-7"), dim(" open a step of the checklist, "), key("r"), dim(" runs it")})
}

// watchWords counts what is watched.
func watchWords(in *Input) string {
	words := Plural(len(in.Snap.Sources), "log")
	ups := in.upstreams()
	words += ", " + Plural(len(ups), "upstream")
	asked := 0
	for i := range ups {
		if ups[i].last() != nil {
			asked++
		}
	}
	switch {
	case in.Snap.NoProbe:
		words += ", nobody is asked (--no-probe)"
	case asked > 0:
		words += ", " + strconv.Itoa(asked) + " asked directly"
	}
	return words
}

// Do opens the page of all causes.
func (v *Verdict) Do(_ *Input, a Action) Effect {
	if a == Enter || a == Right {
		return Effect{Open: &Target{Page: PageCause, Crumb: "why"}}
	}
	return Effect{}
}

// Copy gives the next command.
func (v *Verdict) Copy(in *Input) (text, what string) {
	if len(in.Verdict.Causes) == 0 {
		return "", ""
	}
	c := &in.Verdict.Causes[0]
	if len(c.Commands) > 0 {
		return c.Commands[0], "command"
	}
	if len(c.Next) > 0 {
		return c.Next[0], "what to do next"
	}
	return "", ""
}

// Step is the step that decides on the first cause.
func (v *Verdict) Step(in *Input) int {
	if len(in.Verdict.Causes) == 0 {
		return 0
	}
	return in.Verdict.Causes[0].Step
}
