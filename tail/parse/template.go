package parse

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"why502/tail"
)

// template is a gateway's own format string, compiled once: a sequence of literals
// and fields or, where the string is a JSON object, one such sequence for each of
// its members, which may then come in any order. A line that is no JSON, for nginx's
// escape=none lets quotes through, is read by the sequence of the whole.
type template struct {
	format Format
	sequence
	members []member
	ids     map[string]keyID // of the members, by normalized path
	json    bool             // the values are escaped as JSON
	timed   bool             // has a time of a form that is known
	finish  func(s *state, ev *tail.Event)
}

// sequence is the compiled text: parts and what stands behind the last.
type sequence struct {
	parts []part
	end   []byte
}

// part is a field with the literal that stands before it.
type part struct {
	lit []byte
	fieldSpec
}

// fieldSpec says what a field of a format string holds.
type fieldSpec struct {
	d    datum
	u    unit
	rank uint8
	list bool // may hold ", " and " : " (nginx's upstream values)
	// blanks is how many blanks a value of the field has itself.
	blanks int
	slash  bool // ends before a slash: a host right before its path
	braces bool // absent but for a value in braces (HAProxy's captured headers)
	tail   bool // the rest of the field before it: a query after its path
	more   bool // belongs to the field before it: a port, the fraction of a second
	loose  bool // of a time: of a form that may not be readable (strftime)
	// status says that the next field is one, which tells where a path with the
	// delimiter in it ends.
	status bool
}

// piece is a literal or a field, as the readers of the syntaxes yield them.
type piece struct {
	lit   string
	field bool
	spec  fieldSpec
	name  string
}

// maxTemplate bounds a format string.
const maxTemplate = 16 << 10

// aliases are names that configurations use for built-in formats.
var aliases = map[string]string{
	"combined": "nginx-combined", "main": "nginx-main", "common": "apache-common", "vhost_combined": "apache-vhost-combined",
	"combinedio": "apache-combined-d", "httplog": "haproxy-http", "tcplog": "haproxy-tcp", "httpslog": "haproxy-https",
}

// compileTemplate compiles a format string of one of the syntaxes, which is told by
// the names in it. The directive around it may be there too: `log_format main '...'
// '...';`, `LogFormat "..." nick`, `log-format "..."`.
func compileTemplate(text string) (*template, error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("it is longer than %d bytes", maxTemplate)
	}
	body, json := directive(strings.TrimSpace(text))
	x := syntaxOf(body)
	if x == nil {
		return nil, errors.New("it is neither a format of why502 formats nor a format string of nginx, Apache, HAProxy, Envoy, Caddy, gunicorn or uWSGI")
	}
	t := &template{finish: x.finish}
	t.json = json || strings.HasPrefix(strings.TrimSpace(body), "{") && x.gateway != "caddy"
	t.format = Format{
		Name: x.gateway + "-template", Gateway: x.gateway, Kind: x.kind, Title: "a format string of " + x.gateway, build: t.build,
	}
	known := 0
	var err error
	if t.members, t.ids, known = jsonMembers(body, x); t.members == nil {
		t.sequence, known, err = assemblePieces(x.pieces(body))
	} else if q, n, err := assemblePieces(x.pieces(body)); err == nil && n == known {
		t.sequence = q
	}
	if err == nil && known == 0 {
		err = errors.New("it has no field that is known")
	}
	t.timed = t.hasTime()
	return t, err
}

func (t *template) parser(st *state) *lineParser { return newParser(&t.format, st) }

// hasTime says whether the string has a time that every line must have.
func (t *template) hasTime() bool {
	all := slices.Clone(t.parts)
	for _, m := range t.members {
		all = append(all, m.parts...)
	}
	return slices.ContainsFunc(all, func(p part) bool { return p.d == dTime && !p.loose })
}

// assemblePieces makes the parts and looks after fields without a literal in
// between. known counts the fields that tell something.
func assemblePieces(pieces []piece) (q sequence, known int, err error) {
	lit := ""
	for i, p := range pieces {
		if !p.field {
			lit += p.lit
			continue
		}
		f := p.spec
		var prev *part
		if len(q.parts) > 0 {
			prev = &q.parts[len(q.parts)-1]
		}
		if f.more && prev != nil && prev.extend(lit, f) {
			lit = ""
			continue
		}
		if lit == "" && prev != nil {
			switch {
			case f.d == dQuery && (prev.d == dPath || prev.d == dQuery):
				f.tail = true
			case f.d == dPath && prev.d == dHost:
				prev.slash = true
			default:
				return q, 0, fmt.Errorf("nothing tells where %s ends and %s begins", pieces[i-1].name, p.name)
			}
		}
		if f.tail {
			continue
		}
		if f.d != dNone {
			known++
		}
		if prev != nil {
			prev.status = f.d == dStatus
		}
		q.parts = append(q.parts, part{lit: []byte(lit), fieldSpec: f})
		lit = ""
	}
	q.end = []byte(strings.TrimRight(lit, " "))
	return q, known, nil
}

// extend takes f, which stands behind p and lit, as a part of p's value: a client's
// port, a time's fraction or zone.
func (p *part) extend(lit string, f fieldSpec) bool {
	switch {
	case p.d == dClient && f.d == dClient && lit == ":":
		p.u = uPort
	case p.d == dTime && f.d == dTime && strings.Trim(lit, " .,T") == "":
		p.blanks += strings.Count(lit, " ") + f.blanks
	default:
		return false
	}
	return true
}

// build makes the line parser.
func (t *template) build(s *state) parseFunc {
	read := func(line []byte) bool { return t.read(s, line, t.json) }
	if t.members != nil {
		read = t.jsonReader(s)
	}
	return func(line []byte, ev *tail.Event) bool {
		s.rec.clear()
		if !read(line) {
			return false
		}
		s.rec.fill(s, ev)
		if t.finish != nil {
			t.finish(s, ev)
		}
		return t.plausible(&s.rec, ev)
	}
}

// plausible says whether the values are what the fields hold: another line may
// have the literals of a loose format string too.
func (t *template) plausible(r *record, ev *tail.Event) bool {
	if t.timed && r.has(dTime) && ev.Time == 0 {
		return false
	}
	if b := r.get(dStatus); b != nil && ev.Status == 0 && string(b) != "-1" && len(bytes.Trim(b, "0")) > 0 {
		return false
	}
	return ev.Time != 0 || ev.Status != 0 || ev.Path != nil || ev.Duration != tail.None
}

// read puts the values of a line into the record.
func (q *sequence) read(s *state, line []byte, json bool) bool {
	b := line
	for i := range q.parts {
		p := &q.parts[i]
		var ok bool
		if b, ok = literal(b, p.lit); !ok {
			return false
		}
		last, next := i+1 == len(q.parts), q.end
		if !last {
			next = q.parts[i+1].lit
		}
		if p.braces && (len(b) == 0 || b[0] != '{') {
			if at := cap(line) - cap(b); at > 0 && line[at-1] == ' ' {
				b = line[at-1:] // the blank belongs to the next literal
			}
			continue
		}
		var v []byte
		if v, b, ok = p.value(b, next, last); !ok {
			return false
		}
		p.put(s, v, json)
	}
	b, ok := literal(b, q.end)
	return ok && len(trim(b)) == 0
}

// put keeps a value that says something.
func (p *part) put(s *state, v []byte, json bool) {
	if p.d == dNone || absent(v) {
		return
	}
	if json && bytes.IndexByte(v, '\\') >= 0 {
		v = s.unescape(v)
	}
	switch {
	case p.d == dQuery && v[0] == '?':
		v = v[1:]
	case p.u == uMilli && v[0] == '+': // HAProxy with logasap
		v = v[1:]
	}
	s.rec.put(p.d, v, p.u, p.rank)
}

// literal takes lit off b. A blank stands for one or more.
func literal(b, lit []byte) ([]byte, bool) {
	for i := 0; i < len(lit); i++ {
		if len(b) == 0 || b[0] != lit[i] {
			return nil, false
		}
		b = b[1:]
		if lit[i] == ' ' {
			for len(b) > 0 && b[0] == ' ' && (i+1 == len(lit) || lit[i+1] != ' ') {
				b = b[1:]
			}
		}
	}
	return b, true
}

// value reads the field's value from the beginning of b; next is the literal
// behind it, of the last field the end of the line.
func (p *part) value(b, next []byte, last bool) (v, rest []byte, ok bool) {
	if p.slash {
		if i := bytes.IndexByte(b, '/'); i >= 0 {
			return b[:i], b[i:], true
		}
		return nil, nil, false
	}
	if len(next) == 0 { // the last field
		return trim(b), nil, true
	}
	inQuotes := len(p.lit) > 0 && p.lit[len(p.lit)-1] == '"'
	switch {
	case next[0] == '"' && inQuotes:
		i := quoteEnd(b)
		switch { // quotes inside are escaped, but for nginx's escape=none and Envoy
		case i < 0:
			return nil, nil, false
		case last && len(b) > i+len(next):
			i = bytes.LastIndex(b, next)
		case !bytes.HasPrefix(b[i:], next):
			i = bytes.Index(b, next)
		}
		if i < 0 {
			return nil, nil, false
		}
		return b[:i], b[i:], true
	case len(b) > 0 && b[0] == '"' && !inQuotes: // +Q, or an nginx string without its quotes
		i := quoteEnd(b[1:])
		if i < 0 {
			return nil, nil, false
		}
		return b[1 : 1+i], b[i+2:], true
	case p.list && next[0] == ' ':
		v, _ := listValue(b)
		return v, b[len(v):], true
	}
	return p.until(b, next)
}

// until ends the value before next, at the first place where the value has the
// blanks that belong to it, or at the very first when there is none.
func (p *part) until(b, next []byte) (v, rest []byte, ok bool) {
	first := bytes.Index(b, next)
	if first < 0 {
		return nil, nil, false
	}
	if p.status && p.d != dRequest {
		for at := first; ; {
			if statusFollows(b[at+len(next):]) {
				return b[:at], b[at:], true
			}
			i := bytes.Index(b[at+1:], next)
			if i < 0 {
				break
			}
			at += 1 + i
		}
	}
	if next[0] == ' ' { // each try passes a blank, so there are few
		for at := first; bytes.Count(b[:at], blankByte) < p.blanks; {
			i := bytes.Index(b[at+1:], next)
			if i < 0 {
				return b[:first], b[first:], true
			}
			at += 1 + i
			if bytes.Count(b[:at], blankByte) >= p.blanks {
				first = at
			}
		}
	}
	return b[:first], b[first:], true
}

// statusFollows says whether b begins with three digits and nothing that belongs to
// them.
func statusFollows(b []byte) bool {
	return len(b) >= 3 && allDigits(b[:3]) && (len(b) == 3 || !isDigit(b[3]) && !isLetter(b[3]))
}

var blankByte = []byte{' '}

// haproxyTemplateFinish makes the attempt of backend and server.
func haproxyTemplateFinish(s *state, ev *tail.Event) {
	ev.Attempts = ev.Attempts[:0]
	srv := s.rec.get(dServer)
	if !absent(srv) && srv[0] != '<' && ev.Backend != nil {
		a := ev.AddAttempt()
		a.Addr = s.join(ev.Backend, []byte("/"), srv)
		a.Connect = duraOr(s.rec.get(dConnect), uMilli)
		a.Header = duraOr(s.rec.get(dHeader), uMilli)
	}
	if len(ev.Flags) >= 2 {
		haproxyMaker(ev)
	}
}
