package parse

import (
	"bytes"
	"math"
	"strconv"
	"time"
	"unsafe"
)

func isDigit(c byte) bool  { return c-'0' <= 9 }
func isLetter(c byte) bool { return c|0x20-'a' <= 'z'-'a' }
func isHex(c byte) bool    { return isDigit(c) || c|0x20-'a' <= 5 }

// isWord says whether b is not empty and made of letters, digits and . _ - only.
func isWord(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) && !isLetter(c) && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return len(b) > 0
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}

// absent says whether b is how a format writes "no value".
func absent(b []byte) bool { return len(b) == 0 || len(b) == 1 && b[0] == '-' }

// present returns b, or nil when it says "no value".
func present(b []byte) []byte {
	if absent(b) {
		return nil
	}
	return b
}

func hasPrefix(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }
func hasSuffix(b []byte, s string) bool { return len(b) >= len(s) && string(b[len(b)-len(s):]) == s }

// index is bytes.Index for a string; it does not copy s, which bytes.Index only
// reads.
func index(b []byte, s string) int { return bytes.Index(b, unsafe.Slice(unsafe.StringData(s), len(s))) }

// cut is bytes.Cut at one byte.
func cut(b []byte, c byte) (before, after []byte, ok bool) {
	if i := bytes.IndexByte(b, c); i >= 0 {
		return b[:i], b[i+1:], true
	}
	return b, nil, false
}

// word splits off what stands before the next run of blanks.
func word(b []byte) (w, rest []byte) {
	i := 0
	for i < len(b) && b[i] != ' ' { // words are short: a loop beats a call
		i++
		if i == 32 {
			j := bytes.IndexByte(b[i:], ' ')
			if j < 0 {
				return b, nil
			}
			i += j
		}
	}
	if i == len(b) {
		return b, nil
	}
	w, rest = b[:i], b[i+1:]
	for len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	return w, rest
}

// trim takes blanks and tabs off both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// atoi reads a decimal integer of at most 18 digits with an optional sign.
func atoi(b []byte) (int64, bool) {
	neg := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg = b[0] == '-'
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if neg {
		n = -n
	}
	return n, true
}

// statusCode reads a status of one to three digits; nginx's "009" is 9.
func statusCode(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 3 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// decimal reads "12", "0.034" or "1e-05" as a multiple of unit, exactly but for
// the exponent form. Negative values (-1: not reached) and anything else give
// false.
func decimal(b []byte, unit time.Duration) (time.Duration, bool) {
	if len(b) == 0 || len(b) > 40 || !isDigit(b[0]) {
		return 0, false
	}
	var whole int64
	i := 0
	for ; i < len(b) && isDigit(b[i]); i++ {
		if i == 18 {
			return 0, false
		}
		whole = whole*10 + int64(b[i]-'0')
	}
	if (whole > 1e9 || unit > time.Second) && whole > math.MaxInt64/int64(unit)/16 {
		return 0, false
	}
	d := time.Duration(whole) * unit
	if i == len(b) {
		return d, true
	}
	if b[i] != '.' {
		return exponent(b, unit)
	}
	var frac int64
	n := 0
	for i++; i < len(b) && isDigit(b[i]); i++ {
		if n < 9 {
			frac = frac*10 + int64(b[i]-'0')
			n++
		}
	}
	if i != len(b) {
		return exponent(b, unit)
	}
	return d + fraction(frac, n, unit), true
}

var pow10 = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// fraction is frac, which has n digits after the point, as a part of unit.
func fraction(frac int64, n int, unit time.Duration) time.Duration {
	switch {
	case unit == time.Second:
		return time.Duration(frac * pow10[9-n])
	case unit < time.Second:
		return time.Duration(frac * int64(unit) / pow10[n])
	}
	return time.Duration(float64(frac) / float64(pow10[n]) * float64(unit))
}

func exponent(b []byte, unit time.Duration) (time.Duration, bool) {
	if len(b) > 32 || bytes.IndexByte(b, 'e') < 0 && bytes.IndexByte(b, 'E') < 0 {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(b), 64)
	f *= float64(unit)
	if err != nil || !(f >= 0 && f < math.MaxInt64/16) {
		return 0, false
	}
	return time.Duration(math.Round(f)), true
}

// goUnits are the units of Go's Duration.String, longest name first where one
// begins another.
var goUnits = []struct {
	name string
	unit time.Duration
}{
	{"ns", time.Nanosecond},
	{"us", time.Microsecond},
	{"\u00b5s", time.Microsecond},
	{"\u03bcs", time.Microsecond},
	{"ms", time.Millisecond},
	{"s", time.Second},
	{"m", time.Minute},
	{"h", time.Hour},
}

// goDuration reads what Go's Duration.String writes: "8.29ms", "1m0.5s".
func goDuration(b []byte) (time.Duration, bool) {
	var sum time.Duration
	if len(b) == 0 || len(b) > 40 {
		return 0, false
	}
	for len(b) > 0 {
		n := 0
		for n < len(b) && (isDigit(b[n]) || b[n] == '.') {
			n++
		}
		num := b[:n]
		b = b[n:]
		unit := time.Duration(0)
		for _, u := range goUnits {
			if hasPrefix(b, u.name) {
				unit = u.unit
				b = b[len(u.name):]
				break
			}
		}
		if unit == 0 {
			return 0, false
		}
		d, ok := decimal(num, unit)
		if !ok || sum > math.MaxInt64/4 {
			return 0, false
		}
		sum += d
	}
	return sum, true
}

// quoteEnd returns the index of the quote that ends a quoted text; b begins
// after the opening quote. A quote after an odd number of backslashes belongs to
// the text. -1: there is no end.
func quoteEnd(b []byte) int {
	i := bytes.IndexByte(b, '"')
	if i > 0 && b[i-1] == '\\' {
		return escapedQuoteEnd(b, i)
	}
	return i
}

// escapedQuoteEnd is quoteEnd from the quote at index i on, which has a backslash
// before it.
func escapedQuoteEnd(b []byte, i int) int {
	for {
		n := 0
		for n < i && b[i-1-n] == '\\' {
			n++
		}
		if n&1 == 0 {
			return i
		}
		j := bytes.IndexByte(b[i+1:], '"')
		if j < 0 {
			return -1
		}
		i += 1 + j
	}
}

// quoted splits `"text" rest` and skips the blanks before rest.
func quoted(b []byte) (text, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	i := quoteEnd(b[1:])
	if i < 0 {
		return nil, nil, false
	}
	text, rest = b[1:1+i], b[i+2:]
	for len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	return text, rest, true
}

// token splits off a quoted text or a word.
func token(b []byte) (tok, rest []byte, ok bool) {
	if len(b) == 0 {
		return nil, nil, false
	}
	if b[0] == '"' {
		return quoted(b)
	}
	tok, rest = word(b)
	return tok, rest, true
}

// stripPort takes ":port" off an address; v6 addresses lose their brackets.
func stripPort(b []byte) []byte {
	if len(b) == 0 {
		return b
	}
	if b[0] == '[' {
		if i := bytes.IndexByte(b, ']'); i > 0 {
			return b[1:i]
		}
		return b
	}
	i := bytes.LastIndexByte(b, ':')
	if i < 0 || bytes.IndexByte(b, ':') != i || !allDigits(b[i+1:]) {
		return b
	}
	return b[:i]
}

// beforePort takes the ":port" off an address that always has one, which tells it
// from the last group of a v6 address without brackets.
func beforePort(b []byte) []byte {
	i := bytes.LastIndexByte(b, ':')
	if i < 0 || b[0] == '[' || !allDigits(b[i+1:]) {
		return stripPort(b)
	}
	return b[:i]
}

// hostPort reduces what a gateway writes for an upstream to what tail.Attempt
// wants: "http://10.0.0.5:80/path" to "10.0.0.5:80", "http://unix:/run/a.sock:/x"
// to "unix:/run/a.sock".
func hostPort(b []byte) []byte {
	if bytes.IndexByte(b, '/') < 0 && bytes.IndexByte(b, '@') < 0 { // an address already
		return b
	}
	if i := index(b, "://"); i >= 0 {
		b = b[i+3:]
	}
	if hasPrefix(b, "unix:") {
		if i := bytes.IndexByte(b[5:], ':'); i >= 0 {
			b = b[:5+i]
		}
		return b
	}
	if i := bytes.IndexAny(b, "/?"); i >= 0 {
		b = b[:i]
	}
	if i := bytes.LastIndexByte(b, '@'); i >= 0 { // user:password@host
		b = b[i+1:]
	}
	return b
}
