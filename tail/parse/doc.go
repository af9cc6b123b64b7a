// Package parse understands log lines: a table of formats, one file a gateway,
// and the detection that picks from it.
//
// In: lines as bytes. Out: Events that point into them. It is pure and allocates
// nothing a line.
//
// Delivery: every line gives exactly one Event; a line that no format of the Plan
// understands gives one of kind raw.
package parse
