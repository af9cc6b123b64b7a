package load

import (
	"fmt"
	"time"
)

// kneeSamples is how many answers a step needs to be judged.
const kneeSamples = 10

// knee finds the first step from which on every judged step is worse than the
// baseline. A step that is bad alone between good ones is noise, a target that is
// bad from the first step on has no knee: both give 0.
func knee(stages []Stage) (rate float64, reason string) {
	if len(stages) < 2 || worse(stages[0], stages[0]) != "" || judged(stages[0]) < kneeSamples {
		return 0, ""
	}
	for _, s := range stages[1:] {
		if s.Sent == 0 && s.Unsent == 0 {
			break // never begun
		}
		why := worse(s, stages[0])
		switch {
		case why == "":
			rate, reason = 0, ""
		case rate == 0:
			rate, reason = s.Rate, why
		}
	}
	return rate, reason
}

func judged(s Stage) uint64 { return s.OK + s.Failed + s.Unsent }

// worse says in what s is worse than base, "" when it is not or has too few
// answers to tell. The median decides on slowness: it does not move by one pause.
func worse(s, base Stage) string {
	n := judged(s)
	if n < kneeSamples {
		return ""
	}
	switch {
	case float64(s.Failed) > 0.05*float64(n):
		return fmt.Sprintf("%.0f %% failed", 100*float64(s.Failed)/float64(n))
	case float64(s.Unsent) > 0.05*float64(n):
		return fmt.Sprintf("only %s of %s a second were answered", short(s.Achieved), short(s.Rate))
	case s.P50 > 3*base.P50+10*time.Millisecond:
		return fmt.Sprintf("the median rose from %s to %s", base.P50.Round(time.Millisecond/10), s.P50.Round(time.Millisecond/10))
	}
	return ""
}
