package incident

import (
	"math"
	"strings"
	"time"

	"why502/probe"
	"why502/probe/gateway"
	"why502/probe/host"
	"why502/tail"
	"why502/tail/story"
	"why502/tail/window"
)

// Source is one log source as the snapshot shows it.
type Source struct {
	Name    string
	Gateway string // "" until detected
	Format  string // name of the format that most lines have, "" until detected
	// Confidence is the share of the lines looked at for detection that the format
	// understood, 0 to 1.
	Confidence  float64
	Kind        tail.Kind
	Lines       uint64
	Parsed      uint64
	Unparsed    uint64
	Bytes       uint64
	First, Last time.Time // of its events
	Status      tail.Status
	// UnparsedSamples are a few lines that no parser understood, bounded.
	UnparsedSamples []string
	// Clock is how its clock stands against that of the access log that serves as the
	// reference, by the request ids that both have.
	Clock story.Clock
	// Records counts what the lines carry, for the audit of step 7: how many of
	// the parsed access lines had each datum.
	Records Records
}

// Behind is how old what is still to be read is at most at the time now, 0 when all that
// was written is read: it is younger than the last line read, by that line's own time,
// and was written after all was read for the last time. It is 0 too where neither is
// known.
func (s *Source) Behind(now time.Time) time.Duration {
	if s.Status.Lag() == 0 {
		return 0
	}
	behind := time.Duration(math.MaxInt64)
	if at := s.Status.CaughtUp; !at.IsZero() {
		behind = now.Sub(at)
	}
	if !s.Last.IsZero() {
		last := s.Last
		if s.Clock.Off() {
			last = last.Add(-s.Clock.Offset)
		}
		if age := now.Sub(last); age >= 0 {
			behind = min(behind, age)
		}
	}
	if behind == math.MaxInt64 {
		return 0
	}
	return max(0, behind)
}

// SourceOf returns the source that reads the file name, nil for none. A rotated file
// bears the name of its log and more.
func (s *Snapshot) SourceOf(name string) *Source {
	var best *Source
	for i := range s.Sources {
		if n := s.Sources[i].Name; strings.HasPrefix(name, n) && (best == nil || len(n) > len(best.Name)) {
			best = &s.Sources[i]
		}
	}
	return best
}

// Ahead is how far the clock of the log file name is ahead of the reference's, 0 where
// it is not known to be.
func (s *Snapshot) Ahead(name string) time.Duration {
	if src := s.SourceOf(name); src != nil && src.Clock.Off() {
		return src.Clock.Offset
	}
	return 0
}

// At is when l was written by the clock of the reference, zero when it has no time.
func (s *Snapshot) At(l *Line) time.Time {
	if l.Time.IsZero() || l.Source >= len(s.Sources) || !s.Sources[l.Source].Clock.Off() {
		return l.Time
	}
	return l.Time.Add(-s.Sources[l.Source].Clock.Offset)
}

// Records counts the access lines that carried a datum.
type Records struct {
	Lines, Upstream, UpstreamStatus, UpstreamTime, Duration, RequestID, Host, Client, Flags uint64
}

// Line is one kept log line for the log pane and the drilldown. It is parsed
// again when it is looked at.
type Line struct {
	Source int // index in Snapshot.Sources
	Seq    uint64
	Time   time.Time // zero when the line has none
	Kind   tail.Kind
	Status int
	Failed bool
	// Trouble marks a line of the application's log that tells of a fault.
	Trouble bool
	// Text is the raw line, of a record of several all of them: hostile text, at most
	// MaxKept bytes.
	Text string
}

// MaxKept is the length at which a kept line is cut, in bytes.
const MaxKept = 32 << 10

// Step is what running a step of the checklist actively found.
type Step struct {
	Number   int
	At       time.Time
	Running  bool
	Verdict  Verdict
	Summary  string // a few words for the pane, at most 22 columns
	Findings []Finding
	Commands []string
}

// Verdict is a step's outcome, the contract's words.
type Verdict string

// The verdicts.
const (
	Unknown Verdict = "unknown"
	Pass    Verdict = "pass"
	Warn    Verdict = "warn"
	Fail    Verdict = "fail"
	Skipped Verdict = "skipped"
)

// Finding is one thing a step found, with what shows it.
type Finding struct {
	Text     string
	Evidence string
}

// Mark is an event of the time line that is not derived from the statistics: a
// source that rotated, a mark a person set.
type Mark struct {
	Time time.Time
	Kind string
	Text string
}

// Snapshot is everything known at one moment. It is immutable: pausing the
// monitor is keeping an old one.
type Snapshot struct {
	// Retained is how many bytes of lines are kept for the log pane, Budget how many may
	// be.
	Retained, Budget int64
	Generation       uint64
	// Now is the wall clock for a live session, the time of the last event for a
	// report.
	Now  time.Time
	Live bool
	// Progress of reading history, 0 to 1; 1 when done.
	Progress float64
	Sources  []Source
	Traffic  window.View
	// Probes are the targets asked so far, in a stable order.
	Probes []probe.History
	// Config is the gateway's configuration, nil when none was read; ConfigErr
	// says why it could not be.
	Config    *gateway.Config
	ConfigErr string
	// Host is what this machine says, nil when it was not looked at.
	Host  *host.State
	Steps map[int]Step
	Marks []Mark
	// Recent are the newest lines and Failures the newest failed requests and
	// error lines, both oldest first and bounded.
	Recent, Failures []Line
	// NoProbe says that nobody may be asked (--no-probe).
	NoProbe bool
}
