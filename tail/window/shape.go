package window

import "bytes"

const (
	// maxShapeIn is how much of a message its shape is made from, in bytes.
	maxShapeIn = 600
	// maxShape is the length at which a shape is cut, in bytes.
	maxShape = 240
)

// telling are the words after which a number is no detail but says what happened
// ("signal 9", "status=203/EXEC", "code: 500", "alert number 40", "[Errno 111]").
var telling = map[string]bool{
	"signal": true, "status": true, "code": true, "exitcode": true, "errno": true,
	"error": true, "alert": true, "http": true, "returned": true, "eai": true,
}

// appendShape appends msg to dst with names of single things folded, so that
// messages that say the same get the same shape: numbers, addresses, hashes and
// connection numbers become "#", quoted text "*", absolute paths "/*". What tells
// causes apart stays: an errno or code in parentheses ("(111: ", "(10:",
// "(111)Connection"), a number after one of the telling words, identifiers of
// letters with at most two digits ("AH01114", "Layer4", "TLSv1", "s1"), an HTTP
// status before its reason phrase, and quoted header names.
func appendShape(dst, msg []byte) []byte {
	msg = msg[:min(len(msg), maxShapeIn)]
	start := len(dst)
	for i := 0; i < len(msg) && len(dst)-start < maxShape; {
		c := msg[i]
		switch {
		case c == '"' || c == '\'' && quoteOpens(msg, i) || c == '`':
			n := quoted(msg[i:])
			if n == 0 {
				dst = append(dst, c)
				i++
				continue
			}
			dst = appendQuoted(dst, msg[i:i+n])
			i += n
		case c == '/' && pathBegins(msg, i):
			dst = append(dst, "/*"...)
			i += pathLen(msg[i:])
		case (c == '[' || c == ':' || kindOf[c]&(isDigit|isHexLetter) != 0) && v6Len(msg[i:]) > 0:
			dst = append(dst, '#')
			i += v6Len(msg[i:])
		case kindOf[c]&(isDigit|isHexLetter|isLetter) != 0:
			n := tokenLen(msg[i:])
			dst = appendToken(dst, msg, i, n)
			i += n
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			if len(dst) > start && dst[len(dst)-1] != ' ' {
				dst = append(dst, ' ')
			}
			i++
		default:
			dst = append(dst, c)
			i++
		}
	}
	if len(dst)-start > maxShape {
		dst = dst[:start+maxShape]
	}
	return dst
}

// quoteOpens tells a quote from an apostrophe.
func quoteOpens(msg []byte, i int) bool {
	return i == 0 || kindOf[msg[i-1]]&(isDigit|isHexLetter|isLetter) == 0
}

// quoted returns the length of the quoted text that s begins with, 0 when the
// quote is not closed.
func quoted(s []byte) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return 0
}

// appendQuoted keeps header names and folds all other quoted text.
func appendQuoted(dst, q []byte) []byte {
	inner := q[1 : len(q)-1]
	name := len(inner) > 0 && len(inner) <= 32 && kindOf[inner[0]]&(isHexLetter|isLetter) != 0
	for _, c := range inner {
		name = name && (kindOf[c]&(isHexLetter|isLetter) != 0 || c == '-')
	}
	if name {
		return append(dst, q...)
	}
	return append(dst, q[0], '*', q[0])
}

// pathBegins says whether the slash at i begins an absolute path or the rest of a
// URL, and does not merely join two words.
func pathBegins(msg []byte, i int) bool {
	if i+1 >= len(msg) || kindOf[msg[i+1]]&(isOther|isJoint) != 0 {
		return false
	}
	if i == 0 {
		return true
	}
	switch msg[i-1] {
	case ' ', ':', '=', '(', '[', '<', ',', '\t':
		return true
	}
	return false
}

func pathLen(s []byte) int {
	for i, c := range s {
		switch c {
		case ' ', '\t', '"', '\'', ')', ']', '>', ',', ';', '\n':
			return i
		}
	}
	return len(s)
}

// v6Len returns the length of an IPv6 address at the start of s, in brackets with
// its port or bare, 0 when there is none. A time of day passes for one, which does
// no harm.
func v6Len(s []byte) int {
	i, colons, digits := 0, 0, 0
	if s[0] == '[' {
		i++
	}
	for i < len(s) && i < 48 && (s[i] == ':' || s[i] == '.' && colons >= 2 || kindOf[s[i]]&(isDigit|isHexLetter) != 0) {
		if s[i] == ':' {
			colons++
		} else if kindOf[s[i]]&isDigit != 0 {
			digits++
		}
		i++
	}
	if colons < 2 || digits == 0 {
		return 0
	}
	if s[0] != '[' {
		if i < len(s) && kindOf[s[i]]&isLetter != 0 {
			return 0
		}
		return len(bytes.TrimRight(s[:i], ":."))
	}
	if i >= len(s) || s[i] != ']' {
		return 0
	}
	for i++; i < len(s) && (s[i] == ':' && i+1 < len(s) && kindOf[s[i+1]]&isDigit != 0 || kindOf[s[i]]&isDigit != 0); i++ {
	}
	return i
}

// tokenLen returns how long the word, number or address at the start of s is: a
// joint (-._:,) belongs to it only between letters and digits.
func tokenLen(s []byte) int {
	alnum := func(i int) bool {
		return i < len(s) && kindOf[s[i]]&(isDigit|isHexLetter|isLetter) != 0
	}
	for i := 0; ; {
		switch {
		case alnum(i):
			i++
		case i == len(s):
			return i
		case (s[i] == '-' || s[i] == '_' || s[i] == '.') && alnum(i+1):
			i++
		case (s[i] == ':' || s[i] == ',') && isNumber(s[:i]) && digitsNext(s[i+1:]):
			i++
		default:
			return i
		}
	}
}

// digitsNext says whether s begins with digits and no letter follows them.
func digitsNext(s []byte) bool {
	n := 0
	for n < len(s) && kindOf[s[n]]&isDigit != 0 {
		n++
	}
	return n > 0 && (n == len(s) || kindOf[s[n]]&(isHexLetter|isLetter) == 0)
}

// isNumber says whether b has a digit and nothing but digits, hexadecimal
// letters and joints: a number, time, address or part of one.
func isNumber(b []byte) bool {
	digits := 0
	for _, c := range b {
		switch {
		case kindOf[c]&isDigit != 0:
			digits++
		case kindOf[c]&(isHexLetter|isJoint) == 0:
			return false
		}
	}
	return digits > 0
}

// appendToken appends the token msg[i:i+n], folded unless it tells something.
func appendToken(dst, msg []byte, i, n int) []byte {
	token := msg[i : i+n]
	digits := 0
	for _, c := range token {
		if kindOf[c]&isDigit != 0 {
			digits++
		}
	}
	switch {
	case digits == 0, digits == n && numberTells(msg, i, n), tellsCode(msg, i, token), isApacheID(token):
		return append(dst, token...)
	case isNumber(token) && kindOf[token[0]]&isDigit != 0, isUUID(token):
		return append(dst, '#')
	}
	return appendWord(dst, token)
}

// appendWord keeps a word with up to two digits in a row and folds longer runs,
// hashes, and the number of a value with its unit ("1001ms").
func appendWord(dst, token []byte) []byte {
	for i := 0; i < len(token); {
		j := i
		for j < len(token) && kindOf[token[j]]&(isDigit|isHexLetter|isLetter) != 0 {
			j++
		}
		if j == i {
			dst = append(dst, token[i])
			i++
			continue
		}
		part := token[i:j]
		i = j
		if hashLike(part) {
			dst = append(dst, '#')
			continue
		}
		for len(part) > 0 {
			n := 0
			for n < len(part) && kindOf[part[n]]&isDigit != 0 {
				n++
			}
			if n > 2 || n > 0 && n < len(token) && &part[0] == &token[0] {
				dst = append(dst, '#')
			} else {
				dst = append(dst, part[:n]...)
			}
			part = part[n:]
			for n = 0; n < len(part) && kindOf[part[n]]&isDigit == 0; n++ {
			}
			dst = append(dst, part[:n]...)
			part = part[n:]
		}
	}
	return dst
}

// hashLike says whether part is hexadecimal and too long for a word.
func hashLike(part []byte) bool {
	if len(part) > 2 && part[0] == '0' && part[1] == 'x' {
		return true
	}
	digits := 0
	for _, c := range part {
		switch {
		case kindOf[c]&isDigit != 0:
			digits++
		case kindOf[c]&isHexLetter == 0:
			return false
		}
	}
	return len(part) >= shortHash && digits > 0 || len(part) >= longHash
}

// isApacheID recognizes Apache's message numbers, AH and five digits.
func isApacheID(token []byte) bool {
	return len(token) == 7 && token[0] == 'A' && token[1] == 'H' && isNumber(token[2:])
}

// numberTells says whether the digits msg[i:i+n] say what happened: an errno or
// code in parentheses, a number after a telling word, an HTTP status with its
// reason phrase.
func numberTells(msg []byte, i, n int) bool {
	if n > 5 {
		return false
	}
	next := byte(0)
	if i+n < len(msg) {
		next = msg[i+n]
	}
	if i > 0 && msg[i-1] == '(' && !afterTelling(msg[:i]) {
		if next == ':' {
			return true
		}
		return next == ')' && i+n+1 < len(msg) && kindOf[msg[i+n+1]]&(isHexLetter|isLetter) != 0
	}
	if n == 3 && msg[i] >= '4' && msg[i] <= '5' && next == ' ' && i+n+1 < len(msg) && msg[i+n+1] >= 'A' && msg[i+n+1] <= 'Z' {
		return true
	}
	return afterTelling(msg[:i])
}

// tellsCode keeps OpenSSL's packed code in "error:0A00010B:" and the version in
// "HTTP/1.0".
func tellsCode(msg []byte, i int, token []byte) bool {
	if i >= 5 && string(msg[i-5:i]) == "HTTP/" && len(token) <= 3 {
		return true
	}
	return i >= 6 && string(msg[i-6:i]) == "error:" && len(token) >= 8 && token[0] == '0'
}

// afterTelling says whether before ends in a telling word, perhaps with "=", ":"
// or "number" between.
func afterTelling(before []byte) bool {
	before = bytes.TrimRight(before, " =:(")
	if w, ok := bytes.CutSuffix(before, []byte("alert number")); ok {
		return len(w) < len(before)
	}
	end := len(before)
	start := end
	for start > 0 && end-start < 10 && kindOf[before[start-1]]&(isHexLetter|isLetter) != 0 {
		start--
	}
	var word [10]byte
	n := copy(word[:], before[start:end])
	for i := range n {
		if word[i] >= 'A' && word[i] <= 'Z' {
			word[i] += 'a' - 'A'
		}
	}
	return telling[string(word[:n])]
}
