package tail

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"
)

// look finds out what has the name now and whether the current file was truncated,
// and makes the chain agree.
func (f *follower) look(ctx context.Context) {
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
		f.arrive(ctx)
	}
	if cur != nil && cur == f.current() {
		f.checkTruncated(ctx, cur)
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

// checkTruncated notices that the current file became shorter than what was read of
// it, or holds another text up to there.
func (f *follower) checkTruncated(ctx context.Context, cur *item) {
	if cur.off == 0 {
		return
	}
	info, err := cur.f.Stat()
	if err != nil {
		f.fail(explain(cur.name, err))
		return
	}
	if info.Size() > cur.off { // the read that follows looks at the text
		return
	}
	if info.Size() == cur.off {
		if same, err := cur.in(cur.f); err != nil || same {
			return
		}
	}
	f.truncated(ctx, cur)
}

// arrive opens the file that has the name now and puts it at the end of the chain.
func (f *follower) arrive(ctx context.Context) {
	now := f.now()
	if now.Before(f.retryAt) {
		return
	}
	file, info, real, err := openReal(f.opt.FS, f.path)
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
	next := newItem(share(file), info, f.path, f.number, now)
	next.real = real
	if cur == nil {
		f.first(ctx, next)
		return
	}
	f.st.Rotations++
	f.fine()
	f.carryOn(cur, next)
	between := f.between(cur, next)
	f.number++
	next.number = f.number
	f.chain = append(f.chain, next)
	f.before = cur
	next.checked = true
	f.insert(between, len(f.chain)-1)
	f.watchAt = time.Time{}
}

// openReal opens name and returns what it is and where its links lead.
func openReal(fsys FS, name string) (File, fs.FileInfo, string, error) {
	real, err := fsys.Real(name)
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
	return file, info, real, nil
}

// comeBack puts a file that was read before, and has the name again, at the end of
// the chain, at the place where it was left. False: info is another file.
func (f *follower) comeBack(info fs.FileInfo) bool {
	for i, it := range f.chain {
		if it.is(info) && !it.fixed {
			f.before = f.current()
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
		it.f = share(file)
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

// carryOn lets next begin where cur was read to, when next is cur written anew
// under the same name (an editor, a copy moved over it) and not its successor.
func (f *follower) carryOn(cur, next *item) {
	if cur.off == 0 || cur.off > carryOnMost || next.info.Size() < cur.off {
		return
	}
	if same, err := cur.in(next.f); err != nil || !same {
		return
	}
	if !sameText(cur.f, next.f, cur.off) {
		return
	}
	next.imprint, next.sp, next.sniffed = cur.imprint, cur.sp, true
	next.head, next.mark = slices.Clone(cur.head), slices.Clone(cur.mark)
	cur.sp, cur.fixed, cur.done = splitter{}, true, true
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

// truncated handles a current file that is not the text it was: what was not read
// of it is looked for in the copy that was made before.
func (f *follower) truncated(_ context.Context, cur *item) {
	f.st.Rotations++
	now := f.now()
	f.number++
	next := &item{f: cur.f.retain(), info: cur.info, name: cur.name, real: cur.real, number: f.number, quiet: now, whole: now}
	f.chain = f.chain[:len(f.chain)-1]
	old := f.findCopy(cur)
	copied := old != nil
	if copied {
		f.chain = append(f.chain, old)
	} else {
		old = cur
		f.st.LostBytes += max(0, cur.size-cur.off)
		if b, ok := cur.flush(now); ok {
			f.deliver(b)
		}
	}
	f.before = old
	between := f.between(old, next)
	for _, it := range between {
		it.joined = copied
	}
	f.chain = append(f.chain, next)
	f.insert(between, len(f.chain)-1)
	cur.f.release()
}

// insert puts items before place at of the chain.
func (f *follower) insert(items []*item, at int) bool {
	if len(items) == 0 {
		return false
	}
	cur := f.chain[at]
	for _, it := range items {
		it.number = f.number
		f.number++
	}
	cur.number = f.number
	f.st.Rotations += len(items)
	f.chain = slices.Insert(f.chain, at, items...)
	f.before = items[len(items)-1]
	return true
}

// findCopy looks for the file that holds the text of cur as it was before it was
// truncated, and returns an item that goes on in it.
func (f *follower) findCopy(cur *item) *item {
	file, s := f.locate(&cur.imprint, cur.real, func(s sibling) bool {
		return cur.is(s.info) || f.isKnown(s.info) || f.inChain(s.info) != nil
	})
	if file == nil {
		return nil
	}
	it := newItem(share(file), s.info, s.path, cur.number, f.now())
	it.imprint, it.sp = cur.imprint, cur.sp
	it.fixed, it.joined, it.sniffed, it.checked = true, true, true, true
	f.settle(s.info)
	return it
}

// locate opens the newest rotated file that begins with the text of p, leaving out
// those that skip names. Nil: there is none.
func (f *follower) locate(p *imprint, real string, skip func(sibling) bool) (File, sibling) {
	all := siblings(f.opt.FS, real, false)
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

// between finds the rotated files that came after before and ahead of cur and were
// never read, oldest first.
func (f *follower) between(before, cur *item) []*item {
	if before == nil {
		return nil
	}
	all := siblings(f.opt.FS, cur.real, false)
	moved := before.real != cur.real
	if moved && filepath.Clean(before.real) != filepath.Clean(before.name) {
		all = append(siblings(f.opt.FS, before.real, true), all...)
	}
	start, end, found := 0, len(all), false
	for i, s := range all {
		if f.isBefore(before, s) {
			start, found = i+1, true
		}
		if cur.is(s.info) {
			end = i
		}
	}
	var items []*item
	for i, s := range all {
		if f.isKnown(s.info) {
			continue
		}
		if i < start {
			f.settle(s.info)
			continue
		}
		if i >= end || s.info.Size() == 0 || f.inChain(s.info) != nil {
			continue
		}
		if (!found || moved) && s.info.ModTime().Before(before.mod) {
			f.settle(s.info)
			continue
		}
		it, same := f.unread(s, before, cur)
		switch {
		case same: // a copy or the compressed form of the file before: what came earlier was read
			for _, x := range items {
				x.f.release()
			}
			items = nil
			f.settle(s.info)
		case it != nil:
			items = append(items, it)
			f.settle(s.info)
		}
	}
	f.prune(all)
	return items
}

// unread opens a sibling to be read whole. same: it holds the text of before.
// Neither: it is a copy of cur in the making, or can't be told yet.
func (f *follower) unread(s sibling, before, cur *item) (it *item, same bool) {
	if s.compressed() {
		if _, err := f.opt.FS.Stat(s.stem); err == nil {
			return nil, false // being compressed at this moment
		}
	}
	file, ok := s.open(f.opt.FS)
	if !ok {
		return nil, false
	}
	for _, c := range f.closed {
		if ok, err := c.in(file); c.is(s.info) && (ok || err != nil) {
			_ = file.Close()
			return nil, false
		}
	}
	head := make([]byte, headSize)
	n, err := readFull(file, head, 0)
	if err == nil && n > 0 && before.off > 0 {
		if ok, err := before.in(file); ok && err == nil {
			_ = file.Close()
			return nil, true
		}
	}
	if err != nil || n == 0 || sniff(s.path, head[:n]) != nil || !s.compressed() && beginsWith(cur.f, file) {
		_ = file.Close()
		return nil, false
	}
	it = newItem(share(file), s.info, s.path, 0, f.now())
	it.sniffed, it.checked, it.fixed = true, true, s.compressed()
	return it, false
}

// beginsWith says whether whole begins with all that part holds, which is so while
// part is being copied from it.
func beginsWith(whole, part File) bool {
	a, err := whole.Stat()
	if err != nil {
		return false
	}
	b, err := part.Stat()
	return err == nil && a.Size() >= b.Size() && b.Size() <= carryOnMost && sameText(whole, part, b.Size())
}

// isBefore says whether the sibling is the file before. Once that is closed its
// inode may be used again, so the text decides.
func (f *follower) isBefore(before *item, s sibling) bool {
	if !before.is(s.info) || before.f.refs > 0 {
		return before.is(s.info)
	}
	if s.info.Size() < before.off {
		return false
	}
	file, ok := s.open(f.opt.FS)
	if !ok {
		return false
	}
	same, err := before.in(file)
	_ = file.Close()
	return err == nil && same
}

func (f *follower) inChain(info fs.FileInfo) *item {
	for _, it := range f.chain {
		if it.is(info) {
			return it
		}
	}
	return nil
}

func (f *follower) isKnown(info fs.FileInfo) bool {
	return slices.ContainsFunc(f.known, func(s settled) bool { return s.is(info) })
}

func (f *follower) settle(info fs.FileInfo) {
	f.known = append(f.known, settled{info, info.Size(), info.ModTime()})
}

// prune forgets the known files that are gone.
func (f *follower) prune(all []sibling) {
	f.known = slices.DeleteFunc(f.known, func(k settled) bool {
		return !slices.ContainsFunc(all, func(s sibling) bool { return k.is(s.info) })
	})
}
