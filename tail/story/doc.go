// Package story finds the lines of several logs that speak of one request: the
// gateway's access line, its error lines and what the application wrote.
//
// In: the lines' fields, each log's in the order of time. Out: for each request the
// lines that belong to it and by what they were found; and how far the clocks of two
// logs are apart, by the requests that both have (Sightings). It is pure.
//
// Lines are joined by the request's id where both carry one, else by the number
// of the connection, else by second, client and path, and last by second and
// upstream (nginx's error log carries no request id, HAProxy's events no path).
// The application does not know the gateway's client: its lines are joined by id,
// by the path within the time of the request, and lines without a path (a
// traceback, a worker that was killed) by the time alone, which is said.
//
// Delivery: a line that speaks of one request is given to one request only, until
// there are more requests than lines; then the last one is shared and marked so. A
// request has at most MaxParts lines.
package story
