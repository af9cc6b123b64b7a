package parse

import (
	"bytes"
	"math"
	"math/bits"
	"time"

	"why502/tail"
)

// datum is a thing a log line can tell. Formats that name their fields (JSON,
// logfmt, W3C, templates) say which datum each field is; record turns the values
// into an event.
type datum uint8

const (
	dNone datum = iota
	dTime
	dDate // date and time of day in two fields (W3C)
	dClock
	dClient
	dMethod
	dPath
	dQuery
	dProtocol
	dRequest // "METHOD target PROTOCOL"
	dHost
	dUserAgent
	dReferer
	dRequestID
	dStatus
	dBytes
	dDuration
	dQueue
	dRetries
	dFlags
	dDetails // appended to the flags after a blank
	dReason  // and after that
	dBackend
	dServer // joined to the backend by a slash
	dUpstream
	dUpstreamPort
	dUpstreamStatus
	dConnect
	dHeader
	dResponse
	dLevel
	dMessage
	dError // the error behind a message: joined to it by a colon
	dConn
	dPID
	dEnd
)

// unit says what a number of a duration counts.
type unit uint8

const (
	uNone    unit = iota
	uSec          // seconds with a fraction, or a Go duration
	uMilli        // milliseconds
	uMicro        // microseconds
	uNano         // nanoseconds
	uGo           // Go's Duration.String, "0.5s" of Google included
	uGuess        // by the value's shape: see duration
	uFixed        // seconds if there is a fraction, as W3C wants them, else unknown
	uURL          // of a path: a whole URL of which the path is wanted
	uPercent      // percent-encoded text (CloudFront)
	uPort         // of a client: a port always follows the address
)

var unitOf = [...]time.Duration{
	uSec: time.Second, uMilli: time.Millisecond, uMicro: time.Microsecond, uNano: time.Nanosecond,
}

// duration reads b in unit u. uGuess knows only what the shape proves: a Go
// duration, or a fraction below 300, which is seconds in every format that writes
// fractions; a bare integer stays unknown.
func duration(b []byte, u unit) (time.Duration, bool) {
	if len(b) == 0 {
		return 0, false
	}
	last := b[len(b)-1]
	switch u {
	case uSec, uMilli, uMicro, uNano:
		if isDigit(last) || last == '.' {
			return decimal(b, unitOf[u])
		}
		return goDuration(b)
	case uGo:
		return goDuration(b)
	case uFixed:
		if bytes.IndexByte(b, '.') < 0 {
			return 0, false
		}
		return decimal(b, time.Second)
	case uGuess:
		if !isDigit(last) {
			return goDuration(b)
		}
		if bytes.IndexByte(b, '.') < 0 {
			return 0, false
		}
		d, ok := decimal(b, time.Second)
		return d, ok && d < 300*time.Second
	}
	return 0, false
}

// value is a field as the line has it.
type value struct {
	b    []byte
	unit unit
	rank uint8 // lower wins when several fields tell the same datum
}

// record collects the values of one line.
type record struct {
	set uint64
	val [dEnd]value
}

func (r *record) clear() { r.set = 0 }

func (r *record) has(d datum) bool { return r.set>>d&1 != 0 }

// put keeps v for d unless a value of a lower rank is there.
func (r *record) put(d datum, b []byte, u unit, rank uint8) {
	if r.set>>d&1 != 0 && r.val[d].rank <= rank {
		return
	}
	r.set |= 1 << d
	r.val[d] = value{b, u, rank}
}

// get returns the bytes of d, nil when the line has none.
func (r *record) get(d datum) []byte {
	if !r.has(d) {
		return nil
	}
	return r.val[d].b
}

// fill writes the collected values into ev. What can't be read stays unknown; a
// value of "-" or "" is unknown everywhere.
func (r *record) fill(st *state, ev *tail.Event) {
	lists := false
	for set := r.set; set != 0; set &= set - 1 {
		d := datum(bits.TrailingZeros64(set))
		v := &r.val[d]
		if absent(v.b) && d != dMessage {
			continue
		}
		switch d {
		case dTime:
			ev.Time, _ = st.clk.any(v.b)
		case dClient:
			if ev.Client = firstOf(v.b); v.unit == uPort {
				ev.Client = beforePort(ev.Client)
			} else {
				ev.Client = stripPort(ev.Client)
			}
		case dRequest:
			request(v.b, ev)
			if v.unit == uURL {
				ev.Path = urlPath(ev.Path)
			}
		case dPath, dQuery, dDate, dClock, dServer, dUpstreamPort, dDetails, dReason: // below
		case dStatus:
			ev.Status, _ = statusCode(v.b)
		case dBytes:
			if n, ok := atoi(v.b); ok && n >= 0 {
				ev.Bytes = n
			}
		case dDuration:
			setDuration(&ev.Duration, v)
		case dQueue:
			setDuration(&ev.Queue, v)
		case dRetries:
			ev.Retries = retries(v.b)
		case dUpstream, dUpstreamStatus, dConnect, dHeader, dResponse:
			lists = true
		default:
			if f := field(ev, d); f != nil {
				*f = v.b
			}
		}
	}
	r.fillText(st, ev)
	if lists {
		r.attempts(st, ev)
	}
}

// field is where a datum that is mere text goes.
func field(ev *tail.Event, d datum) *[]byte {
	switch d {
	case dMethod:
		return &ev.Method
	case dProtocol:
		return &ev.Protocol
	case dHost:
		return &ev.Host
	case dUserAgent:
		return &ev.UserAgent
	case dReferer:
		return &ev.Referer
	case dRequestID:
		return &ev.RequestID
	case dFlags:
		return &ev.Flags
	case dBackend:
		return &ev.Backend
	case dLevel:
		return &ev.Level
	case dMessage, dError:
		return &ev.Message
	case dConn:
		return &ev.Conn
	case dPID:
		return &ev.PID
	}
	return nil
}

// duraOr is duration with None for what can't be read.
func duraOr(b []byte, u unit) time.Duration {
	if d, ok := duration(b, u); ok {
		return d
	}
	return tail.None
}

func setDuration(to *time.Duration, v *value) {
	if d, ok := duration(v.b, v.unit); ok {
		*to = d
	}
}

// fillText handles the data made of more than one field.
func (r *record) fillText(st *state, ev *tail.Event) {
	if r.has(dDate) && r.has(dClock) {
		ev.Time = st.clk.columns(r.val[dDate].b, r.val[dClock].b)
	}
	if p := r.get(dPath); !absent(p) {
		if r.val[dPath].unit == uURL || p[0] != '/' && index(p, "://") > 0 && r.val[dPath].unit != uNone {
			p = urlPath(p)
		}
		if q := r.get(dQuery); !absent(q) && bytes.IndexByte(p, '?') < 0 {
			if q[0] == '?' {
				q = q[1:]
			}
			p = st.join(p, []byte("?"), q)
		}
		ev.Path = p
	}
	if e := present(r.get(dError)); e != nil {
		if m := present(r.get(dMessage)); m != nil && !bytes.Contains(m, e) {
			ev.Message = st.join(m, []byte(": "), e)
		}
	}
	if more := present(r.get(dDetails)); more != nil {
		ev.Flags = st.flags(ev.Flags, more)
	}
	if more := present(r.get(dReason)); more != nil && !bytes.Contains(ev.Flags, more) {
		ev.Flags = st.flags(ev.Flags, more)
	}
}

// flags appends more to flags after a blank.
func (s *state) flags(flags, more []byte) []byte {
	if flags == nil {
		return more
	}
	return s.join(flags, []byte(" "), more)
}

// attempts builds the attempts from the lists of upstream values.
func (r *record) attempts(st *state, ev *tail.Event) {
	up := r.get(dUpstream)
	if s := r.get(dServer); !absent(s) && !absent(up) {
		up = st.join(up, []byte("/"), s)
	}
	if p := r.get(dUpstreamPort); !absent(p) && !absent(up) && up[len(up)-1] != ']' {
		up = st.join(up, []byte(":"), p)
	}
	setAttempts(ev, dUpstream, uNone, up)
	for _, d := range [...]datum{dUpstreamStatus, dConnect, dHeader, dResponse} {
		if r.has(d) {
			setAttempts(ev, d, r.val[d].unit, r.val[d].b)
		}
	}
}

// setAttempts writes a list of upstream values, one of each attempt, in nginx's
// writing: ", " stands between the servers of a pass, " : " between passes, and
// the value may end in " :" with nothing after it. An element "-" is skipped but
// counted.
func setAttempts(ev *tail.Event, d datum, u unit, list []byte) {
	if bytes.IndexByte(list, ' ') < 0 && bytes.IndexByte(list, ',') < 0 {
		setAttempt(ev, 0, d, u, list)
		return
	}
	for i := 0; i < maxAttempts && len(list) > 0; i++ {
		e := list
		comma, colon := bytes.IndexByte(list, ','), index(list, " :")
		switch {
		case comma >= 0 && (colon < 0 || comma < colon):
			e, list = list[:comma], list[comma+1:]
		case colon >= 0:
			e, list = list[:colon], list[colon+2:]
		default:
			list = nil
		}
		setAttempt(ev, i, d, u, trim(e))
		list = trim(list)
	}
}

// maxAttempts bounds what a hostile list can make.
const maxAttempts = 64

// setAttempt writes one value of attempt i, which it makes when it is missing.
func setAttempt(ev *tail.Event, i int, d datum, u unit, e []byte) {
	if absent(e) {
		return
	}
	for len(ev.Attempts) <= i {
		ev.AddAttempt()
	}
	a := &ev.Attempts[i]
	switch d {
	case dUpstream:
		a.Addr = e
		if bytes.IndexByte(e, '/') >= 0 {
			a.Addr = hostPort(e)
		}
	case dUpstreamStatus:
		a.Status, _ = statusCode(e)
	case dConnect:
		a.Connect = duraOr(e, u)
	case dHeader:
		a.Header = duraOr(e, u)
	case dResponse:
		a.Response = duraOr(e, u)
	}
}

// firstOf returns the first element of a comma list (X-Forwarded-For).
func firstOf(b []byte) []byte {
	e, _, _ := cut(b, ',')
	return trim(e)
}

// retries reads HAProxy's and Traefik's counts; "+3" is three with another
// server at the end.
func retries(b []byte) int {
	n, ok := atoi(b)
	if !ok || n < 0 || n > math.MaxInt32 {
		return 0
	}
	return int(n)
}

// request splits "METHOD target PROTOCOL" into ev. What is not of that form (TLS
// bytes on a plain port, "-", "<BADREQ>") leaves the fields empty; a request
// without protocol (HTTP/0.9, a cut line) keeps method and target.
func request(b []byte, ev *tail.Event) {
	i := 0
	for i < len(b) && (isLetter(b[i]) || i > 0 && (b[i] == '-' || b[i] == '_')) {
		i++
	}
	if i == 0 || i > 32 || i == len(b) || b[i] != ' ' {
		return
	}
	method, rest := b[:i], b[i+1:]
	if n := len(rest) - 9; n >= 0 && isHTTP(rest[n:]) {
		ev.Protocol, rest = rest[n+1:], rest[:n]
	} else if j := bytes.LastIndexByte(rest, ' '); j >= 0 && (hasPrefix(rest[j+1:], "HTTP/") || bareVersion(rest[j+1:])) {
		ev.Protocol = rest[j+1:]
		rest = rest[:j]
	}
	ev.Method, ev.Path = method, present(rest)
}

// bareVersion says whether b is a version of HTTP alone, as hypercorn writes it.
func bareVersion(b []byte) bool {
	switch string(b) {
	case "1.0", "1.1", "2", "3":
		return true
	}
	return false
}

// isHTTP says whether b, of nine bytes, is " HTTP/" with a version of two digits.
func isHTTP(b []byte) bool {
	return string(b[:6]) == " HTTP/" && isDigit(b[6]) && b[7] == '.' && isDigit(b[8])
}

// urlPath reduces an absolute URL to its path with query.
func urlPath(b []byte) []byte {
	i := index(b, "://")
	if i < 0 || len(b) > 0 && b[0] == '/' {
		return b
	}
	rest := b[i+3:]
	if j := bytes.IndexByte(rest, '/'); j >= 0 {
		return rest[j:]
	}
	return nil
}

// urlHost is the host with port of an absolute URL.
func urlHost(b []byte) []byte {
	if i := index(b, "://"); i >= 0 {
		return present(hostPort(b[i:]))
	}
	return nil
}

// columns reads a date and a time of day in UTC from two W3C columns.
func (k *clock) columns(date, tod []byte) int64 {
	var c civil
	if !c.ymd(date, '-') || !c.hms(tod) || !c.valid() {
		return 0
	}
	frac, _ := nanos(tod, 8)
	return c.utc()*1e9 + frac
}
