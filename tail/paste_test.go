package tail

import "testing"

func TestUnquoted(t *testing.T) {
	for in, want := range map[string]string{
		"a line":                         "a line",
		"> a line":                       "a line",
		"  > > a line  ":                 "a line",
		"- `a line`":                     "a line",
		"```a line":                      "a line",
		`"a "quoted" line"`:              `a "quoted" line`,
		`"a line`:                        "a line",
		"12: a line":                     "a line",
		"12:2026/03/01 10:00:00 a":       "2026/03/01 10:00:00 a",
		"    12\ta line":                 "a line",
		"12:34:56 a time":                "12:34:56 a time",
		"10.0.0.1 - - a":                 "10.0.0.1 - - a",
		"error.log:7:2026/03/01 a":       "2026/03/01 a",
		"/var/log/x/error.log.1:a line":  "a line",
		"http://log.example.com:80/a b":  "http://log.example.com:80/a b",
		`{"log":"a:b"}`:                  `{"log":"a:b"}`,
		"1/2/2018 3:04:05 PMa line":      "a line",
		"1/2/2018 3:04:05 PM":            "1/2/2018 3:04:05 PM",
		"0|web  | a line":                "a line",
		"> > > > > > > > much too often": " > > much too often",
		"":                               "",
	} {
		if got := string(Unquoted([]byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestAppendPlain(t *testing.T) {
	for in, want := range map[string]string{
		"plain & simple":          "plain & simple",
		"“a”\u00a0‘b’…":           `"a" 'b'...`,
		"&quot;a&quot; &lt;b&gt;": `"a" <b>`,
		"é & &amp; \xe2\x80":      "é & & \xe2\x80",
	} {
		b := []byte(in)
		if IsTypeset(b) != (in != want) {
			t.Errorf("%q: typeset %t", in, IsTypeset(b))
		}
		if got := string(AppendPlain(b[:0], b)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
