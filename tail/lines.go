package tail

import "bytes"

// splitter turns the bytes of one file, as they are read, into whole lines. What
// follows the last line end is kept until the rest comes: at most MaxLine bytes.
type splitter struct {
	carry []byte // the unfinished last line, from its beginning
	skip  bool   // in the rest of a line that was cut
	begun bool   // the first byte of the text is behind us, no byte order mark can come
}

var bom = []byte("\xef\xbb\xbf")

// take receives buf, whose first len(carry) bytes are the carry and whose rest is
// new (at most MaxLine bytes of it), and returns the whole lines, which begin where
// buf begins, and how many of them were cut.
func (s *splitter) take(buf []byte) (whole []byte, cut int) {
	old := len(s.carry)
	if bytes.IndexByte(buf[old:], 0) >= 0 {
		buf = s.dropNULs(buf, old)
	}
	if s.skip {
		i := bytes.IndexByte(buf, '\n')
		if i < 0 {
			return nil, 0
		}
		s.skip = false
		buf = buf[:copy(buf, buf[i+1:])]
	}
	first := bytes.IndexByte(buf[old:], '\n')
	if first < 0 {
		return s.unfinished(buf, old)
	}
	if !s.begun {
		s.begun = true
		if bytes.HasPrefix(buf, bom) {
			buf = buf[:copy(buf, buf[len(bom):])]
			first -= len(bom)
		}
	}
	if first += old; first > MaxLine {
		cut++
		buf = buf[:MaxLine+copy(buf[MaxLine:], buf[first:])]
	}
	last := bytes.LastIndexByte(buf, '\n')
	s.carry = append(s.carry[:0], buf[last+1:]...)
	return buf[:last+1], cut
}

// unfinished handles a read that ended no line.
func (s *splitter) unfinished(buf []byte, old int) ([]byte, int) {
	if len(buf) <= MaxLine {
		s.carry = append(s.carry, buf[old:]...)
		return nil, 0
	}
	s.carry, s.skip, s.begun = s.carry[:0], true, true
	buf = append(buf[:MaxLine], '\n')
	return buf, 1
}

// dropNULs removes the zero bytes at line starts: what a writer that does not
// append leaves before its text after a truncation, and what a power cut leaves.
func (s *splitter) dropNULs(buf []byte, old int) []byte {
	start := old == 0 && !s.skip
	w := old
	for _, c := range buf[old:] {
		if c == 0 && start {
			continue
		}
		start = c == '\n'
		buf[w] = c
		w++
	}
	return buf[:w]
}

// rest gives the unfinished line up, as the last line of its file.
func (s *splitter) rest() []byte {
	rest := s.carry
	s.carry = nil
	return rest
}
