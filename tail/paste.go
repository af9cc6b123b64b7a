package tail

import "bytes"

// typeset are what editors and web pages make of the characters of a log line, and
// the characters.
var typeset = []struct{ from, to string }{
	{"“", `"`},
	{"”", `"`},
	{"„", `"`},
	{"«", `"`},
	{"»", `"`},
	{"‘", "'"},
	{"’", "'"},
	{"…", "..."},
	{"\u00a0", " "},
	{"\u202f", " "},
	{"\u200b", ""},
	{"\ufeff", ""},
	{"&quot;", `"`},
	{"&#34;", `"`},
	{"&#39;", "'"},
	{"&lt;", "<"},
	{"&gt;", ">"},
	{"&amp;", "&"},
	{"&nbsp;", " "},
}

// AppendPlain appends b to to with the characters as a log has them. What it writes
// is never longer than what it has read, so that to may be the start of b.
func AppendPlain(to, b []byte) []byte {
	for len(b) > 0 {
		if from, with, ok := typesetAt(b); ok {
			to, b = append(to, with...), b[from:]
			continue
		}
		to, b = append(to, b[0]), b[1:]
	}
	return to
}

// IsTypeset says whether b holds characters that AppendPlain changes.
func IsTypeset(b []byte) bool {
	for i := range b {
		if _, _, ok := typesetAt(b[i:]); ok {
			return true
		}
	}
	return false
}

// typesetAt says what b begins with.
func typesetAt(b []byte) (length int, with string, ok bool) {
	if c := b[0]; c != '&' && c < 0x80 {
		return 0, "", false
	}
	for i := range typeset {
		if t := &typeset[i]; len(b) >= len(t.from) && string(b[:len(t.from)]) == t.from {
			return len(t.from), t.to, true
		}
	}
	return 0, "", false
}

// Unquoted takes off a line what people's tools put around it when they paste it:
// indents, marks of a quotation or a list, fences and quotes, the file name and
// line number that grep and pagers write, and the local time that some container
// managers glue before it. It returns b itself where there is nothing of that.
func Unquoted(b []byte) []byte {
	for range maxMarks {
		text := bytes.Trim(b, " \t")
		if rest, ok := unmarked(text); ok {
			text = rest
		}
		if len(text) == len(b) {
			break
		}
		b = text
	}
	return b
}

// maxMarks bounds how many marks are taken off a line.
const maxMarks = 6

// unmarked takes one mark off.
func unmarked(b []byte) ([]byte, bool) {
	if len(b) < 4 {
		return b, false
	}
	switch c := b[0]; {
	case c == '>':
		return b[1:], true
	case c == '`':
		return bytes.Trim(b, "`"), true
	case (c == '"' || c == '\'') && b[len(b)-1] == c:
		return b[1 : len(b)-1], true
	case c == '"' || c == '\'':
		return b[1:], true
	case (c == '-' || c == '*' || c == '+' || c == '|' || c == '#' || c == '$') && b[1] == ' ':
		return b[2:], true
	case isDigit(c):
		if rest, ok := ungluedTime(b); ok {
			return rest, true
		}
		return unnumbered(b)
	}
	return unnamed(b)
}

// unnumbered takes a line number off: "12:", "12.", "12)", "12|", "12" and a tab.
func unnumbered(b []byte) ([]byte, bool) {
	i := 0
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	if i > 6 || i+2 >= len(b) {
		return b, false
	}
	next := b[i+1]
	switch b[i] {
	case ':', '.', ')':
		// Not the hour of a time, nor a part of an address.
		if next == ' ' || next == '\t' || b[i] == ':' && (!isDigit(next) || i+5 < len(b) && isDigit(b[i+3]) && isDigit(b[i+4])) {
			return b[i+1:], true
		}
	case '|':
		// A process manager's "0|name  | ".
		name, rest, _ := bytes.Cut(b[i+1:], []byte(" "))
		if rest = bytes.TrimLeft(rest, " "); bytes.HasPrefix(rest, []byte("| ")) && len(name) > 0 {
			return rest[2:], true
		}
		return b[i+1:], true
	case '\t':
		return b[i+1:], true
	}
	return b, false
}

// unnamed takes off the name of a log that grep writes before its lines.
func unnamed(b []byte) ([]byte, bool) {
	name, _, _ := bytes.Cut(b, []byte(" "))
	i := bytes.Index(name, []byte("log"))
	if i < 0 || i > 200 {
		return b, false
	}
	j := bytes.IndexByte(name[i:], ':')
	if j < 0 || i+j+1 >= len(b) || bytes.ContainsAny(name[:i+j], `"=[{`) || bytes.Contains(name[:i+j], []byte("://")) {
		return b, false
	}
	return b[i+j+1:], true
}

// ungluedTime takes off a time as Rancher writes it, "1/31/2017 3:01:11 PM", which
// stands without a blank before the line.
func ungluedTime(b []byte) ([]byte, bool) {
	date, rest, _ := bytes.Cut(b, []byte(" "))
	if len(date) < 8 || len(date) > 10 || bytes.Count(date, []byte("/")) != 2 {
		return b, false
	}
	_, rest, _ = bytes.Cut(rest, []byte(" "))
	if !bytes.HasPrefix(rest, []byte("AM")) && !bytes.HasPrefix(rest, []byte("PM")) {
		return b, false
	}
	return rest[2:], len(rest) > 2
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
