package draw

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"why502/themes"

	"github.com/charmbracelet/x/ansi"
)

// blanks is where runs of blanks are cut from.
const blanks = "                                                                                                    "

// blank returns n blanks.
func blank(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(blanks) {
		return blanks[:n]
	}
	return strings.Repeat(" ", n)
}

// Width returns how many cells s takes: wide runes two, combining marks and SGR
// sequences none.
func Width(s string) int {
	if plainASCII(s) {
		return len(s)
	}
	return ansi.StringWidth(s)
}

// plainASCII says whether every byte of s is one cell.
func plainASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// tidy drops what would break the frame around s: control bytes and sequences
// other than SGR, invalid bytes, format characters (direction, joiners) and
// variation selectors, about whose width terminals disagree, and marks at either
// end that would melt into a neighbor. Text of a log is to be cleaned before
// (tail.Safe), which shows instead of drops.
func tidy(s string) string {
	if plainASCII(s) {
		return s
	}
	if !isTidy(s) {
		s = sweep(s)
	}
	for s != "" {
		_, n := utf8.DecodeRuneInString(s)
		if s[0] < 0x80 || ansi.StringWidth("x"+s[:n]) == 1+ansi.StringWidth(s[:n]) {
			break
		}
		s = s[n:]
	}
	for s != "" {
		_, n := utf8.DecodeLastRuneInString(s)
		last := s[len(s)-n:]
		if last[0] < 0x80 || ansi.StringWidth(last+"x") == 1+ansi.StringWidth(last) {
			break
		}
		s = s[:len(s)-n]
	}
	return s
}

// sweep keeps SGR sequences and tidy runes only; a tab becomes a blank.
func sweep(s string) string {
	var b strings.Builder
	var state byte
	for s != "" {
		seq, _, n, next := ansi.DecodeSequence(s, state, nil)
		if n <= 0 {
			break
		}
		switch {
		case seq == "\t":
			b.WriteByte(' ')
		case sgrLen(seq) == len(seq):
			b.WriteString(seq)
		case seq[0] >= 0x20 && seq[0] != 0x7f:
			for _, r := range seq {
				if r >= 0x20 && r != 0x7f && tidyRune(r) {
					b.WriteRune(r)
				}
			}
		}
		state, s = next, s[n:]
	}
	return b.String()
}

// tidyRune says whether a rune from U+0080 on may stand in a line.
func tidyRune(r rune) bool {
	switch {
	case r < 0x80 || r >= 0x2190 && r < 0x2c00: // arrows, frames, blocks
		return true
	case r < 0xa0 || r == utf8.RuneError || r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0000:
		return false
	}
	return !unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// isTidy says whether s has nothing but printable ASCII, tidy runes and whole SGR
// sequences.
func isTidy(s string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= 0x20 && c < 0x7f:
			i++
		case c == 0x1b:
			n := sgrLen(s[i:])
			if n == 0 {
				return false
			}
			i += n
		case c < 0x80:
			return false
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			if !tidyRune(r) {
				return false
			}
			i += size
		}
	}
	return true
}

// sgrLen returns the length of the SGR sequence at the start of s, 0 when there
// is none.
func sgrLen(s string) int {
	if len(s) < 3 || s[0] != 0x1b || s[1] != '[' {
		return 0
	}
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9' || c == ';' || c == ':':
		case c == 'm':
			return i + 1
		default:
			return 0
		}
	}
	return 0
}

// Truncate cuts s to at most w cells; a cut is shown by an ellipsis.
func (p *Painter) Truncate(s string, w int) string {
	s = tidy(s)
	if w <= 0 {
		return ""
	}
	if Width(s) <= w {
		return s
	}
	return ansi.Truncate(s, w, p.Glyphs.Ellipsis)
}

// Fit makes s exactly w cells wide: cut as Truncate does or filled with blanks.
func (p *Painter) Fit(s string, w int) string {
	s = p.Truncate(s, w)
	return s + blank(w-Width(s))
}

// FitRight is Fit with the text at the right end, for numbers.
func (p *Painter) FitRight(s string, w int) string {
	s = p.Truncate(s, w)
	return blank(w-Width(s)) + s
}

// Middle cuts s to at most w cells by leaving out its middle, for addresses and
// paths whose two ends matter. Sequences in s are dropped when it is cut.
func (p *Painter) Middle(s string, w int) string {
	s = tidy(s)
	if w <= 0 {
		return ""
	}
	if Width(s) <= w {
		return s
	}
	s = tidy(ansi.Strip(s))
	tail := (w - 1) / 2
	head := ansi.Truncate(s, w-1-tail, "")
	n := Width(s) - tail
	end := ansi.TruncateLeft(s, n, "")
	for Width(end) > tail { // a wide rune lay across the cut
		n++
		end = ansi.TruncateLeft(s, n, "")
	}
	return head + p.Glyphs.Ellipsis + end
}

// Wrap breaks s at blanks into lines of at most w cells, words longer than a line
// anywhere. It returns at most limit lines, the last one with an ellipsis when text
// is left over; limit 0 is no limit.
func (p *Painter) Wrap(s string, w, limit int) []string {
	if w <= 0 {
		return nil
	}
	var lines []string
	for para := range strings.SplitSeq(s, "\n") {
		for l := range strings.SplitSeq(ansi.Wrap(tidy(para), w, ""), "\n") {
			lines = append(lines, p.Truncate(strings.TrimRight(l, " "), w))
			if limit > 0 && len(lines) > limit {
				lines = lines[:limit]
				last := p.Truncate(lines[limit-1], w-1)
				lines[limit-1] = last + p.Glyphs.Ellipsis
				return lines
			}
		}
	}
	return lines
}

// Both puts left and right at the two ends of a line of exactly w cells; where
// they don't fit, left is cut first down to a third of the line.
func (p *Painter) Both(left, right string, w int) string {
	right = p.Truncate(right, max(w-w/3-1, 0))
	rest := w - Width(right)
	if right != "" {
		rest--
		right = " " + right
	}
	return p.Fit(left, max(rest, 0)) + p.Truncate(right, w)
}

// Highlight returns s as the selected line of exactly w cells; its own colors
// give way to the selection's.
func (p *Painter) Highlight(s string, w int) string {
	return p.Paint(themes.Selected, p.Fit(ansi.Strip(tidy(s)), w))
}
