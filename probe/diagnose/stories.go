package diagnose

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"why502/probe/incident"
	"why502/tail"
	"why502/tail/story"
	"why502/tail/window"
)

// maxStories bounds the stories of a cause, and those of near misses.
const maxStories = 3

// Story is one request as every log tells it.
type Story struct {
	Request *window.Case
	// MadeBy says who made the answer, and Proof what shows it ("" when unknown).
	MadeBy tail.Maker
	Proof  string
	// Lines are what the gateway's error log and the application's log say of it,
	// oldest first.
	Lines []Told
}

// Told is a line that belongs to a request.
type Told struct {
	Line   *window.Case
	By     story.By
	Shared bool // another request has it too
}

// stories joins the kept lines of requests that ok lets through and returns the
// requests for which wanted holds.
func stories(e *evidence, wanted func(*window.Case) bool) []Story {
	cases := e.snap.Traffic.Cases
	trouble := map[uint64]bool{}
	for _, f := range e.every {
		if f.kind == tail.KindUpstream && (f.sig.failure() || f.sig.Role == Hint) {
			for _, id := range f.groups {
				trouble[id] = true
			}
		}
	}
	lines := make([]story.Line, len(cases))
	for i, c := range cases {
		text := c.Message
		if text == "" {
			text = c.Line
		}
		lines[i] = story.Line{
			Kind: c.Kind, Time: c.Time, Wanted: c.Kind == tail.KindAccess && wanted(c), Duration: c.Duration,
			Client: c.Client, Method: c.Method, Path: c.Path, RequestID: c.RequestID, Conn: c.Conn, Text: text,
			Trouble: c.Exception != "" || trouble[c.Group],
		}
		if n := len(c.Attempts); n > 0 {
			lines[i].Upstream = c.Attempts[n-1].Addr
		}
	}
	joined := story.Join(lines)
	var out []Story
	for i := range lines {
		if !lines[i].Wanted {
			continue
		}
		s := Story{Request: cases[i]}
		for _, p := range joined.Of(i) {
			s.Lines = append(s.Lines, Told{Line: cases[p.Line], By: p.By, Shared: p.Shared})
		}
		s.MadeBy, s.Proof = e.madeBy(&s)
		out = append(out, s)
	}
	return out
}

// madeBy says who made the answer of one request, where something proves it: what
// the line itself says, else the gateway's error line about it. nginx notes the
// status of a failed attempt itself, so that one is no proof.
func (e *evidence) madeBy(s *Story) (tail.Maker, string) {
	c := s.Request
	if c.Maker != tail.MakerUnknown {
		return c.Maker, "the line marks who answered"
	}
	if n := len(c.Attempts); n > 0 && c.Attempts[n-1].Header >= 0 {
		return tail.MakerUpstream, "the upstream sent a response header"
	}
	for _, l := range s.Lines {
		if l.Line.Kind == tail.KindError && l.By <= story.ByRequest && e.tellsFailure(l.Line) {
			return tail.MakerGateway, "its error log says why"
		}
	}
	for i := range e.snap.Traffic.Outcomes {
		o := &e.snap.Traffic.Outcomes[i]
		if slices.Contains(o.Groups, c.Group) {
			return makerOf(o)
		}
	}
	return tail.MakerUnknown, ""
}

// tellsFailure says whether a signature reads the line as a failure.
func (e *evidence) tellsFailure(c *window.Case) bool {
	return slices.ContainsFunc(e.every, func(f *finding) bool { return f.sig.failure() && slices.Contains(f.groups, c.Group) })
}

// makerOf says who made the answers of requests that ended alike, and what shows
// it.
func makerOf(o *window.Outcome) (tail.Maker, string) {
	switch {
	case o.Maker != uint8(tail.MakerUnknown):
		return tail.Maker(o.Maker), "the line marks who answered"
	case o.Gateway == "haproxy" && strings.HasPrefix(o.Flags, "--"):
		return tail.MakerUpstream, "the termination state -- says that the session ended well"
	case o.Gateway == "haproxy" && o.Flags != "":
		return tail.MakerGateway, "the termination state says that HAProxy ended the session"
	}
	switch o.Reached {
	case window.ReachAnswered:
		return tail.MakerUpstream, "the upstream sent a response header"
	case window.ReachNone:
		return tail.MakerGateway, "no upstream was tried"
	case window.ReachTried:
		return tail.MakerGateway, "no connection to the upstream came about"
	case window.ReachConnected:
		return tail.MakerGateway, "no response header came from the upstream"
	}
	return tail.MakerUnknown, ""
}

// Made counts the failures by who made the answer that the client saw.
type Made struct{ Gateway, Application, Unknown uint64 }

// made counts who made the failing answers within the incident. Where access lines
// don't tell, the gateway's error log does, if it is read: it has a line for each
// answer that the gateway made, and none for those passed on.
func made(e *evidence, ep *episode) Made {
	var m Made
	for i := range e.snap.Traffic.Outcomes {
		o := &e.snap.Traffic.Outcomes[i]
		if o.Status < 500 && (o.Status == 0 || o.Status >= 100) {
			continue
		}
		n := o.Count
		if !ep.firstFailure.IsZero() && len(o.Seconds) > 0 {
			n = countWithin(o.Seconds, ep.firstFailure.Add(-time.Second), ep.lastFailure)
		}
		switch by, _ := makerOf(o); by {
		case tail.MakerGateway:
			m.Gateway += n
		case tail.MakerUpstream:
			m.Application += n
		case tail.MakerUnknown:
			m.Unknown += n
		}
	}
	if m.Unknown == 0 || !errorsRead(e.snap) {
		return m
	}
	var said uint64
	for _, f := range e.all {
		if f.kind == tail.KindError && f.request() && f.sig.failure() && f.sig.Role != Companion {
			said += f.count
		}
	}
	own := min(m.Unknown, said-min(said, m.Gateway))
	m.Gateway += own
	m.Application += m.Unknown - own
	m.Unknown = 0
	return m
}

func countWithin(seconds []window.SecondCount, from, to time.Time) uint64 {
	var n uint64
	for _, s := range seconds {
		if s.Unix >= from.Unix() && s.Unix <= to.Unix() {
			n += uint64(s.Count)
		}
	}
	return n
}

// tell gives each group the stories of its requests: of several that are alike the
// first, those with lines of other logs before those without.
func tell(e *evidence, ep *episode, groups []*group) {
	all := stories(e, func(c *window.Case) bool {
		return c.Failed && (ep.firstFailure.IsZero() || isExcerpt(e.snap) ||
			!c.Time.Before(ep.start.Add(-time.Second)) && c.Time.Before(ep.lastFailure.Add(trailing)))
	})
	slices.SortStableFunc(all, func(a, b Story) int { return min(len(b.Lines), 3) - min(len(a.Lines), 3) })
	for _, g := range groups {
		seen := map[string]bool{}
		for i := range all {
			s := &all[i]
			if len(g.stories) == maxStories || !g.tells(s) {
				continue
			}
			if key := s.way(); !seen[key] {
				seen[key] = true
				g.stories = append(g.stories, *s)
			}
		}
		slices.SortStableFunc(g.stories, func(a, b Story) int { return a.Request.Time.Compare(b.Request.Time) })
	}
}

// way is what alike stories share: how the request ended and what was said of it.
func (s *Story) way() string {
	way := strconv.FormatUint(s.Request.Group, 36)
	for _, l := range s.Lines {
		if l.Line.Kind == tail.KindError {
			way += " " + strconv.FormatUint(l.Line.Group, 36)
		}
	}
	return way
}

// tells says whether a story is of the group's failures.
func (g *group) tells(s *Story) bool {
	if g.values != nil && !g.values[g.valueOf(s)] {
		return false
	}
	for _, f := range g.findings {
		if f.sig.Role == Hint {
			continue
		}
		if slices.Contains(f.groups, s.Request.Group) {
			return true
		}
		for _, l := range s.Lines {
			if l.By != story.ByTime && slices.Contains(f.groups, l.Line.Group) {
				return true
			}
		}
	}
	return false
}

// valueOf is the story's value of the field that the group is split by.
func (g *group) valueOf(s *Story) string {
	switch g.by {
	case window.ByRoute:
		return window.Route(s.Request.Method, s.Request.Path)
	case window.ByHost:
		return s.Request.Host
	}
	if n := len(s.Request.Attempts); n > 0 {
		return s.Request.Attempts[n-1].Addr
	}
	for _, l := range s.Lines {
		if n := len(l.Line.Attempts); n > 0 {
			return l.Line.Attempts[n-1].Addr
		}
	}
	return ""
}

// nearMisses are a few of the requests that a retry saved.
func nearMisses(s *incident.Snapshot, e *evidence) []Story {
	if s.Traffic.Retried == 0 {
		return nil
	}
	all := stories(e, func(c *window.Case) bool { return c.Hidden })
	slices.SortStableFunc(all, func(a, b Story) int { return min(len(b.Lines), 1) - min(len(a.Lines), 1) })
	return all[:min(len(all), maxStories)]
}
