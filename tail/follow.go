package tail

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"path/filepath"
	"time"
)

// Follow returns a source of the lines of the file path, by name: it goes on with
// whatever file has that name after a rotation. It may not exist yet. Named pipes
// and devices such as /dev/stdin are read as streams, compressed files once.
func Follow(path string, opt FollowOptions) Source {
	return &follower{path: path, opt: opt.withDefaults()}
}

// follower reads one name. All of it runs in the goroutine of Run:
//
//	look: what has the name now, was it truncated -> chain of items, oldest first
//	cycle: sizes newest first, then read oldest first up to them
//	behind: a piece of older history, when nothing newer is there
//	wait: for an event, the slow poll, the end
//
// Taking the sizes newest first and reading oldest first keeps every writer's lines
// in order over a rotation: when a line is seen in the new file, all that this
// writer wrote to the old one before is there to be read, and is read first.
type follower struct {
	path string
	opt  FollowOptions
	sink Sink

	chain   []*item
	before  *item     // the one before the current, perhaps closed
	closed  []*item   // read and closed, to be known if they come back
	known   []settled // rotated files that need no look any more
	opened  bool      // something was opened before
	awaited bool      // nothing was there at first: all that comes is new
	archive bool      // a compressed file, read once
	past    *past     // history that is read behind
	seq     uint64
	refused error // why it can't be read at all

	unreadable bool // the current file's bytes can't be read at the moment
	held       bool // a file is being written anew, its text is waited for

	sub       *subscription
	events    uint64 // of the subscription, when last looked
	losses    uint64
	distrust  time.Time // events are not trusted until then
	missed    int       // finds in a row of the poll that no event told
	unwatched string    // why file events can't be had
	quiet     time.Time // since when nothing came
	watchAt   time.Time // when the watches are looked after next

	retryAt time.Time // no attempt to open before
	backoff time.Duration

	passed place // how far the sink took the lines
	saved  place // and what was saved of it
	saveAt time.Time

	st       Status
	reported Status
	reportAt time.Time
}

func (f *follower) Name() string { return f.path }

// Run reads until ctx ends; see Source.
func (f *follower) Run(ctx context.Context, sink Sink) error {
	f.sink = sink
	defer f.release()
	if stream, err := f.stream(); stream != nil || err != nil {
		if err != nil {
			return err
		}
		return stream.Run(ctx, sink)
	}
	f.sub = subscribe(f.opt.FS, f.path)
	defer f.sub.close()
	if f.opt.Once {
		return f.once(ctx)
	}
	f.watch()
	for ctx.Err() == nil {
		moved := f.cycle(ctx)
		if f.refused != nil {
			f.st.State, f.st.Why = StateFailed, f.refused.Error()
			f.report(true)
			return f.refused
		}
		if f.archive && f.current().done {
			break
		}
		if f.past != nil {
			f.behind()
			f.report(false)
			continue
		}
		f.report(false)
		f.save(false)
		f.wait(ctx, moved)
	}
	f.end(ctx)
	return nil
}

// end gives up the unfinished line when all was read, and says that it is over.
func (f *follower) end(ctx context.Context) {
	later := f.opt.Once && f.opt.Positions != nil // an unfinished line is read next time
	if it := f.current(); it != nil && ctx.Err() == nil && !later {
		if it.heir != nil && it.heir.inPlace {
			f.leave(it.heir.old)
		}
		if b, ok := it.flush(f.now()); ok {
			f.deliver(b)
		}
	}
	f.st.State, f.st.Unfinished = StateEnded, ""
	f.report(true)
	f.save(true)
}

// stream returns the source to use instead when path is a pipe or a device, and an
// error when it is something that can't be followed.
func (f *follower) stream() (Source, error) {
	info, err := f.opt.FS.Stat(f.path)
	if err != nil {
		if f.opt.Once {
			err = explain(f.path, err)
		} else {
			err = nil // waited for
		}
		return nil, err
	}
	switch {
	case info.IsDir():
		return nil, notFile(f.path)
	case info.Mode()&(fs.ModeNamedPipe|fs.ModeCharDevice|fs.ModeSocket|fs.ModeDevice) != 0:
		return openStream(f.path, info, f.opt)
	}
	return nil, nil
}

func (f *follower) release() {
	for _, it := range f.chain {
		it.f.release()
	}
	f.chain = nil
	f.past.close()
	f.past = nil
}

func (f *follower) now() time.Time { return f.opt.Clock.Now() }

// current returns the item that has the name, nil when nothing was opened yet.
func (f *follower) current() *item {
	if len(f.chain) == 0 {
		return nil
	}
	return f.chain[len(f.chain)-1]
}

// cycle looks once and reads what is there. It says whether anything came.
func (f *follower) cycle(ctx context.Context) bool {
	seq := f.seq
	f.held = false
	var read int64
	for {
		f.look(ctx)
		again := false
		at := f.now()
		f.measure()
		for i := 0; i < len(f.chain); i++ {
			n, changed := f.drain(ctx, i)
			read += n
			if changed { // the chain is another one now: look again
				again = true
				break
			}
			if f.held { // what comes after it may not overtake it
				break
			}
		}
		f.retire()
		if !again && f.allRead() {
			f.st.CaughtUp = at
		}
		if !again || ctx.Err() != nil || f.refused != nil {
			break
		}
	}
	now := f.now()
	if read > 0 {
		f.quiet = now
	}
	f.unfinished(now)
	if it := f.current(); it != nil {
		f.place(it)
	}
	return read > 0 || f.seq != seq
}

// allRead says whether every file was read as far as it was when last measured.
func (f *follower) allRead() bool {
	for _, it := range f.chain {
		if !it.done && it.off < it.limit {
			return false
		}
	}
	return len(f.chain) > 0
}

// measure takes the sizes, newest first.
func (f *follower) measure() {
	for i := len(f.chain) - 1; i >= 0; i-- {
		it := f.chain[i]
		if it.fixed {
			it.limit = math.MaxInt64
		}
		if it.done || it.fixed {
			continue
		}
		info, err := it.f.Stat()
		if err != nil {
			it.limit = it.off
			continue
		}
		it.size, it.mod = info.Size(), info.ModTime()
		it.limit = it.size
	}
}

// drain reads the item at place i up to its limit. changed: the chain is not what it was.
func (f *follower) drain(ctx context.Context, i int) (read int64, changed bool) {
	it := f.chain[i]
	if it.done || f.unreadable && f.now().Before(f.retryAt) {
		return 0, false
	}
	if it.off == 0 && it.limit > 0 && !it.fixed {
		if done, changed := f.begin(it); done {
			return 0, changed
		}
	}
	for it.off < it.limit && ctx.Err() == nil {
		most := f.opt.LiveBatch
		if it.limit-it.off > int64(f.opt.PastBatch) {
			most = f.opt.PastBatch
		}
		c, err := it.read(most, it.limit, f.now())
		if err != nil {
			f.fail(explain(it.name, err))
			f.unreadable = !it.fixed
			it.done = it.fixed
			break
		}
		if f.unreadable {
			f.fine()
		}
		if c.gone && it.off == 0 { // another text than when it was asked for what came before it
			return read, true
		}
		if c.gone {
			f.truncated(i)
			return read, true
		}
		if c.n == 0 {
			it.done = it.fixed
			break
		}
		read += int64(c.n)
		f.deliver(c.batch)
		f.pass(it)
		f.progress(it)
		f.save(false)
	}
	if it.joined && (it.done || it.off >= it.limit) {
		f.join(it)
	}
	return read, false
}

// begin looks at the first bytes of a file: whether they are text, and whether
// other files came and went since the file before it. done: nothing is to be read
// from it now.
func (f *follower) begin(it *item) (done, changed bool) {
	var head [sniffSize]byte
	n, err := readFull(it.f, head[:], 0)
	if err != nil {
		f.fail(explain(it.name, err))
		return true, false
	}
	if err := sniff(it.name, head[:n]); err != nil {
		if it.number == 0 && len(f.chain) == 1 {
			f.refused = err
		} else {
			f.fail(err)
		}
		return true, false
	}
	it.start = append(it.start[:0], head[:n]...)
	if it == f.current() && f.insert(f.between(f.before, it), len(f.chain)-1) {
		it.heir = nil
		return true, true
	}
	if it.heir == nil {
		return false, false
	}
	if done, err = f.inherit(it); err != nil {
		f.fail(explain(it.name, err))
	}
	return done, false
}

// join hands the unfinished line of a copy to the file that goes on with it.
func (f *follower) join(it *item) {
	for i, x := range f.chain {
		if x != it || i+1 == len(f.chain) {
			continue
		}
		next := f.chain[i+1]
		if len(next.sp.carry) == 0 && next.off == 0 {
			next.sp, it.sp = it.sp, splitter{}
		}
	}
}

// retire closes the items that nothing more will come from.
func (f *follower) retire() {
	now := f.now()
	begun := len(f.chain) > 0 && f.current().size > 0
	kept := f.chain[:0]
	for i, it := range f.chain {
		if i < len(f.chain)-1 && (it.done || begun && !it.fixed && it.off >= it.limit && now.Sub(it.quiet) > f.opt.Grace) {
			if b, ok := it.flush(now); ok {
				f.deliver(b)
			}
			f.forget(it)
			continue
		}
		kept = append(kept, it)
	}
	clear(f.chain[len(kept):])
	f.chain = kept
}

// maxClosed bounds how many files are known again after they were closed.
const maxClosed = 256

// forget closes an item but remembers how far it was read.
func (f *follower) forget(it *item) {
	it.f.release()
	if it.off == 0 { // of an empty file only the inode is known, which is used again
		return
	}
	f.closed = append(f.closed, it)
	if len(f.closed) > maxClosed {
		f.closed = append(f.closed[:0], f.closed[1:]...)
	}
}

// deliver hands a batch to the sink; an empty one is nothing.
func (f *follower) deliver(b Batch) {
	if len(b.Data) == 0 {
		return
	}
	b.Seq = f.seq
	b.Past = b.Past || f.opt.Once
	f.seq++
	f.st.Cut += b.Cut
	f.sink.Batch(b)
}

// place puts into the status how far the item was read.
func (f *follower) place(it *item) {
	f.st.Offset, f.st.Size = it.off, max(it.size, it.off)
	if z, ok := it.f.File.(*archive); ok {
		f.st.Offset, f.st.Size = z.read(), it.size
	}
}

// progress tells now and then how far a long read is, and how much was written
// meanwhile.
func (f *follower) progress(it *item) {
	if it != f.current() {
		return
	}
	f.place(it)
	if !it.fixed && f.st.Lag() > 0 && !f.now().Before(f.reportAt) {
		if info, err := it.f.Stat(); err == nil {
			f.st.Size = max(f.st.Size, info.Size())
		}
	}
	f.report(false)
}

// unfinishedShown bounds Status.Unfinished.
const unfinishedShown = 4 << 10

// unfinished shows a last line that waits too long for its end.
func (f *follower) unfinished(now time.Time) {
	f.st.Unfinished = ""
	it := f.current()
	if it == nil || len(it.sp.carry) == 0 || now.Sub(it.quiet) < f.opt.Unfinished {
		return
	}
	f.st.Unfinished = string(it.sp.carry[:min(len(it.sp.carry), unfinishedShown)])
}

// reportEvery is how often progress alone is told.
const reportEvery = 250 * time.Millisecond

// report tells the sink the status when it changed: at once when it is another
// state, else now and then.
func (f *follower) report(force bool) {
	a, b := f.st, f.reported
	a.CaughtUp = b.CaughtUp
	if a == b && f.seq > 0 {
		return
	}
	now := f.now()
	a.Offset, a.Size, a.HistoryLeft = b.Offset, b.Size, b.HistoryLeft
	if !force && a == b && now.Before(f.reportAt) {
		return
	}
	f.reported, f.reportAt = f.st, now.Add(reportEvery)
	f.sink.Status(f.st)
}

// firstRetry is after how long what failed is tried again at first: logrotate creates
// a file for its owner only and gives it its mode and owner then.
const firstRetry = 10 * time.Millisecond

// fail makes err the status and sets the time of the next attempt.
func (f *follower) fail(err error) {
	f.backoff = min(max(2*f.backoff, firstRetry), 20*f.opt.Poll)
	f.retryAt = f.now().Add(f.backoff)
	f.st.State, f.st.Why = StateFailed, err.Error()
}

// bases are the file names whose writes concern the follower.
func (f *follower) bases() []string {
	bases := []string{filepath.Base(f.path)}
	for _, it := range f.chain {
		if b := filepath.Base(it.real); b != bases[0] {
			bases = append(bases, b)
		}
	}
	return bases
}

// isGone says that nothing has the name.
func isGone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotDir) }
