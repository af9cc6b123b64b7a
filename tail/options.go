package tail

import "time"

// FollowOptions says how a file is read. The zero value follows a file live with
// the defaults named at each field.
type FollowOptions struct {
	// Once reads to the present end and ends there, oldest line first. Without it
	// the newest part comes first, then following begins, and what is older is read
	// behind it.
	Once bool
	// Since is the oldest time wanted. With TimeOf the place is found by a binary
	// search, and rotated files (plain, gzip, zstd, bzip2) are read too when the file
	// begins later. Lines up to TimeSlack older are delivered as well, since logs are
	// only roughly in order: whoever needs it exact filters.
	Since time.Time
	// Span is how much of the time before the file's last line is wanted, when Since is
	// zero: the last line tells what Since is. Where no time is found in the end of the
	// file, its last 64 MiB are read.
	Span time.Duration
	// TimeOf returns the time of a line, false when it has none. Nil: Since is of no
	// use and history is bounded by MaxHistory only.
	TimeOf func(line []byte) (time.Time, bool)
	// MaxHistory bounds the bytes read of the past: 0 is 64 MiB, no bound with Once;
	// negative reads no history at all.
	MaxHistory int64
	// Recent is how much of the newest history is delivered before following begins,
	// in bytes (4 MiB).
	Recent int64
	// LiveBatch and PastBatch bound a batch in bytes (64 KiB, 1 MiB; at most MaxLine).
	LiveBatch, PastBatch int
	// Gap is the least time between two live reads: under load lines gather for so
	// long (2 ms). A first line after quiet is read at once.
	Gap time.Duration
	// Poll is how often the file is looked at although file events work (500 ms).
	// Where they don't work it is looked at every PollFast while it grows (10 ms),
	// going down to a quarter of a second when it is quiet.
	Poll, PollFast time.Duration
	// Grace is how long a renamed file is still read after its successor began and
	// nothing more came (5 s): workers that have not reopened yet still write to it.
	Grace time.Duration
	// Unfinished is how long a last line without line end may wait before
	// Status.Unfinished shows it (1 s).
	Unfinished time.Duration
	// Positions remember how far each file was read: it goes on there, in the rotated
	// copy that holds the place by now, without any history; lines are then delivered
	// at least once. Nil: none are kept. With Once an unfinished last line is left for
	// the next time. Streams and compressed files have no position.
	Positions Positions
	// Clock and FS are the machine's by default; tests bring their own.
	Clock Clock
	FS    FS
}

// defaultHistory is how much of the past is read where nothing says more, in bytes.
const defaultHistory = 64 << 20

// TimeSlack is how much older than Since the lines may be that are delivered first.
const TimeSlack = time.Minute

// Clock tells time and waits.
type Clock interface {
	Now() time.Time
	After(d time.Duration) <-chan time.Time
}

type systemClock struct{}

func (systemClock) Now() time.Time                         { return time.Now() }
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// withDefaults fills what the caller left out.
func (o FollowOptions) withDefaults() FollowOptions {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.Gap, 2*time.Millisecond)
	def(&o.Poll, 500*time.Millisecond)
	def(&o.PollFast, 10*time.Millisecond)
	def(&o.Grace, 5*time.Second)
	def(&o.Unfinished, time.Second)
	if o.MaxHistory == 0 && !o.Once {
		o.MaxHistory = defaultHistory
	}
	if o.Recent <= 0 {
		o.Recent = 4 << 20
	}
	o.LiveBatch = bound(o.LiveBatch, 64<<10)
	o.PastBatch = bound(o.PastBatch, MaxLine)
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.FS == nil {
		o.FS = System
	}
	return o
}

// bound keeps a batch size between 1 KiB and MaxLine, which the splitter relies
// on: only the first line of a read can then be longer than MaxLine.
func bound(n, def int) int {
	if n <= 0 {
		return def
	}
	return min(max(n, 1<<10), MaxLine)
}
