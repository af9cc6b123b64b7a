// Package load is the bounded load test: an open model (requests leave on time
// whether or not earlier ones were answered), latency from the intended send
// time, and a stop of its own when the target suffers.
//
// In: a Plan a person said yes to. Out: an Outcome, and progress on the way.
package load
