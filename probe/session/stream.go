package session

import (
	"sync"

	"why502/tail"
	"why502/tail/parse"
	"why502/tail/window"
)

// stream is the way of one source into the statistics; it is the source's Sink.
type stream struct {
	in       *ingest
	index    int
	name     string
	mu       sync.Mutex // of what follows: the source delivers, the session's clock expires
	live     *reader
	detector detector
	plan     *parse.Plan
	stitch   *parse.Stitch
	ordered  bool // several writers in one stream: read where it arrives
}

// newStream registers a source.
func (in *ingest) newStream(name string) *stream {
	s := &stream{in: in, index: in.agg.AddSource(name), name: name}
	s.detector = detector{env: in.env, file: name, alone: in.alone, fixed: in.fixed, templates: in.templates(name), changed: func(p *parse.Plan) {
		f := p.Format()
		in.agg.SetFormat(s.index, f.Gateway, f.Name, f.Kind, p.Confidence)
		in.detected(f.Kind)
	}}
	in.mu.Lock()
	in.streams = append(in.streams, s)
	in.mu.Unlock()
	return s
}

// Status passes a source's state on.
func (s *stream) Status(st tail.Status) { s.in.agg.SetStatus(s.index, st) }

// Batch takes a batch: of the past to the workers, of the present at once.
func (s *stream) Batch(b tail.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.plan == nil
	s.plan = s.detector.plan(b.Data)
	if first {
		s.stitch = s.plan.NewStitch(s.in.env)
		s.ordered = s.in.follow.Once && s.plan.Mixed(b.Data, s.in.env)
	}
	switch {
	case b.Past && !s.ordered:
		s.stitch.Add(b, s.job)
		return
	case !s.ordered:
		s.stitch.Meet(&b, s.job)
	}
	if s.live == nil {
		s.live = s.in.newReader(s)
	}
	s.live.use(s.plan)
	s.add(func(stats *window.Stats) { s.live.read(&b, true, stats.Add) })
	b.Release()
}

// job gives a batch of the past to the workers.
func (s *stream) job(b tail.Batch) { s.in.jobs <- job{s, s.plan, b} }

// add runs f, which reads with the live reader, on the statistics.
func (s *stream) add(f func(*window.Stats)) {
	part := &s.live.part
	s.in.agg.Add(f, part)
	s.detector.saw(part.Lines, part.Lines-part.Parsed)
	part.Reset()
}

// expire passes on what has waited long enough for more lines of its record.
func (s *stream) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stitch != nil {
		s.stitch.Expire(s.job)
	}
	if s.live.waiting() {
		s.add(func(stats *window.Stats) { s.live.records.Expire(s.live.emit(stats.Add)) })
	}
}

// end passes on all that waits: no more lines come.
func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stitch != nil {
		s.stitch.Flush(s.job)
	}
	if s.live.waiting() {
		s.add(func(stats *window.Stats) { s.live.records.Flush(s.live.emit(stats.Add)) })
	}
}
