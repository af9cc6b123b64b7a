package parse

import (
	"time"

	"why502/tail"
)

// Env is what parsing needs from outside, so that it stays pure.
type Env struct {
	// Now resolves times without a year: the year that puts them nearest before
	// Now plus a day.
	Now time.Time
	// Zone is the zone of times written without one; nil means UTC.
	Zone *time.Location
}

// Parser turns lines of one format into events. It keeps state (the last date
// seen, scratch space) and is not safe for concurrent use: each worker makes its
// own.
type Parser interface {
	// Parse fills ev, which it resets first, from line (no line end). It returns
	// false when the line is not of the format; ev is then to be ignored.
	Parse(line []byte, ev *tail.Event) bool
}

// Format is one entry of the table of formats.
type Format struct {
	Name    string // "nginx-combined"; what --log-format takes
	Gateway string // "nginx"
	Kind    tail.Kind
	Title   string // one line for `why502 formats`
	Doc     string // where the format is documented
	New     func(Env) Parser
	// Positive are lines with what must come out of them, Negative lines of
	// look-alike formats that must be refused. A test runs them.
	Positive []Sample
	Negative []string
}

// Sample is a line with the event's wanted fields in the words of the contract's
// parse command ("status": "502").
type Sample struct {
	Line string
	Want map[string]string
}
