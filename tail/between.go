package tail

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// relation is what a rotated file is to the gap between two files of the chain.
type relation uint8

const (
	unclear relation = iota // can't be told yet, it is looked at again with the next rotation
	moved                   // it has another name by now
	earlier                 // the file before the gap or one before that: it was read
	rest                    // the file before the gap written anew, with more text
	unread                  // it belongs into the gap
	later                   // the file after the gap or one after that
)

// betweenTries is how often the rotated files are listed again when one of them got
// another name, or was compressed, between the listing and the opening.
const betweenTries = 10

// between finds the rotated files that came after before and ahead of cur and were
// never read, oldest first. What lies between a copy and the file that it is of are
// copies too, and lines go on from one to the next.
func (f *follower) between(before, cur *item) []*item {
	if before == nil {
		return nil
	}
	for try := 1; ; try++ {
		items, again := f.fill(f.gap(before, cur), try == betweenTries)
		if again {
			continue
		}
		if before.joined {
			for _, it := range items {
				it.joined = true
			}
			if len(items) > 0 && len(cur.sp.carry) > 0 { // it was handed the end of before too early
				items[0].sp, cur.sp = cur.sp, splitter{}
			}
		}
		return items
	}
}

// fill opens what belongs into the gap. again: a file moved meanwhile, nothing was
// settled. With last it goes on without such a file.
func (f *follower) fill(g *gap, last bool) (items []*item, again bool) {
	var done []fs.FileInfo
	drop := func() {
		for _, x := range items {
			x.f.release()
		}
		items = items[:0]
	}
scan:
	for i, s := range g.all {
		if f.isKnown(s.info) {
			continue
		}
		it, rel := f.relate(g, i)
		switch rel {
		case later:
			break scan
		case moved:
			if !last {
				drop()
				return nil, true
			}
		case earlier: // what came ahead of it was read too
			drop()
			done = append(done, s.info)
		case rest:
			drop()
			items = append(items, it)
			done = append(done, s.info)
			g.before, g.found, last = it, true, true
		case unread:
			items = append(items, it)
			done = append(done, s.info)
		}
	}
	for _, info := range done {
		f.settle(info)
	}
	f.prune(g.all)
	return items, false
}

// gap is the place in time between two files of the chain.
type gap struct {
	before, cur *item
	all         []sibling // the oldest first
	start, end  int       // what is certain: only all[start:end] can belong here
	found       bool      // before is among them by identity
	renamed     bool      // the two files are of different names
	last        time.Time // of the last write to cur, when it can't be found by name
}

func (f *follower) gap(before, cur *item) *gap {
	g := &gap{before: before, cur: cur, all: siblings(f.opt.FS, cur.real, false), renamed: before.real != cur.real}
	if g.renamed && filepath.Clean(before.real) != filepath.Clean(before.name) {
		g.all = append(siblings(f.opt.FS, before.real, true), g.all...)
	}
	g.end = len(g.all)
	listed := false
	for i, s := range g.all {
		if f.isBefore(before, s) {
			g.start, g.found = i+1, true
		}
		if cur.is(s.info) {
			g.end, listed = i, true
		}
	}
	if info, err := f.opt.FS.Stat(f.path); !listed && (err != nil || !cur.is(info)) {
		if info, err := cur.f.Stat(); err == nil {
			g.last = info.ModTime()
		}
	}
	return g
}

// relate finds out what the sibling at place i is, and opens it when it is to be
// read.
func (f *follower) relate(g *gap, i int) (*item, relation) {
	s := g.all[i]
	switch {
	case i < g.start:
		return nil, earlier
	case i >= g.end:
		return nil, later
	case s.info.Size() == 0:
		return nil, unclear
	}
	if place := slices.IndexFunc(f.chain, func(it *item) bool { return it.is(s.info) }); place >= 0 {
		return nil, f.sideOf(g, place)
	}
	if (!g.found || g.renamed) && s.info.ModTime().Before(g.before.mod) {
		return nil, earlier
	}
	if s.compressed() {
		if _, err := f.opt.FS.Stat(s.stem); err == nil {
			return nil, unclear // being compressed at this moment
		}
	}
	file, ok := s.open(f.opt.FS)
	if !ok {
		return nil, f.stillThere(s)
	}
	it, rel := f.relateText(g, s, file)
	if it == nil {
		_ = file.Close() // opened for reading only: nothing can be lost
	}
	return it, rel
}

// stillThere is the relation of a sibling that can't be opened.
func (f *follower) stillThere(s sibling) relation {
	if info, err := f.opt.FS.Stat(s.path); err == nil && os.SameFile(info, s.info) {
		return unclear
	}
	return moved
}

// sideOf says on which side of the gap a file of the chain is.
func (f *follower) sideOf(g *gap, place int) relation {
	if place < slices.Index(f.chain, g.cur) || !slices.Contains(f.chain, g.cur) {
		return earlier
	}
	return later
}

// relateText tells the relation by the text of the sibling, open as file. An item is
// returned when it is to be read.
func (f *follower) relateText(g *gap, s sibling, file File) (*item, relation) {
	for _, c := range f.closed {
		if (c.is(s.info) || s.compressed()) && c.off > 0 {
			if ok, err := c.in(file); ok || err != nil {
				return nil, earlier
			}
		}
	}
	if s.compressed() {
		alike := func(it *item) bool { return headsAlike(it.f, file) }
		if headsAlike(g.cur.f, file) {
			return nil, later
		}
		if place := slices.IndexFunc(f.chain, alike); place >= 0 {
			return nil, f.sideOf(g, place)
		}
	}
	head := make([]byte, headSize)
	n, err := readFull(file, head, 0)
	if err != nil || n == 0 || sniff(s.path, head[:n]) != nil {
		return nil, unclear
	}
	it := newItem(share(file), s.info, s.path, g.before.number, f.now())
	it.fixed = s.compressed()
	if !g.found {
		if same, err := f.continues(g.before, it); err == nil && same {
			return it, rest
		}
		if same, err := g.before.in(file); same && err == nil && g.before.off > 0 {
			return nil, earlier
		}
	}
	if !s.compressed() && beginsWith(g.cur.f, file) {
		return nil, unclear // being copied from cur at this moment
	}
	if !g.last.IsZero() && s.info.ModTime().After(g.last) {
		return nil, later
	}
	return it, unread
}

// headsAlike says whether two files begin, or are wholly, the same.
func headsAlike(a, b File) bool {
	var x, y [headSize]byte
	n, err := readFull(a, x[:], 0)
	m, err2 := readFull(b, y[:], 0)
	return err == nil && err2 == nil && n > 0 && n == m && x == y
}

// continues says whether it holds all the text of before, and moves it behind that.
func (f *follower) continues(before, it *item) (bool, error) {
	r, err := repeats(before, false, it.f, it.size)
	if err != nil || r.n == 0 || !r.exact && r.n < r.of {
		return false, err
	}
	at, err := lastBreak(it.f, 0, r.n)
	if err != nil {
		return false, err
	}
	if at < r.n {
		before.shared = r.of
	}
	return true, it.seek(at)
}

// beginsWith says whether whole begins with all that part holds, which is so while
// part is being copied from it.
func beginsWith(whole, part File) bool {
	a, err := whole.Stat()
	if err != nil {
		return false
	}
	b, err := part.Stat()
	if err != nil || a.Size() < b.Size() || b.Size() > sharedMost {
		return false
	}
	n, err := commonText(whole, part, b.Size())
	return err == nil && n == b.Size()
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

func (f *follower) inChain(info fs.FileInfo) bool {
	return slices.ContainsFunc(f.chain, func(it *item) bool { return it.is(info) })
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
