package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const defaultWidth = 80

// text writes lines of a bounded width. Errors are kept by the writer below.
type text struct {
	w     *bufio.Writer
	width int
	ascii bool
	cal   calendar
	shown shown
}

// writeText writes r for a plain terminal or a pipe: the verdict first, then what
// speaks for and against it, what to do next, and what it rests on.
func writeText(w io.Writer, r *Report, opt Options) error {
	t := &text{w: bufio.NewWriter(w), width: opt.Width, ascii: opt.ASCII, cal: newCalendar(r), shown: shown{}}
	if t.width <= 0 {
		t.width = defaultWidth
	}
	t.width = max(40, t.width)
	if opt.ChecklistFirst {
		t.checklist(r)
		t.verdict(r)
	} else {
		t.verdict(r)
	}
	t.causes(r)
	t.timeline(r)
	t.traffic(r)
	if !opt.ChecklistFirst {
		t.checklist(r)
	}
	t.sources(r)
	return t.w.Flush()
}

func (t *text) verdict(r *Report) {
	t.wrap(mark(r.Incident.State)+" ", "  ", headline(r, t.cal))
	if t.cal.day != "0001-01-01" && t.cal.day != "" && r.Incident.State != stateNone {
		t.wrap("  ", "  ", "on "+t.cal.day)
	}
	if s := scopeLine(r); s != "" {
		t.wrap("  ", "    ", s)
	}
	if s := courseLine(&r.Incident); s != "" {
		t.wrap("  ", "    ", s)
	}
	if s := madeLine(r.Incident.MadeBy); s != "" {
		t.wrap("  ", "    ", s)
	}
	t.line("")
}

func (t *text) causes(r *Report) {
	if len(r.Causes) == 0 {
		if r.Incident.State == stateOngoing || r.Incident.State == stateRecovered {
			t.head("Cause")
			t.wrap("  ", "  ", "not known: nothing in the logs says why")
			t.line("")
		}
		return
	}
	t.head("Cause")
	for i := range r.Causes {
		c := &r.Causes[i]
		t.wrap("  ", "      ", fmt.Sprintf("%s, %s: %s", c.ID, percent(c.Confidence), c.Title))
		if s := shareLine(c); s != "" {
			t.wrap("    ", "      ", s)
		}
		t.evidence("+", c.Evidence)
		t.evidence("-", c.Against)
		t.stories("    requests as each log tells them", c.Stories)
		if i == 0 {
			t.next(c)
		}
		t.line("")
	}
	if r.Unsure != "" {
		t.wrap("  not sure: ", "    ", r.Unsure)
		t.line("")
	}
}

func (t *text) evidence(sign string, list []Evidence) {
	for i := range list {
		e := &list[i]
		t.wrap("    "+sign+" ", "      ", evidenceHead(e, t.cal)+": "+e.Meaning)
		if t.shown.first(e.Sample) {
			t.wrap("        ", "          ", e.Sample)
		}
	}
}

func (t *text) stories(title string, list []Story) {
	if len(list) > 0 {
		t.line(title)
	}
	for i := range list {
		t.wrap("      ", "        ", storyHead(&list[i], t.cal))
		for _, l := range storyLines(&list[i]) {
			t.wrap("        ", "          ", l)
		}
	}
}

func (t *text) next(c *Cause) {
	if len(c.Next)+len(c.Commands) == 0 {
		return
	}
	t.line("    next")
	for _, n := range c.Next {
		t.wrap("      ", "        ", n)
	}
	t.commands("      ", c.Commands)
}

// commands are never wrapped: they are there to be copied.
func (t *text) commands(indent string, list []string) {
	for _, c := range list {
		t.line(indent + "$ " + c)
	}
}

func (t *text) timeline(r *Report) {
	if len(r.Timeline) == 0 {
		return
	}
	t.head("Time line, UTC")
	for _, e := range r.Timeline {
		when := t.cal.at(e.Time) + "  "
		t.wrap("  "+when, "  "+strings.Repeat(" ", len(when)), e.Kind+": "+e.Text)
	}
	t.line("")
}

func (t *text) traffic(r *Report) {
	tr := &r.Traffic
	if tr.Requests == nil || *tr.Requests == 0 {
		return
	}
	t.head("Traffic")
	t.wrap("  ", "    ", requestLine(tr))
	if tr.Latency != nil {
		t.wrap("  latency   ", "    ", latencyLine(tr.Latency))
	}
	if tr.UpstreamLatency != nil {
		t.wrap("  upstream  ", "    ", latencyLine(tr.UpstreamLatency))
	}
	if r.NearMisses != nil {
		t.wrap("  ", "    ", "near miss: "+nearLine(r.NearMisses))
		t.stories("    some of them", r.NearMisses.Stories)
	}
	if tr.Aborted != nil && *tr.Aborted > 0 {
		t.wrap("  ", "    ", count(*tr.Aborted)+" given up by the client")
	}
	t.chart(&r.chart)
	t.line("")
}

// chart draws requests and failures over time in a line each.
func (t *text) chart(c *chart) {
	if len(c.columns) < 2 || len(c.columns)+12 > t.width {
		return
	}
	levels := []rune(" ▁▂▃▄▅▆▇█")
	if t.ascii {
		levels = []rune(" .:-=+*#@")
	}
	var most uint64
	for _, col := range c.columns {
		most = max(most, col.requests)
	}
	row := func(value func(column) uint64) string {
		var b strings.Builder
		for _, col := range c.columns {
			n := value(col)
			i := int(n * uint64(len(levels)-1) / max(1, most))
			if n > 0 && i == 0 {
				i = 1
			}
			b.WriteRune(levels[i])
		}
		return strings.TrimRight(b.String(), " ")
	}
	t.line("  requests  " + row(func(c column) uint64 { return c.requests }))
	t.line("  failed    " + row(func(c column) uint64 { return c.failed }))
	if c.onset >= 0 {
		t.line("            " + strings.Repeat(" ", c.onset) + "^ onset")
	}
	t.line(fmt.Sprintf("            %s UTC, %s a column", c.first.Format("15:04:05"), lasted(c.each)))
}

func (t *text) checklist(r *Report) {
	if len(r.Checklist) == 0 {
		return
	}
	t.head("Checklist")
	for i := range r.Checklist {
		s := &r.Checklist[i]
		t.wrap(fmt.Sprintf("  %d %s ", s.Step, mark(s.Verdict)), "      ", s.Title+" "+s.Verdict)
		for _, f := range s.Findings {
			t.wrap("      ", "        ", t.shown.finding(f))
		}
		if s.Verdict != "pass" {
			t.commands("      ", s.Commands)
		}
	}
	t.line("")
}

func (t *text) sources(r *Report) {
	if len(r.Sources) == 0 {
		return
	}
	t.head("Sources")
	for i := range r.Sources {
		s := &r.Sources[i]
		t.wrap("  ", "    ", s.Name+": "+sourceFacts(s))
		if when := t.cal.between(s.First, s.Last); when != "" {
			t.wrap("    ", "    ", when)
		}
		if s.Clock != nil {
			t.wrap("    ", "      ", s.Clock.Text)
		}
		if s.Problem != "" {
			t.wrap("    ! ", "      ", s.Problem)
		}
		for _, l := range s.Samples {
			t.wrap("    ? ", "      ", l)
		}
	}
}

func (t *text) head(title string) { t.line(strings.ToUpper(title)) }

// wrap writes s in as many lines as it needs, words kept whole where they fit;
// the first line begins with first, the others with rest.
func (t *text) wrap(first, rest, s string) {
	line := first
	room := t.width - columns(first)
	empty := true
	flush := func() {
		t.line(strings.TrimRight(line, " "))
		line, room, empty = rest, t.width-columns(rest), true
	}
	for _, word := range strings.Fields(s) {
		n := columns(word)
		if !empty {
			if n+1 <= room {
				line += " " + word
				room -= n + 1
				continue
			}
			flush()
		}
		for n > room { // longer than a line
			head, tail := cut(word, room)
			line += head
			flush()
			word, n = tail, columns(tail)
		}
		line += word
		room -= n
		empty = false
	}
	if !empty {
		flush()
	}
}

// line writes one line as it is.
func (t *text) line(s string) {
	if t.ascii {
		s = toASCII(s)
	}
	_, _ = t.w.WriteString(s) // bufio keeps the first error for Flush
	_ = t.w.WriteByte('\n')
}

// columns is the width of s on a terminal: East Asian wide characters take two.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case r < 0x1100:
		return 1
	case r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1faff,
		r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// cut divides s before the character that would exceed room columns; at least
// one character comes first.
func cut(s string, room int) (head, tail string) {
	used := 0
	for i, r := range s {
		if used += runeWidth(r); used > room && i > 0 {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

var asciiSigns = strings.NewReplacer("✔", "+", "✖", "x", "…", "...", "×", "x", "·", "-", "→", "->", "µ", "u",
	"–", "-", "—", "-", "“", `"`, "”", `"`, "’", "'")

// toASCII replaces the signs the report itself uses and escapes what else is not
// ASCII.
func toASCII(s string) string {
	s = asciiSigns.Replace(s)
	plain := true
	for i := range len(s) {
		plain = plain && s[i] < utf8.RuneSelf
	}
	if plain {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u{%04x}`, r)
		}
	}
	return b.String()
}
