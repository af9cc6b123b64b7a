// Package probe is active evidence: it asks upstreams directly, past the gateway,
// and says how far each try came and how it ended.
//
// In: Targets. Out: Results, each with the phase reached, a class and the times
// of all phases, taken on a fresh connection.
//
// Delivery: every probe ends in exactly one Result within its timeout. Probes
// only read: connect, resolve, GET, HEAD.
package probe
