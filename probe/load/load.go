package load

import "time"

// Plan is a load test, bounded in every direction.
type Plan struct {
	URL         string
	Method      string  // GET or HEAD
	Host        string  // Host header and SNI instead of the URL's, "" for none
	Rate        float64 // requests a second at the end of the ramp
	Duration    time.Duration
	Concurrency int
	Timeout     time.Duration // of one request
	// Steps raises the rate in this many equal steps; 1 keeps it constant.
	Steps int
	// StopErrors ends the test early when more than this share of the last second's
	// requests fail (0 to 1), with at least StopSamples of them.
	StopErrors  float64
	StopSamples int
}

// The caps no Plan may exceed.
const (
	MaxRate        = 1000.0
	MaxDuration    = 60 * time.Second
	MaxConcurrency = 256
	MaxTimeout     = 30 * time.Second
	MaxSteps       = 20
)

// Stage is what one step of the ramp showed.
type Stage struct {
	Step             int     // 1 for the first
	Rate, Achieved   float64 // intended and answered requests a second
	Sent, OK, Failed uint64  // Failed: no answer, a broken one, or a status of 500 and up
	// Unsent were due but never left, since all connections were busy until the end.
	// Their latency counts as the time they had waited by then.
	Unsent             uint64
	P50, P95, P99, Max time.Duration // from the intended send time
}

// Outcome is what a load test showed.
type Outcome struct {
	Plan     Plan
	Started  time.Time
	Took     time.Duration
	Stages   []Stage
	Statuses map[int]uint64
	Errors   map[string]uint64 // by probe class
	Stopped  string            // why it ended early, "" when it ran through
	// Knee is the rate of the first step from which on it failed, slowed down or
	// fell behind, against the first step as baseline; 0 when no knee was found
	// within the plan or its steps do not suffice to tell. KneeReason says by what.
	Knee       float64
	KneeReason string
}
