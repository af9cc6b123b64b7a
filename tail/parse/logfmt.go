package parse

import "why502/tail"

// logfmtKey says what a key of a logfmt line tells.
type logfmtKey func(key []byte) (datum, unit)

// logfmt reads "k=v k2="quoted v" bare" into ev. It wants at least three pairs.
func (s *state) logfmt(line []byte, ev *tail.Event, keys logfmtKey) bool {
	r := &s.rec
	r.clear()
	pairs := 0
	b := trim(line)
	if len(b) > 0 && b[0] == '"' { // a quoted time stands first: nginx's "apm" format
		stamp, rest, ok := quoted(b)
		if _, good := s.clk.any(stamp); !ok || !good {
			return false
		}
		r.put(dTime, stamp, uNone, 0)
		b = rest
	}
	for len(b) > 0 {
		n := 0
		for n < len(b) && b[n] != '=' && b[n] != ' ' && b[n] != '"' {
			n++
		}
		if n == len(b) || b[n] != '=' {
			if n == 0 {
				return false // a quote where a key should stand
			}
			_, b = word(b[n:])
			continue
		}
		name, rest := b[:n], b[n+1:]
		if !isKey(name) {
			return false
		}
		var v []byte
		if len(rest) > 0 && rest[0] == '"' {
			end := quoteEnd(rest[1:])
			if end < 0 {
				return false
			}
			v, b = rest[1:1+end], trim(rest[end+2:])
		} else {
			v, b = word(rest)
		}
		pairs++
		if d, u := keys(name); d != dNone {
			for _, c := range v {
				if c == '\\' {
					v = s.unescape(v)
					break
				}
			}
			r.put(d, v, u, 0)
		}
	}
	if pairs < 3 {
		return false
	}
	r.fill(s, ev)
	return true
}

// lograge reads the duration at hand as milliseconds where the line is one of Lograge.
func (s *state) lograge(line []byte, ev *tail.Event) {
	if index(line, " controller=") > 0 {
		ev.Duration = duraOr(s.rec.get(dDuration), uMilli)
	}
}

func isKey(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) && !isLetter(c) && c != '_' && c != '-' && c != '.' && c != '/' && c != '@' && c != ':' {
			return false
		}
	}
	return len(b) > 0
}

// logKeys are the keys of programs' own logs.
func logKeys(k []byte) (datum, unit) {
	switch string(k) {
	case "time", "ts", "timestamp", "t", "@timestamp", "time_local", "time_iso8601":
		return dTime, uNone
	case "level", "lvl", "severity":
		return dLevel, uNone
	case "msg", "message":
		return dMessage, uNone
	}
	return dNone, uNone
}

// anyKeys are the usual keys of access lines as well.
func anyKeys(k []byte) (datum, unit) {
	switch string(k) {
	case "method", "request_method", "verb", "http_method":
		return dMethod, uNone
	case "path", "uri", "url", "request_uri", "target", "http_path", "uri_path":
		return dPath, uURL
	case "query", "query_string", "args", "uri_query":
		return dQuery, uNone
	case "request", "req":
		return dRequest, uNone
	case "status", "status_code", "code", "response_code", "http_status", "statusCode":
		return dStatus, uNone
	case "host", "authority", "vhost", "http_host":
		return dHost, uNone
	case "proto", "protocol":
		return dProtocol, uNone
	case "client", "client_ip", "remote_addr", "remote", "ip", "fwd", "remote_ip", "addr", "src", "src_ip":
		return dClient, uNone
	case "request_id", "req_id", "trace_id", "reqid", "rid":
		return dRequestID, uNone
	case "duration", "latency", "elapsed", "took", "service", "response_time", "dur":
		return dDuration, uGuess
	case "request_time": // nginx's variable
		return dDuration, uFixed
	case "duration_ms", "latency_ms", "elapsed_ms", "took_ms", "request_time_ms", "response_time_ms":
		return dDuration, uMilli
	case "duration_us", "latency_us":
		return dDuration, uMicro
	case "duration_ns", "latency_ns":
		return dDuration, uNano
	case "duration_s", "latency_s", "duration_seconds", "latency_seconds":
		return dDuration, uSec
	case "bytes", "size", "bytes_sent", "body_bytes_sent", "bytes_out":
		return dBytes, uNone
	case "upstream", "upstream_addr", "backend_addr", "upstream_host":
		return dUpstream, uNone
	case "upstream_status", "origin_status":
		return dUpstreamStatus, uNone
	case "user_agent", "ua", "agent", "http_user_agent":
		return dUserAgent, uNone
	case "referer", "referrer", "http_referer":
		return dReferer, uNone
	case "err", "error":
		return dError, uNone
	case "connect": // Heroku's router
		return dConnect, uGuess
	}
	return logKeys(k)
}

// logfmtFormats are key=value lines of anything.
var logfmtFormats = []Format{{
	Name: "logfmt", Gateway: "generic", Kind: tail.KindAccess, inner: true, first: "a@\"",
	Title: "key=value lines of anything; numbers without a unit in name or shape stay unknown",
	Doc:   "https://brandur.org/logfmt",
	build: func(s *state) parseFunc {
		return func(line []byte, ev *tail.Event) bool {
			if !s.logfmt(line, ev, anyKeys) {
				return false
			}
			if ev.Status >= 100 && (ev.Method != nil || ev.Path != nil || ev.Duration != tail.None && ev.Message == nil) {
				s.lograge(line, ev)
				return true
			}
			ev.Kind = tail.KindError
			return ev.Message != nil && (ev.Level != nil || ev.Time != 0)
		}
	},
	Positive: []Sample{
		{
			`at=info method=GET path="/x y?a=1" host=a.example request_id=8601b555 fwd="204.204.204.204" dyno=web.1 connect=1ms service=18ms status=503 bytes=13`,
			[]string{"method", "GET", "path", "/x y?a=1", "status", "503", "duration", "0.018", "client", "204.204.204.204", "kind", "access"},
		},
		{
			`"23/Nov/2026:07:13:24 +0000" client=10.0.0.1 method=GET request="GET /a HTTP/1.1" status=502 request_time=300.250 upstream_addr=10.0.0.5:80`,
			[]string{"time", "2026-11-23T07:13:24Z", "method", "GET", "path", "/a", "status", "502", "duration", "300.25", "upstream", "10.0.0.5:80"},
		},
		{
			`method=GET path=/a format=html controller=HomeController action=index status=500 duration=12.34 view=1.10 db=0.50`,
			[]string{"status", "500", "duration", "0.01234"},
		},
		{
			`ts=2026-11-23T07:13:24.5Z level=error msg="dial \"x\" failed" component=a`,
			[]string{"time", "2026-11-23T07:13:24.5Z", "level", "error", "message", `dial "x" failed`, "kind", "error"},
		},
	},
	Negative: []string{`a=b c`, `hello world`},
}}
