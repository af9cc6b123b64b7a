package diagnose

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"why502/probe/incident"
	"why502/tail"
	"why502/tail/parse"
	"why502/tail/window"
)

// logFile is one log of a test.
type logFile struct {
	name string
	data []byte
}

// snapshotOf reads logs as a report does: each by the format that its content
// shows, all into one set of statistics.
func snapshotOf(now time.Time, files ...logFile) *incident.Snapshot {
	stats := window.New()
	s := &incident.Snapshot{Progress: 1, NoProbe: true}
	for _, f := range files {
		env := parse.Env{Now: now, Zone: time.UTC}
		src := incident.Source{Name: f.name}
		plan := parse.Detect(f.data, env)
		counts := map[string]int{}
		kinds := map[tail.Kind]int{}
		gateways := map[string]int{}
		plan.NewRecords(env).Read(f.data, 0, false, func(ev *tail.Event, _ uint64, lines int) {
			src.Lines += uint64(lines)
			if ev.Kind == tail.KindRaw {
				src.Unparsed += uint64(lines)
				if len(src.UnparsedSamples) < incident.MaxSamples {
					src.UnparsedSamples = append(src.UnparsedSamples, string(ev.Line))
				}
				return
			}
			src.Parsed += uint64(lines)
			counts[ev.Format]++
			kinds[ev.Kind]++
			gateways[ev.Gateway]++
			stats.Add(ev, f.name)
		})
		src.Format, src.Kind, src.Gateway = top(counts), top(kinds), top(gateways)
		s.Sources = append(s.Sources, src)
	}
	s.Traffic = stats.View(time.Time{}, 0)
	s.Now = s.Traffic.Last
	return s
}

func top[K comparable](m map[K]int) K {
	var best K
	for k, n := range m {
		if n > m[best] || n == m[best] && fmt.Sprint(k) < fmt.Sprint(best) {
			best = k
		}
	}
	return best
}

// before keeps the lines of a log that stand before a moment, as the parsers
// tell the time; lines without one go with the line above.
func before(f logFile, now, at time.Time) logFile {
	return cut(f, now, func(t time.Time) bool { return t.Before(at) })
}

func cut(f logFile, now time.Time, keep func(time.Time) bool) logFile {
	env := parse.Env{Now: now, Zone: time.UTC}
	parser := parse.Detect(f.data, env).NewParser(env)
	out := logFile{name: f.name}
	var ev tail.Event
	kept := true
	for line := range bytes.Lines(f.data) {
		parser.Parse(bytes.TrimRight(line, "\r\n"), &ev)
		if ev.Time != 0 {
			kept = keep(ev.When())
		}
		if kept {
			out.data = append(out.data, line...)
		}
	}
	return out
}

func ids(causes []Cause) []ID {
	out := make([]ID, 0, len(causes))
	for i := range causes {
		out = append(out, causes[i].ID)
	}
	return out
}

func rankOf(causes []Cause, id ID) int { return slices.Index(ids(causes), id) + 1 }
