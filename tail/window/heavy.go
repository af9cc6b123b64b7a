package window

import (
	"bytes"
	"cmp"
	"slices"
)

const (
	// maxKept is how many values a dimension keeps that never failed, and as many
	// that did. Up to that many distinct values the counts are exact.
	maxKept = 1024
	// maxShown is how many values of a dimension a View holds.
	maxShown = 100
)

// heavy counts the values of a dimension, good and failed requests apart, within
// a bound. Values that failed and values that never did have separate room: no
// flood of good ones pushes out one that fails.
//
// Beyond the bound it works as batched Space-Saving: when one of the two rooms is
// full, the half with the lowest counts leaves, and the highest count that left is
// remembered as the floor. A value that comes (back) later may have been
// undercounted by at most the floor of that moment, which its entry keeps; so a
// count is never too high, and true <= count + low holds for each.
type heavy struct {
	dict               dict
	entries            []tally // as dict's words
	good, bad          int     // entries that never failed, entries that did
	okFloor, failFloor uint64
	// ok and failed count all requests that carried the dimension.
	ok, failed uint64
	last       int // the entry counted last
	scratch    []uint64
}

type tally struct {
	ok, failed       uint64
	okLow, failedLow uint64 // how much too low the counts may be
}

// add counts value once. It is made for dimensions whose value is mostly that of
// the line before, such as hosts and methods: that saves the hash.
func (h *heavy) add(value []byte, failed bool) {
	if h.last < len(h.entries) && bytes.Equal(h.dict.key(h.last), value) {
		h.count(h.last, failed)
		return
	}
	h.addHashed(hashOf(value), value, failed)
}

// addHashed counts value, whose hash is given, once. It returns true when value was
// not among the entries.
func (h *heavy) addHashed(hash uint64, value []byte, failed bool) (entered bool) {
	n := h.dict.find(hash, value)
	if n < 0 {
		n = h.enter(hash, value, failed)
		entered = true
	}
	h.last = n
	h.count(n, failed)
	return entered
}

// count counts entry n once.
func (h *heavy) count(n int, failed bool) {
	if failed {
		h.countFailed(n)
		return
	}
	h.entries[n].ok++
	h.ok++
}

func (h *heavy) countFailed(n int) {
	e := &h.entries[n]
	if e.failed == 0 && e.ok > 0 {
		h.good--
		h.bad++
	}
	e.failed++
	h.failed++
	if h.bad > maxKept {
		h.purge(true)
	}
}

// enter makes room for a new key, which will be counted as failed or good.
func (h *heavy) enter(hash uint64, key []byte, failed bool) int {
	switch {
	case failed:
		h.bad++ // count purges after it has counted, so that the newest can stay
	case h.good >= maxKept:
		h.purge(false)
		h.good++
	default:
		h.good++
	}
	h.entries = append(h.entries, tally{okLow: h.okFloor, failedLow: h.failFloor})
	return h.dict.add(hash, key)
}

// purge empties the lower half of one room. A value that failed but is not kept
// as such goes to the good ones, where it has to hold its own.
func (h *heavy) purge(bad bool) {
	h.scratch = h.scratch[:0]
	for i := range h.entries {
		if e := &h.entries[i]; (e.failed > 0) == bad {
			h.scratch = append(h.scratch, e.rank(bad))
		}
	}
	slices.Sort(h.scratch)
	floor := h.scratch[(len(h.scratch)-1)/2]
	if bad {
		h.failFloor = max(h.failFloor, floor)
	} else {
		h.okFloor = max(h.okFloor, floor)
	}
	h.good, h.bad = 0, 0
	h.dict.keep(func(i int) bool {
		e := &h.entries[i]
		if (e.failed > 0) != bad || e.rank(bad) > floor {
			return true
		}
		if bad && e.ok > 0 {
			e.failedLow, e.failed = floor, 0
			return true
		}
		h.okFloor = max(h.okFloor, e.ok+e.okLow)
		return false
	}, func(from, to int) {
		h.entries[to] = h.entries[from]
		if h.entries[to].failed > 0 {
			h.bad++
		} else {
			h.good++
		}
	})
	h.entries = h.entries[:len(h.dict.words)]
	if h.good > maxKept {
		h.purge(false)
	}
}

// rank is the highest the count can truly be.
func (e *tally) rank(bad bool) uint64 {
	if bad {
		return e.failed + e.failedLow
	}
	return e.ok + e.okLow
}

func (h *heavy) merge(o *heavy) {
	for i := range h.entries {
		h.entries[i].okLow += o.okFloor
		h.entries[i].failedLow += o.failFloor
	}
	for i := range o.entries {
		e, key := o.entries[i], o.dict.key(i)
		n := h.dict.find(o.dict.words[i].hash, key)
		if n < 0 {
			e.okLow += h.okFloor
			e.failedLow += h.failFloor
			h.entries = append(h.entries, e)
			h.dict.add(o.dict.words[i].hash, key)
			continue
		}
		into := &h.entries[n]
		into.ok += e.ok
		into.failed += e.failed
		into.okLow += e.okLow - o.okFloor
		into.failedLow += e.failedLow - o.failFloor
	}
	h.okFloor += o.okFloor
	h.failFloor += o.failFloor
	h.ok += o.ok
	h.failed += o.failed
	h.good, h.bad = 0, 0
	for i := range h.entries {
		if h.entries[i].failed > 0 {
			h.bad++
		} else {
			h.good++
		}
	}
	for h.bad > maxKept {
		h.purge(true)
	}
	for h.good > maxKept {
		h.purge(false)
	}
}

// missed counts the requests that no entry accounts for.
func (h *heavy) missed() uint64 {
	n := h.ok + h.failed
	for i := range h.entries {
		n -= h.entries[i].ok + h.entries[i].failed
	}
	return n
}

// exact says whether every count is exact.
func (h *heavy) exact() bool { return h.okFloor == 0 && h.failFloor == 0 }

// top returns the values, most failed first, then most frequent, then by name.
func (h *heavy) top(limit int) []Count {
	if len(h.entries) == 0 {
		return nil
	}
	order := make([]int, len(h.entries))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := &h.entries[a], &h.entries[b]
		return cmp.Or(cmp.Compare(y.failed, x.failed), cmp.Compare(y.ok, x.ok),
			bytes.Compare(h.dict.key(a), h.dict.key(b)))
	})
	out := make([]Count, min(limit, len(order)))
	for i := range out {
		e := &h.entries[order[i]]
		out[i] = Count{
			Value: string(h.dict.key(order[i])), OK: e.ok, Failed: e.failed,
			Low: e.okLow + e.failedLow,
		}
	}
	return out
}

func (h *heavy) reset() {
	h.dict.reset()
	*h = heavy{dict: h.dict, entries: h.entries[:0], scratch: h.scratch}
}
