package parse

import (
	"bytes"

	"why502/tail"
)

// ltsvFormats are lines of "label:value" fields between tabs.
var ltsvFormats = []Format{{
	Name: "ltsv", Gateway: "generic", Kind: tail.KindAccess, inner: true, first: "a",
	Title: "Labeled Tab-separated Values with the recommended labels: reqtime and apptime in seconds, reqtime_microsec",
	Doc:   "http://ltsv.org/",
	build: ltsv,
	Positive: []Sample{{
		"time:28/Feb/2013:12:00:00 +0900\thost:192.168.0.1\treq:GET /list?a=b HTTP/1.1\tstatus:502\tsize:5316\treferer:-\tua:Mozilla/5.0\treqtime:2.532\tapptime:2.504\tvhost:a.example",
		[]string{
			"time", "2013-02-28T03:00:00Z", "client", "192.168.0.1", "method", "GET", "path", "/list?a=b", "status", "502", "bytes", "5316", "duration", "2.532",
			"upstream_duration", "2.504", "host", "a.example", "user_agent", "Mozilla/5.0", "referer", "",
		},
	}, {
		"time:2013-02-28T12:00:00+09:00\tremote_addr:192.168.0.1\tmethod:GET\turi:/list\tstatus:200\treqtime_microsec:2532000",
		[]string{"client", "192.168.0.1", "path", "/list", "duration", "2.532"},
	}},
	Negative: []string{"time:12:00\tx:y", "a\tb\tc"},
}}

// ltsvKey says what a label holds.
func ltsvKey(k []byte) (datum, unit) {
	switch string(k) {
	case "host", "remote_addr", "remotehost", "ip":
		return dClient, uNone
	case "req", "request":
		return dRequest, uNone
	case "method":
		return dMethod, uNone
	case "uri", "request_uri", "path":
		return dPath, uNone
	case "query":
		return dQuery, uNone
	case "protocol":
		return dProtocol, uNone
	case "size", "body_bytes_sent", "bytes":
		return dBytes, uNone
	case "reqtime", "request_time":
		return dDuration, uSec
	case "reqtime_microsec":
		return dDuration, uMicro
	case "apptime", "runtime", "upstream_response_time":
		return dResponse, uSec
	case "upstream_addr", "upstream":
		return dUpstream, uNone
	case "upstream_status":
		return dUpstreamStatus, uNone
	case "vhost", "http_host", "server":
		return dHost, uNone
	case "reqid", "request_id":
		return dRequestID, uNone
	case "ua", "user_agent":
		return dUserAgent, uNone
	case "referer":
		return dReferer, uNone
	case "time", "time_iso8601":
		return dTime, uNone
	case "status":
		return dStatus, uNone
	}
	return dNone, uNone
}

func ltsv(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		r := &s.rec
		r.clear()
		labels := 0
		for b := line; len(b) > 0; {
			var field []byte
			field, b, _ = cut(b, '\t')
			label, v, ok := cut(field, ':')
			if !ok || !isKey(label) {
				return false
			}
			labels++
			if d, u := ltsvKey(label); d != dNone && !absent(v) {
				r.put(d, v, u, 0)
			}
		}
		if labels < 3 || bytes.IndexByte(line, '\t') < 0 {
			return false
		}
		r.fill(s, ev)
		return ev.Status > 0 && (ev.Path != nil || ev.Method != nil || ev.Duration != tail.None)
	}
}
