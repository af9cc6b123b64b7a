package window

import "bytes"

const (
	// maxPath is how much of a request target is looked at, in bytes.
	maxPath = 512
	// maxSegments is how many segments of a path a route keeps.
	maxSegments = 12
	// routeSlots is the size of the cache from targets to routes.
	routeSlots = 1 << 11
)

// routes folds request targets to routes. It remembers the route of the targets
// seen last, one for each slot.
type routes struct {
	slots   [routeSlots]routeSlot
	scratch []byte
}

type routeSlot struct {
	// key is the target's seeded 64-bit hash. The bytes themselves are not kept: two
	// of a million targets collide once in ten million runs, and then one is counted
	// under the other's route.
	key   uint64
	hash  uint64 // of route
	route []byte
}

// of returns the route "METHOD /path" of a request and its hash. The bytes live
// until the next call.
func (r *routes) of(method, target []byte) (route []byte, hash uint64) {
	target = target[:min(len(target), maxPath)]
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		target = target[:i]
	}
	key := hashOf(target)
	for _, c := range method[:min(len(method), 16)] {
		key = (key ^ uint64(c)) * 0x100000001b3
	}
	slot := &r.slots[(key^key>>32)%routeSlots]
	if slot.key == key && slot.route != nil {
		return slot.route, slot.hash
	}
	slot.key = key
	slot.route = append(slot.route[:0], method[:min(len(method), 16)]...)
	if len(method) > 0 {
		slot.route = append(slot.route, ' ')
	}
	slot.route = bound(appendRoute(slot.route, target))
	slot.hash = hashOf(slot.route)
	return slot.route, slot.hash
}

// appendRoute appends path to dst with everything that names one thing of many
// (numbers, UUIDs, hashes, tokens, dates) folded to ":id", without query, matrix
// parameters and fragment, and without scheme and host.
func appendRoute(dst, path []byte) []byte {
	if i := bytes.Index(path, []byte("://")); i >= 0 && bytes.IndexByte(path[:i], '/') < 0 {
		path = path[i+3:]
		if i = bytes.IndexByte(path, '/'); i < 0 {
			return append(dst, '/')
		}
		path = path[i:]
	}
	if i := bytes.IndexAny(path, "?#;"); i >= 0 {
		path = path[:i]
	}
	if len(path) == 0 || path[0] != '/' {
		return append(dst, path...) // "*", "host:443", or no HTTP at all
	}
	for n := 0; len(path) > 0; n++ {
		if n == maxSegments {
			return append(dst, "/…"...)
		}
		segment := path[1:]
		if i := bytes.IndexByte(segment, '/'); i >= 0 {
			segment = segment[:i]
		}
		path = path[1+len(segment):]
		dst = appendSegment(append(dst, '/'), segment)
	}
	return dst
}

const idMark = ":id"

// appendSegment appends one segment with its ids folded.
func appendSegment(dst, segment []byte) []byte {
	var kinds charKinds
	for _, c := range segment {
		kinds |= kindOf[c]
	}
	if kinds&isDigit == 0 && len(segment) < longHash {
		return append(dst, segment...) // the common case: a word
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
