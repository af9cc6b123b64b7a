// Package gateway reads gateway configuration: which logs and formats, which
// upstreams, which timeouts and buffers, and what in it invites failing requests.
//
// In: a path (nginx, also the output of nginx -T or a directory of server blocks;
// HAProxy; Apache; Caddyfile; Traefik's YAML files; Envoy's bootstrap, the files of its
// dynamic resources, its /config_dump). Out: a Config with the place
// of everything in it, or an error of one sentence that begins with file:line.
//
// Nothing is run and nothing is written. Includes are followed within bounds of
// depth, number and size; one that can't be read becomes a Lint, so that a copy of
// a configuration can be read elsewhere. Lints are tables of pure functions over
// what was read.
package gateway
