package pane

import (
	"strconv"
	"time"

	"why502/probe/incident"
	"why502/probe/session"
	"why502/tail"
)

// Record is a kept line with its fields, read once.
type Record struct {
	Line   incident.Line
	Fields []session.Field
	byName map[string]string
	safe   map[safeKey]string // what Safe gave before: masking is dear, and a line is drawn often
}

type safeKey struct {
	name  string
	limit int
}

// Get returns a field by the contract's name ("" when the line lacks it), as it
// came: hostile text.
func (r *Record) Get(name string) string { return r.byName[name] }

// Safe returns a field fit for the screen, at most limit runes.
func (r *Record) Safe(name string, limit int) string {
	v := r.byName[name]
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
	v, err := strconv.ParseFloat(r.byName[name], 64)
	if err != nil || v < 0 || v > 1e9 {
		return tail.None
	}
	return time.Duration(v * float64(time.Second))
}

// Records reads kept lines with the session's parser and remembers them, so that
// a line is parsed once however often it is drawn. It is bounded and belongs to
// the goroutine of the screen.
type Records struct {
	parse    func(incident.Line) []session.Field
	cur, old map[recordKey]*Record
}

type recordKey struct {
	source int
	seq    uint64
}

// maxRecords is the number of records after which the ones not used lately go.
const maxRecords = 8192

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
		r = newRecord(l, rs.parse(l))
	}
	if len(rs.cur) >= maxRecords {
		rs.cur, rs.old = make(map[recordKey]*Record, maxRecords), rs.cur
	}
	rs.cur[key] = r
	return r
}

func newRecord(l incident.Line, fields []session.Field) *Record {
	r := &Record{Line: l, Fields: fields, byName: make(map[string]string, len(fields))}
	for _, f := range fields {
		r.byName[f.Name] = f.Value
	}
	return r
}
