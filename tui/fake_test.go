package tui

import (
	"fmt"
	"sync"
	"time"

	"why502/probe/checklist"
	"why502/probe/diagnose"
	"why502/probe/incident"
	"why502/probe/load"
	"why502/probe/session"
	"why502/tail"
)

// fakeCore is a session whose state a test sets.
type fakeCore struct {
	mu      sync.Mutex
	snap    *incident.Snapshot
	verdict diagnose.Verdict
	rows    []checklist.Row
	fields  map[string][]session.Field // by the line's text
	changed chan struct{}
	noPlan  bool

	marks []string
	ran   []int
	plans []*load.Plan
	// explode makes the next Snapshot panic.
	explode bool
}

func newFake() *fakeCore {
	return &fakeCore{snap: &incident.Snapshot{Progress: 1}, fields: map[string][]session.Field{}, changed: make(chan struct{}, 1)}
}

func (f *fakeCore) Snapshot() *incident.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.explode {
		panic("the fixture's panic")
	}
	return f.snap
}

func (f *fakeCore) Changed() <-chan struct{} { return f.changed }

func (f *fakeCore) Verdict(*incident.Snapshot) diagnose.Verdict { return f.verdict }

func (f *fakeCore) Rows(*incident.Snapshot, diagnose.Verdict) []checklist.Row { return f.rows }

func (f *fakeCore) RunStep(n int, plan *load.Plan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ran, f.plans = append(f.ran, n), append(f.plans, plan)
}

func (f *fakeCore) LoadPlan() (load.Plan, bool) {
	return load.Plan{
		URL: "http://10.0.0.5:8000/", Method: "GET", Rate: 50, Duration: 10 * time.Second, Concurrency: 16, Timeout: time.Second, Steps: 5, StopErrors: 0.5,
	}, !f.noPlan
}

func (f *fakeCore) AddMark(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.marks = append(f.marks, text)
}

func (f *fakeCore) Parse(l incident.Line) []session.Field { return f.fields[l.Text] }

func (f *fakeCore) Close() {}

// poke replaces the snapshot by a later one and tells of it.
func (f *fakeCore) poke(change func(*incident.Snapshot)) {
	f.mu.Lock()
	next := *f.snap
	next.Generation++
	change(&next)
	f.snap = &next
	f.mu.Unlock()
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// request adds an access line to the kept lines.
func (f *fakeCore) request(at time.Time, status int, method, path, client, upstream string, took time.Duration) {
	text := fmt.Sprintf(`%s - - [%s] "%s %s HTTP/1.1" %d 157 "-" "curl/8.5" rt=%.3f ua="%s"`,
		client, at.Format("02/Jan/2006:15:04:05 -0700"), method, path, status, took.Seconds(), upstream)
	f.keep(incident.Line{Source: 0, Time: at, Kind: tail.KindAccess, Status: status, Failed: status >= 500, Text: text}, []session.Field{
		{Name: "time", Value: at.Format(time.RFC3339)},
		{Name: "client", Value: client},
		{Name: "method", Value: method},
		{Name: "path", Value: path},
		{Name: "protocol", Value: "HTTP/1.1"},
		{Name: "status", Value: fmt.Sprint(status)},
		{Name: "duration", Value: fmt.Sprintf("%.3f", took.Seconds())},
		{Name: "bytes", Value: "157"},
		{Name: "upstream", Value: upstream},
		{Name: "user_agent", Value: "curl/8.5"},
		{Name: "source", Value: "/var/log/nginx/access.log"},
		{Name: "gateway", Value: "nginx"},
		{Name: "kind", Value: "access"},
	})
}

// failure adds an error line to the kept lines.
func (f *fakeCore) failure(at time.Time, conn int, message, method, path, client, upstream string) {
	text := fmt.Sprintf(`%s [error] 4311#4311: *%d %s, client: %s, server: shop.example, request: "%s %s HTTP/1.1", upstream: "http://%s%s"`,
		at.Format("2006/01/02 15:04:05"), conn, message, client, method, path, upstream, path)
	f.keep(incident.Line{Source: 1, Time: at.Truncate(time.Second), Kind: tail.KindError, Failed: true, Text: text}, []session.Field{
		{Name: "time", Value: at.Format(time.RFC3339)},
		{Name: "client", Value: client},
		{Name: "method", Value: method},
		{Name: "path", Value: path},
		{Name: "upstream", Value: upstream},
		{Name: "level", Value: "error"},
		{Name: "message", Value: message},
		{Name: "cause", Value: "upstream-down"},
		{Name: "source", Value: "/var/log/nginx/error.log"},
		{Name: "gateway", Value: "nginx"},
		{Name: "kind", Value: "error"},
	})
}

// raw adds a line that no parser understood.
func (f *fakeCore) raw(at time.Time, text string) {
	f.keep(incident.Line{Source: 0, Time: at, Kind: tail.KindRaw, Text: text}, nil)
}

func (f *fakeCore) keep(l incident.Line, fields []session.Field) {
	l.Seq = uint64(len(f.snap.Recent) + 1)
	f.fields[l.Text] = fields
	f.snap.Recent = append(f.snap.Recent, l)
	if l.Failed {
		f.snap.Failures = append(f.snap.Failures, l)
	}
}
