package story

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"time"
)

const (
	// maxSightings is how many requests of a log are compared with another's.
	maxSightings = 256
	// minShared is how many requests two logs must share before their clocks are
	// compared, minAgree the share of these that must agree on the offset.
	minShared = 5
	minAgree  = 0.6
	// minID is the length from which an id is one request's, in bytes; shorter ones are
	// counters that begin anew.
	minID = 8
	// tolerance is how much later than the request's end its lines may be written.
	tolerance = 50 * time.Millisecond
	// leastOffset is the smallest offset worth a word.
	leastOffset = 200 * time.Millisecond
	// maxOpenSpan bounds how long a request counts as open.
	maxOpenSpan = time.Minute
)

// Sightings are a sample of the requests that a log speaks of, with the times that it
// gives them. Which requests are in it follows from their ids alone (those with the
// lowest hashes): samples of two logs hold the same requests, and the order of the
// lines or their split over several Sightings that are then merged changes nothing.
// The zero value is empty. It is not safe for concurrent use.
type Sightings struct {
	spans map[uint64]span
	worst uint64 // no higher hash is wanted, 0 while there is room
}

// span is the time in which a log speaks of a request, in Unix nanoseconds.
type span struct{ from, to int64 }

// Add counts a line of the request id. at is its time in Unix nanoseconds; took is how
// long the request was open as the line has it, 0 or less when it does not tell. Gateways
// stamp a request at its beginning or its end, so both are allowed for.
func (s *Sightings) Add(id []byte, at int64, took time.Duration) {
	if len(id) < minID || at == 0 {
		return
	}
	h := hashID(id)
	if s.worst != 0 && h > s.worst {
		return
	}
	open := int64(min(max(took, 0), maxOpenSpan))
	unit := int64(time.Millisecond)
	if at%int64(time.Second) == 0 { // a clock of whole seconds
		unit = int64(time.Second)
	}
	s.put(h, span{at - open, at + open + unit})
}

// put adds a span and says whether it changed anything.
func (s *Sightings) put(h uint64, x span) bool {
	if have, ok := s.spans[h]; ok {
		if x = (span{min(have.from, x.from), max(have.to, x.to)}); x == have {
			return false
		}
	}
	if s.spans == nil {
		s.spans = make(map[uint64]span)
	}
	s.spans[h] = x
	if len(s.spans) >= 2*maxSightings {
		s.trim()
	}
	return true
}

// trim lets go of all but the lowest hashes.
func (s *Sightings) trim() {
	if len(s.spans) <= maxSightings {
		return
	}
	all := make([]uint64, 0, len(s.spans))
	for h := range s.spans {
		all = append(all, h)
	}
	slices.Sort(all)
	for _, h := range all[maxSightings:] {
		delete(s.spans, h)
	}
	s.worst = all[maxSightings-1]
}

// Merge adds what o saw and says whether that changed anything: of a log that is read
// for long, hardly a request is among the sample any more.
func (s *Sightings) Merge(o *Sightings) (changed bool) {
	for h, x := range o.spans {
		if s.worst == 0 || h <= s.worst {
			changed = s.put(h, x) || changed
		}
	}
	s.trim()
	return changed
}

// Len is how many requests are in the sample.
func (s *Sightings) Len() int { return min(len(s.spans), maxSightings) }

// Reset empties s.
func (s *Sightings) Reset() {
	clear(s.spans)
	s.worst = 0
}

// Clock is how the clock of a log stands against another's. The zero value says that
// it is not known.
type Clock struct {
	// Offset is how far the log's times are ahead, less than 0 for behind; the truth is
	// within Error of it if the requests that agree tell the truth.
	Offset, Error time.Duration
	Requests      int // that both logs speak of and that agree
}

// Against compares the clock of s with that of reference: at the true offset the two
// spans of a request overlap, so it is the offset at which most of them do (Marzullo's
// intersection, as NTP takes it from its servers). It is unknown when they share too
// few requests or when these don't agree.
func (s *Sightings) Against(reference *Sightings) Clock {
	type edge struct {
		at   int64
		step int // 1 where a request begins to allow the offset, -1 where it ends to
	}
	var edges []edge
	for h, r := range reference.spans {
		if x, ok := s.spans[h]; ok {
			edges = append(edges, edge{x.from - r.to - int64(tolerance), 1}, edge{x.to - r.from + int64(tolerance), -1})
		}
	}
	shared := len(edges) / 2
	if shared < minShared {
		return Clock{}
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(b.step, a.step)) })
	var from, to int64
	most, now := 0, 0
	for i, e := range edges {
		if now += e.step; now > most {
			most, from, to = now, e.at, edges[i+1].at
		}
	}
	if float64(most) < minAgree*float64(shared) {
		return Clock{}
	}
	return Clock{Offset: time.Duration(from + (to-from)/2), Error: time.Duration((to - from + 1) / 2), Requests: most}
}

// Off says whether the clocks differ by more than the lines leave open.
func (c Clock) Off() bool {
	return c.Requests > 0 && c.Offset.Abs() > c.Error && c.Offset.Abs() >= leastOffset
}

// Zone returns the part of the offset that looks like a mistaken time zone: whole
// quarters of an hour, which all zones are apart, 0 for none.
func (c Clock) Zone() time.Duration {
	const quarter = 15 * time.Minute
	zone := c.Offset.Round(quarter)
	if !c.Off() || (c.Offset-zone).Abs() > c.Error+2*time.Second {
		return 0
	}
	return zone
}

// String says it in words against the log named reference; it is empty when nothing is
// known.
func (c Clock) String() string {
	if c.Requests == 0 {
		return ""
	}
	by := fmt.Sprintf("by %d requests that both logs have", c.Requests)
	if !c.Off() {
		return "clock agrees, " + by
	}
	side := "ahead"
	if c.Offset < 0 {
		side = "behind"
	}
	text := fmt.Sprintf("clock %s %s (± %s, %s)", rounded(c.Offset.Abs()), side, rounded(c.Error), by)
	if c.Zone() != 0 {
		text += ": probably a time without its zone, see --timezone"
	}
	return text
}

// rounded leaves out digits that nobody needs.
func rounded(d time.Duration) time.Duration {
	if d >= 10*time.Second {
		return d.Round(time.Second)
	}
	return d.Round(10 * time.Millisecond)
}

// hashID has no random seed: the same logs give the same sample in every run. Who
// makes ids collide spoils the offset of these requests only.
func hashID(b []byte) uint64 {
	h := uint64(len(b)) ^ 0x9e3779b97f4a7c15
	for ; len(b) >= 8; b = b[8:] {
		h = foldID(h ^ binary.LittleEndian.Uint64(b))
	}
	for _, c := range b {
		h = foldID(h ^ uint64(c))
	}
	return max(1, foldID(h))
}

func foldID(x uint64) uint64 {
	hi, lo := bits.Mul64(x^0xe7037ed1a0b428db, 0xa0761d6478bd642f)
	return hi ^ lo
}
