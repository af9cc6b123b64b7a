package parse

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"why502/tail"
)

// labFiles are cuts of logs that real gateways wrote while their upstream was
// broken on purpose (nginx 1.22, HAProxy 2.6, Apache 2.4, Caddy 2.11, Traefik 3.7,
// fabio, skipper, Apinto, gunicorn, uvicorn): the format that detection must
// name, and what one line of the file (counted from 1) must say.
var labFiles = map[string]struct {
	format string
	line   int
	want   map[string]string
}{
	"nginx-all_down.access.log": {"nginx-extended", 3, map[string]string{
		"status": "502", "upstream": "10.77.0.11:8000, 10.77.0.12:8000", "upstream_status": "502, 502", "upstream_duration": "0, 0", "maker": "gateway",
	}},
	"nginx-all_down.error.log":           {"nginx-error", 1, map[string]string{"level": "error", "upstream": "10.77.0.11:8000"}},
	"nginx-garbage.access.log":           {"nginx-combined", 3, map[string]string{"status": "9"}},
	"nginx-garbage.json.log":             {"nginx-json", 3, map[string]string{"status": "9", "upstream_status": "200", "maker": "upstream"}},
	"nginx-unix_denied.error.log":        {"nginx-error", 3, map[string]string{"level": "crit", "upstream": "unix:/run/app/app.sock"}},
	"nginx-dns.stderr":                   {"nginx-error", 1, map[string]string{"level": "emerg", "message": `host not found in upstream "app.internal:8000" in /etc/gw/nginx.conf:29`}},
	"haproxy-all_down.access.log":        {"haproxy-http", 6, map[string]string{"status": "503", "flags": "SC--", "backend": "app", "upstream": "", "maker": "gateway"}},
	"haproxy-refused.clf.log":            {"haproxy-clf", 4, map[string]string{"status": "503", "flags": "SC--"}},
	"haproxy-refused.json.log":           {"haproxy-json", 3, map[string]string{"status": "503", "flags": "SC", "retries": "3", "upstream": "app/s1", "duration": "3.004"}},
	"haproxy-dns.stderr":                 {"haproxy-event", 5, nil},
	"apache-unix_denied.error.log":       {"apache-error", 6, map[string]string{"upstream": "unix:/run/app/app.sock", "level": "error"}},
	"apache-dns.timed.log":               {"apache-combined-d", 3, map[string]string{"status": "500"}},
	"apache-dns.json.log":                {"json", 1, map[string]string{"status": "200", "duration": "0.005134", "path": "/api/items", "client": "127.0.0.12"}},
	"caddy-dns.access.log":               {"caddy-access", 3, map[string]string{"status": "502", "maker": "gateway"}},
	"caddy-dns.error.log":                {"caddy-log", 6, map[string]string{"status": "502", "message": "dial tcp: lookup app.internal on 10.77.0.53:53: no such host", "upstream": ""}},
	"traefik-killed_mid_request.clf.log": {"traefik-clf", 3, map[string]string{"status": "502", "upstream": "10.77.0.11:8000", "backend": "app@file"}},
	"traefik-fw_reject_reset.json.log":   {"traefik-json", 3, map[string]string{"status": "502", "upstream": "10.77.0.11:8000", "maker": ""}},
	"traefik-fw_reject_reset.log.json": {"traefik-log-json", 3, map[string]string{
		"message": "502 Bad Gateway: dial tcp 10.77.0.11:8000: connect: connection refused", "upstream": "10.77.0.11:8000", "level": "debug",
	}},
	"traefik-killed_mid_request.log.json": {"traefik-log-json", 3, map[string]string{"message": "502 Bad Gateway: EOF"}},
	"gunicorn-timeout.error.log":          {"gunicorn-error", 3, map[string]string{"pid": "23305", "level": "CRITICAL"}},
	"gunicorn-unix.access.log":            {"gunicorn-access", 1, map[string]string{"client": "", "status": "200"}},
	"uvicorn.log":                         {"uvicorn", 1, nil},
	"flask-exception.log":                 {"traceback", 2, nil},
	"more-apinto.log":                     {"apinto-line", 3, map[string]string{"status": "500", "upstream": "127.0.0.1:19701"}},
	"more-caddy.log":                      {"caddy-access", 2, map[string]string{"status": "502", "path": "/dead/1"}},
	"more-fabio.log":                      {"fabio", 2, map[string]string{"status": "502"}},
	"more-skipper.log":                    {"skipper", 3, map[string]string{"status": "502", "duration": "0.001"}},
	"more-skipper.error.log":              {"skipper-log", 1, map[string]string{"status": "502", "upstream": "127.0.0.1:19799"}},
}

func TestLab(t *testing.T) {
	found, _ := filepath.Glob("testdata/lab/*")
	if len(found) != len(labFiles) {
		t.Errorf("%d files, %d expectations", len(found), len(labFiles))
	}
	for name, want := range labFiles {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata/lab", name))
			if err != nil {
				t.Fatal(err)
			}
			plan := Detect(data, testEnv)
			if len(plan.Formats) == 0 || plan.Formats[0] != want.format || plan.Confidence < innerTrust-0.05 {
				t.Errorf("detected as %v with %.2f, want %s", plan.Formats, plan.Confidence, want.format)
			}
			l := plan.NewParser(testEnv)
			for i, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
				var ev tail.Event
				l.Parse(line, &ev)
				if ev.Kind == tail.KindRaw {
					t.Errorf("line %d is not understood: %s", i+1, line)
				}
				if i+1 == want.line {
					compare(t, string(line), &ev, want.want)
				}
			}
		})
	}
}
