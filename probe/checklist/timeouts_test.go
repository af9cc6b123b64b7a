package checklist

import (
	"testing"
	"time"

	"why502/probe/gateway"
	"why502/probe/incident"
	"why502/tail/window"
)

// Timeouts of the same length are told apart by how far the requests came.
func TestTimeoutOf(t *testing.T) {
	f := &facts{snap: &incident.Snapshot{Config: &gateway.Config{Routes: []gateway.Route{{
		Connect: time.Second, Read: time.Second, Pos: gateway.Pos{File: "nginx.conf", Line: 7},
	}}}}}
	for _, c := range []struct {
		reach window.Reach
		p50   time.Duration
		want  string
	}{
		{window.ReachUnknown, time.Second, "connect timeout of 1 s"},
		{window.ReachTried, time.Second, "connect timeout of 1 s"},
		{window.ReachTried, 3 * time.Second, "connect timeout of 1 s, 3 tries"},
		{window.ReachConnected, 1010 * time.Millisecond, "read timeout of 1 s"},
		{window.ReachConnected, 2 * time.Second, ""},
		{window.ReachConnected, 1500 * time.Millisecond, ""},
	} {
		got, _, _ := f.timeoutOf(&window.Outcome{Reached: c.reach, Duration: window.Quantiles{Count: 5, P50: c.p50}})
		if got != c.want {
			t.Errorf("reach %d after %s: %q, want %q", c.reach, c.p50, got, c.want)
		}
	}
}
