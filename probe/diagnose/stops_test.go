package diagnose

import (
	"testing"
	"time"

	"why502/tail"
	"why502/tail/window"
)

func TestDropStops(t *testing.T) {
	at := func(second int) time.Time { return time.Unix(1000+int64(second), 0).UTC() }
	row := func(id string) *Signature {
		t.Helper()
		for s := range table().rows("") {
			if s.ID == id {
				return s
			}
		}
		t.Fatalf("no row %q", id)
		return nil
	}
	for _, c := range []struct {
		name    string
		stop    int    // second of the stop; requests fail from 10 to 20
		failure string // row of the failures
		picked  bool
		stays   bool
	}{
		{name: "refused from the stop on", stop: 10, failure: "nginx-connect-refused", stays: true},
		{name: "stopped before", stop: 2, failure: "nginx-connect-refused", stays: true},
		{name: "stopped in the middle", stop: 15, failure: "nginx-connect-refused", stays: true},
		{name: "stopped at the end", stop: 20, failure: "nginx-connect-refused"},
		{name: "stopped when it was over", stop: 30, failure: "nginx-connect-refused"},
		{name: "picked lines have any order", stop: 30, failure: "nginx-connect-refused", picked: true, stays: true},
		{name: "something still closes connections", stop: 10, failure: "nginx-early-close"},
		{name: "something else answers", stop: 19, failure: "go-not-http"},
	} {
		ep := episode{found: true, picked: c.picked, start: at(10), firstFailure: at(10), lastFailure: at(21)}
		for s := range 30 {
			p := window.Point{Unix: at(s).Unix(), Total: 5}
			if s >= 10 && s <= 20 {
				p.Failed = 5
			}
			ep.points = append(ep.points, p)
		}
		e := &evidence{all: []*finding{
			{sig: row("gunicorn-shutdown"), kind: tail.KindUpstream, first: at(c.stop), last: at(c.stop), count: 1},
			{sig: row(c.failure), kind: tail.KindError, first: at(10), last: at(20), count: 55},
		}}
		e.dropStops(&ep)
		if stays := len(e.all) == 2; stays != c.stays {
			t.Errorf("%s: the stop stays %v", c.name, stays)
		}
	}
}
