package headless

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"why502/probe/diagnose"
	"why502/probe/incident"
	"why502/probe/load"
	"why502/probe/report"
	"why502/probe/session"
	"why502/tail"
)

// Report reads the sources to their end and writes what happened and why. found
// says that an incident was found.
func Report(ctx context.Context, w io.Writer, cfg session.Config, format string) (found bool, err error) {
	if err := report.CheckFormat(format); err != nil {
		return false, err
	}
	cfg.Live = false
	s, err := session.Open(ctx, cfg)
	if err != nil {
		return false, err
	}
	defer s.Close()
	unreadable := s.Wait()
	s.Ask(ctx)
	snap := s.Snapshot()
	if unreadable != nil && len(snap.Sources) == failed(snap) {
		return false, unreadable
	}
	v := s.Verdict(snap)
	r := report.Build(snap, v, s.Rows(snap, v))
	if err := report.Write(w, r, format); err != nil {
		return false, err
	}
	s.Keep() // what was told needs no telling again
	return v.Incident.State != diagnose.None, unreadable
}

// failed counts the sources that could not be read.
func failed(snap *incident.Snapshot) int {
	n := 0
	for _, s := range snap.Sources {
		if s.Status.State == tail.StateFailed {
			n++
		}
	}
	return n
}

// CheckOptions are the flags of check.
type CheckOptions struct {
	Via    string // the gateway's URL, asked as well and compared
	Load   bool   // a yes to the load step
	Format string
}

// Check runs the checklist once against the endpoints of cfg and writes it. found
// says that a step failed.
func Check(ctx context.Context, w io.Writer, cfg session.Config, opt CheckOptions) (found bool, err error) {
	if err := report.CheckFormat(opt.Format); err != nil {
		return false, err
	}
	cfg.Live = false
	s, err := session.Open(ctx, cfg)
	if err != nil {
		return false, err
	}
	defer s.Close()
	if err := s.Wait(); err != nil {
		return false, err
	}
	if opt.Via != "" {
		if err := s.Via(opt.Via); err != nil {
			return false, err
		}
	}
	s.Ask(ctx)
	for step := 1; step <= 7; step++ {
		var plan *load.Plan
		if p, ok := s.LoadPlan(); ok && opt.Load {
			plan = &p
		}
		s.RunStepNow(ctx, step, plan)
	}
	snap := s.Snapshot()
	v := s.Verdict(snap)
	rows := s.Rows(snap, v)
	if err := report.WriteCheck(w, report.Build(snap, v, rows), opt.Format); err != nil {
		return false, err
	}
	for _, r := range rows {
		if r.Verdict == incident.Fail {
			return true, nil
		}
	}
	return false, nil
}

// Load runs the bounded load test on its own and writes its stages and outcome.
func Load(ctx context.Context, w io.Writer, plan load.Plan) error {
	if err := plan.Validate(); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w, plan.Sentence()); err != nil {
		return err
	}
	out, err := load.Run(ctx, plan, func(st load.Stage) {
		_, _ = fmt.Fprintf(w, "%6.1f/s  answered %6.1f/s  ok %d  failed %d  p50 %s  p95 %s  p99 %s  max %s\n",
			st.Rate, st.Achieved, st.OK, st.Failed, round(st.P50), round(st.P95), round(st.P99), round(st.Max))
	})
	if err != nil {
		return err
	}
	for _, status := range slices.Sorted(mapKeys(out.Statuses)) {
		_, _ = fmt.Fprintf(w, "status %d: %d\n", status, out.Statuses[status])
	}
	for _, class := range slices.Sorted(mapKeys(out.Errors)) {
		_, _ = fmt.Fprintf(w, "error %s: %d\n", class, out.Errors[class])
	}
	if out.Stopped != "" {
		_, _ = fmt.Fprintln(w, "stopped early:", out.Stopped)
	}
	knee := "no knee found within the plan"
	if out.Knee > 0 {
		knee = fmt.Sprintf("it began to suffer at %.0f requests a second", out.Knee)
	}
	_, err = fmt.Fprintln(w, knee)
	return err
}

func mapKeys[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// round keeps three digits of a latency.
func round(d time.Duration) time.Duration {
	for unit := time.Duration(1); ; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit)
		}
	}
}

// Explain writes what a cause id, flag, message, code or status means. A whole line
// of a log is read as report reads it, so that both name the same cause.
func Explain(ctx context.Context, w io.Writer, words, gateway string) error {
	found := diagnose.Explain(words, gateway)
	if e, ok := explainLine(ctx, words); ok && (len(found) == 0 || found[0].DidYouMean || found[0].Cause != e.Cause) {
		found = []diagnose.Explanation{e}
	}
	if len(found) == 0 {
		return fmt.Errorf("nothing is known about %q; try a cause id such as upstream-down, a flag such as UF or sC--, an AH code, a status, or a part of the message", tail.Safe(words, 80))
	}
	for i, e := range found {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(w, e.Text()); err != nil {
			return err
		}
	}
	return nil
}

// Time reads --since and --until: RFC 3339, a clock time of today (15:04 or
// 15:04:05, in zone), or a duration before now.
func Time(s string, now time.Time, zone *time.Location) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	now = now.In(zone)
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			at := time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone)
			if at.After(now) {
				at = at.AddDate(0, 0, -1)
			}
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 2006-01-02T15:04:05Z, 15:04 or a duration such as 30m", tail.Clean(s, 60))
}
