package window

import (
	"fmt"
	"math"
	"slices"
	"time"
)

const (
	// An episode that is over counts when it has this many failures, or this share
	// of the log's requests; less is background. One that goes on needs fewer.
	minFailed      = 10
	minFailedShare = 0.01
	minOngoing     = 3
	// Its failing share must be so many times the baseline, and where that share is
	// low, chance must be ruled out by more failures.
	minLift      = 2.5
	lowShare     = 0.05
	minFailedLow = 30
	// lowChance is the probability of a stretch of low failing by chance anywhere in
	// the log.
	lowChance = 0.001

	// maxSilence bounds in seconds how much silence before the first failure is
	// taken for requests that hung: the longest usual timer.
	maxSilence = 75
	// busySilence is how many requests must have been due in a silence before it is
	// taken for one.
	busySilence = 7
	// stillFailing is the probability below which good requests in a row show that
	// the failing is over.
	stillFailing = 0.01
)

// changesOf makes episodes of bursts and counts the rest as baseline.
func changesOf(points []Point, groups [][]run, base float64) Changes {
	var c Changes
	for _, p := range points {
		c.QuietRequests += uint64(p.Total)
		c.QuietFailed += uint64(p.Failed)
	}
	all := c.QuietRequests
	for _, runs := range groups {
		e := episodeOf(points, runs)
		least := min(minFailed, max(1, uint64(minFailedShare*float64(all))))
		if e.Ongoing {
			least = min(least, minOngoing)
		}
		share := burstShare(&e)
		if share < lowShare {
			least = minFailedLow
		}
		if e.Failed < least || share < minLift*base || share < lowShare && !c.stands(&e, len(points)) {
			continue
		}
		for _, b := range e.Bursts {
			c.QuietRequests -= b.Requests
			c.QuietFailed -= b.Failed
		}
		c.Episodes = append(c.Episodes, e)
	}
	if c.QuietRequests > 0 {
		c.Baseline = float64(c.QuietFailed) / float64(c.QuietRequests)
	}
	return c
}

// stands says whether chance does not explain that more fails within the bursts of
// e than in the rest of the log: Fisher's exact test, times the number of stretches
// that n seconds have.
func (c *Changes) stands(e *Episode, n int) bool {
	var failed, requests uint64
	for _, b := range e.Bursts {
		failed += b.Failed
		requests += b.Requests
	}
	restFailed, rest := c.QuietFailed-failed, c.QuietRequests-requests
	return Fisher(failed, requests-failed, restFailed, rest-restFailed)*float64(n)*float64(n)/2 < lowChance
}

// burstShare is the failing share of the requests in the bursts of e alone.
func burstShare(e *Episode) float64 {
	var failed, requests float64
	for _, b := range e.Bursts {
		failed += float64(b.Failed)
		requests += float64(b.Requests)
	}
	return failed / requests
}

func episodeOf(points []Point, runs []run) Episode {
	first, last := runs[0], runs[len(runs)-1]
	e := Episode{Start: beganAt(points, first), FromStart: fromStart(points, first)}
	for _, r := range runs {
		e.Bursts = append(e.Bursts, r.Burst)
	}
	for _, p := range points[first.from:last.to] {
		e.Requests += uint64(p.Total)
		e.Failed += uint64(p.Failed)
	}
	e.Ongoing = goesOn(points, last)
	if !e.Ongoing {
		e.End = unixTime(last.Last + 1)
	}
	e.Pattern = pattern(points, runs)
	e.Sudden = !e.FromStart && e.Pattern == "" && sudden(points[first.from:first.to])
	return e
}

// beganAt says when the failing of r began. Lines that tell durations say so
// themselves. Otherwise requests that hung are missed as a silence in traffic
// that was busy before: then it began when the silence did.
func beganAt(points []Point, r run) time.Time {
	began := unixTime(r.First).Add(-points[r.from].Lead)
	for _, p := range points[r.from:min(r.to, r.from+3)] {
		if p.Failed > 0 {
			if t := unixTime(p.Unix).Add(-p.Lead); t.Before(began) {
				began = t
			}
		}
	}
	if r.from == 0 || points[r.from].Failed < points[r.from].Total {
		return began
	}
	before := points[r.from-1].Unix
	silent := began.Unix() - before - 1
	if silent < 1 || silent > maxSilence {
		return began
	}
	var requests, span float64
	for i := r.from - 1; i >= 0 && before-points[i].Unix < 60; i-- {
		requests += float64(points[i].Total)
		span = float64(before - points[i].Unix + 1)
	}
	if requests/span*float64(silent) >= busySilence {
		return unixTime(before + 1)
	}
	return began
}

// fromStart says whether too few requests came before r to call them a healthy
// time.
func fromStart(points []Point, r run) bool {
	var good uint64
	for _, p := range points[:r.from] {
		good += uint64(p.Total - p.Failed)
	}
	return good < 5 && good < r.Failed
}

// goesOn says whether what came after r leaves it open that the failing goes on:
// nothing came, or too few good requests for the share that failed.
func goesOn(points []Point, r run) bool {
	var good float64
	for _, p := range points[r.to:] {
		good += float64(p.Total - p.Failed)
	}
	if good == 0 {
		return true
	}
	var failed, total float64
	for i := r.to - 1; i >= r.from && r.Last-points[i].Unix < 30; i-- {
		failed += float64(points[i].Failed)
		total += float64(points[i].Total)
	}
	share := min(0.9, failed/total)
	return math.Pow(1-share, good) >= stillFailing
}

// pattern describes flapping or a slow burn, "" for a plain step.
func pattern(points []Point, runs []run) string {
	if len(runs) >= 3 {
		return flapping(runs)
	}
	return slowBurn(points[runs[0].from:runs[0].to])
}

func flapping(runs []run) string {
	starts, lengths := make([]int64, 0, len(runs)), make([]int64, 0, len(runs))
	for i, r := range runs {
		lengths = append(lengths, r.Last-r.First+1)
		if i > 0 {
			starts = append(starts, r.First-runs[i-1].First)
		}
	}
	slices.Sort(starts)
	slices.Sort(lengths)
	length := inWords(lengths[len(lengths)/2])
	if rhythm(runs) == len(runs) {
		every := starts[len(starts)/2]
		text := fmt.Sprintf("every %s for %s, %d times", inWords(every), length, len(runs))
		if scheduled(every) {
			text += ": as regular as a scheduled job (cron, a timer, a deploy)"
		}
		return text
	}
	return fmt.Sprintf("on and off, %d times, each about %s", len(runs), length)
}

// inWords says n seconds in words.
func inWords(n int64) string {
	switch {
	case n < 120:
		return fmt.Sprintf("%d s", n)
	case n < 2*3600:
		return fmt.Sprintf("%d min", (n+30)/60)
	}
	return fmt.Sprintf("%d h", (n+1800)/3600)
}

const (
	// minBurn is how long in seconds failing must have taken to be called slow.
	minBurn   = 120
	burnParts = 5
)

// slowBurn says so when the failing share rose over several minutes: of five
// parts of equal length each is at least about as bad as the one before, and the
// first far from the last.
func slowBurn(points []Point) string {
	first, last := points[0].Unix, points[len(points)-1].Unix
	length := last - first + 1
	if length < minBurn {
		return ""
	}
	var failed, total [burnParts]float64
	for _, p := range points {
		i := int((p.Unix - first) * burnParts / length)
		failed[i] += float64(p.Failed)
		total[i] += float64(p.Total)
	}
	var share [burnParts]float64
	for i := range share {
		if total[i] < 10 {
			return ""
		}
		share[i] = failed[i] / total[i]
		if i > 0 && share[i] < share[i-1]*0.9 {
			return ""
		}
	}
	from, to := share[0], share[burnParts-1]
	if from*2.5 > to || share[1]*1.4 > to {
		return ""
	}
	return fmt.Sprintf("slow burn: from %s to %s of requests in %s", percent(from), percent(to), inWords(length))
}

const (
	// stepTime is how long in seconds a step may take, stepShare what part of the
	// height it must have reached by then.
	stepTime  = 3
	stepShare = 0.7
	// stepLeast is how long a burst must last, to tell a step from a rise.
	stepLeast = 10
)

// sudden says whether the failing share of a burst was about as high in its first
// seconds as later. The very first second also holds requests from before.
func sudden(points []Point) bool {
	first := points[0].Unix
	if points[len(points)-1].Unix-first < stepLeast {
		return false
	}
	var early, all Point
	for _, p := range points[1:] {
		if p.Unix-first <= stepTime {
			early.Failed += p.Failed
			early.Total += p.Total
		}
		all.Failed += p.Failed
		all.Total += p.Total
	}
	return early.Total > 0 && float64(early.Failed)/float64(early.Total) >= stepShare*float64(all.Failed)/float64(all.Total)
}

// usual are the intervals in seconds at which scheduled jobs run.
var usual = [...]int64{60, 120, 300, 600, 900, 1800, 3600, 7200, 86400}

// scheduled says whether bursts that come every n seconds look like a scheduled
// job.
func scheduled(n int64) bool {
	for _, u := range usual {
		if n >= u-1 && n <= u+1 {
			return true
		}
	}
	return false
}

func percent(share float64) string {
	if share < 0.1 {
		return fmt.Sprintf("%.1f %%", share*100)
	}
	return fmt.Sprintf("%.0f %%", share*100)
}
