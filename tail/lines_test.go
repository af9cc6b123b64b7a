package tail

import (
	"bytes"
	"strings"
	"testing"
)

// split feeds data to a splitter in pieces and returns all whole lines.
func split(data string, piece int) (out string, cut int, sp *splitter) {
	sp = &splitter{}
	for len(data) > 0 {
		n := min(piece, len(data))
		buf := append(append([]byte{}, sp.carry...), data[:n]...)
		whole, c := sp.take(buf)
		out += string(whole)
		cut += c
		data = data[n:]
	}
	return out, cut, sp
}

func TestSplitter(t *testing.T) {
	for _, c := range []struct{ name, in, want, rest string }{
		{"lines", "a\nbb\nccc", "a\nbb\n", "ccc"},
		{"empty lines", "\n\na\n", "\n\na\n", ""},
		{"byte order mark", "\xef\xbb\xbfa\nb\n", "a\nb\n", ""},
		{"hole at the start", "\x00\x00\x00a\nb\n", "a\nb\n", ""},
		{"hole between lines", "a\n\x00\x00b\n", "a\nb\n", ""},
		{"zero in a line stays", "a\x00b\n", "a\x00b\n", ""},
		{"carriage return stays for NextLine", "a\r\nb\r\n", "a\r\nb\r\n", ""},
	} {
		for _, piece := range []int{1, 2, 3, 1000} {
			got, cut, sp := split(c.in, piece)
			if got != c.want || string(sp.carry) != c.rest || cut != 0 {
				t.Errorf("%s in pieces of %d: %q rest %q cut %d, want %q rest %q", c.name, piece, got, sp.carry, cut, c.want, c.rest)
			}
		}
	}
}

func TestSplitterCutsLongLines(t *testing.T) {
	long := strings.Repeat("x", 5*MaxLine)
	for _, piece := range []int{64 << 10, MaxLine} {
		got, cut, sp := split("a\n"+long+"\nb\n", piece)
		want := "a\n" + long[:MaxLine] + "\nb\n"
		if got != want || cut != 1 || cap(sp.carry) > 3*MaxLine {
			t.Errorf("pieces of %d: %d bytes, cut %d, %d kept", piece, len(got), cut, cap(sp.carry))
		}
	}
}

func TestNextLine(t *testing.T) {
	var got []string
	for data := []byte("a\r\n\nb\nc"); len(data) > 0; {
		var line []byte
		line, data = NextLine(data)
		got = append(got, string(line))
	}
	if s := strings.Join(got, "|"); s != "a||b|c" {
		t.Errorf("got %s", s)
	}
}

// FuzzSplitter wants the same lines however the bytes arrive.
func FuzzSplitter(f *testing.F) {
	f.Add([]byte("a\nb\x00\n\x00c\n"), 2)
	f.Add([]byte("\xef\xbb\xbfx\n"), 1)
	f.Fuzz(func(t *testing.T, data []byte, piece int) {
		piece = min(max(piece, 1), 1<<16)
		a, _, sa := split(string(data), piece)
		b, _, sb := split(string(data), max(len(data), 1))
		if a != b || !bytes.Equal(sa.carry, sb.carry) {
			t.Fatalf("%q in pieces of %d: %q rest %q; at once %q rest %q", data, piece, a, sa.carry, b, sb.carry)
		}
	})
}
