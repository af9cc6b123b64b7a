package tail

import (
	"math/bits"
	"sync"
)

// The size classes of the batch pool are powers of two from 512 bytes, so that a
// kept batch of one line does not hold 64 KiB.
const (
	minClass = 9
	maxClass = 21 // MaxLine of unfinished line before a chunk of MaxLine
)

var pools [maxClass + 1]sync.Pool

// getBuffer returns a buffer of length n from the pool.
func getBuffer(n int) []byte {
	class := max(bits.Len(uint(max(n, 1)-1)), minClass)
	if class > maxClass {
		return make([]byte, n)
	}
	if b, ok := pools[class].Get().(*[]byte); ok {
		return (*b)[:n]
	}
	return make([]byte, n, 1<<class)
}

// putBuffer gives a buffer back. Only capacities of a class are kept.
func putBuffer(b []byte) {
	class := bits.Len(uint(cap(b))) - 1
	if class < minClass || class > maxClass || cap(b) != 1<<class {
		return
	}
	b = b[:0]
	pools[class].Put(&b)
}
