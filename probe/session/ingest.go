package session

import (
	"context"
	"runtime"
	"sync"

	"why502/probe/incident"
	"why502/tail"
	"why502/tail/parse"
	"why502/tail/window"
)

// ingest turns batches into statistics. Live batches are folded where they
// arrive, in order; batches of the past go to one worker a core.
type ingest struct {
	agg    *incident.Aggregator
	env    parse.Env
	fixed  *parse.Plan // of --log-format, nil to detect
	filter *filter
	keep   bool
	guard  func()
	follow tail.FollowOptions
	added  func(context.Context, tail.Source) // for files that come later
	// template returns the format string that the configuration gives for a log.
	template func(name string) string
	jobs     chan job
	done     sync.WaitGroup
	ended    sync.Once
}

// job is a batch of the past with the plan in force when it arrived.
type job struct {
	stream *stream
	plan   *parse.Plan
	batch  tail.Batch
}

// start starts the workers; stop ends them after the last job.
func (in *ingest) start() {
	workers := runtime.GOMAXPROCS(0)
	in.jobs = make(chan job, workers)
	for range workers {
		in.done.Go(in.work)
	}
}

// stop may be called again.
func (in *ingest) stop() {
	in.ended.Do(func() { close(in.jobs) })
	in.done.Wait()
}

// work folds batches of the past into statistics of its own. Where lines are kept
// a person is waiting, and they point into the batch: it hands over after each
// batch. A report is handed over once, at the end.
func (in *ingest) work() {
	defer in.guard()
	stats := window.New()
	readers := map[*stream]*reader{}
	fold := func() {
		parts := make([]*incident.Part, 0, len(readers))
		for _, r := range readers {
			parts = append(parts, &r.part)
		}
		in.agg.Fold(stats, parts...)
		stats.Reset()
		for _, p := range parts {
			p.Reset()
		}
	}
	for j := range in.jobs {
		r := readers[j.stream]
		if r == nil {
			r = in.newReader(j.stream)
			readers[j.stream] = r
		}
		r.use(j.plan)
		r.read(&j.batch, stats.Add)
		if in.keep {
			fold()
		}
		j.batch.Release()
	}
	fold()
}

// stream is the way of one source into the statistics; it is the source's Sink.
type stream struct {
	in       *ingest
	index    int
	name     string
	live     *reader
	detector detector
}

// newStream registers a source.
func (in *ingest) newStream(name string) *stream {
	s := &stream{in: in, index: in.agg.AddSource(name), name: name}
	s.detector = detector{env: in.env, fixed: in.fixed, template: in.template(name), changed: func(p *parse.Plan) {
		f := formatOf(p)
		in.agg.SetFormat(s.index, f.Gateway, f.Name, f.Kind, p.Confidence)
	}}
	return s
}

// formatOf returns the format that most lines of a plan have, the zero Format for
// none.
func formatOf(p *parse.Plan) parse.Format {
	for _, f := range parse.Formats() {
		if len(p.Formats) > 0 && f.Name == p.Formats[0] {
			return f
		}
	}
	return parse.Format{}
}

// Status passes a source's state on.
func (s *stream) Status(st tail.Status) { s.in.agg.SetStatus(s.index, st) }

// Batch takes a batch: of the past to the workers, of the present at once.
func (s *stream) Batch(b tail.Batch) {
	plan := s.detector.plan(b.Data)
	if b.Past {
		s.in.jobs <- job{s, plan, b}
		return
	}
	if s.live == nil {
		s.live = s.in.newReader(s)
	}
	s.live.use(plan)
	part := &s.live.part
	s.in.agg.Add(func(stats *window.Stats) { s.live.read(&b, stats.Add) }, part)
	s.detector.saw(part.Lines, part.Lines-part.Parsed)
	part.Reset()
	b.Release()
}
