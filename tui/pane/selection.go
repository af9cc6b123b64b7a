package pane

import (
	"sort"
	"time"

	"why502/probe/incident"
	"why502/tail"
	"why502/themes"
)

// Selection says which requests a list shows.
type Selection struct {
	From, To time.Time // of their end; zero is open
	Parts    uint8     // bits of the parts of the status mix; 0 is all
	Slower   time.Duration
	Upstream string // tried this address; "" is any
	Failed   bool   // only failed ones
}

// match says whether the request is selected.
func (s *Selection) match(r *Record, up *upstream) bool {
	l := &r.Line
	switch {
	case l.Kind != tail.KindAccess, s.Failed && !l.Failed,
		!s.From.IsZero() && l.Time.Before(s.From), !s.To.IsZero() && !l.Time.Before(s.To),
		s.Parts != 0 && s.Parts&(1<<partOf(l.Status)) == 0,
		s.Slower > 0 && r.Duration("duration") < s.Slower,
		s.Upstream != "" && !up.touches(r):
		return false
	}
	return true
}

// selected are the kept requests of the selection that pass the filter, oldest
// first. Failures are kept longer than the rest, so both rings are looked at.
func (in *Input) selected(s *Selection) []*Record {
	var up upstream
	if s.Upstream != "" {
		up = in.find(s.Upstream)
	}
	seen := map[recordKey]bool{}
	var found []*Record
	for _, records := range [...][]*Record{in.failures(), in.recent()} {
		for _, r := range records {
			k := recordKey{r.Line.Source, r.Line.Seq}
			if !seen[k] && s.match(r, &up) && in.Filter.Match(r) {
				seen[k] = true
				found = append(found, r)
			}
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].Line.Time.Before(found[j].Line.Time) })
	return found
}

// count is how many requests of the statistics the selection has, as far as the
// seconds tell it.
func (s *Selection) count(in *Input) (n uint64, known bool) {
	if s.Upstream != "" || s.Slower > 0 {
		return 0, false
	}
	for i := range in.Snap.Traffic.Seconds {
		sec := &in.Snap.Traffic.Seconds[i]
		at := time.Unix(sec.Unix, 0)
		if !s.From.IsZero() && at.Before(s.From) || !s.To.IsZero() && !at.Before(s.To) {
			continue
		}
		if s.Failed {
			n += uint64(sec.Failed)
			continue
		}
		for part, c := range stack(sec) {
			if s.Parts == 0 || s.Parts&(1<<part) != 0 {
				n += uint64(c)
			}
		}
	}
	return n, true
}

// partRole is the look of a status.
func partRole(l *incident.Line) themes.Role {
	if l.Status == 0 && !l.Failed {
		return themes.Dim
	}
	return themes.Status(partOf(l.Status))
}
