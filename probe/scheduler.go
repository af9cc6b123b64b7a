package probe

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// MaxTargets is how many targets a Scheduler polls.
const MaxTargets = 64

// ScheduleOptions are how a Scheduler works. The zero value is ready.
type ScheduleOptions struct {
	Probe Options
	// Every is the time between two probes of a target, 1.5 s when 0; Gentle that
	// of a gentle target, 5 s when 0. Both vary by a tenth either way.
	Every, Gentle time.Duration
	// Concurrency is how many probes run at once, 8 when 0. One target never has
	// two under way.
	Concurrency int
	Clock       Clock // the system's when nil
	// Do replaces probe.Do, for tests.
	Do func(context.Context, Target, Options) Result
	// Jitter returns a number in [0, 1); math/rand when nil.
	Jitter func() float64
}

// Clock is the time as a Scheduler sees it.
type Clock interface {
	Now() time.Time
	// After returns a channel that receives once when d is over, and a function
	// that gives it up.
	After(d time.Duration) (<-chan time.Time, func())
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// Scheduler polls targets until it is stopped.
//
// Delivery: results come one at a time, each target's in order; none comes after
// Stop has returned. A failing target is asked no more often than a good one, and
// a slow one less: its next turn is counted from its last answer.
type Scheduler struct {
	opt  ScheduleOptions
	emit func(Result)

	ctx    context.Context
	cancel context.CancelFunc
	wake   chan struct{}
	wg     sync.WaitGroup
	out    sync.Mutex // held while emit runs

	mu      sync.Mutex
	turns   []*turn
	running int
	paused  bool
	stopped bool
}

// turn is one target's place in the schedule.
type turn struct {
	target  Target
	due     time.Time
	running bool
	asked   bool // goes now, paused or not
	once    bool // leaves the schedule after it
	gone    bool // removed while under way: its result is not told
	// quiet is until when the target is spared a second connection that told
	// nothing: to a server in trouble it is noise in its log.
	quiet time.Time
}

// quietTime is how long a second connection that told nothing is not repeated.
const quietTime = time.Minute

// NewScheduler starts an empty schedule that tells each result to emit, which
// must not call Stop.
func NewScheduler(opt ScheduleOptions, emit func(Result)) *Scheduler {
	if opt.Every <= 0 {
		opt.Every = 1500 * time.Millisecond
	}
	if opt.Gentle <= 0 {
		opt.Gentle = 5 * time.Second
	}
	if opt.Concurrency <= 0 {
		opt.Concurrency = 8
	}
	if opt.Clock == nil {
		opt.Clock = systemClock{}
	}
	if opt.Do == nil {
		opt.Do = Do
	}
	if opt.Jitter == nil {
		opt.Jitter = rand.Float64
	}
	s := &Scheduler{opt: opt, emit: emit, wake: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.wg.Add(1)
	go s.loop()
	return s
}

// same says whether two targets are asked in the same way.
func same(a, b Target) bool {
	return a.URL == b.URL && a.Host == b.Host && a.ConnectOnly == b.ConnectOnly
}

func (s *Scheduler) find(t Target) *turn {
	for _, e := range s.turns {
		if same(e.target, t) && !e.gone {
			return e
		}
	}
	return nil
}

// Add polls t from now on, a gentle one after up to a second. A target that is
// there already stays as it is, but loses its gentleness to one that has none. It
// reports false when MaxTargets are polled already.
func (s *Scheduler) Add(t Target) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.find(t); e != nil {
		e.once = false
		if e.target.Gentle && !t.Gentle {
			e.target = t
			e.due = s.opt.Clock.Now()
			s.poke()
		}
		return true
	}
	if len(s.turns) >= MaxTargets || s.stopped {
		return false
	}
	spread := 100 * time.Millisecond
	if t.Gentle {
		spread = time.Second
	}
	due := s.opt.Clock.Now().Add(time.Duration(s.opt.Jitter() * float64(spread)))
	s.turns = append(s.turns, &turn{target: t, due: due})
	s.poke()
	return true
}

// Remove polls t no longer; a probe of it that is under way is not told.
func (s *Scheduler) Remove(t Target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.find(t); e != nil {
		e.gone = true
		s.drop(e)
	}
}

// Targets returns what is polled, in the order of adding.
func (s *Scheduler) Targets() []Target {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ts []Target
	for _, e := range s.turns {
		if !e.once {
			ts = append(ts, e.target)
		}
	}
	return ts
}

// Ask probes t at once, paused or not; one that is not polled is asked this one
// time. It reports false when there is no room for it.
func (s *Scheduler) Ask(t Target) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(t)
	if e == nil {
		if len(s.turns) >= 2*MaxTargets || s.stopped {
			return false
		}
		e = &turn{target: t, once: true}
		s.turns = append(s.turns, e)
	}
	e.asked = true
	s.poke()
	return true
}

// Pause holds the polling; probes under way end and are told.
func (s *Scheduler) Pause() { s.setPaused(true) }

// Resume goes on polling.
func (s *Scheduler) Resume() { s.setPaused(false) }

func (s *Scheduler) setPaused(p bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = p
	s.poke()
}

// Stop ends all probes and waits for them.
func (s *Scheduler) Stop() {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
}

func (s *Scheduler) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Scheduler) drop(e *turn) {
	for i := range s.turns {
		if s.turns[i] == e {
			s.turns = append(s.turns[:i], s.turns[i+1:]...)
			return
		}
	}
}

func (s *Scheduler) loop() {
	defer s.wg.Done()
	for {
		wait, more := s.launch()
		var timer <-chan time.Time
		giveUp := func() {}
		if more {
			timer, giveUp = s.opt.Clock.After(wait)
		}
		select {
		case <-timer:
		case <-s.wake:
		case <-s.ctx.Done():
			giveUp()
			return
		}
		giveUp()
	}
}

// launch starts what is due, the longest due first, and returns how long nothing
// else will be.
func (s *Scheduler) launch() (wait time.Duration, waiting bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return 0, false
	}
	now := s.opt.Clock.Now()
	for s.running < s.opt.Concurrency {
		e := s.next()
		if e == nil || (!e.asked && e.due.After(now)) {
			break
		}
		e.running, e.asked = true, false
		s.running++
		s.wg.Add(1)
		go s.probe(e)
	}
	if s.running >= s.opt.Concurrency {
		return 0, false // the end of a probe wakes the loop
	}
	if e := s.next(); e != nil {
		return max(e.due.Sub(now), 0), true
	}
	return 0, false
}

// next returns the turn that comes next: an asked one, else the earliest due.
func (s *Scheduler) next() *turn {
	var first *turn
	for _, e := range s.turns {
		switch {
		case e.running || (!e.asked && (s.paused || e.once)):
		case e.asked:
			return e
		case first == nil || e.due.Before(first.due):
			first = e
		}
	}
	return first
}

// ambiguous says whether r is one for which Do opens a second connection.
func ambiguous(r Result) bool {
	switch r.Class {
	case EOF, Reset, Timeout:
		return r.Phase == PhaseFirstByte || r.Phase == PhaseTLS
	case HTTP4xx:
		return r.Status == http.StatusBadRequest
	}
	return false
}

func (s *Scheduler) probe(e *turn) {
	defer s.wg.Done()
	opt := s.opt.Probe
	began := s.opt.Clock.Now()
	s.mu.Lock()
	t := e.target
	opt.OneConnection = opt.OneConnection || began.Before(e.quiet)
	s.mu.Unlock()
	r := s.opt.Do(s.ctx, t, opt)

	s.out.Lock()
	s.mu.Lock()
	tell := !e.gone && !s.stopped
	s.mu.Unlock()
	if tell {
		s.emit(r)
	}
	s.out.Unlock()

	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	e.running = false
	switch {
	case !ambiguous(r):
		e.quiet = time.Time{}
	case !opt.OneConnection:
		e.quiet = began.Add(quietTime)
	}
	every := s.opt.Every
	if e.target.Gentle {
		every = s.opt.Gentle
	}
	e.due = s.opt.Clock.Now().Add(time.Duration((0.9 + 0.2*s.opt.Jitter()) * float64(every)))
	if e.once && !e.asked {
		s.drop(e)
	}
	s.poke()
}
