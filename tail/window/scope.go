package window

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Trait is a value of a dimension that sets failing requests apart from good ones.
type Trait struct {
	Dimension Dimension
	Value     string
	// Of the requests that carry the dimension, Failed and OK have the value.
	Failed, OK uint64
	// FailedShare and OKShare are what part of the failing and of the good requests
	// that carry the dimension have the value, 0 to 1.
	FailedShare, OKShare float64
	// P is the probability of a split as uneven as this by chance (Fisher's exact
	// test, one-sided), times the number of values tested.
	P float64
}

const (
	maxTraits = 5
	// chance is the probability of a false trait in a whole View.
	chance = 0.01
	// minOdds is how many times the odds of failing must be raised, and minApart by
	// how much the shares must differ, for a trait worth saying.
	minOdds  = 3
	minApart = 0.2
	// all is the share of the failures that a trait must have to explain them alone,
	// none the share of good ones it may have then.
	all, none = 0.95, 0.05
	// cover is the share of the failures that several values of a dimension must
	// have together.
	cover = 0.6
)

// tellingOrder orders the dimensions by how much they say about the cause: of traits
// that explain the same failures the first stays.
var tellingOrder = [Dimensions]Dimension{ByUpstream, ByBackend, ByHost, ByRoute, ByMethod, ByClient, ByAgent}

// comesAlong is the place in tellingOrder from which on dimensions say nothing
// more when another one explains the failures: methods, clients and agents of one
// broken upstream or route.
const comesAlong = 4

// Scope says which values set the failed requests of v apart, the most telling
// first, at most five. Nothing means that everything fails alike, or that too few
// requests failed to tell.
//
// A value counts when Fisher's exact test leaves no doubt (with Bonferroni's
// correction for the number of values tried), its odds of failing are at least
// three times those of the rest, and the values of its dimension that count have
// most of the failures together. Values that merely come along (the routes of the
// upstream that is down) are dropped when another trait already explains the
// failures alone.
func Scope(v *View) []Trait {
	if v.Failed == 0 || v.Failed == v.Requests {
		return nil
	}
	tests := 0
	for _, d := range tellingOrder {
		tests += len(v.Top[d])
	}
	var out []Trait
	explained := false
	for i, d := range tellingOrder {
		traits := traitsOf(v, d, float64(tests))
		if len(traits) == 0 {
			continue
		}
		alone := explains(traits)
		if explained && (!alone || i >= comesAlong) {
			continue
		}
		if alone && !explained {
			explained, out = true, nil
		}
		out = append(out, traits...)
	}
	return out[:min(len(out), maxTraits)]
}

// elsewhere is the share of the failures outside of a time from which on they blur
// its scope.
const elsewhere = 0.1

// Within returns v with the failures of from..to alone, for Scope; good requests
// stay those of all of the log, whose mix is what the failing ones are compared with.
// Clients and agents are left out then. Where hardly anything fails outside, v is
// returned as it is.
func (v *View) Within(from, to time.Time) *View {
	var in, all uint64
	counts := [Dimensions]map[string]uint64{}
	for i := range v.Stretches {
		s := &v.Stretches[i]
		all += s.Failed
		if s.To <= from.Unix() || s.From > to.Unix() {
			continue
		}
		in += s.Failed
		for d := range s.By {
			if counts[d] == nil {
				counts[d] = map[string]uint64{}
			}
			for _, c := range s.By[d] {
				counts[d][c.Value] += c.Failed
			}
		}
	}
	if in == 0 || float64(all-in) < elsewhere*float64(all) {
		return v
	}
	out := *v
	out.Requests, out.Failed = v.Requests-v.Failed+in, in
	for d := range out.Top {
		out.Top[d], out.Carried[d].Failed = nil, 0
		for _, c := range v.Top[d] {
			c.Failed = counts[d][c.Value]
			out.Carried[d].Failed += c.Failed
			out.Top[d] = append(out.Top[d], c)
		}
		sortCounts(out.Top[d])
	}
	return &out
}

// explains says whether the traits of one dimension have about all failures and
// hardly a good request.
func explains(traits []Trait) bool {
	var failed, ok float64
	for _, t := range traits {
		failed += t.FailedShare
		ok += t.OKShare
	}
	return failed >= all && ok <= none
}

// traitsOf returns the values of one dimension that count, the largest share of
// failures first.
func traitsOf(v *View, d Dimension, tests float64) []Trait {
	failed, ok := v.Carried[d].Failed, v.Carried[d].OK
	if failed == 0 || ok == 0 || failed*2 < v.Failed || len(v.Top[d]) < 2 {
		return nil
	}
	var out []Trait
	for _, c := range v.Top[d] {
		if c.Failed == 0 {
			break // Top is ordered by failures
		}
		t := Trait{
			Dimension: d, Value: c.Value, Failed: c.Failed, OK: c.OK,
			FailedShare: float64(c.Failed) / float64(failed), OKShare: float64(c.OK) / float64(ok),
		}
		t.P = min(1, tests*Fisher(c.Failed, c.OK, failed-c.Failed, ok-c.OK))
		if t.P < chance && odds(c.Failed, c.OK, failed-c.Failed, ok-c.OK) >= minOdds {
			out = append(out, t)
		}
	}
	var failedShare, okShare float64
	for _, t := range out {
		failedShare += t.FailedShare
		okShare += t.OKShare
	}
	if failedShare < cover || failedShare-okShare < minApart {
		return nil
	}
	slices.SortStableFunc(out, func(a, b Trait) int { return cmp.Compare(b.FailedShare, a.FailedShare) })
	return out
}

// odds is the odds ratio of the table [a b; c d], each cell raised by a half so
// that empty ones don't make it infinite.
func odds(a, b, c, d uint64) float64 {
	return (float64(a) + 0.5) * (float64(d) + 0.5) / ((float64(b) + 0.5) * (float64(c) + 0.5))
}

// Fisher is the probability that, with the margins of the table [a b; c d] given,
// the first cell is a or more by chance: Fisher's exact test, one-sided.
func Fisher(a, b, c, d uint64) float64 {
	row, col, n := float64(a+b), float64(a+c), float64(a+b+c+d)
	if float64(a) <= row*col/n {
		return 1
	}
	x := float64(a)
	term := math.Exp(logChoose(row, x) + logChoose(n-row, col-x) - logChoose(n, col))
	sum := 0.0
	for x <= min(row, col) && term > 0 {
		sum += term
		if term < sum*1e-9 {
			break
		}
		term *= (row - x) * (col - x) / ((x + 1) * (n - row - col + x + 1))
		x++
	}
	return min(1, sum)
}

// logChoose is the logarithm of n over k.
func logChoose(n, k float64) float64 {
	a, _ := math.Lgamma(n + 1)
	b, _ := math.Lgamma(k + 1)
	c, _ := math.Lgamma(n - k + 1)
	return a - b - c
}
