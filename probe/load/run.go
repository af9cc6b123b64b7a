package load

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// tick is how often progress is told.
	tick = 200 * time.Millisecond
	// The stop rule looks at the last second in this many parts.
	slots    = 10
	slotTime = time.Second / slots
)

// Run carries the plan out and returns what it showed. progress, when not nil,
// hears several times a second how the present step stands, from one goroutine
// and never after Run has returned.
//
// Requests leave when they are due, whether or not earlier ones were answered;
// only when all connections are busy do they wait, and the wait counts: latency
// runs from the due time. The test ends with its duration plus at most one
// timeout; with ctx at once, requests under way are then not counted. The error
// is that of Plan.Validate; nothing was sent then.
func Run(ctx context.Context, p Plan, progress func(Stage)) (Outcome, error) {
	if err := p.Validate(); err != nil {
		return Outcome{Plan: p}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client := p.client()
	defer client.CloseIdleConnections()
	r := &run{plan: p, client: client, start: time.Now(), stop: cancel, stages: make([]stage, p.Steps), statuses: map[int]uint64{}, errors: map[string]uint64{}}

	var workers sync.WaitGroup
	for range min(p.Concurrency, p.total()) {
		workers.Go(func() { r.work(ctx) })
	}
	told := r.tell(progress)
	workers.Wait()
	told()
	return r.outcome(ctx), nil
}

// run is a test under way.
type run struct {
	plan   Plan
	client *http.Client
	start  time.Time
	stop   context.CancelFunc
	next   atomic.Int64

	mu       sync.Mutex
	stages   []stage
	statuses map[int]uint64
	errors   map[string]uint64
	recent   [slots]slot
	stopped  string
}

// stage gathers what Stage shows.
type stage struct {
	sent, ok, failed, unsent uint64
	latency                  histogram
	last                     time.Duration // when the last answer came, from the start
}

// slot counts the answers of a tenth of a second.
type slot struct {
	number     int64
	ok, failed int
}

// work takes one due request after another.
func (r *run) work(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		due, step, ok := r.plan.at(int(r.next.Add(1) - 1))
		if !ok {
			return
		}
		if wait := due - time.Since(r.start); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
		}
		if ctx.Err() != nil {
			return
		}
		if now := time.Since(r.start); now > r.plan.Duration {
			r.leave(step, now-due)
			continue
		}
		r.one(ctx, due, step)
	}
}

// one sends a request and books it, unless the test ended meanwhile.
func (r *run) one(ctx context.Context, due time.Duration, step int) {
	r.mu.Lock()
	r.stages[step].sent++
	r.mu.Unlock()
	status, class := r.plan.send(ctx, r.client)
	if ctx.Err() != nil {
		return
	}
	now := time.Since(r.start)
	failed := class != "" || status >= 500
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.stages[step]
	s.latency.add(now - due)
	s.last = max(s.last, now)
	if status != 0 {
		r.statuses[status]++
	}
	if class != "" {
		r.errors[class]++
	}
	if failed {
		s.failed++
	} else {
		s.ok++
	}
	r.watch(now, failed)
}

// leave books a request that was due but found no connection in time.
func (r *run) leave(step int, waited time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stages[step].unsent++
	r.stages[step].latency.add(waited)
}

// watch ends the test when too many of the last second's answers are failures.
func (r *run) watch(now time.Duration, failed bool) {
	number := int64(now / slotTime)
	cur := &r.recent[number%slots]
	if cur.number != number {
		*cur = slot{number: number}
	}
	if failed {
		cur.failed++
	} else {
		cur.ok++
	}
	good, bad := 0, 0
	for _, s := range r.recent {
		if number-s.number < slots {
			good, bad = good+s.ok, bad+s.failed
		}
	}
	n := good + bad
	if r.stopped == "" && bad > 0 && n >= r.plan.StopSamples && float64(bad) > r.plan.StopErrors*float64(n) {
		r.stopped = fmt.Sprintf("%d of the last second's %d requests failed", bad, n)
		r.stop()
	}
}

// tell reports the present step until the function it returns is called.
func (r *run) tell(progress func(Stage)) (end func()) {
	if progress == nil {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(tick)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				progress(r.stage(r.present()))
			case <-quit:
				progress(r.stage(r.present()))
				return
			}
		}
	}()
	return func() { close(quit); <-done }
}

// present is the step that time has come to.
func (r *run) present() int {
	return min(int(time.Since(r.start)/r.plan.stepLength()), r.plan.Steps-1)
}

// stage sums a step up as it stands now.
func (r *run) stage(step int) Stage {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.stages[step]
	began := time.Duration(step) * r.plan.stepLength()
	// A step lasts until its time is over, and longer when answers come later.
	length := min(time.Since(r.start)-began, r.plan.stepLength())
	if length = max(length, s.last-began); length <= 0 {
		length = time.Nanosecond
	}
	answered := s.latency.n - s.unsent
	return Stage{
		Step: step + 1, Rate: r.plan.rate(step), Achieved: float64(answered) / length.Seconds(),
		Sent: s.sent, OK: s.ok, Failed: s.failed, Unsent: s.unsent,
		P50: s.latency.quantile(0.50), P95: s.latency.quantile(0.95), P99: s.latency.quantile(0.99), Max: s.latency.max,
	}
}

func (r *run) outcome(ctx context.Context) Outcome {
	o := Outcome{Plan: r.plan, Started: r.start, Took: time.Since(r.start), Statuses: r.statuses, Errors: r.errors, Stopped: r.stopped}
	if o.Stopped == "" && ctx.Err() != nil {
		o.Stopped = "stopped by hand"
	}
	for i := range r.stages {
		s := r.stage(i)
		if s.Sent == 0 && s.Unsent == 0 {
			break
		}
		o.Stages = append(o.Stages, s)
	}
	o.Knee, o.KneeReason = knee(o.Stages)
	return o
}
