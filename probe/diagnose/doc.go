// Package diagnose says why: it matches the messages and outcomes of a Snapshot
// against tables of signatures, joins them with what probes, configuration and
// host say, and ranks the causes.
//
// In: a Snapshot. Out: a Verdict. It is pure: the same snapshot gives the same
// verdict.
package diagnose
