package pane

import (
	"path"

	"why502/tail"
	"why502/themes"
)

// listing is the place in a growing list of lines, newest at the bottom. It
// follows the newest one until the cursor is moved up; then it holds on to the
// line, not to its place.
type listing struct {
	held   bool
	anchor recordKey
}

// at returns the index of the selected record.
func (l *listing) at(records []*Record) int {
	if l.held {
		for i := len(records) - 1; i >= 0; i-- {
			if records[i].key() == l.anchor {
				return i
			}
		}
		return 0 // it fell out of the ring: the oldest one is nearest
	}
	return len(records) - 1
}

// move carries out a over records and says whether a was a movement.
func (l *listing) move(a Action, records []*Record, height int) bool {
	c := cursor{row: l.at(records)}
	if !c.move(a, len(records), height) {
		return false
	}
	l.held = len(records) > 0 && c.row < len(records)-1
	if l.held {
		l.anchor = records[c.row].key()
	}
	return true
}

// lines draws the records around the selected one.
func (l *listing) lines(in *Input, records []*Record, j *joined) []string {
	sel := l.at(records)
	top := len(records) - in.Height
	if l.held {
		top = min(max(0, sel-in.Height/2), max(0, top))
	}
	cols := listColumns(in)
	var lines []string
	for i := max(0, top); i < len(records) && len(lines) < in.Height; i++ {
		parts := cols.parts(in, records[i], j)
		lines = append(lines, pick(in, in.Width, i == sel && (in.Focus || l.held), parts...))
	}
	return lines
}

func (r *Record) key() recordKey { return recordKey{r.Line.Source, r.Line.Seq} }

// lineColumns are the widths of a line's columns; 0 leaves a column out.
type lineColumns struct{ time, request, took, upstream, source int }

// listColumns shares the width out: the reason gets what is left, and the more of
// it the narrower the screen, for it is what a person looks for.
func listColumns(in *Input) lineColumns {
	c := lineColumns{time: 8, took: 7, request: min(max(in.Width/4, 18), 60)}
	if in.Width >= 100 {
		c.upstream = min(in.Width/6, 26)
	}
	if in.Width >= 150 && len(in.Snap.Sources) > 1 {
		c.source = 14
	}
	return c
}

// parts is a line as the list shows it.
func (c lineColumns) parts(in *Input, r *Record, j *joined) []part {
	stamp := "-"
	if !r.Line.Time.IsZero() {
		stamp = r.Line.Time.In(in.Zone).Format("15:04:05")
	}
	parts := []part{dim(in.P.Fit(stamp, c.time) + " ")}
	if c.source > 0 {
		parts = append(parts, dim(in.P.Fit(sourceName(in, r.Line.Source), c.source)+" "))
	}
	if r.accessKind() {
		return append(parts, c.access(in, r, j)...)
	}
	return append(parts, otherParts(r)...)
}

// sourceName is the last element of a source's name.
func sourceName(in *Input, i int) string {
	if i < 0 || i >= len(in.Snap.Sources) {
		return ""
	}
	return tail.Safe(path.Base(in.Snap.Sources[i].Name), 40)
}

func (c lineColumns) access(in *Input, r *Record, j *joined) []part {
	status := r.Safe("status", 3)
	if status == "" {
		status = "---"
	}
	request := r.Safe("path", 300)
	if m := r.Safe("method", 10); m != "" {
		request = m + " " + request
	}
	role := themes.Text
	if !r.Line.Failed {
		role = themes.Dim
	}
	parts := []part{
		as(partRole(&r.Line), in.P.Fit(status, 3)+" "), as(role, in.P.Fit(in.P.Middle(request, c.request), c.request)),
		dim(in.P.FitRight(Duration(r.Duration("duration")), c.took+1) + " "),
	}
	if c.upstream > 0 {
		parts = append(parts, mark(in.P.Fit(in.P.Middle(r.Safe("upstream", 200), c.upstream), c.upstream)), txt(" "))
	}
	return append(parts, txt(" "), reason(in, r, j))
}

// reason says why a request failed: its error line's words, else what the line
// itself tells.
func reason(in *Input, r *Record, j *joined) part {
	if line := j.why(r); line != nil {
		return as(themes.Text, line.message())
	}
	text := ""
	if flags := r.Safe("flags", 40); flags != "" && flags != "----" && flags != "-" {
		text = "flags " + flags + "  "
	}
	if cause := r.Safe("cause", 40); cause != "" {
		text += cause
	} else if up := r.Safe("upstream_status", 40); up != "" && up != r.Get("status") {
		text += "upstream said " + up
	}
	if r.Line.Failed && text == "" {
		text = "no error line of that second speaks of it"
		if !in.hasErrors() {
			text = ""
		}
		return dim(text)
	}
	if r.Line.Failed {
		return txt(text)
	}
	return dim(text)
}

// hasErrors says whether any source is an error log.
func (in *Input) hasErrors() bool {
	for i := range in.Snap.Sources {
		if in.Snap.Sources[i].Kind == tail.KindError {
			return true
		}
	}
	return false
}

// message is the words of an error line.
func (r *Record) message() string {
	if m := r.Safe("message", 400); m != "" {
		return m
	}
	return tail.Safe(r.Line.Text, 400)
}

// otherParts is a line that is no request: its level and its words.
func otherParts(r *Record) []part {
	switch r.Line.Kind {
	case tail.KindError:
		level := r.Safe("level", 8)
		parts := []part{as(levelRole(level), levelWord(level)+" "), txt(r.message())}
		if up := r.Safe("upstream", 80); up != "" {
			parts = append(parts, dim("  upstream "), mark(up))
		}
		if p := r.Safe("path", 120); p != "" {
			parts = append(parts, dim("  "+r.Safe("method", 10)+" "+p))
		}
		return parts
	case tail.KindUpstream:
		parts := []part{as(themes.Accent, "app "), txt(r.message())}
		if frame := r.Safe("frame", 200); frame != "" {
			parts = append(parts, dim("  at "), mark(frame))
		}
		return parts
	case tail.KindSystem:
		return []part{as(themes.Accent, "sys "), txt(r.message())}
	}
	return []part{dim("raw "), dim(tail.Safe(r.Line.Text, 400))}
}

// levelWord is a log level in three letters.
func levelWord(level string) string {
	switch {
	case level == "":
		return "err"
	case len(level) >= 4 && (level[:4] == "warn" || level[:4] == "WARN"):
		return "wrn"
	case len(level) >= 3:
		return level[:3]
	}
	return level + blanks(3-len(level))
}

func levelRole(level string) themes.Role {
	switch levelWord(level) {
	case "wrn":
		return themes.Warn
	case "not", "inf", "deb", "tra", "INF", "NOT", "DEB", "TRA":
		return themes.Dim
	}
	return themes.Fail
}
