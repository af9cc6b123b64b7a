package diagnose

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"why502/probe"
	"why502/probe/gateway"
	"why502/probe/host"
	"why502/probe/incident"
	"why502/tail"
	"why502/tail/window"
)

// FuzzEvaluate feeds odd snapshots: any text, counts and times that contradict
// each other. The verdict must be there and keep its promises.
func FuzzEvaluate(f *testing.F) {
	f.Add("connect() failed (111: Connection refused) while connecting to upstream", "SC--", 502, uint64(1), int64(0))
	f.Add("lookup \x1b[31m on", "UF,URX", 503, uint64(7), int64(-1))
	f.Add("WORKER TIMEOUT (pid:7)", "", 9, uint64(99), int64(1772359200))
	f.Add("Server app/s1 is DOWN, reason: Layer4 timeout", "sC--", -5, uint64(3), int64(1<<60))
	f.Fuzz(func(t *testing.T, text, flags string, status int, seed uint64, unix int64) {
		v := Evaluate(oddSnapshot(text, flags, status, seed, unix))
		sum := 0.0
		for _, c := range v.Causes {
			if math.IsNaN(c.Confidence) || c.Confidence < 0 || c.Title == "" {
				t.Errorf("%+v", c)
			}
			sum += c.Confidence
		}
		if sum > 1.000001 {
			t.Errorf("confidences add up to %f", sum)
		}
		if v.Incident.State == None && len(v.Causes) > 0 {
			t.Error("causes without an incident")
		}
	})
}

func oddSnapshot(text, flags string, status int, seed uint64, unix int64) *incident.Snapshot {
	r := rand.New(rand.NewPCG(seed, 1))
	gateways := []string{"nginx", "haproxy", "apache", "envoy", "traefik", "", "kong", "gunicorn", "kernel"}
	pick := func() string { return gateways[r.IntN(len(gateways))] }
	count := func() uint64 { return []uint64{0, 1, 40, math.MaxUint64}[r.IntN(4)] }
	at := func() time.Time {
		if r.IntN(3) == 0 {
			return time.Time{}
		}
		return time.Unix(unix+int64(r.IntN(300)), 0)
	}
	seconds := func() []window.SecondCount {
		var out []window.SecondCount
		for range r.IntN(4) {
			out = append(out, window.SecondCount{Unix: unix + int64(r.IntN(300)), Count: uint32(r.IntN(50))})
		}
		return out
	}
	names := []window.Count{{Value: text, Failed: count()}, {Value: "10.0.0.5:8000", OK: 3, Failed: 2}, {Value: "unix:/a", Failed: 1}}
	s := &incident.Snapshot{Probes: []probe.History{{}, {Target: probe.Target{URL: text}, Results: []probe.Result{{Class: probe.Class(flags), FirstBytes: text}}}}}
	s.Host, s.Config = &host.State{}, &gateway.Config{Upstreams: []gateway.Upstream{{Servers: []gateway.Server{{Addr: text}}}}, Routes: []gateway.Route{{Read: time.Second}}}
	for range 1 + r.IntN(4) {
		s.Traffic.Messages = append(s.Traffic.Messages, window.Message{
			Gateway: pick(), Kind: uint8(r.IntN(6)), Text: text, Sample: text, Count: count(), First: at(), Last: at(), Seconds: seconds(), Upstreams: names, Spread: window.Spread{Routes: names},
		})
		s.Traffic.Outcomes = append(s.Traffic.Outcomes, window.Outcome{
			Gateway: pick(), Status: status, Flags: flags, Reached: window.Reach(r.IntN(5)), Maker: uint8(r.IntN(3)), Server: text,
			Count: count(), First: at(), Last: at(), Seconds: seconds(), Sample: text, Upstreams: names,
		})
	}
	for i := range r.IntN(5) {
		s.Traffic.Points = append(s.Traffic.Points, window.Point{Unix: unix + int64(i), Total: uint32(r.IntN(9)), Failed: uint32(r.IntN(9))})
	}
	s.Traffic.Top[window.ByUpstream], s.Traffic.Top[window.ByRoute] = names, names
	s.Traffic.Requests = count()
	s.Sources = []incident.Source{{Name: text, Kind: tail.KindError, UnparsedSamples: []string{text, flags}}}
	return s
}

func TestEvaluateNothing(t *testing.T) {
	if v := Evaluate(nil); v.Incident.State != None || v.Causes != nil {
		t.Errorf("%+v", v)
	}
	if v := Evaluate(&incident.Snapshot{}); v.Incident.State != None || v.Causes != nil {
		t.Errorf("%+v", v)
	}
}
