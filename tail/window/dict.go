package window

import (
	"bytes"
	"hash/maphash"
)

// seed is new in every process, so that no log can be made to collide.
var seed = maphash.MakeSeed()

// maxValue is the length at which a counted value is cut, in bytes.
const maxValue = 256

// bound cuts a value to maxValue.
func bound(b []byte) []byte { return b[:min(len(b), maxValue)] }

// hashOf is the hash that a dict wants; a value is hashed once for all dicts.
func hashOf(b []byte) uint64 { return maphash.Bytes(seed, b) }

// dict numbers byte strings in the order they come, without allocating for one
// that is known. Values are kept in one arena.
type dict struct {
	slots []uint32 // index+1 into words, 0 free; a power of two, at most half full
	words []word
	arena []byte
}

type word struct {
	hash     uint64
	off, len uint32
}

// find returns the number of key, -1 when it is not known.
func (d *dict) find(hash uint64, key []byte) int {
	if len(d.slots) == 0 {
		return -1
	}
	mask := uint64(len(d.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		n := d.slots[i]
		if n == 0 {
			return -1
		}
		if w := &d.words[n-1]; w.hash == hash && bytes.Equal(d.arena[w.off:w.off+w.len], key) {
			return int(n - 1)
		}
	}
}

// add numbers key, which must not be known.
func (d *dict) add(hash uint64, key []byte) int {
	if 2*(len(d.words)+1) > len(d.slots) {
		d.resize(max(32, 2*len(d.slots)))
	}
	d.words = append(d.words, word{hash, uint32(len(d.arena)), uint32(len(key))})
	d.arena = append(d.arena, key...)
	d.place(len(d.words) - 1)
	return len(d.words) - 1
}

func (d *dict) place(n int) {
	mask := uint64(len(d.slots) - 1)
	i := d.words[n].hash & mask
	for d.slots[i] != 0 {
		i = (i + 1) & mask
	}
	d.slots[i] = uint32(n + 1)
}

func (d *dict) resize(size int) {
	if size > len(d.slots) {
		d.slots = make([]uint32, size)
	} else {
		clear(d.slots)
	}
	for n := range d.words {
		d.place(n)
	}
}

// key returns the bytes of number n; they live until the dict changes.
func (d *dict) key(n int) []byte {
	w := d.words[n]
	return d.arena[w.off : w.off+w.len]
}

// keep drops all keys that keep says no to. The others are numbered anew in the
// same order; moved is told both numbers of each.
func (d *dict) keep(keep func(n int) bool, moved func(from, to int)) {
	words, arena := d.words[:0], d.arena[:0]
	for n, w := range d.words {
		if !keep(n) {
			continue
		}
		moved(n, len(words))
		off := uint32(len(arena))
		arena = append(arena, d.arena[w.off:w.off+w.len]...)
		words = append(words, word{w.hash, off, w.len})
	}
	d.words, d.arena = words, arena
	d.resize(len(d.slots))
}

func (d *dict) reset() {
	d.words, d.arena = d.words[:0], d.arena[:0]
	clear(d.slots)
}
