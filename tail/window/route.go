package window

import (
	"bytes"
	"slices"
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
	// Each byte is looked at and copied once; only a segment that may be an id is
	// gone over again.
	dst = slices.Grow(dst, 2*len(path)+len(moreSegments))
	begin, segments := 0, 0
	var kinds charKinds
	for i, c := range path {
		k := kindOf[c]
		if k&isEnd == 0 {
			kinds |= k
			dst = append(dst, c)
			continue
		}
		dst = endSegment(dst, path[begin:i], kinds)
		if c != '/' {
			return dst
		}
		if segments++; segments > maxSegments {
			return append(dst, moreSegments...)
		}
		dst = append(dst, '/')
		begin, kinds = i+1, 0
	}
	return endSegment(dst, path[begin:], kinds)
}

// moreSegments stands for the segments beyond maxSegments.
const moreSegments = "/…"

// endSegment folds segment, with which dst ends, when it may be an id.
func endSegment(dst, segment []byte, kinds charKinds) []byte {
	if kinds&isDigit == 0 && len(segment) < longHash {
		return dst // the common case: a word
	}
	return appendSegment(dst[:len(dst)-len(segment)], segment, kinds)
}

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

// appendSegment appends one segment, whose characters are of kinds, with its ids
// folded.
func appendSegment(dst, segment []byte, kinds charKinds) []byte {
	if kinds&isDigit != 0 && kinds&^(isDigit|isJoint) == 0 || isUUID(segment) {
		return append(dst, idMark...) // a number, a date, a version, an address
	}
	for len(segment) > 0 {
		n := 0
		for n < len(segment) && kindOf[segment[n]]&(isDigit|isHexLetter|isLetter) != 0 {
			n++
		}
		if isID(segment[:n]) {
			dst = append(dst, idMark...)
		} else {
			dst = append(dst, segment[:n]...)
		}
		if n < len(segment) {
			dst = append(dst, segment[n])
			n++
		}
		segment = segment[n:]
	}
	return dst
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
func isID(token []byte) bool {
	digits, hex := 0, 0
	for _, c := range token {
		switch kindOf[c] {
		case isDigit:
			digits++
		case isHexLetter:
			hex++
		}
	}
	switch {
	case len(token) == 0:
		return false
	case digits == len(token):
		return true
	case digits+hex == len(token) && (digits > 0 && len(token) >= shortHash || len(token) >= longHash):
		return true
	case digits >= 4:
		return true
	}
	return digits > 0 && len(token) >= longToken
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
