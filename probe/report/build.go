package report

import (
	"fmt"
	"math"
	"time"

	"why502/probe/checklist"
	"why502/probe/diagnose"
	"why502/probe/incident"
	"why502/tail"
	"why502/tail/window"
)

// The lengths at which hostile text is cut, in runes.
const (
	maxName   = 200
	maxText   = 600
	maxSample = 1000
)

// maxSamples bounds the shown lines of a source that no parser understood.
const maxSamples = 5

func safeText(s string) string { return tail.Safe(s, maxText) }

// Build says what is known in the words of the contract.
func Build(snap *incident.Snapshot, v diagnose.Verdict, rows []checklist.Row) Report {
	r := Report{
		Schema:     Schema,
		Sources:    make([]Source, 0, len(snap.Sources)),
		Traffic:    buildTraffic(snap),
		Incident:   buildIncident(v.Incident),
		Causes:     make([]Cause, 0, len(v.Causes)),
		Checklist:  make([]Step, 0, len(rows)),
		Timeline:   make([]Entry, 0, len(v.Timeline)),
		Unsure:     safeText(v.Unsure),
		NearMisses: buildNearMisses(&snap.Traffic, v.NearMisses),
		chart:      buildChart(snap.Traffic.Seconds, v.Incident.Started),
	}
	for i := range snap.Sources {
		r.Sources = append(r.Sources, buildSource(&snap.Sources[i]))
	}
	for i := range v.Causes {
		r.Causes = append(r.Causes, buildCause(&v.Causes[i]))
	}
	for i := range rows {
		r.Checklist = append(r.Checklist, buildStep(&rows[i]))
	}
	for _, e := range v.Timeline {
		r.Timeline = append(r.Timeline, Entry{Time{e.Time}, e.Kind, safeText(e.Text)})
	}
	return r
}

func buildSource(s *incident.Source) Source {
	out := Source{
		Name: tail.Safe(s.Name, maxName), Gateway: s.Gateway, Format: tail.Safe(s.Format, maxName),
		Lines: s.Lines, Parsed: s.Parsed, Unparsed: s.Unparsed, Bytes: s.Bytes,
		First: Time{s.First}, Last: Time{s.Last},
	}
	if s.Format != "" {
		out.Confidence = math.Round(s.Confidence*100) / 100
	}
	if s.Kind != tail.KindRaw {
		out.Kind = s.Kind.String()
	}
	for _, sample := range s.UnparsedSamples[:min(len(s.UnparsedSamples), maxSamples)] {
		out.Samples = append(out.Samples, tail.Safe(sample, maxText))
	}
	if s.Status.State == tail.StateFailed || s.Status.State == tail.StateWaiting {
		out.Problem = safeText(s.Status.Why)
	}
	if c := s.Clock; c.Requests > 0 {
		out.Clock = &Clock{OffsetMs: float64(c.Offset.Milliseconds()), ErrorMs: float64(c.Error.Milliseconds()), Requests: c.Requests, Text: c.String()}
	}
	return out
}

func buildTraffic(snap *incident.Snapshot) Traffic {
	v := &snap.Traffic
	read := v.Requests > 0
	for i := range snap.Sources {
		read = read || snap.Sources[i].Kind == tail.KindAccess
	}
	if !read {
		return Traffic{}
	}
	t := Traffic{
		Requests: &v.Requests, Retried: &v.Retried, Aborted: &v.Aborted,
		Statuses: make(map[string]uint64), Classes: make(map[string]uint64),
		Latency: buildLatency(v.Latency), UpstreamLatency: buildLatency(v.UpstreamLatency),
	}
	for _, s := range v.Statuses {
		if s.Status <= 0 {
			continue // nothing was sent, or it was not logged
		}
		t.Statuses[fmt.Sprintf("%03d", s.Status)] += s.Count
		if class := s.Status / 100; class >= 1 && class <= 5 {
			t.Classes[fmt.Sprintf("%dxx", class)] += s.Count
		}
	}
	return t
}

func buildLatency(q window.Quantiles) *Latency {
	if q.Count == 0 {
		return nil
	}
	return &Latency{toSeconds(q.P50), toSeconds(q.P90), toSeconds(q.P95), toSeconds(q.P99), toSeconds(q.Max)}
}

func buildIncident(i diagnose.Incident) Incident {
	out := Incident{State: string(i.State)}
	if out.State == "" {
		out.State = string(diagnose.None)
	}
	if i.State != diagnose.Ongoing && i.State != diagnose.Recovered {
		return out
	}
	out.Started, out.Ended, out.Pattern = Time{i.Started}, Time{i.Ended}, safeText(i.Pattern)
	if i.Requests > 0 {
		ratio := share(i.Ratio)
		out.Requests, out.FailureRatio = &i.Requests, &ratio
	}
	if i.Failed > 0 || i.Requests > 0 {
		out.Failed = &i.Failed
	}
	out.Onset = i.Onset
	for status, n := range i.Statuses {
		if out.Statuses == nil {
			out.Statuses = map[string]uint64{}
		}
		out.Statuses[fmt.Sprintf("%03d", status)] += n
	}
	if b := i.Background; b.Failed > 0 {
		out.Background = &Background{b.Requests, b.Failed, share(b.Share())}
	}
	if s := i.Slow; s != nil {
		out.Slow = &Slow{toSeconds(s.Before), toSeconds(s.During), s.Late, toSeconds(s.Limit)}
	}
	if m := i.Made; m != (diagnose.Made{}) {
		out.MadeBy = &MadeBy{m.Gateway, m.Application, m.Unknown}
	}
	if i.Requests > 0 || len(i.Scope) > 0 {
		out.Scope = make([]Scope, 0, len(i.Scope))
	}
	for _, s := range i.Scope {
		out.Scope = append(out.Scope, Scope{s.Field, tail.Safe(s.Value, maxName), share(s.FailedShare), share(s.OKShare)})
	}
	return out
}

// share keeps a ratio between 0 and 1 to six digits.
func share(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return math.Round(min(1, max(0, x))*1e6) / 1e6
}

func buildCause(c *diagnose.Cause) Cause {
	out := Cause{
		ID: string(c.ID), Title: safeText(c.Title),
		Confidence: math.Floor(share(c.Confidence)*1e4) / 1e4, // down, so that the sum stays at most 1
		Evidence:   make([]Evidence, 0, len(c.Evidence)),
		Next:       safeAll(c.Next), Commands: safeAll(c.Commands),
		Step: c.Step, Scope: tail.Safe(c.Scope, maxName),
	}
	if c.Share > 0 {
		s := share(c.Share)
		out.Share = &s
	}
	out.Stories = buildStories(c.Stories)
	for _, e := range c.Evidence {
		built := Evidence{
			Source: tail.Safe(e.Source, maxName), Count: e.Count, First: Time{e.First}, Last: Time{e.Last},
			Sample: tail.Safe(e.Sample, maxSample), Meaning: safeText(e.Meaning),
		}
		if e.Against {
			out.Against = append(out.Against, built)
		} else {
			out.Evidence = append(out.Evidence, built)
		}
	}
	return out
}

func safeAll(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		out = append(out, safeText(s))
	}
	return out
}

func buildStep(row *checklist.Row) Step {
	out := Step{
		Step: row.Step, ID: row.ID, Title: safeText(row.Title), Verdict: string(row.Verdict),
		Findings: make([]Finding, 0, len(row.Findings)), Commands: safeAll(row.Commands),
	}
	if out.Verdict == "" {
		out.Verdict = string(incident.Unknown)
	}
	for _, f := range row.Findings {
		out.Findings = append(out.Findings, Finding{safeText(f.Text), tail.Safe(f.Evidence, maxSample)})
	}
	return out
}

// chartColumns is how many columns the traffic over time is drawn in.
const chartColumns = 60

// chart is requests and failures over time, in columns of equal length.
type chart struct {
	first   time.Time
	each    time.Duration
	columns []column
	onset   int // the column in which the incident began, -1 when in none
}

type column struct{ requests, failed uint64 }

// buildChart cuts the seconds from the first to the last request into at most
// chartColumns columns.
func buildChart(seconds []window.Second, onset time.Time) chart {
	for len(seconds) > 0 && seconds[0].Total() == 0 {
		seconds = seconds[1:]
	}
	for len(seconds) > 0 && seconds[len(seconds)-1].Total() == 0 {
		seconds = seconds[:len(seconds)-1]
	}
	if len(seconds) < 2 {
		return chart{onset: -1}
	}
	each := (len(seconds) + chartColumns - 1) / chartColumns
	c := chart{
		first: time.Unix(seconds[0].Unix, 0).UTC(), each: time.Duration(each) * time.Second,
		columns: make([]column, (len(seconds)+each-1)/each), onset: -1,
	}
	for i := range seconds {
		col := &c.columns[i/each]
		col.requests += uint64(seconds[i].Total())
		col.failed += uint64(seconds[i].Failed)
	}
	if !onset.IsZero() {
		if i := int(onset.Sub(c.first) / c.each); onset.Sub(c.first) >= 0 && i < len(c.columns) {
			c.onset = i
		}
	}
	return c
}
