package window

import (
	"bytes"
)

const (
	// maxPath is how much of a request target is looked at, in bytes.
	maxPath = 512
	// maxSegments is how many segments of a path a route keeps.
	maxSegments = 12
	// maxMethod is the length at which a method is cut, in bytes.
	maxMethod = 16
)

// routeOf makes "METHOD /path" of a request in scratch, which it returns.
// Folding is about as fast as looking a target up in a cache, and needs none.
func routeOf(scratch, method, target []byte) []byte {
	scratch = scratch[:0]
	if len(method) > 0 {
		scratch = append(append(scratch, method[:min(len(method), maxMethod)]...), ' ')
	}
	return bound(appendRoute(scratch, target[:min(len(target), maxPath)]))
}

// Route is the value of ByRoute for a request.
func Route(method, target string) string { return string(routeOf(nil, []byte(method), []byte(target))) }

// appendRoute appends path to dst with everything that names one thing of many
// (numbers, UUIDs, hashes, tokens, dates) folded to ":id", without query, matrix
// parameters and fragment, and without scheme and host.
func appendRoute(dst, path []byte) []byte {
	if len(path) > 0 && path[0] != '/' {
		var ok bool
		if path, ok = afterHost(path); !ok {
			return append(dst, path...) // "*", "host:443", or no HTTP at all
		}
	}
	begin, copied, segments := 0, 0, 0
	var seen census
	for i, c := range path {
		if of := censusOf[c]; of != 0 {
			seen += of
			continue
		}
		if seen.digits() > 0 || i-begin >= longHash {
			dst, copied = appendFolded(dst, path, copied, begin, i, seen)
		}
		if c != '/' {
			return append(dst, path[copied:i]...)
		}
		if segments++; segments > maxSegments {
			return append(append(dst, path[copied:i]...), moreSegments...)
		}
		begin, seen = i+1, 0
	}
	if seen.digits() > 0 || len(path)-begin >= longHash {
		dst, copied = appendFolded(dst, path, copied, begin, len(path), seen)
	}
	return append(dst, path[copied:]...)
}

// appendFolded appends what of path is not copied yet before the segment at begin, and
// the segment with its ids folded; nothing where it has none.
func appendFolded(dst, path []byte, copied, begin, end int, seen census) ([]byte, int) {
	switch {
	case seen.joints()+seen.others() > 0:
		return appendSegment(append(dst, path[copied:begin]...), path[begin:end], seen), end
	case seen.isID():
		return append(append(dst, path[copied:begin]...), idMark...), end
	}
	return dst, copied
}

// census counts bytes by their kind, twelve bits for each, enough for maxPath: digits
// lowest, hexadecimal letters, other letters, signs that join the numbers of a date or
// version, the rest.
type census uint64

const (
	aDigit census = 1 << (12 * iota)
	aHexLetter
	aLetter
	aJoint
	anOther
)

const _ = uint(1<<12 - 1 - maxPath) // does not compile where a count may overflow

func (c census) digits() int { return int(c & 0xfff) }
func (c census) hex() int    { return int(c >> 12 & 0xfff) }
func (c census) alnum() int  { return c.digits() + c.hex() + int(c>>24&0xfff) }
func (c census) joints() int { return int(c >> 36 & 0xfff) }
func (c census) others() int { return int(c >> 48) }

// censusOf is what a byte adds; 0 for one that ends a segment.
var censusOf = func() (t [256]census) {
	of := map[charKinds]census{isDigit: aDigit, isHexLetter: aHexLetter, isLetter: aLetter, isJoint: aJoint, isOther: anOther}
	for c := range t {
		t[c] = of[kindOf[c]]
	}
	return t
}()

// moreSegments stands for the segments beyond maxSegments.
const moreSegments = "/…"

// afterHost returns the path of a target in absolute form; ok is false when the
// target is none.
func afterHost(target []byte) (path []byte, ok bool) {
	i := bytes.Index(target, []byte("://"))
	if i < 0 {
		return target, false
	}
	if j := bytes.IndexByte(target[i+3:], '/'); j >= 0 {
		return target[i+3+j:], true
	}
	return target[i+2 : i+3], true // its last slash stands for the missing path
}

const idMark = ":id"

// appendSegment appends one segment, whose census is given, with its ids folded.
func appendSegment(dst, segment []byte, seen census) []byte {
	if seen.digits() > 0 && seen.digits()+seen.joints() == len(segment) || isUUID(segment) {
		return append(dst, idMark...) // a number, a date, a version, an address
	}
	begin := 0
	var token census
	for i, c := range segment {
		if of := censusOf[c]; of < aJoint {
			token += of
			continue
		}
		dst = append(appendPart(dst, segment[begin:i], token), c)
		begin, token = i+1, 0
	}
	return appendPart(dst, segment[begin:], token)
}

func appendPart(dst, token []byte, seen census) []byte {
	if seen.isID() {
		return append(dst, idMark...)
	}
	return append(dst, token...)
}

type charKinds uint8

const (
	isDigit charKinds = 1 << iota
	isHexLetter
	isLetter // beyond f
	isJoint  // joins the numbers of a date or version
	isEnd    // ends a segment
	isOther
)

var kindOf = func() (t [256]charKinds) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9':
			t[c] = isDigit
		case c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
			t[c] = isHexLetter
		case c >= 'g' && c <= 'z', c >= 'G' && c <= 'Z':
			t[c] = isLetter
		case c == '-', c == '.', c == '_', c == ':', c == ',':
			t[c] = isJoint
		case c == '/', c == '?', c == '#', c == ';':
			t[c] = isEnd
		default:
			t[c] = isOther
		}
	}
	return t
}()

const (
	longToken = 20 // letters and digits mixed over this length name one thing
	shortHash = 7  // an abbreviated commit
	longHash  = 16 // hexadecimal letters alone over this length are no word
)

// isID says whether a run of letters and digits names one thing of many.
func (c census) isID() bool {
	n, digits := c.alnum(), c.digits()
	switch {
	case n == 0:
		return false
	case digits == n:
		return true
	case digits+c.hex() == n && (digits > 0 && n >= shortHash || n >= longHash):
		return true
	case digits >= 4:
		return true
	}
	return digits > 0 && n >= longToken
}

// isUUID says whether b has the form 8-4-4-4-12.
func isUUID(b []byte) bool {
	if len(b) != 36 {
		return false
	}
	for i, c := range b {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if kindOf[c]&(isDigit|isHexLetter) == 0 {
			return false
		}
	}
	return true
}
