package load

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	if err := DefaultPlan("http://127.0.0.1:8000/").Validate(); err != nil {
		t.Errorf("the default plan: %v", err)
	}
	tests := []struct {
		change func(*Plan)
		words  string
	}{
		{func(p *Plan) { p.URL = "ftp://x" }, "not an http"},
		{func(p *Plan) { p.URL = "http://" }, "not an http"},
		{func(p *Plan) { p.URL = "http://x/\x1b[31m" }, "not an http"},
		{func(p *Plan) { p.URL = "http://u:hunter2@x/" }, "no credentials"},
		{func(p *Plan) { p.Host = "a b" }, "no host name"},
		{func(p *Plan) { p.Method = "POST" }, "use GET or HEAD"},
		{func(p *Plan) { p.Rate = 1001 }, "rate (requests a second) is 1001"},
		{func(p *Plan) { p.Rate = math.NaN() }, "rate"},
		{func(p *Plan) { p.Rate = math.Inf(1) }, "rate"},
		{func(p *Plan) { p.Rate = -1 }, "rate"},
		{func(p *Plan) { p.Duration = time.Hour }, "0.1 to 60"},
		{func(p *Plan) { p.Concurrency = 257 }, "connections"},
		{func(p *Plan) { p.Concurrency = 0 }, "connections"},
		{func(p *Plan) { p.Timeout = 0 }, "timeout"},
		{func(p *Plan) { p.Timeout = time.Minute }, "timeout"},
		{func(p *Plan) { p.Steps = 0 }, "steps"},
		{func(p *Plan) { p.Steps = 21 }, "steps"},
		{func(p *Plan) { p.StopErrors = 1.5 }, "share of failures"},
		{func(p *Plan) { p.StopSamples = 0 }, "samples"},
		{func(p *Plan) { p.Rate, p.Duration, p.Steps = 0.1, time.Second, 1 }, "no request"},
	}
	for _, tt := range tests {
		p := DefaultPlan("http://x/")
		tt.change(&p)
		err := p.Validate()
		if err == nil || !strings.Contains(err.Error(), tt.words) || strings.ContainsAny(err.Error(), "\x1b") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%+v: %v, want %q", p, err, tt.words)
		}
	}
}

func TestSentence(t *testing.T) {
	want := "GET http://127.0.0.1:8000/x?token=***, 3.33 to 10 requests a second in 3 steps for 10s: 66 requests over at most 16 connections; " +
		"it stops itself when more than 50 % of a second's requests fail"
	if got := DefaultPlan("http://127.0.0.1:8000/x?token=abc").Sentence(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	p := DefaultPlan("http://x/")
	p.Steps, p.Host, p.Method = 1, "shop.example", "HEAD"
	if got := p.Sentence(); !strings.HasPrefix(got, "HEAD http://x/ (as shop.example), 10 requests a second for 10s: 100 requests") {
		t.Error(got)
	}
}

func TestScheduleIsTheRamp(t *testing.T) {
	p := Plan{Rate: 9, Duration: 3 * time.Second, Steps: 3}
	per := map[int]int{}
	last := time.Duration(-1)
	n := 0
	for ; ; n++ {
		due, step, ok := p.at(n)
		if !ok {
			break
		}
		per[step]++
		if due <= last || due >= p.Duration || int(due/time.Second) != step {
			t.Fatalf("request %d is due at %v in step %d after %v", n, due, step, last)
		}
		last = due
	}
	if n != p.total() || per[0] != 3 || per[1] != 6 || per[2] != 9 {
		t.Errorf("%d requests, %v", n, per)
	}
}

func TestHistogram(t *testing.T) {
	var h histogram
	if h.quantile(0.5) != 0 {
		t.Error("a quantile of nothing")
	}
	for i := 1; i <= 10000; i++ {
		h.add(time.Duration(i) * 100 * time.Microsecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.95: 950 * time.Millisecond, 0.99: 990 * time.Millisecond, 1: time.Second, 0: 100 * time.Microsecond} {
		if got := h.quantile(q); got < want || float64(got) > float64(want)*(1+1.0/32)+1000 {
			t.Errorf("quantile %v: %v, want %v and at most 3.2 %% more", q, got, want)
		}
	}
	var odd histogram
	for _, d := range []time.Duration{-1, 0, math.MaxInt64} {
		odd.add(d)
	}
	if odd.n != 3 || odd.quantile(1) <= 0 || odd.quantile(0.1) != 0 {
		t.Errorf("%d, %v, %v", odd.n, odd.quantile(1), odd.quantile(0.1))
	}
	for us := range uint64(1 << 16) {
		if up := upper(bucket(us)) / time.Microsecond; uint64(up) < us || float64(up) > float64(us)*(1+1.0/32) {
			t.Fatalf("%d us reads back as %d", us, up)
		}
	}
}

func TestKnee(t *testing.T) {
	ms := time.Millisecond
	st := func(rate float64, ok, failed, unsent uint64, p50 time.Duration) Stage {
		return Stage{Rate: rate, Sent: ok + failed, OK: ok, Failed: failed, Unsent: unsent, P50: p50, Achieved: rate}
	}
	tests := []struct {
		name   string
		stages []Stage
		want   float64
		reason string
	}{
		{"none", nil, 0, ""},
		{"constant", []Stage{st(10, 100, 0, 0, ms)}, 0, ""},
		{"flat", []Stage{st(10, 100, 0, 0, ms), st(20, 200, 0, 0, 2*ms), st(30, 300, 0, 0, 3*ms)}, 0, ""},
		{"fails from the second", []Stage{st(10, 100, 0, 0, ms), st(20, 150, 50, 0, ms), st(30, 100, 200, 0, ms)}, 20, "25 % failed"},
		{"slows down in the third", []Stage{st(10, 100, 0, 0, ms), st(20, 200, 0, 0, ms), st(30, 300, 0, 0, 300*ms)}, 30, "median rose from 1ms to 300ms"},
		{"falls behind", []Stage{st(10, 100, 0, 0, ms), st(20, 100, 0, 100, ms)}, 20, "a second were answered"},
		{"a pause in the middle", []Stage{st(10, 100, 0, 0, ms), st(20, 200, 0, 0, 300*ms), st(30, 300, 0, 0, ms)}, 0, ""},
		{"bad from the start", []Stage{st(10, 50, 50, 0, ms), st(20, 50, 150, 0, ms)}, 0, ""},
		{"too few answers", []Stage{st(1, 3, 0, 0, ms), st(2, 0, 6, 0, ms)}, 0, ""},
		{"stopped before the third", []Stage{st(10, 100, 0, 0, ms), st(20, 5, 15, 0, ms), {Rate: 30}}, 20, "75 % failed"},
	}
	for _, tt := range tests {
		got, reason := knee(tt.stages)
		if got != tt.want || !strings.Contains(reason, tt.reason) || (got == 0) != (reason == "") {
			t.Errorf("%s: %v (%s), want %v (%s)", tt.name, got, reason, tt.want, tt.reason)
		}
	}
}
