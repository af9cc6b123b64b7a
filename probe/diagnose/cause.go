package diagnose

import (
	"time"

	"why502/probe/incident"
)

// ID is a cause id of the contract.
type ID string

// The cause ids. ClientAbort and ApplicationError are not the gateway's failure.
const (
	UpstreamDown     ID = "upstream-down"
	Maintenance      ID = "maintenance"
	Overload         ID = "overload"
	Firewall         ID = "firewall"
	DNS              ID = "dns"
	GatewayConfig    ID = "gateway-config"
	BadResponse      ID = "bad-response"
	Timeout          ID = "timeout"
	TLS              ID = "tls"
	KeepaliveRace    ID = "keepalive-race"
	ClientAbort      ID = "client-abort"
	ApplicationError ID = "application-error"
)

// Cause is a possible reason with everything that speaks for and against it.
type Cause struct {
	ID ID
	// Title is one line that names the cause and what it concerns: "nothing
	// listens on 10.0.0.5:8000".
	Title string
	// Confidence is 0 to 1; those of all causes of a verdict add up to at most 1.
	Confidence float64
	Evidence   []Evidence
	Next       []string // what to check or do, most useful first
	Commands   []string // commands that do it, ready to run
	Step       int      // the step of the checklist that decides, 0 when none
	// Scope names the upstream, route or host the cause is confined to, "" for all.
	Scope string
	// Share is the part of the failures that this cause, or what it competes with,
	// explains, 0 to 1: 1 but where several causes each have a scope of their own.
	Share float64
	// Stories are a few of its requests as every log tells them; of causes that
	// compete for the same requests only the likeliest has them.
	Stories []Story
}

// Evidence is one observation that speaks for or against a cause.
type Evidence struct {
	Against     bool
	Source      string // a source's name, "probe", "configuration", "host"
	Count       uint64
	First, Last time.Time
	Sample      string // a log line or a probe's words; hostile text
	Meaning     string // one sentence for who never saw it
	Weight      float64
}

// State is where an incident stands, the contract's words.
type State string

// The states of an incident.
const (
	None      State = "none"
	Ongoing   State = "ongoing"
	Recovered State = "recovered"
)

// Incident is the failing time of the traffic.
type Incident struct {
	State            State
	Started, Ended   time.Time // Ended is zero while ongoing
	Requests, Failed uint64    // within it
	Ratio            float64
	Scope            []Scope
	// Pattern describes flapping or a slow burn, "" for a plain step.
	Pattern string
	// Statuses counts what the failing requests got; 0 stands for no status.
	Statuses map[int]uint64
	// Onset is "sudden" or "gradual", "" where the log does not tell.
	Onset string
	// Background is what fails besides, before and after: no part of the incident.
	Background Background
	// Slow is set when answers are slow and do not fail more than usual.
	Slow *Slowness
	// Made says who made the failing answers.
	Made Made
}

// Background counts the requests outside of the incident and those of them that
// failed.
type Background struct{ Requests, Failed uint64 }

// Share is the failing share, 0 to 1.
func (b Background) Share() float64 { return float64(b.Failed) / float64(max(1, b.Requests)) }

// Scope is a value that sets failing requests apart from good ones.
type Scope struct {
	Field, Value         string
	FailedShare, OKShare float64 // share of the failing and of the good requests with that value
}

// Entry is one line of the time line.
type Entry struct {
	Time time.Time
	Kind string // "onset", "recovery", "cause", "config", "process", "probe", "mark"
	Text string
}

// Verdict is what Evaluate says about a snapshot. Causes is most likely first
// and empty where nothing is wrong.
type Verdict struct {
	Incident Incident
	Causes   []Cause
	Timeline []Entry
	// Unsure says what would decide between the first causes, "" when it is clear.
	Unsure string
	// NearMisses are a few requests that succeeded only after a failed attempt, also
	// where there is no incident.
	NearMisses []Story
}

// Evaluator is the signature of Evaluate, for those that take it as a value.
type Evaluator func(*incident.Snapshot) Verdict
