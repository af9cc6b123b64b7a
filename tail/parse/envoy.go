package parse

import (
	"bytes"

	"why502/tail"
)

const docEnvoy = "https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage"

// envoyFormats are the text access logs of Envoy and what is built on it. Times
// are milliseconds. Event.Flags is "FLAGS DETAILS", as they stand beside each
// other in the line, with a "-" of either left out: "UF
// upstream_reset_before_response_started{...}"; a transport failure reason that
// Istio logs apart follows after another blank.
var envoyFormats = []Format{
	{
		Name: "istio-text", Gateway: "istio", Kind: tail.KindAccess, first: "[",
		Title: "Istio's default text", Doc: "https://istio.io/latest/docs/tasks/observability/logs/access-log/",
		build: envoyText("istio"),
		Positive: []Sample{{
			`[2024-05-12T01:56:17.634Z] "GET /ip?x=1 HTTP/1.1" 503 URX,UF upstream_reset_before_response_started{remote_connection_failure,delayed_connect_error:_111} - "delayed_connect_error:_111" 0 152 12 - "10.244.0.1" "curl/7.81.0" "ca692bb6-c469-44ea-9577-62f8f76d53c5" "httpbin.aegle.info" "10.244.0.11:80" inbound|80|| - 10.244.0.11:80 10.244.0.1:0 outbound_.8000_._.httpbin default`,
			[]string{
				"time", "2024-05-12T01:56:17.634Z", "method", "GET", "path", "/ip?x=1", "status", "503", "duration", "0.012",
				"flags", "URX,UF upstream_reset_before_response_started{remote_connection_failure,delayed_connect_error:_111}",
				"upstream", "10.244.0.11:80", "backend", "inbound|80||", "host", "httpbin.aegle.info", "client", "10.244.0.1",
				"request_id", "ca692bb6-c469-44ea-9577-62f8f76d53c5", "bytes", "152", "maker", "gateway",
			},
		}, {
			`[2026-08-10T08:50:55.958Z] "HEAD / HTTP/1.1" 502 - via_upstream - "-" 0 0 6 5 "-" "curl/8.21.0" "55667739" "136.68.163.124" "136.68.163.124:80" PassthroughCluster 10.4.1.8:33606 136.68.163.124:80 10.4.1.8:59778 - allow_any`,
			[]string{"flags", "via_upstream", "maker", "upstream", "upstream_status", "502", "upstream_duration", "0.005"},
		}, {
			`[2020-11-25T21:26:18.409Z] "GET /status/418 HTTP/1.1" 503 UF "connect_error" 0 135 3 - "-" "curl/7.73.0" "8496" "httpbin:8000" "127.0.0.1:80" inbound|8000|http|httpbin 127.0.0.1:41854 10.44.1.23:80 10.44.1.27:46520 outbound_.8000 default`,
			[]string{"flags", "UF connect_error", "status", "503", "duration", "0.003", "client", "10.44.1.27", "backend", "inbound|8000|http|httpbin"},
		}, {
			`[2020-08-11T09:44:00.001Z] "GET / HTTP/1.1" 503 UO "-" "-" 0 81 2 - "-" "fortio.org/fortio-1.6.8" "9abc" "httpbin:8000" "-" - - 10.99.1.1:8000 10.1.1.1:45454 - default`,
			[]string{"flags", "UO", "status", "503", "duration", "0.002", "client", "10.1.1.1", "upstream", "", "host", "httpbin:8000"},
		}},
	},
	{
		Name: "envoy-details", Gateway: "envoy", Kind: tail.KindAccess, first: "[",
		Title: "Envoy's default text with response code details after the flags", Doc: docEnvoy,
		build: envoyText("details"),
		Positive: []Sample{{
			`[2024-07-20T07:06:24.729Z] "GET /no-healthy-upstream HTTP/1.1" 503 UH no_healthy_upstream 0 19 0 - "-" "curl/8.4.0" "2f22e5c6" "localhost:8000" "-"`,
			[]string{"status", "503", "flags", "UH no_healthy_upstream", "upstream", "", "duration", "0", "host", "localhost:8000"},
		}},
	},
	{
		Name: "envoy-text", Gateway: "envoy", Kind: tail.KindAccess, first: "[A",
		Title: "Envoy's default text; Contour and Ambassador write the same", Doc: docEnvoy + "#default-format-string",
		build: envoyText("default"),
		Positive: []Sample{
			{
				`[2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "tcp://10.0.2.1:80"`,
				[]string{"status", "204", "duration", "0.226", "upstream_duration", "0.1", "upstream", "10.0.2.1:80", "flags", "", "client", "10.0.35.28", "user_agent", "nsq2http"},
			},
			{
				`[2016-04-15T20:17:00.310Z] "- - -" 0 UF,URX 154 0 226 - "-" "-" "-" "-" "10.0.2.1:80"`,
				[]string{"status", "", "method", "", "flags", "UF,URX", "upstream", "10.0.2.1:80"},
			},
			{
				`ACCESS [2016-04-15T20:17:00.310Z] "GET /a HTTP/1.1" 503 UH 0 19 0 - "10.0.35.28" "curl/8" "id1" "a.example" "-"`,
				[]string{"path", "/a", "status", "503", "flags", "UH"},
			},
			{ // Envoy escapes nothing
				`[2016-04-15T20:17:00.310Z] "GET /a?q="x" HTTP/1.1" 503 UH 0 19 0 - "10.0.35.28" "an "agent" of \ " "id1" "a.example" "-"`,
				[]string{"path", `/a?q="x"`, "status", "503", "user_agent", `an "agent" of \ `, "request_id", "id1", "host", "a.example"},
			},
		},
	},
}

// envoyText reads
//
//	[START] "M P PROTO" CODE FLAGS [DETAILS [TERMINATION "TRANSPORT"]] RX TX DURATION UPSTREAM_TIME
//	"XFF" "AGENT" "ID" "AUTHORITY" "HOST" [CLUSTER LOCAL DOWN_LOCAL DOWN_REMOTE SNI ROUTE]
//
// and takes the lines of one variant only.
func envoyText(variant string) func(*state) parseFunc {
	return func(s *state) parseFunc {
		return func(line []byte, ev *tail.Event) bool {
			flags, rest, ok := s.envoyHead(line, ev)
			if !ok {
				return false
			}
			kind, details, transport, rest, ok := envoyDetails(rest)
			if !ok {
				return false
			}
			if kind != variant {
				return false
			}
			ev.Flags = present(flags)
			if !absent(details) {
				ev.Flags = between(line, flags, details, ev.Flags)
			}
			if !absent(transport) && !bytes.Contains(ev.Flags, transport) {
				ev.Flags = s.flags(ev.Flags, transport)
			}
			return s.envoyTail(rest, ev)
		}
	}
}

// envoyDetails reads what may stand between the flags and the received bytes and
// says which variant that makes.
func envoyDetails(b []byte) (kind string, details, transport, rest []byte, ok bool) {
	switch {
	case len(b) == 0:
		return "", nil, nil, nil, false
	case b[0] == '"': // Istio before 1.9: no details
		transport, rest, ok = quoted(b)
		if ok && len(rest) > 0 && rest[0] == '"' { // before 1.8: Mixer's status stands first
			transport, rest, ok = quoted(rest)
		}
		return "istio", nil, transport, rest, ok
	case isDigit(b[0]):
		if b[len(b)-1] != '"' { // a cluster follows the quoted texts: Istio before 1.4
			return "istio", nil, nil, b, true
		}
		return "default", nil, nil, b, true
	}
	if details, rest = word(b); len(rest) == 0 || isDigit(rest[0]) {
		return "details", details, nil, rest, true
	}
	_, rest = word(rest) // connection termination
	transport, rest, ok = quoted(rest)
	return "istio", details, transport, rest, ok
}

// envoyHead reads up to the flags.
func (s *state) envoyHead(line []byte, ev *tail.Event) (flags, rest []byte, ok bool) {
	line = bytes.TrimPrefix(line, []byte("ACCESS ")) // Emissary, Ambassador
	if len(line) < 30 || line[0] != '[' || line[5] != '-' || line[11] != 'T' {
		return nil, nil, false
	}
	ns, n, ok := s.clk.iso(line[1:])
	if !ok || len(line) < n+6 || line[n+1] != ']' || line[n+2] != ' ' {
		return nil, nil, false
	}
	ev.Time = ns
	req, rest, ok := envoyRequest(line[n+3:])
	if !ok {
		return nil, nil, false
	}
	request(req, ev)
	code, rest := word(rest)
	ev.Status, _ = statusCode(code)
	flags, rest = word(rest)
	for _, c := range flags {
		if (c < 'A' || c > 'Z') && !isDigit(c) && c != ',' && c != '-' {
			return nil, nil, false
		}
	}
	return flags, rest, len(flags) > 0
}

// envoyRequest splits `"request" CODE rest`. Envoy escapes nothing: the quote that
// ends the request is the first with a status behind it.
func envoyRequest(b []byte) (req, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	for i := 1; ; i++ {
		j := bytes.IndexByte(b[i:], '"')
		if j < 0 {
			return nil, nil, false
		}
		i += j
		if after := b[i+1:]; len(after) > 2 && after[0] == ' ' && isDigit(after[1]) {
			code, _ := word(after[1:])
			if _, ok := statusCode(code); ok {
				return b[1:i], after[1:], true
			}
		}
	}
}

// envoyTexts splits `"xff" "agent" "id" "authority" "host" rest` where the user
// agent has quotes of its own: the others hold none.
func envoyTexts(b []byte, q *[8][]byte) (rest []byte, ok bool) {
	end := bytes.LastIndexByte(b, '"')
	if len(b) == 0 || b[0] != '"' || end < 1 {
		return nil, false
	}
	rest, b = trim(b[end+1:]), b[1:end]
	for i := 4; i > 1; i-- {
		j := bytes.LastIndex(b, betweenQuotes)
		if j < 0 {
			return nil, false
		}
		q[i], b = b[j+3:], b[:j]
	}
	j := bytes.Index(b, betweenQuotes)
	if j < 0 {
		return nil, false
	}
	q[0], q[1] = b[:j], b[j+3:]
	return rest, true
}

var betweenQuotes = []byte(`" "`)

// between returns "flags details" as one piece of the line when flags says
// something, else details.
func between(line, flags, details, said []byte) []byte {
	if said == nil {
		return details
	}
	// the two stand beside each other, a blank apart
	i := cap(line) - cap(flags)
	return line[i : i+len(flags)+1+len(details)]
}

// envoyTail reads from the received bytes on.
func (s *state) envoyTail(rest []byte, ev *tail.Event) bool {
	rx, rest := word(rest)
	tx, rest := word(rest)
	dur, rest := word(rest)
	up, rest := word(rest)
	if !allDigits(rx) || !allDigits(tx) || len(dur) == 0 {
		return false
	}
	ev.Bytes, _ = atoi(tx)
	if d, ok := duration(dur, uMilli); ok {
		ev.Duration = d
	}
	var q [8][]byte
	n, after, ok := tails(rest, &q)
	if !ok || n < 5 {
		if after, ok = envoyTexts(rest, &q); !ok {
			return false
		}
	}
	rest = after
	ev.Client, ev.UserAgent, ev.RequestID, ev.Host = present(firstOf(q[0])), present(q[1]), present(q[2]), present(q[3])
	if addr := present(q[4]); addr != nil {
		a := ev.AddAttempt()
		a.Addr = hostPort(addr)
		a.Header = duraOr(up, uMilli)
	}
	if cluster, more := word(rest); len(more) > 0 {
		ev.Backend = present(cluster)
		if ev.Client == nil { // upstream-local downstream-local downstream-remote
			_, more = word(more)
			_, more = word(more)
			remote, _ := word(more)
			ev.Client = present(stripPort(remote))
		}
	}
	envoyMaker(ev)
	return true
}

// envoyMaker says who made the response: the details say "via_upstream" when the
// upstream did. Flags mean that Envoy did, but for resets after the response had
// begun.
func envoyMaker(ev *tail.Event) {
	switch {
	case index(ev.Flags, "via_upstream") >= 0:
		ev.Maker = tail.MakerUpstream
		if a := ev.Last(); a != nil {
			a.Status = ev.Status
		}
	case index(ev.Flags, "after_response_started") >= 0:
		ev.Maker = tail.MakerUpstream
	case len(ev.Flags) > 0 && ev.Status > 0:
		ev.Maker = tail.MakerGateway
	}
}
