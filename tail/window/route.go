package window

import (
	"bytes"
	"math/bits"
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
	// Eight bytes are looked at at once; only a segment that may be an id is gone
	// over again.
	begin, copied, segments := 0, 0, 0
	earlier := false // digits of the segment in the words before
	for i := 0; ; i += 8 {
		ends, digits := routeMarks(wordAt(path, i))
		if left := len(path) - i; left < 8 {
			ends |= 0x80 << (8 * left)
		}
		for ; ends != 0; ends &= ends - 1 {
			bit := ends & -ends
			end := i + bits.TrailingZeros64(bit)>>3
			here := digits & (bit - 1)
			if earlier || here != 0 && !isVersion(path[begin:end]) || end-begin >= longHash {
				dst = append(dst, path[copied:begin]...)
				copied = end
				if bits.OnesCount64(here) == end-begin {
					dst = append(dst, idMark...)
				} else {
					dst = appendSegment(dst, path[begin:end])
				}
			}
			if end == len(path) || path[end] != '/' {
				return append(dst, path[copied:end]...)
			}
			if segments++; segments > maxSegments {
				return append(append(dst, path[copied:end]...), moreSegments...)
			}
			begin, earlier = end+1, false
			digits &^= bit - 1
		}
		earlier = earlier || digits != 0
	}
}

// isVersion recognizes a letter and a digit: the most usual name that is no id.
func isVersion(segment []byte) bool {
	return len(segment) == 2 && kindOf[segment[0]]&(isHexLetter|isLetter) != 0
}

// wordAt returns the eight bytes at b[i:], zeros behind its end, the first byte
// lowest.
func wordAt(b []byte, i int) (w uint64) {
	if i+8 <= len(b) {
		return word64(b[i:])
	}
	if len(b) >= 8 {
		return word64(b[len(b)-8:]) >> (8 * uint(8-len(b)+i))
	}
	for k, c := range b[i:] {
		w |= uint64(c) << (8 * k)
	}
	return w
}

const (
	eachByte = 0x0101010101010101
	highBits = 0x8080808080808080
	lowBits  = ^uint64(highBits)
)

// routeMarks returns the bytes of w that end a segment (/ ? # ;) and its digits,
// each by its highest bit.
func routeMarks(w uint64) (ends, digits uint64) {
	return zeroBytes(w|0x10*eachByte^'?'*eachByte) | zeroBytes(w^'#'*eachByte) | zeroBytes(w^';'*eachByte),
		^((w^'0'*eachByte)&lowBits + (0x80-10)*eachByte | w) & highBits
}

// zeroBytes returns the highest bit of each byte of w that is zero.
func zeroBytes(w uint64) uint64 { return ^(w&lowBits + lowBits | w) & highBits }

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

// appendSegment appends one segment with its ids folded.
func appendSegment(dst, segment []byte) []byte {
	var kinds charKinds
	for _, c := range segment {
		kinds |= kindOf[c]
	}
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
