package session

import (
	"context"
	"runtime"
	"sync"
	"time"

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
	alone  bool // one source is read
	follow tail.FollowOptions
	added  func(context.Context, tail.Source) // for files that come later
	// templates returns the format strings that may be a log's.
	templates func(name string) []string
	detected  func(tail.Kind) // what kind of log a source is
	jobs      chan job
	done      sync.WaitGroup
	ended     sync.Once

	mu      sync.Mutex
	streams []*stream
}

// expireEvery is the clock of records that wait for more lines: one is passed on when
// none came for one to two of it.
const expireEvery = 150 * time.Millisecond

// expire lets all streams pass on what has waited long enough.
func (in *ingest) expire() {
	in.mu.Lock()
	streams := in.streams
	in.mu.Unlock()
	for _, s := range streams {
		s.expire()
	}
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
	in.jobs = make(chan job, 1)
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
// batch. A report is handed over at the end, or when it spans many hours.
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
		r.read(&j.batch, false, stats.Add)
		if in.keep || stats.Wide() {
			fold()
		}
		j.batch.Release()
	}
	fold()
}

// pastBatch is how much of the past is read at once, in bytes. What a report reads
// stays in a core's cache; where lines are kept, each batch is merged, which has its
// price.
func pastBatch(live bool) int {
	if live {
		return tail.MaxLine
	}
	return 256 << 10
}
