// Package parse understands log lines: a table of formats, a file or two a
// gateway, and the detection that picks from it.
//
// In: lines as bytes. Out: Events that point into them. It is pure and allocates
// nothing a line.
//
//	sample lines -> Detect -> Plan -> NewParser, one a worker -> Lines.Parse -> Event
//	a name or a gateway's own format string -> Named -> Plan
//
// A Lines peels transport prefixes (prefix.go), tries the plan's formats and then
// the whole table (lines.go). A format is a row (format.go, table.go) with a
// parser of one of four kinds: hand-written over the bytes (clf.go and most
// gateways), a table of JSON keys (json.go, jsonformat.go), a table of key=value
// keys or columns (logfmt.go, w3c.go), or a compiled format string (template.go).
// What the last three find is a datum with a unit; record.go turns data into an
// event.
//
// A Records (records.go) puts the lines of one record together around a Lines: what
// goes on with what is in continues.go, what a stack trace says in trace.go. A Stitch
// cuts history so that its batches can be read in any order all the same.
//
// Delivery: every line gives exactly one Event, or with Records is in exactly one; a line that no format understands
// gives one of kind raw. Lines of stack traces are events of kind upstream. An
// event's slices point into the line, or into the parser's scratch space where
// the line had to be unescaped or two parts of it joined; they are valid until
// the parser's next line.
//
// Units are the format's and the field's, never guessed: a number whose unit
// neither the format nor its key or shape tells stays unknown (tail.None), and so
// does "-", "-1" and an absent field.
package parse
