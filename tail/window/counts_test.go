package window

import (
	"strings"
	"testing"
	"time"
)

func TestOnsetOfCounts(t *testing.T) {
	every := func(from, to, step int64) (s []SecondCount) {
		for u := from; u < to; u += step {
			s = append(s, SecondCount{Unix: u, Count: 3})
		}
		return s
	}
	at := func(u int64) time.Time { return time.Unix(u, 0).UTC() }
	var cron []SecondCount
	for i := range int64(6) {
		cron = append(cron, every(1000+i*600, 1000+i*600+5, 1)...)
	}
	cases := []struct {
		name         string
		series       []SecondCount
		begin, alive time.Time
		episodes     int
		start        int64
		ongoing      bool
		fromStart    bool
		pattern      string
	}{
		{"a lone line", []SecondCount{{Unix: 500, Count: 1}}, time.Time{}, time.Time{}, 1, 500, true, true, ""},
		{"failing to the end", every(500, 560, 2), at(100), at(560), 1, 500, true, false, ""},
		{"over, life goes on", every(500, 560, 2), at(100), at(900), 1, 500, false, false, ""},
		{"twice", append(every(500, 560, 2), every(5000, 5060, 2)...), at(100), at(5061), 2, 5000, true, false, ""},
		{"cron", cron, at(100), at(9000), 1, 1000, false, false, "every 10 min for 5 s, 6 times"},
		{"scattered", every(500, 9000, 400), at(100), at(9000), 1, 500, true, false, "scattered"},
	}
	for _, c := range cases {
		got := OnsetOfCounts(c.series, c.begin, c.alive)
		if len(got) != c.episodes {
			t.Errorf("%s: %d episodes, want %d", c.name, len(got), c.episodes)
			continue
		}
		e := got[len(got)-1]
		if e.Start.Unix() != c.start || e.Ongoing != c.ongoing || got[0].FromStart != c.fromStart || e.Ongoing != e.End.IsZero() {
			t.Errorf("%s: %+v", c.name, e)
		}
		if c.pattern == "" && e.Pattern != "" || !strings.HasPrefix(e.Pattern, c.pattern) {
			t.Errorf("%s: pattern %q", c.name, e.Pattern)
		}
	}
	if OnsetOfCounts(nil, time.Time{}, time.Time{}) != nil {
		t.Error("an episode of nothing")
	}
}

// TestSlowPoints has requests of 10 ms that become ten times slower.
func TestSlowPoints(t *testing.T) {
	var seconds []Second
	for s := range 300 {
		sec := Second{Unix: int64(1000 + s)}
		sec.Latency[latencyRow(10*time.Millisecond)] = 20
		if s >= 200 {
			sec.Latency = [LatencyRows]uint32{}
			sec.Latency[latencyRow(3*time.Second)] = 20
		}
		seconds = append(seconds, sec)
	}
	points, above, ok := SlowPoints(seconds)
	if !ok || above < 20*time.Millisecond || above > time.Second {
		t.Fatalf("slow is above %v, %v", above, ok)
	}
	found := Onset(points)
	if len(found.Episodes) != 1 || found.Episodes[0].Start.Unix() != 1200 {
		t.Errorf("%+v", found.Episodes)
	}
	if _, _, ok := SlowPoints(seconds[:2]); ok {
		t.Error("two seconds say what is usual")
	}
}
