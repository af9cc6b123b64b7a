// Package incident is where passive and active evidence meet: the Aggregator
// takes statistics, probe results and check results and publishes an immutable
// Snapshot.
//
// In: window.Stats, probe.Results, Steps (many goroutines, through its methods).
// Out: Snapshots.
//
// Delivery: nothing put in is lost; snapshots are newest-wins, at most ten a
// second, and the channel of Changed holds one poke.
package incident
