package pane

import (
	"strconv"
	"time"

	"why502/probe/incident"
	"why502/probe/session"
	"why502/tail"
)

// Record is a kept line with its fields, which are read when first asked for.
type Record struct {
	Line   incident.Line
	of     *Records // whose parser reads the fields, nil where they are given
	read   bool
	fields []session.Field
	safe   map[safeKey]string // what Safe gave before: masking is dear, and a line is drawn often
}

type safeKey struct {
	name  string
	limit int
}

// Fields returns the fields of the line by the contract's names, as they came: hostile
// text. It has none where no parser understood the line.
func (r *Record) Fields() []session.Field {
	if !r.read && r.of != nil {
		r.fields, r.read = r.of.parse(r.Line), true
		r.of.note(r)
	}
	return r.fields
}

// Get returns a field by its name, "" when the line lacks it: hostile text.
func (r *Record) Get(name string) string {
	for _, f := range r.Fields() {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// Safe returns a field fit for the screen, at most limit runes.
func (r *Record) Safe(name string, limit int) string {
	v := r.Get(name)
	if v == "" {
		return ""
	}
	k := safeKey{name, limit}
	s, ok := r.safe[k]
	if !ok {
		s = tail.Safe(v, limit)
		if r.safe == nil {
			r.safe = map[safeKey]string{}
		}
		r.safe[k] = s
	}
	return s
}

// Duration returns a field in seconds as a duration, tail.None when it is absent
// or no number.
func (r *Record) Duration(name string) time.Duration {
	v, err := strconv.ParseFloat(r.Get(name), 64)
	if err != nil || v < 0 || v > 1e9 {
		return tail.None
	}
	return time.Duration(v * float64(time.Second))
}

// Records reads kept lines with the session's parser and remembers them, so that
// a line is parsed once however often it is drawn, and none that nobody looks at. It
// is bounded and belongs to the goroutine of the screen.
type Records struct {
	parse    func(incident.Line) []session.Field
	cur, old map[recordKey]*Record
	// read are those whose fields are in memory, in the order they were read, from
	// first on.
	read  []*Record
	first int
}

type recordKey struct {
	source int
	seq    uint64
}

const (
	// maxRecords is the number of records after which the ones not used lately go; all
	// kept lines have room.
	maxRecords = 1 << 16
	// maxRead is of how many records the fields stay in memory.
	maxRead = 1 << 15
)

// NewRecords returns an empty memory that reads lines with parse.
func NewRecords(parse func(incident.Line) []session.Field) *Records {
	return &Records{parse: parse, cur: map[recordKey]*Record{}}
}

// Read returns the record of l.
func (rs *Records) Read(l incident.Line) *Record {
	key := recordKey{l.Source, l.Seq}
	if r := rs.cur[key]; r != nil && r.Line.Text == l.Text {
		return r
	}
	r := rs.old[key]
	if r == nil || r.Line.Text != l.Text {
		r = &Record{Line: l, of: rs}
	}
	if len(rs.cur) >= maxRecords {
		rs.cur, rs.old = make(map[recordKey]*Record, maxRecords), rs.cur
	}
	rs.cur[key] = r
	return r
}

// note remembers that the fields of r are in memory, and lets those read first go when
// they are too many.
func (rs *Records) note(r *Record) {
	rs.read = append(rs.read, r)
	if len(rs.read)-rs.first <= maxRead {
		return
	}
	oldest := rs.read[rs.first]
	oldest.fields, oldest.safe, oldest.read = nil, nil, false
	rs.read[rs.first] = nil
	if rs.first++; rs.first > maxRead {
		rs.read, rs.first = append([]*Record(nil), rs.read[rs.first:]...), 0
	}
}

// newRecord is a line whose fields are given.
func newRecord(l incident.Line, fields []session.Field) *Record {
	return &Record{Line: l, fields: fields, read: true}
}
