package parse

import (
	"bytes"
	"slices"

	"why502/tail"
)

// Stitch cuts batches of the past so that no record runs over the end of one: the
// batches can then be read in any order and by many workers. What stands at an edge
// and may belong to the batch beside it waits for that one, whether the batches come
// oldest or newest first, and comes as a batch of its own.
//
// It is not safe for concurrent use.
type Stitch struct {
	records *Records
	ev      tail.Event
	end     edge  // the end of the last batch, waiting for what follows it
	begin   edge  // the begin of a batch, waiting for what is ahead of it
	from    place // where the last batch began
	till    place // and where it ended
}

// NewStitch returns a Stitch of batches that are read by the plan.
func (p Plan) NewStitch(env Env) *Stitch { return &Stitch{records: p.NewRecords(env)} }

// place is a position in a source.
type place struct {
	file   int
	offset int64
	name   string
}

// edge is some lines at the edge of a batch.
type edge struct {
	batch tail.Batch
	full  bool
	old   bool // it waited when Expire was called
}

// maxEdge bounds what is looked at, and held back, at an edge of a batch in bytes.
const maxEdge = maxRecord

// Add takes a batch of the past and gives it, and what has become whole by it, to out.
func (s *Stitch) Add(b tail.Batch, out func(tail.Batch)) {
	first, last := place{b.File, b.Offset, b.Name}, placeAfter(&b)
	var begin edge
	more := s.begin.full && placeAfter(&s.begin.batch) == first // all of the last one was held
	if !s.Meet(&b, out) && b.Offset > 0 && (more || first != s.till) {
		if n := s.leading(b.Data, nil); n > 0 {
			begin.hold(&b, 0, n)
			b.Data, b.Offset = b.Data[n:], b.Offset+int64(n)
		}
	}
	switch {
	case len(b.Data) > 0:
		s.holdEnd(&b, last, out)
	case begin.full && s.ahead(last): // all of it lies within a record
		begin.batch.Data = append(begin.batch.Data, s.begin.batch.Data...)
		s.begin = edge{}
	}
	if begin.full && more {
		begin.batch.Data, begin.batch.Offset = append(s.begin.batch.Data, begin.batch.Data...), s.begin.batch.Offset
		s.begin = edge{}
	}
	if begin.full {
		s.begin.flush(out) // what is ahead of it never came
		s.begin = begin
		if len(begin.batch.Data) > maxEdge {
			s.begin.flush(out)
		}
	}
	s.from, s.till = first, last
	if len(b.Data) == 0 {
		release(&b)
		return
	}
	out(b)
}

// Meet lets the begin of b join what waits for it at the end of the last batch, and
// says whether b goes on with that one.
func (s *Stitch) Meet(b *tail.Batch, out func(tail.Batch)) bool {
	if !s.end.full {
		return false
	}
	meets := placeAfter(&s.end.batch) == place{b.File, b.Offset, b.Name}
	if meets {
		n := s.leading(b.Data, s.end.batch.Data)
		s.end.batch.Data = append(s.end.batch.Data, b.Data[:n]...)
		b.Data, b.Offset = b.Data[n:], b.Offset+int64(n)
		if len(b.Data) == 0 && len(s.end.batch.Data) < maxEdge {
			return true // all of it belongs there, and perhaps more to come
		}
	}
	s.end.flush(out)
	return meets
}

// holdEnd cuts off the record at the end of b, which is at last, unless it is known to
// be whole.
func (s *Stitch) holdEnd(b *tail.Batch, last place, out func(tail.Batch)) {
	n := s.trailing(b.Data)
	ahead := s.ahead(last)
	switch {
	case n == len(b.Data) && ahead:
		s.begin.flush(out)
		return
	case n == len(b.Data), !ahead && last == s.from:
		return
	}
	s.end.hold(b, n, len(b.Data))
	b.Data = b.Data[:n]
	if ahead { // newest first: what follows it came before
		s.end.batch.Data = append(s.end.batch.Data, s.begin.batch.Data...)
		s.begin = edge{}
		s.end.flush(out)
	}
}

// ahead says whether a batch that ends at last is the one that the held begin of
// another waits for.
func (s *Stitch) ahead(last place) bool {
	return s.begin.full && last == place{s.begin.batch.File, s.begin.batch.Offset, s.begin.batch.Name}
}

// Expire gives out what waits for a batch that should have followed by now: since the
// last but one call.
func (s *Stitch) Expire(out func(tail.Batch)) {
	if s.end.old {
		s.end.flush(out)
	}
	s.end.old = s.end.full
}

// Flush gives out what still waits.
func (s *Stitch) Flush(out func(tail.Batch)) {
	s.begin.flush(out)
	s.end.flush(out)
}

// release gives a batch back whose data was cut away.
func release(b *tail.Batch) {
	if b.Data == nil {
		b.Data = []byte{}
	}
	b.Release()
}

// hold takes over a copy of the bytes from i to j of b.
func (e *edge) hold(b *tail.Batch, i, j int) {
	e.batch = tail.NewBatch(slices.Clone(b.Data[i:j]), nil)
	e.batch.Past, e.batch.Received, e.batch.File, e.batch.Name = b.Past, b.Received, b.File, b.Name
	e.batch.Offset = b.Offset + int64(i)
	e.full = true
}

func (e *edge) flush(out func(tail.Batch)) {
	if e.full {
		b := e.batch
		*e = edge{}
		out(b)
	}
}

// placeAfter is where the batch after b begins.
func placeAfter(b *tail.Batch) place {
	return place{b.File, b.Offset + int64(len(b.Data)), b.Name}
}

// anyRecord takes every line that goes on with a record of any kind.
var anyRecord = pending{lines: 2, trace: true, due: true, chain: true, golang: true}

// leading returns how many bytes at the begin of data go on with the record behind;
// nil stands for one that is not known.
func (s *Stitch) leading(data, behind []byte) int {
	o := anyRecord
	if behind != nil {
		o = pending{}
		for len(behind) > 0 {
			var line []byte
			line, behind = tail.NextLine(behind)
			text := s.parse(line)
			if o.lines == 0 {
				o.head(text, &s.ev)
			}
			o.add(nil, text)
		}
	}
	rest, n := data, 0
	for len(rest) > 0 && n < maxEdge {
		var line []byte
		line, rest = tail.NextLine(rest)
		text := s.parse(line)
		if !o.takes(text, &s.ev) {
			break
		}
		o.add(nil, text)
		n = len(data) - len(rest)
	}
	return n
}

// parse reads a line and returns its text without prefixes.
func (s *Stitch) parse(line []byte) []byte {
	s.records.lines.Parse(line, &s.ev)
	text, _ := s.records.peel(line)
	return text
}

// trailing returns where the record at the end of data begins, len(data) when its last
// line neither begins one nor belongs to one.
func (s *Stitch) trailing(data []byte) int {
	o := anyRecord
	i := len(data)
	for i > 0 && len(data)-i < maxEdge {
		at := bytes.LastIndexByte(data[:i-1], '\n') + 1
		line, _ := tail.NextLine(data[at:i])
		text := s.parse(line)
		if isRequest(&s.ev) || s.ev.Kind == tail.KindSystem {
			return i
		}
		i = at
		if !o.takes(text, &s.ev) && !startsTrace(text) {
			return i
		}
	}
	return i
}

// Mixed says whether the lines of data are of several writers, told apart by their
// transport prefixes: they must then be read in order, for their records lie within
// each other.
func (p Plan) Mixed(data []byte, env Env) bool {
	r := p.NewRecords(env)
	var one uint64
	for n := 0; len(data) > 0 && n < maxSample; n++ {
		var line []byte
		line, data = tail.NextLine(data)
		_, key := r.peel(line)
		if one != 0 && key != 0 && key != one {
			return true
		}
		if key != 0 {
			one = key
		}
	}
	return false
}
