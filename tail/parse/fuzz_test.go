package parse

import (
	"bytes"
	"maps"
	"testing"
	"unsafe"

	"why502/tail"
)

// inside says whether b is nil or lies within one of the given buffers.
func inside(b []byte, in ...[]byte) bool {
	if len(b) == 0 {
		return true
	}
	p := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	for _, buf := range in {
		if cap(buf) == 0 {
			continue
		}
		q := uintptr(unsafe.Pointer(unsafe.SliceData(buf)))
		if p >= q && p+uintptr(len(b)) <= q+uintptr(cap(buf)) {
			return true
		}
	}
	return false
}

// checkEvent holds what every event must: slices within the line or the parser's
// scratch space, sane numbers.
func checkEvent(t *testing.T, name string, ev *tail.Event, bufs ...[]byte) {
	t.Helper()
	slices := [][]byte{
		ev.Line, ev.Client, ev.Method, ev.Path, ev.Protocol, ev.Host, ev.UserAgent, ev.Referer, ev.RequestID, ev.Flags, ev.Backend, ev.Level,
		ev.Message, ev.Conn, ev.PID, ev.Exception, ev.Surface, ev.Frame,
	}
	for _, a := range ev.Attempts {
		slices = append(slices, a.Addr)
		for _, d := range [...]int64{int64(a.Connect), int64(a.Header), int64(a.Response)} {
			if d < tail.None {
				t.Fatalf("%s: an attempt took %d", name, d)
			}
		}
	}
	total := 0
	for _, b := range bufs {
		total += len(b)
	}
	for i, b := range slices {
		if len(b) > total {
			t.Fatalf("%s: slice %d is longer than the line: %q", name, i, b)
		}
		if !inside(b, bufs...) {
			t.Fatalf("%s: slice %d is not within the line: %q", name, i, b)
		}
	}
	if ev.Status < 0 || ev.Status > 999 || ev.Bytes < tail.None || ev.Duration < tail.None || ev.Queue < tail.None || ev.Retries < 0 ||
		len(ev.Attempts) > maxAttempts+1 {
		t.Fatalf("%s: %+v", name, ev)
	}
}

// seeds are all samples of all formats and some hostile lines.
func seeds(add func(line []byte)) {
	for i := range formats {
		for _, s := range formats[i].Positive {
			add([]byte(s.Line))
		}
		for _, n := range formats[i].Negative {
			add([]byte(n))
		}
	}
	for _, s := range prefixed {
		add([]byte(s.line))
	}
	for _, s := range []string{
		"", " ", "[", "{", "{\"", `{"a":`, `{"a":{"b":[1,{"c":2}],"d":"\ud83d\ude00"}}`, "#Fields:", "#Fields: date time", "<1>", "<1>1 ", "\x1b[", "\x1b[31m",
		`127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "`, `x [10/Oct/2000:13:55:36.000] `, "2026/11/23 07:13:24 [error] 1#1: , client: , request: \"",
		`{"log":"{\"log\":\"a\\n\",\"stream\":\"x\"}\n","stream":"stdout"}`,
	} {
		add([]byte(s))
	}
}

// FuzzFormats feeds every line to every format, twice, into an event full of
// what the line before left.
func FuzzFormats(f *testing.F) {
	seeds(func(b []byte) { f.Add(b) })
	parsers := make([]*lineParser, len(formats))
	st := newState(testEnv)
	for i := range formats {
		parsers[i] = newParser(&formats[i], st)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, p := range parsers {
			if len(line) > 0 && !p.format.begins(line[0]) {
				continue
			}
			var clean tail.Event
			if !p.Parse(line, &clean) {
				continue
			}
			want := words(&clean)
			dirty := tail.Event{Status: 1000, Bytes: -5, Path: []byte("left over"), Attempts: make([]tail.Attempt, 3)}
			if !p.Parse(line, &dirty) {
				t.Fatalf("%s takes the line only once", p.format.Name)
			}
			checkEvent(t, p.format.Name, &dirty, line, st.buf)
			if got := words(&dirty); !maps.Equal(got, want) {
				t.Fatalf("%s: %v, then %v", p.format.Name, want, got)
			}
		}
	})
}

// FuzzLines feeds several lines to detection and to the parser it plans.
func FuzzLines(f *testing.F) {
	seeds(func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, data []byte) {
		plan := Detect(data, testEnv)
		if plan.Confidence < 0 || plan.Confidence > 1 {
			t.Fatal(plan.Confidence)
		}
		l := plan.NewParser(testEnv)
		var ev tail.Event
		for _, line := range bytes.Split(data, []byte("\n")) {
			l.Parse(line, &ev)
			l.Parse(line, &ev) // now the scratch space has its size and does not move
			if !bytes.Equal(ev.Line, bytes.TrimRight(line, "\r\n")) {
				t.Fatalf("the line is %q, want %q", ev.Line, line)
			}
			checkEvent(t, ev.Format, &ev, line, l.plain, l.st.buf)
		}
	})
}

// FuzzTemplate compiles format strings and reads lines with them.
func FuzzTemplate(f *testing.F) {
	for _, c := range templateCases {
		f.Add(c.template, []byte(c.line))
	}
	f.Fuzz(func(t *testing.T, text string, line []byte) {
		plan, err := Named(text, testEnv)
		if err != nil || plan.tmpl == nil {
			return
		}
		st := newState(testEnv)
		p := plan.tmpl.parser(st)
		var ev tail.Event
		if p.Parse(line, &ev) {
			checkEvent(t, ev.Format, &ev, line, st.buf)
		}
	})
}
