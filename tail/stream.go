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
	waiting int64 // bytes in the queue
	total   int64 // bytes read
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
		if !s.push(c) {
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
				s.push(chunk{batch: b})
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

// push queues a chunk, waiting for room; false when nobody takes it any more.
func (s *stream) push(c chunk) bool {
	s.mu.Lock()
	for s.waiting > streamMemory && !s.ended {
		s.room.Wait()
	}
	ended := s.ended
	s.total += int64(c.n)
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
	var seq uint64
	var told time.Time
	for {
		s.mu.Lock()
		queue, ended, err := s.queue, s.ended, s.err
		st.Size = s.total
		s.queue = nil
		s.mu.Unlock()
		if ctx.Err() != nil {
			queue, ended, err = nil, true, nil
		}
		for i := range queue {
			b := queue[i].batch
			b.Seq = seq
			seq++
			held := int64(cap(b.Data))
			st.Cut += b.Cut
			st.Offset = b.Offset + int64(len(b.Data))
			sink.Batch(b)
			s.taken(held)
			if now := s.opt.Clock.Now(); now.Sub(told) >= reportEvery {
				told = now
				sink.Status(st)
			}
		}
		if ended {
			st.State = StateEnded
			if err != nil {
				st.State, st.Why = StateFailed, err.Error()
				err = fmt.Errorf("%s: can't be read further: %w", s.name, err)
			}
			sink.Status(st)
			return err
		}
		if len(queue) > 0 {
			sink.Status(st)
		}
		select {
		case <-ctx.Done():
		case <-s.ready:
		}
	}
}

// taken makes room for what the sink took.
func (s *stream) taken(n int64) {
	s.mu.Lock()
	s.waiting -= n
	s.mu.Unlock()
	s.room.Signal()
}
