package tail

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// first starts with the file that has the name when following begins, or that comes
// to it later. Only in the first case there is a past: it is read from its newest
// part, then older parts are read behind.
func (f *follower) first(ctx context.Context, it *item) {
	for _, s := range siblings(f.opt.FS, it.real, false) {
		f.settle(s.info)
	}
	// Nothing came before it, but its own first text may be copied and truncated
	// before it is ever read: what is a newer file then is unread.
	f.before = &item{f: &handle{}, name: it.name, real: it.real, mod: it.mod}
	f.chain = append(f.chain, it)
	f.fine()
	f.watchAt = time.Time{}
	f.quiet = f.now()
	if f.opened {
		return
	}
	f.opened = true
	if f.resume(it) || f.awaited || !f.admit(it) {
		return
	}
	f.st.State = StateHistory
	f.report(true)
	if err := f.recent(ctx, it); err != nil {
		f.fail(explain(it.name, err))
		return
	}
	f.fine()
}

// admit checks the beginning of the first file: refused when it is no text; read
// once when it is compressed.
func (f *follower) admit(it *item) bool {
	head := make([]byte, sniffSize)
	n, err := readFull(it.f, head, 0)
	if err != nil {
		f.fail(explain(it.name, err))
		return false
	}
	if compression(head[:n]) != "" {
		z, err := newArchive(it.f.File)
		if err != nil {
			f.refused = fmt.Errorf("%s: can't be decompressed (%w); check that it is whole", it.name, err)
			return false
		}
		it.f.File, it.fixed = z, true
		f.archive = true
		return false
	}
	if err := sniff(it.name, head[:n]); err != nil {
		f.refused = err
		return false
	}
	return true
}

// recent delivers the newest part of the file as history, leaves the item at its
// end, and sets up what is read behind.
func (f *follower) recent(ctx context.Context, it *item) error {
	size := it.info.Size()
	if err := f.sinceLast(it.f, size); err != nil {
		return err
	}
	begin, covered, err := f.beginning(it.f, size)
	if err != nil {
		return err
	}
	start := begin
	if size-f.opt.Recent > begin {
		if start, err = lineStart(it.f, size-f.opt.Recent, size); err != nil {
			return err
		}
	}
	if err := it.seek(start); err != nil {
		return err
	}
	f.past = newPast(f, it, begin, covered)
	f.st.HistoryLeft = f.past.left()
	for it.off < size && ctx.Err() == nil {
		c, err := it.read(f.opt.PastBatch, size, f.now())
		if err != nil {
			return err
		}
		if c.gone {
			f.truncated(len(f.chain) - 1)
			return nil
		}
		if c.n == 0 {
			break
		}
		c.batch.Past = true
		f.deliver(c.batch)
		f.pass(it)
		f.st.Offset, f.st.Size = it.off, max(size, it.off)
		f.report(false)
	}
	return nil
}

// beginning returns where the wanted history of a file of this size begins.
// covered: it begins within this file, nothing older is wanted.
func (f *follower) beginning(file File, size int64) (begin int64, covered bool, err error) {
	if f.opt.MaxHistory < 0 {
		begin, err = lastLineStart(file, size)
		return begin, true, err
	}
	if f.opt.TimeOf != nil && !f.opt.Since.IsZero() {
		if begin, err = searchTime(file, size, f.opt.Since.Add(-TimeSlack), f.opt.TimeOf); err != nil {
			return 0, false, err
		}
	}
	covered = begin > 0 || f.opt.TimeOf == nil || f.opt.Since.IsZero()
	if most := f.opt.MaxHistory; most > 0 && size-begin > most {
		begin, err = lineStart(file, size-most, size)
		covered = true
	}
	return begin, covered, err
}

// sinceLast turns FollowOptions.Span into Since, by the last line with a time.
func (f *follower) sinceLast(file File, size int64) error {
	if f.opt.Span <= 0 || !f.opt.Since.IsZero() || f.opt.TimeOf == nil || f.opt.MaxHistory < 0 {
		return nil
	}
	last, ok, err := lastTime(file, size, f.opt.TimeOf)
	if size == 0 { // as just after a rotation
		last, ok = f.now(), true
	}
	if ok {
		f.opt.Since = last.Add(-f.opt.Span)
	} else if f.opt.MaxHistory > defaultHistory {
		f.opt.MaxHistory = defaultHistory
	}
	return err
}

// lastTime returns the time of the last line that has one, of the last lines.
func lastTime(file File, size int64, timeOf func([]byte) (time.Time, bool)) (time.Time, bool, error) {
	buf := getBuffer(4 * scanStep)
	defer putBuffer(buf)
	at := max(0, size-int64(len(buf)))
	n, err := readFull(file, buf, at)
	if err != nil {
		return time.Time{}, false, err
	}
	for data := buf[:n]; len(data) > 0; {
		i := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
		if i == 0 && at > 0 {
			break // its begin is not at hand
		}
		line, _ := NextLine(data[i:])
		if t, ok := timeOf(line); ok {
			return t, true, nil
		}
		data = data[:i]
	}
	return time.Time{}, false, nil
}

// scanStep is how much is read at once when looking for a line end.
const scanStep = 64 << 10

// lineStart returns the first start of a line at or after off, and off itself when
// none follows before size (one endless line).
func lineStart(file File, off, size int64) (int64, error) {
	if off <= 0 {
		return 0, nil
	}
	buf := getBuffer(scanStep)
	defer putBuffer(buf)
	for at := off - 1; at < size; {
		n, err := readFull(file, buf[:min(int64(len(buf)), size-at)], at)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			break
		}
		if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
			return at + int64(i) + 1, nil
		}
		at += int64(n)
	}
	return off, nil
}

// lastLineStart returns the start of the line that ends at size, or size when a line
// end is just before it.
func lastLineStart(file File, size int64) (int64, error) {
	return lastBreak(file, 0, size)
}

// lastBreak returns the last start of a line in (lo, hi], lo when there is none. It
// needs bounded memory however long the line is.
func lastBreak(file File, lo, hi int64) (int64, error) {
	buf := getBuffer(scanStep)
	defer putBuffer(buf)
	for hi > lo {
		at := max(lo, hi-int64(len(buf)))
		n, err := readFull(file, buf[:hi-at], at)
		if err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return at + int64(i) + 1, nil
		}
		hi = at
	}
	return lo, nil
}

// searchTime returns the start of a line such that lines older than since are before
// it, by a binary search: up to scanStep bytes early, never late in an ordered file.
func searchTime(file File, size int64, since time.Time, timeOf func([]byte) (time.Time, bool)) (int64, error) {
	lo, hi := int64(0), size
	for hi-lo > scanStep {
		mid := lo + (hi-lo)/2
		t, ok, err := timeAfter(file, mid, hi, timeOf)
		if err != nil {
			return 0, err
		}
		if ok && t.Before(since) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lineStart(file, lo, size)
}

// timeAfter returns the time of the first line that has one, starting in [off, end).
func timeAfter(file File, off, end int64, timeOf func([]byte) (time.Time, bool)) (time.Time, bool, error) {
	at, err := lineStart(file, off, end)
	if err != nil {
		return time.Time{}, false, err
	}
	buf := getBuffer(4 * scanStep)
	defer putBuffer(buf)
	n, err := readFull(file, buf, at)
	if err != nil {
		return time.Time{}, false, err
	}
	for data := buf[:n]; len(data) > 0; {
		var line []byte
		line, data = NextLine(data)
		if t, ok := timeOf(line); ok {
			return t, true, nil
		}
	}
	return time.Time{}, false, nil
}
