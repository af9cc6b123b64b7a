// Package probe is active evidence: it asks upstreams directly, past the gateway,
// and says how far each try came and how it ended.
//
// In: Targets, names, addresses. Out: Do gives a Result with the phase reached, a
// class and the times of all phases, taken on a fresh connection; Scheduler polls
// targets and gives their Results, History keeps them; Resolve asks a resolver
// over the wire and LookupApps the system, each giving an Answer; Connect tells
// refused, rejected and filtered apart in a Reach; Path lists the routers on the
// way to a port.
//
// Delivery: every probe ends in exactly one Result within its timeout. A
// Scheduler tells Results one at a time and none after Stop. Probes only read:
// connect, resolve, handshake, GET, HEAD.
//
// What the peer said (Err, Server, FirstBytes, aliases, certificate names) is
// hostile text of bounded length, shown only through tail.Safe.
package probe
