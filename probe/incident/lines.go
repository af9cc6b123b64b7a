package incident

import (
	"cmp"
	"slices"
	"time"
	"unsafe"
)

// The bounds of a store of kept lines.
const (
	chunkSize = 256 << 10
	maxLines  = 20_000
)

// lineStore keeps the newest lines within a budget of bytes. Texts are copied
// into large chunks, so that keeping a line allocates nothing, and the slice that
// view returns stays valid and unchanged for as long as somebody holds it.
type lineStore struct {
	budget int
	lines  []Line // append-only between compactions
	start  int    // lines before it are evicted
	bytes  int    // of the texts of lines[start:]
	chunk  []byte
	// unsorted says that lines came out of time order since the last view, as
	// history read behind the present does.
	unsorted bool
	// floor is the time of the oldest line when the budget was last full: what is older
	// would be the first to go.
	floor time.Time
}

// add keeps a line; text is copied and cut at MaxKept.
func (s *lineStore) add(l Line, text []byte) {
	if l.Time.Before(s.floor) {
		return
	}
	text = text[:min(len(text), MaxKept)]
	if len(s.chunk)+len(text) > cap(s.chunk) {
		s.chunk = make([]byte, 0, chunkSize)
	}
	at := len(s.chunk)
	s.chunk = append(s.chunk, text...)
	// The bytes of a chunk are written once, so a string may point at them.
	l.Text = unsafe.String(unsafe.SliceData(s.chunk[at:]), len(text))
	if n := len(s.lines); n > s.start && l.Time.Before(s.lines[n-1].Time) {
		s.unsorted = true
	}
	s.lines = append(s.lines, l)
	s.bytes += len(text)
	// Some slack, so that history that arrives behind the present is sorted, and what
	// stays is copied, once for many lines.
	if s.bytes > s.budget+s.budget/4 || len(s.lines)-s.start > 2*maxLines {
		s.trim()
	}
}

// trim evicts the oldest lines until the budget holds and lets go of their memory.
func (s *lineStore) trim() {
	s.sort()
	for s.bytes > s.budget || len(s.lines)-s.start > maxLines {
		s.bytes -= len(s.lines[s.start].Text)
		s.start++
	}
	if s.start > 0 && s.start < len(s.lines) {
		s.floor = s.lines[s.start].Time
	}
	s.lines, s.start = slices.Clone(s.lines[s.start:]), 0
}

// sort puts the lines in time order without touching slices already given out.
func (s *lineStore) sort() {
	if !s.unsorted {
		return
	}
	s.unsorted = false
	sorted := slices.Clone(s.lines[s.start:])
	slices.SortStableFunc(sorted, func(a, b Line) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		if c := cmp.Compare(a.Source, b.Source); c != 0 {
			return c
		}
		return cmp.Compare(a.Seq, b.Seq)
	})
	s.lines, s.start = sorted, 0
}

// view returns the newest maxLines kept, oldest first. The result is never written to.
func (s *lineStore) view() []Line {
	s.sort()
	n := len(s.lines)
	return s.lines[max(s.start, n-maxLines):n:n]
}
