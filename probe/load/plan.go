package load

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"why502/tail"
)

// DefaultPlan is gentle enough to ask a person for: at most 10 requests a second
// for 10 s, in three steps.
func DefaultPlan(url string) Plan {
	return Plan{
		URL: url, Method: http.MethodGet, Rate: 10, Duration: 10 * time.Second, Concurrency: 16, Timeout: 3 * time.Second,
		Steps: 3, StopErrors: 0.5, StopSamples: 3,
	}
}

// Validate says in one sentence why the plan may not run, nil when it may.
func (p Plan) Validate() error {
	u, err := url.Parse(p.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || len(p.URL) > 2048 {
		return fmt.Errorf("the load test's target %q is not an http or https URL", tail.Safe(p.URL, 80))
	}
	if u.User != nil {
		return errors.New("the load test's target has a user or password: leave it out, the test sends no credentials")
	}
	if strings.ContainsFunc(p.Host, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '/' }) || len(p.Host) > 260 {
		return fmt.Errorf("the host %q is no host name", tail.Clean(p.Host, 80))
	}
	if p.Method != http.MethodGet && p.Method != http.MethodHead {
		return fmt.Errorf("the method %q may change things at the target: use GET or HEAD", tail.Clean(p.Method, 20))
	}
	for _, b := range []struct {
		what    string
		value   float64
		low, up float64
	}{
		{"rate (requests a second)", p.Rate, 0.1, MaxRate},
		{"duration (seconds)", p.Duration.Seconds(), 0.1, MaxDuration.Seconds()},
		{"number of connections", float64(p.Concurrency), 1, MaxConcurrency},
		{"timeout (seconds)", p.Timeout.Seconds(), 0.001, MaxTimeout.Seconds()},
		{"number of steps", float64(p.Steps), 1, MaxSteps},
		{"share of failures to stop at", p.StopErrors, 0, 1},
		{"number of samples to stop at", float64(p.StopSamples), 1, MaxRate * MaxDuration.Seconds()},
	} {
		if !(b.value >= b.low && b.value <= b.up) { // so that NaN is refused too
			return fmt.Errorf("the load test's %s is %s: it must be %s to %s", b.what, short(b.value), short(b.low), short(b.up))
		}
	}
	if p.total() == 0 {
		return errors.New("the load test has no request: raise the rate or the duration")
	}
	return nil
}

// Sentence says what the plan does to whom, for the question that a person must
// answer with yes.
func (p Plan) Sentence() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", p.Method, tail.Safe(p.URL, 200))
	if p.Host != "" {
		fmt.Fprintf(&b, " (as %s)", tail.Clean(p.Host, 100))
	}
	if p.Steps > 1 {
		fmt.Fprintf(&b, ", %s to %s requests a second in %d steps", short(p.rate(0)), short(p.Rate), p.Steps)
	} else {
		fmt.Fprintf(&b, ", %s requests a second", short(p.Rate))
	}
	fmt.Fprintf(&b, " for %s: %d requests over at most %d connections; it stops itself when more than %s %% of a second's requests fail",
		p.Duration, p.total(), p.Concurrency, short(p.StopErrors*100))
	return b.String()
}

func short(v float64) string {
	s := strconv.FormatFloat(v, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// rate is the rate of a step, the first being 0.
func (p Plan) rate(step int) float64 { return p.Rate * float64(step+1) / float64(p.Steps) }

func (p Plan) stepLength() time.Duration { return p.Duration / time.Duration(p.Steps) }

// count is how many requests a step has.
func (p Plan) count(step int) int { return int(p.rate(step)*p.stepLength().Seconds() + 1e-9) }

func (p Plan) total() int {
	n := 0
	for i := range p.Steps {
		n += p.count(i)
	}
	return n
}

// at returns when the n-th request is due, from the start, and its step. ok is
// false behind the last one.
func (p Plan) at(n int) (due time.Duration, step int, ok bool) {
	for step = range p.Steps {
		c := p.count(step)
		if n < c {
			return time.Duration(step)*p.stepLength() + time.Duration(float64(n)/p.rate(step)*float64(time.Second)), step, true
		}
		n -= c
	}
	return 0, 0, false
}
