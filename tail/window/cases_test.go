package window

import (
	"fmt"
	"testing"
	"time"

	"why502/tail"
)

func caseEvent(at time.Duration, status int, text string) *tail.Event {
	var ev tail.Event
	ev.Reset()
	ev.Kind, ev.Gateway, ev.Format = tail.KindAccess, "nginx", "nginx-combined"
	ev.Time, ev.Status, ev.Line = time.Unix(100_000, 0).Add(at).UnixNano(), status, []byte(text)
	return &ev
}

// TestCases keeps the first few failures and saved requests of each stretch of
// time, and no good request.
func TestCases(t *testing.T) {
	s := New()
	for i := range 40 {
		s.Add(caseEvent(time.Duration(i)*time.Second/10, 502, fmt.Sprintf("early %02d", i)), "a")
		s.Add(caseEvent(time.Hour+time.Duration(i)*time.Second/10, 502, fmt.Sprintf("late %02d", i)), "a")
		s.Add(caseEvent(time.Duration(i)*time.Second/10, 200, "good"), "a")
	}
	saved := caseEvent(0, 200, "saved")
	a := saved.AddAttempt()
	a.Addr, a.Status = []byte("10.0.0.5:80"), 502
	a = saved.AddAttempt()
	a.Addr, a.Status = []byte("10.0.0.6:80"), 200
	s.Add(saved, "a")
	v := s.View(time.Time{}, 0)
	var got []string
	for _, c := range v.Cases {
		got = append(got, c.Line)
	}
	want := []string{"early 00", "saved", "early 01", "early 02", "early 03", "late 00", "late 01", "late 02", "late 03"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("kept %q, want %q", got, want)
	}
	if c := v.Cases[1]; !c.Hidden || c.Failed || len(c.Attempts) != 2 || c.Attempts[0].Addr != "10.0.0.5:80" {
		t.Errorf("the saved request is %+v", c)
	}
	for _, o := range v.Outcomes {
		if o.Status == 502 && (len(o.Groups) != 1 || o.Groups[0] != v.Cases[0].Group) {
			t.Errorf("the outcome's groups %v do not name the case's %d", o.Groups, v.Cases[0].Group)
		}
	}
}

// TestCasesAreBounded feeds a failure of its own kind every hour for years and
// wants the cases to stay few and still spread over all of the time.
func TestCasesAreBounded(t *testing.T) {
	s := New()
	const hours = 20_000
	for i := range hours {
		s.Add(caseEvent(time.Duration(i)*time.Hour, 500+i%60, fmt.Sprint(i)), "a")
	}
	v := s.View(time.Time{}, 0)
	if n := len(v.Cases); n > caseBuckets*casesRequests || n < caseBuckets/2 {
		t.Errorf("%d cases", n)
	}
	if span := v.Cases[len(v.Cases)-1].Time.Sub(v.Cases[0].Time); span < hours*time.Hour*9/10 {
		t.Errorf("they span %s", span)
	}
}

// TestWithin confines the scope to one of two times of failing.
func TestWithin(t *testing.T) {
	s := New()
	add := func(from, to int, path string, status int) {
		for i := from; i < to; i++ {
			ev := caseEvent(time.Duration(i)*time.Second, status, fmt.Sprint(path, i))
			ev.Path, ev.Method = []byte(path), []byte("GET")
			s.Add(ev, "a")
		}
	}
	add(0, 1000, "/a", 200)
	add(0, 1000, "/b", 200)
	add(200, 300, "/a", 502)
	add(200, 300, "/b", 502)
	add(800, 900, "/b", 500)
	v := s.View(time.Time{}, 0)
	at := func(second int64) time.Time { return time.Unix(100_000+second, 0) }
	if got := Scope(v.Within(at(800), at(900))); len(got) != 1 || got[0].Value != "GET /b" || got[0].FailedShare != 1 {
		t.Errorf("the second time: %+v", got)
	}
	if got := Scope(v.Within(at(200), at(300))); len(got) != 0 {
		t.Errorf("the first time: %+v", got)
	}
	if got := v.Within(at(0), at(1000)); got != &v {
		t.Error("all of the time is another view")
	}
}
