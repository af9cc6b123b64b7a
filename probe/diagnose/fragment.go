package diagnose

import (
	"regexp"
	"strconv"
	"strings"

	"why502/probe/incident"
	"why502/tail"
	"why502/tail/window"
)

// What people paste is often less than a line of a log: a part of it, cut at the
// width of a terminal or wrapped there, a page or a console's message. Of an
// excerpt, all of that is looked at, as text that may be of any gateway.

// fragments recognize the middle of access lines whose end was cut off.
var fragments = []struct {
	gateway string
	re      func() *regexp.Regexp // groups: status, then what the gateway's row needs
}{
	{"envoy", tail.Pattern(`(?:HTTP/[\d.]+|- - -)" (?P<status>\d{1,3}) (?P<flags>[A-Z]{2,5}(?:,[A-Z]{2,5})*)\b`)},
	{"haproxy", tail.Pattern(` (?P<server>\S+) (?:-?\d+/){2,4}\+?-?\d+ (?:(?P<status>\d{3}|-1) )?\+?\d+ (?:\S+ \S+ )?(?P<flags>[CSPLRIDUKcs-][RQCHDLTr-][A-Z-]{0,2}) `)},
	{"haproxy", tail.Pattern(`\b(?:ts|tsc|term|tstate|termination_state|term_state)["']?[=:] ?["']?(?P<flags>[CSPLRIDUKcs-][RQCHDLTr-][A-Z-]{0,2})\b`)},
	{"aws-alb", tail.Pattern(`^(?:https?|h2|wss?|grpcs?) \S+Z \S+ \S+ \S+ -?[\d.]+ (?P<target>-1|[\d.]+) -?[\d.]+ (?P<status>\d{3}) (?P<upstream>\d{3}|-) `)},
}

// endingIn reads from a part of an access line how its request ended.
func endingIn(text string) (ending, bool) {
	for i := range fragments {
		f := &fragments[i]
		re := f.re()
		m := re.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		e := ending{gateway: f.gateway}
		for j, name := range re.SubexpNames() {
			n, err := strconv.Atoi(m[j])
			switch {
			case name == "status" && err == nil:
				e.status = max(0, n)
			case name == "upstream" && err == nil:
				e.upstream = n
			case name == "flags":
				e.flags = m[j]
			case name == "server" && strings.HasSuffix(m[j], noServerMark):
				e.server, e.reach = noServerMark, window.ReachNone
			case name == "target" && m[j] != "-1":
				e.reach = window.ReachAnswered
			}
		}
		return e, true
	}
	return ending{}, false
}

// loose finds what a text of unknown origin says, nil when nothing.
func (t *Table) loose(gateway, text string) *Signature {
	text = plainText(text)
	sig := t.byText(gateway, tail.KindError, text)
	if sig != nil && len(sig.Gateways) > 0 {
		return sig
	}
	weak := t.anyText(text)
	if s := strong(weak); s != nil {
		return s
	}
	if s := t.byDetail(text); s != nil {
		return s
	}
	if e, ok := endingIn(text); ok {
		if s := strong(t.byEnding(&e)); s != nil {
			return s
		}
	}
	return weak
}

// plainText bounds a text and takes off what pasting put around it.
func plainText(text string) string {
	b := []byte(text[:min(len(text), maxClassified)])
	return string(tail.Unquoted(tail.AppendPlain(b[:0], b)))
}

// unparsed matches lines that no parser understood: of an excerpt, or where there
// is nothing better.
func unparsed(s *incident.Snapshot, t *Table) []*finding {
	var out []*finding
	for i := range s.Sources {
		src := &s.Sources[i]
		for _, line := range src.UnparsedSamples {
			if sig := t.loose(src.Gateway, line); sig != nil {
				f := &finding{sig: sig, gateway: src.Gateway, kind: tail.KindError, source: src.Name, text: line, sample: line, count: 1}
				out = join(out, f)
			}
		}
	}
	return out
}

// join adds f, or its count to what says the same: a page or a record of several
// lines says one thing.
func join(found []*finding, f *finding) []*finding {
	for _, g := range found {
		if g.sig == f.sig && g.source == f.source {
			g.count += f.count
			return found
		}
	}
	return append(found, f)
}

// rescue finds more about a message of an excerpt than its format and its line hold:
// indented lines are taken for one stack trace, a few lines for another gateway's,
// and the rest of a wrapped record is among the lines that no parser understood.
func rescue(f *finding, m *window.Message, s *incident.Snapshot, t *Table) []*finding {
	if m.Sample != "" && (m.Sample[0] == ' ' || m.Sample[0] == '\t') {
		var out []*finding
		for line := range strings.Lines(m.Sample) {
			if sig := t.loose("", line); sig != nil {
				g := findingOf(m, sig)
				g.text, g.sample = line, strings.TrimSpace(line)
				out = join(out, g)
			}
		}
		if out != nil {
			return out
		}
	}
	if family(m.Gateway) == "nginx" && !strings.Contains(m.Sample, ", client: ") {
		if rest := firstUnparsed(s, m.Source); rest != "" {
			whole := *m
			whole.Text = m.Sample + " " + rest
			if w := matchMessage(&whole, t); w != nil {
				w.text, f = m.Text, w
			}
		}
	}
	if f == nil {
		if sig := t.loose("", m.Sample); sig != nil {
			f = findingOf(m, sig)
		}
	}
	if f == nil {
		return nil
	}
	return []*finding{f}
}

func firstUnparsed(s *incident.Snapshot, source string) string {
	for i := range s.Sources {
		if src := &s.Sources[i]; src.Name == source && len(src.UnparsedSamples) > 0 {
			return strings.TrimLeft(src.UnparsedSamples[0], "> \t")
		}
	}
	return ""
}
