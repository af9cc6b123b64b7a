package window

import (
	"testing"
	"time"
)

// secondsOf makes seconds of rate requests each that took as long as took says.
func secondsOf(n, rate int, took func(second, i int) time.Duration) []Second {
	out := make([]Second, n)
	for s := range out {
		out[s].Unix, out[s].Times = 1000+int64(s), new(Times)
		for i := range rate {
			d := took(s, i)
			out[s].Times.Latency[latencyRow(d)]++
			out[s].Times.Upstream[latencyRow(d/2)]++
			out[s].Class[2]++
		}
	}
	return out
}

func TestSlowdown(t *testing.T) {
	const ms = time.Millisecond
	fast := func(i int) time.Duration { return time.Duration(10+i*7%40) * ms }
	for _, c := range []struct {
		name        string
		seconds     []Second
		start, last int64 // 0: none; last 0: goes on
	}{
		{"all fast", secondsOf(300, 10, func(_, i int) time.Duration { return fast(i) }), 0, 0},
		{"slow from one moment on", secondsOf(300, 10, func(s, i int) time.Duration {
			if s >= 200 {
				return 2 * time.Second
			}
			return fast(i)
		}), 1200, 0},
		{"slow for a minute", secondsOf(400, 10, func(s, i int) time.Duration {
			if s >= 200 && s < 260 {
				return 2 * time.Second
			}
			return fast(i)
		}), 1200, 1260},
		{"a slow route that is always there", secondsOf(300, 10, func(_, i int) time.Duration {
			if i == 0 {
				return 5 * time.Second
			}
			return fast(i)
		}), 0, 0},
		{"more of the slow route for a minute", secondsOf(300, 10, func(s, i int) time.Duration {
			if i == 0 || s >= 200 && s < 260 && i < 3 {
				return 5 * time.Second
			}
			return fast(i)
		}), 0, 0},
		{"a bit slower", secondsOf(300, 10, func(s, i int) time.Duration {
			if s >= 200 {
				return fast(i) * 2
			}
			return fast(i)
		}), 0, 0},
		{"slower, but nobody calls it slow", secondsOf(300, 10, func(s, _ int) time.Duration {
			if s >= 200 {
				return 40 * ms
			}
			return 2 * ms
		}), 0, 0},
		{"a hiccup of three seconds", secondsOf(300, 10, func(s, i int) time.Duration {
			if s >= 200 && s < 203 {
				return 2 * time.Second
			}
			return fast(i)
		}), 0, 0},
		{"slow from the beginning", secondsOf(300, 10, func(int, int) time.Duration { return 2 * time.Second }), 0, 0},
		{"too few requests", secondsOf(60, 1, func(s, i int) time.Duration {
			if s >= 30 {
				return 2 * time.Second
			}
			return fast(i)
		}), 0, 0},
		{"nothing", nil, 0, 0},
	} {
		got := Slowdown(c.seconds)
		if (got != nil) != (c.start != 0) {
			t.Errorf("%s: %+v", c.name, got)
			continue
		}
		if got == nil {
			continue
		}
		if d := got.Start.Unix() - c.start; d < -2 || d > 2 {
			t.Errorf("%s: began at %d, want %d", c.name, got.Start.Unix(), c.start)
		}
		if got.Ongoing != (c.last == 0) || !got.Ongoing && got.End.Unix() != c.last {
			t.Errorf("%s: ongoing %v, ended %d, want %d", c.name, got.Ongoing, got.End.Unix(), c.last)
		}
		if got.Before != 50*ms || got.During != 2*time.Second || got.UpstreamBefore >= got.UpstreamDuring || got.Late < 500 {
			t.Errorf("%s: p95 %s to %s, upstream %s to %s, %d late", c.name, got.Before, got.During, got.UpstreamBefore, got.UpstreamDuring, got.Late)
		}
	}
}
