// Package checklist is the article's seven steps: a table of what each asks, what
// it concludes from a Snapshot without doing anything, and a runner that does it.
//
// In: a Snapshot and a Verdict. Out: Rows (pure), and through the Runner a Step a
// run, delivered to the aggregator.
package checklist
