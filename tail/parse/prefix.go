package parse

import "bytes"

// maxLayers is how many transport prefixes are peeled off a line.
const maxLayers = 3

// layer is what a transport prefix told, and the text inside it.
type layer struct {
	rest []byte
	time int64  // 0 when the prefix has none
	tag  []byte // the program a syslog line is of
	who  []byte // whose line it is, where that is no part of the line as it stands
}

// peel takes one transport prefix off b: Kubernetes' CRI, docker's json-file,
// compose, kubectl --prefix and stern, syslog (RFC 3164, RFC 5424 and ISO times),
// journald (short, short-full and json), --timestamps.
func (s *state) peel(b []byte) (layer, bool) {
	if len(b) < 4 {
		return layer{}, false
	}
	switch c := b[0]; {
	case c == '{':
		return s.peelJSON(b)
	case c == '<':
		return s.peelPriority(b)
	case c == '[':
		return peelPod(b)
	case isDigit(c):
		if l, ok := s.peelISO(b); ok {
			return l, true
		}
	case isLetter(c):
		if l, ok := s.peelStamp(b); ok {
			return l, true
		}
	default:
		return layer{}, false
	}
	if l, ok := peelTag(b); ok {
		return l, true
	}
	return peelName(b)
}

var (
	keyLog, keyTime = key("log"), key("time")
	keyStream       = key("stream")
	keyMessage      = key("MESSAGE")
	keyRealtime     = key("__REALTIME_TIMESTAMP")
	keyIdentifier   = key("SYSLOG_IDENTIFIER")
	keyUnit         = key("_SYSTEMD_UNIT")
	dockerKeys      = mask("log", "stream")
	journalKeys     = mask("MESSAGE", "__REALTIME_TIMESTAMP")
)

// peelJSON reads docker's json-file lines and journalctl -o json.
func (s *state) peelJSON(b []byte) (layer, bool) {
	d := &s.doc
	if !d.scan(b) {
		return layer{}, false
	}
	var l layer
	switch {
	case d.holds(journalKeys):
		l.time, _ = epoch(d.text(s, keyRealtime))
		if l.tag = d.text(s, keyIdentifier); l.tag == nil {
			l.tag, _, _ = cut(d.text(s, keyUnit), '.')
		}
		l.rest, l.who = d.text(s, keyMessage), l.tag
		if d.kind(keyMessage) == 'n' {
			l.rest = s.journalBytes(b, l.rest)
		}
	case d.holds(dockerKeys):
		l.time, _ = s.clk.any(d.text(s, keyTime))
		l.rest, l.who = d.text(s, keyLog), d.text(s, keyStream)
		s.partial = len(l.rest) > 0 && l.rest[len(l.rest)-1] != '\n'
	default:
		return layer{}, false
	}
	l.rest = bytes.TrimRight(l.rest, "\r\n")
	return l, true
}

// journalBytes reads a message that is not all printable, which journalctl writes as
// a list of bytes; first is the list's first element.
func (s *state) journalBytes(b, first []byte) []byte {
	at := cap(b) - cap(first)
	if at < 1 || at > len(b) || b[at-1] != '[' {
		return first
	}
	start := len(s.buf)
	for list := b[at:]; ; {
		n := 0
		for n < len(list) && isDigit(list[n]) {
			n++
		}
		v, ok := atoi(list[:n])
		if !ok || v > 255 {
			break
		}
		s.buf = append(s.buf, byte(v))
		if list = bytes.TrimLeft(list[n:], ", "); len(list) == 0 {
			break
		}
	}
	return s.buf[start:len(s.buf):len(s.buf)]
}

// peelPriority reads what begins with syslog's "<PRI>".
func (s *state) peelPriority(b []byte) (layer, bool) {
	pri, rest, ok := cut(b[1:], '>')
	if !ok || len(pri) > 3 || !allDigits(pri) {
		return layer{}, false
	}
	if hasPrefix(rest, "1 ") {
		return s.peel5424(rest[2:])
	}
	if l, ok := s.peelStamp(rest); ok {
		return l, true
	}
	if l, ok := s.peelISO(rest); ok {
		return l, true
	}
	if l, ok := peelTag(rest); ok {
		return l, true
	}
	return layer{rest: rest}, true
}

// peel5424 reads "TIME HOST APP PROCID MSGID SD MSG".
func (s *state) peel5424(b []byte) (layer, bool) {
	var l layer
	var w []byte
	w, b = word(b)
	l.time, _ = s.clk.any(w)
	_, b = word(b) // host
	l.tag, b = word(b)
	_, b = word(b) // process id
	_, b = word(b) // message id
	if hasPrefix(b, "-") {
		b = b[1:]
	} else {
		for len(b) > 0 && b[0] == '[' {
			i := structuredEnd(b)
			if i < 0 {
				return layer{}, false
			}
			b = b[i+1:]
		}
	}
	b = bytes.TrimPrefix(trimOne(b), []byte("\xef\xbb\xbf"))
	l.rest = b
	return l, len(b) > 0
}

// structuredEnd is the index of the bracket that ends a structured data element;
// one within quotes does not.
func structuredEnd(b []byte) int {
	quote := false
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			quote = !quote
		case ']':
			if !quote {
				return i
			}
		}
	}
	return -1
}

// peelPod reads kubectl logs --prefix: "[pod/name/container] ".
func peelPod(b []byte) (layer, bool) {
	if !hasPrefix(b, "[pod/") {
		return layer{}, false
	}
	_, rest, ok := cut(b, ']')
	if !ok || len(rest) < 2 || rest[0] != ' ' {
		return layer{}, false
	}
	return layer{rest: rest[1:]}, true
}

// peelISO reads lines that begin with an RFC 3339 time: CRI, syslog, and the
// --timestamps of docker and kubectl.
func (s *state) peelISO(b []byte) (layer, bool) {
	if len(b) < 21 || b[4] != '-' || b[10] != 'T' {
		return layer{}, false
	}
	ns, n, ok := s.clk.iso(b)
	if !ok || n >= len(b)-1 || b[n] != ' ' {
		return layer{}, false
	}
	l := layer{time: ns, rest: b[n+1:]}
	if hasPrefix(l.rest, "stdout ") || hasPrefix(l.rest, "stderr ") {
		if r := l.rest[7:]; len(r) >= 2 && (r[0] == 'F' || r[0] == 'P') && (r[1] == ' ' || r[1] == ':') {
			_, l.rest, _ = cut(r, ' ')
			s.partial = r[0] == 'P'
			return l, true
		}
	}
	if tag, rest, ok := syslogTag(l.rest); ok && !hasPrefix(rest, "/") { // "Not Found: /x" is Django's
		l.tag, l.rest = tag, rest
		return l, true
	}
	return l, n >= 20 // with a zone only: a gateway's own time often has none
}

// peelStamp reads syslog's "Mmm dd HH:MM:SS [host] tag[pid]: " and journalctl's
// "Www yyyy-mm-dd HH:MM:SS ZONE host tag[pid]: ".
func (s *state) peelStamp(b []byte) (layer, bool) {
	var l layer
	if ns, n, ok := s.clk.stamp(b); ok {
		frac, m := nanos(b, n)
		if l.time = ns; ns != 0 {
			l.time += frac
		}
		b = b[m:]
	} else if len(b) > 28 && b[3] == ' ' && b[8] == '-' {
		ns, n, ok := s.clk.iso(b[4:])
		if !ok {
			return layer{}, false
		}
		rest := trim(b[4+n:])
		if zone := b[4+n-4 : 4+n]; string(zone) != " UTC" && string(zone) != " GMT" {
			if zone, rest = word(rest); len(zone) > 5 {
				return layer{}, false
			}
		}
		l.time, b = ns, rest
	} else {
		return layer{}, false
	}
	var ok bool
	l.tag, l.rest, ok = syslogTag(trim(b))
	return l, ok
}

// syslogTag reads "[host ]tag[pid]: ". Without a host the tag must have its pid:
// "WARNING: " is a level, not a program.
func syslogTag(b []byte) (tag, rest []byte, ok bool) {
	for i := range 2 {
		w, after := word(b)
		if len(w) > 1 && len(w) < 128 && w[len(w)-1] == ':' {
			tag, _, pid := cut(w[:len(w)-1], '[')
			return tag, trimOne(b[len(w):]), isTag(tag) && (pid || i > 0) // what follows may be indented
		}
		if !isTag(w) && !isAddress(w) {
			return nil, nil, false
		}
		b = after
	}
	return nil, nil, false
}

// isTag says whether b may be a host's or a program's name.
func isTag(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) && !isLetter(c) && c != '_' && c != '-' && c != '.' && c != '/' && c != '@' && c != '(' && c != ')' {
			return false
		}
	}
	return len(b) > 0
}

// peelTag reads "program[pid]: " without a time.
func peelTag(b []byte) (layer, bool) {
	i := bytes.IndexByte(b, ']')
	if i < 3 || i > 64 || len(b) < i+3 || b[i+1] != ':' || b[i+2] != ' ' {
		return layer{}, false
	}
	tag, pid, ok := cut(b[:i], '[')
	if !ok || !isWord(tag) || !allDigits(pid) {
		return layer{}, false
	}
	return layer{tag: tag, rest: b[i+3:]}, true
}

// peelName reads compose's "name-1  | " and stern's "pod container ".
func peelName(b []byte) (layer, bool) {
	name, rest := word(b)
	if len(rest) < 2 || len(name) > 128 || !isWord(name) {
		return layer{}, false
	}
	if rest[0] == '|' {
		return layer{rest: trimOne(rest[1:])}, true
	}
	container, inner := word(rest)
	if len(inner) == 0 || !podName(name) || !isWord(container) || isDigit(container[0]) {
		return layer{}, false
	}
	return layer{rest: inner}, true
}

func trimOne(b []byte) []byte {
	if len(b) > 0 && b[0] == ' ' {
		return b[1:]
	}
	return b
}

// podName says whether b ends like a generated pod name, "-x7k2p" or "-0".
func podName(b []byte) bool {
	i := bytes.LastIndexByte(b, '-')
	if i < 1 {
		return false
	}
	end := b[i+1:]
	if allDigits(end) {
		return true
	}
	for _, c := range end {
		if !isDigit(c) && (c < 'a' || c > 'z') {
			return false
		}
	}
	return len(end) == 5
}

// stripColors copies b without its escape sequences "ESC [ ... letter" into to.
func stripColors(to, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, 0x1b)
		if i < 0 {
			return append(to, b...)
		}
		to = append(to, b[:i]...)
		b = b[i+1:]
		if len(b) == 0 || b[0] != '[' {
			to = append(to, 0x1b)
			continue
		}
		j := 1
		for j < len(b) && j < 32 && (isDigit(b[j]) || b[j] == ';' || b[j] == ':') {
			j++
		}
		if j == len(b) || !isLetter(b[j]) {
			to = append(to, 0x1b)
			continue
		}
		b = b[j+1:]
	}
}

// appendCRI writes the prefix of docker's JSON line at hand as CRI does.
func (s *state) appendCRI(dst []byte) []byte {
	dst = append(append(dst, s.doc.text(s, keyTime)...), ' ')
	return append(append(dst, s.doc.text(s, keyStream)...), " F "...)
}
