package story

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"why502/tail"
)

// linesOf reads "SECOND KIND key=value ..." lines; kind is access, error or app.
// A request is wanted unless it is marked ok.
func linesOf(t *testing.T, text string) []Line {
	t.Helper()
	var lines []Line
	for row := range strings.Lines(strings.TrimSpace(text)) {
		f := strings.Fields(row)
		at, err := time.ParseDuration(f[0])
		if err != nil {
			t.Fatal(err)
		}
		l := Line{Time: time.Unix(1000, 0).Add(at), Duration: tail.None}
		switch f[1] {
		case "access":
			l.Kind, l.Wanted = tail.KindAccess, true
		case "error":
			l.Kind = tail.KindError
		case "app":
			l.Kind, l.Trouble = tail.KindUpstream, true
		}
		for _, kv := range f[2:] {
			k, v, _ := strings.Cut(kv, "=")
			switch k {
			case "ok":
				l.Wanted, l.Trouble = false, false
			case "took":
				l.Duration, _ = time.ParseDuration(v)
			case "c":
				l.Client = v
			case "m":
				l.Method = v
			case "p":
				l.Path = v
			case "u":
				l.Upstream = v
			case "id":
				l.RequestID = v
			case "conn":
				l.Conn = v
			case "says":
				l.Text = v
			default:
				t.Fatalf("%q", kv)
			}
		}
		lines = append(lines, l)
	}
	return lines
}

func TestJoin(t *testing.T) {
	for _, c := range []struct{ name, lines, want string }{
		{"by request id before all else", `
			0s error id=a p=/x c=1 says=A
			0s error p=/x c=1 says=B
			0s access id=a p=/x c=1`, "2: 0 same request id"},
		{"another id is another request", `
			0s app id=a p=/x
			0s access id=b p=/x`, ""},
		{"by connection while the request was open", `
			0s error conn=7 p=/x
			3s error conn=7 p=/x
			9s error conn=7 p=/x
			4s access conn=7 p=/x took=2s`, "3: 1 same connection"},
		{"a kept-alive connection asks several paths", `
			0s error conn=7 p=/a c=1
			0s access conn=7 p=/b c=1`, ""},
		{"by second, client and path", `
			0s error c=1 p=/x
			1s access c=1 p=/x`, "1: 0 same second, client and path"},
		{"the error line of an unknown client", `
			0s error p=/x
			0s access c=1 p=/x`, "1: 0 same second and upstream"},
		{"by second and upstream", `
			0s error u=10.0.0.5:80
			0s access c=1 p=/x u=10.0.0.5:80`, "1: 0 same second and upstream"},
		{"the application's line of the same path", `
			0s app p=/x?a=1 m=GET
			0s app p=/y m=GET
			0s access p=/x?a=1 m=GET`, "2: 0 same path while the request was open"},
		{"another method", `
			0s app p=/x m=POST
			0s access p=/x m=GET`, ""},
		{"a traceback that names the path", `
			0s app says=Exception_on_/x_[GET]
			0s access p=/x m=GET`, "1: 0 same path while the request was open"},
		{"a worker killed while the request was open", `
			10s app says=WORKER_TIMEOUT
			50s app says=WORKER_TIMEOUT
			40s access p=/x took=31s`, "2: 0 written while the request was open"},
		{"only one line by time alone", `
			0s app says=one
			0s app says=two
			0s access p=/x`, "2: 0 written while the request was open"},
		{"a line that tells of no fault is not joined by time", `
			0s app ok says=booted
			0s access p=/x`, ""},
		{"the first one has the application's line", `
			0s app p=/x
			0s access p=/x
			0s access p=/x`, "1: 0 same path while the request was open"},
		{"what nobody wants to know", `
			0s error c=1 p=/x
			0s access ok c=1 p=/x`, ""},
	} {
		lines := linesOf(t, c.lines)
		j := Join(lines)
		var got []string
		for i := range lines {
			for _, p := range j.Of(i) {
				got = append(got, fmt.Sprintf("%d: %d %s", i, p.Line, p.By))
				if !j.Taken(p.Line) {
					t.Errorf("%s: line %d is joined but not taken", c.name, p.Line)
				}
			}
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %q, want %q", c.name, s, c.want)
		}
	}
}

// TestJoinIsBounded wants no request to gather more than MaxParts lines, whatever
// a hostile log repeats.
func TestJoinIsBounded(t *testing.T) {
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "0s error id=a c=1 p=/x conn=7 says=%d\n0s app id=a p=/x says=%d\n", i, i)
	}
	text.WriteString("0s access id=a c=1 p=/x conn=7")
	lines := linesOf(t, text.String())
	j := Join(lines)
	if n := len(j.Of(len(lines) - 1)); n == 0 || n > MaxParts {
		t.Errorf("%d lines, want 1 to %d", n, MaxParts)
	}
}
