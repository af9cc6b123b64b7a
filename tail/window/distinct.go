package window

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// distinctBits gives 4096 registers: a standard error of 1.6 %.
const distinctBits = 12

// distinct estimates the number of different values (HyperLogLog). Its hash has
// no random seed, so that the same log gives the same number in every run.
type distinct struct {
	register [1 << distinctBits]uint8
}

// mix is a 64-bit hash of b by folded multiplication.
func mix(b []byte) uint64 {
	const k0, k1 = 0x9e3779b97f4a7c15, 0xe7037ed1a0b428db
	h := uint64(len(b)) * k1
	for len(b) >= 8 {
		h = fold(h^binary.LittleEndian.Uint64(b), k0)
		b = b[8:]
	}
	var tail uint64
	for i, c := range b {
		tail |= uint64(c) << (8 * i)
	}
	return fold(fold(h^tail, k1), k0)
}

// fold multiplies to 128 bits and folds the halves together.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0xa0761d6478bd642f, b)
	return hi ^ lo
}

func (d *distinct) add(b []byte) {
	h := mix(b)
	i := h >> (64 - distinctBits)
	zeros := uint8(bits.LeadingZeros64(h<<distinctBits|1<<(distinctBits-1))) + 1
	if zeros > d.register[i] {
		d.register[i] = zeros
	}
}

func (d *distinct) merge(o *distinct) {
	for i, n := range o.register {
		d.register[i] = max(d.register[i], n)
	}
}

// estimate returns the number of different values: linear counting while
// registers are empty enough, the harmonic mean above.
func (d *distinct) estimate() uint64 {
	m := float64(len(d.register))
	sum, empty := 0.0, 0
	for _, n := range d.register {
		sum += math.Ldexp(1, -int(n))
		if n == 0 {
			empty++
		}
	}
	e := 0.7213 / (1 + 1.079/m) * m * m / sum
	if e <= 2.5*m && empty > 0 {
		e = m * math.Log(m/float64(empty))
	}
	return uint64(e + 0.5)
}
