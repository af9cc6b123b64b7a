package tail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// streamMemory is how much of a stream waits for a slow sink before the producer is
// held back, in bytes: a fast producer is not blocked by a slow screen.
const streamMemory = 64 << 20

// Stream returns a source of the lines of r, which it reads until its end or until
// ctx ends; closer, when not nil, is called then to make a read that hangs return.
func Stream(name string, r io.Reader, closer func() error, opt FollowOptions) Source {
	return &stream{name: name, r: r, closer: closer, opt: opt.withDefaults()}
}

// stream reads a pipe in one goroutine and delivers in another.
type stream struct {
	name   string
	r      io.Reader
	closer func() error
	opt    FollowOptions
	// lasting: a named pipe, whose end only means that no one writes at the moment.
	lasting bool

	mu      sync.Mutex
	room    sync.Cond // the queue has room again
	queue   []chunk
	waiting int64     // bytes in the queue
	total   int64     // bytes read
	rest    []byte    // the beginning of a line without its end so far
	restAt  time.Time // when its last bytes came
	ended   bool
	err     error
	ready   chan struct{}
}

func (s *stream) Name() string { return s.name }

// openStream opens a named pipe or a device.
func openStream(path string, info fs.FileInfo, opt FollowOptions) (Source, error) {
	file, err := openPipe(path, info)
	if err != nil {
		return nil, explain(path, err)
	}
	s := &stream{name: path, r: file, closer: file.Close, opt: opt}
	s.lasting = info.Mode()&fs.ModeNamedPipe != 0 && !opt.Once && !isStdin(path)
	return s, nil
}

func isStdin(path string) bool {
	return path == "/dev/stdin" || path == "/dev/fd/0" || path == "/proc/self/fd/0"
}

// Run reads until the end of the stream or of ctx.
func (s *stream) Run(ctx context.Context, sink Sink) error {
	s.ready = make(chan struct{}, 1)
	s.room.L = &s.mu
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.pump()
	}()
	stop := context.AfterFunc(ctx, s.abort)
	defer func() {
		stop()
		s.abort()
	}()
	return s.hand(ctx, sink)
}

// abort makes the pump end. A read that can't be interrupted (a terminal) is left
// behind; it ends with its next byte.
func (s *stream) abort() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.room.Broadcast()
	if s.closer != nil {
		_ = s.closer() // reading only: nothing can be lost
	}
}

// pump reads and splits.
func (s *stream) pump() {
	var sp splitter
	var off int64
	first := true
	for {
		old := len(sp.carry)
		buf := getBuffer(old + s.opt.LiveBatch)
		copy(buf, sp.carry)
		n, err := s.r.Read(buf[old:])
		if n > 0 && first {
			first = false
			if bad := sniff(s.name, buf[:n]); bad != nil {
				s.finish(bad)
				return
			}
		}
		now := s.opt.Clock.Now()
		at := off - int64(old)
		off += int64(n)
		c := chunk{n: n}
		if n > 0 {
			whole, cut := sp.take(buf[:old+n])
			c.batch = NewBatch(fitted(whole), putBuffer)
			c.batch.Cut, c.batch.Offset, c.batch.Received, c.batch.Past = cut, at, now, s.opt.Once
		}
		if !s.push(c, sp.carry, now) {
			return
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF) && s.lasting:
			<-s.opt.Clock.After(s.opt.Poll)
		default:
			if rest := sp.rest(); len(rest) > 0 {
				b := NewBatch(append(rest, '\n'), nil)
				b.Offset, b.Received, b.Past = off-int64(len(rest)), now, s.opt.Once
				s.push(chunk{batch: b}, nil, now)
			}
			if errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
				err = nil
			}
			s.finish(err)
			return
		}
	}
}

// fitted moves a small text out of a big buffer, so that keeping it keeps little.
func fitted(text []byte) []byte {
	if cap(text) < 4*len(text) || cap(text) <= 1<<minClass {
		return text
	}
	small := getBuffer(len(text))
	copy(small, text)
	putBuffer(text)
	return small
}

// push queues a chunk, waiting for room; rest is what was read of the next line. It
// returns false when nobody takes it any more.
func (s *stream) push(c chunk, rest []byte, now time.Time) bool {
	s.mu.Lock()
	for s.waiting > streamMemory && !s.ended {
		s.room.Wait()
	}
	ended := s.ended
	s.total += int64(c.n)
	if c.n > 0 || len(rest) == 0 {
		s.rest, s.restAt = append(s.rest[:0], rest[:min(len(rest), unfinishedShown)]...), now
	}
	if len(c.batch.Data) > 0 {
		s.queue = append(s.queue, c)
		s.waiting += int64(cap(c.batch.Data))
	}
	s.mu.Unlock()
	s.signal()
	return !ended
}

func (s *stream) finish(err error) {
	s.mu.Lock()
	s.ended, s.err = true, err
	s.mu.Unlock()
	s.signal()
}

func (s *stream) signal() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// hand delivers what the pump queued.
func (s *stream) hand(ctx context.Context, sink Sink) error {
	st := Status{State: StateFollowing}
	sink.Status(st)
	told := st
	var seq uint64
	var toldAt time.Time
	for {
		s.mu.Lock()
		queue, ended, err := s.queue, s.ended, s.err
		s.queue = nil
		s.mu.Unlock()
		if ctx.Err() != nil {
			queue, ended, err = nil, true, nil
		}
		for i := range queue {
			b := queue[i].batch
			b.Seq = seq
			seq++
			held, received := int64(cap(b.Data)), b.Received
			st.Cut += b.Cut
			st.Offset = b.Offset + int64(len(b.Data))
			sink.Batch(b)
			st.Size = s.taken(held)
			if now := s.opt.Clock.Now(); now.Sub(toldAt) >= reportEvery {
				toldAt, st.CaughtUp = now, received
				sink.Status(st)
			}
		}
		now := s.opt.Clock.Now()
		s.mu.Lock()
		partial, age := len(s.rest) > 0, now.Sub(s.restAt)
		st.Unfinished = ""
		if partial && age >= s.opt.Unfinished {
			st.Unfinished = string(s.rest)
		}
		st.Size = s.total
		if len(s.queue) == 0 || ended {
			st.Offset, st.CaughtUp = s.total, now
		}
		s.mu.Unlock()
		if ended {
			st.State, st.Unfinished = StateEnded, ""
			if err != nil {
				st.State, st.Why = StateFailed, err.Error()
				err = fmt.Errorf("%s: can't be read further: %w", s.name, err)
			}
			sink.Status(st)
			return err
		}
		if told.CaughtUp = st.CaughtUp; st != told {
			told = st
			sink.Status(st)
		}
		var due <-chan time.Time
		if partial && st.Unfinished == "" {
			due = s.opt.Clock.After(s.opt.Unfinished - age)
		}
		select {
		case <-ctx.Done():
		case <-s.ready:
		case <-due:
		}
	}
}

// taken makes room for what the sink took and returns how much was read meanwhile.
func (s *stream) taken(n int64) (total int64) {
	s.mu.Lock()
	s.waiting -= n
	total = s.total
	s.mu.Unlock()
	s.room.Signal()
	return total
}
