package checklist

import (
	"fmt"
	"sort"
	"time"

	"why502/probe/incident"
	"why502/probe/load"
)

// The marks by which a load test is judged.
const (
	badShare  = 0.01 // of requests that fail: warn
	worstFail = 0.05 // fail
	slowTail  = 10   // p99 over this many times p50 of the first stage, and over a second: warn
)

// judgeLoad says what an outcome shows; sentence is what was agreed to.
func judgeLoad(out load.Outcome, sentence string) outcome {
	var o outcome
	var sent, failed uint64
	var best float64
	for i, s := range out.Stages {
		sent += s.Sent
		failed += s.Failed
		best = max(best, s.Achieved)
		o.add(fmt.Sprintf("stage %d, %.0f/s asked, %.0f/s answered: %d failed of %d, p50 %s, p95 %s, p99 %s, max %s",
			i+1, s.Rate, s.Achieved, s.Failed, s.Sent, took(s.P50), took(s.P95), took(s.P99), took(s.Max)), "")
	}
	o.findings = append([]incident.Finding{{Text: "load test ran " + took(out.Took), Evidence: sentence}}, o.findings...)
	if sent == 0 {
		o.verdict, o.summary = incident.Unknown, "nothing sent"
		return o
	}
	share := float64(failed) / float64(sent)
	for _, status := range sortedStatuses(out.Statuses) {
		if overloadStatus[status] {
			o.add(fmt.Sprintf("%d requests got status %d", out.Statuses[status], status), "")
		}
	}
	for _, class := range sortedKeys(out.Errors) {
		o.add(fmt.Sprintf("%d requests ended as: %s", out.Errors[class], errorWords(class)), "")
	}
	switch {
	case share >= worstFail:
		o.raise(incident.Fail, percent(share)+" failed")
	case share >= badShare:
		o.raise(incident.Warn, percent(share)+" failed")
	}
	if out.Stopped != "" {
		o.add("it stopped itself: "+out.Stopped, "")
		o.raise(incident.Warn, "stopped early")
	}
	if out.Knee > 0 {
		o.add(fmt.Sprintf("it begins to fail or slow down at about %.0f requests a second", out.Knee), "")
		o.raise(incident.Warn, fmt.Sprintf("knee at %.0f/s", out.Knee))
	} else {
		o.add(fmt.Sprintf("no knee up to %.0f requests a second: where it is, this test can't say", best), "")
	}
	first, last := out.Stages[0], out.Stages[len(out.Stages)-1]
	if last.P99 > time.Second && last.P99 > slowTail*first.P50 {
		o.add(fmt.Sprintf("the slowest percent waits %s and more", took(last.P99)), "")
		o.raise(incident.Warn, "p99 "+took(last.P99))
	}
	o.raise(incident.Pass, fmt.Sprintf("%.0f/s, p99 %s", best, took(last.P99)))
	return o
}

func sortedStatuses(m map[int]uint64) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Ints(keys)
	return keys
}

func sortedKeys(m map[string]uint64) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
