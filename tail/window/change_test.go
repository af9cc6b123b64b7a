package window

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestOnsetLab runs the search on the seconds of real captures: faults injected
// into real gateways at a known moment, after one second of healthy requests.
func TestOnsetLab(t *testing.T) {
	table, err := os.ReadFile("testdata/onset.txt")
	if err != nil {
		t.Fatal(err)
	}
	captures, worst := 0, 0.0
	for line := range strings.Lines(string(table)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		onset, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		var points []Point
		for _, f := range fields[3:] {
			var p Point
			var lead int64
			if _, err := fmt.Sscanf(f, "%d:%d:%d:%d", &p.Unix, &p.Total, &p.Failed, &lead); err != nil {
				t.Fatal(err)
			}
			p.Lead = time.Duration(lead) * time.Millisecond
			points = append(points, p)
		}
		captures++
		found := Onset(points)
		if len(found.Episodes) != 1 {
			t.Errorf("%s: %d episodes, want 1", fields[0], len(found.Episodes))
			continue
		}
		e := found.Episodes[0]
		off := e.Start.Sub(time.UnixMilli(onset)).Seconds()
		worst = max(worst, math.Abs(off))
		if math.Abs(off) > 2 {
			t.Errorf("%s: onset off by %.2f s (ongoing %v, %d of %d failed)", fields[0], off, e.Ongoing, e.Failed, e.Requests)
		}
	}
	t.Logf("%d captures, largest error %.2f s", captures, worst)
	if captures < 100 {
		t.Errorf("only %d captures in testdata", captures)
	}
}

// traffic makes seconds of requests at a rate, failing with the probability that
// share gives for each second.
func traffic(seed uint64, length int, rate float64, share func(s int) float64) []Point {
	r := rand.New(rand.NewPCG(seed, 9))
	var points []Point
	for s := range length {
		n := poisson(r, rate)
		p := Point{Unix: 1_000_000 + int64(s), Total: uint32(n)}
		for range n {
			if r.Float64() < share(s) {
				p.Failed++
			}
		}
		if n > 0 {
			points = append(points, p)
		}
	}
	return points
}

func poisson(r *rand.Rand, mean float64) int {
	n := 0
	for left := mean; ; n++ {
		if left -= r.ExpFloat64(); left < 0 {
			return n
		}
	}
}

// between is a failing share of bad from one second to another, base elsewhere.
func between(from, to int, bad, base float64) func(int) float64 {
	return func(s int) float64 {
		if s >= from && s < to {
			return bad
		}
		return base
	}
}

func TestOnsetSynthetic(t *testing.T) {
	flap := func(s int) float64 {
		if s%60 >= 30 && s%60 < 35 {
			return 0.95
		}
		return 0
	}
	burn := func(s int) float64 { return 0.001 + math.Max(0, float64(s-600))/1200*0.3 }
	cases := []struct {
		name     string
		length   int
		rate     float64
		share    func(int) float64
		episodes int
		onset    int // second, -1: not checked
		ongoing  bool
		pattern  string // begins with
	}{
		{"healthy", 3600, 50, between(0, 0, 0, 0), 0, -1, false, ""},
		{"steady background", 3600, 50, between(0, 0, 0, 0.004), 0, -1, false, ""},
		{"strong background", 3600, 20, between(0, 0, 0, 0.02), 0, -1, false, ""},
		{"rare and slow", 7200, 0.2, between(0, 0, 0, 0.005), 0, -1, false, ""},
		{"outage", 600, 20, between(300, 600, 0.98, 0.001), 1, 300, true, ""},
		{"outage that ended", 900, 20, between(300, 420, 0.98, 0.001), 1, 300, false, ""},
		{"a tenth fails", 1800, 30, between(900, 1800, 0.1, 0.002), 1, 900, true, ""},
		{"over a background", 3600, 50, between(1000, 1300, 0.25, 0.01), 1, 1000, false, ""},
		{"from the start", 300, 10, between(0, 300, 0.9, 0), 1, 0, true, ""},
		{"mostly failing", 1000, 10, between(60, 1000, 0.6, 0), 1, 60, true, ""},
		{"flapping", 900, 20, flap, 1, 30, false, "every 60 s for 5 s, 15 times"},
		{"slow burn", 1800, 30, burn, 1, -1, true, "slow burn"},
		{"a day, ten seconds", 86400, 15, between(40000, 40010, 0.9, 0.0005), 1, 40000, false, ""},
		{"little traffic", 3600, 0.5, between(3000, 3600, 1, 0), 1, 3000, true, ""},
	}
	for _, c := range cases {
		for seed := range uint64(6) {
			points := traffic(seed, c.length, c.rate, c.share)
			found := Onset(points)
			if len(found.Episodes) != c.episodes {
				t.Errorf("%s/%d: %d episodes, want %d: %+v", c.name, seed, len(found.Episodes), c.episodes, found.Episodes)
				continue
			}
			if c.episodes == 0 {
				continue
			}
			e := found.Worst()
			if off := e.Start.Unix() - 1_000_000 - int64(c.onset); c.onset >= 0 && (off < -2 || off > 2+int64(6/c.rate)) {
				t.Errorf("%s/%d: onset off by %d s", c.name, seed, off)
			}
			if e.Ongoing != c.ongoing {
				t.Errorf("%s/%d: ongoing %v", c.name, seed, e.Ongoing)
			}
			if c.pattern == "" && e.Pattern != "" || !strings.HasPrefix(e.Pattern, c.pattern) {
				t.Errorf("%s/%d: pattern %q", c.name, seed, e.Pattern)
			}
		}
	}
}

// TestOnsetLive wants the monitor to see an outage within three seconds of its
// beginning and its end, second by second as it would look.
func TestOnsetLive(t *testing.T) {
	for _, share := range []float64{1, 0.5, 0.2} {
		points := traffic(7, 200, 20, between(100, 150, share, 0))
		seen, over := -1, -1
		for n := 1; n <= len(points); n++ {
			s := int(points[n-1].Unix - 1_000_000)
			found := Onset(points[:n])
			e := found.Worst()
			switch {
			case e != nil && s < 100:
				t.Fatalf("share %.1f: false alarm in second %d", share, s)
			case e != nil && e.Ongoing && seen < 0:
				seen = s
			case e != nil && !e.Ongoing && s >= 150 && over < 0:
				over = s
			case e != nil && e.Ongoing && over >= 0:
				t.Errorf("share %.1f: not over any more in second %d", share, s)
			}
		}
		if seen < 100 || seen > 103 {
			t.Errorf("share %.1f: seen in second %d, began in 100", share, seen)
		}
		if limit := 153 + int(1/share); over < 150 || over > limit {
			t.Errorf("share %.1f: recovery seen in second %d, was in 150", share, over)
		}
	}
}

func TestOnsetEdges(t *testing.T) {
	if c := Onset(nil); len(c.Episodes) != 0 || c.Baseline != 0 {
		t.Errorf("nothing: %+v", c)
	}
	one := Onset([]Point{{Unix: 5, Total: 1, Failed: 1}})
	if len(one.Episodes) != 1 || !one.Episodes[0].FromStart || !one.Episodes[0].Ongoing {
		t.Errorf("a single failed request: %+v", one)
	}
	single := Onset([]Point{{Unix: 5, Total: 300}, {Unix: 6, Total: 300, Failed: 1}, {Unix: 7, Total: 300}})
	if len(single.Episodes) != 0 || single.QuietFailed != 1 {
		t.Errorf("one failure of many: %+v", single)
	}
	stopped := append(traffic(1, 60, 10, between(0, 0, 0, 0)), Point{Unix: 1_000_060, Total: 12, Failed: 12})
	if c := Onset(stopped); len(c.Episodes) != 1 || !c.Episodes[0].Ongoing {
		t.Errorf("failing, then silence: %+v", c)
	}
	far := []Point{{Unix: math.MinInt64 / 2, Total: 9}, {Unix: 0, Total: 1 << 31, Failed: 1 << 31}, {Unix: math.MaxInt64 / 2, Total: 1}}
	Onset(far) // hostile times must not panic
}

// TestOnsetFalseAlarms counts alarms on healthy traffic of many kinds.
func TestOnsetFalseAlarms(t *testing.T) {
	alarms, hours := 0, 0
	for seed := range uint64(60) {
		rate := []float64{0.3, 5, 80}[seed%3]
		share := []float64{0, 0.0003, 0.003, 0.01}[seed%4]
		found := Onset(traffic(seed, 3600, rate, between(0, 0, 0, share)))
		alarms += len(found.Episodes)
		hours++
	}
	t.Logf("%d false alarms in %d hours", alarms, hours)
	if alarms > 0 {
		t.Errorf("%d false alarms in %d hours of healthy traffic", alarms, hours)
	}
}

func BenchmarkOnset(b *testing.B) {
	points := traffic(3, 3600, 20, between(2000, 2300, 0.5, 0.002))
	for b.Loop() {
		Onset(points)
	}
}
