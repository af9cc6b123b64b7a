package session

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"slices"
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
	var wg sync.WaitGroup
	for i, src := range sources {
		p := &printSink{out: out, name: src.Name(), detector: detector{env: in.env, file: src.Name(), fixed: in.fixed, templates: templatesOf(&cfg, about, src.Name())}}
		p.ctx, p.resumes = ctx, kept != nil
		run := func() {
			errs[i] = src.Run(ctx, p)
			p.end()
			p.stop()
		}
		if follow {
			wg.Go(run)
		} else {
			run() // files one after the other, as cat does
		}
	}
	var clock sync.WaitGroup
	if follow {
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

// printWait is the clock of records that wait for more lines when they are printed:
// whoever reads wants a line at once, and what writes a stack trace writes it whole.
const printWait = 8 * time.Millisecond

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
	resumes  bool // another run goes on where this one stops
	stopped  bool
	stuck    bool   // the output is gone
	stuckAt  uint64 // and was when it should have taken what is at this place
	held     []heldLine
	timer    *time.Timer // runs while a record waits
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
	p.reader.read(&b, true, p.print)
	p.printed(at)
	p.wait()
}

// wait lets expire come while a record waits for more of its lines.
func (p *printSink) wait() {
	switch {
	case !p.reader.waiting():
	case p.timer == nil:
		p.timer = time.AfterFunc(printWait, p.expire)
	default:
		p.timer.Reset(printWait)
	}
}

// expire prints what has waited long enough for more lines of its record.
func (p *printSink) expire() {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	if p.stopped || !p.reader.waiting() {
		return
	}
	at, _ := p.reader.records.Oldest()
	p.reader.records.Expire(p.reader.emit(p.print))
	p.printed(at)
	p.wait()
}

// stop lets expire come no more.
func (p *printSink) stop() {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	p.stopped = true
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
		p.reader.records.Flush(p.reader.emit(p.print))
		p.printed(at)
	}
}

// printed counts what was read from the place at on, and hands it on to the reader of
// the output.
func (p *printSink) printed(at uint64) {
	p.detector.saw(p.reader.part.Lines, p.reader.part.Lines-p.reader.part.Parsed)
	p.reader.part.Reset()
	p.release(p.oldest(math.MaxUint64))
	if p.out.w.Flush() != nil {
		if !p.stuck {
			p.stuck, p.stuckAt = true, at
		}
		p.out.gone()
	}
}

// print prints an event in the order of its first line: while a record before it is
// unfinished it is held back.
func (p *printSink) print(ev *tail.Event, source string) {
	seq := p.reader.seq
	oldest := p.oldest(seq)
	p.release(oldest)
	o := p.out
	o.buf = report.EventJSON(o.buf[:0], ev, source, Reading(ev))
	o.buf = append(o.buf, '\n')
	if oldest == seq {
		o.write(o.buf)
		return
	}
	i := len(p.held)
	for i > 0 && p.held[i-1].seq > seq {
		i--
	}
	p.held = slices.Insert(p.held, i, heldLine{seq, bytes.Clone(o.buf)})
	if len(p.held) > maxHeld {
		p.release(math.MaxUint64)
	}
}

// heldLine is an object that waits for those of earlier lines; held is in their order.
type heldLine struct {
	seq  uint64
	text []byte
}

// maxHeld bounds how many wait; more and the order has to give way.
const maxHeld = 1000

// oldest is the place of the first line of an unfinished record, or seq when there is
// none before it.
func (p *printSink) oldest(seq uint64) uint64 {
	if p.reader.waiting() {
		if at, ok := p.reader.records.Oldest(); ok {
			return min(at, seq)
		}
	}
	return seq
}

// release prints what was held back of the places before the given one.
func (p *printSink) release(before uint64) {
	n := 0
	for n < len(p.held) && p.held[n].seq < before {
		p.out.write(p.held[n].text)
		n++
	}
	p.held = slices.Delete(p.held, 0, n)
}

func (o *printer) write(line []byte) {
	if _, err := o.w.Write(line); err != nil {
		o.gone()
	}
}
