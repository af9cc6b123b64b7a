package session

import (
	"strings"
	"testing"
	"time"

	"why502/probe/gateway"
	"why502/probe/incident"
	"why502/tail"
	"why502/tail/parse"
	"why502/tail/window"
)

func TestAskable(t *testing.T) {
	for addr, want := range map[string]bool{
		"10.0.0.5:8000": true, "[::1]:8000": true, "app.internal:80": true, "unix:/run/app.sock": true,
		"": false, "app": false, "backend/server": false, "10.0.0.5": false, ":80": false, "[::1]": false,
		"a:b": false, "a:80, b:80": false, "unix:": false, "host:": false,
	} {
		if got := askable(addr); got != want {
			t.Errorf("askable(%q) = %v", addr, got)
		}
	}
}

func TestSchemeComesFromConfigurationOrErrorLine(t *testing.T) {
	snap := &incident.Snapshot{
		Config:  &gateway.Config{Routes: []gateway.Route{{Addrs: []string{"10.0.0.7:8443"}, Scheme: "https"}}},
		Traffic: window.View{Messages: []window.Message{{Sample: `x, upstream: "https://10.0.0.8:443/a", host`}}},
	}
	for addr, want := range map[string]string{"10.0.0.7:8443": "https", "10.0.0.8:443": "https", "10.0.0.9:80": "http"} {
		if got := scheme(addr, snap); got != want {
			t.Errorf("scheme(%s) = %s, want %s", addr, got, want)
		}
	}
}

const combined = `10.1.1.1 - - [23/Nov/2026:07:23:56 +0000] "GET /healthz HTTP/1.1" 502 35 "-" "curl/7.88.1"` + "\n"

func TestDetectorLearnsFromSmallBatchesAndChangesItsMind(t *testing.T) {
	changes := 0
	d := detector{env: parse.Env{Now: time.Now()}, changed: func(*parse.Plan) { changes++ }}
	for range detectLines + 5 {
		d.plan([]byte(combined))
		d.saw(1, 0)
	}
	locked := changes
	if locked != detectLines {
		t.Errorf("detected %d times, want once a line up to %d lines", locked, detectLines)
	}
	if f := d.current.Formats; len(f) == 0 || !strings.Contains(f[0], "combined") {
		t.Fatalf("detected %v", f)
	}
	haproxy := strings.Repeat(`127.0.0.1:57329 [23/Nov/2026:07:13:22.203] fe app/s1 0/0/0/2/2 200 160 - - ---- 3/1/2/2/0 0/0 "GET / HTTP/1.1"`+"\n", 40)
	d.saw(40, 40)
	if f := d.plan([]byte(haproxy)).Formats; len(f) == 0 || !strings.Contains(f[0], "haproxy") {
		t.Errorf("after lines of another format: %v", f)
	}
}

func TestFirstLinesIsBounded(t *testing.T) {
	if head, n := firstLines([]byte("a\nb\nc\nd"), 2); string(head) != "a\nb\n" || n != 2 {
		t.Errorf("got %q, %d", head, n)
	}
	if head, n := firstLines([]byte(strings.Repeat("x", 1<<20)), 2); len(head) != 64<<10 || n != 1 {
		t.Errorf("got %d bytes, %d lines", len(head), n)
	}
	if head, n := firstLines(nil, 2); len(head) != 0 || n != 0 {
		t.Errorf("got %q, %d", head, n)
	}
}

func TestFilter(t *testing.T) {
	ev := tail.Event{}
	ev.Reset()
	ev.Kind, ev.Status, ev.Path, ev.Time = tail.KindAccess, 502, []byte("/api/x"), time.Unix(1000, 0).UnixNano()
	a := ev.AddAttempt()
	a.Addr, a.Response = []byte("10.0.0.5:80"), 1500*time.Millisecond
	for expression, want := range map[string]bool{
		"":                       true,
		"status >= 500":          true,
		"status == 200":          false,
		`path startsWith "/api"`: true,
		`upstream == "10.0.0.5:80" and upstream_duration > 1`: true,
		`failed and kind == "access"`:                         true,
		`duration < 0`:                                        true, // not logged
	} {
		f, err := newFilter(&Config{Where: expression})
		if err != nil {
			t.Fatal(err)
		}
		if got := f.lets(&ev, ev.Time); got != want {
			t.Errorf("%q lets it through: %v", expression, got)
		}
	}
	for _, bad := range []string{"status >", "nonsense == 1", "status + 1", `exec("x")`} {
		if _, err := newFilter(&Config{Where: bad}); err == nil || !strings.Contains(err.Error(), "--where") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	f, err := newFilter(&Config{Since: time.Unix(1000, 0), Until: time.Unix(1010, 0)})
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[int64]bool{999: false, 1000: true, 1010: true, 1011: false} {
		if got := f.lets(&ev, at*int64(time.Second)); got != want {
			t.Errorf("second %d is let through: %v", at, got)
		}
	}
}

func TestFieldsKeepTheirOrder(t *testing.T) {
	got := fields([]byte(`{"time":"2026-11-23T07:23:56Z","status":502,"attempts":[{"upstream":"a"}]}`))
	want := []Field{{"time", "2026-11-23T07:23:56Z"}, {"status", "502"}, {"attempts", `[{"upstream":"a"}]`}}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("field %d is %v, want %v", i, got[i], want[i])
		}
	}
	if fields([]byte("no object")) != nil {
		t.Error("what is no object has fields")
	}
}

func TestLinesAreOrderedByFileAndPlace(t *testing.T) {
	older, first, next := tail.Batch{File: -2, Offset: 900}, tail.Batch{File: 0, Offset: 100}, tail.Batch{File: 1}
	places := []uint64{order(&older, 0), order(&older, 50), order(&first, 0), order(&first, 7), order(&next, 0), order(&next, 1)}
	for i := 1; i < len(places); i++ {
		if places[i] <= places[i-1] {
			t.Errorf("place %d is not behind place %d: %d, %d", i, i-1, places[i], places[i-1])
		}
	}
}
