package checklist

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"why502/probe"
	"why502/probe/diagnose"
	"why502/probe/gateway"
	"why502/probe/host"
	"why502/probe/incident"
	"why502/tail"
	"why502/tail/window"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the goldens anew")

var now = time.Date(2026, 11, 23, 14, 3, 27, 0, time.UTC)

const refusedLine = `2026/11/23 14:03:26 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.9, server: shop.example, request: "GET /api/orders?token=abc HTTP/1.1", upstream: "http://10.0.0.5:8000/api/orders", host: "shop.example"`

// config reads a configuration that fits the snapshots of these tests.
func config(t *testing.T, text string) *gateway.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nginx.conf")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := gateway.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const goodConfig = `error_log /var/log/nginx/error.log;
http {
    log_format timed '$remote_addr [$time_local] "$request" $status rt=$request_time ua="$upstream_addr" us="$upstream_status" urt="$upstream_response_time"';
    access_log /var/log/nginx/access.log timed;
    upstream app { server 10.0.0.5:8000 max_fails=2 fail_timeout=5s; server 10.0.0.6:8000 max_fails=2 fail_timeout=5s; }
    server {
        listen 80;
        server_name shop.example;
        location / {
            proxy_pass http://app;
            proxy_set_header Host $host;
            proxy_connect_timeout 2s;
            proxy_read_timeout 3s;
        }
    }
}
`

func result(url string, class probe.Class, phase probe.Phase) probe.Result {
	t, err := probe.ParseTarget(url)
	if err != nil {
		panic(err)
	}
	r := probe.Result{
		Target: t, At: now.Add(-time.Second), Class: class, Phase: phase,
		Timings: probe.Timings{DNS: -1, Connect: -1, TLS: -1, FirstByte: -1, Body: -1, Total: 300 * time.Microsecond},
	}
	if phase > probe.PhaseConnect {
		r.Timings.Connect = 210 * time.Microsecond
	}
	if class == probe.OK && phase == probe.PhaseDone {
		r.Status, r.Timings.Total, r.Timings.FirstByte = 200, 2100*time.Microsecond, 2*time.Millisecond
	}
	return r
}

func history(r probe.Result) probe.History {
	return probe.History{Target: r.Target, Results: []probe.Result{r}, Since: now.Add(-2*time.Minute - 15*time.Second)}
}

// base is healthy traffic of an nginx with good logs.
func base(t *testing.T) (*incident.Snapshot, diagnose.Verdict) {
	s := &incident.Snapshot{
		Now: now, Live: true, Progress: 1, Config: config(t, goodConfig),
		Sources: []incident.Source{
			{
				Name: "/var/log/nginx/access.log", Gateway: "nginx", Format: "nginx-extended", Kind: tail.KindAccess, Lines: 1000, Parsed: 1000,
				Records: incident.Records{Lines: 1000, Upstream: 990, UpstreamStatus: 990, UpstreamTime: 990, Duration: 1000, RequestID: 1000, Host: 1000, Client: 1000},
			},
			{Name: "/var/log/nginx/error.log", Gateway: "nginx", Format: "nginx-error", Kind: tail.KindError, Lines: 10, Parsed: 10},
		},
		Probes: []probe.History{
			history(result("http://10.0.0.5:8000/", probe.OK, probe.PhaseDone)),
			history(result("http://10.0.0.6:8000/", probe.OK, probe.PhaseDone)),
		},
	}
	s.Traffic.Requests = 1000
	s.Traffic.First, s.Traffic.Last = now.Add(-5*time.Minute), now.Add(-2*time.Second)
	s.Traffic.GoodLatency = window.Quantiles{Count: 1000, P50: 12 * time.Millisecond, P99: 80 * time.Millisecond}
	s.Traffic.Statuses = []window.StatusCount{{Status: 200, Count: 1000}}
	s.Traffic.Top[window.ByUpstream] = []window.Count{{Value: "10.0.0.5:8000", OK: 500}, {Value: "10.0.0.6:8000", OK: 500}}
	return s, diagnose.Verdict{Incident: diagnose.Incident{State: diagnose.None}}
}

// down is base with one upstream refusing.
func down(t *testing.T) (*incident.Snapshot, diagnose.Verdict) {
	s, _ := base(t)
	s.Probes[0] = history(result("http://10.0.0.5:8000/", probe.Refused, probe.PhaseConnect))
	s.Probes[0].Results[0].Err = "connect: connection refused"
	s.Traffic.Failed = 312
	s.Traffic.Statuses = []window.StatusCount{{Status: 200, Count: 688}, {Status: 502, Count: 312}}
	s.Traffic.FailedLatency = window.Quantiles{Count: 312, P50: time.Millisecond}
	s.Traffic.Top[window.ByUpstream] = []window.Count{{Value: "10.0.0.5:8000", Failed: 312}, {Value: "10.0.0.6:8000", OK: 688}}
	s.Traffic.Messages = []window.Message{{
		Gateway: "nginx", Kind: uint8(tail.KindError), Level: "error", Text: "connect() failed (111: Connection refused) while connecting to upstream",
		Sample: refusedLine, Source: "/var/log/nginx/error.log", Count: 312, First: now.Add(-time.Minute), Last: now,
		Upstreams: []window.Count{{Value: "10.0.0.5:8000", Failed: 312}},
	}}
	return s, diagnose.Verdict{
		Incident: diagnose.Incident{State: diagnose.Ongoing, Started: now.Add(-time.Minute), Failed: 312, Requests: 1000},
		Causes: []diagnose.Cause{{
			ID: diagnose.UpstreamDown, Title: "nothing listens on 10.0.0.5:8000", Confidence: 0.93, Step: 1,
			Evidence: []diagnose.Evidence{{Source: "/var/log/nginx/error.log", Count: 312, Sample: refusedLine, Meaning: "the upstream refused the connection"}},
		}},
	}
}

var snapshots = map[string]func(t *testing.T) (*incident.Snapshot, diagnose.Verdict){
	"healthy": base,
	"down":    down,
	"nothing": func(*testing.T) (*incident.Snapshot, diagnose.Verdict) {
		return &incident.Snapshot{Now: now}, diagnose.Verdict{}
	},
	"noprobe": func(t *testing.T) (*incident.Snapshot, diagnose.Verdict) {
		s, v := down(t)
		s.Probes, s.Config, s.NoProbe = nil, nil, true
		s.ConfigErr = "/etc/nginx/nginx.conf:3: unexpected }"
		s.Sources = s.Sources[:1]
		s.Sources[0].Records = incident.Records{Lines: 1000, Client: 1000}
		return s, v
	},
	"names": func(t *testing.T) (*incident.Snapshot, diagnose.Verdict) {
		s, v := base(t)
		s.Config = config(t, strings.NewReplacer("10.0.0.5:8000", "app.internal:8000", "10.0.0.6:8000", "gone.internal:8000").Replace(goodConfig))
		r := result("http://app.internal:8000/", probe.OK, probe.PhaseDone)
		r.Peer, r.Timings.DNS = "10.0.0.99:8000", 1200*time.Microsecond
		s.Probes = []probe.History{history(r), history(result("http://gone.internal:8000/", probe.DNSNotFound, probe.PhaseDNS))}
		return s, v
	},
	"timeout": func(t *testing.T) (*incident.Snapshot, diagnose.Verdict) {
		s, v := base(t)
		s.Config = config(t, strings.Replace(goodConfig, "http://app;", "https://app; resolver 10.0.0.53;", 1))
		s.Probes[0] = history(result("https://10.0.0.5:8000/", probe.TLSPlain, probe.PhaseTLS))
		s.Probes[1] = history(result("http://10.0.0.6:8000/", probe.Timeout, probe.PhaseConnect))
		s.Traffic.Outcomes = []window.Outcome{{
			Gateway: "nginx", Status: 504, Count: 40, Duration: window.Quantiles{Count: 40, P50: 3002 * time.Millisecond},
		}}
		s.Traffic.Top[window.ByUpstream] = append(s.Traffic.Top[window.ByUpstream], window.Count{Value: "10.9.9.9:8000", Failed: 3}, window.Count{Value: "app", Failed: 2})
		v.Incident.State = diagnose.Ongoing
		return s, v
	},
	"local": func(t *testing.T) (*incident.Snapshot, diagnose.Verdict) {
		s, v := base(t)
		s.Config, s.Traffic.Top = nil, [window.Dimensions][]window.Count{}
		s.Probes = []probe.History{
			history(result("http://127.0.0.1:8000/", probe.Refused, probe.PhaseConnect)),
			history(result("http://127.0.0.1:8001/", probe.Timeout, probe.PhaseFirstByte)),
			history(result("unix:/run/app.sock", probe.SocketMissing, probe.PhaseConnect)),
		}
		s.Host = &host.State{
			At: now, CPUs: 2, Load1: 9, MemTotal: 1 << 30, MemAvailable: 1 << 20, FilesUsed: 95, FilesMax: 100, Sockets: map[string]int{"TIME_WAIT": 30000},
			Listeners: []host.Listener{{Addr: "10.0.0.1:8000", Queue: -1}, {Addr: "0.0.0.0:8001", Process: "gunicorn", PID: 77, Queue: 129, Backlog: 128}},
		}
		return s, v
	},
	"ran": func(t *testing.T) (*incident.Snapshot, diagnose.Verdict) {
		s, v := down(t)
		s.Steps = map[int]incident.Step{
			1: {Number: 1, At: now, Verdict: incident.Fail, Summary: "refused, 0.2 ms", Findings: []incident.Finding{{Text: "asked again"}}, Commands: []string{"first"}},
			3: {Number: 3, At: now.Add(-time.Hour), Verdict: incident.Fail, Summary: "old"},
			4: {Number: 4, Running: true},
			5: {Number: 5, At: now, Verdict: incident.Skipped, Summary: "not asked"},
			6: {Number: 6, At: now, Verdict: incident.Pass, Summary: "10/s, p99 4 ms"},
		}
		return s, v
	},
}

// TestRows compares the rows of built snapshots with goldens a person has read.
func TestRows(t *testing.T) {
	for name, build := range snapshots {
		t.Run(name, func(t *testing.T) {
			s, v := build(t)
			got := describe(Rows(s, v))
			if s.Config != nil {
				got = strings.ReplaceAll(got, filepath.Dir(s.Config.Files[0])+string(filepath.Separator), "/etc/nginx/")
			}
			path := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func describe(rows []Row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%d %s %q %s | %s", r.Step, r.ID, r.Title, r.Verdict, r.Summary)
		if r.Running {
			b.WriteString(" (running)")
		}
		b.WriteString("\n")
		for _, f := range r.Findings {
			fmt.Fprintf(&b, "  - %s\n", f.Text)
			if f.Evidence != "" {
				fmt.Fprintf(&b, "      %s\n", f.Evidence)
			}
		}
		for _, c := range r.Commands {
			fmt.Fprintf(&b, "  $ %s\n", c)
		}
	}
	return b.String()
}

// TestRowsAreBounded feeds hostile names and long texts: what comes out fits the
// pane and holds no control byte, secret or shell syntax of theirs.
func TestRowsAreBounded(t *testing.T) {
	evil := "10.0.0.1:8000;rm -rf $HOME`id`\x1b[31m\n"
	s, v := down(t)
	s.Sources[1].Name = "/var/log/" + evil
	s.Sources = append(s.Sources, incident.Source{Name: "/x", Kind: tail.KindRaw, Lines: 99, Unparsed: 99, UnparsedSamples: []string{strings.Repeat("\x1b]0;x\a", 1000)}})
	for i := range 500 {
		s.Traffic.Top[window.ByUpstream] = append(s.Traffic.Top[window.ByUpstream], window.Count{Value: fmt.Sprintf("h%d:80", i), Failed: 1})
		s.Traffic.Messages = append(s.Traffic.Messages, window.Message{Level: "error", Text: evil + strings.Repeat("x", 5000), Sample: "Authorization: Bearer sekrit", Count: 1, Source: evil})
	}
	v.Causes[0].Title = evil
	v.Causes[0].Evidence[0].Sample = "Connection refused /x?token=sekrit"
	for _, r := range Rows(s, v) {
		if n := utf8.RuneCountInString(r.Summary); n > summaryColumns {
			t.Errorf("step %d: the summary has %d columns: %s", r.Step, n, r.Summary)
		}
		if len(r.Findings) > maxFindings || len(r.Commands) > maxCommands {
			t.Errorf("step %d: %d findings, %d commands", r.Step, len(r.Findings), len(r.Commands))
		}
		all := describe([]Row{r})
		if strings.ContainsAny(strings.ReplaceAll(all, "\n", ""), "\x1b\a\x00\r") || strings.Contains(all, "sekrit") {
			t.Errorf("step %d: hostile text or a secret comes through:\n%s", r.Step, all)
		}
		for _, c := range r.Commands {
			if strings.Contains(c, "rm -rf") && !strings.Contains(c, "'/var/log/") {
				t.Errorf("step %d: not quoted: %s", r.Step, c)
			}
		}
	}
}

// TestQuote lets a real shell read the words back.
func TestQuote(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh here")
	}
	for _, word := range []string{"plain", "a b", "it's", `"$HOME"`, "`id`", "$(id)", "a;b&c|d>e", "-n", "~", "*", "", "\\", "http://h:1/a?b=c&d=e", "!x", "ünï"} {
		out, err := exec.Command(sh, "-c", "printf '[%s]' "+quote(word)).Output()
		if err != nil || string(out) != "["+word+"]" {
			t.Errorf("%q: the shell reads %s from %s (%v)", word, out, quote(word), err)
		}
	}
	if got := quote("a\nb token=x&password=hunter2"); strings.ContainsAny(got, "\n") {
		t.Errorf("a line feed in %q", got)
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1200: "1.2k", 2000: "2k", 35_400: "35k", 4_000_000: "4M"} {
		if got := count(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestTook(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-1: "-", 300 * time.Microsecond: "0.3 ms", 12 * time.Millisecond: "12 ms", 1500 * time.Millisecond: "1.5 s",
		75 * time.Second: "75 s", 135 * time.Second: "2m15s",
	} {
		if got := took(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
	}
}
