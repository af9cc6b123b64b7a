package incident

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"why502/probe"
	"why502/probe/gateway"
	"why502/probe/host"
	"why502/tail"
	"why502/tail/story"
	"why502/tail/window"
)

// The pace of publishing, and what is kept.
const (
	publishEvery   = 100 * time.Millisecond
	maxMarks       = 200
	recentBudget   = 48 << 20
	failuresBudget = 16 << 20
)

// MaxSamples is how many lines of a source are kept that no parser understood: all
// of what somebody picked.
const MaxSamples = 160

// Options are what an Aggregator needs to know.
type Options struct {
	Live    bool
	NoProbe bool
	// Keep retains lines for the log pane and the drilldown.
	Keep bool
	// Span is how much of the series a snapshot carries.
	Span time.Duration
	Now  func() time.Time
}

// Aggregator is the single owner of everything known. Its methods may be called
// from any goroutine.
type Aggregator struct {
	opt     Options
	current atomic.Pointer[Snapshot]
	changed chan struct{}

	mu         sync.Mutex
	dirty      bool
	generation uint64
	stats      *window.Stats
	sources    []Source
	seen       []story.Sightings // of each source
	unset      bool              // Source.Clock has to be set anew
	recent     lineStore
	failures   lineStore
	probes     []probe.History
	steps      map[int]Step
	marks      []Mark
	config     *gateway.Config
	configErr  string
	host       *host.State
}

// NewAggregator returns an aggregator that has published an empty snapshot.
func NewAggregator(opt Options) *Aggregator {
	a := &Aggregator{
		opt:      opt,
		changed:  make(chan struct{}, 1),
		stats:    window.New(),
		recent:   lineStore{budget: recentBudget},
		failures: lineStore{budget: failuresBudget},
		steps:    map[int]Step{},
	}
	a.Publish()
	return a
}

// Snapshot returns the newest snapshot, never nil.
func (a *Aggregator) Snapshot() *Snapshot { return a.current.Load() }

// Changed gets a poke when a newer snapshot was published; pokes not taken merge
// into one.
func (a *Aggregator) Changed() <-chan struct{} { return a.changed }

// Run publishes until ctx ends: at most ten times a second when something
// changed, and once a second for the clock's sake.
func (a *Aggregator) Run(ctx context.Context) {
	tick := time.NewTicker(publishEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		a.mu.Lock()
		due := a.dirty || n%10 == 0
		a.mu.Unlock()
		if due {
			a.Publish()
		}
	}
}

// Publish makes a snapshot of what is known now.
func (a *Aggregator) Publish() *Snapshot {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dirty = false
	a.generation++
	a.setClocks()
	now := a.opt.Now()
	// The series of a report or an old log ends with the log, not with the clock.
	end := now
	if last := a.stats.Last(); !last.IsZero() && (!a.opt.Live || now.Sub(last) > a.opt.Span) {
		end = last
	}
	s := &Snapshot{
		Generation: a.generation,
		Now:        now,
		Live:       a.opt.Live,
		Progress:   progress(a.sources),
		Sources:    slices.Clone(a.sources),
		Traffic:    a.stats.View(end, a.opt.Span),
		Probes:     make([]probe.History, len(a.probes)),
		Config:     a.config,
		ConfigErr:  a.configErr,
		Host:       a.host,
		Steps:      maps.Clone(a.steps),
		Marks:      slices.Clone(a.marks),
		Recent:     a.recent.view(),
		Failures:   a.failures.view(),
		NoProbe:    a.opt.NoProbe,
		Retained:   int64(a.recent.bytes + a.failures.bytes),
		Budget:     int64(a.recent.budget + a.failures.budget),
	}
	for i, h := range a.probes {
		h.Results = slices.Clone(h.Results)
		s.Probes[i] = h
	}
	if !a.opt.Live && !s.Traffic.Last.IsZero() {
		s.Now = s.Traffic.Last
	}
	a.current.Store(s)
	select {
	case a.changed <- struct{}{}:
	default:
	}
	return s
}

// progress is the share of the bytes of sources still reading their past that
// was read, 1 when none is.
func progress(sources []Source) float64 {
	var read, size int64
	for _, s := range sources {
		switch {
		case s.Status.HistoryLeft > 0: // the past is read behind the present
			read += int64(s.Bytes)
			size += int64(s.Bytes) + s.Status.HistoryLeft
		case s.Status.State <= tail.StateHistory:
			read += s.Status.Offset
			size += max(s.Status.Size, 1)
		}
	}
	if size == 0 {
		return 1
	}
	return min(1, float64(read)/float64(size))
}

// update runs f under the lock and marks the state as changed.
func (a *Aggregator) update(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
	a.dirty = true
}

// AddSource registers a source and returns its index.
func (a *Aggregator) AddSource(name string) int {
	var i int
	a.update(func() {
		i = len(a.sources)
		a.sources = append(a.sources, Source{Name: name})
		a.seen = append(a.seen, story.Sightings{})
	})
	return i
}

// SetFormat tells what was detected for source i.
func (a *Aggregator) SetFormat(i int, gatewayName, format string, kind tail.Kind, confidence float64) {
	a.update(func() {
		s := &a.sources[i]
		s.Gateway, s.Format, s.Kind, s.Confidence = gatewayName, format, kind, confidence
	})
}

// SetStatus tells how source i is doing. A rotation becomes a mark.
func (a *Aggregator) SetStatus(i int, st tail.Status) {
	a.update(func() {
		s := &a.sources[i]
		if st.Rotations > s.Status.Rotations && a.opt.Live {
			a.mark(Mark{Time: a.opt.Now(), Kind: "rotation", Text: s.Name + " was rotated"})
		}
		s.Status = st
	})
}

// Part is what a worker read of one source since it last folded.
type Part struct {
	Source          int
	Lines, Parsed   uint64
	Bytes           uint64
	First, Last     int64 // Unix nanoseconds of its events, 0 when none
	Records         Records
	UnparsedSamples []string
	Kept            []Kept
	Seen            story.Sightings // requests that its lines speak of, by id
}

// Kept is a line to retain; Text is copied by Fold. Failure lines are kept longer: a
// failed request, or a line that may say why.
type Kept struct {
	Line    Line
	Text    []byte
	Failure bool
}

// Fold takes over a worker's statistics, which are empty afterwards, and what it read.
// stats may be nil. Both are the caller's again.
func (a *Aggregator) Fold(stats *window.Stats, parts ...*Part) {
	a.update(func() {
		if stats != nil {
			a.stats.Take(stats)
		}
		for _, p := range parts {
			a.foldPart(p)
		}
	})
}

// Add runs f on the aggregator's own statistics: the short way for a live batch.
func (a *Aggregator) Add(f func(*window.Stats), p *Part) {
	a.update(func() {
		f(a.stats)
		a.foldPart(p)
	})
}

func (a *Aggregator) foldPart(p *Part) {
	s := &a.sources[p.Source]
	s.Lines += p.Lines
	s.Parsed += p.Parsed
	s.Unparsed += p.Lines - p.Parsed
	s.Bytes += p.Bytes
	s.Records.add(&p.Records)
	if p.First != 0 && (s.First.IsZero() || p.First < s.First.UnixNano()) {
		s.First = time.Unix(0, p.First).UTC()
	}
	if p.Last != 0 && (s.Last.IsZero() || p.Last > s.Last.UnixNano()) {
		s.Last = time.Unix(0, p.Last).UTC()
	}
	if a.seen[p.Source].Merge(&p.Seen) {
		a.unset = true
	}
	if len(p.UnparsedSamples) > 0 && len(s.UnparsedSamples) < MaxSamples {
		// Snapshots share the old slice.
		s.UnparsedSamples = slices.Concat(s.UnparsedSamples, p.UnparsedSamples)
		s.UnparsedSamples = s.UnparsedSamples[:min(len(s.UnparsedSamples), MaxSamples)]
	}
	if !a.opt.Keep {
		return
	}
	for _, k := range p.Kept {
		a.recent.add(k.Line, k.Text)
		if k.Failure {
			a.failures.add(k.Line, k.Text)
		}
	}
}

// setClocks compares the clock of each source with that of the reference: the access
// log with the most requests that have an id.
func (a *Aggregator) setClocks() {
	if !a.unset {
		return
	}
	a.unset = false
	reference := -1
	for i := range a.sources {
		if a.sources[i].Records.Lines > 0 && (reference < 0 || a.seen[i].Len() > a.seen[reference].Len()) {
			reference = i
		}
	}
	if reference < 0 {
		return
	}
	for i := range a.sources {
		a.sources[i].Clock = story.Clock{}
		if i != reference {
			a.sources[i].Clock = a.seen[i].Against(&a.seen[reference])
		}
	}
}

func (r *Records) add(o *Records) {
	r.Lines += o.Lines
	r.Upstream += o.Upstream
	r.UpstreamStatus += o.UpstreamStatus
	r.UpstreamTime += o.UpstreamTime
	r.Duration += o.Duration
	r.RequestID += o.RequestID
	r.Host += o.Host
	r.Client += o.Client
	r.Flags += o.Flags
}

// AddProbe takes a probe's result. That a target's health changed is in its
// history.
func (a *Aggregator) AddProbe(r probe.Result) {
	a.update(func() {
		i := slices.IndexFunc(a.probes, func(h probe.History) bool { return h.Target.URL == r.Target.URL })
		if i < 0 {
			i = len(a.probes)
			a.probes = append(a.probes, probe.History{Target: r.Target})
		}
		a.probes[i].Add(r)
	})
}

// SetStep stores what running a step found.
func (a *Aggregator) SetStep(s Step) { a.update(func() { a.steps[s.Number] = s }) }

// SetConfig stores the gateway's configuration or why it could not be read.
func (a *Aggregator) SetConfig(c *gateway.Config, err error) {
	a.update(func() {
		a.config, a.configErr = c, ""
		if err != nil {
			a.configErr = err.Error()
		}
	})
}

// SetHost stores what this machine says.
func (a *Aggregator) SetHost(h *host.State) { a.update(func() { a.host = h }) }

// AddMark puts a mark on the time line.
func (a *Aggregator) AddMark(m Mark) { a.update(func() { a.mark(m) }) }

func (a *Aggregator) mark(m Mark) {
	if len(a.marks) >= maxMarks {
		a.marks = slices.Clone(a.marks[1:])
	}
	a.marks = append(a.marks, m)
}

// Reset empties p for the next lines of the same source, keeping its memory.
func (p *Part) Reset() {
	seen := p.Seen
	seen.Reset()
	*p = Part{Source: p.Source, UnparsedSamples: p.UnparsedSamples[:0], Kept: p.Kept[:0], Seen: seen}
}
