// Package session wires the core that all faces share: sources to parsers to
// statistics to the aggregator, the probe scheduler and the checklist's runner.
//
// In: a Config. Out: a Core. It owns every goroutine it starts and Close ends
// them all.
package session
