package pane

import (
	"why502/tail"
)

// Log is the pane of the newest lines: failures with their reasons, or all lines.
type Log struct {
	list listing
	all  bool
}

// records are the lines to show. Where nothing failed, all lines are shown: an
// empty pane would tell nothing.
func (l *Log) records(in *Input) (records []*Record, all bool) {
	source := in.failures()
	all = l.all || len(source) == 0
	var j *joined
	if all {
		source = in.recent()
	} else {
		j = in.reasons()
	}
	for _, r := range source {
		if j != nil && j.isReason(r) {
			continue
		}
		if in.Filter.Match(r) {
			records = append(records, r)
		}
	}
	return records, all
}

// Title says which lines are shown.
func (l *Log) Title(in *Input) string {
	records, all := l.records(in)
	title := "Log  errors first"
	switch {
	case l.all:
		title = "Log  all lines"
	case all && in.Snap.Progress < 1:
		title = "Log"
	case all:
		title = "Log  all lines, none failed"
	}
	if in.Filter.Active() {
		title += "  " + Plural(len(records), "line") + " match " + tail.Safe(in.Filter.Text, 40)
	}
	if l.list.held {
		title += "  held, G follows"
	}
	return title
}

// Lines shows the newest lines at the bottom.
func (l *Log) Lines(in *Input) []string {
	records, _ := l.records(in)
	if len(records) == 0 {
		return fill(in, l.none(in))
	}
	lines := l.list.lines(in, records, in.reasons())
	return fill(in, lines)
}

func (l *Log) none(in *Input) []string {
	switch {
	case in.Filter.Active():
		return indent(in, txt(" "), dim("No kept line matches the filter "+tail.Safe(in.Filter.Text, 200)+" (/ changes it, Esc clears it)."))
	case in.Snap.Progress < 1:
		return indent(in, txt(" "), dim("The logs are being read."))
	}
	return indent(in, txt(" "), dim("No lines yet. New ones appear here as they are written."))
}

// Do moves the cursor, changes between failures and all, and opens a line.
func (l *Log) Do(in *Input, a Action) Effect {
	if a == Toggle {
		l.all = !l.all
		l.list.held = false
		return Effect{Say: map[bool]string{true: "all lines", false: "errors first"}[l.all]}
	}
	records, _ := l.records(in)
	if l.list.move(a, records, in.Height) || len(records) == 0 {
		return Effect{}
	}
	if a == Enter || a == Right {
		return Effect{Open: lineTarget(records[l.list.at(records)])}
	}
	return Effect{}
}

// lineTarget is the page of one line.
func lineTarget(r *Record) *Target {
	crumb := "line"
	if r.accessKind() {
		crumb = r.Safe("method", 10) + " " + r.Safe("path", 30)
	}
	return &Target{Page: PageRequest, Line: r.Line, Crumb: crumb}
}

// Copy gives the selected line.
func (l *Log) Copy(in *Input) (text, what string) {
	records, _ := l.records(in)
	if len(records) == 0 {
		return "", ""
	}
	return records[l.list.at(records)].Line.Text, "line"
}
