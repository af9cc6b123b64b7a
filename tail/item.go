package tail

import (
	"bytes"
	"io/fs"
	"os"
	"time"
)

// Bytes by which a file is known again: its head, and what stands before the place
// read up to.
const (
	headSize = 1 << 10
	markSize = 256
)

// imprint is what is known of a file that was read up to off: enough to tell whether
// another file, or the same one later, still begins with the same off bytes.
type imprint struct {
	off  int64
	head []byte // the first min(off, headSize) bytes
	mark []byte // the last min(off, markSize) bytes before off
}

// item is one file on the chain that a follower reads: the oldest first, the
// current one last.
type item struct {
	imprint
	f      *handle
	info   fs.FileInfo // as opened; tells identity
	name   string      // as opened
	number int         // Batch.File
	sp     splitter
	real   string // name with its symbolic links resolved
	size   int64  // when last looked at
	limit  int64  // read up to here in this round
	mod    time.Time
	// fixed: a copy or an archive, which no one writes to any more.
	fixed bool
	// joined: its unfinished line goes on in the next item (copytruncate).
	joined bool
	done   bool  // fixed and read to its end
	heir   *heir // not nil until it is known whether its beginning repeats another file
	shared int64 // size at which another file took its unfinished line over, 0 for none
	// start is what the file began with when it was asked what came between it and
	// the one before it: the first read must find the same.
	start []byte
	quiet time.Time // since when nothing came
	whole time.Time // when the last line ended
}

// handle is an open file that several readers share; the last one closes it.
type handle struct {
	File
	refs int
}

func share(f File) *handle { return &handle{File: f, refs: 1} }

func (h *handle) retain() *handle {
	h.refs++
	return h
}

func (h *handle) release() {
	if h.refs--; h.refs == 0 {
		_ = h.Close() // opened for reading only: nothing can be lost
	}
}

// newItem returns an item over an open file, to be read from its beginning.
func newItem(f *handle, info fs.FileInfo, name string, number int, now time.Time) *item {
	return &item{
		f: f, info: info, name: name, real: name, number: number,
		size: info.Size(), mod: info.ModTime(), quiet: now, whole: now,
	}
}

// seek moves the item to off, which must be the start of a line.
func (it *item) seek(off int64) error {
	p, err := readImprint(it.f, off)
	if err != nil {
		return err
	}
	it.imprint, it.sp = p, splitter{begun: off > 0}
	return nil
}

// readImprint reads the imprint of f at off.
func readImprint(f File, off int64) (imprint, error) {
	p := imprint{off: off, head: make([]byte, min(off, headSize)), mark: make([]byte, min(off, markSize))}
	n, err := readFull(f, p.head, 0)
	if err != nil {
		return p, err
	}
	m, err := readFull(f, p.mark, off-int64(len(p.mark)))
	p.head, p.mark = p.head[:n], p.mark[:m]
	return p, err
}

// in says whether f begins with the bytes that p is the imprint of. Only an error of
// reading is an error.
func (p *imprint) in(f File) (bool, error) {
	var buf [headSize]byte
	n, err := readFull(f, buf[:len(p.head)], 0)
	if err != nil || !bytes.Equal(buf[:n], p.head) {
		return false, err
	}
	if p.off <= int64(len(p.head)) {
		return true, nil
	}
	n, err = readFull(f, buf[:len(p.mark)], p.off-int64(len(p.mark)))
	return err == nil && bytes.Equal(buf[:n], p.mark), err
}

// advance moves the imprint over data, which was read at off.
func (p *imprint) advance(data []byte) {
	if room := headSize - len(p.head); room > 0 && p.off == int64(len(p.head)) {
		p.head = append(p.head, data[:min(room, len(data))]...)
	}
	p.off += int64(len(data))
	if len(data) >= markSize {
		p.mark = append(p.mark[:0], data[len(data)-markSize:]...)
		return
	}
	if over := len(p.mark) + len(data) - markSize; over > 0 {
		p.mark = p.mark[:copy(p.mark, p.mark[over:])]
	}
	p.mark = append(p.mark, data...)
}

// chunk is the outcome of one read.
type chunk struct {
	batch Batch // empty when no line ended
	n     int   // bytes read
	gone  bool  // the file is not what it was: truncated or written anew
}

// read reads at most most bytes from the item up to limit and checks afterwards that
// they belong to the text read before: only then are they taken.
func (it *item) read(most int, limit int64, now time.Time) (chunk, error) {
	want := int(min(int64(most), limit-it.off))
	if want <= 0 {
		return chunk{}, nil
	}
	old := len(it.sp.carry)
	if old < most/2 { // together not more than a buffer of the size asked for
		want = min(want, most-old)
	}
	buf := getBuffer(old + want)
	copy(buf, it.sp.carry)
	n, err := readFull(it.f, buf[old:], it.off)
	if err != nil {
		putBuffer(buf)
		return chunk{}, err
	}
	if !it.fixed {
		same, err := it.in(it.f)
		same = same && (it.off > 0 || startsAs(buf[old:old+n], it.start))
		if err != nil || !same {
			putBuffer(buf)
			return chunk{gone: err == nil}, err
		}
	}
	if n == 0 {
		putBuffer(buf)
		return chunk{}, nil
	}
	it.quiet = now
	at := it.off - int64(old)
	it.advance(buf[old : old+n])
	whole, cut := it.sp.take(buf[:old+n])
	if len(whole) == 0 {
		putBuffer(buf)
		return chunk{n: n}, nil
	}
	it.whole = now
	b := NewBatch(whole, putBuffer)
	b.Cut, b.File, b.Offset, b.Received = cut, it.number, at, now
	return chunk{batch: b, n: n}, nil
}

// startsAs says whether one of the texts begins with the other and neither or both
// are empty.
func startsAs(data, start []byte) bool {
	n := min(len(data), len(start))
	return bytes.Equal(data[:n], start[:n]) && (n > 0 || len(start) == 0)
}

// flush gives the unfinished last line up as a line, false when there is none.
func (it *item) flush(now time.Time) (Batch, bool) {
	rest := it.sp.rest()
	if len(rest) == 0 || it.shared > 0 && it.off == it.shared {
		return Batch{}, false
	}
	b := NewBatch(append(rest, '\n'), nil)
	b.File, b.Offset, b.Received = it.number, it.off-int64(len(rest)), now
	return b, true
}

// is says whether info is the item's file.
func (it *item) is(info fs.FileInfo) bool { return it.info != nil && os.SameFile(it.info, info) }
