package window

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"why502/tail"
)

// Case is a kept line of a request that failed or was saved by a retry, or of a
// log that says why: the stuff that stories of single requests are joined from.
// It is never written to once it is given out. Texts are hostile and bounded.
type Case struct {
	Kind    tail.Kind
	Gateway string
	Source  string
	Time    time.Time // zero when the line has none
	Group   uint64    // of Outcome.Groups or Message.Group
	Line    string    // as it came, at most maxCaseLine bytes

	Client, Method, Path, Host, RequestID, Conn, PID string

	Status   int
	Duration time.Duration // tail.None when not logged
	Maker    tail.Maker
	Failed   bool
	Hidden   bool // succeeded after an attempt that failed
	Flags    string
	Attempts []Try

	Level, Message, Exception, Frame string
}

// Try is one attempt of a Case.
type Try struct {
	Addr             string
	Status           int
	Header, Response time.Duration // tail.None when not reached or not logged
}

const (
	// caseBuckets is how many stretches of time have cases of their own; with more,
	// all get twice as long.
	caseBuckets = 256
	// caseWidth is the shortest stretch: 1<<caseWidth seconds.
	caseWidth = 3
	// A stretch keeps the first of each group of alike lines, and of these the
	// first: requests and other lines apart.
	casesOfGroup  = 4
	casesRequests = 12
	casesLines    = 16
	// maxCaseLine and maxCaseField are the lengths at which texts are cut, in bytes.
	maxCaseLine  = 2 << 10
	maxCaseField = 256
	maxTries     = 8
)

// cases keeps the first lines of each group in each stretch of time. Which ones
// stay does not depend on the order they come in, nor on how they were split over
// several Stats: of each group the earliest, of these the earliest, whatever the
// stretch.
type cases struct {
	width   uint // a stretch lasts 1<<width seconds
	buckets map[int64]*caseBucket
	last    *caseBucket
	lastKey int64
}

type caseBucket struct {
	requests, lines []*Case
	failed          [Dimensions]names // failures of the stretch by value
	count           uint64            // all of them
}

// fail counts a failure in its stretch by the fields that have few values; the
// stretch is that of the last offer.
func (c *cases) fail(ev *tail.Event, routeHash uint64, route, upstream []byte, upstreamHash uint64) {
	key := second(ev.Time) >> c.width
	b := c.bucket(key)
	b.count++
	if upstream != nil {
		b.failed[ByUpstream].add(upstreamHash, upstream, 0, 1)
	}
	if len(route) > 0 {
		b.failed[ByRoute].add(routeHash, route, 0, 1)
	}
	for d, value := range [Dimensions][]byte{ByHost: ev.Host, ByMethod: ev.Method, ByBackend: ev.Backend} {
		if named(value) {
			value = bound(value)
			b.failed[d].add(hashOf(value), value, 0, 1)
		}
	}
}

// Stretch is what failed in a stretch of time.
type Stretch struct {
	From, To int64 // seconds, To excluded
	Failed   uint64
	// By counts the failures by the values of a dimension; clients and agents, of
	// which there are too many, are left out.
	By [Dimensions][]Count
}

// stretches returns what failed when, ascending.
func (c *cases) stretches() []Stretch {
	var out []Stretch
	for key, b := range c.buckets {
		if b.count == 0 {
			continue
		}
		s := Stretch{From: key << c.width, To: (key + 1) << c.width, Failed: b.count}
		for d := range b.failed {
			s.By[d] = b.failed[d].counts()
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Stretch) int { return cmp.Compare(a.From, b.From) })
	return out
}

// passed remembers of a group from when on in a stretch its lines have no place
// any more, so that the many lines of an incident cost next to nothing.
type passed struct {
	key, from int64
	width     uint
}

// offer keeps ev when it is among the first of its group and stretch.
func (c *cases) offer(ev *tail.Event, source string, group uint64, p *passed, failed, hidden bool) {
	if c.buckets == nil {
		c.buckets, c.width = make(map[int64]*caseBucket), caseWidth
	}
	key := second(ev.Time) >> c.width
	if p.key == key && p.width == c.width && ev.Time > p.from {
		return
	}
	b := c.bucket(key)
	pool, most := b.pool(ev.Kind == tail.KindAccess)
	at, line := ev.Time, ev.Line[:min(len(ev.Line), maxCaseLine)]
	if !wanted(*pool, most, at, line, source, group) {
		*p = passed{key, at, c.width}
		return
	}
	n := newCase(ev, source, group)
	n.Failed, n.Hidden = failed, hidden
	insertCase(pool, most, n)
	c.widen()
}

// pool returns the cases of requests or of other lines, and how many may stay.
func (b *caseBucket) pool(request bool) (pool *[]*Case, most int) {
	if request {
		return &b.requests, casesRequests
	}
	return &b.lines, casesLines
}

func (c *cases) bucket(key int64) *caseBucket {
	if c.last != nil && c.lastKey == key {
		return c.last
	}
	b := c.buckets[key]
	if b == nil {
		b = new(caseBucket)
		c.buckets[key] = b
	}
	c.last, c.lastKey = b, key
	return b
}

// wanted says whether a line has a place in a pool, without making a Case of it.
func wanted(pool []*Case, most int, at int64, line []byte, source string, group uint64) bool {
	ofGroup := 0
	for i, p := range pool {
		t := nanos(p.Time)
		if t < at || t == at && p.Line < string(line) || t == at && p.Line == string(line) && p.Source < source {
			if p.Group == group {
				if ofGroup++; ofGroup >= casesOfGroup {
					return false
				}
			}
			if i == most-1 {
				return false
			}
			continue
		}
		return p.Group != group || t != at || p.Line != string(line) || p.Source != source
	}
	return true
}

// nanos is a case's time as events have it.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func compareCases(a, b *Case) int {
	return cmp.Or(cmp.Compare(nanos(a.Time), nanos(b.Time)), cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Source, b.Source), cmp.Compare(a.Group, b.Group))
}

// insertCase puts n in its place and lets go of what has none any more.
func insertCase(pool *[]*Case, most int, n *Case) {
	i, found := slices.BinarySearchFunc(*pool, n, compareCases)
	if found {
		return
	}
	p := slices.Insert(*pool, i, n)
	ofGroup := 0
	for k, q := range p {
		if q.Group == n.Group {
			if ofGroup++; ofGroup > casesOfGroup {
				p = slices.Delete(p, k, k+1)
				break
			}
		}
	}
	if len(p) > most {
		clear(p[most:])
		p = p[:most]
	}
	*pool = p
}

// widen doubles the stretches until there are few enough.
func (c *cases) widen() {
	for len(c.buckets) > caseBuckets {
		c.resize(c.width + 1)
	}
}

func (c *cases) resize(width uint) {
	old, by := c.buckets, width-c.width
	*c = cases{width: width, buckets: make(map[int64]*caseBucket, len(old))}
	for key, b := range old {
		if into := c.buckets[key>>by]; into == nil {
			c.buckets[key>>by] = b
			continue
		}
		c.take(key>>by, b)
	}
}

// take puts the cases of b into the stretch of key.
func (c *cases) take(key int64, b *caseBucket) {
	into := c.bucket(key)
	for _, n := range b.requests {
		insertCase(&into.requests, casesRequests, n)
	}
	for _, n := range b.lines {
		insertCase(&into.lines, casesLines, n)
	}
	into.count += b.count
	for d := range b.failed {
		into.failed[d].merge(&b.failed[d])
	}
}

func (c *cases) merge(o *cases) {
	if len(o.buckets) == 0 {
		return
	}
	if c.buckets == nil {
		c.buckets, c.width = make(map[int64]*caseBucket), caseWidth
	}
	if o.width > c.width {
		c.resize(o.width)
	}
	for key, b := range o.buckets {
		c.take(key>>(c.width-o.width), b)
	}
	c.widen()
}

// reset forgets all cases; Views that have them keep them.
func (c *cases) reset() { *c = cases{} }

// view returns the cases, oldest first.
func (c *cases) view() []*Case {
	if len(c.buckets) == 0 {
		return nil
	}
	keys := make([]int64, 0, len(c.buckets))
	n := 0
	for key, b := range c.buckets {
		keys = append(keys, key)
		n += len(b.requests) + len(b.lines)
	}
	slices.Sort(keys)
	out := make([]*Case, 0, n)
	for _, key := range keys {
		b := c.buckets[key]
		from := len(out)
		out = append(append(out, b.requests...), b.lines...)
		slices.SortFunc(out[from:], compareCases)
	}
	return out
}

// newCase copies what a story tells of a line.
func newCase(ev *tail.Event, source string, group uint64) *Case {
	// All texts share one copy.
	fields := [...][]byte{
		ev.Line[:min(len(ev.Line), maxCaseLine)], cutField(ev.Client), cutField(ev.Method), cutField(ev.Path), cutField(ev.Host),
		cutField(ev.RequestID), cutField(ev.Conn), cutField(ev.PID), cutField(ev.Flags), cutField(ev.Level),
		ev.Message[:min(len(ev.Message), maxSample)], cutField(ev.Exception), cutField(ev.Frame),
	}
	size := 0
	for _, f := range fields {
		size += len(f)
	}
	var b strings.Builder
	b.Grow(size)
	for _, f := range fields {
		b.Write(f)
	}
	all := b.String()
	var text [len(fields)]string
	for i, f := range fields {
		text[i], all = all[:len(f)], all[len(f):]
	}
	n := &Case{
		Kind: ev.Kind, Gateway: ev.Gateway, Source: source, Time: ev.When(), Group: group, Line: text[0],
		Client: text[1], Method: text[2], Path: text[3], Host: text[4], RequestID: text[5], Conn: text[6], PID: text[7],
		Status: ev.Status, Duration: ev.Duration, Maker: ev.Maker, Flags: text[8],
		Level: text[9], Message: text[10], Exception: text[11], Frame: text[12],
	}
	tries := ev.Attempts[max(0, len(ev.Attempts)-maxTries):]
	for i := range tries {
		a := &tries[i]
		n.Attempts = append(n.Attempts, Try{Addr: string(cutField(a.Addr)), Status: a.Status, Header: a.Header, Response: a.Response})
	}
	return n
}

func cutField(b []byte) []byte { return b[:min(len(b), maxCaseField)] }
