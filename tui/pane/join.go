package pane

import (
	"slices"

	"why502/probe/incident"
	"why502/tail"
	"why502/tail/story"
)

// joined is the failures with each failing request's reasons: the lines of the
// gateway's error log and of the application that belong to it.
type joined struct {
	reasons map[recordKey][]reasonLine // of an access line, oldest first
	taken   map[recordKey]bool         // lines that are surely somebody's reason
}

// reasonLine is a line that belongs to a request.
type reasonLine struct {
	*Record
	by     story.By
	shared bool
}

// joinReasons joins records, which are in the order of time as their logs have it.
func joinReasons(snap *incident.Snapshot, records []*Record) joined {
	if !slices.ContainsFunc(records, func(r *Record) bool { return r.Line.Kind != tail.KindAccess }) {
		return joined{} // no other log is read: nothing to join, nor to parse for it
	}
	lines := make([]story.Line, len(records))
	for i, r := range records {
		lines[i] = story.Line{
			Kind: r.Line.Kind, Time: snap.At(&r.Line), Wanted: r.Line.Failed, Trouble: r.Line.Trouble, Duration: r.Duration("duration"),
			Client: r.Get("client"), Method: r.Get("method"), Path: r.Get("path"), RequestID: r.Get("request_id"),
			Conn: r.Get("connection"), Upstream: r.Get("upstream"), Text: r.Get("message"),
		}
	}
	found := story.Join(lines)
	j := joined{reasons: map[recordKey][]reasonLine{}, taken: map[recordKey]bool{}}
	for i, r := range records {
		for _, p := range found.Of(i) {
			line := records[p.Line]
			j.reasons[r.key()] = append(j.reasons[r.key()], reasonLine{line, p.By, p.Shared})
			if p.By != story.ByTime {
				j.taken[line.key()] = true
			}
		}
	}
	return j
}

// of returns the reasons of an access line.
func (j *joined) of(r *Record) []reasonLine { return j.reasons[r.key()] }

// why is the line that tells best why a request failed: the last one of the
// gateway's error log, else the application's; nil when there is none.
func (j *joined) why(r *Record) *Record {
	var best *Record
	for _, l := range j.of(r) {
		if l.Line.Kind == tail.KindError || best == nil || best.Line.Kind != tail.KindError {
			best = l.Record
		}
	}
	return best
}

// isReason says whether the line r stands beside a request already.
func (j *joined) isReason(r *Record) bool { return j.taken[r.key()] }
