package demo

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// behavior answers a request in place of the healthy application.
type behavior func(u *upstream, w http.ResponseWriter, r *http.Request)

// upstream is the application behind the gateway.
type upstream struct {
	addr   string // stays the same when it is stopped and started again
	certs  *certs // nil: plain HTTP
	faulty atomic.Pointer[behavior]
	stale  atomic.Bool // show the expired certificate
	turns  atomic.Uint64
	worker chan struct{} // a slot for each worker in use under overload

	mu     sync.Mutex
	server *server // nil while stopped
	socket *net.TCPListener
	gate   *gate
}

func newUpstream(withTLS bool) (*upstream, error) {
	u := &upstream{worker: make(chan struct{}, workers)}
	if withTLS {
		var err error
		if u.certs, err = makeCerts(); err != nil {
			return nil, err
		}
	}
	ln, err := listen()
	if err != nil {
		return nil, err
	}
	u.addr = ln.Addr().String()
	u.open(ln)
	return u, nil
}

// start listens again at the old address; a started upstream stays as it is.
func (u *upstream) start() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.server != nil {
		return nil
	}
	ln, err := listenAt(u.addr)
	if err != nil {
		return err
	}
	u.open(ln)
	return nil
}

// open serves on ln. What net/http has to say about bad clients is of no use: the
// application's own log is not part of the demo.
func (u *upstream) open(ln *net.TCPListener) {
	u.socket, u.gate = ln, newGate(ln)
	var l net.Listener = u.gate
	if u.certs != nil {
		l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: u.certificate})
	}
	u.server = serve(l, u.answer, io.Discard)
}

// stop closes the socket and all connections, and waits.
func (u *upstream) stop() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.server == nil {
		return
	}
	u.server.stop()
	u.server = nil
}

func (u *upstream) answer(w http.ResponseWriter, r *http.Request) {
	if state, ok := r.Context().Value(connKey{}).(*connState); ok {
		state.requests++
	}
	if f := u.faulty.Load(); f != nil {
		(*f)(u, w, r)
		return
	}
	shop(w, r)
}

// fault changes the application's behavior, nil makes it healthy.
func (u *upstream) fault(b behavior) {
	if b == nil {
		u.faulty.Store(nil)
		return
	}
	u.faulty.Store(&b)
}

// overload leaves the application few workers and short queues, or all.
func (u *upstream) overload(on bool) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.server == nil {
		return nil
	}
	if on {
		u.fault(crowded)
		u.gate.bound(queueLimit)
		return setBacklog(u.socket, backlog)
	}
	u.fault(nil)
	u.gate.bound(0)
	return setBacklog(u.socket, usualBacklog)
}

// filter drops all packets that come to the listening socket, or lets them in.
func (u *upstream) filter(on bool) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.server == nil {
		return nil
	}
	return dropPackets(u.socket, on)
}

// expire shows the expired certificate or the valid one in new handshakes.
func (u *upstream) expire(on bool) { u.stale.Store(on) }

func (u *upstream) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if u.stale.Load() {
		return &u.certs.expired, nil
	}
	return &u.certs.valid, nil
}
