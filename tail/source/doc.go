// Package source turns what a person names (a file, a glob, a directory, "-", a URI)
// into sources, and finds the logs of this machine when nothing was named.
//
// In: SOURCE arguments. Out: tail.Sources, one a file. A glob or a directory gives
// one source a file found and, when following, one more that waits for files to
// come: it hands each to Options.Added or, without that, delivers its lines itself
// with Batch.Name set.
//
// Delivery: as package tail promises. Files that are one and the same by different
// names are read once, rotated ones only as the history of the living one.
package source
