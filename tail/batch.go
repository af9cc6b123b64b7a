package tail

import (
	"bytes"
	"context"
	"time"
)

// Batch is a run of whole lines of one source, in order. Whoever receives a
// batch owns it and calls Release when no Event points into it any more.
type Batch struct {
	Data []byte // each line ends in '\n', but perhaps the last one of a source
	Seq  uint64 // numbers the batches of a source from 0 without gaps
	Past bool   // read as history, before following began
	// Cut counts the lines of this batch that were longer than MaxLine: they end
	// at that length, the rest of them is gone.
	Cut      int
	Received time.Time // when the last byte was read

	// File and Offset order the lines of a source whatever the order of delivery:
	// sort by File, then by Offset. File is 0 for the file that was there when
	// following began, counts up with every rotation since and down (-1, -2 ...)
	// with every older rotated file read as history. Offset is the place of the
	// first byte of Data in that file (in its decompressed content).
	File   int
	Offset int64
	// Name is the path the lines come from where the source holds several files (a
	// glob, a directory); else it is empty and the source's name says it.
	Name string

	free func([]byte)
}

// MaxLine is the length at which a line is cut, in bytes.
const MaxLine = 1 << 20

// NewBatch returns a batch over data. free, when not nil, gets data back on
// Release.
func NewBatch(data []byte, free func([]byte)) Batch { return Batch{Data: data, free: free} }

// Release gives the batch's memory back. The batch and all events read from it
// are invalid afterwards. Calling it twice does nothing.
func (b *Batch) Release() {
	if b.free != nil && b.Data != nil {
		b.free(b.Data)
	}
	b.Data, b.free = nil, nil
}

// State is where a source stands.
type State uint8

// The states of a source.
const (
	StateOpening   State = iota
	StateHistory         // reading what was written before
	StateFollowing       // at the end, waiting for more
	StateWaiting         // the file is away; it is waited for
	StateFailed          // can't be read now (permission, disk); retried with backoff
	StateEnded           // nothing more will come
)

// String returns one lower-case word.
func (s State) String() string {
	return [...]string{"opening", "history", "following", "waiting", "failed", "ended"}[s]
}

// Status is a source's health at one moment, for the status line.
type Status struct {
	State     State
	Polling   bool   // file events can't be had here; the file is looked at instead
	Why       string // why it is polling, waiting or failed, one sentence with the mend
	Offset    int64  // bytes read of the current file
	Size      int64  // size of the current file when last looked at
	Rotations int    // renames, truncations and replacements survived
	Cut       int    // lines cut at MaxLine so far
	LostBytes int64  // upper bound of bytes that a truncation took before they were read

	// CaughtUp is when last all that was written was read: what is not yet read was
	// written after it. It is zero before the first time. A status is not told anew
	// for it alone.
	CaughtUp time.Time

	// HistoryLeft is how many bytes written before are still to be read, behind the
	// following; compressed files count with their size on disk.
	HistoryLeft int64
	// Unfinished is the start of a last line that has waited for its line end longer
	// than FollowOptions.Unfinished, raw and at most 4 KiB. It is for showing only:
	// the line is delivered once, whole, when its end arrives, or as it is when the
	// file goes away or the reading ends.
	Unfinished string
}

// NextLine splits data after its first line and returns the line without its line
// end ("\n" or "\r\n"). Loop while len(data) > 0.
func NextLine(data []byte) (line, rest []byte) {
	i := bytes.IndexByte(data, '\n')
	if i < 0 {
		return data, nil
	}
	line, rest = data[:i], data[i+1:]
	if i > 0 && line[i-1] == '\r' {
		line = line[:i-1]
	}
	return line, rest
}

// Lag returns how many bytes are written but not yet read; of a stream, read from it
// but not yet delivered.
func (s Status) Lag() int64 { return max(0, s.Size-s.Offset) }

// Sink receives what a source delivers. Both methods are called from one
// goroutine of the source, in order; Batch may block, which holds the source
// back (it never drops).
type Sink interface {
	Batch(Batch)
	Status(Status)
}

// Source delivers lines. Run reads until ctx ends or the source is exhausted and
// returns nil in both cases; an error means that the source can't be read at all
// and says in one sentence what, where and what to do.
type Source interface {
	Name() string
	Run(ctx context.Context, sink Sink) error
}
