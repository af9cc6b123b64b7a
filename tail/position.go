package tail

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Position says how far a file was read, so that a later run can go on there.
type Position struct {
	Offset int64 // bytes of the file's text that are done with; the start of a line
	// Fingerprint is a SHA-256 over the text's beginning and what stands before
	// Offset: the file is known by it whatever its name is by then.
	Fingerprint string
	// Identity is the file's device and number where the system has such, else "". It
	// only counts when Offset is 0, when there is no text to know the file by.
	Identity string
}

// Positions remember how far files were read. Their methods are called from the
// goroutines of the sources.
type Positions interface {
	// Load returns the position of the file named path, false when none is known.
	Load(path string) (Position, bool)
	Save(path string, p Position)
}

// Done is what a Sink may have besides: how far the lines it was given are done with,
// as Batch.File and an offset in that file. Without it, or with ok false, a batch is
// done with when the sink took it.
type Done interface {
	Done() (file int, offset int64, ok bool)
}

// saveEvery is how often positions are saved while they move.
const saveEvery = 500 * time.Millisecond

// fingerprint returns the fingerprint of the text that p is the imprint of.
func (p *imprint) fingerprint() string {
	if p.off == 0 {
		return ""
	}
	sum := sha256.New()
	sum.Write(p.head)
	sum.Write(p.mark)
	return hex.EncodeToString(sum.Sum(nil))
}

// holds says whether f holds the text up to p.
func (p *Position) holds(f File) bool {
	now, err := readImprint(f, p.Offset)
	return err == nil && int64(len(now.head)) == min(p.Offset, headSize) && int64(len(now.mark)) == min(p.Offset, markSize) &&
		now.fingerprint() == p.Fingerprint
}

// resume makes the chain begin where an earlier run stopped: in the file it, which
// has the name now, or in the rotated copy that holds the text by now, the newer ones
// behind it. It is false when no position is known. A position that nothing fits to
// is of a file that is gone: all that is there is new.
func (f *follower) resume(it *item) bool {
	if f.opt.Positions == nil {
		return false
	}
	p, ok := f.opt.Positions.Load(f.path)
	if !ok {
		return false
	}
	f.passed = place{it.number, 0}
	if p.Offset == 0 && (p.Identity == "" || p.Identity == identity(it.info)) {
		return true
	}
	if p.Offset > 0 && it.info.Size() >= p.Offset && p.holds(it.f) && it.resume(p.Offset) == nil {
		f.passed.offset = p.Offset
		return true
	}
	if items := f.resumeOlder(&p, it); items != nil {
		items = append(items, it)
		f.chain = items
		f.before = items[len(items)-2]
		f.passed = place{items[0].number, p.Offset}
	}
	return true
}

// resume moves the item to off. Within a line that was cut, the rest of it is left out.
func (it *item) resume(off int64) error {
	if err := it.seek(off); err != nil {
		return err
	}
	it.sp.skip = len(it.mark) > 0 && it.mark[len(it.mark)-1] != '\n'
	return nil
}

// resumeOlder returns the rotated files from the one that holds p on, nil when none
// does.
func (f *follower) resumeOlder(p *Position, it *item) []*item {
	all := siblings(f.opt.FS, it.real, false)
	for i := len(all) - 1; i >= 0; i-- {
		s := all[i]
		if it.is(s.info) || !s.compressed() && s.info.Size() < p.Offset {
			continue
		}
		file, ok := s.open(f.opt.FS)
		if !ok {
			continue
		}
		first := newItem(share(file), s.info, s.path, 0, f.now())
		if p.Offset == 0 && p.Identity == identity(s.info) || p.Offset > 0 && p.holds(file) && first.resume(p.Offset) == nil {
			first.fixed = s.compressed()
			return f.numbered(append([]*item{first}, f.newer(all[i+1:], it)...), it)
		}
		_ = file.Close() // opened for reading only: nothing can be lost
	}
	return nil
}

// newer opens the rotated files that came after the one the reading begins in.
func (f *follower) newer(all []sibling, it *item) []*item {
	var items []*item
	for _, s := range all {
		file, ok := File(nil), false
		if !it.is(s.info) {
			file, ok = s.open(f.opt.FS)
		}
		if ok {
			x := newItem(share(file), s.info, s.path, 0, f.now())
			x.fixed = s.compressed()
			items = append(items, x)
		}
	}
	return items
}

// numbered numbers items as the files before it.
func (f *follower) numbered(items []*item, it *item) []*item {
	for i, x := range items {
		x.number = it.number - len(items) + i
	}
	return items
}

// place is a place in one of the files of a source.
type place struct {
	file   int
	offset int64
}

// pass notes how far the sink took the lines of an item.
func (f *follower) pass(it *item) {
	f.passed = place{it.number, it.off - int64(len(it.sp.carry))}
}

// save tells the positions how far the lines are done with: now and then, or at once
// with force.
func (f *follower) save(force bool) {
	if f.opt.Positions == nil || f.archive {
		return
	}
	now := f.now()
	if !force && now.Before(f.saveAt) {
		return
	}
	p := f.passed
	if d, ok := f.sink.(Done); ok {
		if file, offset, ok := d.Done(); ok {
			p = place{file, offset}
		}
	}
	if f.saved == p && !f.saveAt.IsZero() {
		return
	}
	for _, it := range f.chain {
		if it.number != p.file || p.offset > it.off {
			continue
		}
		text, err := readImprint(it.f, p.offset)
		if err != nil || !it.fixed && int64(len(text.mark)) < min(p.offset, markSize) { // truncated by now
			return
		}
		f.saveAt, f.saved = now.Add(saveEvery), p
		f.opt.Positions.Save(f.path, Position{Offset: p.offset, Fingerprint: text.fingerprint(), Identity: identity(it.info)})
		return
	}
}
