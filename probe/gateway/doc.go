// Package gateway reads gateway configuration: which logs and formats, which
// upstreams, which timeouts and buffers, and what in it invites failing requests.
//
// In: a path. Out: a Config with the place of everything in it. Nothing is run
// and nothing is written; includes are followed within bounds.
package gateway
