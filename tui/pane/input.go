package pane

import (
	"time"

	"why502/probe/checklist"
	"why502/probe/diagnose"
	"why502/probe/incident"
	"why502/tui/draw"
)

// Input is everything a pane is drawn from. It is made anew when any part
// changes and never written to after.
type Input struct {
	Snap    *incident.Snapshot
	Verdict diagnose.Verdict
	Rows    []checklist.Row
	// Notes are what a person marked, by step.
	Notes map[int]Note
	// Span is the length of the time shown by the charts.
	Span   time.Duration
	Zone   *time.Location
	Filter Filter
	// P draws with the theme in force.
	P *draw.Painter
	// Records reads kept lines; it is shared by all panes.
	Records *Records
	// Width and Height are the cells to fill.
	Width, Height int
	Focus         bool

	facts *facts
}

// Note is a person's word on a step.
type Note struct {
	Done bool
	Text string // as typed
}

// Action is what a key asks of the pane that has the keyboard.
type Action uint8

// The actions.
const (
	None Action = iota
	Up
	Down
	Left
	Right
	PageUp
	PageDown
	Top
	Bottom
	Enter  // open what the cursor stands on
	Toggle // the pane's other view
)

// Pane is the shape of all panes and pages.
type Pane interface {
	// Title is what stands in the frame: plain text, cleaned.
	Title(in *Input) string
	// Lines are in.Height lines of in.Width cells.
	Lines(in *Input) []string
	// Do carries out a and says what the root model is to do.
	Do(in *Input, a Action) Effect
	// Copy is the text that y copies and a word for what it is; "" when there is
	// nothing to copy.
	Copy(in *Input) (text, what string)
}

// Stepper is a pane whose cursor can stand on a step of the checklist.
type Stepper interface {
	// Step returns 1 to 7, or 0 when the cursor stands on none.
	Step(in *Input) int
}

// Scroller is a page that may be longer than the screen.
type Scroller interface {
	// Below returns the number of lines out of sight below; it is asked after
	// Lines.
	Below(in *Input) int
}

// Effect is what follows from an action outside the pane.
type Effect struct {
	Open *Target // a page to open
	Say  string  // one sentence for the status line
}

// Page names a kind of page.
type Page uint8

// The pages.
const (
	PageCause Page = iota
	PageRequests
	PageRequest
	PageUpstream
	PageStep
)

// Target is a page with what it is about.
type Target struct {
	Page     Page
	Crumb    string        // the word in the breadcrumbs, cleaned
	Select   Selection     // PageRequests
	Line     incident.Line // PageRequest
	Upstream string        // PageUpstream: the address as it came
	Step     int           // PageStep
}

// Open makes the page of t.
func Open(t Target) Pane {
	switch t.Page {
	case PageRequests:
		return &Requests{sel: t.Select}
	case PageRequest:
		return &Request{line: t.Line}
	case PageUpstream:
		return &Upstream{addr: t.Upstream}
	case PageStep:
		return &Step{step: t.Step}
	}
	return &Cause{}
}

// now is the moment the charts end at: the session's clock while lines arrive,
// the last event when the log is older than what is shown.
func (in *Input) now() time.Time {
	last := in.Snap.Traffic.Last
	if !last.IsZero() && in.Snap.Now.Sub(last) > in.Span {
		return last
	}
	return in.Snap.Now
}

// clock writes a time of day.
func (in *Input) clock(t time.Time) string { return Clock(t, in.Snap.Now, in.Zone) }

// cursor is a selected row of a list with its scroll position.
type cursor struct{ row, top int }

// move carries out a over n rows, of which height are visible, and says whether
// a was a movement.
func (c *cursor) move(a Action, n, height int) bool {
	page := max(1, height-1)
	switch a {
	case Up:
		c.row--
	case Down:
		c.row++
	case PageUp:
		c.row -= page
	case PageDown:
		c.row += page
	case Top:
		c.row = 0
	case Bottom:
		c.row = n - 1
	default:
		return false
	}
	c.clamp(n, height)
	return true
}

// clamp keeps the row within n and the row visible.
func (c *cursor) clamp(n, height int) {
	c.row = max(0, min(c.row, n-1))
	if c.row < c.top {
		c.top = c.row
	}
	if height > 0 && c.row >= c.top+height {
		c.top = c.row - height + 1
	}
	c.top = max(0, min(c.top, n-height))
}
