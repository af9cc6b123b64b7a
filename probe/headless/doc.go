// Package headless is the face without a terminal: the bodies of the commands
// report, parse, check, load, explain and formats.
//
// In: a session.Config and a writer. Out: text or JSON as the contract says, and
// whether something was wrong, for --exit-code. It decides nothing itself; it asks
// the same core as the monitor.
package headless
