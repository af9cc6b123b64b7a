package pane

import (
	"strings"

	"why502/tail"
)

// joined is the failures with each failing request's reason: the error lines of
// the same second that speak of the same client and path, else of the same
// upstream. nginx's error log carries no request id, so time, client, request
// and upstream are all there is to join by.
type joined struct {
	reasons map[recordKey][]*Record // of an access line, oldest first
	taken   map[recordKey]bool      // error lines that are somebody's reason
}

// joinKey is what a request and its error lines share.
type joinKey struct {
	second         int64
	client, target string
}

// joinMost bounds the reasons kept for one request.
const joinMost = 8

// joinReasons joins records, which are in the order of time.
func joinReasons(records []*Record) joined {
	j := joined{reasons: map[recordKey][]*Record{}, taken: map[recordKey]bool{}}
	byKey := map[joinKey][]*Record{}
	for _, r := range records {
		if r.Line.Kind != tail.KindError || r.Line.Time.IsZero() {
			continue
		}
		for _, k := range errorKeys(r) {
			byKey[k] = append(byKey[k], r)
		}
	}
	if len(byKey) == 0 {
		return j
	}
	for _, r := range records {
		if r.Line.Kind == tail.KindAccess && r.Line.Failed && !r.Line.Time.IsZero() {
			j.join(r, byKey)
		}
	}
	return j
}

// errorKeys are the ways a request may find the error line r.
func errorKeys(r *Record) []joinKey {
	second := r.Line.Time.Unix()
	var keys []joinKey
	if path := r.Get("path"); path != "" {
		return append(keys, joinKey{second, r.Get("client"), path})
	}
	if up := r.Get("upstream"); up != "" {
		keys = append(keys, joinKey{second, "", up})
	}
	return keys
}

// join gives the access line r its reasons. The gateway writes the error line
// before the access line, at most a second apart by their clocks of whole
// seconds; the request's own second comes first.
func (j *joined) join(r *Record, byKey map[joinKey][]*Record) {
	second := r.Line.Time.Unix()
	for _, s := range [...]int64{second, second - 1, second + 1} {
		for _, k := range [...]joinKey{
			{s, r.Get("client"), r.Get("path")}, {s, "", r.Get("path")}, {s, "", r.Get("upstream")},
		} {
			if k.target == "" || len(byKey[k]) == 0 {
				continue
			}
			j.take(r, byKey[k])
			return
		}
	}
}

// take gives r those of found that nobody has yet and that belong to one request
// by their connection number, or shares the last one when all are taken: a
// client may ask the same path twice in a second.
func (j *joined) take(r *Record, found []*Record) {
	key := recordKey{r.Line.Source, r.Line.Seq}
	var conn string
	for _, e := range found {
		ek := recordKey{e.Line.Source, e.Line.Seq}
		if j.taken[ek] {
			continue
		}
		c := connection(e.Line.Text)
		if len(j.reasons[key]) > 0 && (c == "" || c != conn) || len(j.reasons[key]) >= joinMost {
			break
		}
		conn = c
		j.taken[ek] = true
		j.reasons[key] = append(j.reasons[key], e)
	}
	if len(j.reasons[key]) == 0 {
		j.reasons[key] = found[len(found)-1:]
	}
}

// connection returns nginx's number of a connection, the "*17" after the process
// and thread ids, which joins the lines of one request (nginx source,
// ngx_log_error_core: " *%uA " when the connection is known).
func connection(line string) string {
	_, rest, ok := strings.Cut(line, ": *")
	if !ok {
		return ""
	}
	n := 0
	for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
		n++
	}
	if n == len(rest) || rest[n] != ' ' {
		return ""
	}
	return rest[:n]
}

// of returns the reasons of an access line.
func (j *joined) of(r *Record) []*Record { return j.reasons[recordKey{r.Line.Source, r.Line.Seq}] }

// isReason says whether the error line r stands beside a request already.
func (j *joined) isReason(r *Record) bool { return j.taken[recordKey{r.Line.Source, r.Line.Seq}] }
