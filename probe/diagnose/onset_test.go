package diagnose

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"why502/tail"
	"why502/tail/window"
)

// TestWithMessages compares the merge with counting second by second.
func TestWithMessages(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		var points []window.Point
		var found []*finding
		slow := map[int64]window.Point{}
		for unix := range int64(r.IntN(30)) {
			if r.IntN(2) == 0 {
				p := window.Point{Unix: unix, Total: uint32(1 + r.IntN(9)), Failed: uint32(r.IntN(2))}
				points, slow[unix] = append(points, p), p
			}
		}
		told := map[int64][2]uint32{}
		for range r.IntN(4) {
			f := &finding{kind: tail.KindError, sig: &Signature{Role: []Role{Primary, Companion}[r.IntN(2)]}}
			for unix := range int64(32) {
				if r.IntN(8) == 0 {
					n := uint32(1 + r.IntN(12))
					f.seconds = append(f.seconds, window.SecondCount{Unix: unix, Count: n})
					c := told[unix]
					if f.sig.Role == Companion {
						c[1] += n
					} else {
						c[0] += n
					}
					told[unix] = c
				}
			}
			found = append(found, f)
		}
		for unix, c := range told {
			n := max(c[0], c[1])
			p, ok := slow[unix]
			switch {
			case !ok:
				p = window.Point{Unix: unix, Total: n, Failed: n, Lead: -time.Millisecond}
			case n > p.Failed:
				p.Failed, p.Total = n, max(p.Total, n)
			}
			slow[unix] = p
		}
		var want []window.Point
		for unix := range int64(32) {
			if p, ok := slow[unix]; ok {
				want = append(want, p)
			}
		}
		if diff := cmp.Diff(want, withMessages(points, found)); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	}
}
