package window

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// secret is new in every process, so that no log can be made to collide.
var secret = func() (k [3]uint64) {
	for i := range k {
		k[i] = new(maphash.Hash).Sum64() | 1 // of a seed of its own
	}
	return k
}()

// hashOf is the hash that a dict wants; a value is hashed once for all dicts. On
// values as short as those of a log line it takes a third of the time of maphash.
func hashOf(b []byte) uint64 { return mix(b, &secret) }

// mix is a 64-bit hash of b by folded multiplication.
func mix(b []byte, key *[3]uint64) uint64 {
	n := len(b)
	h, other := key[0]+uint64(n), key[2]
	var lo, hi uint64
	switch {
	case n > 16:
		rest := b
		for ; len(rest) > 32; rest = rest[32:] { // two chains, which the processor works on at once
			h = fold(word64(rest)^key[1], word64(rest[8:])^h)
			other = fold(word64(rest[16:])^key[2], word64(rest[24:])^other)
		}
		if len(rest) > 16 {
			h = fold(word64(rest)^key[1], word64(rest[8:])^h)
		}
		h ^= other
		lo, hi = word64(b[n-16:]), word64(b[n-8:]) // some of it read before
	case n >= 8:
		lo, hi = word64(b), word64(b[n-8:])
	case n >= 4:
		lo, hi = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[n-4:]))
	case n > 0:
		lo, hi = uint64(b[0])<<8|uint64(b[n-1]), uint64(b[n/2])
	}
	return fold(fold(lo^key[1], hi^h)^key[2], key[0])
}

func word64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// fold multiplies to 128 bits and folds the halves together.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
