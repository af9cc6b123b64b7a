package pane

import (
	"testing"
	"time"

	"why502/probe"
	"why502/probe/incident"
	"why502/tail/window"
	"why502/tui/draw"
)

// secondsOf makes n seconds up to now with one good request each.
func secondsOf(now time.Time, n int) []window.Second {
	list := make([]window.Second, n)
	for i := range list {
		list[i].Unix = now.Unix() - int64(n-1-i)
		list[i].Class[2] = 1
	}
	return list
}

func TestFoldKeepsEveryRequest(t *testing.T) {
	now := time.Unix(1_700_000_007, 0)
	for _, span := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour} {
		for _, n := range []int{1, 7, 30, 50, 97, 200} {
			seconds := secondsOf(now, 3600)
			tl := fold(seconds, now, span, n)
			if len(tl.cols) != n {
				t.Fatalf("%v in %d: %d columns", span, n, len(tl.cols))
			}
			var want uint32
			for _, s := range seconds {
				if s.Unix >= tl.from {
					want++
				}
			}
			if sum := tl.total(); sum.Class[2] != want {
				t.Errorf("%v in %d columns hold %d requests, want %d", span, n, sum.Class[2], want)
			}
			shown := time.Duration(tl.step*int64(n)) * time.Second
			if tl.step > 1 && (shown < span*2/3 || shown > span*3/2) {
				t.Errorf("%v in %d columns shows %v", span, n, shown)
			}
			if tl.column(now.Unix()) != n-1 {
				t.Errorf("%v in %d: now is not in the last column", span, n)
			}
		}
	}
}

// TestFoldStands: a second later the columns hold the same but the newest.
func TestFoldStands(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	seconds := secondsOf(now.Add(time.Minute), 400)
	before := fold(seconds, now, 5*time.Minute, 50)
	for i := range 12 {
		after := fold(seconds, now.Add(time.Duration(i)*time.Second), 5*time.Minute, 50)
		for c := range 40 {
			at := after.column(before.cols[c+9].Unix)
			if at < 0 {
				t.Fatalf("%d s later the column of %d is gone", i, before.cols[c+9].Unix)
			}
			if after.cols[at] != before.cols[c+9] {
				t.Fatalf("%d s later column %d holds something else", i, c)
			}
		}
	}
}

func TestChartCursor(t *testing.T) {
	now := time.Unix(1_700_000_007, 0)
	tl := fold(nil, now, time.Minute, 10)
	var c chartCursor
	steps := []struct {
		a    Action
		want int
	}{
		{Right, draw.NoCursor}, {Left, 9}, {Left, 8}, {Right, 9}, {Right, draw.NoCursor}, {Top, 0}, {Left, 0}, {Bottom, draw.NoCursor}, {Up, draw.NoCursor},
	}
	for i, s := range steps {
		c.move(s.a, &tl)
		if got := c.index(&tl); got != s.want {
			t.Errorf("step %d: column %d, want %d", i, got, s.want)
		}
	}
}

func TestPartOf(t *testing.T) {
	for status, want := range map[int]int{
		200: draw.Part2xx, 101: draw.Part2xx, 304: draw.Part3xx, 404: draw.Part4xx, 499: draw.Part4xx, 500: draw.Part5xx, 599: draw.Part5xx,
		502: draw.Part502, 503: draw.Part503, 504: draw.Part504, 0: draw.PartNone, 9: draw.PartNone, 600: draw.PartNone, -1: draw.PartNone,
	} {
		if got := partOf(status); got != want {
			t.Errorf("%d is part %d, want %d", status, got, want)
		}
	}
}

// TestMergeUpstreams: a probe and the log speak of the same upstream by its
// address or by the peer that the name led to; the ones in trouble come first.
func TestMergeUpstreams(t *testing.T) {
	result := func(url, peer string, c probe.Class) probe.History {
		target := probe.Target{URL: url}
		return probe.History{Target: target, Results: []probe.Result{{Target: target, Class: c, Peer: peer}}}
	}
	s := &incident.Snapshot{Probes: []probe.History{
		result("http://good:80/", "", probe.OK), result("http://app.internal:8000/", "10.0.0.5:8000", probe.Refused),
	}}
	s.Traffic.Top[window.ByUpstream] = []window.Count{{Value: "10.0.0.5:8000", OK: 1, Failed: 9}, {Value: "only-log", OK: 50, Failed: 50}, {Value: "good:80", OK: 7}}
	var got []string
	for _, u := range mergeUpstreams(s, false) {
		got = append(got, u.addr+" "+Percent(u.failed, u.ok+u.failed))
	}
	want := []string{"app.internal:8000 90 %", "only-log 50 %", "good:80 0 %"}
	if len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("merged %q, want %q", got, want)
	}
}
