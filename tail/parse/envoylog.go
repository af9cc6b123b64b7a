package parse

import (
	"bytes"

	"why502/tail"
)

// envoyLogFormats are what Envoy and Istio's agent say about themselves, in the
// same stream as the access log.
var envoyLogFormats = []Format{
	{
		Name: "envoy-log", Gateway: "envoy", Kind: tail.KindError, first: "[",
		Title: "Envoy's own log", Doc: "https://www.envoyproxy.io/docs/envoy/latest/operations/cli#cmdoption-log-format",
		build: envoyLog,
		Positive: []Sample{{
			`[2026-11-23 07:13:24.123][23][warning][config] [./source/common/config/grpc_stream.h:163] StreamAggregatedResources gRPC config stream closed: 14, connection refused`,
			[]string{
				"time", "2026-11-23T07:13:24.123Z", "level", "warning", "conn", "23",
				"message", "StreamAggregatedResources gRPC config stream closed: 14, connection refused",
			},
		}, {
			`[2026-11-23 07:13:24.123][1][critical][main] error initializing configuration`,
			[]string{"level", "critical", "message", "error initializing configuration"},
		}},
		Negative: []string{`[2026-11-23 07:13:24.123] [1] [INFO] x`},
	},
	{
		Name: "istio-log", Gateway: "istio", Kind: tail.KindError, first: "0",
		Title: "the log of Istio's agent, Envoy's lines within it", Doc: "https://istio.io/latest/docs/ops/diagnostic-tools/component-logging/",
		build: istioLog,
		Positive: []Sample{{
			"2026-11-23T07:13:24.123456Z\twarning\tenvoy config external/envoy/source/common/config/grpc_stream.h:163\tgRPC config stream to xds-grpc closed\tthread=20",
			[]string{"time", "2026-11-23T07:13:24.123456Z", "level", "warning", "message", "gRPC config stream to xds-grpc closed"},
		}, {
			"2026-11-23T07:13:24.123456Z\terror\tcitadel failed to sign CSR",
			[]string{"level", "error", "message", "citadel failed to sign CSR"},
		}},
		Negative: []string{"2026-11-23T07:13:24.123456Z\tfoo\tbar"},
	},
}

// envoyLog reads "[time][thread][level][logger] [file:line] text".
func envoyLog(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		stamp, rest, ok := cut(line[1:], ']')
		ns, n, good := s.clk.iso(stamp)
		if !ok || !good || n != len(stamp) {
			return false
		}
		var in [3][]byte // thread, level, logger
		for i := range in {
			if len(rest) == 0 || rest[0] != '[' {
				return false
			}
			if in[i], rest, ok = cut(rest[1:], ']'); !ok {
				return false
			}
		}
		if !allDigits(in[0]) || !isWord(in[1]) || !hasPrefix(rest, " ") {
			return false
		}
		text := trim(rest)
		if len(text) > 0 && text[0] == '[' {
			if where, after, ok := cut(text[1:], ']'); ok && bytes.IndexByte(where, ':') > 0 && bytes.IndexByte(where, ' ') < 0 {
				text = trim(after)
			}
		}
		ev.Time, ev.Conn, ev.Level, ev.Message = ns, in[0], in[1], text
		return true
	}
}

// istioLog reads "time<tab>level<tab>[scope file<tab>]text[<tab>key=value...]".
func istioLog(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		stamp, rest, ok := cut(line, '\t')
		if !ok || len(stamp) < 20 || stamp[10] != 'T' {
			return false
		}
		ns, n, ok := s.clk.iso(stamp)
		if !ok || n != len(stamp) {
			return false
		}
		level, rest, ok := cut(rest, '\t')
		if !ok || !istioLevel(level) {
			return false
		}
		text, more, _ := cut(rest, '\t')
		if hasPrefix(text, "envoy ") && len(more) > 0 {
			text, _, _ = cut(more, '\t')
		}
		ev.Time, ev.Level, ev.Message = ns, level, text
		return true
	}
}

func istioLevel(b []byte) bool {
	switch string(b) {
	case "trace", "debug", "info", "warning", "warn", "error", "critical", "fatal":
		return true
	}
	return false
}
