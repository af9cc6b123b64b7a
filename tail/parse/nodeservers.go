package parse

import (
	"time"

	"why502/tail"
)

// nodeFormats are the request lines of Node's usual middleware.
var nodeFormats = []Format{{
	Name: "morgan", Gateway: "express", Kind: tail.KindUpstream, first: "a",
	Title: "Express' morgan, dev and tiny; milliseconds, no time", Doc: "https://expressjs.com/en/resources/middleware/morgan.html",
	build: morgan,
	Positive: []Sample{{
		`GET /a?b=c 502 12.345 ms - 157`,
		[]string{"method", "GET", "path", "/a?b=c", "status", "502", "duration", "0.012345", "bytes", "157"},
	}, {
		`POST /x - - ms - -`,
		[]string{"method", "POST", "path", "/x", "status", "", "duration", "", "bytes", ""},
	}},
	Negative: []string{`GET /a 502 12.345 s - 157`, `hello /a 502 1 ms - 157`},
}}

// morgan reads "METHOD path STATUS N.NNN ms - LENGTH"; of a client that left it has
// "-" for all numbers.
func morgan(*state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		method, rest := word(line)
		path, rest := word(rest)
		code, rest := word(rest)
		took, rest := word(rest)
		if !isMethod(method) || !hasPrefix(path, "/") || !hasPrefix(rest, "ms - ") {
			return false
		}
		ev.Method, ev.Path = method, path
		if !absent(code) {
			var ok bool
			if ev.Status, ok = statusCode(code); !ok {
				return false
			}
		}
		if d, ok := decimal(took, time.Millisecond); ok {
			ev.Duration = d
		}
		if n, ok := atoi(rest[5:]); ok && n >= 0 {
			ev.Bytes = n
		}
		return true
	}
}
