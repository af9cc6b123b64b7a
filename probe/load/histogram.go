package load

import (
	"math/bits"
	"time"
)

const (
	// subBits gives each power of two 32 buckets: a value read back is at most
	// 1/32, 3.2 %, above the one put in.
	subBits = 5
	// maxExp bounds the histogram at 2^36 us, 19 hours.
	maxExp  = 36 - subBits
	buckets = (maxExp + 1) << subBits
)

// histogram counts latencies in log-linear buckets of microseconds, of fixed size
// whatever comes.
type histogram struct {
	counts [buckets]uint64
	n      uint64
	max    time.Duration
}

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucket(uint64(d/time.Microsecond))]++
	h.n++
	h.max = max(h.max, d)
}

func bucket(us uint64) int {
	exp := max(bits.Len64(us)-subBits-1, 0)
	if exp >= maxExp {
		return buckets - 1
	}
	// Within exp the value's leading bits run from 0 (exp 0) or 32 to 63.
	return exp<<subBits + int(us>>exp)
}

// upper is the largest value of a bucket.
func upper(i int) time.Duration {
	exp := max(i>>subBits-1, 0)
	lead := uint64(i - exp<<subBits)
	return time.Duration((lead+1)<<exp-1) * time.Microsecond
}

// quantile returns the value that the share q of all is not above, 0 when there
// are none.
func (h *histogram) quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := uint64(q * float64(h.n))
	if float64(rank) < q*float64(h.n) {
		rank++
	}
	rank = min(max(rank, 1), h.n)
	var seen uint64
	for i, c := range h.counts {
		if seen += c; seen >= rank {
			return min(upper(i), h.max)
		}
	}
	return h.max
}
