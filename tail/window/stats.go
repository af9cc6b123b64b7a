package window

import (
	"time"

	"why502/tail"
)

// maxUpstreams is how many upstreams get a latency histogram of their own; the
// ones seen first.
const maxUpstreams = 64

// maxLead bounds how far before its second a failure may have begun.
const maxLead = time.Minute

// Stats are the statistics of some events. They are not safe for concurrent use:
// each worker has its own, and merges them.
type Stats struct {
	first, last      int64 // nanoseconds; first is never while no event had a time
	requests, failed uint64
	retried, aborted uint64
	status           [600]uint64 // index 0: none or not a status
	odd              map[int]uint64

	good, bad, upstream Histogram
	timeline            timeline
	top                 [Dimensions]heavy
	hidden              names // upstreams whose failed attempt a retry hid
	clients             distinct
	scratch             []byte
	outcomes            outcomes
	messages            messages
	cases               cases

	upstreamDict dict
	upstreamTime []*Histogram // as upstreamDict's words
}

// New returns empty statistics.
func New() *Stats {
	s := &Stats{first: never}
	return s
}

// Reset empties s and keeps its memory.
func (s *Stats) Reset() {
	s.first, s.last = never, 0
	s.requests, s.failed, s.retried, s.aborted = 0, 0, 0, 0
	clear(s.status[:])
	clear(s.odd)
	s.good, s.bad, s.upstream = Histogram{}, Histogram{}, Histogram{}
	s.timeline.reset()
	for i := range s.top {
		s.top[i].reset()
	}
	s.hidden = names{}
	s.clients = distinct{}
	s.outcomes.reset()
	s.messages.reset()
	s.cases.reset()
	s.upstreamDict.reset()
	s.upstreamTime = s.upstreamTime[:0]
}

// Last returns the time of the newest event, the zero time when none had one.
func (s *Stats) Last() time.Time { return moment(s.last) }

// Add counts ev, which source delivered. Access events are requests, events of
// the other logs messages; raw ones are ignored. Nothing of ev is kept but copies.
func (s *Stats) Add(ev *tail.Event, source string) {
	switch ev.Kind {
	case tail.KindAccess:
		s.addRequest(ev, source)
	case tail.KindError, tail.KindUpstream, tail.KindSystem:
		s.addMessage(ev, source)
	}
}

func (s *Stats) seen(ns int64) {
	if ns != 0 {
		s.first, s.last = min(s.first, ns), max(s.last, ns)
	}
}

// addMessage counts a line of an error, upstream or system log.
func (s *Stats) addMessage(ev *tail.Event, source string) {
	s.seen(ev.Time)
	text := ev.Message
	if len(text) == 0 {
		text = ev.Line
	}
	g := s.messages.of(ev, text)
	if g == nil {
		s.messages.missed++
		return
	}
	g.count++
	if ev.Time != 0 {
		g.first, g.last = min(g.first, ev.Time), max(g.last, ev.Time)
		g.seconds.add(second(ev.Time), 1)
	}
	g.sample.offer(ev.Time, ev.Line, text, source)
	s.cases.offer(ev, source, g.id, &g.passed, false, false)
	if a := ev.Last(); a != nil && len(a.Addr) > 0 {
		addr := bound(a.Addr)
		g.upstreams.add(hashOf(addr), addr, 0, 1)
	}
	s.scratch = s.scratch[:0]
	if len(ev.Path) > 0 {
		s.scratch = routeOf(s.scratch, ev.Method, ev.Path)
	}
	g.spread.add(ev, hashOf(s.scratch), s.scratch)
}

// second returns the second that ns lies in, also before 1970.
func second(ns int64) int64 {
	sec := ns / int64(time.Second)
	if ns < 0 && sec*int64(time.Second) != ns {
		sec--
	}
	return sec
}

// Merge adds what o has counted; o stays as it is.
func (s *Stats) Merge(o *Stats) {
	s.first, s.last = min(s.first, o.first), max(s.last, o.last)
	s.requests += o.requests
	s.failed += o.failed
	s.retried += o.retried
	s.aborted += o.aborted
	for i, n := range o.status {
		s.status[i] += n
	}
	for status, n := range o.odd {
		s.addOdd(status, n)
	}
	s.good.Merge(&o.good)
	s.bad.Merge(&o.bad)
	s.upstream.Merge(&o.upstream)
	s.timeline.merge(&o.timeline)
	for i := range s.top {
		s.top[i].merge(&o.top[i])
	}
	s.hidden.merge(&o.hidden)
	s.clients.merge(&o.clients)
	s.outcomes.merge(&o.outcomes)
	s.messages.merge(&o.messages)
	s.cases.merge(&o.cases)
	for i, h := range o.upstreamTime {
		if into := s.timesOf(o.upstreamDict.words[i].hash, o.upstreamDict.key(i)); into != nil {
			into.Merge(h)
		}
	}
}

// Take adds what o has counted, and leaves o empty. It is Merge and Reset, and costs
// next to nothing where s is empty.
func (s *Stats) Take(o *Stats) {
	if s.empty() {
		*s, *o = *o, *s
	} else {
		s.Merge(o)
	}
	o.Reset()
}

// Wide says that s holds so many seconds that it should be handed over: those of a
// worker take 3 MiB at the most, whatever the log.
func (s *Stats) Wide() bool { return len(s.timeline.order) >= widePages }

// empty says whether no event was counted.
func (s *Stats) empty() bool {
	return s.requests == 0 && len(s.messages.groups) == 0 && s.messages.missed == 0
}

// addOdd counts a status beyond 599; there is room for few.
func (s *Stats) addOdd(status int, n uint64) {
	if s.odd == nil {
		s.odd = make(map[int]uint64)
	}
	if _, known := s.odd[status]; !known && len(s.odd) >= 64 {
		s.status[0] += n
		return
	}
	s.odd[status] += n
}

// timesOf returns the latency histogram of an upstream, nil when there is no room
// for one more.
func (s *Stats) timesOf(hash uint64, addr []byte) *Histogram {
	n := s.upstreamDict.find(hash, addr)
	if n < 0 {
		if len(s.upstreamTime) >= maxUpstreams {
			return nil
		}
		n = s.upstreamDict.add(hash, addr)
		s.upstreamTime = append(s.upstreamTime, new(Histogram))
	}
	return s.upstreamTime[n]
}
