package report

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"why502/tail"
)

// access is a request that was retried.
func access() tail.Event {
	var ev tail.Event
	ev.Reset()
	ev.Kind, ev.Gateway, ev.Format = tail.KindAccess, "nginx", "nginx-extended"
	ev.Time = time.Date(2026, 11, 23, 12, 0, 0, 5_000_000, time.UTC).UnixNano()
	ev.Client, ev.Method, ev.Path, ev.Protocol = []byte("10.1.0.9"), []byte("GET"), []byte("/a?q=\"1\""), []byte("HTTP/1.1")
	ev.Status, ev.Bytes, ev.Duration = 200, 0, 1_250_000*time.Microsecond
	a := ev.AddAttempt()
	a.Addr, a.Status, a.Response = []byte("10.0.0.5:8000"), 502, 0
	b := ev.AddAttempt()
	b.Addr, b.Status, b.Connect, b.Header, b.Response = []byte("10.0.0.6:8000"), 200, time.Millisecond, 3*time.Millisecond, 1250*time.Microsecond
	ev.UserAgent = []byte("curl/8\x1b[2J\u202e\xff\U0001F600")
	return ev
}

func envoy(flags string) *tail.Event {
	var ev tail.Event
	ev.Reset()
	ev.Kind, ev.Gateway, ev.Flags = tail.KindAccess, "envoy", []byte(flags)
	return &ev
}

func leveled(level string) *tail.Event {
	var ev tail.Event
	ev.Reset()
	ev.Kind, ev.Gateway, ev.Level = tail.KindError, "x", []byte(level)
	return &ev
}

func spoken(protocol string) *tail.Event {
	var ev tail.Event
	ev.Reset()
	ev.Kind, ev.Gateway, ev.Protocol = tail.KindAccess, "x", []byte(protocol)
	return &ev
}

func TestEventJSON(t *testing.T) {
	withAttempts := access()
	var failure tail.Event
	failure.Reset()
	failure.Kind, failure.Gateway, failure.Format = tail.KindError, "nginx", "nginx-error"
	failure.Level, failure.Message = []byte("error"), []byte("connect() failed (111: Connection refused)\nx")
	failure.AddAttempt().Addr = []byte("10.0.0.5:8000")
	var raw tail.Event
	raw.Reset()
	raw.Line = []byte("\x00what\\")
	cases := []struct {
		ev    *tail.Event
		cause string
		want  string
	}{
		{
			&withAttempts, "", `{"time":"2026-11-23T12:00:00.005Z","client":"10.1.0.9","method":"GET","path":"/a?q=\"1\"","protocol":"HTTP/1.1",` +
				`"status":200,"duration":1.25,"bytes":0,"upstream":"10.0.0.6:8000","upstream_status":200,"upstream_duration":0.00125,` +
				`"user_agent":"curl/8\u001b[2J\u202e` + "\uFFFD\U0001F600" + `","source":"access.log","gateway":"nginx","format":"nginx-extended","kind":"access",` +
				`"attempts":[{"upstream":"10.0.0.5:8000","status":502,"duration":0},{"upstream":"10.0.0.6:8000","status":200,"connect":0.001,"duration":0.00125}]}`,
		},
		{
			&failure, "upstream-down", `{"upstream":"10.0.0.5:8000","level":"error","message":"connect() failed (111: Connection refused)\nx",` +
				`"cause":"upstream-down","source":"access.log","gateway":"nginx","format":"nginx-error","kind":"error"}`,
		},
		{envoy("UF,URX upstream_reset{connection_failure}"), "", `{"flags":"UF,URX","source":"access.log","gateway":"envoy","kind":"access","details":"upstream_reset{connection_failure}"}`},
		{envoy("via_upstream"), "", `{"source":"access.log","gateway":"envoy","kind":"access","details":"via_upstream"}`},
		{envoy("UH"), "", `{"flags":"UH","source":"access.log","gateway":"envoy","kind":"access"}`},
		{spoken("2.0"), "", `{"protocol":"HTTP/2.0","source":"access.log","gateway":"x","kind":"access"}`},
		{spoken("TCP"), "", `{"protocol":"TCP","source":"access.log","gateway":"x","kind":"access"}`},
		{leveled("ERRO"), "", `{"level":"error","source":"access.log","gateway":"x","kind":"error"}`},
		{leveled("CRITICAL"), "", `{"level":"critical","source":"access.log","gateway":"x","kind":"error"}`},
		{leveled("a very long level this"), "", `{"level":"a very long level this","source":"access.log","gateway":"x","kind":"error"}`},
		{&raw, "", `{"source":"access.log","unparsed":"\u0000what\\"}`},
	}
	for _, c := range cases {
		got := string(EventJSON(nil, c.ev, "access.log", Reading{Cause: c.cause}))
		if got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("not valid: %s", got)
		}
	}
}

func TestEventJSONAllocates(t *testing.T) {
	ev := access()
	buf := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buf = EventJSON(buf[:0], &ev, "access.log", Reading{Meaning: "m"}) }); n > 0 {
		t.Errorf("%.0f allocations", n)
	}
}

// FuzzEventJSON wants valid, harmless JSON that decodes to what the line says.
func FuzzEventJSON(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\\n\t\r", "\x00\x1b\x7f\u0085\u2028\u202e", "\xff\xc3", "😀\U0010FFFF", "a\u0301"} {
		f.Add([]byte(s), int64(1), int64(1_000_000_001), 502)
	}
	f.Fuzz(func(t *testing.T, s []byte, ns, d int64, status int) {
		ev := access()
		ev.Path, ev.Time, ev.Duration, ev.Status, ev.Flags = s, ns, time.Duration(d), status, s
		out := EventJSON(nil, &ev, string(s), Reading{Meaning: string(s)})
		var back struct {
			Path     string
			Duration *float64
			Status   int
		}
		if err := json.Unmarshal(out, &back); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if want := strings.ToValidUTF8(string(s), "\uFFFD"); utf8.Valid(s) && back.Path != want {
			t.Errorf("path %q came back as %q", s, back.Path)
		}
		if d >= 0 && (back.Duration == nil || absolute(*back.Duration-float64(d)/1e9) > 1e-9*(1+float64(d)/1e9)) {
			t.Errorf("duration %d came back as %v", d, back.Duration)
		}
		for _, c := range string(out) {
			if !unicode.IsPrint(c) {
				t.Errorf("character %U", c)
			}
		}
	})
}

func absolute(x float64) float64 { return max(x, -x) }

func BenchmarkEventJSON(b *testing.B) {
	ev := access()
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = EventJSON(buf[:0], &ev, "access.log", Reading{Meaning: "m"})
	}
}
