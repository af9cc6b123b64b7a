package tail

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// look finds out what has the name now, what had it since the last look, and whether
// a file was truncated, and makes the chain agree.
func (f *follower) look(ctx context.Context) {
	f.checkTruncated(false)
	info, err := f.opt.FS.Stat(f.path)
	var failed error
	if cur := f.current(); err == nil && !info.IsDir() && (cur == nil || !cur.is(info)) && !f.now().Before(f.retryAt) {
		failed = f.sub.catch()
	}
	for _, c := range f.sub.take() {
		f.arrive(ctx, c)
	}
	cur := f.current()
	switch {
	case isGone(err):
		f.away(cur)
	case err != nil:
		if !f.now().Before(f.retryAt) {
			f.fail(explain(f.path, err))
		}
	case cur != nil && cur.is(info):
		if f.st.State == StateWaiting || f.st.State == StateFailed && !f.unreadable && !f.now().Before(f.retryAt) {
			f.fine()
		}
	case info.IsDir():
		f.fail(notFile(f.path))
	case failed != nil && !isGone(failed):
		f.fail(explain(f.path, failed))
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

// arrive puts a file that got the name at the end of the chain.
func (f *follower) arrive(ctx context.Context, c caught) {
	if cur := f.current(); cur != nil && cur.is(c.info) { // it is, or came back, between two looks
		_ = c.file.Close()
		return
	}
	// What happened to the current file before it was renamed comes first.
	f.checkTruncated(true)
	cur := f.current()
	if cur != nil && cur.off == 0 {
		f.insert(f.between(f.before, cur), len(f.chain)-1)
	}
	rewritten := cur != nil && !kept(siblings(f.opt.FS, cur.real, false), cur) // perhaps
	if f.comeBack(c, rewritten) {
		return
	}
	next := newItem(share(c.file), c.info, f.path, 0, f.now())
	next.real = c.real
	if cur == nil {
		f.first(ctx, next)
		return
	}
	f.st.Rotations++
	f.fine()
	between := f.between(cur, next)
	if len(between) == 0 && rewritten {
		next.heir = &heir{old: cur}
	}
	f.chain = append(f.chain, next)
	f.before = cur
	f.insert(between, len(f.chain)-1)
	f.watchAt = time.Time{}
}

// comeBack puts a file that was read before, and has the name again, at the end of
// the chain, at the place where it was left. False: c is another file. An inode that
// was used again may hold the same text too, of the current file written anew if
// that is possible: then there is more of it that was read.
func (f *follower) comeBack(c caught, rewritten bool) bool {
	for i, it := range f.chain {
		if it.is(c.info) && !it.fixed {
			_ = c.file.Close()
			f.before = f.current()
			it.number = f.before.number + 1
			f.chain = append(slices.Delete(f.chain, i, i+1), it)
			f.fine()
			return true
		}
	}
	for i, it := range f.closed {
		if !it.is(c.info) || it.fixed {
			continue
		}
		f.closed = slices.Delete(f.closed, i, i+1)
		if same, err := it.in(c.file); err != nil || !same { // the inode was used again
			return false
		}
		if rewritten {
			if r, err := repeats(f.current(), false, c.file, it.off); err != nil || r.n >= it.off {
				return false
			}
		}
		it.f, it.done = share(c.file), false
		if cur := f.current(); cur != nil {
			it.number = cur.number + 1
		}
		f.before = f.current()
		f.chain = append(f.chain, it)
		f.fine()
		return true
	}
	return false
}

// kept says whether a rotation kept the file under another name.
func kept(all []sibling, it *item) bool {
	return slices.ContainsFunc(all, func(s sibling) bool { return it.is(s.info) })
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
	if old != nil {
		f.chain = slices.Insert(f.chain, i, old)
		i++
	} else {
		old = cur
		next.heir = &heir{old: old, inPlace: true}
	}
	if next == f.current() {
		f.before = old
	}
	between := f.between(old, next)
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
