package probe

import (
	"testing"
	"time"
)

func TestHistoryKeepsFailuresLonger(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var h History
	at := func(i int) time.Time { return start.Add(time.Duration(i) * time.Second) }
	for i := range 500 {
		c := OK
		if i >= 10 && i < 20 {
			c = Refused
		}
		h.Add(Result{At: at(i), Class: c})
		if i == 15 && !h.Since.Equal(at(10)) {
			t.Errorf("unhealthy since %v, want %v", h.Since, at(10))
		}
	}
	failures := 0
	for i, r := range h.Results {
		if r.Class == Refused {
			failures++
		}
		if i > 0 && !r.At.After(h.Results[i-1].At) {
			t.Fatalf("out of order at %d", i)
		}
	}
	if len(h.Results) != MaxHistory || failures != 10 || !h.Since.Equal(at(20)) || !h.Last().At.Equal(at(499)) {
		t.Errorf("%d results, %d failures, since %v, last %v", len(h.Results), failures, h.Since, h.Last().At)
	}
}

func TestHistoryOnlyFailures(t *testing.T) {
	var h History
	for i := range 300 {
		h.Add(Result{At: time.Unix(int64(i), 0), Class: Timeout})
	}
	if len(h.Results) != MaxHistory || h.Results[0].At.Unix() != 180 || h.Since.Unix() != 0 {
		t.Errorf("%d results from %v, since %v", len(h.Results), h.Results[0].At, h.Since)
	}
}

func TestHistoryLeavesOldSlicesAlone(t *testing.T) {
	var h History
	for i := range MaxHistory {
		h.Add(Result{At: time.Unix(int64(i), 0), Class: OK})
	}
	old := h.Results
	for i := range 50 {
		h.Add(Result{At: time.Unix(int64(1000+i), 0), Class: OK})
	}
	for i := range old {
		if old[i].At.Unix() != int64(i) {
			t.Fatalf("a slice handed out earlier changed at %d", i)
		}
	}
}
