package probe

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// fakeClock moves only when a test says so.
type fakeClock struct {
	mu     sync.Mutex
	now    time.Time
	timers map[chan time.Time]time.Time
	armed  chan struct{} // pulses when a timer is set
}

func newFakeClock() *fakeClock {
	return &fakeClock{now: time.Unix(1e9, 0), timers: map[chan time.Time]time.Time{}, armed: make(chan struct{}, 100)}
}

func (c *fakeClock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *fakeClock) After(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan time.Time, 1)
	if d <= 0 {
		ch <- c.now
	} else {
		c.timers[ch] = c.now.Add(d)
	}
	select {
	case c.armed <- struct{}{}:
	default:
	}
	return ch, func() { c.mu.Lock(); delete(c.timers, ch); c.mu.Unlock() }
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for ch, at := range c.timers {
		if !at.After(c.now) {
			ch <- c.now
			delete(c.timers, ch)
		}
	}
}

// pending is how long the earliest timer still waits, -1 without one.
func (c *fakeClock) pending() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := time.Duration(-1)
	for _, at := range c.timers {
		if d := at.Sub(c.now); first < 0 || d < first {
			first = d
		}
	}
	return first
}

// rig is a scheduler on a fake clock whose probes answer at once, or when
// released.
type rig struct {
	*Scheduler
	t     *testing.T
	clock *fakeClock
	got   chan Result
	hold  chan struct{} // when not nil a probe waits for it
	began chan Target
}

func newRig(t *testing.T, hold bool, opt ScheduleOptions) *rig {
	r := &rig{t: t, clock: newFakeClock(), got: make(chan Result, 1000), began: make(chan Target, 1000)}
	if hold {
		r.hold = make(chan struct{})
	}
	opt.Clock, opt.Jitter = r.clock, func() float64 { return 0.5 }
	opt.Do = func(ctx context.Context, t Target, _ Options) Result {
		r.began <- t
		if r.hold != nil {
			select {
			case <-r.hold:
			case <-ctx.Done():
			}
		}
		return Result{Target: t, At: r.clock.Now(), Class: OK}
	}
	r.Scheduler = NewScheduler(opt, func(res Result) { r.got <- res })
	t.Cleanup(r.Stop)
	return r
}

// result waits for one result, moving the clock to the next timer as needed.
func (r *rig) result() Result {
	r.t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case res := <-r.got:
			return res
		case <-r.clock.armed:
		case <-deadline:
			r.t.Fatal("no result came")
		case <-time.After(time.Millisecond):
			if d := r.clock.pending(); d > 0 {
				r.clock.advance(d)
			}
		}
	}
}

func TestSchedulerIntervals(t *testing.T) {
	r := newRig(t, false, ScheduleOptions{})
	start := r.clock.Now()
	eager, gentle := Target{URL: "http://eager"}, Target{URL: "http://gentle", Gentle: true}
	r.Add(eager)
	r.Add(gentle)
	r.Add(eager)
	counts := map[string]int{}
	for r.clock.Now().Sub(start) < time.Minute {
		counts[r.result().Target.URL]++
	}
	// A minute holds 40 turns of 1.5 s and 12 of 5 s.
	if e, g := counts["http://eager"], counts["http://gentle"]; e < 38 || e > 42 || g < 11 || g > 13 {
		t.Errorf("%d and %d probes in a minute, want about 40 and 12", e, g)
	}
	if n := len(r.Targets()); n != 2 {
		t.Errorf("%d targets after a double Add", n)
	}
}

func TestSchedulerBounds(t *testing.T) {
	r := newRig(t, true, ScheduleOptions{Concurrency: 3})
	for i := range MaxTargets {
		if !r.Add(Target{URL: fmt.Sprintf("http://t%d", i)}) {
			t.Fatalf("target %d refused", i)
		}
	}
	if r.Add(Target{URL: "http://one-too-many"}) {
		t.Error("more than MaxTargets taken")
	}
	r.clock.advance(time.Second)
	for range 3 {
		<-r.began
	}
	r.Ask(Target{URL: "http://t9"})
	r.clock.advance(time.Minute)
	select {
	case x := <-r.began:
		t.Errorf("a fourth probe began: %v", x)
	case <-time.After(20 * time.Millisecond):
	}
	r.hold <- struct{}{}
	if x := <-r.began; x.URL != "http://t9" {
		t.Errorf("next came %s, want the asked one", x.URL)
	}
}

func TestSchedulerAskWhilePaused(t *testing.T) {
	r := newRig(t, false, ScheduleOptions{})
	a := Target{URL: "http://a"}
	r.Pause()
	r.Add(a)
	r.clock.advance(time.Minute)
	r.Ask(a)
	if res := r.result(); res.Target != a {
		t.Errorf("asked %v", res.Target)
	}
	once := Target{URL: "http://once"}
	r.Ask(once)
	if res := r.result(); res.Target != once {
		t.Errorf("asked %v", res.Target)
	}
	r.clock.advance(time.Minute)
	select {
	case res := <-r.got:
		t.Errorf("probed while paused: %v", res.Target)
	case <-time.After(20 * time.Millisecond):
	}
	if ts := r.Targets(); len(ts) != 1 || ts[0] != a {
		t.Errorf("targets %v", ts)
	}
	r.Resume()
	if res := r.result(); res.Target != a {
		t.Errorf("after resume %v", res.Target)
	}
}

func TestSchedulerUpgradesGentle(t *testing.T) {
	r := newRig(t, false, ScheduleOptions{})
	r.Add(Target{URL: "http://a", Gentle: true, Origin: "error.log"})
	r.result()
	r.Add(Target{URL: "http://a", Origin: "-e"})
	if res := r.result(); res.Target.Gentle {
		t.Error("still gentle")
	}
	r.Add(Target{URL: "http://a", Gentle: true})
	if ts := r.Targets(); len(ts) != 1 || ts[0].Gentle || ts[0].Origin != "-e" {
		t.Errorf("targets %+v", ts)
	}
}

func TestSchedulerRemoveAndStop(t *testing.T) {
	r := newRig(t, true, ScheduleOptions{})
	a, b := Target{URL: "http://a"}, Target{URL: "http://b"}
	r.Ask(a)
	r.Add(a)
	<-r.began
	r.Remove(a)
	r.Remove(a)
	r.hold <- struct{}{}
	r.Ask(b)
	<-r.began
	r.Stop() // cancels b
	select {
	case res := <-r.got:
		t.Errorf("told %v", res.Target)
	default:
	}
	if r.Add(a) || r.Ask(a) {
		t.Error("a stopped scheduler takes targets")
	}
	r.Stop()
}

// TestSchedulerSparesASecondConnection: what told nothing is not repeated within
// a minute, unless something changed.
func TestSchedulerSparesASecondConnection(t *testing.T) {
	clock := newFakeClock()
	class := EOF
	type call struct {
		at   time.Time
		once bool
	}
	calls := make(chan call, 1)
	got := make(chan Result, 1)
	s := NewScheduler(ScheduleOptions{
		Clock: clock, Jitter: func() float64 { return 0.5 },
		Do: func(_ context.Context, t Target, o Options) Result {
			calls <- call{clock.Now(), o.OneConnection}
			return Result{Target: t, Class: class, Phase: PhaseFirstByte}
		},
	}, func(r Result) { got <- r })
	t.Cleanup(s.Stop)
	a := Target{URL: "http://a"}
	turn := func() call {
		s.Ask(a)
		c := <-calls
		<-got
		return c
	}
	s.Pause()
	s.Add(a)
	if turn().once {
		t.Error("the first turn has no second connection")
	}
	clock.advance(30 * time.Second)
	if !turn().once {
		t.Error("a second connection again after 30 s")
	}
	clock.advance(31 * time.Second)
	if turn().once {
		t.Error("none after a minute")
	}
	class = OK
	turn()
	class = EOF
	if turn().once {
		t.Error("none after a good answer")
	}
}
