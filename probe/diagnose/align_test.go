package diagnose

import (
	"testing"
	"time"

	"why502/probe/incident"
	"why502/tail"
	"why502/tail/story"
	"why502/tail/window"
)

func TestAligned(t *testing.T) {
	at := time.Date(2026, 11, 25, 12, 0, 40, 0, time.UTC)
	s := &incident.Snapshot{
		Sources: []incident.Source{
			{Name: "/l/access.log", Gateway: "nginx", Kind: tail.KindAccess},
			{Name: "/l/app.log", Gateway: noGateway, Clock: story.Clock{Offset: 40 * time.Second, Error: time.Second, Requests: 9}},
			{Name: "/l/app.log.old", Gateway: noGateway},
		},
		Traffic: window.View{
			Messages: []window.Message{
				{Gateway: noGateway, Kind: uint8(tail.KindError), Source: "/l/app.log.1", First: at, Last: at, Seconds: []window.SecondCount{{Unix: at.Unix(), Count: 2}}},
				{Gateway: "nginx", Kind: uint8(tail.KindError), Source: "/l/error.log", First: at, Last: at},
				{Gateway: noGateway, Kind: uint8(tail.KindError), Source: "/l/app.log.old", First: at},
			},
			Cases: []*window.Case{
				{Gateway: "nginx", Kind: tail.KindAccess, Source: "/l/access.log", Time: at.Add(-time.Second)},
				{Gateway: noGateway, Kind: tail.KindError, Source: "/l/app.log", Time: at},
				{Gateway: noGateway, Kind: tail.KindError, Source: "/l/app.log"},
			},
		},
	}
	got := aligned(s)
	m := got.Traffic.Messages
	if d := at.Sub(m[0].First); d != 40*time.Second || m[0].Seconds[0].Unix != at.Unix()-40 || tail.Kind(m[0].Kind) != tail.KindUpstream {
		t.Errorf("the application's message is %+v", m[0])
	}
	if !m[1].First.Equal(at) || tail.Kind(m[1].Kind) != tail.KindError || !m[2].First.Equal(at) {
		t.Errorf("others are %+v", m[1:])
	}
	c := got.Traffic.Cases
	if !c[0].Time.IsZero() || !c[1].Time.Equal(at.Add(-40*time.Second)) || c[1].Kind != tail.KindUpstream || c[2].Kind != tail.KindAccess {
		t.Errorf("cases %+v %+v %+v", c[0], c[1], c[2])
	}
	if s.Traffic.Messages[0].Seconds[0].Unix != at.Unix() || tail.Kind(s.Traffic.Messages[0].Kind) != tail.KindError || !s.Traffic.Cases[1].Time.Equal(at) {
		t.Error("the snapshot itself was changed")
	}
	// No gateway's log beside it: nobody knows whose it is.
	s.Sources = s.Sources[2:]
	if got := aligned(s); got != s {
		t.Errorf("alone it is %+v", got.Traffic.Messages)
	}
}
