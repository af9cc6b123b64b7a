// Package tail is passive evidence: it follows log files and holds the one event
// type that everything else works on.
//
// In: paths. Out: Batches of whole lines (a [Source] pushes them into a [Sink]),
// and, by way of package parse, Events that point into a batch.
//
// Delivery: lines arrive complete, in order, each exactly once, through every
// kind of rotation; a slow sink holds the source back, and the lag is visible in
// [Status]. What can't be kept (a line over MaxLine, bytes that a truncation took)
// is counted there.
package tail
