package window

import (
	"cmp"
	"slices"
	"time"
)

// MaxSeconds is the most seconds a View holds, one day.
const MaxSeconds = 24 * 3600

// ahead is how far log time may run ahead of the clock before it is taken for
// wrong.
const ahead = 5 * time.Minute

// View returns a picture of the statistics as of now. Totals, Top, Outcomes and
// Messages are of all events; Seconds and Points cover the span before now (all
// of it when span is 0 or less), Seconds at most the newest MaxSeconds of it. A
// zero now stands for the time of the last request.
func (s *Stats) View(now time.Time, span time.Duration) View {
	v := View{
		First: moment(s.first), Last: moment(s.last),
		Requests: s.requests, Failed: s.failed, Retried: s.retried, Aborted: s.aborted,
		Statuses:        s.statuses(),
		UpstreamLatency: s.upstream.Quantiles(),
		FailedLatency:   s.bad.Quantiles(),
		GoodLatency:     s.good.Quantiles(),
		Outcomes:        s.outcomes.view(),
		Messages:        s.messages.view(),
		Hidden:          s.hidden.counts(),
		Cases:           s.cases.view(),
		Stretches:       s.cases.stretches(),
		TooOld:          s.timeline.dropped,
	}
	all := s.good
	all.Merge(&s.bad)
	v.Latency = all.Quantiles()
	if s.timeline.dropped > 0 {
		v.TooOldUntil = time.Unix(s.timeline.before, 0).UTC()
	}
	v.Clients = s.distinctClients()
	for i := range s.top {
		v.Top[i] = s.top[i].top(maxShown)
		v.Carried[i] = Count{OK: s.top[i].ok, Failed: s.top[i].failed}
		v.Missed = max(v.Missed, s.top[i].missed())
	}
	v.Missed += s.outcomes.missed + s.messages.missed
	if len(s.upstreamTime) > 0 {
		v.Upstreams = make(map[string]Quantiles, len(s.upstreamTime))
		for i, h := range s.upstreamTime {
			v.Upstreams[string(s.upstreamDict.key(i))] = h.Quantiles()
		}
	}
	if first, last, ok := s.interval(now, span); ok {
		v.Points = s.timeline.points(first, last)
		v.Seconds = s.timeline.seconds(max(first, last-MaxSeconds+1), last)
	}
	return v
}

// interval returns the first and the last second that a View shows.
func (s *Stats) interval(now time.Time, span time.Duration) (first, last int64, ok bool) {
	first, newest, ok := s.timeline.span()
	if !ok {
		return 0, 0, false
	}
	last = newest
	if !now.IsZero() {
		last = now.Unix()
		if newest > last && newest-last <= int64(ahead/time.Second) {
			last = newest
		}
	}
	if span > 0 {
		first = max(first, last-int64((span-1)/time.Second))
	}
	return first, last, first <= last
}

func (s *Stats) statuses() []StatusCount {
	var out []StatusCount
	for status, n := range s.status {
		if n > 0 {
			out = append(out, StatusCount{status, n})
		}
	}
	for status, n := range s.odd {
		out = append(out, StatusCount{status, n})
	}
	slices.SortFunc(out, func(a, b StatusCount) int { return cmp.Compare(a.Status, b.Status) })
	return out
}

func (s *Stats) distinctClients() uint64 {
	if c := &s.top[ByClient]; c.exact() {
		return uint64(len(c.entries))
	}
	return s.clients.estimate()
}
