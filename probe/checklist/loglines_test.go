package checklist

import (
	"strings"
	"testing"

	"why502/probe/gateway"
	"why502/tail"
	"why502/tail/parse"
)

// TestLogLinesAreUnderstood writes lines in the formats that step 7 tells people
// to add and lets the parsers detect them: nothing that was asked for may be
// missing then.
func TestLogLinesAreUnderstood(t *testing.T) {
	nginx := strings.NewReplacer(
		"$remote_addr", "10.0.0.9", "$remote_user", "-", "$time_local", "23/Nov/2026:14:03:26 +0000", "$request_time", "0.004", "$request_id", "0123456789abcdef0123456789abcdef",
		"$request", "GET /api HTTP/1.1", "$status", "502", "$body_bytes_sent", "157", "$http_referer", "-", "$http_user_agent", "curl/8",
		"$upstream_connect_time", "0.001, 0.001", "$upstream_header_time", "-, 0.002", "$upstream_response_time", "0.001, 0.002", "$upstream_addr", "10.0.0.5:8000, 10.0.0.6:8000",
		"$upstream_status", "502, 502", "$host", "shop.example",
	)
	apache := strings.NewReplacer(
		`\"`, `"`, "%{%Y-%m-%dT%H:%M:%S%z}t", "2026-11-23T14:03:26+0000", "%a", "10.0.0.9", "%r", "GET /api HTTP/1.1", "%>s", "502", "%O", "157",
		"%{User-Agent}i", "curl/8", "%{Host}i", "shop.example", "%D", "4000", "%{BALANCER_WORKER_NAME}e", "http://10.0.0.6:8000", "%{UNIQUE_ID}e", "0123456789abcdef0123456789abcdef",
	)
	for name, r := range map[string]*strings.Replacer{"nginx": nginx, "apache": apache} {
		first, _, _ := strings.Cut(gateway.LogLines(name), "\n")
		quote := "'"
		if name == "apache" {
			quote = `"`
		}
		from, to := strings.Index(first, quote), strings.LastIndex(first, quote)
		line := r.Replace(first[from+1 : to])
		plan := parse.Detect([]byte(strings.Repeat(line+"\n", 20)), parse.Env{Now: now})
		var ev tail.Event
		plan.NewParser(parse.Env{Now: now}).Parse([]byte(line), &ev)
		if ev.Kind != tail.KindAccess || ev.Status != 502 || ev.Duration <= 0 {
			t.Errorf("%s: %s is read as %s, status %d, duration %v", name, line, ev.Kind, ev.Status, ev.Duration)
			continue
		}
		last := ev.Last()
		if last == nil || !strings.HasSuffix(string(last.Addr), "10.0.0.6:8000") || name == "nginx" && (last.Status != 502 || len(ev.Attempts) != 2) {
			t.Errorf("%s: upstream %+v", name, last)
		}
		if string(ev.RequestID) != "0123456789abcdef0123456789abcdef" || string(ev.Host) != "shop.example" {
			t.Errorf("%s: request id %q, host %q", name, ev.RequestID, ev.Host)
		}
	}
}

// TestHAProxyLogLineIsUnderstood: captures that are not there leave two blanks, and
// the id ends the line.
func TestHAProxyLogLineIsUnderstood(t *testing.T) {
	line := `10.0.0.9:40000 [23/Nov/2026:14:03:26.123] fe app/s1 0/0/-1/-1/3 503 217 - - SC-- 1/1/0/0/3 0/0   "GET /api HTTP/1.1" 0A000009:9C40_7F000001:1F90_6742_0001:1A2B`
	plan := parse.Detect([]byte(strings.Repeat(line+"\n", 20)), parse.Env{Now: now})
	var ev tail.Event
	plan.NewParser(parse.Env{Now: now}).Parse([]byte(line), &ev)
	if ev.Gateway != "haproxy" || ev.Status != 503 || string(ev.Flags) != "SC--" || len(ev.Attempts) == 0 {
		t.Errorf("read as %s, status %d, flags %s, %d attempts", ev.Gateway, ev.Status, ev.Flags, len(ev.Attempts))
	}
}
