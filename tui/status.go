package tui

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"why502/probe/incident"
	"why502/tail"
	"why502/themes"
	"why502/tui/draw"
	"why502/tui/pane"
)

// piece is a part of the head line; those of the highest rank go first when
// there is no room.
type piece struct {
	text string
	role themes.Role
	rank int
}

// quietAfter is how long no line came before that is said.
const quietAfter = 2 * time.Minute

// reading adds up how all logs are read.
type reading struct {
	gateways                 []string
	lag, history, lost       int64
	behind                   time.Duration
	unparsed, tooOld         uint64
	polled, failed, off      int
	cut, unfinished, sources int
	full                     bool // older lines leave the room for lines kept
}

func readingOf(s *incident.Snapshot) reading {
	r := reading{sources: len(s.Sources), tooOld: s.Traffic.TooOld, full: s.Budget > 0 && s.Retained > s.Budget-s.Budget/20}
	count := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	for i := range s.Sources {
		src := &s.Sources[i]
		if src.Gateway != "" && len(r.gateways) < 3 && !slices.Contains(r.gateways, src.Gateway) {
			r.gateways = append(r.gateways, src.Gateway)
		}
		r.lag += src.Status.Lag()
		r.history += src.Status.HistoryLeft
		r.lost += src.Status.LostBytes
		r.cut += src.Status.Cut
		r.behind = max(r.behind, src.Behind(s.Now))
		r.unparsed += src.Unparsed
		count(&r.polled, src.Status.Polling)
		count(&r.failed, src.Status.State == tail.StateFailed)
		count(&r.off, src.Clock.Off())
		count(&r.unfinished, src.Status.Unfinished != "")
	}
	return r
}

// pieces say what is read and how well.
func pieces(snap *incident.Snapshot, upstreams int, quiet time.Duration) []piece {
	r := readingOf(snap)
	var list []piece
	say := func(yes bool, rank int, role themes.Role, text ...string) {
		if yes {
			list = append(list, piece{strings.Join(text, ""), role, rank})
		}
	}
	silent := quiet > quietAfter && !snap.Traffic.Last.IsZero()
	lag, urgent := "lag "+pane.Bytes(uint64(r.lag)), 7
	if r.behind >= time.Second {
		lag, urgent = lag+", "+pane.Span(r.behind), 3
	}
	say(len(r.gateways) > 0, 9, themes.Text, strings.Join(r.gateways, " + "))
	say(true, 8, themes.Text, pane.Plural(r.sources, "log"))
	say(upstreams > 0, 10, themes.Text, pane.Plural(upstreams, "upstream"))
	say(r.failed > 0, 2, themes.Fail, pane.Plural(r.failed, "log"), " unreadable")
	say(r.lost > 0, 2, themes.Fail, pane.Bytes(uint64(r.lost)), " lost")
	say(r.unparsed > 0, 4, themes.Warn, draw.Short(r.unparsed), " not understood")
	say(r.polled > 0, 5, themes.Warn, strconv.Itoa(r.polled), " polled")
	say(r.off > 0, 5, themes.Warn, pane.Plural(r.off, "clock"), " off")
	say(r.unfinished > 0, 6, themes.Warn, pane.Plural(r.unfinished, "unfinished line"))
	say(r.cut > 0, 6, themes.Warn, pane.Plural(r.cut, "line"), " cut")
	say(r.tooOld > 0, 6, themes.Warn, draw.Short(r.tooOld), " too old")
	say(r.full, 11, themes.Dim, "older lines leave")
	say(snap.NoProbe, 11, themes.Dim, "no probes")
	say(r.history > 0, 5, themes.Dim, "history ", pane.Bytes(uint64(r.history)), " left")
	say(r.lag > 0, urgent, themes.Warn, lag)
	say(r.lag == 0 && silent, 3, themes.Warn, "quiet ", pane.Span(quiet))
	say(r.lag == 0 && !silent && r.history == 0, 12, themes.Dim, "lag 0")
	return list
}

// join puts the pieces that fit into room side by side. Of warnings for which there is
// no room it says how many they are; the page behind the verdict has them all.
func join(p *draw.Painter, pieces []piece, room int) string {
	const gap = 3
	pieces = slices.Clone(pieces)
	hidden := 0
	for {
		total, worst := -gap, -1
		for i, pc := range pieces {
			total += draw.Width(pc.text) + gap
			if worst < 0 || pc.rank > pieces[worst].rank {
				worst = i
			}
		}
		if hidden > 0 {
			total += gap + len("+9")
		}
		if total <= room || len(pieces) <= 1 {
			break
		}
		if role := pieces[worst].role; role == themes.Warn || role == themes.Fail {
			hidden++
		}
		pieces = slices.Delete(pieces, worst, worst+1)
	}
	if hidden > 0 {
		pieces = slices.Insert(pieces, max(0, len(pieces)-1), piece{"+" + strconv.Itoa(min(hidden, 9)), themes.Warn, 0})
	}
	var b strings.Builder
	for i, pc := range pieces {
		if i > 0 {
			b.WriteString(p.Paint(themes.Dim, " "+p.Glyphs.Bullet+" "))
		}
		b.WriteString(p.Paint(pc.role, pc.text))
	}
	return b.String()
}
