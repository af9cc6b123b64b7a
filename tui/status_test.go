package tui

import (
	"strings"
	"testing"
	"time"

	"why502/probe/incident"
	"why502/tail"
	"why502/tail/story"
	"why502/tail/window"
	"why502/themes"
	"why502/tui/draw"

	"github.com/charmbracelet/x/ansi"
)

// TestPieces: what keeps the logs from being read whole and at once stands in the head
// line, and no part of it hides another.
func TestPieces(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	behind := tail.Status{Size: 5_000_000, Offset: 1_000_000, CaughtUp: now.Add(-9 * time.Second)}
	for _, tc := range []struct {
		name    string
		sources []incident.Source
		quiet   time.Duration
		want    string
	}{
		{"all well", []incident.Source{{Gateway: "nginx"}}, 0, "nginx|1 log|lag 0"},
		{"behind", []incident.Source{{Status: behind}}, 0, "1 log|lag 4 MB, 9 s"},
		{"a moment behind", []incident.Source{{Status: tail.Status{Size: 100, CaughtUp: now.Add(-time.Millisecond)}}}, 0, "1 log|lag 100 B"},
		{
			"one is behind, another reads its past",
			[]incident.Source{{Status: behind}, {Status: tail.Status{HistoryLeft: 3_000_000}}},
			0,
			"2 logs|history 3 MB left|lag 4 MB, 9 s",
		},
		{"its past alone", []incident.Source{{Status: tail.Status{HistoryLeft: 3_000_000}}}, 0, "1 log|history 3 MB left"},
		{"quiet", []incident.Source{{}}, 5 * time.Minute, "1 log|quiet 5 m"},
		{"lines that wait are not quiet", []incident.Source{{Status: behind}}, 5 * time.Minute, "1 log|lag 4 MB, 9 s"},
		{
			"all that can go wrong",
			[]incident.Source{
				{Status: tail.Status{State: tail.StateFailed}},
				{Unparsed: 12_000},
				{Clock: story.Clock{Offset: time.Minute, Requests: 5}},
				{Status: tail.Status{Polling: true, Cut: 2, LostBytes: 77, Unfinished: "GET /"}},
			},
			0,
			"4 logs|1 log unreadable|77 B lost|12k not understood|1 polled|1 clock off|1 unfinished line|2 lines cut|lag 0",
		},
	} {
		s := &incident.Snapshot{Now: now, Sources: tc.sources, Traffic: window.View{Last: now.Add(-tc.quiet)}}
		var got []string
		for _, p := range pieces(s, 0, tc.quiet) {
			got = append(got, p.text)
		}
		if line := strings.Join(got, "|"); line != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, line, tc.want)
		}
	}
}

// TestPiecesBounds: the bounds of memory and of time are told when they are reached.
func TestPiecesBounds(t *testing.T) {
	s := &incident.Snapshot{NoProbe: true, Retained: 99, Budget: 100, Traffic: window.View{TooOld: 1234}}
	var got []string
	for _, p := range pieces(s, 2, 0) {
		got = append(got, p.text)
	}
	if line := strings.Join(got, "|"); line != "0 logs|2 upstreams|1.2k too old|older lines leave|no probes|lag 0" {
		t.Error(line)
	}
}

// TestJoinCountsWhatItHides: a warning never leaves without a trace.
func TestJoinCountsWhatItHides(t *testing.T) {
	p := draw.New(themes.Plain(), draw.Options{})
	list := []piece{
		{"nginx", themes.Text, 9}, {"1 log unreadable", themes.Fail, 2}, {"12k not understood", themes.Warn, 4}, {"1 polled", themes.Warn, 5}, {"12:00:00", themes.Text, 0},
	}
	for _, tc := range []struct {
		room int
		want string
	}{
		{80, "nginx · 1 log unreadable · 12k not understood · 1 polled · 12:00:00"},
		{62, "1 log unreadable · 12k not understood · 1 polled · 12:00:00"},
		{55, "1 log unreadable · 12k not understood · +1 · 12:00:00"},
		{40, "1 log unreadable · +2 · 12:00:00"},
		{12, "+3 · 12:00:00"},
	} {
		if got := ansi.Strip(join(p, list, tc.room)); got != tc.want {
			t.Errorf("in %d cells: %q, want %q", tc.room, got, tc.want)
		}
	}
	if len(list) != 5 || list[0].text != "nginx" {
		t.Error("the list was changed")
	}
}
