package window

import (
	"math"
	"math/bits"
	"time"
)

// HistogramError is the largest relative error of a quantile above 32 µs: half
// of a bucket's width, which is 1/32 of its octave. Below that the error is half
// a microsecond.
const HistogramError = 1.0 / 64

const (
	subBits   = 5
	subCount  = 1 << subBits
	topOctave = 33 // values from 2^33 µs (2.4 h) up share the last bucket
	buckets   = (topOctave - subBits + 1) * subCount
)

// Histogram counts durations in log-linear buckets. It has a fixed size (3.6
// KiB), merging is adding, and its result does not depend on the order of Adds.
// The zero value is empty and ready.
type Histogram struct {
	count  uint64
	max    time.Duration
	bucket [buckets]uint32
}

// bucketOf returns the bucket of us microseconds: linear to 32, then 32 buckets
// for each power of two.
func bucketOf(us uint64) int {
	if us < subCount {
		return int(us)
	}
	octave := bits.Len64(us) - 1
	if octave >= topOctave {
		return buckets - 1
	}
	return (octave-subBits+1)<<subBits | int(us>>(octave-subBits))&(subCount-1)
}

// middle returns the value that stands for bucket i.
func middle(i int) time.Duration {
	if i < subCount {
		return time.Duration(i) * time.Microsecond
	}
	shift := i>>subBits - 1
	low := uint64(subCount|i&(subCount-1)) << shift
	return time.Duration(low)*time.Microsecond + time.Duration(1)<<shift*time.Microsecond/2
}

// Add counts d; a negative d (not known) is ignored.
func (h *Histogram) Add(d time.Duration) {
	if d < 0 {
		return
	}
	i := bucketOf(uint64(d) / 1000)
	if h.bucket[i] != math.MaxUint32 {
		h.bucket[i]++
	}
	h.count++
	if d > h.max {
		h.max = d
	}
}

// Merge adds the counts of o.
func (h *Histogram) Merge(o *Histogram) {
	if o.count == 0 {
		return
	}
	for i, n := range o.bucket {
		h.bucket[i] += min(n, math.MaxUint32-h.bucket[i])
	}
	h.count += o.count
	h.max = max(h.max, o.max)
}

// Count returns how many durations were added.
func (h *Histogram) Count() uint64 { return h.count }

// Quantiles reads the usual quantiles; Max is exact.
func (h *Histogram) Quantiles() Quantiles {
	q := Quantiles{Count: h.count, Max: h.max}
	if h.count == 0 {
		return q
	}
	wanted := [...]struct {
		share float64
		into  *time.Duration
	}{{0.5, &q.P50}, {0.9, &q.P90}, {0.95, &q.P95}, {0.99, &q.P99}}
	var seen uint64
	next := 0
	for i, n := range h.bucket {
		seen += uint64(n)
		for next < len(wanted) && seen >= rank(h.count, wanted[next].share) {
			*wanted[next].into = min(middle(i), h.max)
			next++
		}
	}
	for ; next < len(wanted); next++ { // only after a counter was full
		*wanted[next].into = h.max
	}
	return q
}

// rank is the number of values at or below the quantile, by nearest rank.
func rank(count uint64, share float64) uint64 {
	return max(1, uint64(math.Ceil(share*float64(count)-1e-9)))
}

// latencyRow returns the row of the heat map that d belongs to. An octave of
// nanoseconds has at most one bound in it.
func latencyRow(d time.Duration) int {
	row := octaveRow[bits.Len64(uint64(max(d, 0)))]
	if int(row) < len(LatencyBounds) && d > LatencyBounds[row] {
		row++
	}
	return int(row)
}

// octaveRow is the row of the shortest duration of so many bits.
var octaveRow = func() (rows [65]uint8) {
	for n := range rows {
		least := uint64(1) << max(n-1, 0)
		for row := len(LatencyBounds) - 1; row >= 0 && least <= uint64(LatencyBounds[row]); row-- {
			rows[n] = uint8(row)
		}
		if least > uint64(LatencyBounds[len(LatencyBounds)-1]) {
			rows[n] = uint8(len(LatencyBounds))
		}
	}
	return rows
}()
