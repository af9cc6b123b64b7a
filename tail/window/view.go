package window

import "time"

// LatencyBounds are the upper edges of the heat map's rows; the last row of Times
// holds everything slower.
var LatencyBounds = [...]time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond,
	10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second,
}

// LatencyRows is the number of rows of a latency column: one for each bound and
// one for what is slower.
const LatencyRows = len(LatencyBounds) + 1

// Second counts the requests that ended in one second of log time.
type Second struct {
	Unix int64 // the second
	// Class counts by status/100; index 0 holds requests without a valid status.
	Class [6]uint32
	// Of Class[5], the gateway's own words for a failing upstream.
	S502, S503, S504 uint32
	Failed           uint32 // as Event.Failed says
	Retried          uint32 // succeeded after a failed attempt (near misses)
	Aborted          uint32 // the client left (499 and its like)
	// Times is nil where no line near the second carried a duration, or more than a day
	// of newer ones did.
	Times *Times
}

// Times counts requests by how long they took, rows as LatencyBounds.
type Times struct {
	Latency  [LatencyRows]uint32 // of the request
	Upstream [LatencyRows]uint32 // of the upstream alone
}

var noTimes Times

// Took returns the times of the second, for reading only; never nil.
func (s *Second) Took() *Times {
	if s.Times == nil {
		return &noTimes
	}
	return s.Times
}

// Total is the number of requests of the second.
func (s *Second) Total() uint32 {
	var n uint32
	for _, c := range s.Class {
		n += c
	}
	return n
}

// Add adds the counts of o, which may be of another second, to s. Times of s that are
// shared with a View must not be added to.
func (s *Second) Add(o *Second) {
	for i, n := range o.Class {
		s.Class[i] += n
	}
	s.S502 += o.S502
	s.S503 += o.S503
	s.S504 += o.S504
	s.Failed += o.Failed
	s.Retried += o.Retried
	s.Aborted += o.Aborted
	if o.Times == nil {
		return
	}
	if s.Times == nil {
		s.Times = new(Times)
	}
	s.Times.add(o.Times)
}

func (t *Times) add(o *Times) {
	for i := range o.Latency {
		t.Latency[i] += o.Latency[i]
		t.Upstream[i] += o.Upstream[i]
	}
}

// Quantiles are read from a log-linear histogram with the relative error that
// Histogram states. Count 0 means that no line carried the value.
type Quantiles struct {
	Count                   uint64
	P50, P90, P95, P99, Max time.Duration
}

// StatusCount is how often a status was sent; Status 0 stands for none.
type StatusCount struct {
	Status int
	Count  uint64
}

// Count is a value with how often it came in good and in failed requests.
type Count struct {
	Value      string
	OK, Failed uint64
	// Low is how much too low OK and Failed together may be; 0 unless more distinct
	// values came than are kept.
	Low uint64
}

// Dimension is a field of the request whose values are counted for the scope.
type Dimension uint8

// The dimensions, in the order of View.Top.
const (
	ByUpstream Dimension = iota
	ByRoute              // "METHOD /path" with ids folded to :id, without query
	ByHost
	ByClient
	ByMethod
	ByAgent
	ByBackend
	Dimensions // their number
)

// String returns the field's name in the report's scope.
func (d Dimension) String() string {
	return [...]string{"upstream", "route", "host", "client", "method", "user_agent", "backend"}[d]
}

// Outcome is a group of requests that ended alike. Signatures for flags and
// statuses are matched against it.
type Outcome struct {
	Gateway  string
	Status   int
	Flags    string // as logged, bounded
	Upstream int    // the last attempt's status as logged, 0 when none
	// Reached says how far the last attempt came as far as the line tells.
	Reached Reach
	Server  string // HAProxy's "<NOSRV>" or nginx's group name when no server was picked, else ""
	Maker   uint8  // tail.Maker

	Count       uint64
	First, Last time.Time
	Duration    Quantiles
	Sample      string   // one line of it, as it came, bounded
	Source      string   // name of the source of Sample
	Groups      []uint64 // of the Cases that ended so
	Upstreams   []Count
	Spread      // of the failed ones
	// Seconds tells when, ascending and bounded; sparse.
	Seconds []SecondCount
}

// Spread counts the failures of an Outcome or a Message by their values of fields
// that tell causes apart; the values seen first, so their sum may be less than all.
type Spread struct{ Routes, Hosts []Count }

// Reach is how far an attempt came.
type Reach uint8

// How far the last attempt came.
const (
	ReachUnknown   Reach = iota // the format does not tell
	ReachNone                   // no upstream was tried
	ReachTried                  // tried, never connected
	ReachConnected              // connected, no response header
	ReachAnswered               // a response header came
)

// Message is a group of lines of an error, upstream or system log that say the
// same with other names and numbers.
type Message struct {
	Group   uint64 // of its Cases
	Gateway string
	Kind    uint8 // tail.Kind
	Level   string
	Shape   string // the text with numbers, addresses and quoted text folded
	Text    string // one message as it came, bounded
	Sample  string // the whole line of it, bounded
	Source  string // name of the source it was first seen in

	// Exception and Frame are those of a stack trace (tail.Event), bounded: alike
	// exceptions at two places of the code are two messages.
	Exception, Frame string

	Count       uint64
	First, Last time.Time
	Upstreams   []Count // named by the lines, as failed
	Spread
	Seconds []SecondCount
}

// Shown is what to show of the message as its sample: of a stack trace the exception
// and the place in the code, else the line.
func (m *Message) Shown() string {
	switch {
	case m.Exception == "":
		return m.Sample
	case m.Frame == "":
		return m.Text
	}
	return m.Text + ", at " + m.Frame
}

// Point is one second with requests, as the search for onset and recovery takes
// it.
type Point struct {
	Unix          int64
	Total, Failed uint32
	// Lead is how long before Unix the earliest failure of the second began: a
	// request that ran into a timer began to fail when it was sent. Less than 0 means
	// within the second. Only set where Failed is not 0.
	Lead time.Duration
}

// SecondCount is a count in one second.
type SecondCount struct {
	Unix  int64
	Count uint32
}

// View is an immutable picture of the statistics.
type View struct {
	First, Last      time.Time // of all events with a time
	Requests, Failed uint64
	Retried, Aborted uint64
	Statuses         []StatusCount // ascending
	Latency          Quantiles
	UpstreamLatency  Quantiles
	// FailedLatency and GoodLatency split Latency: fast errors flatter the average.
	FailedLatency, GoodLatency Quantiles
	// Seconds is contiguous and ascending, at most the window asked for.
	Seconds  []Second
	Top      [Dimensions][]Count // most failed first, then most frequent; bounded
	Clients  uint64              // distinct, estimated
	Outcomes []Outcome           // most frequent first, bounded
	Messages []Message           // most frequent first, bounded
	// Upstreams has the latency of each upstream of Top[ByUpstream] by name.
	Upstreams map[string]Quantiles
	// Missed counts requests left out of Top, Outcomes or Messages by their bounds.
	Missed uint64

	// Points are the seconds with requests, ascending, over the whole window asked
	// for, also where Seconds is bounded.
	Points []Point
	// Carried counts the requests that carried each dimension at all.
	Carried [Dimensions]Count
	// Hidden are the upstreams whose failed attempts a retry hid from the client.
	Hidden []Count
	// Cases are a few lines of each group of failed and saved requests and of other
	// logs, from all of the time, oldest first.
	Cases []*Case
	// Stretches tell what failed when; adjoining ones cover all of the time with
	// failures.
	Stretches []Stretch
	// TooOld counts the requests that Seconds and Points leave out because only a
	// week of seconds is kept; the newest of them is in second TooOldUntil.
	TooOld      uint64
	TooOldUntil time.Time
}
