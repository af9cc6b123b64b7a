package session

import (
	"bytes"
	"encoding/json"
	"sync"
	"time"

	"why502/probe/diagnose"
	"why502/probe/incident"
	"why502/probe/report"
	"why502/tail"
	"why502/tail/parse"
)

// Parse reads a kept line again and returns its fields in the contract's words.
func (s *Session) Parse(l incident.Line) []Field {
	snap := s.Snapshot()
	if l.Source < 0 || l.Source >= len(snap.Sources) {
		return nil
	}
	src := snap.Sources[l.Source]
	plan := s.in.fixed
	if plan == nil {
		p, err := parse.Named(src.Format, s.in.env)
		if err != nil {
			p = parse.Detect([]byte(l.Text+"\n"), s.in.env)
		}
		plan = &p
	}
	var ev tail.Event
	plan.NewRecords(s.in.env).Whole([]byte(l.Text), &ev)
	return fields(report.EventJSON(nil, &ev, src.Name, Reading(&ev)))
}

// Reading is what a line alone says of its cause.
func Reading(ev *tail.Event) report.Reading {
	id, meaning := diagnose.ReadEvent(ev)
	return report.Reading{Cause: string(id), Meaning: meaning}
}

// fields takes a flat JSON object apart, in its order.
func fields(object []byte) []Field {
	dec := json.NewDecoder(bytes.NewReader(object))
	dec.UseNumber()
	var out []Field
	if _, err := dec.Token(); err != nil {
		return nil
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return out
		}
		var value any
		if err := dec.Decode(&value); err != nil {
			return out
		}
		key, _ := name.(string)
		text, ok := value.(string)
		if !ok {
			raw, _ := json.Marshal(value)
			text = string(raw)
		}
		out = append(out, Field{Name: key, Value: text})
	}
	return out
}

// timeOf returns what reads a line's time, for the search in a big file's history. The
// whole table is asked, since the search jumps between lines of any format.
func (in *ingest) timeOf() func(line []byte) (time.Time, bool) {
	plan := parse.Plan{}
	if in.fixed != nil {
		plan = *in.fixed
	}
	parsers := sync.Pool{New: func() any { return plan.NewParser(in.env) }}
	return func(line []byte) (time.Time, bool) {
		p, _ := parsers.Get().(*parse.Lines)
		defer parsers.Put(p)
		var ev tail.Event
		p.Parse(line, &ev)
		return ev.When(), ev.Time != 0
	}
}
