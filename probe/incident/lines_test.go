package incident

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func at(s int) time.Time { return time.Unix(int64(1_700_000_000+s), 0).UTC() }

func texts(lines []Line) string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Text)
	}
	return strings.Join(out, " ")
}

func TestLinesComeInTimeOrder(t *testing.T) {
	s := lineStore{budget: 1 << 20}
	for _, n := range []int{5, 6, 7, 1, 2, 3} { // the present, then the past behind it
		s.add(Line{Time: at(n)}, fmt.Append(nil, n))
	}
	if got := texts(s.view()); got != "1 2 3 5 6 7" {
		t.Errorf("got %s", got)
	}
	s.add(Line{Time: at(4)}, []byte("4"))
	if got := texts(s.view()); got != "1 2 3 4 5 6 7" {
		t.Errorf("got %s", got)
	}
}

func TestViewsStayAsTheyWere(t *testing.T) {
	s := lineStore{budget: 1 << 20}
	s.add(Line{Time: at(2)}, []byte("b"))
	s.add(Line{Time: at(3)}, []byte("c"))
	old := s.view()
	s.add(Line{Time: at(1)}, []byte("a"))
	s.add(Line{Time: at(4)}, []byte("d"))
	if got := texts(s.view()); got != "a b c d" {
		t.Errorf("got %s", got)
	}
	if got := texts(old); got != "b c" {
		t.Errorf("an old view changed to %s", got)
	}
}

func TestTheBudgetHoldsAndTheNewestStay(t *testing.T) {
	s := lineStore{budget: 10_000}
	text := []byte(strings.Repeat("x", 100))
	for i := range 1000 {
		s.add(Line{Time: at(i), Seq: uint64(i)}, text)
	}
	v := s.view()
	total := 0
	for _, l := range v {
		total += len(l.Text)
	}
	if total > 10_000+10_000/4 || total < 5_000 {
		t.Errorf("%d bytes are kept of a budget of 10000", total)
	}
	if last := v[len(v)-1].Seq; last != 999 {
		t.Errorf("the newest kept line is %d", last)
	}
}

func TestLateHistoryDoesNotEvictThePresent(t *testing.T) {
	s := lineStore{budget: 5_000}
	text := []byte(strings.Repeat("x", 100))
	for i := 1000; i < 1050; i++ {
		s.add(Line{Time: at(i)}, text)
	}
	for i := range 500 {
		s.add(Line{Time: at(i)}, text)
	}
	v := s.view()
	if last := v[len(v)-1].Time; !last.Equal(at(1049)) {
		t.Errorf("the newest kept line is of %s", last)
	}
}

func TestOldHistoryIsNotKeptOnceTheBudgetIsFull(t *testing.T) {
	s := lineStore{budget: 1000}
	text := []byte(strings.Repeat("x", 100))
	for i := range 100 {
		s.add(Line{Time: at(1000 + i)}, text)
	}
	kept := len(s.view())
	for i := range 100 {
		s.add(Line{Time: at(i)}, text)
	}
	if v := s.view(); len(v) != kept || v[0].Time.Before(at(1000)) {
		t.Errorf("%d lines were kept, now %d from %s on", kept, len(v), v[0].Time)
	}
}

func TestLongLinesAreCut(t *testing.T) {
	s := lineStore{budget: 1 << 20}
	s.add(Line{}, []byte(strings.Repeat("x", MaxKept+1)))
	if n := len(s.view()[0].Text); n != MaxKept {
		t.Errorf("a kept line has %d bytes", n)
	}
}

func BenchmarkKeepLine(b *testing.B) {
	s := lineStore{budget: recentBudget}
	line := []byte(strings.Repeat("x", 180))
	b.ReportAllocs()
	for i := range b.N {
		s.add(Line{Time: at(i)}, line)
	}
}
