package incident

import (
	"errors"
	"sync"
	"testing"
	"time"

	"why502/probe"
	"why502/tail"
	"why502/tail/story"
	"why502/tail/window"
)

func newTest(live bool) *Aggregator {
	return NewAggregator(Options{Live: live, Keep: live, Span: time.Hour, Now: func() time.Time { return at(100) }})
}

func failing(second int) *tail.Event {
	var ev tail.Event
	ev.Reset()
	ev.Kind, ev.Gateway, ev.Status, ev.Time = tail.KindAccess, "nginx", 502, at(second).UnixNano()
	ev.Line = []byte("line")
	return &ev
}

func TestFoldingFromManyWorkersLosesNothing(t *testing.T) {
	a := newTest(false)
	src := a.AddSource("access.log")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			stats := window.New()
			for i := range 100 {
				stats.Add(failing(i), "access.log")
			}
			a.Fold(stats, &Part{Source: src, Lines: 100, Parsed: 99, Bytes: 1000, First: at(0).UnixNano(), Last: at(99).UnixNano()})
		})
	}
	wg.Wait()
	s := a.Publish()
	got := s.Sources[src]
	if s.Traffic.Requests != 800 || s.Traffic.Failed != 800 || got.Lines != 800 || got.Unparsed != 8 || got.Bytes != 8000 {
		t.Errorf("got %d requests, %d failed, source %+v", s.Traffic.Requests, s.Traffic.Failed, got)
	}
	if !got.First.Equal(at(0)) || !got.Last.Equal(at(99)) {
		t.Errorf("span is %s to %s", got.First, got.Last)
	}
	if !s.Now.Equal(at(99)) {
		t.Errorf("a report's now is %s, not the last event", s.Now)
	}
}

func TestSnapshotsDoNotChange(t *testing.T) {
	a := newTest(true)
	src := a.AddSource("access.log")
	kept := func() []Kept { return []Kept{{Line{Failed: true, Kind: tail.KindAccess}, []byte("line"), true}} }
	a.Add(func(st *window.Stats) { st.Add(failing(1), "access.log") }, &Part{Source: src, Lines: 1, UnparsedSamples: []string{"a"}, Kept: kept()})
	a.AddProbe(probe.Result{Target: probe.Target{URL: "http://u:80"}, Class: probe.OK})
	a.SetStep(Step{Number: 1, Verdict: Pass})
	old := a.Publish()
	a.Add(func(st *window.Stats) { st.Add(failing(2), "access.log") }, &Part{Source: src, Lines: 1, UnparsedSamples: []string{"b"}, Kept: kept()})
	a.AddProbe(probe.Result{Target: probe.Target{URL: "http://u:80"}, Class: probe.Refused, At: at(5)})
	a.SetStep(Step{Number: 1, Verdict: Fail})
	now := a.Publish()
	if old.Traffic.Requests != 1 || len(old.Probes[0].Results) != 1 || old.Steps[1].Verdict != Pass ||
		len(old.Sources[src].UnparsedSamples) != 1 || len(old.Failures) != 1 {
		t.Errorf("the old snapshot changed: %+v", old)
	}
	if now.Traffic.Requests != 2 || len(now.Probes[0].Results) != 2 || now.Steps[1].Verdict != Fail ||
		len(now.Sources[src].UnparsedSamples) != 2 || len(now.Failures) != 2 {
		t.Errorf("the new snapshot lacks something: %+v", now)
	}
}

func TestPokesMerge(t *testing.T) {
	a := newTest(true)
	for range 5 {
		a.Publish()
	}
	<-a.Changed()
	select {
	case <-a.Changed():
		t.Error("a second poke was waiting")
	default:
	}
}

func TestProgressAndConfiguration(t *testing.T) {
	a := newTest(true)
	i, j := a.AddSource("a"), a.AddSource("b")
	a.SetStatus(i, tail.Status{State: tail.StateHistory, Offset: 25, Size: 100})
	a.SetStatus(j, tail.Status{State: tail.StateFollowing, Offset: 10, Size: 10})
	if p := a.Publish().Progress; p != 0.25 {
		t.Errorf("progress is %v", p)
	}
	a.SetStatus(i, tail.Status{State: tail.StateFollowing, HistoryLeft: 300})
	a.Add(func(*window.Stats) {}, &Part{Source: i, Bytes: 100})
	if p := a.Publish().Progress; p != 0.25 {
		t.Errorf("with the past behind the present, progress is %v", p)
	}
	a.SetStatus(i, tail.Status{State: tail.StateFollowing, Rotations: 1})
	a.SetConfig(nil, errors.New("no such file"))
	s := a.Publish()
	if s.Progress != 1 || s.ConfigErr != "no such file" || len(s.Marks) != 1 || s.Marks[0].Kind != "rotation" {
		t.Errorf("got %v %q %+v", s.Progress, s.ConfigErr, s.Marks)
	}
}

func TestMarksAreBounded(t *testing.T) {
	a := newTest(true)
	for i := range 3 * maxMarks {
		a.AddMark(Mark{Time: at(i)})
	}
	m := a.Publish().Marks
	if len(m) != maxMarks || !m[maxMarks-1].Time.Equal(at(3*maxMarks-1)) {
		t.Errorf("%d marks, the last of %s", len(m), m[len(m)-1].Time)
	}
}

func TestBehind(t *testing.T) {
	now := time.Unix(1000, 0)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for _, tc := range []struct {
		name           string
		lag            int64
		caughtUp, last time.Time
		want           time.Duration
	}{
		{"all is read", 0, ago(time.Hour), ago(time.Hour), 0},
		{"after a long silence", 400, ago(2 * time.Second), ago(time.Hour), 2 * time.Second},
		{"the program was stopped for 30 s", 400, ago(30 * time.Second), ago(30 * time.Second), 30 * time.Second},
		{"never caught up since a minute, but the last line is 3 s old", 400, ago(time.Minute), ago(3 * time.Second), 3 * time.Second},
		{"not caught up yet, by the last line", 400, time.Time{}, ago(5 * time.Second), 5 * time.Second},
		{"not caught up yet, lines without time", 400, time.Time{}, time.Time{}, 0},
		{"the log's clock is ahead", 400, ago(time.Second), now.Add(time.Hour), time.Second},
	} {
		s := Source{Last: tc.last, Status: tail.Status{Size: 100 + tc.lag, Offset: 100, CaughtUp: tc.caughtUp}}
		if d := s.Behind(now); d != tc.want {
			t.Errorf("%s: %s behind, want %s", tc.name, d, tc.want)
		}
	}
	s := Source{Last: now.Add(50 * time.Second), Clock: story.Clock{Offset: time.Minute, Requests: 9}, Status: tail.Status{Size: 1}}
	if d := s.Behind(now); !s.Clock.Off() || d != 10*time.Second {
		t.Errorf("a clock known to be a minute ahead: %s behind, want 10 s", d)
	}
}
