package session

import (
	"time"

	"why502/probe/incident"
	"why502/tail"
	"why502/tail/parse"
)

// maxSample is how much of a line that no parser understood is kept, in bytes.
const maxSample = 1 << 10

// reader reads batches of one source for one worker. It is not safe for
// concurrent use.
type reader struct {
	in    *ingest
	name  string
	plan  *parse.Plan
	lines *parse.Lines
	ev    tail.Event
	part  incident.Part
	last  int64 // time of the last line that had one, in nanoseconds
	raw   bool  // pass lines on that no parser understood
}

func (in *ingest) newReader(s *stream) *reader {
	return &reader{in: in, name: s.name, part: incident.Part{Source: s.index}}
}

// use makes r read by plan p.
func (r *reader) use(p *parse.Plan) {
	if r.plan != p {
		r.plan, r.lines = p, p.NewParser(r.in.env)
	}
}

// read gives every event of the batch that the filter lets through to add, and
// counts all lines in r.part.
func (r *reader) read(b *tail.Batch, add func(*tail.Event, string)) {
	data := b.Data
	r.part.Bytes += uint64(len(data))
	source := r.name
	if b.Name != "" {
		source = b.Name
	}
	for len(data) > 0 {
		at := order(b, len(b.Data)-len(data))
		var line []byte
		line, data = tail.NextLine(data)
		if len(line) == 0 {
			continue
		}
		r.lines.Parse(line, &r.ev)
		r.one(&r.ev, source, at, add)
	}
}

// order is the place of the line at offset of the batch among the lines of its
// source, whatever the order they are delivered in: by file, then by offset. Files
// read as history count down from the first one's 0.
func order(b *tail.Batch, offset int) uint64 {
	const files, bits = 1 << 15, 48
	return uint64(b.File+files)<<bits | uint64(b.Offset+int64(offset))&(1<<bits-1)
}

// one counts an event and passes it on.
func (r *reader) one(ev *tail.Event, source string, seq uint64, add func(*tail.Event, string)) {
	p := &r.part
	p.Lines++
	if ev.Kind == tail.KindRaw {
		if len(p.UnparsedSamples) < 2 || p.Lines <= incident.MaxSamples {
			p.UnparsedSamples = append(p.UnparsedSamples, string(ev.Line[:min(len(ev.Line), maxSample)]))
		}
	} else {
		p.Parsed++
	}
	if ev.Time != 0 {
		r.last = ev.Time
	}
	if !r.in.filter.lets(ev, r.last) {
		return
	}
	if ev.Time != 0 {
		if p.First == 0 || ev.Time < p.First {
			p.First = ev.Time
		}
		p.Last = max(p.Last, ev.Time)
	}
	if ev.Kind == tail.KindAccess {
		audit(&p.Records, ev)
	}
	if r.in.keep {
		var at time.Time
		if r.last != 0 {
			at = time.Unix(0, r.last).UTC()
		}
		p.Kept = append(p.Kept, incident.Kept{Line: incident.Line{
			Source: p.Source, Seq: seq, Time: at, Kind: ev.Kind, Status: ev.Status, Failed: ev.Failed(), Trouble: ev.Trouble(),
		}, Text: ev.Line})
	}
	if ev.Kind != tail.KindRaw || r.raw {
		add(ev, source)
	}
}

// audit counts which data an access line carries, for step 7.
func audit(rec *incident.Records, ev *tail.Event) {
	rec.Lines++
	if a := ev.Last(); a != nil {
		if len(a.Addr) > 0 {
			rec.Upstream++
		}
		if a.Status != 0 {
			rec.UpstreamStatus++
		}
		if a.Response != tail.None || a.Header != tail.None {
			rec.UpstreamTime++
		}
	}
	if ev.Duration != tail.None {
		rec.Duration++
	}
	if len(ev.RequestID) > 0 {
		rec.RequestID++
	}
	if len(ev.Host) > 0 {
		rec.Host++
	}
	if len(ev.Client) > 0 {
		rec.Client++
	}
	if len(ev.Flags) > 0 {
		rec.Flags++
	}
}
