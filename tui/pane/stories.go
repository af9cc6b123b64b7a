package pane

import (
	"path"
	"strconv"
	"strings"

	"why502/probe/diagnose"
	"why502/tail"
	"why502/themes"
)

// stories adds a few requests as every log tells them.
func (t *text) stories(title string, list []diagnose.Story) {
	if len(list) == 0 {
		return
	}
	t.add(dim("   " + title))
	for i := range list {
		t.story(&list[i])
	}
}

func (t *text) story(s *diagnose.Story) {
	c := s.Request
	status := "---"
	if c.Status > 0 {
		status = strconv.Itoa(c.Status)
	}
	role := themes.Fail
	if c.Hidden {
		role = themes.Warn
	}
	parts := []part{dim("     " + t.in.clock(c.Time) + " "), as(role, status+" "), txt(tail.Safe(strings.TrimSpace(c.Method+" "+c.Path), 120))}
	if c.Duration >= 0 {
		parts = append(parts, dim(" "+Duration(c.Duration)))
	}
	if f := tail.Safe(c.Flags, 40); f != "" {
		parts = append(parts, dim(" flags "+f))
	}
	if who := madeBy(s.MadeBy); who != "" {
		parts = append(parts, dim("  answered by "), mark(who), dim(": "+s.Proof))
	}
	l := t.add(parts...)
	l.copy, l.what = c.Line, "line"
	if len(c.Attempts) > 1 || c.Hidden {
		t.add(dim("       tried "), mark(attempts(s)))
	}
	for i := range s.Lines {
		t.told(&s.Lines[i])
	}
}

// told adds what another log says of a request.
func (t *text) told(l *diagnose.Told) {
	words := tail.Safe(l.Line.Message, 400)
	if words == "" {
		words = tail.Safe(l.Line.Line, 400)
	}
	if f := tail.Safe(l.Line.Frame, 160); f != "" {
		words += ", at " + f
	}
	from := len(t.lines)
	t.wrapped(dim("       "+tail.Safe(path.Base(l.Line.Source), 30)+" "), txt(words))
	how := l.By.String()
	if l.Shared {
		how += ", shared with another request"
	}
	t.add(dim("         " + how))
	for i := from; i < len(t.lines); i++ {
		t.lines[i].copy, t.lines[i].what = l.Line.Line, "line"
	}
}

func madeBy(m tail.Maker) string {
	switch m {
	case tail.MakerGateway:
		return "the gateway"
	case tail.MakerUpstream:
		return "the application"
	case tail.MakerUnknown:
	}
	return ""
}

// attempts are the upstreams tried with what came of each.
func attempts(s *diagnose.Story) string {
	var parts []string
	for _, a := range s.Request.Attempts {
		p := tail.Safe(a.Addr, 80)
		if a.Status > 0 {
			p += " (" + strconv.Itoa(a.Status) + ")"
		}
		parts = append(parts, p)
	}
	return strings.Join(parts, ", then ")
}

// nearMisses adds what retries hid from clients.
func (t *text) nearMisses() {
	v := &t.in.Snap.Traffic
	if v.Retried == 0 {
		return
	}
	t.section("Near misses")
	parts := []part{txt("  "), warn(Plural(int(min(v.Retried, 1<<31)), "request")), txt(" succeeded only after a failed attempt")}
	for i := 0; i < len(v.Hidden) && i < 3; i++ {
		parts = append(parts, dim(", "+Number(v.Hidden[i].Failed)+" on "), mark(tail.Safe(v.Hidden[i].Value, 80)))
	}
	t.add(parts...)
	t.stories("some of them", t.in.Verdict.NearMisses)
}

// course adds how the incident came and what fails besides.
func (t *text) course(inc *diagnose.Incident) {
	if inc.Onset == "sudden" {
		t.add(dim("it came suddenly, from one moment to the next"))
	}
	if b := inc.Background; b.Failed > 0 {
		t.add(dim("besides, a steady background of "), head(Percent(b.Failed, b.Requests)), dim(" fails: no part of it"))
	}
}

// made adds who answered the failing requests.
func (t *text) made(m *diagnose.Made) {
	if m.Gateway+m.Application == 0 {
		return
	}
	parts := []part{dim("answered by the gateway itself "), head(Number(m.Gateway)), dim(", by the application "), head(Number(m.Application))}
	if m.Unknown > 0 {
		parts = append(parts, dim(", not known "), head(Number(m.Unknown)))
	}
	t.add(parts...)
}
