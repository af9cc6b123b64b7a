package tail

import (
	"context"
	"errors"
	"slices"
	"time"
)

// past is the older history that is read behind the following, from the newest to
// the oldest: the rest of the first file backwards, then rotated files, plain ones
// backwards too, compressed ones forward.
type past struct {
	h      *handle
	text   imprint // by which the file's text is known if it is copied and truncated
	real   string
	number int
	lo, hi int64     // what is left of h; hi is the start of a line or the end
	zip    *item     // a compressed file being read
	queue  []sibling // rotated files still to be read, the newest last
	left64 int64     // bytes that may still be read, negative: no bound
}

// newPast returns what is to be read behind it, from begin to the place where it
// stands and, unless covered, in the rotated files; nil for nothing.
func newPast(f *follower, it *item, begin int64, covered bool) *past {
	p := &past{
		h: it.f.retain(), text: it.imprint, real: it.real, lo: begin, hi: it.off, left64: -1,
	}
	p.text.head, p.text.mark = slices.Clone(it.head), slices.Clone(it.mark)
	if f.opt.MaxHistory > 0 {
		p.left64 = max(0, f.opt.MaxHistory-(it.info.Size()-it.off))
	}
	if !covered {
		for _, s := range siblings(f.opt.FS, it.real, false) {
			if !it.is(s.info) {
				p.queue = append(p.queue, s)
			}
		}
	}
	if p.lo >= p.hi && len(p.queue) == 0 {
		p.close()
		return nil
	}
	return p
}

func (p *past) close() {
	if p == nil {
		return
	}
	if p.h != nil {
		p.h.release()
	}
	if p.zip != nil {
		p.zip.f.release()
	}
	p.h, p.zip = nil, nil
}

// left is how many bytes are still to be read.
func (p *past) left() int64 {
	if p == nil {
		return 0
	}
	n := max(0, p.hi-p.lo)
	if p.zip != nil {
		if z, ok := p.zip.f.File.(*archive); ok {
			n += max(0, p.zip.size-z.read())
		}
	}
	for _, s := range p.queue {
		n += s.info.Size()
	}
	if p.left64 >= 0 {
		n = min(n, p.left64)
	}
	return n
}

// behind reads one piece of the older history.
func (f *follower) behind() {
	p := f.past
	var err error
	switch {
	case p.left64 == 0:
		err = errPastEnd
	case p.zip != nil:
		err = f.behindZip(p)
	case p.hi > p.lo:
		err = f.behindBack(p)
	default:
		err = f.behindNext(p)
	}
	if err != nil {
		if !errors.Is(err, errPastEnd) { // the past is cut short; what is new goes on
			f.st.LostBytes += p.left()
		}
		p.close()
		f.past = nil
	}
	f.st.HistoryLeft = f.past.left()
}

var errPastEnd = errors.New("no older history is wanted")

// spend counts delivered history against its bound.
func (p *past) spend(n int64) {
	if p.left64 > 0 {
		p.left64 = max(0, p.left64-n)
	}
}

// behindBack delivers the lines just before hi.
func (f *follower) behindBack(p *past) error {
	start, err := p.lo, error(nil)
	if at := p.hi - int64(f.opt.PastBatch); at > p.lo {
		if start, err = lineStart(p.h, at, p.hi); err != nil {
			return err
		}
		if start >= p.hi { // one line that is longer than a batch
			if start, err = lastBreak(p.h, p.lo, p.hi-1); err != nil {
				return err
			}
		}
	}
	b, err := readRange(p.h, start, p.hi)
	if err != nil {
		return err
	}
	if same, err := p.text.in(p.h); err != nil || !same {
		b.Release()
		if err != nil {
			return err
		}
		return f.relocate(p)
	}
	b.File, b.Past, b.Received = p.number, true, f.now()
	p.spend(p.hi - start)
	p.hi = start
	f.deliver(b)
	return nil
}

// readRange reads whole lines from start to end, which is the start of a line or
// the end of a file. It is at most a batch, or else one line, which is cut.
func readRange(file File, start, end int64) (Batch, error) {
	most := min(end-start, MaxLine+1)
	buf := getBuffer(int(most) + 1)
	n, err := readFull(file, buf[:most], start)
	if err != nil {
		putBuffer(buf)
		return Batch{}, err
	}
	buf = buf[:n]
	if n > 0 && buf[n-1] != '\n' { // cut, or the last line of a file without an end
		buf = append(buf, '\n')
	}
	sp := splitter{begun: start > 0}
	whole, cut := sp.take(buf)
	if end-start > most {
		cut = 1
		if len(whole) > MaxLine { // MaxLine+1 bytes and no line end among them
			whole = append(whole[:MaxLine], '\n')
		}
	}
	b := NewBatch(whole, putBuffer)
	b.Cut, b.Offset = cut, start
	return b, nil
}

// relocate goes on in the copy of a file that was truncated meanwhile.
func (f *follower) relocate(p *past) error {
	file, _ := f.locate(&p.text, p.real, func(sibling) bool { return false })
	if file == nil {
		f.st.LostBytes += p.hi - p.lo
		p.lo, p.hi = 0, 0
		return nil
	}
	p.h.release()
	p.h = share(file)
	return nil
}

// behindNext opens the next older rotated file.
func (f *follower) behindNext(p *past) error {
	if len(p.queue) == 0 {
		return errPastEnd
	}
	s := p.queue[len(p.queue)-1]
	p.queue = p.queue[:len(p.queue)-1]
	if s.info.ModTime().Before(f.opt.Since.Add(-TimeSlack)) {
		return errPastEnd // nor is anything older in those before it
	}
	file, ok := f.reopen(s, p.real)
	if !ok {
		return nil
	}
	p.number--
	if _, ok := file.(*archive); ok {
		it := newItem(share(file), s.info, s.path, p.number, f.now())
		it.fixed = true
		p.zip = it
		return nil
	}
	p.h.release()
	p.h = share(file)
	p.real = s.path
	var covered bool
	var err error
	p.hi = s.info.Size()
	if p.lo, covered, err = f.beginning(file, p.hi); err != nil {
		return err
	}
	if covered {
		p.queue = nil
	}
	p.text, err = readImprint(file, p.hi)
	return err
}

// reopen opens a rotated file that may have got another name meanwhile.
func (f *follower) reopen(s sibling, path string) (File, bool) {
	if file, ok := s.open(f.opt.FS); ok {
		return file, true
	}
	for _, x := range siblings(f.opt.FS, path, false) {
		if (settled{s.info, s.info.Size(), s.info.ModTime()}).is(x.info) {
			return x.open(f.opt.FS)
		}
	}
	return nil, false
}

// behindZip delivers the next piece of a compressed file.
func (f *follower) behindZip(p *past) error {
	c, err := p.zip.read(f.opt.PastBatch, 1<<62, f.now())
	if err == nil && c.n > 0 {
		c.batch.Past = true
		f.deliverSince(c.batch, p)
		return nil
	}
	if b, ok := p.zip.flush(f.now()); ok {
		b.Past = true
		f.deliverSince(b, p)
	}
	p.zip.f.release()
	p.zip = nil
	if err != nil {
		f.st.LostBytes++ // how much a damaged archive held can't be known
	}
	return nil
}

// deliverSince delivers a batch of a file whose place in time can't be searched,
// unless it ends before what is wanted.
func (f *follower) deliverSince(b Batch, p *past) {
	if f.opt.TimeOf != nil && b.Data != nil && endsBefore(b.Data, f.opt.Since.Add(-TimeSlack), f.opt.TimeOf) {
		b.Release()
		return
	}
	p.spend(int64(len(b.Data)))
	f.deliver(b)
}

// endsBefore says whether the last line with a time is older than since.
func endsBefore(data []byte, since time.Time, timeOf func([]byte) (time.Time, bool)) bool {
	for len(data) > 0 {
		i := len(data) - 1
		for i > 0 && data[i-1] != '\n' {
			i--
		}
		line, _ := NextLine(data[i:])
		if t, ok := timeOf(line); ok {
			return t.Before(since)
		}
		data = data[:i]
	}
	return false
}

// once reads to the present end: the rotated files that are wanted first, the
// oldest of them at the beginning.
func (f *follower) once(ctx context.Context) error {
	file, info, target, err := openReal(f.opt.FS, f.path)
	if err != nil {
		return explain(f.path, err)
	}
	it := newItem(share(file), info, f.path, 0, f.now())
	it.real = target
	for _, s := range siblings(f.opt.FS, target, false) {
		f.settle(s.info)
	}
	f.chain = []*item{it}
	f.st.State = StateHistory
	if !f.admit(it) && !f.archive {
		if f.refused == nil {
			return errors.New(f.st.Why)
		}
		return f.refused
	}
	if !f.archive && !f.resume(it) {
		begin, covered, err := f.beginning(it.f, info.Size())
		if err == nil {
			err = it.seek(begin)
		}
		if err != nil {
			return explain(f.path, err)
		}
		if !covered {
			f.chain = append(f.olderFiles(it), it)
		}
	}
	for ctx.Err() == nil && f.cycle(ctx) && !it.done && it.off < info.Size() {
		f.report(false)
	}
	f.end(ctx)
	return nil
}

// olderFiles opens the rotated files that hold what is wanted before it.
func (f *follower) olderFiles(it *item) []*item {
	p := newPast(f, it, it.off, false)
	if p == nil {
		return nil
	}
	defer p.close()
	var items []*item
	for len(p.queue) > 0 {
		if f.behindNext(p) != nil {
			break
		}
		if p.zip != nil {
			items, p.zip = append(items, p.zip), nil
			continue
		}
		if p.hi == 0 || p.text.off != p.hi {
			continue
		}
		old := newItem(p.h.retain(), it.info, p.real, p.number, f.now())
		if old.seek(p.lo) != nil {
			old.f.release()
			continue
		}
		old.info, _ = old.f.Stat()
		old.fixed = true
		items = append(items, old)
	}
	slices.Reverse(items)
	return items
}
