package parse

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"why502/tail"
)

// expectation is a record of a sample's .expect.json.
type expectation struct {
	Line      int             `json:"line"`
	Kind      string          `json:"kind"`
	Time      *string         `json:"time"`
	Method    *string         `json:"method"`
	Path      *string         `json:"path"`
	Status    *int            `json:"status"`
	Latency   *float64        `json:"latency_s"`
	Upstream  []string        `json:"upstream_addr"`
	UpStatus  []int           `json:"upstream_status"`
	Flags     json.RawMessage `json:"flags"`
	Details   *string         `json:"details"`
	RequestID *string         `json:"request_id"`
	Level     *string         `json:"level"`
	Response  []float64       `json:"upstream_response_s"`
	Connect   []float64       `json:"upstream_connect_s"`
	Header    []float64       `json:"upstream_header_s"`
	Group     *string         `json:"upstream_group"`
	Backend   *string         `json:"backend"`
	Service   *string         `json:"service"`
	Timers    []int           `json:"timers_ms"`
	Retries   int             `json:"retries"`
	Host      *string         `json:"host"`
	Upstreams *float64        `json:"upstream_s"`
	Note      string          `json:"note"`
}

// unlike are lines whose expectation rests on knowledge that is not in the line:
// the clock offset of the host, the year, the formatter's field order.
var unlike = map[string]string{
	"apinto-1.log:2": "zone assumed by a person",
	"uwsgi-1.log:5":  "duration derived from a host's clock offset",
	"system-1.log:3": "year assumed",
	"system-1.log:4": "year assumed",
	"tyk-1.log:1":    "year assumed",
	"tyk-1.log:2":    "year assumed",
}

// TestSharedSamples reads real lines of all gateways as sources are read, with
// detection, and compares the events with what a person read from them.
func TestSharedSamples(t *testing.T) {
	files, err := filepath.Glob("testdata/samples/*.log")
	if err != nil || len(files) == 0 {
		t.Fatal("no samples", err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want []expectation
			spec, err := os.ReadFile(strings.TrimSuffix(file, ".log") + ".expect.json")
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(spec, &want); err != nil {
				t.Fatal(err)
			}
			plan := Detect(data, testEnv)
			t.Logf("%v %.2f", plan.Formats, plan.Confidence)
			lines := plan.NewParser(testEnv)
			for i, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
				var ev tail.Event
				lines.Parse(line, &ev)
				checkExpectation(t, name, &want[i], &ev, string(line))
			}
		})
	}
}

func checkExpectation(t *testing.T, name string, w *expectation, ev *tail.Event, line string) {
	t.Helper()
	bad := func(what string, got, want any) {
		t.Helper()
		t.Errorf("%s:%d %s: %v, want %v\n%s", name, w.Line, what, got, want, line)
	}
	why := unlike[name+":"+itoa(w.Line)]
	if ev.Kind == tail.KindRaw {
		bad("kind", "raw", w.Kind)
	}
	if (w.Kind == "access" || w.Kind == "tcp") != (ev.Kind == tail.KindAccess) && !upstreamAccess(ev) {
		bad("kind", ev.Kind, w.Kind)
	}
	if w.Time == nil && ev.Time != 0 {
		bad("time", ev.When(), nil)
	}
	if w.Time != nil && why == "" {
		if tm, err := time.Parse(time.RFC3339Nano, *w.Time); err != nil || tm.Sub(ev.When()).Abs() >= time.Microsecond {
			bad("time", ev.When(), *w.Time)
		}
	}
	text := func(what string, got []byte, want *string) {
		t.Helper()
		if want != nil && string(got) != *want || want == nil && got != nil && (what == "method" || what == "path") {
			bad(what, string(got), want)
		}
	}
	text("method", ev.Method, w.Method)
	text("path", ev.Path, w.Path)
	text("request id", ev.RequestID, w.RequestID)
	text("host", ev.Host, w.Host)
	if w.Backend != nil && string(ev.Backend) != *w.Backend {
		bad("backend", string(ev.Backend), *w.Backend)
	}
	if w.Level != nil && !strings.EqualFold(string(ev.Level), *w.Level) {
		bad("level", string(ev.Level), *w.Level)
	}
	if (w.Status == nil) != (ev.Status == 0) || w.Status != nil && *w.Status != ev.Status {
		bad("status", ev.Status, w.Status)
	}
	if why == "" && ((w.Latency == nil) != (ev.Duration == tail.None) || w.Latency != nil && !near(ev.Duration, *w.Latency)) {
		bad("latency", ev.Duration, w.Latency)
	}
	if w.Retries != ev.Retries {
		bad("retries", ev.Retries, w.Retries)
	}
	checkAttempts(w, ev, bad)
	checkFlags(w, ev, bad)
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func near(d time.Duration, s float64) bool { return math.Abs(d.Seconds()-s) < 1e-9 }

// upstreamAccess are access lines of application servers.
func upstreamAccess(ev *tail.Event) bool { return ev.Kind == tail.KindUpstream && ev.Status != 0 }

func checkAttempts(w *expectation, ev *tail.Event, bad func(what string, got, want any)) {
	for i, a := range w.Upstream {
		if i >= len(ev.Attempts) || string(ev.Attempts[i].Addr) != string(hostPort([]byte(a))) {
			bad("upstream", words(ev)["upstream"], w.Upstream)
			return
		}
	}
	if w.Upstream == nil && w.Group == nil && w.Backend == nil && words(ev)["upstream"] != "" {
		bad("upstream", words(ev)["upstream"], nil)
	}
	for i, s := range w.UpStatus {
		if i >= len(ev.Attempts) || ev.Attempts[i].Status != s {
			bad("upstream status", words(ev)["upstream_status"], w.UpStatus)
		}
	}
	for i, s := range w.Response {
		if !near(ev.Attempts[i].Response, s) {
			bad("upstream response time", ev.Attempts, w.Response)
		}
	}
	for i, s := range w.Connect {
		if !near(ev.Attempts[i].Connect, s) {
			bad("upstream connect time", ev.Attempts, w.Connect)
		}
	}
	for i, s := range w.Header {
		if !near(ev.Attempts[i].Header, s) {
			bad("upstream header time", ev.Attempts, w.Header)
		}
	}
	if w.Upstreams != nil {
		if a := ev.Last(); a == nil || !near(max(a.Header, a.Response), *w.Upstreams) {
			bad("upstream time", ev.Attempts, *w.Upstreams)
		}
	}
	if len(w.Timers) == 5 {
		if ev.Queue != millis(int64(w.Timers[1])) {
			bad("queue", ev.Queue, w.Timers)
		}
		if a := ev.Last(); a != nil && (a.Connect != millis(int64(w.Timers[2])) || a.Header != millis(int64(w.Timers[3]))) {
			bad("timers", *a, w.Timers)
		}
	}
}

func checkFlags(w *expectation, ev *tail.Event, bad func(what string, got, want any)) {
	var one string
	var many []string
	want := ""
	if json.Unmarshal(w.Flags, &one) == nil {
		want = one
	} else if json.Unmarshal(w.Flags, &many) == nil {
		want = strings.Join(many, ",")
	}
	if w.Details != nil {
		want = strings.TrimPrefix(want+" "+*w.Details, " ")
	}
	if !strings.HasPrefix(string(ev.Flags), want) {
		bad("flags", string(ev.Flags), want)
	}
}
