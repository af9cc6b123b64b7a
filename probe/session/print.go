package session

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"sync"
	"time"

	"why502/probe/report"
	"why502/tail"
	"why502/tail/parse"
)

// Print writes every line of the sources to w as one JSON object a line, in the
// order of each source; follow goes on until ctx ends. It returns the errors of
// sources that could not be read; a reader of w that went away ends it without
// one.
func Print(ctx context.Context, w io.Writer, cfg Config, follow bool) error {
	f, err := newFilter(&cfg)
	if err != nil {
		return err
	}
	in := &ingest{env: parse.Env{Now: time.Now(), Zone: cfg.Zone}, filter: f}
	if cfg.LogFormat != "" {
		plan, err := parse.Named(cfg.LogFormat, in.env)
		if err != nil {
			return err
		}
		in.fixed = &plan
	}
	cfg.Live = follow
	// All of the past in order before what is new, as tail -F -n +1 does.
	in.follow = tail.FollowOptions{Once: !follow, Since: cfg.Since, TimeOf: in.timeOf(), MaxHistory: math.MaxInt64, Recent: math.MaxInt64}
	kept := in.resume(&cfg)
	sources, err := openSources(&cfg, in)
	if err != nil {
		return err
	}
	about, err := findConfig(&cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &printer{in: in, w: bufio.NewWriterSize(w, 64<<10), gone: cancel}
	errs := make([]error, len(sources))
	sinks := make([]*printSink, len(sources))
	var wg sync.WaitGroup
	for i, src := range sources {
		p := &printSink{out: out, name: src.Name(), detector: detector{env: in.env, fixed: in.fixed, templates: templatesOf(&cfg, about, src.Name())}}
		sinks[i] = p
		p.ctx, p.resumes = ctx, kept != nil
		run := func() {
			errs[i] = src.Run(ctx, p)
			p.end()
		}
		if follow {
			wg.Go(run)
		} else {
			run() // files one after the other, as cat does
		}
	}
	var clock sync.WaitGroup
	if follow {
		clock.Go(func() { expireAll(ctx, sinks) })
		clock.Go(func() { keepAll(ctx, kept, cfg.Warn) })
	}
	wg.Wait()
	cancel()
	clock.Wait()
	return errors.Join(append(errs, kept.write())...)
}

// keepAll keeps the positions now and then until ctx ends.
func keepAll(ctx context.Context, kept *positions, warn func(string)) {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := kept.write(); err != nil && warn != nil {
			warn(err.Error())
			warn = nil // once
		}
	}
}

// expireAll prints what waits too long until ctx ends.
func expireAll(ctx context.Context, sinks []*printSink) {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, p := range sinks {
			p.expire()
		}
	}
}

// printer is the one writer that all sources share.
type printer struct {
	in   *ingest
	gone context.CancelFunc
	mu   sync.Mutex
	w    *bufio.Writer
	buf  []byte
}

// printSink prints one source.
type printSink struct {
	out      *printer
	name     string
	detector detector
	reader   *reader
	ctx      context.Context
	resumes  bool   // another run goes on where this one stops
	stuck    bool   // the output is gone
	stuckAt  uint64 // and was when it should have taken what is at this place
}

// Status is not printed: the objects are all there is. At the end of the source its
// last record is.
func (p *printSink) Status(st tail.Status) {
	if st.State == tail.StateEnded {
		p.end()
	}
}

// Done implements tail.Done: lines are done with when they are printed.
func (p *printSink) Done() (file int, offset int64, ok bool) {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	if p.stuck {
		file, offset = placeOf(p.stuckAt)
		return file, offset, true
	}
	if p.reader.waiting() {
		var seq uint64
		if seq, ok = p.reader.records.Oldest(); ok {
			file, offset = placeOf(seq)
		}
	}
	return file, offset, ok
}

// Batch prints the batch's records, whole, before the next batch of any source.
func (p *printSink) Batch(b tail.Batch) {
	defer b.Release()
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	if p.reader == nil {
		p.reader = &reader{in: p.out.in, name: p.name, raw: true}
	}
	p.reader.use(p.detector.plan(b.Data))
	at := order(&b, 0)
	if p.reader.waiting() {
		at, _ = p.reader.records.Oldest()
	}
	p.reader.read(&b, true, p.out.print)
	p.printed(at)
}

// expire prints what has waited long enough for more lines of its record.
func (p *printSink) expire() {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	if p.reader.waiting() {
		at, _ := p.reader.records.Oldest()
		p.reader.records.Expire(p.reader.emit(p.out.print))
		p.printed(at)
	}
}

// end prints what waits, unless the next run reads it again.
func (p *printSink) end() {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	if p.resumes && p.ctx.Err() != nil {
		return
	}
	if p.reader.waiting() {
		at, _ := p.reader.records.Oldest()
		p.reader.records.Flush(p.reader.emit(p.out.print))
		p.printed(at)
	}
}

// printed counts what was read from the place at on, and hands it on to the reader of
// the output.
func (p *printSink) printed(at uint64) {
	p.detector.saw(p.reader.part.Lines, p.reader.part.Lines-p.reader.part.Parsed)
	p.reader.part.Reset()
	if p.out.w.Flush() != nil {
		if !p.stuck {
			p.stuck, p.stuckAt = true, at
		}
		p.out.gone()
	}
}

func (o *printer) print(ev *tail.Event, source string) {
	o.buf = report.EventJSON(o.buf[:0], ev, source, CauseOf(ev))
	o.buf = append(o.buf, '\n')
	if _, err := o.w.Write(o.buf); err != nil {
		o.gone()
	}
}
