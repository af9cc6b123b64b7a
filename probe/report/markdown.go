package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// markdown writes a report to hand over in a ticket.
type markdown struct {
	w     *bufio.Writer
	cal   calendar
	blank bool // the last line was
	shown shown
}

func writeMarkdown(w io.Writer, r *Report, opt Options) error {
	m := &markdown{w: bufio.NewWriter(w), cal: newCalendar(r), shown: shown{}}
	m.line("# why502: " + inline(headline(r, m.cal)))
	m.line("")
	if opt.ChecklistFirst {
		m.checklist(r)
		m.verdict(r)
	} else {
		m.verdict(r)
	}
	m.causes(r)
	m.timeline(r)
	m.traffic(r)
	if !opt.ChecklistFirst {
		m.checklist(r)
	}
	m.sources(r)
	return m.w.Flush()
}

// line writes a line; of several blank ones in a row only the first.
func (m *markdown) line(s string) {
	if s == "" && m.blank {
		return
	}
	m.blank = s == ""
	_, _ = m.w.WriteString(s) // bufio keeps the first error for Flush
	_ = m.w.WriteByte('\n')
}

func (m *markdown) verdict(r *Report) {
	i := &r.Incident
	m.line("| | |")
	m.line("| --- | --- |")
	m.row("State", i.State)
	if !i.Started.IsZero() {
		m.row("Started", string(appendTime(nil, i.Started.Time)))
	}
	if !i.Ended.IsZero() {
		m.row("Ended", string(appendTime(nil, i.Ended.Time)))
	}
	if i.Requests != nil && i.Failed != nil && i.FailureRatio != nil {
		m.row("Failed", fmt.Sprintf("%s of %s requests (%s)", count(*i.Failed), count(*i.Requests), percent(*i.FailureRatio)))
	}
	if s := scopeLine(r); s != "" {
		m.row("Scope", s)
	}
	if s := courseLine(i); s != "" {
		m.row("Course", s)
	}
	if s := madeLine(i.MadeBy); s != "" {
		m.row("Answers", s)
	}
	if len(r.Causes) > 0 {
		c := &r.Causes[0]
		m.row("Cause", fmt.Sprintf("%s, %s: %s", c.ID, percent(c.Confidence), c.Title))
	}
	m.line("")
}

func (m *markdown) row(name, value string) {
	m.line("| " + name + " | " + inline(value) + " |")
}

func (m *markdown) causes(r *Report) {
	if len(r.Causes) == 0 {
		return
	}
	m.line("## Cause")
	m.line("")
	for i := range r.Causes {
		c := &r.Causes[i]
		m.line(fmt.Sprintf("### %s, %s: %s", inline(c.ID), inline(percent(c.Confidence)), inline(c.Title)))
		m.line("")
		if s := shareLine(c); s != "" {
			m.line(inline(s))
			m.line("")
		}
		m.evidence("for", c.Evidence)
		m.evidence("against", c.Against)
		m.stories("Requests as each log tells them:", c.Stories)
		m.steps("Next", c.Next, c.Commands)
	}
	if r.Unsure != "" {
		m.line("Not sure: " + inline(r.Unsure))
		m.line("")
	}
}

func (m *markdown) evidence(side string, list []Evidence) {
	for i := range list {
		e := &list[i]
		m.line("- " + side + ": " + inline(evidenceHead(e, m.cal)+": "+e.Meaning))
		if m.shown.first(e.Sample) {
			m.line("")
			m.block("  ", []string{e.Sample})
		}
	}
	if len(list) > 0 {
		m.line("")
	}
}

func (m *markdown) stories(title string, list []Story) {
	if len(list) == 0 {
		return
	}
	m.line(title)
	m.line("")
	for i := range list {
		m.line("- " + inline(storyHead(&list[i], m.cal)))
		for _, l := range storyLines(&list[i]) {
			m.line("  - " + inline(l))
		}
	}
	m.line("")
}

func (m *markdown) steps(title string, next, commands []string) {
	if len(next)+len(commands) == 0 {
		return
	}
	m.line(title + ":")
	m.line("")
	for i, n := range next {
		m.line(fmt.Sprintf("%d. %s", i+1, inline(n)))
	}
	if len(next) > 0 {
		m.line("")
	}
	m.block("", commands)
}

// block writes lines as code, in a fence longer than any run of backticks in it.
func (m *markdown) block(indent string, lines []string) {
	if len(lines) == 0 {
		return
	}
	longest := 2
	for _, l := range lines {
		longest = max(longest, backticks(l))
	}
	fence := indent + strings.Repeat("`", longest+1)
	m.line(fence)
	for _, l := range lines {
		m.line(indent + oneLine(l))
	}
	m.line(fence)
	m.line("")
}

// backticks is the longest run of backticks in s.
func backticks(s string) int {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}

func (m *markdown) timeline(r *Report) {
	if len(r.Timeline) == 0 {
		return
	}
	m.line("## Time line")
	m.line("")
	m.line("| UTC | | |")
	m.line("| --- | --- | --- |")
	for _, e := range r.Timeline {
		m.line("| " + m.cal.at(e.Time) + " | " + inline(e.Kind) + " | " + inline(e.Text) + " |")
	}
	m.line("")
}

func (m *markdown) traffic(r *Report) {
	t := &r.Traffic
	if t.Requests == nil || *t.Requests == 0 {
		return
	}
	m.line("## Traffic")
	m.line("")
	m.line("- " + inline(requestLine(t)))
	if t.Latency != nil {
		m.line("- latency " + inline(latencyLine(t.Latency)))
	}
	if t.UpstreamLatency != nil {
		m.line("- upstream latency " + inline(latencyLine(t.UpstreamLatency)))
	}
	if r.NearMisses != nil {
		m.line("- near miss: " + inline(nearLine(r.NearMisses)))
	}
	m.line("")
	if r.NearMisses != nil {
		m.stories("Near misses as each log tells them:", r.NearMisses.Stories)
	}
}

func (m *markdown) checklist(r *Report) {
	if len(r.Checklist) == 0 {
		return
	}
	m.line("## Checklist")
	m.line("")
	for i := range r.Checklist {
		s := &r.Checklist[i]
		box := " "
		if s.Verdict == "pass" {
			box = "x"
		}
		m.line(fmt.Sprintf("- [%s] %d %s **%s**", box, s.Step, inline(s.Title), inline(s.Verdict)))
		for _, f := range s.Findings {
			m.line("  - " + inline(m.shown.finding(f)))
		}
		if s.Verdict != "pass" && len(s.Commands) > 0 {
			m.line("")
			m.block("  ", s.Commands)
		}
	}
	m.line("")
}

func (m *markdown) sources(r *Report) {
	if len(r.Sources) == 0 {
		return
	}
	m.line("## Sources")
	m.line("")
	for i := range r.Sources {
		s := &r.Sources[i]
		m.line("- " + inline(s.Name+": "+sourceFacts(s)))
		if s.Clock != nil {
			m.line("  - " + inline(s.Clock.Text))
		}
		if s.Problem != "" {
			m.line("  - " + inline(s.Problem))
		}
		for _, l := range s.Samples {
			m.line("  - not understood: " + inline(l))
		}
	}
}

// oneLine keeps what must stay on one line there.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}

// inline escapes everything that Markdown or the HTML within it gives a meaning,
// so that a log line stays text: no link, image, heading, table cell or tag.
// Addresses are kept from becoming links by escaping the dot after "www" and the
// colon of a scheme.
func inline(s string) string {
	var b strings.Builder
	s = oneLine(s)
	for i := range len(s) {
		c := s[i]
		switch c {
		case '&':
			b.WriteString("&amp;")
			continue
		case '<':
			b.WriteString("&lt;")
			continue
		case '>':
			b.WriteString("&gt;")
			continue
		case ':':
			if strings.HasPrefix(s[i:], "://") {
				b.WriteString("&#58;")
				continue
			}
		case '.':
			if i >= 3 && strings.EqualFold(s[i-3:i], "www") {
				b.WriteString("&#46;")
				continue
			}
		case '@':
			b.WriteString("&#64;")
			continue
		case '\\', '`', '*', '_', '[', ']', '#', '|', '~', '$':
			b.WriteByte('\\')
		case '+', '-', '=':
			if i == 0 {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}
