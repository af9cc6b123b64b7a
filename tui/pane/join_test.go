package pane

import (
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

// TestRecordsReadOnce: a line is parsed once, and again only after it fell out.
func TestRecordsReadOnce(t *testing.T) {
	parsed := 0
	rs := NewRecords(func(incident.Line) []session.Field { parsed++; return nil })
	for range 3 {
		for i := range uint64(100) {
			rs.Read(incident.Line{Seq: i, Text: "x"})
		}
	}
	if parsed != 100 {
		t.Errorf("parsed %d times, want 100", parsed)
	}
	rs.Read(incident.Line{Seq: 5, Text: "another line with the same number"})
	if parsed != 101 {
		t.Error("another text with the same number was taken for the old one")
	}
	for i := range uint64(3 * maxRecords) {
		rs.Read(incident.Line{Seq: i, Text: "x"})
	}
	if n := len(rs.cur) + len(rs.old); n > 2*maxRecords {
		t.Errorf("%d records are kept", n)
	}
}
