package report

import (
	"fmt"
	"strings"
	"time"

	"why502/probe/diagnose"
	"why502/tail"
	"why502/tail/window"
)

// Story is one request as every log tells it.
type Story struct {
	Time     Time     `json:"time,omitzero"`
	Source   string   `json:"source"`
	Client   string   `json:"client,omitzero"`
	Method   string   `json:"method,omitzero"`
	Path     string   `json:"path,omitzero"`
	Status   int      `json:"status,omitzero"`
	Flags    string   `json:"flags,omitzero"`
	Duration *Seconds `json:"duration,omitzero"`
	// MadeBy is "gateway" or "application", absent where nothing proves it.
	MadeBy   string      `json:"made_by,omitzero"`
	Proof    string      `json:"proof,omitzero"`
	Attempts []Attempt   `json:"attempts,omitzero"`
	Line     string      `json:"line"`
	Lines    []StoryLine `json:"lines,omitzero"`
}

// Attempt is one try to reach an upstream.
type Attempt struct {
	Upstream string   `json:"upstream,omitzero"`
	Status   int      `json:"status,omitzero"`
	Duration *Seconds `json:"duration,omitzero"`
}

// StoryLine is a line of another log that belongs to the request.
type StoryLine struct {
	Time      Time   `json:"time,omitzero"`
	Source    string `json:"source"`
	Kind      string `json:"kind"`
	JoinedBy  string `json:"joined_by"`
	Shared    bool   `json:"shared,omitzero"` // another request has it too
	Message   string `json:"message,omitzero"`
	Exception string `json:"exception,omitzero"`
	Frame     string `json:"frame,omitzero"`
	Line      string `json:"line"`
}

// MadeBy counts failures by who made the answer.
type MadeBy struct {
	Gateway     uint64 `json:"gateway"`
	Application uint64 `json:"application"`
	Unknown     uint64 `json:"unknown"`
}

// NearMisses are requests that went well only after a failed attempt.
type NearMisses struct {
	Requests  uint64     `json:"requests"`
	Upstreams []Upstream `json:"upstreams,omitzero"` // whose attempts failed
	Stories   []Story    `json:"stories,omitzero"`
}

// Upstream is an address with how many attempts on it failed.
type Upstream struct {
	Upstream string `json:"upstream"`
	Failed   uint64 `json:"failed"`
}

func buildStories(list []diagnose.Story) []Story {
	var out []Story
	for i := range list {
		out = append(out, buildStory(&list[i]))
	}
	return out
}

func buildStory(s *diagnose.Story) Story {
	c := s.Request
	out := Story{
		Time: Time{c.Time}, Source: tail.Safe(c.Source, maxName), Client: tail.Safe(c.Client, maxName), Method: tail.Safe(c.Method, maxName),
		Path: tail.Safe(c.Path, maxName), Status: c.Status, Flags: tail.Safe(c.Flags, maxName), Duration: seconds(c.Duration),
		Proof: s.Proof, Line: tail.Safe(c.Line, maxSample),
	}
	switch s.MadeBy {
	case tail.MakerGateway:
		out.MadeBy = "gateway"
	case tail.MakerUpstream:
		out.MadeBy = "application"
	case tail.MakerUnknown:
	}
	for _, a := range c.Attempts {
		took := a.Response
		if took < 0 {
			took = a.Header
		}
		out.Attempts = append(out.Attempts, Attempt{tail.Safe(a.Addr, maxName), a.Status, seconds(took)})
	}
	for _, l := range s.Lines {
		out.Lines = append(out.Lines, StoryLine{
			Time: Time{l.Line.Time}, Source: tail.Safe(l.Line.Source, maxName), Kind: l.Line.Kind.String(), JoinedBy: l.By.String(),
			Shared: l.Shared, Message: safeText(l.Line.Message), Exception: tail.Safe(l.Line.Exception, maxName),
			Frame: tail.Safe(l.Line.Frame, maxName), Line: tail.Safe(l.Line.Line, maxSample),
		})
	}
	return out
}

// seconds is a duration that may be unknown.
func seconds(d time.Duration) *Seconds {
	if d < 0 {
		return nil
	}
	s := toSeconds(d)
	return &s
}

func buildNearMisses(v *window.View, list []diagnose.Story) *NearMisses {
	if v.Retried == 0 {
		return nil
	}
	n := &NearMisses{Requests: v.Retried, Stories: buildStories(list)}
	for _, c := range v.Hidden {
		n.Upstreams = append(n.Upstreams, Upstream{tail.Safe(c.Value, maxName), c.Failed})
	}
	return n
}

// storyHead says what a request was and how it ended: "12:01:00 GET /a: 502 after
// 1.2 s, answered by the gateway".
func storyHead(s *Story, c calendar) string {
	var b strings.Builder
	if !s.Time.IsZero() {
		b.WriteString(c.at(s.Time) + " ")
	}
	b.WriteString(strings.TrimSpace(s.Method+" "+s.Path) + ": ")
	if s.Status > 0 {
		fmt.Fprintf(&b, "%03d", s.Status)
	} else {
		b.WriteString("no status")
	}
	if s.Flags != "" {
		b.WriteString(" " + s.Flags)
	}
	if s.Duration != nil {
		b.WriteString(" after " + latency(*s.Duration))
	}
	if s.MadeBy != "" {
		b.WriteString(", answered by the " + s.MadeBy + " (" + s.Proof + ")")
	}
	return b.String()
}

// storyLines are the rest of a story: each attempt, then each log's words about
// it.
func storyLines(s *Story) []string {
	var out []string
	if t := tries(s.Attempts); t != "" {
		out = append(out, "tried "+t)
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		text := l.Message
		if text == "" {
			text = l.Line
		}
		if l.Frame != "" {
			text += ", at " + l.Frame
		}
		how := l.JoinedBy
		if l.Shared {
			how += ", shared"
		}
		out = append(out, fmt.Sprintf("%s: %s (%s)", l.Source, text, how))
	}
	return out
}

// tries says which upstreams were tried and what came of it.
func tries(list []Attempt) string {
	parts := make([]string, 0, len(list))
	for _, a := range list {
		if a.Upstream == "" || a.Upstream == "-" {
			continue
		}
		p := a.Upstream
		if a.Status > 0 {
			p += fmt.Sprintf(" (%03d)", a.Status)
		}
		parts = append(parts, p)
	}
	return strings.Join(parts, ", then ")
}

// madeLine says who made the failing answers, "" when it is not known.
func madeLine(m *MadeBy) string {
	if m == nil || m.Gateway+m.Application == 0 {
		return ""
	}
	parts := make([]string, 0, 3)
	for _, p := range []struct {
		n   uint64
		who string
	}{{m.Gateway, "the gateway itself"}, {m.Application, "the application"}, {m.Unknown, "one of both, the logs don't tell"}} {
		if p.n > 0 {
			parts = append(parts, count(p.n)+" by "+p.who)
		}
	}
	return "answered " + strings.Join(parts, ", ")
}

// courseLine says how the incident came and what fails besides, "" when neither is
// known.
func courseLine(i *Incident) string {
	var parts []string
	switch {
	case i.Pattern != "":
		parts = append(parts, i.Pattern)
	case i.Onset == "sudden":
		parts = append(parts, "it came suddenly, from one moment to the next")
	}
	if b := i.Background; b != nil {
		parts = append(parts, fmt.Sprintf("besides, a steady background of %s fails (%s of %s requests): no part of it",
			percent(b.Share), count(b.Failed), count(b.Requests)))
	}
	return strings.Join(parts, "; ")
}

// nearLine says what retries hid.
func nearLine(n *NearMisses) string {
	line := count(n.Requests) + plural(n.Requests, " request") + " went well only after a failed attempt"
	parts := make([]string, 0, len(n.Upstreams))
	for _, u := range n.Upstreams[:min(len(n.Upstreams), 3)] {
		parts = append(parts, count(u.Failed)+" on "+u.Upstream)
	}
	if len(parts) > 0 {
		line += ": " + strings.Join(parts, ", ")
	}
	return line
}

// shareLine says what part of the failures a cause with a scope of its own
// explains, "" when it is all of them.
func shareLine(c *Cause) string {
	if c.Share == nil || *c.Share >= 1 {
		return ""
	}
	line := "explains " + percent(*c.Share) + " of the failures"
	if c.Scope != "" {
		line += ": those of " + c.Scope
	}
	return line
}
