package tail

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"GET /api 502", 0, "GET /api 502"},
		{"a\tb", 0, "a b"},
		{"\x1b[31mred", 0, `\x1b[31mred`},
		{"\x1b]52;c;aGk=\x07", 0, `\x1b]52;c;aGk=\x07`},
		{"a\r\nb\x00", 0, `a\x0d\x0ab\x00`},
		{"\xff\xfe", 0, `\xff\xfe`},
		{"\u202egpj.exe", 0, `\u{202e}gpj.exe`},
		{"a\u200bb", 0, `a\u{200b}b`},
		{"\u009b31m", 0, `\u{9b}31m`},
		{"Ärger 502 ✖", 0, "Ärger 502 ✖"},
		{"abcdef", 4, "abc…"},
		{"abcd", 4, "abcd"},
		{"ab\x1b[31m", 4, "ab…"},
		{"\x80\x80", 8, `\x80\x80`},
		{"\x80\x80", 7, `\x80…`},
		{"äöüß", 4, "äöüß"},
	} {
		if got := Clean(c.in, c.limit); got != c.want {
			t.Errorf("Clean(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

func TestMask(t *testing.T) {
	for _, c := range []struct{ in, secret string }{
		{"Authorization: Bearer abc.def-123", "abc.def-123"},
		{`"authorization":"Basic dXNlcjpwYXNz"`, "dXNlcjpwYXNz"},
		{"authorization=token s3cr3t", "s3cr3t"},
		{"Cookie: sid=deadbeef; theme=dark", "deadbeef"},
		{"GET /a?user=1&access_token=s3cr3t&x=1", "s3cr3t"},
		{"GET /a?password=hunter2 HTTP/1.1", "hunter2"},
		{"http://user:hunter2@10.0.0.5:8000/", "hunter2"},
		{"X-Api-Key: s3cr3t", "s3cr3t"},
		{"jwt eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSM", "SflKxwRJSM"},
	} {
		got := Mask(c.in)
		if strings.Contains(got, c.secret) || !strings.Contains(got, Masked) {
			t.Errorf("Mask(%q) = %q", c.in, got)
		}
	}
	for _, plain := range []string{
		`connect() failed (111: Connection refused) while connecting to upstream, upstream: "http://10.0.0.5:8000/x"`,
		"GET /api/orders?page=2&sort=name HTTP/1.1",
	} {
		if got := Mask(plain); got != plain {
			t.Errorf("Mask(%q) = %q, want it untouched", plain, got)
		}
	}
}

// FuzzSafe wants text that a terminal can show whatever came in, in bounds.
func FuzzSafe(f *testing.F) {
	for _, s := range []string{"GET /", "\x1b[2J", "\xff", "\u202e", "Cookie: a=b", "ä…", "\U000e0041"} {
		f.Add(s, 10)
		f.Add(s, 0)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = min(max(limit, 0), 1<<16)
		got := Safe(s, limit)
		if !utf8.ValidString(got) {
			t.Fatalf("%q: invalid UTF-8 %q", s, got)
		}
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q: unprintable %U in %q", s, r, got)
			}
		}
		if again := Clean(got, 0); again != got {
			t.Fatalf("cleaning %q again gives %q", got, again)
		}
		if n := utf8.RuneCountInString(got); limit > 0 && n > limit {
			t.Fatalf("%q: %d runes, the limit is %d", got, n, limit)
		}
	})
}
