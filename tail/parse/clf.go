package parse

import (
	"bytes"
	"encoding/binary"

	"why502/tail"
)

// clfHead reads what all the CLF family begins with,
//
//	[host[:port] ]client ident user [time] [word ]"request" status bytes
//
// into ev and returns the words between time and request and what follows the
// bytes, with the blanks before it taken off.
func (s *state) clfHead(line []byte, ev *tail.Event) (mid, rest []byte, ok bool) {
	return s.clfHeadAt(line, bytes.IndexByte(line, '['), ev)
}

// clfHeadAt is clfHead with the time's bracket at index i.
func (s *state) clfHeadAt(line []byte, i int, ev *tail.Event) (mid, rest []byte, ok bool) {
	if i < 1 || i > 1024 || len(line) < i+28 || line[i+27] != ']' || line[i-1] != ' ' {
		return nil, nil, false
	}
	if ev.Time, ok = s.clk.clf(line[i+1:]); !ok {
		return nil, nil, false
	}
	if !clfWho(line[:i-1], ev) {
		return nil, nil, false
	}
	rest = line[i+28:]
	if len(rest) < 2 {
		return nil, nil, false
	}
	if rest[0] == ' ' {
		rest = rest[1:]
	}
	if rest[0] != '"' {
		j := bytes.IndexByte(rest, '"')
		if j < 2 || rest[j-1] != ' ' {
			return nil, nil, false
		}
		mid, rest = rest[:j-1], rest[j:]
	}
	j := quoteEnd(rest[1:])
	if j < 0 {
		return nil, nil, false
	}
	request(rest[1:1+j], ev)
	rest = rest[j+2:]
	rest, ok = clfSent(rest, ev)
	return mid, rest, ok
}

// clfSent reads ` status bytes` and returns what follows without leading blank.
func clfSent(b []byte, ev *tail.Event) (rest []byte, ok bool) {
	if len(b) < 4 || b[0] != ' ' {
		return nil, false
	}
	if len(b) > 5 && b[4] == ' ' && isDigit(b[1]) && isDigit(b[2]) && isDigit(b[3]) {
		ev.Status = int(b[1]-'0')*100 + int(b[2]-'0')*10 + int(b[3]-'0')
		b = b[5:]
	} else {
		var w []byte
		if w, b = word(b[1:]); !absent(w) {
			return nil, false
		}
	}
	n := int64(0)
	i := 0
	for i < len(b) && i < 18 && isDigit(b[i]) {
		n = n*10 + int64(b[i]-'0')
		i++
	}
	switch {
	case i > 0:
		ev.Bytes = n
	case len(b) > 0 && b[0] == '-':
		ev.Bytes, i = 0, 1
	default:
		return nil, false
	}
	if i == len(b) {
		return nil, true
	}
	if b[i] != ' ' {
		return nil, false
	}
	return b[i+1:], true
}

// clfWho reads `[host ]client ident user`; only a user may hold blanks, and only
// behind the ident "-". gunicorn on a unix socket writes no client.
func clfWho(b []byte, ev *tail.Event) bool {
	if n := len(b) - 4; n >= 8 && n <= 16 && string(b[n:]) == " - -" && plainAddress(b[:n]) { // the common case
		ev.Client = b[:n]
		return true
	}
	i := bytes.IndexByte(b, ' ')
	if i < 0 {
		ev.Client = b
		return isAddress(b) // neither ident nor user: aiohttp, and formats of people's own
	}
	rest := b[i+1:]
	first := b[:i]
	if len(rest) > 2 && rest[0] == '-' && rest[1] == ' ' {
		ev.Client = present(first)
		if bytes.IndexByte(first, ':') >= 0 {
			ev.Client = stripPort(first)
		}
		return true
	}
	j := bytes.IndexByte(rest, ' ')
	if j < 1 || j+1 == len(rest) || i == 0 {
		return false
	}
	ident, user := rest[:j], rest[j+1:]
	if bytes.IndexByte(user, ' ') > 0 { // four words: the virtual host stands first
		ev.Host, ev.Client = first, ident
		return hasPrefix(user, "- ") && isHost(first) && isHost(ident)
	}
	ev.Client = stripPort(first)
	if bytes.IndexByte(ident, '.') > 0 || string(ident) == "localhost" {
		ev.Host = ident // lighttpd writes the host in the ident's place
	}
	return isHost(first) && isHost(ident)
}

// plainAddress says whether b, of 8 to 16 bytes, has neither blank nor colon.
func plainAddress(b []byte) bool {
	const each = 0x0101010101010101
	first, last := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[len(b)-8:])
	return !hasZero(first^' '*each) && !hasZero(first^':'*each) && !hasZero(last^' '*each) && !hasZero(last^':'*each)
}

// hasZero says whether a byte of w is zero.
func hasZero(w uint64) bool {
	const each, high = 0x0101010101010101, 0x8080808080808080
	return (w-each)&^w&high != 0
}

// isHost says whether b may be a name or an address, with a port or without.
func isHost(b []byte) bool {
	if isAddress(b) {
		return true
	}
	name, port, colon := cut(b, ':')
	if colon && !allDigits(port) {
		return false
	}
	return isWord(name) || len(name) > 1 && name[0] == '*' && isWord(name[1:])
}

// tails reads the quoted texts that follow the bytes and stops at the first that
// is not quoted. It returns how many there were.
func tails(rest []byte, to *[8][]byte) (n int, after []byte, ok bool) {
	for n < len(to) && len(rest) > 0 && rest[0] == '"' {
		i := 1
		if len(rest) < 3 || rest[1] != '-' || rest[2] != '"' {
			i = quoteEnd(rest[1:])
		}
		if i < 0 {
			return n, rest, false
		}
		to[n] = rest[1 : 1+i]
		n++
		rest = rest[i+2:]
		if len(rest) > 0 {
			if rest[0] != ' ' { // nginx's documentation has rt= right behind the user agent
				return n, rest, keyLength(rest) > 0
			}
			rest = rest[1:]
		}
	}
	return n, rest, true
}

// agent sets referer and user agent from the first two quoted tails.
func agent(t *[8][]byte, ev *tail.Event) {
	ev.Referer, ev.UserAgent = present(t[0]), present(t[1])
}

// clfPlain reads lines that end with the bytes.
func clfPlain(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		mid, rest, ok := s.clfHead(line, ev)
		return ok && mid == nil && len(rest) == 0 && ev.Host == nil
	}
}

// clfCombined reads lines with n quoted texts, at least two, after the bytes and nothing else.
func clfCombined(n int) func(*state) parseFunc {
	return func(s *state) parseFunc {
		return func(line []byte, ev *tail.Event) bool {
			mid, rest, ok := s.clfHead(line, ev)
			if !ok || mid != nil || ev.Host != nil || line[0] == ' ' {
				return false
			}
			k, rest, ok := tails(rest, &s.quoted)
			agent(&s.quoted, ev)
			return ok && k == n && len(rest) == 0
		}
	}
}

// clfRest reads lines of the CLF family whose tail after the quoted texts is read
// by more; it gets the quoted texts beyond referer and agent as well.
func clfRest(least int, more func(s *state, quoted [][]byte, rest []byte, ev *tail.Event) bool) func(*state) parseFunc {
	return func(s *state) parseFunc {
		return func(line []byte, ev *tail.Event) bool {
			mid, rest, ok := s.clfHead(line, ev)
			if !ok || mid != nil {
				return false
			}
			k, rest, ok := tails(rest, &s.quoted)
			if !ok || k < least {
				return false
			}
			for i := k; i < 2; i++ {
				s.quoted[i] = nil
			}
			agent(&s.quoted, ev)
			return more(s, s.quoted[:k], rest, ev)
		}
	}
}
