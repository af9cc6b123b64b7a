package parse

import (
	"time"

	"why502/tail"
)

// Env is what parsing needs from outside, so that it stays pure.
type Env struct {
	// Now resolves times without a year: the year that puts them nearest before
	// Now plus a day. The zero time leaves them unresolved (Event.Time 0).
	Now time.Time
	// Zone is the zone of times written without one; nil means UTC.
	Zone *time.Location
}

// Parser turns lines of one format into events. It keeps state (the last date
// seen, scratch space) and is not safe for concurrent use: each worker makes its
// own.
type Parser interface {
	// Parse fills ev, which it resets first, from line (no line end). It returns
	// false when the line is not of the format; ev is then to be ignored. The
	// event's slices point into line, or into the parser's own scratch space where
	// the line had to be unescaped: they are valid until the next Parse.
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

	// build makes the line parser on the state that the formats of one worker
	// share.
	build func(*state) parseFunc
	// inner formats are so permissive that they are asked only after all others,
	// and only about the text inside all transport prefixes.
	inner bool
	// twin names the format whose lines look the same; detection by content gives
	// the twin's name unless other lines of the source, or the name of the file
	// (Plan.For), prove this gateway.
	twin string
	// first holds the bytes a line of the format may begin with, "" for any; '0'
	// stands for all digits, 'a' for all letters.
	first string
}

// Sample is a line with the event's wanted fields in the words of the contract's
// parse command ("status": "502").
type Sample struct {
	Line string
	Want []string // field, value, field, value ...: a map would have to be made at every start
}

// parseFunc fills ev, which is reset and bears the format's name, from line.
type parseFunc func(line []byte, ev *tail.Event) bool

// begins says whether a line of the format may begin with c.
func (f *Format) begins(c byte) bool {
	if f.first == "" {
		return true
	}
	for i := 0; i < len(f.first); i++ {
		switch k := f.first[i]; {
		case k == c, k == '0' && isDigit(c), k == 'a' && isLetter(c):
			return true
		}
	}
	return false
}

// state is what the parsers of one worker share: the clock's caches, the fields
// of the JSON line at hand (scanned once however many formats look at it) and
// scratch space for text that had to be unescaped.
type state struct {
	clk clock
	doc jsonDoc
	rec record
	w3c w3cState
	// partial: the line at hand is a part of one that the container runtime wrapped.
	partial bool
	ext     []extKey
	buf     []byte
	// quoted is room for the texts that tails reads; clearing it for every line would
	// cost more than reading them.
	quoted [8][]byte
}

func newState(env Env) *state { return &state{clk: clock{env: env}} }

// begin makes s ready for the next line.
func (s *state) begin() {
	s.buf, s.partial = s.buf[:0], false
	s.doc.forget()
}

// join puts the parts together in scratch space.
func (s *state) join(parts ...[]byte) []byte {
	n := len(s.buf)
	for _, p := range parts {
		s.buf = append(s.buf, p...)
	}
	return s.buf[n:len(s.buf):len(s.buf)]
}

// lineParser is one format at work.
type lineParser struct {
	format *Format
	st     *state
	parse  parseFunc
}

func newParser(f *Format, st *state) *lineParser {
	return &lineParser{format: f, st: st, parse: f.build(st)}
}

// Parse implements Parser.
func (p *lineParser) Parse(line []byte, ev *tail.Event) bool {
	p.st.begin()
	return p.run(line, ev)
}

// run is Parse within a line that has begun already.
func (p *lineParser) run(line []byte, ev *tail.Event) bool {
	if len(line) == 0 {
		return false
	}
	ev.Reset()
	ev.Kind, ev.Gateway, ev.Format, ev.Line = p.format.Kind, p.format.Gateway, p.format.Name, line
	return p.parse(line, ev)
}
