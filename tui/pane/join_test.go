package pane

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"why502/probe/incident"
	"why502/probe/session"
	"why502/tail"
)

// ringOf makes records of lines written as "SECOND KIND CLIENT PATH UPSTREAM [CONN]";
// each error line's message is its number in the list.
func ringOf(lines string) []*Record {
	var records []*Record
	for i, l := range strings.Split(strings.TrimSpace(lines), "\n") {
		f := strings.Fields(l)
		at, _ := time.ParseDuration(f[0])
		line := incident.Line{Seq: uint64(i), Time: time.Unix(1000, 0).Add(at), Kind: tail.KindAccess, Failed: true, Status: 502, Text: l}
		if f[1] == "ok" {
			line.Failed, line.Status = false, 200
		}
		if f[1] == "error" {
			line.Kind, line.Failed, line.Status = tail.KindError, false, 0
		}
		conn := ""
		if len(f) > 5 {
			conn = f[5]
		}
		value := func(s string) string { return strings.TrimPrefix(s, "-") }
		records = append(records, newRecord(line, []session.Field{
			{Name: "client", Value: value(f[2])},
			{Name: "path", Value: value(f[3])},
			{Name: "upstream", Value: value(f[4])},
			{Name: "message", Value: string(rune('0' + i))},
			{Name: "connection", Value: conn},
		}))
	}
	return records
}

func TestJoinReasons(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		want        string // for each line its reasons, or "." for an error line that nobody has
	}{
		{"same second, client and path", "0s error c /a u\n0s access c /a u", "- 0"},
		{"access a moment later in the next second", "0s error c /a u\n1.2s access c /a u", "- 0"},
		{"two seconds apart", "0s error c /a u\n2s access c /a u", ". ?"},
		{"another path", "0s error c /a u\n0s access c /b u", ". ?"},
		{"another client", "0s error c /a u\n0s access d /a u", ". ?"},
		{"by upstream where the error names no path", "0s error - - u\n0s access c /a u", "- 0"},
		{"each its own", "0s error c /a u 1\n0s access c /a u\n0s error c /a u 2\n0s access c /a u", "- 0 - 2"},
		{"retries of one connection", "0s error c /a u 7\n0s error c /a v 7\n0s access c /a v", "- - 01"},
		{"two connections", "0s error c /a u 7\n0s error c /a v 8\n0s access c /a v", "- . 0"},
		{"more requests than lines share the last", "0s error c /a u 1\n0s access c /a u\n0s access c /a u", "- 0 0"},
		{"a good request has no reason", "0s error c /a u\n0s ok c /a u", ". ?"},
	} {
		records := ringOf(c.lines)
		j := joinReasons(&incident.Snapshot{}, records)
		var got []string
		for _, r := range records {
			word := ""
			switch {
			case r.Line.Kind == tail.KindError && j.isReason(r):
				word = "-"
			case r.Line.Kind == tail.KindError:
				word = "."
			default:
				for _, e := range j.of(r) {
					word += e.Get("message")
				}
				if word == "" {
					word = "?"
				}
			}
			got = append(got, word)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %q, want %q", c.name, s, c.want)
		}
	}
}

// TestRecordsReadOnce: a line is parsed when somebody looks at it, once, and again only
// after its fields were let go.
func TestRecordsReadOnce(t *testing.T) {
	parsed := 0
	rs := NewRecords(func(l incident.Line) []session.Field { parsed++; return []session.Field{{Name: "path", Value: l.Text}} })
	line := func(i uint64) incident.Line { return incident.Line{Seq: i, Text: "x"} }
	for i := range uint64(100) {
		rs.Read(line(i))
	}
	if parsed != 0 {
		t.Errorf("%d lines parsed that nobody looked at", parsed)
	}
	for range 3 {
		for i := range uint64(100) {
			if got := rs.Read(line(i)).Get("path"); got != "x" {
				t.Fatalf("path %q", got)
			}
		}
	}
	if parsed != 100 {
		t.Errorf("parsed %d times, want 100", parsed)
	}
	if got := rs.Read(incident.Line{Seq: 5, Text: "another"}).Get("path"); got != "another" || parsed != 101 {
		t.Errorf("another text with the same number was taken for the old one: %q", got)
	}
	for i := range uint64(3 * maxRecords) {
		rs.Read(line(i)).Fields()
	}
	if n := len(rs.cur) + len(rs.old); n > 2*maxRecords {
		t.Errorf("%d records are kept", n)
	}
	full := 0
	for _, records := range []map[recordKey]*Record{rs.cur, rs.old} {
		for _, r := range records {
			if r.read {
				full++
			}
		}
	}
	if full > maxRead || len(rs.read) > 2*maxRead+1 {
		t.Errorf("the fields of %d records are kept, in a list of %d", full, len(rs.read))
	}
	was := parsed
	last := rs.Read(line(3*maxRecords - 1))
	if last.Get("path") != "x" || parsed != was {
		t.Error("the newest was read again")
	}
}

// BenchmarkLogOfAnIncident draws the log pane of an incident whose stores are full while
// a hundred more lines come for each picture.
func BenchmarkLogOfAnIncident(b *testing.B) {
	const kept, more = 20_000, 100
	var all []incident.Line
	for i := range kept + more*1000 {
		l := incident.Line{Seq: uint64(i), Time: time.Unix(int64(i/500), 0), Kind: tail.KindAccess, Failed: true, Status: 502, Text: fmt.Sprintf("GET /api/%d", i)}
		if i%2 == 1 {
			l.Kind, l.Failed, l.Status = tail.KindError, false, 0
		}
		all = append(all, l)
	}
	in := inputOf(nil)
	in.Records = NewRecords(func(l incident.Line) []session.Field {
		return []session.Field{{Name: "method", Value: "GET"}, {Name: "path", Value: l.Text[4:]}, {Name: "message", Value: "connect() failed"}, {Name: "level", Value: "error"}}
	})
	var log Log
	at := 0
	for b.Loop() {
		snap := *in.Snap
		snap.Failures = all[at : at+kept]
		in.Snap = &snap
		in.Prepare()
		log.Title(in)
		log.Lines(in)
		if at += more; at > more*1000 {
			at = 0
		}
	}
}
