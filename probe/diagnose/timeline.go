package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"why502/probe"
	"why502/tail"
)

// maxTimeline bounds the entries of a time line, and each kind of line on it.
const (
	maxTimeline = 60
	maxOfRow    = 6
)

// otherCause is the confidence from which a second cause stands on the time line.
const otherCause = 0.3

// timeline puts onset, causes, restarts, probe flips, marks and recovery in order.
func timeline(e *evidence, ep *episode, causes []Cause) []Entry {
	var out []Entry
	add := func(at time.Time, kind, text string) {
		if !at.IsZero() {
			out = append(out, Entry{Time: at, Kind: kind, Text: text})
		}
	}
	if ep.found {
		begins, ends := "requests begin to fail", "the last failure; requests succeed again"
		switch {
		case ep.slow != nil:
			begins = fmt.Sprintf("answers become slow: p95 %s instead of %s", ep.slow.During, ep.slow.Before)
			ends = "answers are as fast again as before"
		case ep.fromStart:
			begins = "requests fail since the log begins"
		}
		add(ep.start, "onset", begins)
		add(ep.end, "recovery", ends)
		others(ep, add)
	}
	for i := range causes {
		c := &causes[i]
		first, last := span(c)
		if i > 0 && c.Confidence < otherCause || first.IsZero() {
			continue
		}
		add(first, "cause", fmt.Sprintf("first sign of %s: %s", c.ID, c.Title))
		if !ep.end.IsZero() && last.After(first.Add(time.Second)) && i == 0 {
			add(last, "cause", fmt.Sprintf("last sign of %s", c.ID))
		}
	}
	for _, f := range e.every {
		kind := ""
		switch f.sig.Role {
		case ConfigRole:
			kind = "config"
		case ProcessRole, Hint:
			kind = "process"
		case RecoveryRole:
			kind = "process"
		default:
			continue
		}
		for i, p := range f.seconds {
			if i == maxOfRow {
				break
			}
			add(time.Unix(p.Unix, 0).UTC(), kind, tail.Safe(f.text, 160))
		}
	}
	for i := range e.snap.Probes {
		flips(&e.snap.Probes[i], add)
	}
	for _, m := range e.snap.Marks {
		add(m.Time, m.Kind, m.Text)
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return cmp.Compare(a.Time.UnixNano(), b.Time.UnixNano()) })
	if len(out) > maxTimeline {
		out = out[len(out)-maxTimeline:]
	}
	return out
}

// others adds the incidents that the verdict is not about.
func others(ep *episode, add func(time.Time, string, string)) {
	for i := range ep.changes.Episodes {
		o := &ep.changes.Episodes[i]
		if !o.Start.Before(ep.start) && !o.Start.After(ep.lastFailure) || o.Start.Before(ep.start) && o.End.IsZero() {
			continue
		}
		which := "an earlier incident"
		if o.Start.After(ep.start) {
			which = "a later incident"
		}
		add(o.Start, "onset", fmt.Sprintf("%s: %d of %d requests failed", which, o.Failed, o.Requests))
		add(o.End, "recovery", which+" ended")
	}
}

// span is when a cause's evidence from logs began and ended.
func span(c *Cause) (first, last time.Time) {
	for _, e := range c.Evidence {
		if e.Against || e.First.IsZero() {
			continue
		}
		if first.IsZero() || e.First.Before(first) {
			first = e.First
		}
		if e.Last.After(last) {
			last = e.Last
		}
	}
	return first, last
}

// flips adds the changes of a target between healthy and not.
func flips(h *probe.History, add func(time.Time, string, string)) {
	for i := 1; i < len(h.Results); i++ {
		before, now := &h.Results[i-1], &h.Results[i]
		if before.Class.Healthy() != now.Class.Healthy() {
			add(now.At, "probe", fmt.Sprintf("%s: %s, before %s", tail.Clean(h.Target.Addr(), maxName), now.Class, before.Class))
		}
	}
}
