package parse

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"why502/tail"
)

// now is the time that year-less stamps of the samples are read against.
var now = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

var testEnv = Env{Now: now}

// words tells an event in the words of the contract's parse command.
func words(ev *tail.Event) map[string]string {
	m := map[string]string{
		"client": string(ev.Client), "method": string(ev.Method), "path": string(ev.Path), "protocol": string(ev.Protocol),
		"host": string(ev.Host), "request_id": string(ev.RequestID), "flags": string(ev.Flags), "backend": string(ev.Backend),
		"user_agent": string(ev.UserAgent), "referer": string(ev.Referer), "level": string(ev.Level), "message": string(ev.Message),
		"gateway": ev.Gateway, "format": ev.Format, "kind": ev.Kind.String(), "conn": string(ev.Conn), "pid": string(ev.PID),
		"duration": seconds(ev.Duration), "queue": seconds(ev.Queue),
	}
	if ev.Time != 0 {
		m["time"] = ev.When().Format(time.RFC3339Nano)
	}
	if ev.Status != 0 {
		m["status"] = strconv.Itoa(ev.Status)
	}
	if ev.Bytes != tail.None {
		m["bytes"] = strconv.FormatInt(ev.Bytes, 10)
	}
	if ev.Retries != 0 {
		m["retries"] = strconv.Itoa(ev.Retries)
	}
	m["maker"] = [...]string{"", "gateway", "upstream"}[ev.Maker]
	var addr, status, spent []string
	for _, a := range ev.Attempts {
		addr = append(addr, string(a.Addr))
		if a.Status != 0 {
			status = append(status, strconv.Itoa(a.Status))
		}
		d := a.Response
		if d == tail.None {
			d = a.Header
		}
		if d != tail.None {
			spent = append(spent, seconds(d))
		}
	}
	m["upstream"] = strings.Trim(strings.Join(addr, ", "), ", ")
	m["upstream_status"] = strings.Join(status, ", ")
	m["upstream_duration"] = strings.Join(spent, ", ")
	return m
}

func seconds(d time.Duration) string {
	if d == tail.None {
		return ""
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}

func compare(t *testing.T, line string, ev *tail.Event, want map[string]string) {
	t.Helper()
	got := words(ev)
	for k, w := range want {
		if got[k] != w {
			t.Errorf("%s: %q, want %q\n%s", k, got[k], w, line)
		}
	}
}

// TestSamples runs the samples that the formats carry: the positive ones through
// the format's own parser and through detection, which must name the format (or
// its twin); the negative ones must be refused.
func TestSamples(t *testing.T) {
	for _, f := range Formats() {
		t.Run(f.Name, func(t *testing.T) {
			if f.Title == "" || f.Doc == "" || f.Gateway == "" || len(f.Positive) == 0 {
				t.Error("the row is not complete")
			}
			for _, s := range f.Positive {
				p := f.New(testEnv)
				var ev tail.Event
				lines := strings.Split(s.Line, "\n")
				for _, head := range lines[:len(lines)-1] {
					p.Parse([]byte(head), &ev)
				}
				last := lines[len(lines)-1]
				if !f.begins(last[0]) {
					t.Errorf("first bytes %q exclude\n%s", f.first, last)
				}
				if !p.Parse([]byte(last), &ev) {
					t.Errorf("refused\n%s", last)
					continue
				}
				want := map[string]string{}
				for pair := range slices.Chunk(s.Want, 2) {
					want[pair[0]] = pair[1]
				}
				compare(t, last, &ev, want)
				plan := Detect([]byte(s.Line+"\n"), testEnv)
				if len(plan.Formats) == 0 || plan.Formats[0] != f.Name && (f.twin == "" || plan.Formats[0] != f.twin) {
					t.Errorf("detected as %v\n%s", plan.Formats, s.Line)
				}
			}
			for _, line := range f.Negative {
				var ev tail.Event
				if f.New(testEnv).Parse([]byte(line), &ev) {
					t.Errorf("accepted\n%s", line)
				}
			}
		})
	}
}

// mayShare lists formats that accept each other's samples on purpose: the first
// takes what the second is more exact about, or the lines are the same.
func mayShare(f, of *Format) bool {
	return f.inner || f.twin == of.Name || of.twin == f.Name || f.twin != "" && f.twin == of.twin
}

// TestLookAlikes runs every format over all other formats' positive samples: only
// twins and the permissive formats may accept them.
func TestLookAlikes(t *testing.T) {
	for i := range formats {
		f := &formats[i]
		for j := range formats {
			of := &formats[j]
			if i == j || mayShare(f, of) {
				continue
			}
			for _, s := range of.Positive {
				var ev tail.Event
				last := s.Line[strings.LastIndexByte(s.Line, '\n')+1:]
				if f.begins(last[0]) && f.New(testEnv).Parse([]byte(last), &ev) {
					t.Errorf("%s accepts a line of %s:\n%s", f.Name, of.Name, last)
				}
			}
		}
	}
}

// TestWrappers: no format knows a key inside an object that is passed through.
func TestWrappers(t *testing.T) {
	for path := range keyIDs {
		if outer, _, ok := strings.Cut(path, "/"); ok && wrappers[outer] {
			t.Errorf("%s would never be found", path)
		}
	}
}

// TestPlanFor tells look-alikes apart by the name of the file.
func TestPlanFor(t *testing.T) {
	sample := []byte(`10.77.0.1 - - [23/Nov/2026:07:31:23 +0000] "GET /api/items/1 HTTP/1.1" 200 35 "-" "curl/7.88.1"` + "\n")
	for path, want := range map[string]string{
		"access.log":                          "nginx-combined",
		"/var/log/nginx/access.log":           "nginx-combined",
		"/var/log/apache2/access.log":         "apache-combined",
		"/var/log/httpd/access_log":           "apache-combined",
		"/var/log/shop/httpd-access.log":      "apache-combined",
		"/srv/app/gunicorn.access.log.1":      "gunicorn-access",
		"/var/log/gunicorn/access.log":        "gunicorn-access",
		"/tmp/gunicorn_worker_timeout/access": "nginx-combined",
		"/tmp/notapache.log":                  "nginx-combined",
		"":                                    "nginx-combined",
	} {
		if got := Detect(sample, testEnv).For(path).Format().Name; got != want {
			t.Errorf("%q has %s, want %s", path, got, want)
		}
	}
	own, err := Named("$remote_addr $status", testEnv)
	if err != nil {
		t.Fatal(err)
	}
	if f := own.For("/var/log/apache2/access.log").Format(); f.Name != own.Format().Name {
		t.Errorf("a format string became %s", f.Name)
	}
}
