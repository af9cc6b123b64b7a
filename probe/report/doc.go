// Package report turns what is known into something to hand on: one Report in the
// words of the contract, written as text, JSON, Markdown or HTML, and the JSON
// object of a single log line.
//
// In: a Snapshot, its Verdict and the checklist's Rows (Build); an Event
// (EventJSON). Out: bytes. It is pure: no clock, no I/O but the writer given.
//
// Delivery: every string of a Report has gone through tail.Safe, so that no
// secret, control character or bidirectional override is in it; each format then
// escapes what is special in it. All formats say the same.
package report
