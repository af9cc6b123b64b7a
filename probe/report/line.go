package report

import (
	"bytes"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"why502/tail"
)

// EventJSON appends the object that `why502 parse` prints for one line, without a
// line end: the contract's keys in their order, those whose value is not known
// left out; of several attempts to reach an upstream the last one in upstream,
// upstream_status and upstream_duration, and all in attempts. A line that no
// parser understood gives {"source", "unparsed"}. read is empty where the line
// alone says nothing.
//
// The object is valid JSON and safe on a terminal whatever the line says: control,
// format and bidirectional characters are escaped, invalid UTF-8 becomes U+FFFD.
// Secrets are not masked, since the object is data for other programs. Nothing is
// allocated but what dst needs to grow.
func EventJSON(dst []byte, ev *tail.Event, source string, read Reading) []byte {
	o := object{dst: append(dst, '{')}
	if ev.Kind == tail.KindRaw {
		o.text("source", source)
		o.key("unparsed")
		o.dst = appendString(o.dst, ev.Line)
		return append(o.dst, '}')
	}
	if ev.Time != 0 {
		o.key("time")
		o.dst = append(appendTime(append(o.dst, '"'), time.Unix(0, ev.Time)), '"')
	}
	o.bytes("client", ev.Client)
	o.bytes("method", ev.Method)
	o.bytes("path", ev.Path)
	o.protocol(ev.Protocol)
	o.bytes("host", ev.Host)
	o.status("status", ev.Status)
	o.duration("duration", ev.Duration)
	o.number("bytes", ev.Bytes)
	if last := ev.Last(); last != nil {
		o.bytes("upstream", last.Addr)
		o.status("upstream_status", last.Status)
		o.duration("upstream_duration", upstreamTime(last))
	}
	o.bytes("request_id", ev.RequestID)
	flags, details := flagWords(ev)
	o.bytes("flags", flags)
	o.bytes("user_agent", ev.UserAgent)
	o.bytes("referer", ev.Referer)
	o.level(ev.Level)
	o.bytes("message", ev.Message)
	o.text("cause", read.Cause)
	o.text("source", source)
	o.text("gateway", ev.Gateway)
	o.text("format", ev.Format)
	o.text("kind", ev.Kind.String())
	o.more(ev, details)
	o.text("meaning", read.Meaning)
	return append(o.dst, '}')
}

// Reading is what a line alone says: the id of its cause and, in words, what its
// message or its flags mean; "" where it says neither.
type Reading struct{ Cause, Meaning string }

// more appends what the contract does not name.
func (o *object) more(ev *tail.Event, details []byte) {
	o.bytes("details", details)
	o.bytes("backend", ev.Backend)
	o.duration("queue", ev.Queue)
	if ev.Retries > 0 {
		o.number("retries", int64(ev.Retries))
	}
	o.bytes("connection", ev.Conn)
	o.bytes("pid", ev.PID)
	o.bytes("exception", ev.Exception)
	o.bytes("surface", ev.Surface)
	o.bytes("frame", ev.Frame)
	if bytes.IndexByte(ev.Line, '\n') >= 0 {
		o.bytes("text", ev.Line)
	}
	if len(ev.Attempts) < 2 {
		return
	}
	o.key("attempts")
	o.dst = append(o.dst, '[')
	for i := range ev.Attempts {
		a := &ev.Attempts[i]
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		o.dst, o.some = append(o.dst, '{'), false
		o.bytes("upstream", a.Addr)
		o.status("status", a.Status)
		o.duration("connect", a.Connect)
		o.duration("duration", upstreamTime(a))
		o.dst = append(o.dst, '}')
	}
	o.dst, o.some = append(o.dst, ']'), true
}

// flagWords takes Envoy's response flags and the details behind them apart.
func flagWords(ev *tail.Event) (flags, details []byte) {
	switch ev.Gateway {
	case "envoy", "istio", "envoy-gateway", "contour":
	default:
		return ev.Flags, nil
	}
	flags, details, _ = bytes.Cut(ev.Flags, []byte{' '})
	if len(flags) > 0 && (flags[0] < 'A' || flags[0] > 'Z') { // details are in lower case
		return nil, ev.Flags
	}
	return flags, details
}

// protocol appends a protocol; hypercorn and Azure write the version alone.
func (o *object) protocol(b []byte) {
	if len(b) == 0 || b[0] < '0' || b[0] > '9' {
		o.bytes("protocol", b)
		return
	}
	var full [16]byte
	n := copy(full[:], "HTTP/")
	n += copy(full[n:], b)
	o.bytes("protocol", full[:n])
}

// shortLevels are abbreviations of a level: logrus' and klog's, zerolog's, KrakenD's.
var shortLevels = map[string]string{
	"e": "error", "err": "error", "erro": "error", "w": "warning", "wrn": "warn", "i": "info", "inf": "info", "d": "debug", "dbg": "debug",
	"debu": "debug", "t": "trace", "trc": "trace", "f": "fatal", "ftl": "fatal", "fata": "fatal", "p": "panic", "pnc": "panic", "pani": "panic",
	"critic": "critical", "warnin": "warning",
}

// level appends a level in lower case and in full, so that one word means the same
// in the lines of every gateway; "warn" and "warning", "crit" and "critical" stay
// as they are.
func (o *object) level(b []byte) {
	if len(b) > 16 {
		o.bytes("level", b)
		return
	}
	var low [16]byte
	n := copy(low[:], b)
	for i, c := range low[:n] {
		if c >= 'A' && c <= 'Z' {
			low[i] = c | 0x20
		}
	}
	if full, ok := shortLevels[string(low[:n])]; ok {
		o.text("level", full)
		return
	}
	o.bytes("level", low[:n])
}

// upstreamTime is the upstream's own time: to the end of the response, else to
// its header.
func upstreamTime(a *tail.Attempt) time.Duration {
	if a.Response >= 0 {
		return a.Response
	}
	return a.Header
}

// object appends the members of a JSON object; values that are not known are
// left out.
type object struct {
	dst  []byte
	some bool
}

func (o *object) key(name string) {
	if o.some {
		o.dst = append(o.dst, ',')
	}
	o.some = true
	o.dst = append(append(append(o.dst, '"'), name...), '"', ':')
}

func (o *object) text(name, value string) {
	if value != "" {
		o.key(name)
		o.dst = appendString(o.dst, value)
	}
}

func (o *object) bytes(name string, value []byte) {
	if len(value) > 0 {
		o.key(name)
		o.dst = appendString(o.dst, value)
	}
}

func (o *object) number(name string, n int64) {
	if n >= 0 {
		o.key(name)
		o.dst = strconv.AppendInt(o.dst, n, 10)
	}
}

func (o *object) status(name string, n int) {
	if n > 0 {
		o.number(name, int64(n))
	}
}

// duration appends d in seconds with no more digits than it has.
func (o *object) duration(name string, d time.Duration) {
	if d < 0 {
		return
	}
	o.key(name)
	o.dst = strconv.AppendInt(o.dst, int64(d/time.Second), 10)
	frac := d % time.Second
	if frac == 0 {
		return
	}
	o.dst = append(o.dst, '.')
	for unit := time.Second / 10; frac > 0; unit /= 10 {
		o.dst = append(o.dst, byte('0'+frac/unit))
		frac %= unit
	}
}

// appendString appends s as a JSON string.
func appendString[S ~[]byte | ~string](dst []byte, s S) []byte {
	dst = append(dst, '"')
	begin := 0
	for i := 0; i < len(s); {
		if c := s[i]; c >= 0x20 && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[begin:i]...)
		var n int
		dst, n = appendSpecial(dst, s[i:])
		i += n
		begin = i
	}
	return append(append(dst, s[begin:]...), '"')
}

// appendSpecial appends the first character of s, which is no plain ASCII, and
// returns its length in s.
func appendSpecial[S ~[]byte | ~string](dst []byte, s S) ([]byte, int) {
	switch c := s[0]; {
	case c == '"' || c == '\\':
		return append(dst, '\\', c), 1
	case c == '\n':
		return append(dst, '\\', 'n'), 1
	case c == '\t':
		return append(dst, '\\', 't'), 1
	case c == '\r':
		return append(dst, '\\', 'r'), 1
	case c < utf8.RuneSelf:
		return appendUnicode(dst, rune(c)), 1
	}
	var head [utf8.UTFMax]byte
	r, size := utf8.DecodeRune(head[:copy(head[:], s)])
	switch {
	case r == utf8.RuneError && size <= 1:
		return append(dst, "\uFFFD"...), 1
	case !unicode.IsPrint(r):
		return appendUnicode(dst, r), size
	}
	return append(dst, head[:size]...), size
}

// appendUnicode appends r as \uXXXX, beyond the basic plane as a surrogate pair.
func appendUnicode(dst []byte, r rune) []byte {
	if r > 0xffff {
		r -= 0x10000
		dst = appendUnicode(dst, 0xd800+r>>10)
		r = 0xdc00 + r&0x3ff
	}
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}
