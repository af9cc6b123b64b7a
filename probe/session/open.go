package session

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"why502/probe"
	"why502/probe/checklist"
	"why502/probe/diagnose"
	"why502/probe/gateway"
	"why502/probe/host"
	"why502/probe/incident"
	"why502/probe/load"
	"why502/tail"
	"why502/tail/parse"
	"why502/tail/source"
)

// The pace of a live session.
const (
	verdictEvery = 500 * time.Millisecond
	targetsEvery = time.Second
	hostEvery    = 5 * time.Second
	keepEvery    = 250 * time.Millisecond
	// span is how much of the series the monitor shows at most; a report has all
	// that the statistics keep.
	span       = 65 * time.Minute
	reportSpan = 7 * 24 * time.Hour
	// recentLog is how old a log's end may be for a report to ask upstreams now.
	recentLog = 10 * time.Minute
	// askAtOnce bounds how many targets a report asks at once.
	askAtOnce = 8
)

// DefaultHistory is how much of the past the monitor reads when nothing else is asked.
const DefaultHistory = 30 * time.Minute

// ErrNothing says that there is nothing to read: no source was given and none
// was found. Looked is where.
type ErrNothing struct{ Looked []string }

func (e *ErrNothing) Error() string {
	return "no gateway log was found in the usual places; name a log file, or try `why502 demo`"
}

// Session is the Core of the real program.
type Session struct {
	cfg      Config
	agg      *incident.Aggregator
	in       *ingest
	sched    *probe.Scheduler // nil unless live and allowed to ask
	targets  []probe.Target
	config   *gateway.Config // set before the first source starts
	runner   *checklist.Runner
	cancel   context.CancelFunc
	ctx      context.Context
	routines sync.WaitGroup
	sources  sync.WaitGroup
	mu       sync.Mutex
	verdict  diagnose.Verdict
	of       *incident.Snapshot // that verdict is of
	at       time.Time
	running  map[int]bool
	asked    map[string]bool // discovered targets already added
	errs     []error
	kept     *positions
	unkept   sync.Once // the first failure to keep them was told
}

// Open starts a session. Its errors say in one sentence which source or setting
// is wrong and what to do; *ErrNothing when there is nothing to read.
func Open(ctx context.Context, cfg Config) (*Session, error) {
	f, err := newFilter(&cfg)
	if err != nil {
		return nil, err
	}
	env := parse.Env{Now: time.Now(), Zone: cfg.Zone}
	in := &ingest{env: env, filter: f, keep: cfg.Live}
	if cfg.LogFormat != "" {
		plan, err := parse.Named(cfg.LogFormat, env)
		if err != nil {
			return nil, err
		}
		in.fixed = &plan
	}
	in.follow = tail.FollowOptions{Once: !cfg.Live, Since: cfg.Since, TimeOf: in.timeOf(), PastBatch: pastBatch(cfg.Live)}
	if cfg.Live { // what is wanted is read however much it is, behind the first screen
		in.follow.Span, in.follow.MaxHistory = cfg.History, math.MaxInt64
	}
	kept := in.resume(&cfg)
	s := &Session{cfg: cfg, in: in, kept: kept, running: map[int]bool{}, asked: map[string]bool{}}
	if cfg.Live {
		in.added = func(_ context.Context, src tail.Source) { s.startSource(src) }
	}
	sources, err := openSources(&cfg, in)
	if err != nil {
		return nil, err
	}
	in.alone = len(sources) == 1
	view := reportSpan
	if cfg.Live {
		view = span
	}
	s.agg = incident.NewAggregator(incident.Options{
		Live: cfg.Live, NoProbe: cfg.NoProbe, Keep: cfg.Live, Span: view, Now: time.Now,
	})
	in.agg, in.guard = s.agg, s.guard
	in.detected = func(kind tail.Kind) { s.routine(func() { diagnose.Prepare(kind) }) }
	in.templates = func(name string) []string { return templatesOf(&cfg, s.config, name) }
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.runner = checklist.NewRunner(checklist.RunnerOptions{ConfigPath: cfg.GatewayConfig})
	if err := s.startProbes(); err != nil {
		s.cancel()
		return nil, err
	}
	s.routine(func() { diagnose.Prepare(tail.KindAccess) })
	s.readConfig()
	in.start()
	for _, src := range sources {
		s.startSource(src)
	}
	if cfg.Live {
		s.routine(func() { s.agg.Run(s.ctx) })
		s.routine(s.watchHost)
		s.routine(func() { s.every(expireEvery, s.in.expire) })
		s.routine(func() { s.every(keepEvery, s.Keep) })
	}
	if s.sched != nil {
		s.routine(s.watchTargets)
	}
	return s, nil
}

// routine runs f in a goroutine that Close waits for.
func (s *Session) routine(f func()) {
	s.routines.Go(func() {
		defer s.guard()
		f()
	})
}

// guard turns a panic into a fatal error, where somebody listens for one.
func (s *Session) guard() {
	if s.cfg.Fatal == nil {
		return
	}
	if p := recover(); p != nil {
		s.cfg.Fatal(fmt.Errorf("internal error: %v; please report it with these lines:\n%s", p, debug.Stack()))
		s.cancel()
	}
}

// openSources resolves the SOURCE arguments or looks in the usual places.
func openSources(cfg *Config, in *ingest) ([]tail.Source, error) {
	specs := cfg.Sources
	if len(specs) == 0 && len(cfg.Endpoints) == 0 {
		found, looked := source.Discover()
		if len(found) == 0 {
			for _, path := range source.Unreadable() {
				looked = append(looked, path+" is there but can't be read: use sudo, or join the group adm")
			}
			return nil, &ErrNothing{Looked: looked}
		}
		specs = found
	}
	opt := source.Options{Follow: in.follow, Added: in.added, Stdin: cfg.Stdin}
	var sources []tail.Source
	for _, spec := range specs {
		opened, err := source.Open(spec, opt)
		if err != nil {
			return nil, err
		}
		sources = append(sources, opened...)
	}
	return sources, nil
}

// startSource runs one source into the statistics.
func (s *Session) startSource(src tail.Source) {
	st := s.in.newStream(src.Name())
	s.sources.Go(func() {
		defer s.guard()
		err := src.Run(s.ctx, st)
		st.end()
		if err != nil {
			s.agg.SetStatus(st.index, tail.Status{State: tail.StateFailed, Why: err.Error()})
			s.mu.Lock()
			s.errs = append(s.errs, err)
			s.mu.Unlock()
		}
	})
}

// readConfig reads the gateway's configuration.
func (s *Session) readConfig() {
	c, err := findConfig(&s.cfg)
	if s.config = c; c != nil || err != nil {
		s.agg.SetConfig(c, err)
	}
}

// findConfig reads the configuration that cfg names, else the first usual one that
// names a log given. It returns nil where there is none.
func findConfig(cfg *Config) (*gateway.Config, error) {
	if cfg.GatewayConfig != "" {
		return gateway.Read(cfg.GatewayConfig)
	}
	if len(cfg.Sources) == 1 && cfg.Sources[0] == "-" { // no log by that name
		return nil, nil
	}
	paths := gateway.Find()
	about := make([]*gateway.Config, len(paths))
	var reading sync.WaitGroup
	for i, path := range paths {
		reading.Go(func() {
			if c, err := gateway.Read(path); err == nil && cfg.isAbout(c) {
				about[i] = c
			}
		})
	}
	reading.Wait()
	if i := slices.IndexFunc(about, func(c *gateway.Config) bool { return c != nil }); i >= 0 {
		return about[i], nil
	}
	return nil, nil
}

// templatesOf returns the format strings that may be a log's.
func templatesOf(cfg *Config, c *gateway.Config, name string) []string {
	if c == nil {
		return cfg.Templates
	}
	own := c.LogFormatFor(name)
	if own == "" {
		return cfg.Templates
	}
	return append([]string{own}, cfg.Templates...)
}

// isAbout says whether configuration c names one of the logs given.
func (cfg *Config) isAbout(c *gateway.Config) bool {
	return len(cfg.Sources) == 0 && cfg.Live || slices.ContainsFunc(cfg.Sources, c.HasLog)
}

// Wait waits until all sources ended, as those of a report do, and folds what
// they read. It returns the errors of sources that could not be read.
func (s *Session) Wait() error {
	s.sources.Wait()
	s.in.stop()
	s.agg.Publish()
	return errors.Join(s.errs...)
}

// Ask asks all targets once, when probing is allowed and the log is of now, and
// publishes what they said.
func (s *Session) Ask(ctx context.Context) {
	snap := s.Snapshot()
	if s.cfg.NoProbe || len(s.cfg.Endpoints) == 0 && time.Since(snap.Traffic.Last) > recentLog {
		return
	}
	s.addTargets(snap)
	gate := make(chan struct{}, askAtOnce)
	var wg sync.WaitGroup
	for _, t := range s.targets {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			s.agg.AddProbe(probe.Do(ctx, t, probe.Options{}))
		})
	}
	wg.Wait()
	h := host.Read()
	s.agg.SetHost(&h)
	s.agg.Publish()
}

// Close stops everything and waits for it.
func (s *Session) Close() {
	s.cancel()
	if s.sched != nil {
		s.sched.Stop()
	}
	s.sources.Wait()
	s.routines.Wait()
	s.in.stop()
	if s.cfg.Live {
		s.Keep()
	}
}

// resume makes the sources go on where the last run of the command stopped; nil when
// that is not asked for.
func (in *ingest) resume(cfg *Config) *positions {
	if cfg.Resume == "" {
		return nil
	}
	kept, err := openPositions(cfg.Resume)
	if err != nil && cfg.Warn != nil {
		cfg.Warn(err.Error())
	}
	in.follow.Positions = kept
	return kept
}

// Keep writes down how far the sources were read, for Config.Resume. A live session
// does it by itself; else it is called when what was read has come to its end.
func (s *Session) Keep() {
	if err := s.kept.write(); err != nil {
		s.unkept.Do(func() {
			if s.cfg.Live {
				s.agg.AddMark(incident.Mark{Time: time.Now(), Kind: "position", Text: err.Error()})
			} else if s.cfg.Warn != nil {
				s.cfg.Warn(err.Error())
			}
		})
	}
}

// Snapshot returns the newest snapshot.
func (s *Session) Snapshot() *incident.Snapshot { return s.agg.Snapshot() }

// Changed gets a poke when a newer snapshot is there.
func (s *Session) Changed() <-chan struct{} { return s.agg.Changed() }

// Verdict diagnoses snap. For a live session the last verdict stands in for up to
// half a second.
func (s *Session) Verdict(snap *incident.Snapshot) diagnose.Verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == snap || snap.Live && s.of != nil && time.Since(s.at) < verdictEvery {
		return s.verdict
	}
	s.verdict, s.of, s.at = diagnose.Evaluate(snap), snap, time.Now()
	return s.verdict
}

// Rows returns the checklist.
func (s *Session) Rows(snap *incident.Snapshot, v diagnose.Verdict) []checklist.Row {
	return checklist.Rows(snap, v)
}

// AddMark puts a person's mark on the time line.
func (s *Session) AddMark(text string) {
	s.agg.AddMark(incident.Mark{Time: time.Now(), Kind: "mark", Text: text})
}

// RunStep runs step n in the background, once at a time.
func (s *Session) RunStep(n int, plan *load.Plan) {
	s.mu.Lock()
	busy := s.running[n]
	s.running[n] = true
	s.mu.Unlock()
	if busy {
		return
	}
	before := s.Snapshot().Steps[n]
	before.Number, before.Running = n, true
	s.agg.SetStep(before)
	s.routine(func() {
		snap := s.Snapshot()
		step := s.runner.Run(s.ctx, n, snap, s.Verdict(snap), plan)
		s.mu.Lock()
		s.running[n] = false
		s.mu.Unlock()
		s.agg.SetStep(step)
	})
}

// RunStepNow runs step n and returns when its result is published.
func (s *Session) RunStepNow(ctx context.Context, n int, plan *load.Plan) {
	snap := s.agg.Publish()
	s.agg.SetStep(s.runner.Run(ctx, n, snap, s.Verdict(snap), plan))
	s.agg.Publish()
}

// LoadPlan proposes a load test of the first endpoint or upstream.
func (s *Session) LoadPlan() (load.Plan, bool) {
	for _, h := range s.Snapshot().Probes {
		return load.DefaultPlan(h.Target.URL), true
	}
	return load.Plan{}, false
}
