package demo

import (
	"context"
	"crypto/tls"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"
)

// record is what the logs say about one request.
type record struct {
	start             time.Time
	conn              uint64
	client, line, uri string
	host, agent, id   string
	scheme, target    string
	status            int // sent to the client
	bytes             int64

	// The transport connects in a goroutine of its own, which may outlive the
	// request.
	mu       sync.Mutex
	attempts []attempt
}

// attempt is one try to get an answer; a request that may be repeated has a second
// one when a kept connection broke.
type attempt struct {
	addr                            string // connected or tried, "" before a name was resolved
	begun, connected, header, ended time.Time
	handshake                       bool // TLS is being negotiated
	status                          int
}

// stage is how far an attempt came.
type stage uint8

const (
	connecting stage = iota
	handshaking
	reading
)

type recordKey struct{}

// recordOf returns the record of a request's context. All requests that reach the
// proxy have one.
func recordOf(ctx context.Context) *record { return ctx.Value(recordKey{}).(*record) }

// trace fills the record as the transport goes along.
func (r *record) trace() *httptrace.ClientTrace {
	now := func(f func(a *attempt)) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.attempts) > 0 {
			f(&r.attempts[len(r.attempts)-1])
		}
	}
	return &httptrace.ClientTrace{
		GetConn: func(string) { r.begin() },
		ConnectStart: func(_, addr string) {
			now(func(a *attempt) { a.addr = addr })
		},
		TLSHandshakeStart: func() {
			now(func(a *attempt) { a.handshake = true })
		},
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			now(func(a *attempt) { a.handshake = err != nil })
		},
		GotConn: func(info httptrace.GotConnInfo) {
			now(func(a *attempt) { a.connected, a.addr = time.Now(), info.Conn.RemoteAddr().String() })
		},
		GotFirstResponseByte: func() {
			now(func(a *attempt) { a.header = time.Now() })
		},
	}
}

// begin starts an attempt; the one before it failed, which nginx notes as 502.
func (r *record) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.attempts); n > 0 {
		last := &r.attempts[n-1]
		last.status, last.ended, last.header = 502, time.Now(), time.Time{}
	}
	r.attempts = append(r.attempts, attempt{begun: time.Now()})
}

// answered notes the upstream's own status.
func (r *record) answered(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.attempts); n > 0 {
		r.attempts[n-1].status = status
	}
}

// answeredByGateway notes the gateway's status for an attempt that brought no
// answer; a header that could not be read is none.
func (r *record) answeredByGateway(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.attempts); n > 0 {
		a := &r.attempts[n-1]
		a.status, a.ended, a.header = status, time.Now(), time.Time{}
	}
}

// stage says how far the last attempt came.
func (r *record) stage() stage {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.attempts) == 0 {
		return connecting
	}
	switch a := &r.attempts[len(r.attempts)-1]; {
	case !a.connected.IsZero():
		return reading
	case a.handshake:
		return handshaking
	}
	return connecting
}

// peer is the address of the last attempt, that of the configuration when none
// was connected to.
func (r *record) peer() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.attempts); n > 0 && r.attempts[n-1].addr != "" {
		return r.attempts[n-1].addr
	}
	return r.target
}

// spans are the upstream fields of an access log line.
type spans struct{ addr, status, connect, header, response string }

// spans writes the fields for all attempts. One that never had an address did not
// reach an upstream: nginx logs "-" for each of its fields.
func (r *record) spans(now time.Time) spans {
	r.mu.Lock()
	defer r.mu.Unlock()
	var addr, status, connect, header, response []string
	since := func(a *attempt, t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return milli(t.Sub(a.begun))
	}
	for i := range r.attempts {
		a := &r.attempts[i]
		if a.addr == "" {
			continue
		}
		if a.ended.IsZero() {
			a.ended = now
		}
		addr = append(addr, a.addr)
		status = append(status, statusText(a.status))
		connect = append(connect, since(a, a.connected))
		header = append(header, since(a, a.header))
		response = append(response, since(a, a.ended))
	}
	join := func(list []string) string {
		if len(list) == 0 {
			return "-"
		}
		return strings.Join(list, ", ")
	}
	return spans{join(addr), join(status), join(connect), join(header), join(response)}
}
