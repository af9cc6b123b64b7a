package parse

import (
	"bytes"

	"why502/tail"
)

// Bounds of a record.
const (
	// maxOpen is how many records of different writers may be unfinished at once.
	maxOpen = 32
	// maxRecord bounds a record in bytes: what is beyond it in the middle is left out.
	maxRecord = 32 << 10
	// maxRecordLines ends a record.
	maxRecordLines = 2000
	// maxForeign is how many lines of others may come between two of a record.
	maxForeign = 200
	// maxMessage bounds the "Type: text" of an exception, in bytes.
	maxMessage = 2 << 10
)

// Records reads the lines of one source as records: a stack trace is one event with
// the line above it, and so is a line that a container runtime wrapped. An ordinary
// line is parsed and passed on, nothing of it is kept.
//
// Lines of several writers may be mixed in one stream when a transport prefix tells
// whose they are (compose, kubectl --prefix, stern, syslog, stdout and stderr of a
// container). Without one, requests between the lines of a trace do no harm.
//
// It is not safe for concurrent use.
type Records struct {
	lines  *Lines
	peeker *Lines // for looking at the next line while an event of lines is in use
	st     *state // for transport prefixes
	ev     tail.Event
	next   tail.Event
	plain  []byte

	open  []*pending
	spent []*pending // emitted in this Read: their text is still in use
	free  []*pending
	tick  uint64
}

// Emit takes a record's event, the place of its first line, and of how many lines it
// is. The event's slices are valid until the next Read.
type Emit func(ev *tail.Event, seq uint64, lines int)

// NewRecords returns a reader of records by the plan.
func (p Plan) NewRecords(env Env) *Records {
	return &Records{lines: newLines(&p, env), peeker: newLines(&p, env), st: newState(env)}
}

// Use makes r read by plan p from now on; what is unfinished stays so.
func (r *Records) Use(p *Plan, env Env) {
	r.lines, r.peeker = p.NewParser(env), p.NewParser(env)
}

// Read passes on the records of data, whole lines, the first of which has the place
// seq. With more, what may go on in the next data is kept until then, until Expire or
// Flush; without, all of it is emitted.
func (r *Records) Read(data []byte, seq uint64, more bool, emit Emit) {
	r.recycle()
	for rest := data; len(rest) > 0; {
		at := seq + uint64(len(data)-len(rest))
		var line []byte
		line, rest = tail.NextLine(rest)
		if len(line) == 0 && len(r.open) == 0 {
			continue
		}
		r.lines.Parse(line, &r.ev)
		if len(r.open) == 0 && !r.lines.st.partial && isRequest(&r.ev) {
			emit(&r.ev, at, 1)
			continue
		}
		r.line(line, rest, at, more, emit)
	}
	if !more {
		r.flush(emit, func(*pending) bool { return true })
	}
}

// Flush emits what is unfinished.
func (r *Records) Flush(emit Emit) {
	r.recycle()
	r.flush(emit, func(*pending) bool { return true })
}

// Expire emits what nothing was added to since the last but one call.
func (r *Records) Expire(emit Emit) {
	r.recycle()
	r.tick++
	r.flush(emit, func(o *pending) bool { return r.tick-o.touched > 1 })
}

// Waiting says whether something is unfinished.
func (r *Records) Waiting() bool { return len(r.open) > 0 }

// Oldest returns the place of the first line that was not emitted yet, false when
// there is none.
func (r *Records) Oldest() (seq uint64, ok bool) {
	for _, o := range r.open {
		if !ok || o.at < seq {
			seq, ok = o.at, true
		}
	}
	return seq, ok
}

// Whole fills ev from the text of one record, as Event.Line gave it.
func (r *Records) Whole(text []byte, ev *tail.Event) {
	o := &pending{}
	for rest := text; len(rest) > 0; {
		var line []byte
		line, rest = tail.NextLine(rest)
		inner, _ := r.peel(line)
		if o.lines == 0 {
			r.lines.Parse(line, ev)
			o.head(inner, ev)
		}
		o.add(line, inner)
	}
	r.compose(o, ev)
}

// isRequest says whether a line is about one request: it neither begins a record nor
// ends one.
func isRequest(ev *tail.Event) bool {
	return ev.Kind == tail.KindAccess || ev.Kind == tail.KindUpstream && ev.Status > 0 && len(ev.Message) == 0
}

// line takes a line that may be a part of a record.
func (r *Records) line(line, rest []byte, at uint64, more bool, emit Emit) {
	text, key := line, uint64(0)
	if r.ev.Kind == tail.KindRaw || r.lines.depth > 0 || r.lines.st.partial {
		text, key = r.peel(line)
	}
	o := r.of(key)
	if r.lines.st.partial || o != nil && o.partial {
		r.wrapped(o, line, text, key, at, emit)
		return
	}
	r.age(key, emit)
	if isRequest(&r.ev) {
		if o != nil && (o.lines == 1 || o.whole) { // its writer goes on with something else
			r.end(o, emit)
			r.lines.Parse(line, &r.ev)
		}
		emit(&r.ev, at, 1)
		return
	}
	if o != nil {
		if o.takes(text, &r.ev) {
			o.add(line, text)
			o.touched, o.foreign = r.tick, 0
			return
		}
		r.end(o, emit)
		r.lines.Parse(line, &r.ev) // ending the other used the parser
	}
	if r.ev.Kind == tail.KindSystem || len(line) == 0 || !r.goesOn(text, key, rest, more) {
		emit(&r.ev, at, 1)
		return
	}
	r.begin(line, text, key, at, emit)
}

// goesOn says whether the line at hand may be the head of a record, by the line that
// follows it.
func (r *Records) goesOn(text []byte, key uint64, rest []byte, more bool) bool {
	if len(rest) == 0 {
		return more
	}
	next, _ := tail.NextLine(rest)
	inner := next
	if key != 0 || r.lines.depth > 0 {
		var other uint64
		if inner, other = r.peel(next); other != key {
			return true // another's line: the next one of this writer is not known yet
		}
	}
	if c := first(inner); isDigit(c) || c == '{' || c == '[' || c == '<' {
		return false
	}
	o := pending{} // only now: it costs more than the looks before
	o.head(text, &r.ev)
	r.peeker.Parse(next, &r.next)
	return o.takes(inner, &r.next)
}

func first(b []byte) byte {
	if len(b) == 0 {
		return ' '
	}
	return b[0]
}

// begin opens a record with its first line.
func (r *Records) begin(line, text []byte, key, at uint64, emit Emit) *pending {
	if len(r.open) >= maxOpen {
		r.end(r.open[0], emit)
		r.lines.Parse(line, &r.ev)
	}
	var o *pending
	if n := len(r.free); n > 0 {
		o, r.free = r.free[n-1], r.free[:n-1]
	} else {
		o = new(pending)
	}
	*o = pending{raw: o.raw[:0], text: o.text[:0], out: o.out[:0], key: key, at: at, touched: r.tick}
	o.head(text, &r.ev)
	o.add(line, text)
	r.open = append(r.open, o)
	return o
}

// wrapped joins the parts of a line that a container runtime cut.
func (r *Records) wrapped(o *pending, line, text []byte, key, at uint64, emit Emit) {
	last := !r.lines.st.partial
	if o != nil && !o.partial {
		r.end(o, emit)
		o = nil
	}
	if o == nil {
		o = r.begin(nil, nil, key, at, emit)
		o.partial, o.lines = true, 0
		o.raw = append(o.raw[:0], line[:len(line)-len(suffixIn(line, text))]...)
		if len(o.raw) == len(line) { // JSON: written as CRI does, which says the same
			o.raw = r.st.appendCRI(o.raw[:0])
		}
	}
	o.raw = append(o.raw, text[:min(len(text), max(0, maxRecord-len(o.raw)))]...)
	o.touched, o.foreign = r.tick, 0
	o.parts++
	if last {
		r.end(o, emit)
	}
}

// suffixIn returns text when it is the end of line, nil when it is a copy.
func suffixIn(line, text []byte) []byte {
	if len(text) > 0 && len(text) <= len(line) && &line[len(line)-len(text)] == &text[0] {
		return text
	}
	return nil
}

// of returns the unfinished record of a writer, nil when there is none.
func (r *Records) of(key uint64) *pending {
	for _, o := range r.open {
		if o.key == key {
			return o
		}
	}
	return nil
}

// age ends the records of others that have not gone on for long.
func (r *Records) age(key uint64, emit Emit) {
	if len(r.open) == 0 {
		return
	}
	old := false
	for _, o := range r.open {
		o.foreign++
		old = old || o.foreign > maxForeign && o.key != key
	}
	if old {
		line := r.ev.Line
		r.flush(emit, func(o *pending) bool { return o.foreign > maxForeign && o.key != key })
		r.lines.Parse(line, &r.ev)
	}
}

// flush emits the unfinished records that are due.
func (r *Records) flush(emit Emit, due func(*pending) bool) {
	for i := 0; i < len(r.open); {
		if o := r.open[i]; due(o) {
			r.end(o, emit)
		} else {
			i++
		}
	}
}

// end emits a record.
func (r *Records) end(o *pending, emit Emit) {
	for i := range r.open {
		if r.open[i] == o {
			r.open = append(r.open[:i], r.open[i+1:]...)
			break
		}
	}
	r.spent = append(r.spent, o)
	r.compose(o, &r.ev)
	emit(&r.ev, o.at, max(o.lines, o.parts))
}

// recycle takes back the memory of the records of the last Read.
func (r *Records) recycle() {
	r.free = append(r.free, r.spent...)
	r.spent = r.spent[:0]
	if len(r.free) > maxOpen {
		clear(r.free[maxOpen:])
		r.free = r.free[:maxOpen]
	}
}

// compose fills ev from a record.
func (r *Records) compose(o *pending, ev *tail.Event) {
	head, _ := tail.NextLine(o.raw)
	r.lines.Parse(head, ev)
	if o.lines > 1 && o.gateway {
		r.lines.Parse(o.raw, ev) // what it tells of the request may stand in the last line
	}
	ev.Line = o.raw
	if o.lines < 2 {
		return
	}
	t := readTrace(o.text)
	if ev.Kind == tail.KindRaw {
		ev.Kind, ev.Gateway, ev.Format = tail.KindUpstream, "application", "traceback"
	}
	if t.root != nil {
		ev.Exception = exceptionType(t.root)
		ev.Surface = t.surface[:min(len(t.surface), maxMessage)]
		if !o.gateway {
			ev.Message = t.root[:min(len(t.root), maxMessage)]
		}
	}
	if len(ev.Message) == 0 {
		ev.Message, _, _ = cut(o.text, '\n')
	}
	o.out = t.frame.append(o.out[:0])
	ev.Frame = o.out
}

// exceptionType returns the name before ": ".
func exceptionType(text []byte) []byte {
	if hasPrefix(text, "fatal error: ") {
		return text[:len("fatal error")]
	}
	if n := exceptionName(text); n > 0 {
		return text[:n]
	}
	name, _, _ := cut(text, ':')
	return name
}

// peel takes all transport prefixes off a line and tells whose it is: 0 when they do
// not say.
func (r *Records) peel(line []byte) (text []byte, key uint64) {
	r.st.begin()
	text = line
	if bytes.IndexByte(line, 0x1b) >= 0 {
		r.plain = stripColors(r.plain[:0], line)
		text = r.plain
	}
	for range maxLayers {
		l, ok := r.st.peel(text)
		if !ok {
			break
		}
		if l.who != nil {
			key = writer(key, l.who)
		} else if n := len(text) - len(suffixIn(text, l.rest)); n < len(text) {
			key = writer(key, text[:n])
		}
		text = l.rest
	}
	return text, key
}

// writer mixes into key what a prefix says of the writer: its words, without times,
// priorities and flags.
func writer(key uint64, prefix []byte) uint64 {
	for len(prefix) > 0 {
		var w []byte
		w, prefix = word(prefix)
		if len(w) < 2 || isDigit(w[0]) || w[0] == '<' {
			continue
		}
		if key == 0 {
			key = 14695981039346656037 // FNV-1a
		}
		for _, c := range w {
			key = (key ^ uint64(c)) * 1099511628211
		}
	}
	return key
}
