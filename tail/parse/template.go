package parse

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"why502/tail"
)

// template is a gateway's own format string, compiled once into a plan of
// literals and fields.
type template struct {
	format Format
	parts  []part
	end    []byte // literal after the last field
	json   bool   // the values are escaped as JSON
	finish func(s *state, ev *tail.Event)
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

// compileTemplate compiles a format string of nginx ("$status"), Apache ("%>s"),
// HAProxy ("%ST") or Envoy ("%RESPONSE_CODE%"). The syntax is told by the names in
// it. The directive around it may be there too: `log_format main '...' '...';`,
// `LogFormat "..." nick`, `log-format "..."`.
func compileTemplate(text string) (*template, error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("it is longer than %d bytes", maxTemplate)
	}
	text = strings.TrimSpace(text)
	body, json := directive(text)
	var pieces []piece
	t := &template{json: json || strings.HasPrefix(strings.TrimSpace(body), "{")}
	gateway := templateGateway(body)
	switch gateway {
	case "nginx":
		pieces = nginxPieces(body)
		t.finish = func(s *state, ev *tail.Event) { nginxMaker(s.rec.set, ev) }
	case "envoy":
		pieces = envoyPieces(body)
		t.finish = func(_ *state, ev *tail.Event) { envoyMaker(ev) }
	case "haproxy":
		pieces = haproxyPieces(body)
		t.finish = haproxyTemplateFinish
	case "apache":
		pieces = apachePieces(body)
	default:
		return nil, errors.New("it is neither a format of why502 formats nor a format string of nginx, Apache, HAProxy or Envoy")
	}
	t.format = Format{
		Name: gateway + "-template", Gateway: gateway, Kind: tail.KindAccess, Title: "a format string of " + gateway,
		build: t.build,
	}
	return t, t.assemble(pieces)
}

func (t *template) parser(st *state) *lineParser { return newParser(&t.format, st) }

// assemble makes the parts and looks after fields without a literal in between.
func (t *template) assemble(pieces []piece) error {
	lit := ""
	known := 0
	for i, p := range pieces {
		if !p.field {
			lit += p.lit
			continue
		}
		f := p.spec
		if lit == "" && len(t.parts) > 0 {
			prev := &t.parts[len(t.parts)-1]
			switch {
			case f.d == dQuery && (prev.d == dPath || prev.d == dQuery):
				f.tail = true
			case f.d == dPath && prev.d == dHost:
				prev.slash = true
			default:
				return fmt.Errorf("nothing tells where %s ends and %s begins", pieces[i-1].name, p.name)
			}
		}
		if f.tail {
			continue
		}
		if f.d != dNone {
			known++
		}
		t.parts = append(t.parts, part{lit: []byte(lit), fieldSpec: f})
		lit = ""
	}
	t.end = []byte(strings.TrimRight(lit, " "))
	if known == 0 {
		return errors.New("it has no field that is known")
	}
	return nil
}

// build makes the line parser.
func (t *template) build(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		r := &s.rec
		r.clear()
		b := line
		for i := range t.parts {
			p := &t.parts[i]
			var ok bool
			if b, ok = literal(b, p.lit); !ok {
				return false
			}
			next := t.end
			if i+1 < len(t.parts) {
				next = t.parts[i+1].lit
			}
			if p.braces && (len(b) == 0 || b[0] != '{') {
				if at := cap(line) - cap(b); at > 0 && line[at-1] == ' ' {
					b = line[at-1:] // the blank belongs to the next literal
				}
				continue
			}
			var v []byte
			if v, b, ok = p.value(b, next); !ok {
				return false
			}
			if p.d == dNone || absent(v) {
				continue
			}
			if t.json && bytes.IndexByte(v, '\\') >= 0 {
				v = s.unescape(v)
			}
			if p.d == dQuery && v[0] == '?' {
				v = v[1:]
			}
			r.put(p.d, v, p.u, p.rank)
		}
		if b, ok := literal(b, t.end); !ok || len(trim(b)) > 0 {
			return false
		}
		r.fill(s, ev)
		if t.finish != nil {
			t.finish(s, ev)
		}
		return ev.Time != 0 || ev.Status != 0 || ev.Path != nil || ev.Duration != tail.None
	}
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
// behind it.
func (p *part) value(b, next []byte) (v, rest []byte, ok bool) {
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
