package tail

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// look finds out what has the name now and whether the current file was truncated,
// and makes the chain agree.
func (f *follower) look(ctx context.Context) {
	f.checkTruncated(false)
	info, err := f.opt.FS.Stat(f.path)
	cur := f.current()
	switch {
	case isGone(err):
		f.away(cur)
	case err != nil:
		if f.now().Before(f.retryAt) {
			return
		}
		f.fail(explain(f.path, err))
	case cur != nil && cur.is(info):
		if f.st.State == StateWaiting || f.st.State == StateFailed && !f.unreadable && !f.now().Before(f.retryAt) {
			f.fine()
		}
	case info.IsDir():
		f.fail(notFile(f.path))
	default:
		// What happened to the current file before it was renamed comes first.
		f.checkTruncated(true)
		if cur = f.current(); cur != nil && cur.off == 0 {
			f.insert(f.between(f.before, cur), len(f.chain)-1)
		}
		f.arrive(ctx)
	}
}

// checkTruncated finds the truncated files of the chain. With texts it looks at the
// text also where there is more to read; else the read that follows does that.
func (f *follower) checkTruncated(texts bool) {
	for i := 0; i < len(f.chain); i++ {
		if f.isTruncated(f.chain[i], texts) {
			f.truncated(i)
			i = -1
		}
	}
}

// fine makes following the state again.
func (f *follower) fine() {
	f.st.State, f.st.Why, f.backoff, f.retryAt = StateFollowing, f.unwatched, 0, time.Time{}
	f.unreadable = false
}

// away says that nothing has the name. The file that had it is still read.
func (f *follower) away(cur *item) {
	if f.st.State == StateWaiting {
		return
	}
	f.awaited = f.awaited || cur == nil
	f.st.State = StateWaiting
	f.st.Why = fmt.Sprintf("%s is not there yet; waiting for it (check the path if it never comes)", f.path)
	if cur != nil {
		f.st.Why = fmt.Sprintf("%s is away; waiting for it to come back", f.path)
	}
}

// isTruncated notices that a file became shorter than what was read of it, or holds
// another text up to there.
func (f *follower) isTruncated(it *item, text bool) bool {
	if it.off == 0 || it.fixed || it.done {
		return false
	}
	info, err := it.f.Stat()
	if err != nil {
		f.fail(explain(it.name, err))
		return false
	}
	if info.Size() < it.off || info.Size() > it.off && !text {
		return info.Size() < it.off
	}
	same, err := it.in(it.f)
	return err == nil && !same
}

// arrive opens the file that has the name now and puts it at the end of the chain.
func (f *follower) arrive(ctx context.Context) {
	now := f.now()
	if now.Before(f.retryAt) {
		return
	}
	file, info, target, err := openReal(f.opt.FS, f.path)
	if err != nil {
		if !isGone(err) {
			f.fail(explain(f.path, err))
		}
		return
	}
	cur := f.current()
	if cur != nil && cur.is(info) { // it came back between the two looks
		_ = file.Close()
		return
	}
	if f.comeBack(info) {
		_ = file.Close()
		return
	}
	next := newItem(share(file), info, f.path, 0, now)
	next.real = target
	if cur == nil {
		f.first(ctx, next)
		return
	}
	f.st.Rotations++
	f.fine()
	if !kept(siblings(f.opt.FS, cur.real, false), cur) {
		f.carryOn(cur, next)
	}
	between := f.between(cur, next)
	f.chain = append(f.chain, next)
	f.before = cur
	f.insert(between, len(f.chain)-1)
	f.watchAt = time.Time{}
}

// openReal opens name and returns what it is and where its links lead.
func openReal(fsys FS, name string) (File, fs.FileInfo, string, error) {
	target, err := fsys.Real(name)
	if err != nil {
		return nil, nil, "", err
	}
	file, err := fsys.Open(name)
	if err != nil {
		return nil, nil, "", err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, nil, "", err
	}
	return file, info, target, nil
}

// comeBack puts a file that was read before, and has the name again, at the end of
// the chain, at the place where it was left. False: info is another file.
func (f *follower) comeBack(info fs.FileInfo) bool {
	for i, it := range f.chain {
		if it.is(info) && !it.fixed {
			f.before = f.current()
			it.number = f.before.number + 1
			f.chain = append(slices.Delete(f.chain, i, i+1), it)
			f.fine()
			return true
		}
	}
	for i, it := range f.closed {
		if !it.is(info) || it.fixed {
			continue
		}
		file, err := f.opt.FS.Open(f.path)
		if err != nil {
			return false
		}
		now, err := file.Stat()
		same := err == nil && it.is(now)
		if same {
			same, err = it.in(file)
		}
		if err != nil || !same { // the inode was used again
			_ = file.Close()
			f.closed = slices.Delete(f.closed, i, i+1)
			return false
		}
		it.f, it.done = share(file), false
		if cur := f.current(); cur != nil {
			it.number = cur.number + 1
		}
		f.closed = slices.Delete(f.closed, i, i+1)
		f.before = f.current()
		f.chain = append(f.chain, it)
		f.fine()
		return true
	}
	return false
}

// carryOnMost bounds how much text is compared to know a rewritten file.
const carryOnMost = 256 << 20

// carryOn lets next begin where cur was read to, when next is cur written anew (by an
// editor, a copy moved over it): it begins with all the text of cur, and no rotation
// kept cur. cur is done then.
func (f *follower) carryOn(cur, next *item) bool {
	if next.fixed || next.info.Size() < cur.off || cur.off > carryOnMost {
		return false
	}
	if same, err := cur.in(next.f); err != nil || !same {
		return false
	}
	if cur.f.refs > 0 {
		info, err := cur.f.Stat()
		if err != nil || info.Size() == 0 || info.Size() > min(next.info.Size(), carryOnMost) || !sameText(cur.f, next.f, info.Size()) {
			return false
		}
	} else if cur.off == 0 {
		return false
	}
	next.imprint, next.sp, next.number = cur.imprint, cur.sp, cur.number
	next.head, next.mark = slices.Clone(cur.head), slices.Clone(cur.mark)
	cur.sp, cur.done, cur.dead = splitter{}, true, true
	return true
}

// kept says whether a rotation kept the file under another name.
func kept(all []sibling, it *item) bool {
	return slices.ContainsFunc(all, func(s sibling) bool { return it.is(s.info) })
}

// sameText compares the first n bytes of two files.
func sameText(a, b File, n int64) bool {
	x, y := getBuffer(256<<10), getBuffer(256<<10)
	defer putBuffer(x)
	defer putBuffer(y)
	for off := int64(0); off < n; {
		want := int(min(int64(len(x)), n-off))
		i, err := readFull(a, x[:want], off)
		j, err2 := readFull(b, y[:want], off)
		if err != nil || err2 != nil || i != want || j != want || string(x[:i]) != string(y[:j]) {
			return false
		}
		off += int64(want)
	}
	return true
}

// truncated handles the file at place i of the chain, which is not the text any more
// that it was: what was not read of it is looked for in the copy that was made
// before.
func (f *follower) truncated(i int) {
	f.st.Rotations++
	now := f.now()
	cur := f.chain[i]
	next := &item{f: cur.f.retain(), info: cur.info, name: cur.name, real: cur.real, quiet: now, whole: now}
	f.chain[i] = next
	old := f.findCopy(cur)
	copied := old != nil
	if copied {
		f.chain = slices.Insert(f.chain, i, old)
		i++
	} else {
		old = cur
		f.st.LostBytes += max(0, cur.size-cur.off)
		if b, ok := cur.flush(now); ok {
			f.deliver(b)
		}
	}
	if next == f.current() {
		f.before = old
	}
	between := f.between(old, next)
	for _, it := range between {
		it.joined = copied
	}
	next.number = cur.number + 1
	f.insert(between, i)
	cur.f.release()
}

// insert puts items before place at of the chain and numbers what was not read yet.
func (f *follower) insert(items []*item, at int) bool {
	f.chain = slices.Insert(f.chain, at, items...)
	if n := len(items); n > 0 && at+n == len(f.chain)-1 {
		f.before = items[n-1]
	}
	f.st.Rotations += len(items)
	for i := 1; i < len(f.chain); i++ {
		if it := f.chain[i]; it.off == 0 {
			it.number = f.chain[i-1].number + 1
		}
	}
	return len(items) > 0
}

// findCopy looks for the file that holds the text of cur as it was before it was
// truncated, and returns an item that goes on in it.
func (f *follower) findCopy(cur *item) *item {
	inUse := func(s sibling) bool { return cur.is(s.info) || f.inChain(s.info) }
	file, s := f.locate(&cur.imprint, cur.real, func(s sibling) bool { return inUse(s) || f.isKnown(s.info) })
	if file == nil && cur.off >= markSize { // enough to know the text by
		file, s = f.locate(&cur.imprint, cur.real, inUse)
	}
	if file == nil {
		return nil
	}
	it := newItem(share(file), s.info, s.path, cur.number, f.now())
	it.imprint, it.sp = cur.imprint, cur.sp
	it.fixed, it.joined = true, true
	f.settle(s.info)
	return it
}

// locate opens the newest rotated file that begins with the text of p, leaving out
// those that skip names. Nil: there is none.
func (f *follower) locate(p *imprint, path string, skip func(sibling) bool) (File, sibling) {
	all := siblings(f.opt.FS, path, false)
	for i := len(all) - 1; i >= 0; i-- {
		s := all[i]
		if !s.compressed() && s.info.Size() < p.off || skip(s) {
			continue
		}
		file, ok := s.open(f.opt.FS)
		if !ok {
			continue
		}
		if same, err := p.in(file); err == nil && same {
			return file, s
		}
		_ = file.Close()
	}
	return nil, sibling{}
}
