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
	in      *ingest
	name    string
	plan    *parse.Plan
	records *parse.Records
	file    string // the source's own name of the lines at hand
	part    incident.Part
	last    int64  // time of the last line that had one, in nanoseconds
	seq     uint64 // place of the event at hand
	raw     bool   // pass lines on that no parser understood
}

func (in *ingest) newReader(s *stream) *reader {
	return &reader{in: in, name: s.name, part: incident.Part{Source: s.index}}
}

// use makes r read by plan p.
func (r *reader) use(p *parse.Plan) {
	switch {
	case r.plan == p:
		return
	case r.records == nil:
		r.records = p.NewRecords(r.in.env)
	default:
		r.records.Use(p, r.in.env)
	}
	r.plan = p
}

// read gives every event of the batch that the filter lets through to add, and
// counts all lines in r.part. With more, a record at its end waits for the lines of
// the next batch; what waits comes by expire or flush at last.
func (r *reader) read(b *tail.Batch, more bool, add func(*tail.Event, string)) {
	r.part.Bytes += uint64(len(b.Data))
	source := r.name
	if b.Name != "" {
		source = b.Name
	}
	emit := r.emit(add)
	if source != r.file && r.file != "" {
		r.records.Flush(emit)
	}
	r.file = source
	r.records.Read(b.Data, order(b, 0), more, emit)
}

// emit is what passes the records on to add.
func (r *reader) emit(add func(*tail.Event, string)) parse.Emit {
	return func(ev *tail.Event, seq uint64, lines int) { r.one(ev, seq, lines, add) }
}

// waiting says whether a record waits for more of its lines.
func (r *reader) waiting() bool { return r != nil && r.records != nil && r.records.Waiting() }

// order is the place of the line at offset of the batch among the lines of its
// source, whatever the order they are delivered in: by file, then by offset. Files
// read as history count down from the first one's 0.
func order(b *tail.Batch, offset int) uint64 {
	return uint64(b.File+placeFiles)<<placeBits | uint64(b.Offset+int64(offset))&(1<<placeBits-1)
}

const placeFiles, placeBits = 1 << 15, 48

// placeOf takes apart what order put together.
func placeOf(seq uint64) (file int, offset int64) {
	return int(seq>>placeBits) - placeFiles, int64(seq & (1<<placeBits - 1))
}

// one counts an event, which lines make, and passes it on.
func (r *reader) one(ev *tail.Event, seq uint64, lines int, add func(*tail.Event, string)) {
	p := &r.part
	p.Lines += uint64(lines)
	if ev.Kind == tail.KindRaw {
		if len(p.UnparsedSamples) < 2 || p.Lines <= incident.MaxSamples {
			p.UnparsedSamples = append(p.UnparsedSamples, string(ev.Line[:min(len(ev.Line), maxSample)]))
		}
	} else {
		p.Parsed += uint64(lines)
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
		if len(ev.RequestID) > 0 {
			p.Seen.Add(ev.RequestID, ev.Time, ev.Duration)
		}
	}
	if ev.Kind == tail.KindAccess {
		audit(&p.Records, ev)
	}
	if r.in.keep {
		var at time.Time
		if r.last != 0 {
			at = time.Unix(0, r.last).UTC()
		}
		k := incident.Kept{Line: incident.Line{
			Source: p.Source, Seq: seq, Time: at, Kind: ev.Kind, Status: ev.Status, Failed: ev.Failed(), Trouble: ev.Trouble(),
		}, Text: ev.Line}
		k.Failure = k.Line.Failed || k.Line.Trouble || ev.Kind == tail.KindError && !ev.Mild()
		p.Kept = append(p.Kept, k)
	}
	if r.seq = seq; ev.Kind != tail.KindRaw || r.raw {
		add(ev, r.file)
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
