// Package window turns events into bounded, mergeable statistics: requests by
// second and status class, latency quantiles, heavy hitters split into good and
// failed, groups of alike outcomes and messages, a few lines of each (Cases). It also
// searches them: Onset for when failing began and ended, Scope for what sets
// failing requests apart.
//
// In: Events (Stats.Add). Out: a View. It is pure: no clock, no I/O.
//
// Delivery: folding events in any order and any split over any number of Stats
// that are then merged gives the same View, as long as no bound is reached: 1024
// distinct values that failed and as many that never did in each dimension, 512
// outcomes, 512 message shapes, 16 upstreams or routes named by one of those, 64
// upstreams with a latency histogram, a week of seconds (a day of latency columns).
// Beyond a bound memory does not grow; counts are then never too high, and what is
// left out is counted in View.Missed, Count.Low and View.TooOld. Quantiles have the
// relative error HistogramError; View.Clients has a standard error of 1.6 % beyond
// its bound. Add allocates nothing for a value seen before.
//
// Measured on the 147 captures of the fault lab with failures in their access log
// (testdata/onset.txt, go test -run TestOnsetLab -v): the onset is found within 1.8
// s of the injected fault in all of them.
package window
