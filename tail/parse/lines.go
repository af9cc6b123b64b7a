package parse

import (
	"bytes"

	"why502/tail"
)

// Lines parses the lines of one source by a Plan. It is not safe for concurrent
// use; each worker makes its own from the same Plan.
//
// A line that has the plan's prefixes and formats costs one attempt; any other
// goes through the whole table, so mixed streams (access and error log of one
// container) need no care.
//
// Each line is one event, stack traces included: their lines are events of kind
// upstream (format "traceback") with the line as Message.
type Lines struct {
	st      *state
	planned []*lineParser
	all     []*lineParser // by index in the table, made when first asked

	depth int  // prefixes around the last understood line
	color bool // and whether it was colored
	plain []byte
}

func newLines(plan *Plan, env Env) *Lines {
	l := &Lines{st: newState(env), all: make([]*lineParser, len(formats))}
	l.st.w3c.prime(&plan.w3c)
	if plan.tmpl != nil {
		l.planned = append(l.planned, plan.tmpl.parser(l.st))
	}
	for _, name := range plan.Formats {
		if i, ok := formatIndex[name]; ok && l.all[i] == nil {
			l.planned = append(l.planned, l.parser(i))
		}
	}
	return l
}

// parser returns the parser of the i-th format of the table.
func (l *Lines) parser(i int) *lineParser {
	if l.all[i] == nil {
		l.all[i] = newParser(&formats[i], l.st)
	}
	return l.all[i]
}

// Parse fills ev, which it resets first, from line, with or without its line end.
// It always succeeds: a line that no format takes is an event of kind raw, with
// the time of its transport prefix if it has one. The event's slices are valid
// until the next Parse and no longer than line.
func (l *Lines) Parse(line []byte, ev *tail.Event) {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	l.st.begin()
	if !l.usual(line, ev) {
		l.search(line, ev)
	}
	ev.Line = line
}

// usual tries the plan's formats behind the prefixes that the last line had.
func (l *Lines) usual(text []byte, ev *tail.Event) bool {
	if len(l.planned) == 0 || len(text) == 0 {
		return false
	}
	if l.color {
		text, _ = l.uncolored(text)
	}
	var stamp int64
	for range l.depth {
		p, ok := l.st.peel(text)
		if !ok || len(p.rest) == 0 {
			return false
		}
		if p.time != 0 {
			stamp = p.time
		}
		text = p.rest
	}
	if len(text) == 0 {
		return false
	}
	if l.color && l.depth > 0 {
		text, _ = l.uncolored(text)
	}
	for _, p := range l.planned {
		if p.format.inner {
			if _, more := l.st.peel(text); more {
				continue // there is another prefix around the text it is for
			}
		}
		if p.format.begins(text[0]) && p.run(text, ev) {
			if ev.Method == nil && !l.color && bytes.IndexByte(text, esc) >= 0 {
				return false // a first colored line, misread
			}
			if ev.Time == 0 {
				ev.Time = stamp
			}
			return true
		}
	}
	return false
}

const esc = 0x1b

// uncolored takes the color sequences out of text, if there are any.
func (l *Lines) uncolored(text []byte) (plain []byte, had bool) {
	if bytes.IndexByte(text, esc) < 0 {
		return text, false
	}
	l.plain = stripColors(l.plain[:0], text)
	return l.plain, true
}

// search asks the whole table: about the line, then about what is left of it without
// the marks of pasting; formats that take almost anything come last.
func (l *Lines) search(line []byte, ev *tail.Event) {
	whole := within{text: line}
	if l.strict(&whole, ev) {
		l.found(ev, &whole)
		return
	}
	text, color := l.uncolored(line)
	bare := within{text: text, color: color}
	if !color && !whole.color && tail.IsTypeset(text) {
		l.plain = tail.AppendPlain(l.plain[:0], text)
		bare.text = l.plain
	}
	bare.text = tail.Unquoted(bare.text)
	pasted := len(bare.text) < len(text)
	switch {
	case pasted && l.strict(&bare, ev):
		l.found(ev, &bare)
	case l.loose(&whole, ev):
		l.found(ev, &whole)
	case pasted && l.loose(&bare, ev):
		l.found(ev, &bare)
	default:
		ev.Reset()
		ev.Time = whole.stamp
	}
}

// within is a text and what its prefixes told on the way inwards.
type within struct {
	text  []byte
	stamp int64
	tag   []byte
	depth int
	color bool
}

// strict asks the formats that are sure of their lines about in, from the outermost
// text inwards.
func (l *Lines) strict(in *within, ev *tail.Event) bool {
	for ; ; in.depth++ {
		if plain, had := l.uncolored(in.text); had { // around a prefix or, in JSON, inside it
			in.text, in.color = plain, true
		}
		if l.ask(false, in.text, ev) {
			return true
		}
		if in.depth == maxLayers {
			return false
		}
		p, ok := l.st.peel(in.text)
		if !ok {
			return false
		}
		if p.time != 0 {
			in.stamp = p.time
		}
		if p.tag != nil {
			in.tag = p.tag
		}
		in.text = p.rest
	}
}

// loose asks the others about the innermost text.
func (l *Lines) loose(in *within, ev *tail.Event) bool {
	return l.byTag(in.tag, in.text, true, ev) || l.ask(true, in.text, ev) || l.byTag(in.tag, in.text, false, ev) || blank(in.text, ev)
}

// blank takes an empty line, which belongs to the record above it, as a line of a
// stack trace.
func blank(text []byte, ev *tail.Event) bool {
	if len(bytes.TrimSpace(text)) > 0 {
		return false
	}
	ev.Reset()
	ev.Kind, ev.Gateway, ev.Format, ev.Message = tail.KindUpstream, "application", "traceback", text
	return true
}

func (l *Lines) found(ev *tail.Event, in *within) {
	if ev.Time == 0 {
		ev.Time = in.stamp
	}
	l.depth, l.color = in.depth, in.color
}

// ask runs the parsers that take lines beginning as text does, those of the plan
// first; inner ones or the others.
func (l *Lines) ask(inner bool, text []byte, ev *tail.Event) bool {
	if len(text) == 0 {
		return false
	}
	for _, p := range l.planned {
		if p.format.inner == inner && p.format.begins(text[0]) && p.run(text, ev) {
			return true
		}
	}
	by := &beginsStrict
	if inner {
		by = &beginsInner
	}
	for _, i := range by[text[0]] {
		if l.parser(int(i)).run(text, ev) {
			return true
		}
	}
	return false
}

// tagged are programs whose syslog lines are worth having although no format
// knows them.
var tagged = []struct {
	tag, gateway, format string
	kind                 tail.Kind
	// logs says that the lines are logfmt or the like: they are the program's, not
	// a request of a gateway.
	logs bool
}{
	{"haproxy", "haproxy", "haproxy-event", tail.KindError, false},
	{"nginx", "nginx", "nginx-startup", tail.KindError, false},
	{"kernel", "kernel", "kernel", tail.KindSystem, false},
	{"systemd", "systemd", "systemd", tail.KindSystem, false},
	{"dockerd", "docker", "docker", tail.KindSystem, true},
	{"containerd", "docker", "docker", tail.KindSystem, true},
	{"kubelet", "kubernetes", "k8s-event", tail.KindSystem, true},
}

// byTag takes a line of a known program as that program's message.
func (l *Lines) byTag(tag, text []byte, logs bool, ev *tail.Event) bool {
	for i := range tagged {
		if t := &tagged[i]; string(tag) == t.tag && t.logs == logs {
			ev.Reset()
			ev.Kind, ev.Gateway, ev.Format, ev.Message = t.kind, t.gateway, t.format, text
			return true
		}
	}
	return false
}
