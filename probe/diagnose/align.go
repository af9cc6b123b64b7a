package diagnose

import (
	"slices"
	"time"

	"why502/probe/incident"
	"why502/tail"
	"why502/tail/window"
)

// aligned returns the snapshot with what other logs than the gateway's say put right:
// by the clock of the gateway's access log, so that a reason is joined to the failures
// it explains, and as the application's where a log in no gateway's words stands beside
// a gateway's. The snapshot itself is not touched.
func aligned(s *incident.Snapshot) *incident.Snapshot {
	named := slices.ContainsFunc(s.Sources, func(src incident.Source) bool {
		return src.Kind == tail.KindAccess && src.Gateway != "" && src.Gateway != noGateway
	})
	applications := func(gateway string, kind tail.Kind) bool {
		return named && gateway == noGateway && kind == tail.KindError
	}
	off := slices.ContainsFunc(s.Sources, func(src incident.Source) bool { return src.Clock.Off() })
	if !off && !slices.ContainsFunc(s.Traffic.Messages, func(m window.Message) bool { return applications(m.Gateway, tail.Kind(m.Kind)) }) {
		return s
	}
	out := *s
	out.Traffic.Messages = slices.Clone(s.Traffic.Messages)
	for i := range out.Traffic.Messages {
		m := &out.Traffic.Messages[i]
		if applications(m.Gateway, tail.Kind(m.Kind)) {
			m.Kind = uint8(tail.KindUpstream)
		}
		if ahead := s.Ahead(m.Source); ahead != 0 {
			m.First, m.Last, m.Seconds = earlier(m.First, ahead), earlier(m.Last, ahead), slices.Clone(m.Seconds)
			for k := range m.Seconds {
				m.Seconds[k].Unix -= int64(ahead.Round(time.Second) / time.Second)
			}
		}
	}
	out.Traffic.Cases = slices.Clone(s.Traffic.Cases)
	for i, c := range out.Traffic.Cases {
		theirs, ahead := applications(c.Gateway, c.Kind), s.Ahead(c.Source)
		if !theirs && ahead == 0 {
			continue
		}
		n := *c
		n.Time = earlier(c.Time, ahead)
		if theirs {
			n.Kind = tail.KindUpstream
		}
		out.Traffic.Cases[i] = &n
	}
	slices.SortStableFunc(out.Traffic.Cases, func(a, b *window.Case) int { return a.Time.Compare(b.Time) })
	return &out
}

// noGateway is the gateway of formats that many programs write.
const noGateway = "generic"

func earlier(t time.Time, ahead time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-ahead)
}
