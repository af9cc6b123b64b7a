// Package checklist is the article's seven steps: a table of what each asks, what
// it concludes from a Snapshot without doing anything, and a runner that does it.
//
// In: a Snapshot and a Verdict. Out: Rows (pure), and through the Runner a Step a
// run, delivered to the aggregator.
//
// Delivery: Run returns one Step, after 30 s at the latest (the load step: when
// its plan ends), whatever upstreams, resolvers and files do. It only reads:
// connect, resolve, GET, HEAD, files. It contacts nobody with --no-probe, public
// resolvers never, and sends load only with a plan. Texts and commands of a Row
// are cleaned, masked, quoted for a POSIX shell and bounded.
package checklist
