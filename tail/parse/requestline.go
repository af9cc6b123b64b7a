package parse

import (
	"bytes"

	"why502/tail"
)

// requestFormats are the last resort for access lines of people's own formats.
var requestFormats = []Format{{
	Name: "request-line", Gateway: "generic", Kind: tail.KindAccess, inner: true,
	Title: "any line with METHOD target PROTOCOL and a status right behind it; other fields stay unread: give the format string to read them",
	Doc:   "https://www.rfc-editor.org/rfc/rfc9112#name-request-line",
	build: requestLine,
	Positive: []Sample{
		{
			`[23/Nov/2026:07:13:28 +0000] 10.0.0.9 "GET /a?b=c HTTP/2.0" 502 157 0.123 10.0.0.5:80`,
			[]string{"time", "2026-11-23T07:13:28Z", "client", "10.0.0.9", "method", "GET", "path", "/a?b=c", "status", "502", "duration", ""},
		},
		{
			`2026-11-23T07:13:28.5+01:00 2001:db8::7 POST /a b HTTP/1.1 204 0`,
			[]string{"time", "2026-11-23T06:13:28.5Z", "client", "2001:db8::7", "method", "POST", "path", "/a b", "status", "204"},
		},
		{
			`10.0.0.9 - - [23/Nov/2026:07:13:28.250 +0000] "a.example" "GET /x HTTP/1.1" 404`,
			[]string{"time", "2026-11-23T07:13:28.25Z", "client", "10.0.0.9", "path", "/x", "status", "404", "protocol", "HTTP/1.1"},
		},
		{
			`2026-11-23 07:13:28,250 10.0.0.9 "GET /x HTTP/1.1" 503`,
			[]string{"time", "2026-11-23T07:13:28.25Z", "client", "10.0.0.9", "status", "503"},
		},
		{
			`1700000000.123 10.0.0.9:5012 "GET /x HTTP/1.1" 503`,
			[]string{"time", "2023-11-14T22:13:20.123Z", "client", "10.0.0.9", "status", "503"},
		},
	},
	Negative: []string{`HTTP Request: GET http://a/b "HTTP/1.1 200 OK"`, `the word GET /a HTTP/1.1 alone`, `10.0.0.9 "get /x HTTP/1.1" 503`, `10.0.0.9 "GET /x HTTP/1.1" 5031`},
}}

// requestLine finds the request by its protocol, then what stands around it: the
// status behind, a time and the client's address before.
func requestLine(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		if line[0] == '{' {
			return false
		}
		i := index(line, " HTTP/")
		if i < 0 {
			return false
		}
		end := i + 1
		for end < len(line) && line[end] != ' ' && line[end] != '"' {
			end++
		}
		rest := bytes.TrimPrefix(line[end:], []byte{'"'})
		if len(rest) < 4 || rest[0] != ' ' || !statusFollows(rest[1:]) {
			return false
		}
		start := requestStart(line[:i])
		if start < 0 {
			return false
		}
		request(line[start:end], ev)
		if !isMethod(ev.Method) || ev.Path == nil {
			return false
		}
		ev.Status, _ = statusCode(rest[1:4])
		s.aroundRequest(line[:start], ev)
		return true
	}
}

// requestStart is the index of the method in what stands before the protocol: behind
// the last quote or, without one, at the last word in capitals before a target.
func requestStart(b []byte) int {
	if i := bytes.LastIndexByte(b, '"'); i >= 0 {
		return i + 1
	}
	for i := bytes.LastIndex(b, []byte(" /")); i > 0; {
		j := bytes.LastIndexByte(b[:i], ' ')
		if isMethod(b[j+1 : i]) {
			return j + 1
		}
		i = bytes.LastIndex(b[:i], []byte(" /"))
	}
	return -1
}

// aroundRequest takes the first time and the first address of b.
func (s *state) aroundRequest(b []byte, ev *tail.Event) {
	if i := bytes.IndexByte(b, '['); i >= 0 {
		if in, _, ok := cut(b[i+1:], ']'); ok && len(in) < 40 {
			ev.Time, _ = s.clk.any(in)
		}
	}
	if ns, _, ok := s.clk.iso(b); ok && ev.Time == 0 { // with a blank in it
		ev.Time = ns
	}
	for len(b) > 0 {
		var w []byte
		w, b = word(b)
		w = bytes.Trim(w, `",;()|`)
		switch {
		case len(w) < 3:
		case ev.Time == 0 && len(w) >= 13 && isDigit(w[0]):
			ev.Time, _ = s.clk.any(w)
		case ev.Client == nil && isAddress(w) && (bytes.Count(w, pointByte) == 3 || index(w, "::") >= 0 || bytes.Count(w, colonByte) == 7):
			ev.Client = stripPort(w)
		}
	}
}
