package diagnose

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// pasting is what happens to lines on their way into a thread. None of it may
// change what they say.
var pasting = []struct {
	name  string
	least int // percent of the incidents that keep their first cause
	do    func(string) string
}{
	{"quoted", 98, eachLine(func(l string) string { return "> " + l })},
	{"quoted twice", 98, eachLine(func(l string) string { return "> > " + l })},
	{"indented", 98, eachLine(func(l string) string { return "    " + l })},
	{"listed", 98, eachLine(func(l string) string { return "- " + l })},
	{"numbered", 98, eachLine(func(l string) string { return "12: " + l })},
	{"in backticks", 98, eachLine(func(l string) string { return "`" + l + "`" })},
	{"in quotes", 98, eachLine(func(l string) string { return `"` + l + `"` })},
	{"fenced", 98, func(s string) string { return "```\n" + s + "```\n" }},
	{"with a question", 98, func(s string) string {
		return "Hi all, I get a white page since yesterday.\n\nThe log:\n\n" + s + "\nAny idea? Thanks!\n"
	}},
	{"with a configuration", 98, func(s string) string {
		return "location / {\n    proxy_pass http://backend;\n    proxy_read_timeout 300;\n}\n" + s + "upstream backend {\n    server 10.0.0.9:80;\n}\n"
	}},
	{"of compose", 97, eachLine(func(l string) string { return "gw-1  | " + l })},
	{"of journald", 97, eachLine(func(l string) string { return "Jan 02 03:04:05 host1 gw[77]: " + l })},
	{"of kubectl", 97, eachLine(func(l string) string { return "[pod/gw-7d9c5b8f4-x2x7k/gw] " + l })},
	{"of CRI", 97, eachLine(func(l string) string { return "2024-01-02T03:04:05.000000006Z stderr F " + l })},
	{"of Rancher", 97, eachLine(func(l string) string { return "1/2/2018 3:04:05 PM" + l })},
	{"of grep", 97, eachLine(func(l string) string { return "/var/log/gw/error.log:12:" + l })},
	{"of Windows", 98, func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }},
	{"typeset", 97, func(s string) string { return quotedWords.ReplaceAllString(s, "“$1”") }},
	{"of a web page", 97, func(s string) string {
		return strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;").Replace(s)
	}},
	{"with other blanks", 96, eachLine(func(l string) string { return strings.ReplaceAll(l, " ", "\u00a0") })},
	{"masked", 97, func(s string) string { return addresses.ReplaceAllString(s, "x.x.x.x") }},
	{"redacted", 97, func(s string) string { return addresses.ReplaceAllString(s, "<redacted>") }},
	{"with blank lines", 98, func(s string) string { return strings.ReplaceAll(s, "\n", "\n\n") }},
	{"wrapped", 62, eachLine(func(l string) string { return wrapAt(l, 80) })},
	{"wrapped at 120", 75, eachLine(func(l string) string { return wrapAt(l, 120) })},
	{"cut", 90, eachLine(func(l string) string {
		if len(l) > 160 {
			return l[:160] + "..."
		}
		return l
	})},
}

var (
	quotedWords = regexp.MustCompile(`"([^"\n{}]*)"`)
	addresses   = regexp.MustCompile(`\b(?:[1-9]\d?|[1-9]\d\d)\.\d+\.\d+\.\d+\b`)
)

func eachLine(do func(string) string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for line := range strings.Lines(s) {
			b.WriteString(do(strings.TrimRight(line, "\r\n")))
			b.WriteByte('\n')
		}
		return b.String()
	}
}

// wrapAt breaks a line as a mail program or a terminal does.
func wrapAt(line string, width int) string {
	var b strings.Builder
	for len(line) > width {
		i := strings.LastIndexByte(line[:width], ' ')
		if i < 1 {
			i = width - 1
		}
		b.WriteString(line[:i+1])
		b.WriteByte('\n')
		line = line[i+1:]
	}
	return b.String() + line
}

// TestPasting diagnoses the public incidents as they came and after each of what
// pasting does; with -v it prints what changed.
func TestPasting(t *testing.T) {
	if testing.Short() {
		t.Skip("short: thousands of verdicts of one goroutine")
	}
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	all := pastes(t)
	plain := make([]ID, len(all))
	for i, p := range all {
		v := Evaluate(snapshotOf(now, p.files...))
		plain[i] = named(&v)[0]
	}
	for m, how := range pasting {
		t.Run(how.name, func(t *testing.T) {
			same, asked := 0, 0
			for i, p := range all {
				if (i+m)%6 != 0 {
					continue // a sixth of them for each of so many ways is enough
				}
				asked++
				files := make([]logFile, len(p.files))
				for j, f := range p.files {
					files[j] = logFile{f.name, []byte(how.do(string(f.data)))}
				}
				v := Evaluate(snapshotOf(now, files...))
				if got := named(&v)[0]; got == plain[i] {
					same++
				} else {
					t.Logf("%-28s %s became %s", p.name, plain[i], shares(&v))
				}
			}
			t.Logf("%d of %d keep their first cause", same, asked)
			if same*100 < asked*how.least {
				t.Errorf("%d of %d keep their first cause, want %d %%", same, asked, how.least)
			}
		})
	}
}
