package pane

import (
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-1: "-", 0: "0 ms", 40 * time.Microsecond: "<0.1 ms", 300 * time.Microsecond: "0.3 ms", 2 * time.Millisecond: "2 ms",
		9949 * time.Microsecond: "9.9 ms", 9950 * time.Microsecond: "10 ms", 12*time.Millisecond + 400*time.Microsecond: "12 ms",
		999 * time.Millisecond: "999 ms", 999600 * time.Microsecond: "1 s", 1210 * time.Millisecond: "1.2 s",
		9949 * time.Millisecond: "9.9 s", 12 * time.Second: "12 s", 135 * time.Second: "2 m 15 s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 0: "0 s", 59 * time.Second: "59 s", time.Minute: "1 m", 61 * time.Second: "1 m 1 s", time.Hour: "1 h",
		time.Hour + 30*time.Second: "1 h", 3*time.Hour + 5*time.Minute: "3 h 5 m", 52 * time.Hour: "2 d 4 h", 48*time.Hour + time.Minute: "2 d",
	} {
		if got := Span(d); got != want {
			t.Errorf("Span(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestCounts(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0 B", 999: "999 B", 1000: "1 kB", 1250: "1.2 kB", 999_600: "1 MB", 5 << 30: "5.4 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
	for _, c := range []struct {
		part, whole uint64
		want        string
	}{{0, 0, "-"}, {0, 9, "0 %"}, {1, 1000, "<1 %"}, {37, 100, "37 %"}, {999, 1000, ">99 %"}, {7, 7, "100 %"}} {
		if got := Percent(c.part, c.whole); got != c.want {
			t.Errorf("Percent(%d, %d) = %q, want %q", c.part, c.whole, got, c.want)
		}
	}
}

func TestClock(t *testing.T) {
	now := time.Date(2026, 3, 14, 0, 10, 0, 0, time.UTC)
	zone := time.FixedZone("", 2*3600)
	for at, want := range map[time.Time]string{
		{}: "-", now: "02:10:00", now.Add(-20 * time.Minute): "01:50:00",
		now.Add(-3 * time.Hour):  "23:10:00", // yesterday, but near enough to be understood
		now.Add(-30 * time.Hour): "2026-03-12 20:10:00",
	} {
		if got := Clock(at, now, zone); got != want {
			t.Errorf("Clock(%v) = %q, want %q", at, got, want)
		}
	}
}
