package parse

import (
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// keyID numbers the JSON keys that some format knows. Keys are compared without
// case and without the signs _ - . and ~ since writers differ in nothing else; the
// slash joins the key of an object to those inside it.
type keyID uint16

const maxKeys = 1024

// keyMask is a set of keys as the words of a bit set that are not zero.
type keyMask []maskWord

type maskWord struct {
	i    int
	bits uint64
}

var (
	keyIDs  = map[string]keyID{}
	keyRoom = keyID(1) // 0 stands for an unknown key
	keyText []byte     // scratch of key
)

// appendKey appends a key as it is compared.
func appendKey[T string | []byte](dst []byte, key T) []byte {
	for i := range len(key) {
		switch c := key[i]; {
		case c == '_', c == '-', c == '.', c == '~':
		case c >= 'A' && c <= 'Z':
			dst = append(dst, c+0x20)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// key returns the number of a key path such as "request.headers.Host", in which
// a point descends into an object; "~" stands for a point within a key.
func key(path string) keyID {
	keyText = keyText[:0]
	for part := range strings.SplitSeq(path, ".") {
		keyText = append(appendKey(keyText, part), '/')
	}
	full := keyText[:len(keyText)-1]
	id, ok := keyIDs[string(full)]
	if !ok {
		id = keyRoom
		keyIDs[string(full)] = id
		keyRoom++
		if int(keyRoom) >= maxKeys {
			panic("parse: more JSON keys than maxKeys")
		}
	}
	return id
}

// mask is the set of the given keys.
func mask(paths ...string) keyMask {
	var m keyMask
	for _, p := range paths {
		id := key(p)
		i := slices.IndexFunc(m, func(w maskWord) bool { return w.i == int(id/64) })
		if i < 0 {
			i = len(m)
			m = append(m, maskWord{i: int(id / 64)})
		}
		m[i].bits |= 1 << (id % 64)
	}
	return m
}

// unicode appends the rune of the four digits at b[i:], both halves of a
// surrogate pair at once, and returns the index after them.
func (s *state) unicode(b []byte, i int) int {
	v, ok := hexValue(b, i, 4)
	if !ok {
		s.buf = append(s.buf, '\\', 'u')
		return i
	}
	i += 4
	r := rune(v)
	if utf16.IsSurrogate(r) {
		if i+6 <= len(b) && b[i] == '\\' && b[i+1] == 'u' {
			if low, ok := hexValue(b, i+2, 4); ok {
				if both := utf16.DecodeRune(r, rune(low)); both != utf8.RuneError {
					s.buf = utf8.AppendRune(s.buf, both)
					return i + 6
				}
			}
		}
		r = utf8.RuneError
	}
	s.buf = utf8.AppendRune(s.buf, r)
	return i
}

func hexValue(b []byte, i, n int) (v uint32, ok bool) {
	if i+n > len(b) {
		return 0, false
	}
	for _, c := range b[i : i+n] {
		switch {
		case isDigit(c):
			v = v<<4 | uint32(c-'0')
		case isHex(c):
			v = v<<4 | uint32(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return v, true
}

// jsonRule says what a key of a JSON format tells.
type jsonRule struct {
	path string // keys as key() takes them; several, best first, joined by "|"
	d    datum
	u    unit
}

// jsonFormat is a format whose lines are JSON objects.
type jsonFormat struct {
	all  string // keys a line must have, joined by "|"
	some string // and of these at least one
	none string // and of these none
	// rules map keys to data.
	rules []jsonRule
	// finish completes the event; it may refuse the line. nil: nothing to do.
	finish func(s *state, ev *yielded) bool
}

// split is strings.Split with nothing for "".
func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "|")
}
