package pane

import (
	"why502/tail"
)

// Requests is the page of the requests of a selection.
type Requests struct {
	sel  Selection
	list listing
}

// Title counts the requests and says how many of them are still kept.
func (q *Requests) Title(in *Input) string {
	kept := len(in.selected(&q.sel))
	title := Plural(kept, "request") + " kept"
	if n, known := q.sel.count(in); known && n > uint64(kept) && !in.Filter.Active() {
		title += " of " + Number(n)
	}
	if in.Filter.Active() {
		title += ", filter " + tail.Safe(in.Filter.Text, 40)
	}
	return title
}

// Lines lists the requests, newest at the bottom.
func (q *Requests) Lines(in *Input) []string {
	records := in.selected(&q.sel)
	if len(records) == 0 {
		text := "None of these requests is kept any more: failed ones are kept longest, good ones shortest."
		if n, known := q.sel.count(in); known && n == 0 {
			text = "No request ended in this time."
		}
		if in.Filter.Active() {
			text = "No kept request matches the filter " + tail.Safe(in.Filter.Text, 200) + "."
		}
		return fill(in, indent(in, txt(" "), dim(text)))
	}
	return fill(in, q.list.lines(in, records, in.reasons()))
}

// Do moves the cursor and opens a request.
func (q *Requests) Do(in *Input, a Action) Effect {
	records := in.selected(&q.sel)
	if q.list.move(a, records, in.Height) || len(records) == 0 {
		return Effect{}
	}
	if a == Enter || a == Right {
		return Effect{Open: lineTarget(records[q.list.at(records)])}
	}
	return Effect{}
}

// Copy gives the selected line.
func (q *Requests) Copy(in *Input) (text, what string) {
	records := in.selected(&q.sel)
	if len(records) == 0 {
		return "", ""
	}
	return records[q.list.at(records)].Line.Text, "line"
}
