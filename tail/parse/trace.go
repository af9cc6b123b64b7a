package parse

import (
	"bytes"
)

// maxBlocks is how many exceptions of a chain are looked at.
const maxBlocks = 8

// A trace is what a stack trace says.
type trace struct {
	root    []byte // "Type: text" of the exception that began it
	surface []byte // of the one that was raised in the end, empty when it is the root
	frame   frame  // the application's own deepest
}

// frame is one line of a stack.
type frame struct {
	file, line, name []byte
	own              bool // of the application, not of a library
}

// block is one exception of a chain with the deepest own frame of its stack.
type block struct {
	text  []byte
	frame frame
}

// tracer reads a stack trace line by line. Python tells the root first and the
// deepest frame last; all others the surface first and the deepest frame first.
type tracer struct {
	blocks   [maxBlocks]block
	n        int
	python   bool
	frames   bool   // the block at hand has a frame
	previous []byte // the line before
}

// readTrace reads the text of a record, its transport prefixes taken off.
func readTrace(text []byte) trace {
	var t tracer
	for len(text) > 0 {
		var line []byte
		line, text, _ = cut(text, '\n')
		t.line(bytes.TrimRight(line, "\r"))
	}
	return t.trace()
}

func (t *tracer) line(raw []byte) {
	line := bytes.TrimLeft(raw, " \t|+-")
	indented := len(raw) > 0 && (raw[0] == ' ' || raw[0] == '\t')
	switch {
	case hasPrefix(line, pythonStart):
		t.python = true
		t.open(nil)
	case t.python && t.n > 0 && t.blocks[t.n-1].text == nil && t.frames && exceptionName(line) > 0 && (!indented || raw[len(raw)-len(line)-1] == '|'):
		t.blocks[t.n-1].text = line
	default:
		if f, ok := readFrame(line, t.previous); ok {
			t.frame(f)
		} else if text := exceptionText(line); text != nil && !t.python && (!indented || bytes.Contains(raw, []byte("> "))) {
			t.open(text)
		}
	}
	t.previous = line
}

// open begins the block of the next exception.
func (t *tracer) open(text []byte) {
	if text != nil && t.n > 0 && !t.frames && t.blocks[t.n-1].text != nil && !hasPrefix(t.previous, string(t.blocks[t.n-1].text)) {
		// Two in a row without a stack: the first was told in the head's own words.
		t.n--
	}
	if t.n == maxBlocks { // the first and the newest stay
		copy(t.blocks[1:], t.blocks[2:])
		t.n--
	}
	t.blocks[t.n] = block{text: text}
	t.n++
	t.frames = false
}

func (t *tracer) frame(f frame) {
	if t.n == 0 {
		t.open(nil)
	}
	t.frames = true
	if b := &t.blocks[t.n-1]; f.own && (t.python || b.frame.file == nil) {
		b.frame = f
	}
}

// trace puts together what was read: the root, the surface, and the deepest own
// frame of the root or, where its stack is all of libraries, of what is next to it.
func (t *tracer) trace() trace {
	var out trace
	blocks := t.blocks[:t.n]
	at := func(i int) *block {
		if t.python {
			return &blocks[i]
		}
		return &blocks[len(blocks)-1-i]
	}
	for i := range blocks {
		b := at(i)
		if out.root == nil {
			out.root = b.text
		} else if b.text != nil {
			out.surface = b.text
		}
		if out.frame.file == nil {
			out.frame = b.frame
		}
	}
	if bytes.Equal(out.root, out.surface) {
		out.surface = nil
	}
	return out
}

const pythonStart = "Traceback (most recent call last)"

// exceptionIntros are the words before an exception's name.
var exceptionIntros = []string{"Caused by: ", "Uncaught ", "uncaughtException: ", "UnhandledPromiseRejectionWarning: ", "> ", "[cause]: ", "Unhandled exception. "}

// exceptionText returns "Type: text" where the line says it, with the words before
// it that every language has of its own taken off; nil where it does not.
func exceptionText(line []byte) []byte {
	if hasPrefix(line, "panic: ") || hasPrefix(line, "fatal error: ") {
		return line
	}
	if i := index(line, "http: panic serving "); i >= 0 {
		if j := index(line, ": runtime error: "); j > i {
			return line[j+2:]
		}
		return line[i:]
	}
	if hasPrefix(line, "Exception in thread ") {
		if i := bytes.LastIndex(line[:min(len(line), 200)], []byte("\" ")); i > 0 {
			line = line[i+2:]
		}
	}
	for _, w := range exceptionIntros {
		if i := index(line[:min(len(line), 300)], w); i >= 0 {
			if rest := line[i+len(w):]; exceptionName(rest) > 0 {
				return rest
			}
		}
	}
	if hasPrefix(line, "Error: ") || isException(line) {
		return line
	}
	return nil
}

// exceptionName returns the length of the dotted name that line begins with when
// nothing or ": " follows it, 0 otherwise. Only its place tells that it is an
// exception.
func exceptionName(line []byte) int {
	n := 0
	for n < len(line) && (isDigit(line[n]) || isLetter(line[n]) || line[n] == '.' || line[n] == '_' || line[n] == '$' || line[n] == '\\') {
		n++
	}
	if n < 2 || n > 200 || isDigit(line[0]) || n < len(line) && (line[n] != ':' || n+1 < len(line) && line[n+1] != ' ') {
		return 0
	}
	return n
}

// foreign are parts of the paths of files that the application did not write: the
// languages' own and installed libraries.
var foreign = []string{
	"site-packages/", "dist-packages/", "/lib/python", "/lib64/python", "<frozen ", "<string>", "node_modules/", "node:", "internal/",
	"/pkg/mod/", "/vendor/", "/go/src/", "/libexec/src/", "/gems/", "/lib/ruby/", "<internal:", "\\Lib\\", "site-packages\\", "node_modules\\",
}

// foreignJava are the packages of the Java platform and of what runs on it.
var foreignJava = []string{
	"java.", "javax.", "jdk.", "sun.", "com.sun.", "jakarta.", "kotlin.", "kotlinx.", "scala.", "akka.", "groovy.", "clojure.",
	"org.springframework.", "org.apache.", "org.eclipse.", "org.hibernate.", "org.postgresql.", "org.jboss.", "org.slf4j.", "org.aspectj.",
	"io.netty.", "io.undertow.", "io.vertx.", "io.grpc.", "io.micrometer.", "io.lettuce.", "reactor.", "rx.", "io.reactivex.",
	"com.zaxxer.", "com.mysql.", "com.fasterxml.", "com.google.", "com.mongodb.", "oracle.", "redis.clients.", "okhttp3.", "retrofit2.", "feign.",
	"ch.qos.", "net.sf.", "org.mariadb.", "com.microsoft.", "com.netflix.",
}

// isForeign says whether a file is of the language or a library.
func isForeign(file []byte) bool {
	for _, w := range foreign {
		if index(file, w) >= 0 {
			return true
		}
	}
	return false
}

// readFrame reads a line of a stack, blanks before it taken off.
func readFrame(line, previous []byte) (frame, bool) {
	switch {
	case hasPrefix(line, `File "`):
		return pythonFrame(line[6:])
	case hasPrefix(line, "at "):
		return atFrame(line[3:])
	case len(line) > 1 && line[0] == '#' && isDigit(line[1]):
		return phpFrame(line)
	case hasPrefix(line, "thrown in "):
		file, rest, ok := bytes.Cut(line[10:], []byte(" on line "))
		return frame{file: file, line: digitsOf(rest), own: !isForeign(file)}, ok
	case hasPrefix(line, "from "):
		return rubyFrame(line[5:])
	}
	return goFrame(line, previous)
}

// pythonFrame reads `PATH", line N, in FUNC`.
func pythonFrame(rest []byte) (frame, bool) {
	file, rest, ok := cut(rest, '"')
	if !ok || !hasPrefix(rest, ", line ") {
		return frame{}, false
	}
	f := frame{file: file, line: digitsOf(rest[7:]), own: !isForeign(file)}
	if i := index(rest, ", in "); i > 0 {
		f.name = rest[i+5:]
	}
	return f, len(f.line) > 0
}

// atFrame reads what stands behind "at " in Java ("pkg.Class.method(File.java:12)"),
// Node ("func (file:12:5)", "file:12:5") and .NET ("Class.Method(args) in file:line 12").
func atFrame(rest []byte) (frame, bool) {
	if name, place, ok := bytes.Cut(rest, []byte(") in ")); ok {
		if file, line, ok := bytes.Cut(place, []byte(":line ")); ok {
			name, _, _ = cut(name, '(')
			return frame{file: file, line: digitsOf(line), name: name, own: true}, true
		}
	}
	name, place, ok := cut(rest, '(')
	if !ok {
		file, line, ok := nodePlace(rest)
		return frame{file: file, line: line, own: !isForeign(file)}, ok
	}
	place, _, _ = cut(place, ')')
	if hasSuffix(name, " ") {
		file, line, ok := nodePlace(place)
		return frame{file: file, line: line, name: trim(name), own: !isForeign(file)}, ok || len(place) > 0
	}
	file, line, _ := cut(place, ':')
	f := frame{file: file, line: digitsOf(line), name: name}
	if i := bytes.LastIndexByte(name, '/'); i >= 0 { // java.base/java.lang..., app//pkg...
		name = name[i+1:]
	}
	f.name, f.own = name, len(f.line) > 0
	for _, p := range foreignJava {
		f.own = f.own && !hasPrefix(name, p)
	}
	return f, true
}

// nodePlace splits "file:12:5".
func nodePlace(b []byte) (file, line []byte, ok bool) {
	i := bytes.LastIndexByte(b, ':')
	if i < 1 {
		return nil, nil, false
	}
	j := bytes.LastIndexByte(b[:i], ':')
	if j < 1 || !allDigits(b[j+1:i]) {
		return nil, nil, false
	}
	return bytes.TrimPrefix(b[:j], []byte("file://")), b[j+1 : i], true
}

// phpFrame reads "#0 /srv/app.php(12): func()".
func phpFrame(line []byte) (frame, bool) {
	_, rest, ok := cut(line, ' ')
	if !ok {
		return frame{}, false
	}
	open := index(rest, "): ")
	if open < 0 {
		return frame{}, true // {main}, [internal function]
	}
	i := bytes.LastIndexByte(rest[:open], '(')
	if i < 1 {
		return frame{}, false
	}
	name, _, _ := cut(rest[open+3:], '(')
	return frame{file: rest[:i], line: digitsOf(rest[i+1:]), name: name, own: !isForeign(rest[:i])}, true
}

// rubyFrame reads "/srv/app.rb:12:in `func'".
func rubyFrame(rest []byte) (frame, bool) {
	file, rest, ok := cut(rest, ':')
	if !ok || len(digitsOf(rest)) == 0 {
		return frame{}, false
	}
	f := frame{file: file, line: digitsOf(rest), own: !isForeign(file)}
	if i := index(rest, ":in "); i > 0 {
		f.name = bytes.Trim(rest[i+4:], "`'")
	}
	return f, true
}

// goFrame reads "/srv/app/main.go:12 +0x1d", whose function stands in the line
// before it.
func goFrame(line, previous []byte) (frame, bool) {
	i := index(line, ".go:")
	if i < 0 || line[0] != '/' && index(line[:i], ":/") != 1 {
		return frame{}, false
	}
	f := frame{file: line[:i+3], line: digitsOf(line[i+4:])}
	if j := bytes.LastIndexByte(previous, '('); j > 0 {
		f.name = previous[:j]
	}
	f.own = len(f.line) > 0 && !isForeign(f.file) && !hasPrefix(f.name, "runtime.") && string(f.name) != "panic" &&
		!hasPrefix(previous, "created by ") && !hasPrefix(f.name, "net/http.")
	return f, len(f.line) > 0
}

// digitsOf returns the digits that b begins with.
func digitsOf(b []byte) []byte {
	n := 0
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	return b[:n]
}

// append adds "file:12 in func" to dst.
func (f *frame) append(dst []byte) []byte {
	if f.file == nil {
		return dst
	}
	dst = append(append(append(dst, f.file...), ':'), f.line...)
	if len(f.name) > 0 {
		dst = append(append(dst, " in "...), f.name...)
	}
	return dst
}
