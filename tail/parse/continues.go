package parse

import (
	"bytes"

	"why502/tail"
)

// pending is a record that is not finished.
type pending struct {
	raw  []byte // the lines as they came
	text []byte // the lines without their transport prefixes
	out  []byte // room for the frame
	key  uint64 // whose it is
	at   uint64 // place of the first line

	lines   int
	parts   int    // of a wrapped line
	foreign int    // lines of others since
	touched uint64 // Records.tick when it last grew

	partial bool // the first part of a line that was wrapped
	gateway bool // the head is a gateway's line: what follows must show that it belongs to it
	mild    bool // the head tells of nothing bad: an exception below it is its own record
	trace   bool // an exception was named
	due     bool // Python: frames came, the exception's line is due
	chain   bool // "During handling ...": another trace is due
	whole   bool // Python: the exception's line came
	golang  bool // a Go panic
}

// add appends a line. Of a record that is too long the beginning and the end stay.
func (o *pending) add(line, text []byte) {
	if o.lines > 0 {
		o.raw, o.text = append(o.raw, '\n'), append(o.text, '\n')
	}
	o.raw, o.text = bounded(append(o.raw, line...)), bounded(append(o.text, text...))
	o.lines++
	o.note(text)
}

// bounded leaves out the middle of a text that is too long.
func bounded(b []byte) []byte {
	if len(b) <= maxRecord {
		return b
	}
	const gap = "\n[...]\n"
	head := b[:maxRecord/4]
	if i := bytes.LastIndexByte(head, '\n'); i > 0 {
		head = head[:i]
	}
	end := b[len(b)-maxRecord/2:]
	if i := bytes.IndexByte(end, '\n'); i >= 0 && i < len(end)-1 {
		end = end[i+1:]
	}
	head = append(head, gap...) // overwrites what is left out: it is longer than the gap
	return append(head, end...)
}

// mildLevels are the levels of lines that an exception does not belong to.
var mildLevels = []string{"info", "debug", "trace", "notice", "fine", "verbose"}

// head notes what the first line is.
func (o *pending) head(text []byte, ev *tail.Event) {
	o.gateway = ev.Kind == tail.KindError && ev.Gateway != "spring-cloud-gateway"
	for _, l := range mildLevels {
		o.mild = o.mild || len(ev.Level) == len(l) && bytes.EqualFold(ev.Level, []byte(l))
	}
	o.note(text)
}

// note keeps in mind what a line says of those to come.
func (o *pending) note(text []byte) {
	switch line := bytes.TrimLeft(text, " \t|+"); {
	case index(line, pythonStart) >= 0:
		o.trace, o.due, o.chain, o.whole = true, true, false, false
	case hasPrefix(line, `File "`):
		o.due = true
	case isChain(line):
		o.trace, o.chain, o.whole = true, true, false
	case hasPrefix(line, "panic: "), hasPrefix(line, "goroutine "), hasPrefix(line, "fatal error: "), index(line, "http: panic serving ") >= 0:
		o.trace, o.golang = true, true
	case o.due && exceptionName(text) > 0:
		o.trace, o.due, o.whole = true, false, true
	case exceptionText(line) != nil:
		o.trace = true
	}
}

// takes says whether a line, without its prefixes, goes on with the record.
func (o *pending) takes(text []byte, ev *tail.Event) bool {
	known := ev.Kind != tail.KindRaw && ev.Format != "traceback"
	switch {
	case o.partial || o.lines >= maxRecordLines || known && !o.due:
		return false
	case len(bytes.TrimSpace(text)) == 0:
		return o.lines > 1 || o.trace
	case o.due && exceptionName(text) > 0:
		return true
	case known:
		return false
	case text[0] == '\t' || text[0] == ' ' && (o.lines > 1 || len(text) > 1 && text[1] == ' '):
		return true
	case hasPrefix(text, "Stack trace:"), text[0] == '#' && len(text) > 1 && isDigit(text[1]):
		return true
	case o.gateway:
		return false
	case isChain(text), o.lines > 1 && o.trailing(text):
		return true
	case startsTrace(text):
		return o.chain || o.golang && hasPrefix(text, "goroutine ") || !o.trace && !o.mild
	}
	return false
}

// chains are the words between the traces of one chain of exceptions.
var chains = []string{"During handling of the above exception", "The above exception was the direct cause", "Caused by: ", "Suppressed: "}

func isChain(text []byte) bool {
	for _, w := range chains {
		if hasPrefix(text, w) {
			return true
		}
	}
	return false
}

// trailers are lines that stand below a trace: SQLAlchemy's statement and Node's
// version.
var trailers = []string{"[SQL: ", "[parameters: ", "(Background on this error", "Node.js v"}

// trailing says whether a line that is not indented still belongs to a trace.
func (o *pending) trailing(text []byte) bool {
	if o.golang && (hasSuffix(text, ")") || hasPrefix(text, "[signal ") || hasPrefix(text, "created by ") || hasPrefix(text, "exit status ")) {
		return true
	}
	for _, w := range trailers {
		if o.trace && hasPrefix(text, w) {
			return true
		}
	}
	return len(text) <= 2 && (text[0] == '}' || text[0] == ')' || text[0] == ']')
}

// startsTrace says whether a line begins a stack trace, or another part of one.
func startsTrace(text []byte) bool {
	for _, w := range traceStarts {
		if w[len(w)-1] != '.' && hasPrefix(text, w) {
			return true
		}
	}
	return isException(text) || hasPrefix(text, "Error: ")
}
