package story

import (
	"slices"
	"strings"
	"time"

	"why502/tail"
)

// MaxParts bounds the lines of one request.
const MaxParts = 8

// slack is how far the clocks and the whole seconds of two logs may be apart.
const slack = time.Second

// Line is what joining looks at. Fields that the line lacks are empty.
type Line struct {
	Kind tail.Kind
	Time time.Time // lines without one are not joined
	// Wanted marks the requests to find lines for.
	Wanted   bool
	Duration time.Duration // of a request, tail.None when not logged

	Client, Method, Path, RequestID, Conn, Upstream string
	// Text is the message of a line that is no request.
	Text string
	// Trouble marks an application's line that tells of a fault.
	Trouble bool
}

// By is what two lines were joined by, the surest first.
type By uint8

// What lines are joined by.
const (
	ByID       By = iota + 1 // the same request id
	ByConn                   // the same connection of the gateway
	ByRequest                // the same second, client and path
	ByPath                   // the application's line: the same path within the request's time
	ByUpstream               // the same second and upstream, or the same path of an unknown client
	ByTime                   // nothing but the time of the request
)

// String says it in words.
func (b By) String() string {
	return [...]string{
		"", "same request id", "same connection", "same second, client and path", "same path while the request was open",
		"same second and upstream", "written while the request was open",
	}[b]
}

// Part is a line joined to a request.
type Part struct {
	Line   int // its index
	By     By
	Shared bool // another request has it too
}

// Joined are the lines with the requests they belong to.
type Joined struct {
	lines []Line
	parts map[int][]Part
	taken map[int]bool
	index map[key][]int // the lines that may be found by each key
}

// key is what a request and its other lines share; the fields not used are empty.
type key struct {
	kind           tail.Kind
	second         int64
	client, target string
	id, conn       string
}

// Join joins lines. Those of one log are in the order of time, as are all requests.
func Join(lines []Line) *Joined {
	j := &Joined{lines: lines, parts: map[int][]Part{}, taken: map[int]bool{}, index: map[key][]int{}}
	for i := range lines {
		l := &lines[i]
		if l.Time.IsZero() || l.Kind != tail.KindError && l.Kind != tail.KindUpstream {
			continue
		}
		for _, k := range keysOf(l) {
			j.index[k] = append(j.index[k], i)
		}
	}
	if len(j.index) == 0 {
		return j
	}
	for _, found := range j.index { // a log whose clock is off comes in another order
		slices.SortStableFunc(found, func(a, b int) int { return lines[a].Time.Compare(lines[b].Time) })
	}
	for i := range lines {
		if l := &lines[i]; l.Kind == tail.KindAccess && l.Wanted && !l.Time.IsZero() {
			j.gateway(i)
			j.application(i)
		}
	}
	return j
}

// Of returns the lines of request i, oldest first.
func (j *Joined) Of(i int) []Part { return j.parts[i] }

// Taken says whether line i stands beside a request.
func (j *Joined) Taken(i int) bool { return j.taken[i] }

// keysOf are the ways in which a request may find the line l.
func keysOf(l *Line) []key {
	var keys []key
	if l.RequestID != "" {
		keys = append(keys, key{kind: l.Kind, id: l.RequestID})
	}
	second := l.Time.Unix()
	if l.Kind == tail.KindUpstream {
		return append(keys, key{kind: l.Kind, second: second})
	}
	if l.Conn != "" {
		keys = append(keys, key{kind: l.Kind, conn: l.Conn})
	}
	switch {
	case l.Path != "":
		keys = append(keys, key{kind: l.Kind, second: second, client: l.Client, target: l.Path})
	case l.Upstream != "":
		keys = append(keys, key{kind: l.Kind, second: second, target: l.Upstream})
	}
	return keys
}

// gateway gives request i the lines of the gateway's error log. The gateway writes
// them before the access line, at most a second apart by their clocks of whole
// seconds; the request's own second comes first.
func (j *Joined) gateway(i int) {
	r := &j.lines[i]
	if r.RequestID != "" && j.take(i, j.open(r, j.index[key{kind: tail.KindError, id: r.RequestID}]), ByID) {
		return
	}
	if r.Conn != "" && j.take(i, j.open(r, j.index[key{kind: tail.KindError, conn: r.Conn}]), ByConn) {
		return
	}
	second := r.Time.Unix()
	for _, s := range [...]int64{second, second - 1, second + 1} {
		for n, k := range [...]key{{client: r.Client, target: r.Path}, {target: r.Path}, {target: r.Upstream}} {
			k.kind, k.second = tail.KindError, s
			if k.target == "" || len(j.index[k]) == 0 {
				continue
			}
			by := ByRequest
			if n > 0 {
				by = ByUpstream
			}
			j.take(i, j.index[k], by)
			return
		}
	}
}

// begin is when a request began as far as its line tells: lines are stamped at the
// end by some gateways and at the beginning by others.
func (l *Line) begin() time.Time { return l.Time.Add(-max(0, l.Duration) - slack) }

// end is when a request ended at the latest.
func (l *Line) end() time.Time { return l.Time.Add(max(0, l.Duration) + slack) }

// open keeps of found the lines written while r was open that do not speak of
// another path: a connection serves many requests.
func (j *Joined) open(r *Line, found []int) []int {
	var out []int
	for _, i := range found {
		l := &j.lines[i]
		if l.Time.Before(r.begin()) || l.Time.After(r.end()) || l.Path != "" && r.Path != "" && l.Path != r.Path {
			continue
		}
		out = append(out, i)
	}
	return out
}

// take gives request i those of found that nobody has yet and that belong to one
// request by their connection, or shares the last one when all are taken: a client
// may ask the same path twice in a second. It says whether there were any.
func (j *Joined) take(i int, found []int, by By) bool {
	if len(found) == 0 {
		return false
	}
	conn, got := "", 0
	for _, n := range found {
		if j.taken[n] {
			continue
		}
		c := j.lines[n].Conn
		if got > 0 && (c == "" || c != conn) && by != ByID || len(j.parts[i]) >= MaxParts {
			break
		}
		conn, got = c, got+1
		j.taken[n] = true
		j.parts[i] = append(j.parts[i], Part{Line: n, By: by})
	}
	if got == 0 && len(j.parts[i]) < MaxParts {
		j.parts[i] = append(j.parts[i], Part{Line: found[len(found)-1], By: by, Shared: true})
	}
	return true
}

// maxOpen bounds how long a request is taken to have been open.
const maxOpen = 2 * time.Minute

// application gives request i the application's lines about it: those with its id,
// else the first one of its path and what tells of a fault without a path, within
// the time that the request was open.
func (j *Joined) application(i int) {
	r := &j.lines[i]
	if r.RequestID != "" && j.take(i, j.open(r, j.index[key{kind: tail.KindUpstream, id: r.RequestID}]), ByID) {
		return
	}
	from, to := r.begin().Unix(), r.end().Unix()
	if to-from > int64(maxOpen/time.Second) {
		from = to - int64(maxOpen/time.Second)
	}
	for s := from; s <= to; s++ {
		for _, n := range j.index[key{kind: tail.KindUpstream, second: s}] {
			l := &j.lines[n]
			switch {
			case len(j.parts[i]) >= MaxParts:
				return
			case j.taken[n] && l.Path != "" || l.RequestID != "" && r.RequestID != "" && l.RequestID != r.RequestID:
			case speaksOf(l, r):
				if !j.says(i, l.Text) { // the next one is the next request's
					j.add(i, n, ByPath)
				}
			case l.Trouble && l.Path == "" && !j.has(i, ByTime):
				j.add(i, n, ByTime)
			}
		}
	}
}

// speaksOf says whether an application's line names the request's path.
func speaksOf(l, r *Line) bool {
	if l.Method != "" && r.Method != "" && l.Method != r.Method {
		return false
	}
	path, _, _ := strings.Cut(r.Path, "?")
	if l.Path != "" {
		named, _, _ := strings.Cut(l.Path, "?")
		return named == path
	}
	return l.Trouble && len(path) > 1 && strings.Contains(l.Text, path)
}

// says whether a line of request i has the same words.
func (j *Joined) says(i int, text string) bool {
	return slices.ContainsFunc(j.parts[i], func(p Part) bool { return j.lines[p.Line].Text == text })
}

func (j *Joined) has(i int, by By) bool {
	return slices.ContainsFunc(j.parts[i], func(p Part) bool { return p.By == by })
}

// add gives request i the line n, which may belong to others too when only the
// time tells.
func (j *Joined) add(i, n int, by By) {
	j.parts[i] = append(j.parts[i], Part{Line: n, By: by, Shared: j.taken[n]})
	j.taken[n] = true
}
