package parse

import (
	"bytes"

	"why502/tail"
)

// tracebackFormats are the lines of stack traces and other continuations. They
// are no records of their own, but each line is one event (see Lines): kind
// upstream, the line as Message.
var tracebackFormats = []Format{{
	Name: "traceback", Gateway: "application", Kind: tail.KindUpstream, inner: true,
	Title: "stack traces of Python, Java, Go and Node, line by line", Doc: "https://docs.python.org/3/library/traceback.html",
	build: traceback,
	Positive: []Sample{
		{`Traceback (most recent call last):`, []string{"message", "Traceback (most recent call last):", "kind", "upstream"}},
		{`  File "/srv/app.py", line 3, in f`, []string{"message", `  File "/srv/app.py", line 3, in f`}},
		{`    return 1 / 0`, nil},
		{`sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection refused`, []string{"message", "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection refused"}},
		{`KeyboardInterrupt`, nil},
		{"\tat java.base/java.lang.Thread.run(Thread.java:829)", nil},
		{`Caused by: java.net.ConnectException: Connection refused`, nil},
		{`reactor.netty.http.client.PrematureCloseException: Connection prematurely closed BEFORE response`, nil},
		{`goroutine 17 [running]:`, nil},
		{`panic: runtime error: index out of range`, nil},
	},
	Negative: []string{`hello world`, `ERROR something`, `Error`},
}}

var traceStarts = []string{
	"Traceback (most recent call last):", "During handling of the above exception", "The above exception was the direct cause", "Caused by: ",
	"panic: ", "goroutine ", "fatal error: ", "exit status ", "Suppressed: ", "java.", "org.", "javax.", "created by ", "main.", "UnhandledPromiseRejection",
}

func traceback(*state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		ev.Message = line
		if line[0] == '\t' || line[0] == ' ' && len(line) > 2 && line[1] == ' ' {
			return true
		}
		for _, w := range traceStarts {
			if hasPrefix(line, w) {
				return w[len(w)-1] != '.' || isException(line)
			}
		}
		return isException(line)
	}
}

// exceptionEnds are the words that names of exceptions end in.
var exceptionEnds = []string{"Error", "Exception", "Warning", "Interrupt", "Exit", "Timeout", "Refused", "Iteration", "Fault"}

// isException says whether the line is "dotted.Name" or "dotted.Name: message"
// with the name of an exception.
func isException(line []byte) bool {
	name, _, _ := cut(line, ':')
	if len(name) < 6 || len(name) > 200 || len(name)+1 < len(line) && line[len(name)+1] != ' ' {
		return false
	}
	for _, c := range name {
		if !isDigit(c) && !isLetter(c) && c != '.' && c != '_' && c != '$' {
			return false
		}
	}
	last := name[bytes.LastIndexByte(name, '.')+1:]
	if len(last) == 0 || last[0] < 'A' || last[0] > 'Z' {
		return false
	}
	for _, end := range exceptionEnds {
		if hasSuffix(last, end) && len(last) > len(end) {
			return true
		}
	}
	return false
}
