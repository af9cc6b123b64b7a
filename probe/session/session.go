package session

import (
	"context"
	"io"
	"time"

	"why502/probe/checklist"
	"why502/probe/diagnose"
	"why502/probe/incident"
	"why502/probe/load"
)

// Config is what the command line asks of a session.
type Config struct {
	Sources   []string // SOURCE arguments; empty: discover
	Endpoints []string // -e
	NoProbe   bool
	Live      bool // follow and probe on; false reads to the end once
	// Stdin is what the source "-" reads; nil is the process's own standard input.
	Stdin        io.Reader
	Since, Until time.Time
	// History is how much of the time before its last line a live session reads of each
	// log when Since is not given.
	History       time.Duration
	Where         string
	LogFormat     string
	Templates     []string // format strings of the settings, tried on logs that they may be of
	Zone          *time.Location
	GatewayConfig string
	// Resume names the command that goes on where its last run stopped reading each
	// source; "" keeps no positions.
	Resume string
	// Warn is told what does not stop the session, in one sentence. Nil: nobody is.
	Warn func(string)
	// Fatal is told of a panic in one of the session's goroutines, so that the face
	// can put the terminal right before it ends. Nil lets the panic go on.
	Fatal func(error)
}

// Core is what a face (the monitor, report, check) sees of a session. The
// monitor's tests use one of their own.
type Core interface {
	// Snapshot returns the newest snapshot; never nil.
	Snapshot() *incident.Snapshot
	// Changed gets one poke when a newer snapshot is there.
	Changed() <-chan struct{}
	// Verdict returns the diagnosis of s, computed at most once a second for a
	// live session and kept by generation.
	Verdict(s *incident.Snapshot) diagnose.Verdict
	// Rows returns the checklist for s.
	Rows(s *incident.Snapshot, v diagnose.Verdict) []checklist.Row
	// RunStep runs step n in the background; its result comes in a later snapshot.
	// The load step needs a plan a person said yes to.
	RunStep(n int, plan *load.Plan)
	// LoadPlan proposes the plan to ask consent for, false when there is no target.
	LoadPlan() (load.Plan, bool)
	// AddMark puts a person's mark on the time line.
	AddMark(text string)
	// Parse reads a kept line again and returns its fields, in the words of the
	// contract's parse command, in the order to show them.
	Parse(l incident.Line) []Field
	// Close stops everything and waits for it.
	Close()
}

// Field is one datum of a parsed line.
type Field struct{ Name, Value string }

// Opener opens a session; Open is one.
type Opener func(context.Context, Config) (Core, error)
