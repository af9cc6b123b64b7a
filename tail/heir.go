package tail

import "time"

// heir is a file that may be the one before it written anew: by an editor that saves
// a copy under the name, by sed -i, by a copy moved over the file or written back
// into it. Such a file begins with text that was delivered already.
type heir struct {
	old *item
	// inPlace: the old text is gone from the disk, only its imprint is left.
	inPlace bool
	since   time.Time // when no more than a part of the old text was there
}

// How long a file that holds nothing but the beginning of the old text is waited for:
// it may be written anew at this moment. Some bytes may just be the same first line;
// a headSize of them are no chance.
const (
	patience     = 30 * time.Millisecond
	longPatience = time.Second
)

// sharedMost bounds how much text is compared to know a rewritten file, in bytes.
const sharedMost = 256 << 20

// repeat is how much of a file's beginning repeats another file's.
type repeat struct {
	n     int64 // bytes, from the beginning
	of    int64 // bytes that the other file has, or had
	part  bool  // the file holds nothing else, but not all of it
	exact bool  // up to where the other file was read
}

// counts says whether the two are the same text and not two texts with the same first
// lines.
func (r repeat) counts() bool { return r.n > 0 && (r.n >= headSize || r.n >= r.of*3/4) }

// repeats compares the beginning of file, of which size bytes are there, with old.
func repeats(old *item, inPlace bool, file File, size int64) (repeat, error) {
	if !inPlace && old.f.refs > 0 {
		info, err := old.f.Stat()
		if err != nil {
			return repeat{}, err
		}
		n, err := commonText(old.f, file, min(info.Size(), size, sharedMost))
		return repeat{n: n, of: info.Size(), part: n == size && n < info.Size()}, err
	}
	head := make([]byte, min(int64(len(old.head)), size))
	n, err := readFull(file, head, 0)
	if err != nil {
		return repeat{}, err
	}
	r := repeat{n: int64(equalBytes(head[:n], old.head)), of: old.off}
	if r.n < int64(len(old.head)) {
		r.part = r.n == size
		return r, nil
	}
	if size < old.off {
		r.part = true
		return r, nil
	}
	if r.exact, err = old.in(file); r.exact {
		r.n = old.off
	}
	return r, err
}

// inherit decides for a file that was not read yet where its new text begins, and
// moves it there. wait: that can't be told yet, nothing may be read.
func (f *follower) inherit(it *item) (wait bool, err error) {
	h := it.heir
	r, err := repeats(h.old, h.inPlace, it.f, it.limit)
	if err != nil {
		return true, err
	}
	now := f.now()
	if r.part {
		most := patience
		if r.n >= headSize {
			most = longPatience
		}
		if h.since.IsZero() {
			h.since = now
		}
		if now.Sub(h.since) < most {
			f.held = true
			return true, nil
		}
	}
	it.heir = nil
	if r.exact && h.inPlace { // as if it had never been away
		it.imprint, it.sp = h.old.imprint, h.old.sp
		return false, nil
	}
	if h.inPlace {
		f.leave(h.old)
	}
	if !r.counts() {
		return false, nil
	}
	at, err := lastBreak(it.f, 0, r.n)
	if err != nil {
		return true, err
	}
	if at < r.n && r.n == r.of {
		h.old.shared = r.of // its unfinished line goes on in the new file
	}
	return false, it.seek(at)
}

// leave gives up what was not read of a file whose text is gone.
func (f *follower) leave(old *item) {
	f.st.LostBytes += max(0, old.size-old.off)
	if b, ok := old.flush(f.now()); ok {
		f.deliver(b)
	}
}

// equalBytes returns how many bytes a and b have in common at their beginning.
func equalBytes(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// commonText returns how many of the first n bytes of two files are the same.
func commonText(a, b File, n int64) (int64, error) {
	x, y := getBuffer(256<<10), getBuffer(256<<10)
	defer putBuffer(x)
	defer putBuffer(y)
	step := int64(sniffSize) // most differ at once
	for off := int64(0); off < n; {
		want := min(step, n-off)
		i, err := readFull(a, x[:want], off)
		if err != nil {
			return 0, err
		}
		j, err := readFull(b, y[:want], off)
		if err != nil {
			return 0, err
		}
		same := equalBytes(x[:i], y[:j])
		off += int64(same)
		if int64(same) < want {
			return off, nil
		}
		step = int64(len(x))
	}
	return n, nil
}
