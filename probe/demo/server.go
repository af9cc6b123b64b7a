package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// listen opens a port of 127.0.0.1 below the ports that systems hand out to
// outgoing connections, so that nothing takes it while the upstream is down.
func listen() (*net.TCPListener, error) {
	const low, span, tries = 20000, 10000, 50
	var last error
	for range tries {
		ln, err := listenAt(fmt.Sprintf("127.0.0.1:%d", low+rand.IntN(span)))
		if err == nil {
			return ln, nil
		}
		last = err
	}
	return nil, last
}

// listenAt opens a plain TCP socket: Go's usual multipath one takes no filter and
// no second listen(2).
func listenAt(addr string) (*net.TCPListener, error) {
	var plain net.ListenConfig
	plain.SetMultipathTCP(false)
	ln, err := plain.Listen(context.Background(), "tcp4", addr)
	if err != nil {
		return nil, err
	}
	return ln.(*net.TCPListener), nil
}

// server is an http.Server whose stop waits for every handler.
type server struct {
	http   *http.Server
	cancel context.CancelFunc
	mu     sync.Mutex
	closed bool
	work   sync.WaitGroup
}

// connKey finds the number of a request's client connection in its context, a
// *connState.
type connKey struct{}

type connState struct {
	number   uint64
	requests int // served on it; a connection's requests come one after the other
}

// serve starts a server on ln; what it has to say goes to words.
func serve(ln net.Listener, handler http.HandlerFunc, words io.Writer) *server {
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{cancel: cancel}
	var conns uint64
	s.http = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !s.enter() {
				panic(http.ErrAbortHandler)
			}
			defer s.work.Done()
			handler(w, r)
		}),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          log.New(words, "", 0),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			conns++ // Serve calls this from its only goroutine
			return context.WithValue(ctx, connKey{}, &connState{number: conns})
		},
	}
	s.work.Go(func() {
		// Serve always returns an error; that of a closed server is the normal one.
		if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			_, _ = fmt.Fprintln(words, err)
		}
	})
	return s
}

// enter counts a handler in, unless the server is being stopped.
func (s *server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.work.Add(1)
	return true
}

// stop closes the listener and all connections and waits for the handlers.
func (s *server) stop() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	_ = s.http.Close()
	s.work.Wait()
}

// pause waits for d or for the end of ctx, and says whether d went by.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// gate lets a bounded number of connections through; the others wait in the
// kernel's accept queue, as with a server that has few workers.
type gate struct {
	net.Listener
	mu     sync.Mutex
	free   *sync.Cond
	active int
	limit  int // 0: no bound
	closed bool
}

func newGate(ln net.Listener) *gate {
	g := &gate{Listener: ln}
	g.free = sync.NewCond(&g.mu)
	return g
}

// Accept waits for room, then for a connection.
func (g *gate) Accept() (net.Conn, error) {
	g.mu.Lock()
	for g.limit > 0 && g.active >= g.limit && !g.closed {
		g.free.Wait()
	}
	g.active++
	g.mu.Unlock()
	c, err := g.Listener.Accept()
	if err != nil {
		g.leave()
		return nil, err
	}
	return &gated{Conn: c, leave: sync.OnceFunc(g.leave)}, nil
}

func (g *gate) leave() {
	g.mu.Lock()
	g.active--
	g.mu.Unlock()
	g.free.Signal()
}

func (g *gate) bound(limit int) {
	g.mu.Lock()
	g.limit = limit
	g.mu.Unlock()
	g.free.Broadcast()
}

// Close wakes an Accept that waits for room.
func (g *gate) Close() error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.free.Broadcast()
	return g.Listener.Close()
}

// gated is a connection that makes room when it is closed.
type gated struct {
	net.Conn
	leave func()
}

func (c *gated) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// reset closes a connection with a reset instead of an orderly end.
func reset(c net.Conn) {
	if g, ok := c.(*gated); ok {
		if tcp, ok := g.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	}
	_ = c.Close()
}
