// Package window turns events into bounded, mergeable statistics: requests by
// second and status class, latency quantiles, heavy hitters split into good and
// failed, groups of alike outcomes and messages, and the search for onset and
// recovery in them.
//
// In: Events (Stats.Add). Out: a View. It is pure: no clock, no I/O.
//
// Delivery: folding events in any split over any number of Stats that are then
// merged gives the same View. Memory is bounded whatever the events say; what a
// bound left out is counted in View.Missed. Add allocates nothing for a value seen
// before.
package window
