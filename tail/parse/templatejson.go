package parse

import (
	"encoding/json"
	"slices"
	"strings"
)

// member is a member of a JSON object that a format string describes.
type member struct {
	sequence
	id keyID
}

// jsonMembers reads a format string that is a JSON object, with bare fields as
// values or quoted ones. It returns nil for any other.
func jsonMembers(body string, x *syntax) ([]member, map[string]keyID, int) {
	if haproxyJSONOut().MatchString(body) {
		body = haproxyObject(body)
	}
	text, ok := quoteBare(strings.TrimSpace(body))
	if !ok {
		return nil, nil, 0
	}
	var members []member
	ids := make(map[string]keyID)
	total := 0
	ok = eachText(json.NewDecoder(strings.NewReader(text)), func(path []string, value string) bool {
		pieces := slices.DeleteFunc(x.pieces(value), func(p piece) bool { return !p.field && p.lit == "" })
		if n := len(pieces); n > 2 && pieces[0].lit == `"` && pieces[n-1].lit == `"` { // HAProxy's +Q
			pieces = pieces[1 : n-1]
		}
		q, known, err := assemblePieces(pieces)
		if err != nil || len(members) >= maxKeys-2 {
			return false
		}
		if known == 0 {
			return true
		}
		for i, p := range path {
			path[i] = string(appendKey(nil, p))
		}
		full := strings.Join(path, "/")
		if ids[full] == 0 {
			ids[full] = keyID(len(ids) + 1)
		}
		members = append(members, member{q, ids[full]})
		total += known
		return true
	})
	if !ok || total == 0 {
		return nil, nil, 0
	}
	return members, ids, total
}

// eachText calls of for the texts of an object, those of objects within included;
// a number, a list or a second value makes it false.
func eachText(d *json.Decoder, of func(path []string, value string) bool) bool {
	var path []string
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return false
	}
	for {
		t, err := d.Token()
		if err != nil || len(path) > maxDepth {
			return false
		}
		if t == json.Delim('}') {
			if len(path) == 0 {
				return !d.More()
			}
			path = path[:len(path)-1]
			continue
		}
		name, _ := t.(string)
		path = append(path, name)
		if t, err = d.Token(); err != nil {
			return false
		}
		switch v := t.(type) {
		case json.Delim:
			if v != '{' {
				return false
			}
			continue
		case string:
			if !of(append([]string(nil), path...), v) {
				return false
			}
		}
		path = path[:len(path)-1]
	}
}

// quoteBare puts quotes around the values of body that have none, so that it is
// JSON.
func quoteBare(body string) (string, bool) {
	if !strings.HasPrefix(body, "{") {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(body); {
		c := body[i]
		switch {
		case c == '"':
			n := quoteEnd([]byte(body[i+1:]))
			if n < 0 {
				return "", false
			}
			b.WriteString(body[i : i+n+2])
			i += n + 2
		case strings.IndexByte("{}[]:, \t\r\n", c) >= 0:
			b.WriteByte(c)
			i++
		default:
			n := bareEnd(body[i:])
			quoted, err := json.Marshal(strings.TrimSpace(body[i : i+n]))
			if err != nil {
				return "", false
			}
			b.Write(quoted)
			i += n
		}
	}
	return b.String(), true
}

// bareEnd is the length of a bare value, with the braces and brackets of its
// fields.
func bareEnd(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '{', '[', '(':
			depth++
		case ')':
			depth--
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return len(s)
}

// jsonReader reads a line by the members. A line that has less than a third of them
// is another's.
func (t *template) jsonReader(s *state) func(line []byte) bool {
	doc := &jsonDoc{ids: t.ids}
	of := make([]*sequence, len(t.ids)+1)
	for i := range t.members {
		of[t.members[i].id] = &t.members[i].sequence
	}
	return func(line []byte) bool {
		doc.forget() // the buffer may be the last line's
		if !doc.scan(line) {
			return len(t.parts) > 0 && t.read(s, line, false)
		}
		n := 0
		for i := range doc.fields {
			f := &doc.fields[i]
			if f.kind == '{' {
				continue
			}
			n++
			if v := f.text(s); !absent(v) {
				of[f.key].read(s, v, false)
			}
		}
		return n > 0 && n >= len(t.members)/3
	}
}
