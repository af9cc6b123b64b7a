package window

import (
	"math"
	"slices"
	"time"
)

const (
	pageBits    = 6
	pageSeconds = 1 << pageBits
	// maxPages bounds the seconds kept to seven days of continuous traffic.
	maxPages = 7 * 24 * 3600 / pageSeconds
	// maxLatencyPages bounds the latency columns kept to one day.
	maxLatencyPages = 24 * 3600 / pageSeconds
	// widePages are the seconds, some hours of them, that a worker keeps.
	widePages = 1 << 8
	// noLead is the lead of a second without failures.
	noLead = math.MinInt32
)

// cell is one second without its latencies.
type cell struct {
	class                    [6]uint32
	s502, s503, s504         uint32
	failed, retried, aborted uint32
	lead                     int32 // ms that the earliest failure began before the second, noLead when none
}

func (c *cell) total() uint32 {
	return c.class[0] + c.class[1] + c.class[2] + c.class[3] + c.class[4] + c.class[5]
}

// columns are the latency columns of a page's seconds.
type columns [pageSeconds]Times

// page is pageSeconds consecutive seconds.
type page struct {
	key   int64 // second >> pageBits
	cells [pageSeconds]cell
	lat   *columns // nil while no line carried a duration, and when dropped as too old
}

// timeline keeps the counts by second in pages, wherever in time they are. Too
// many pages drop the oldest ones: a log whose times are spread over a century
// costs no more memory than one week. What was dropped is counted.
type timeline struct {
	pages   map[int64]*page
	order   keyHeap // keys of pages, oldest on top
	latency keyHeap // keys of the pages with latency columns
	last    *page   // the page used last: most lines follow in time
	free    []*page
	// dropped counts the requests that left with their page, or were too old to
	// get one; before is the newest second dropped so.
	dropped uint64
	before  int64
}

// at returns the page of a second, nil when it is older than all that may be
// kept.
func (t *timeline) at(unix int64) *page {
	if key := unix >> pageBits; t.last == nil || t.last.key != key {
		t.last = t.find(key, unix)
	}
	return t.last
}

func (t *timeline) find(key, unix int64) *page {
	p := t.pages[key]
	if p == nil {
		if p = t.newPage(key); p == nil {
			t.dropped++
			t.before = max(t.before, unix)
			return nil
		}
	}
	return p
}

func (t *timeline) newPage(key int64) *page {
	if len(t.order) >= maxPages {
		if key < t.order[0] {
			return nil
		}
		t.drop(t.order.pop())
	}
	var p *page
	if n := len(t.free); n > 0 {
		p, t.free = t.free[n-1], t.free[:n-1]
		*p = page{}
	} else {
		p = new(page)
	}
	p.key = key
	for i := range p.cells {
		p.cells[i].lead = noLead
	}
	if t.pages == nil {
		t.pages = make(map[int64]*page)
	}
	t.pages[key] = p
	t.order.push(key)
	return p
}

func (t *timeline) drop(key int64) {
	p := t.pages[key]
	for i := range p.cells {
		if n := p.cells[i].total(); n > 0 {
			t.dropped += uint64(n)
			t.before = max(t.before, key<<pageBits+int64(i))
		}
	}
	delete(t.pages, key)
	t.free = append(t.free, p)
	if t.last == p {
		t.last = nil
	}
}

// columns returns the latency columns of p, nil when p is too old to have some.
func (t *timeline) columns(p *page) *columns {
	if p.lat != nil {
		return p.lat
	}
	if len(t.latency) >= maxLatencyPages {
		if p.key < t.latency[0] {
			return nil
		}
		if old := t.pages[t.latency.pop()]; old != nil {
			p.lat, old.lat = old.lat, nil
		}
	}
	if p.lat == nil {
		p.lat = new(columns)
	} else {
		*p.lat = columns{}
	}
	t.latency.push(p.key)
	return p.lat
}

// addTimes counts the durations of a request and of its upstream, negative where the
// line has none.
func (t *timeline) addTimes(p *page, unix int64, request, upstream time.Duration) {
	if request < 0 && upstream < 0 {
		return
	}
	c := p.lat
	if c == nil {
		if c = t.columns(p); c == nil {
			return
		}
	}
	times := &c[unix&(pageSeconds-1)]
	if request >= 0 {
		times.Latency[latencyRow(request)]++
	}
	if upstream >= 0 {
		times.Upstream[latencyRow(upstream)]++
	}
}

func (t *timeline) merge(o *timeline) {
	for _, key := range slices.Sorted(slices.Values(o.order)) {
		from := o.pages[key]
		var into *page
		for i := range from.cells {
			c := &from.cells[i]
			if c.total() == 0 {
				continue
			}
			if into == nil {
				if into = t.at(key << pageBits); into == nil {
					t.dropped += from.total() - 1
					break
				}
			}
			into.cells[i].add(c)
		}
		if into != nil && from.lat != nil {
			if cols := t.columns(into); cols != nil {
				cols.add(from.lat)
			}
		}
	}
	t.dropped += o.dropped
	t.before = max(t.before, o.before)
}

func (p *page) total() uint64 {
	var n uint64
	for i := range p.cells {
		n += uint64(p.cells[i].total())
	}
	return n
}

func (c *cell) add(o *cell) {
	for i, n := range o.class {
		c.class[i] += n
	}
	c.s502 += o.s502
	c.s503 += o.s503
	c.s504 += o.s504
	c.failed += o.failed
	c.retried += o.retried
	c.aborted += o.aborted
	c.lead = max(c.lead, o.lead)
}

func (c *columns) add(o *columns) {
	for i := range o {
		c[i].add(&o[i])
	}
}

func (t *timeline) reset() {
	for _, p := range t.pages {
		t.free = append(t.free, p)
	}
	clear(t.pages)
	*t = timeline{pages: t.pages, order: t.order[:0], latency: t.latency[:0], free: t.free}
}

// seconds returns the contiguous seconds from first to last.
func (t *timeline) seconds(first, last int64) []Second {
	if last < first {
		return nil
	}
	out := make([]Second, last-first+1)
	for i := range out {
		out[i].Unix = first + int64(i)
	}
	for key, p := range t.pages {
		if key < first>>pageBits || key > last>>pageBits {
			continue
		}
		var times []Times
		if p.lat != nil {
			times = make([]Times, pageSeconds)
		}
		for i := range p.cells {
			unix := key<<pageBits + int64(i)
			c := &p.cells[i]
			if unix < first || unix > last || c.total() == 0 {
				continue
			}
			s := &out[unix-first]
			s.Class = c.class
			s.S502, s.S503, s.S504 = c.s502, c.s503, c.s504
			s.Failed, s.Retried, s.Aborted = c.failed, c.retried, c.aborted
			if p.lat != nil {
				times[i] = p.lat[i]
				s.Times = &times[i]
			}
		}
	}
	return out
}

// points returns the seconds with requests from first to last, ascending.
func (t *timeline) points(first, last int64) []Point {
	keys := make([]int64, 0, len(t.order))
	for _, k := range t.order {
		if k >= first>>pageBits && k <= last>>pageBits {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	out := make([]Point, 0, min(len(keys)*pageSeconds, int(last-first)+1))
	for _, key := range keys {
		p := t.pages[key]
		for i := range p.cells {
			unix := key<<pageBits + int64(i)
			c := &p.cells[i]
			n := c.total()
			if n == 0 || unix < first || unix > last {
				continue
			}
			point := Point{Unix: unix, Total: n, Failed: c.failed}
			if c.failed > 0 {
				point.Lead = time.Duration(c.lead) * time.Millisecond
			}
			out = append(out, point)
		}
	}
	return out
}

// span returns the first and the last second with requests; ok is false when
// there is none.
func (t *timeline) span() (first, last int64, ok bool) {
	if len(t.order) == 0 {
		return 0, 0, false
	}
	lo, hi := t.pages[slices.Min(t.order)], t.pages[slices.Max(t.order)]
	for i := range lo.cells {
		if lo.cells[i].total() > 0 {
			first = lo.key<<pageBits + int64(i)
			break
		}
	}
	for i := len(hi.cells) - 1; i >= 0; i-- {
		if hi.cells[i].total() > 0 {
			return first, hi.key<<pageBits + int64(i), true
		}
	}
	return first, first, true
}

// keyHeap is a min-heap of page keys.
type keyHeap []int64

func (h *keyHeap) push(key int64) {
	*h = append(*h, key)
	s := *h
	for i := len(s) - 1; i > 0; {
		parent := (i - 1) / 2
		if s[parent] <= s[i] {
			return
		}
		s[parent], s[i] = s[i], s[parent]
		i = parent
	}
}

func (h *keyHeap) pop() int64 {
	s := *h
	top, n := s[0], len(s)-1
	s[0] = s[n]
	*h = s[:n]
	for i := 0; ; {
		child := 2*i + 1
		if child >= n {
			return top
		}
		if child+1 < n && s[child+1] < s[child] {
			child++
		}
		if s[i] <= s[child] {
			return top
		}
		s[i], s[child] = s[child], s[i]
		i = child
	}
}
