package diagnose

import (
	"fmt"
	"time"

	"why502/probe/incident"
	"why502/tail"
	"why502/tail/window"
)

// Slowness is an incident in which answers are slow and do not fail more than
// usual.
type Slowness struct {
	// Before and During are the latencies that 95 % of the requests stayed below.
	Before, During time.Duration
	// Late is how many requests took longer than Limit, which hardly any did before.
	Late  uint64
	Limit time.Duration
}

// upstreamToo is how many times slower the upstream itself must be to be the
// reason.
const upstreamToo = 2

// slowdown makes an episode of answers that became slow, where nothing fails: it
// is what comes before a 504.
func slowdown(s *incident.Snapshot, ev *evidence, t *Table) episode {
	slow := window.Slowdown(s.Traffic.Seconds)
	if slow == nil {
		return episode{}
	}
	id := "slow-answers"
	if slow.UpstreamBefore > 0 && slow.UpstreamDuring < upstreamToo*slow.UpstreamBefore {
		id = "slow-outside"
	}
	first, last := slow.Seconds[0].Unix, slow.Seconds[len(slow.Seconds)-1].Unix
	f := &finding{
		sig: t.pattern(id), kind: tail.KindAccess, count: slow.Late, first: slow.Start, last: time.Unix(last+1, 0).UTC(), seconds: slow.Seconds,
		text: fmt.Sprintf("p95 %s instead of %s", slow.During, slow.Before),
	}
	for i := range s.Sources {
		if s.Sources[i].Kind == tail.KindAccess {
			f.source, f.gateway = s.Sources[i].Name, s.Sources[i].Gateway
			break
		}
	}
	f.sample = f.text
	ev.all = append(ev.all, f)
	ep := episode{
		found: true, start: slow.Start, end: slow.End, requests: slow.Requests, failed: slow.Late, slow: slow,
		firstFailure: time.Unix(first, 0).UTC(), lastFailure: time.Unix(last+1, 0).UTC(), burst: slow.Start,
		points:    seriesOf(s.Traffic.Points, []*finding{f}),
		stretches: []window.Burst{{First: first, Last: last}},
	}
	ep.ratio = float64(ep.failed) / float64(max(1, ep.requests))
	return ep
}

// slowOf is what an incident says of slow answers; its failures are what else
// failed meanwhile.
func slowOf(in *Incident, s *incident.Snapshot, ep *episode) {
	in.Slow = &Slowness{Before: ep.slow.Before, During: ep.slow.During, Late: ep.slow.Late, Limit: ep.slow.Limit}
	in.Failed = 0
	for _, p := range s.Traffic.Points {
		if p.Unix >= ep.firstFailure.Unix() && p.Unix < ep.lastFailure.Unix() {
			in.Failed += uint64(p.Failed)
		}
	}
	in.Ratio = float64(in.Failed) / float64(max(1, in.Requests))
}

// rose is how many times more requests came than before, for load to be the
// reason of slow answers.
const rose = 1.5

// slowReason tells load from waiting: more requests than before, or as many.
func slowReason(g *group) []weighing {
	if g.ep.slow == nil || g.shape.rateBefore == 0 {
		return nil
	}
	rates := fmt.Sprintf("%.1f requests a second, before %.1f", g.shape.rateDuring, g.shape.rateBefore)
	if g.shape.rateDuring >= rose*g.shape.rateBefore {
		return []weighing{{cause: Overload, weight: 1.4, sample: rates, meaning: "More requests came than before as the answers became slow."}}
	}
	return []weighing{{cause: Overload, weight: -0.7, sample: rates, meaning: "The answers became slow though no more requests came than before."}}
}
