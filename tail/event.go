package tail

import "time"

// Kind says what sort of log a line belongs to.
type Kind uint8

// The kinds of line. A line no parser understands is KindRaw: it is kept and
// counted, never dropped.
const (
	KindRaw      Kind = iota
	KindAccess        // one request as the gateway logged it
	KindError         // the gateway's own words: error log, health checks, runtime log
	KindUpstream      // the application server's own log (gunicorn, uvicorn, ...)
	KindSystem        // kernel, systemd, container runtime, Kubernetes events
)

// String returns the contract's word for k (CONTRACT.md, "kind").
func (k Kind) String() string {
	switch k {
	case KindAccess:
		return "access"
	case KindError:
		return "error"
	case KindUpstream:
		return "upstream"
	case KindSystem:
		return "system"
	}
	return "raw"
}

// None marks a duration or a byte count that the line does not tell. Zero is a
// measured zero.
const None = -1

// Maker says who made the response that the client saw.
type Maker uint8

// Who made a response, where the line alone proves it.
const (
	MakerUnknown  Maker = iota
	MakerGateway        // the gateway answered by itself
	MakerUpstream       // the upstream's answer was passed on
)

// Attempt is one try of the gateway to reach one upstream for a request. A
// request that was retried has several; the last one answered.
type Attempt struct {
	// Addr is "ip:port", "[v6]:port", "unix:/path", "backend/server" (HAProxy) or,
	// where no server could be picked, the group's name.
	Addr []byte
	// Status is what the gateway noted for this try, 0 when it noted nothing.
	// nginx notes 502 or 504 for a failed try itself: no proof of an answer.
	Status int
	// Connect, Header and Response are the times to the connection, to the
	// response header and to the end of the response; None when not reached or not
	// logged.
	Connect, Header, Response time.Duration
}

// Event is one parsed log line. The byte slices point into the batch the line
// came from and live only as long as it; whoever keeps one longer copies it.
// A parser fills an Event in place so that reading a line allocates nothing.
type Event struct {
	Kind    Kind
	Gateway string // "nginx", "haproxy", ...; a constant of the format table
	Format  string // the format's name in the table
	Time    int64  // Unix nanoseconds, 0 when the line has no time
	Line    []byte // the line as it came, without its line end

	Client    []byte // address without port
	Method    []byte
	Path      []byte // request target with its query
	Protocol  []byte
	Host      []byte
	UserAgent []byte
	Referer   []byte
	RequestID []byte

	// Status is what the client got; 0 when nothing was sent or it is not logged.
	// nginx logs 009 for a response that was not HTTP: Status 9.
	Status   int
	Bytes    int64         // sent to the client, None when not logged
	Duration time.Duration // of the whole request, None when not logged
	Queue    time.Duration // waited in the gateway's queue, None when not logged
	Retries  int           // tries beyond the first that the gateway counted
	Maker    Maker

	// Flags is HAProxy's termination state, Envoy's response flags with their
	// details, or the like of another gateway.
	Flags    []byte
	Backend  []byte // upstream group, backend, cluster, router or service
	Attempts []Attempt

	Level   []byte // error logs: as written ("error", "crit", "WARNING")
	Message []byte // error logs: the text without its trailing key list
	Conn    []byte // connection number (nginx "*17") or thread id, joins lines
	PID     []byte // process the line speaks of

	// A stack trace that was joined to one record has these, else they are empty.
	// Message is then "Type: text" of the root exception.
	Exception []byte // type of the root exception: "psycopg2.OperationalError"
	Surface   []byte // "Type: text" of what was raised in the end, when it is not the root
	Frame     []byte // the application's own deepest frame: "/srv/app/db.py:123 in connect"
}

// Reset makes e ready for the next line. It keeps the backing array of Attempts.
func (e *Event) Reset() {
	attempts := e.Attempts[:0]
	*e = Event{} // cleared in place; a literal with fields would be built aside and copied
	e.Bytes, e.Duration, e.Queue, e.Attempts = None, None, None, attempts
}

// AddAttempt appends an empty attempt, all times None, and returns it. The
// pointer is valid until the next AddAttempt.
func (e *Event) AddAttempt() *Attempt {
	e.Attempts = append(e.Attempts, Attempt{Connect: None, Header: None, Response: None})
	return &e.Attempts[len(e.Attempts)-1]
}

// Last returns the attempt that answered, or nil when the request reached no
// upstream.
func (e *Event) Last() *Attempt {
	if len(e.Attempts) == 0 {
		return nil
	}
	return &e.Attempts[len(e.Attempts)-1]
}

// When returns the event's time in UTC, the zero time when it has none.
func (e *Event) When() time.Time {
	if e.Time == 0 {
		return time.Time{}
	}
	return time.Unix(0, e.Time).UTC()
}

// Trouble says whether the line of an application's log tells of a fault: an
// exception, or a level of error and worse.
func (e *Event) Trouble() bool {
	if e.Kind != KindUpstream {
		return false
	}
	if len(e.Exception) > 0 {
		return true
	}
	switch string(e.Level) {
	case "ERROR", "CRITICAL", "FATAL", "error", "critical", "fatal", "err", "crit", "panic":
		return true
	}
	return false
}

// Mild says whether the level of the line says that nothing is wrong: a start, a
// reload, a debug line.
func (e *Event) Mild() bool {
	if len(e.Level) < 3 {
		return false
	}
	switch string(e.Level[:3]) {
	case "not", "inf", "deb", "tra", "NOT", "INF", "DEB", "TRA", "Not", "Inf", "Deb", "Tra":
		return true
	}
	return false
}

// Failed says whether the client was let down by the gateway or the upstream:
// status 5xx, a non-HTTP response passed on (nginx 009), or no response because
// of the server's side (HAProxy S*/s*/P* states without a status). Rejections of
// the client (4xx) and clients that left (499, 460, HAProxy C*/c*) are not
// failures.
func (e *Event) Failed() bool {
	if e.Kind != KindAccess {
		return false
	}
	if e.Gateway == "haproxy" && len(e.Flags) >= 2 {
		switch e.Flags[0] {
		case 'C', 'c': // CC is a logged 503 up to HAProxy 2.4
			return false
		case 'S', 's':
			return true
		}
	}
	return e.Status >= 500 && e.Status <= 599 || e.Status > 0 && e.Status < 100
}
