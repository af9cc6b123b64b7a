package window

// maxValue is the length at which a counted value is cut, in bytes.
const maxValue = 256

// bound cuts a value to maxValue.
func bound(b []byte) []byte { return b[:min(len(b), maxValue)] }

// dict numbers byte strings in the order they come, without allocating for one
// that is known. Values are kept in one arena.
type dict struct {
	// slots hold index+1 into words below the upper 16 bits of the hash, 0 free; a
	// power of two of them, at most half full. Small ones stay in the first cache.
	slots []uint32
	words []word
	arena []byte
}

type word struct {
	hash     uint64
	off, len uint32
}

// find returns the number of key, -1 when it is not known.
func (d *dict) find(hash uint64, key []byte) int {
	for i := hash; len(d.slots) > 0; i++ {
		slot := d.slots[i&uint64(len(d.slots)-1)]
		if slot == 0 {
			break
		}
		if n := int(uint16(slot)) - 1; slot>>16 == uint32(hash>>48) && string(d.key(n)) == string(key) {
			return n
		}
	}
	return -1
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
	d.slots[i] = uint32(d.words[n].hash>>48)<<16 | uint32(n+1)
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
