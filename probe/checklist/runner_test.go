package checklist

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"why502/probe"
	"why502/probe/diagnose"
	"why502/probe/gateway"
	"why502/probe/host"
	"why502/probe/incident"
	"why502/probe/load"
	"why502/tail"
	"why502/tail/window"
)

// quiet are options that ask nobody; a test fills in what it needs.
func quiet(t *testing.T) RunnerOptions {
	return RunnerOptions{
		Probe: func(context.Context, probe.Target, probe.Options) probe.Result {
			t.Error("a probe was sent")
			return probe.Result{}
		},
		Connect: func(_ context.Context, addr string, _ probe.ConnectOptions) []probe.Reach {
			t.Error("a connect was tried to", addr)
			return nil
		},
		Path: func(context.Context, string, probe.PathOptions) ([]probe.Hop, error) {
			return nil, errors.New("not here")
		},
		Lookup: func(_ context.Context, name string) probe.Answer {
			t.Error("a name was looked up:", name)
			return probe.Answer{}
		},
		Resolve: func(_ context.Context, name, _ string) probe.Answer {
			t.Error("a resolver was asked for", name)
			return probe.Answer{}
		},
		Resolvers:  func() ([]string, error) { return nil, nil },
		Host:       func() host.State { return host.State{} },
		ReadConfig: gateway.Read,
		FindConfig: func() []string { return nil },
		Load: func(context.Context, load.Plan, func(load.Stage)) (load.Outcome, error) {
			t.Error("load was sent")
			return load.Outcome{}, nil
		},
		Now: func() time.Time { return now },
	}
}

// fails is a snapshot in which an upstream at addr fails on some routes.
func fails(addr string, routes ...string) *incident.Snapshot {
	s := &incident.Snapshot{Now: now, Live: true}
	s.Traffic.Failed = 5
	s.Traffic.Top[window.ByUpstream] = []window.Count{{Value: addr, Failed: 5}}
	for _, r := range routes {
		s.Traffic.Top[window.ByRoute] = append(s.Traffic.Top[window.ByRoute], window.Count{Value: r, Failed: 1})
	}
	return s
}

var ongoing = diagnose.Verdict{Incident: diagnose.Incident{State: diagnose.Ongoing}}

// wants checks a step's verdict, summary and that its findings hold some texts.
func wants(t *testing.T, st incident.Step, v incident.Verdict, summary string, texts ...string) {
	t.Helper()
	all := st.Summary + "\n"
	for _, f := range st.Findings {
		all += f.Text + " | " + f.Evidence + "\n"
	}
	if st.Verdict != v || !strings.Contains(st.Summary, summary) {
		t.Errorf("%s %q, want %s %q", st.Verdict, st.Summary, v, summary)
	}
	for _, want := range texts {
		if !strings.Contains(all, want) {
			t.Errorf("no finding says %q:\n%s", want, all)
		}
	}
	if t.Failed() {
		t.Log(all)
	}
}

func listenerAddr(t *testing.T, h http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

// closedPort is a port of this machine where nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestRunAlive(t *testing.T) {
	var hits atomic.Int32
	app := http.NewServeMux()
	app.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		w.Header().Set("Server", "gunicorn")
	})
	app.HandleFunc("/api/broken", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			t.Error("a route was asked with", r.Method)
		}
		w.WriteHeader(500)
	})
	app.HandleFunc("/post", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(405) })
	app.HandleFunc("/ok", func(http.ResponseWriter, *http.Request) {})
	addr := listenerAddr(t, app)
	opt := quiet(t)
	opt.Probe = probe.Do
	s := fails(addr, "GET /api/broken", "POST /post", "GET /missing", "GET /ok", "GET /users/:id")
	st := NewRunner(opt).Run(t.Context(), 1, s, ongoing, nil)
	wants(t, st, incident.Warn, "route answers 500",
		"answers 200", "GET /api/broken fails in the log; asked directly, gunicorn", "answers 500", "GET /missing", "404",
		"POST /post", "other methods", "GET /ok", "between gateway and application")
	for _, f := range st.Findings {
		if strings.Contains(f.Text, ":id") {
			t.Error("a folded route was asked:", f.Text)
		}
	}
	if hits.Load() < 2 {
		t.Error("a healthy upstream was not asked twice")
	}
	if len(st.Commands) == 0 || !strings.HasPrefix(st.Commands[0], "curl ") {
		t.Error(st.Commands)
	}
}

func TestRunAliveFlaps(t *testing.T) {
	var n atomic.Int32
	addr := listenerAddr(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1)%2 == 0 {
			w.WriteHeader(503)
		}
	}))
	opt := quiet(t)
	opt.Probe = probe.Do
	wants(t, NewRunner(opt).Run(t.Context(), 1, fails(addr), ongoing, nil), incident.Warn, "flaps: answers 503", "asked again")
}

func TestRunRefused(t *testing.T) {
	addr := closedPort(t)
	opt := quiet(t)
	opt.Probe, opt.Connect = probe.Do, probe.Connect
	opt.Host = func() host.State {
		return host.State{Listeners: []host.Listener{{Addr: "10.1.2.3" + addr[strings.LastIndexByte(addr, ':'):], Queue: -1}}}
	}
	r := NewRunner(opt)
	wants(t, r.Run(t.Context(), 1, fails(addr), ongoing, nil), incident.Fail, "refused")
	wants(t, r.Run(t.Context(), 3, fails(addr), ongoing, nil), incident.Fail, "other address", "is refused: a RST came back", "nothing listens on "+addr)
}

func TestRunNetworkFiltered(t *testing.T) {
	opt := quiet(t)
	opt.Connect = func(_ context.Context, addr string, _ probe.ConnectOptions) []probe.Reach {
		switch addr {
		case "192.0.2.1:8000":
			return []probe.Reach{{Addr: addr, Verdict: probe.ReachFiltered, Tries: []probe.Try{{Class: probe.Timeout, Took: time.Second}}}}
		case "192.0.2.1:80":
			return []probe.Reach{{Addr: addr, Verdict: probe.ReachRefused}}
		case "192.0.2.2:8000":
			return []probe.Reach{{Addr: addr, Verdict: probe.ReachRejected, Detail: "communication administratively prohibited from 192.0.2.254"}}
		}
		return []probe.Reach{{Addr: addr, Verdict: probe.ReachFiltered}}
	}
	opt.Path = func(context.Context, string, probe.PathOptions) ([]probe.Hop, error) {
		return []probe.Hop{
			{TTL: 1, From: netip.MustParseAddr("192.0.2.254"), Class: probe.NoRoute, ICMP: &probe.ICMP{Type: 11}},
			{TTL: 2, Class: probe.Timeout},
		}, nil
	}
	s := fails("192.0.2.1:8000")
	s.Traffic.Top[window.ByUpstream] = append(s.Traffic.Top[window.ByUpstream], window.Count{Value: "192.0.2.2:8000", Failed: 1})
	st := NewRunner(opt).Run(t.Context(), 3, s, ongoing, nil)
	wants(t, st, incident.Fail, "filtered", "port 80 of the same host answers (refused)", "come as far as hop 1 (192.0.2.254)",
		"rejected by a firewall or router: communication administratively prohibited", "stay silent too")
}

func TestRunNetworkSockets(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes of socket files are told on Unix only")
	}
	dir, err := os.MkdirTemp("", "why502")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	open, plain, gone := filepath.Join(dir, "open.sock"), filepath.Join(dir, "plain"), filepath.Join(dir, "no", "gone.sock")
	l, err := net.Listen("unix", open)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if err := os.Chmod(open, 0o660); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(plain, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	opt := quiet(t)
	opt.Connect = probe.Connect
	s := fails("unix:" + open)
	for _, p := range []string{plain, gone} {
		s.Traffic.Top[window.ByUpstream] = append(s.Traffic.Top[window.ByUpstream], window.Count{Value: "unix:" + p + ":/x", Failed: 1})
	}
	wants(t, NewRunner(opt).Run(t.Context(), 3, s, ongoing, nil), incident.Fail, "",
		open+" exists, Srw-rw----", "only owner and group may connect to "+open, "directory "+dir+" lets only owner and group through",
		plain+" is a file, not a socket", gone+" does not exist", "the directory "+dir+" exists")
	s.NoProbe = true
	opt = quiet(t)
	wants(t, NewRunner(opt).Run(t.Context(), 3, s, ongoing, nil), incident.Skipped, "not asked", "does not exist")
}

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nginx.conf")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRunConfig(t *testing.T) {
	plain := listenerAddr(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(secure.Close)
	closed := closedPort(t)
	for _, tc := range []struct {
		name, text string
		verdict    incident.Verdict
		summary    string
		finding    string
	}{
		{"https to a plain port", "proxy_pass https://" + plain, incident.Fail, "https to plain port", "write http instead"},
		{"http to a TLS port", "proxy_pass http://" + secure.Listener.Addr().String(), incident.Fail, "http to TLS port", "write https instead"},
		{"closed", "proxy_pass http://" + closed, incident.Warn, "target not listening", "where nothing listens"},
		{"fits", "proxy_pass http://" + plain, incident.Pass, "fits", "1 route"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			opt := quiet(t)
			opt.Probe = probe.Do
			opt.ConfigPath = writeConfig(t, "http { log_format x '$upstream_addr $upstream_status'; access_log /l x; server { location / { proxy_set_header Host $host; "+tc.text+"; } } }")
			s := &incident.Snapshot{Now: now}
			wants(t, NewRunner(opt).Run(t.Context(), 4, s, diagnose.Verdict{}, nil), tc.verdict, tc.summary, tc.finding, opt.ConfigPath)
		})
	}
}

func TestRunConfigWithoutAny(t *testing.T) {
	opt := quiet(t)
	s := &incident.Snapshot{Now: now, NoProbe: true}
	wants(t, NewRunner(opt).Run(t.Context(), 4, s, diagnose.Verdict{}, nil), incident.Unknown, "none found", "--gateway-config")
	opt.ConfigPath = writeConfig(t, "http {")
	wants(t, NewRunner(opt).Run(t.Context(), 4, s, diagnose.Verdict{}, nil), incident.Fail, "not readable", "nginx.conf:1", "never closed")
	opt.ConfigPath = ""
	found := writeConfig(t, "http { server { location / { proxy_pass http://10.0.0.1:1; } } }")
	opt.FindConfig = func() []string { return []string{found} }
	wants(t, NewRunner(opt).Run(t.Context(), 4, s, diagnose.Verdict{}, nil), incident.Pass, "fits", "1 upstream address")
	s.Sources = []incident.Source{{Name: "/h", Gateway: "haproxy", Kind: tail.KindAccess, Parsed: 9}}
	wants(t, NewRunner(opt).Run(t.Context(), 4, s, diagnose.Verdict{}, nil), incident.Unknown, "none found")
}

func TestRunLogs(t *testing.T) {
	dir := t.TempDir()
	unread := filepath.Join(dir, "error.log")
	if err := os.WriteFile(unread, []byte("x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(unread, now.Add(-30*time.Second), now.Add(-30*time.Second)); err != nil {
		t.Fatal(err)
	}
	opt := quiet(t)
	opt.ConfigPath = writeConfig(t, fmt.Sprintf("error_log %s;\nhttp { access_log %s/gone.log; access_log syslog:server=10.0.0.1; server { location / { proxy_pass http://10.0.0.1:1; } } }", unread, dir))
	s := &incident.Snapshot{Now: now, Sources: []incident.Source{{Name: "/a", Gateway: "nginx", Kind: tail.KindAccess, Lines: 5, Parsed: 5}}}
	wants(t, NewRunner(opt).Run(t.Context(), 2, s, diagnose.Verdict{}, nil), incident.Warn, "error log missing",
		"the error log "+unread+", which is not read here: 2 bytes, last written 30 s ago", "gone.log, which is not read here: the file does not exist", "sends its access log to syslog:server=10.0.0.1")
}

func answer(name, server string, class probe.Class, addrs ...string) probe.Answer {
	a := probe.Answer{Name: name, Server: server}
	a.A = probe.Reply{Class: class, TTL: 30 * time.Second, RTT: time.Millisecond, Rcode: "NOERROR"}
	a.AAAA = probe.Reply{Class: probe.DNSNoData, TTL: -1, RTT: time.Millisecond}
	for _, ip := range addrs {
		a.A.Addrs = append(a.A.Addrs, netip.MustParseAddr(ip))
	}
	if class != probe.OK {
		a.AAAA.Class, a.A.Rcode = class, "NXDOMAIN"
	}
	return a
}

func TestRunDNS(t *testing.T) {
	opt := quiet(t)
	opt.ConfigPath = ""
	opt.Resolvers = func() ([]string, error) { return []string{"10.0.0.1:53"}, nil }
	opt.Lookup = func(_ context.Context, name string) probe.Answer {
		return answer(name, "system", probe.OK, "10.0.0.99")
	}
	opt.Resolve = func(_ context.Context, name, server string) probe.Answer {
		if server == "10.0.0.53:53" {
			return answer(name, server, probe.OK, "10.0.0.98")
		}
		return answer(name, server, probe.OK, "10.0.0.99")
	}
	opt.Connect = func(_ context.Context, addr string, _ probe.ConnectOptions) []probe.Reach {
		return []probe.Reach{{Addr: addr, Verdict: probe.ReachOpen, Tries: []probe.Try{{Class: probe.OK, Took: 1200 * time.Millisecond}}}}
	}
	s := fails("10.0.0.5:8000")
	s.Config = config(t, "http { resolver 10.0.0.53; server { location / { proxy_pass http://app.internal:8000; } } }")
	st := NewRunner(opt).Run(t.Context(), 5, s, ongoing, nil)
	wants(t, st, incident.Warn, "resolvers differ", "app.internal is 10.0.0.99", "the gateway's resolver 10.0.0.53:53: app.internal is 10.0.0.98",
		"different addresses for app.internal", "the gateway uses 10.0.0.5 for app.internal", "takes 1.2 s (median of 5)", "lost packet")
	if all := strings.Join(st.Commands, "\n"); !strings.Contains(all, "dig @10.0.0.53 app.internal") || !strings.Contains(all, "getent ahosts app.internal") {
		t.Error(all)
	}
	opt.Lookup = func(_ context.Context, name string) probe.Answer { return answer(name, "system", probe.DNSNotFound) }
	opt.Resolve = func(_ context.Context, name, server string) probe.Answer {
		return answer(name, server, probe.DNSServFail)
	}
	opt.Connect = func(context.Context, string, probe.ConnectOptions) []probe.Reach { return nil }
	wants(t, NewRunner(opt).Run(t.Context(), 5, s, ongoing, nil), incident.Fail, "name not found", "app.internal DNS server failure")
}

func TestRunLoad(t *testing.T) {
	var n atomic.Int32
	addr := listenerAddr(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n.Add(1)
		w.WriteHeader(503)
	}))
	opt := quiet(t)
	s := fails(addr)
	st := NewRunner(opt).Run(t.Context(), 6, s, ongoing, nil)
	wants(t, st, incident.Skipped, "needs a yes", "only after a yes")
	if !strings.Contains(st.Findings[0].Evidence, addr) {
		t.Error("the plan's sentence does not name the target:", st.Findings)
	}
	plan := load.DefaultPlan("http://" + addr + "/")
	plan.Rate, plan.Duration, plan.Steps = 100, 200*time.Millisecond, 1
	opt.Load = load.Run
	s.NoProbe = true
	wants(t, NewRunner(opt).Run(t.Context(), 6, s, ongoing, &plan), incident.Skipped, "not asked")
	if n.Load() != 0 {
		t.Error("load was sent with --no-probe")
	}
	s.NoProbe = false
	wants(t, NewRunner(opt).Run(t.Context(), 6, s, ongoing, &plan), incident.Fail, "failed", "load test ran", "got status 503")
	plan.Method = "DELETE"
	wants(t, NewRunner(opt).Run(t.Context(), 6, s, ongoing, &plan), incident.Skipped, "plan not allowed", "DELETE")
}

func TestJudgeLoad(t *testing.T) {
	ms := time.Millisecond
	for _, tc := range []struct {
		name    string
		out     load.Outcome
		verdict incident.Verdict
		summary string
	}{
		{"fine", load.Outcome{Stages: []load.Stage{{Rate: 10, Achieved: 10, Sent: 100, OK: 100, P50: ms, P99: 4 * ms}}}, incident.Pass, "10/s, p99 4 ms"},
		{"few fail", load.Outcome{Stages: []load.Stage{{Rate: 10, Achieved: 10, Sent: 100, Failed: 2, P50: ms, P99: 4 * ms}}}, incident.Warn, "2 % failed"},
		{"many fail", load.Outcome{Stages: []load.Stage{{Sent: 100, Failed: 50, P50: ms, P99: ms}}, Knee: 40}, incident.Fail, "50 % failed"},
		{"knee", load.Outcome{Stages: []load.Stage{{Sent: 100, P50: ms, P99: ms}}, Knee: 40}, incident.Warn, "knee at 40/s"},
		{"slow", load.Outcome{Stages: []load.Stage{{Sent: 100, P50: ms, P99: ms}, {Sent: 100, P50: ms, P99: 2 * time.Second}}}, incident.Warn, "p99 2 s"},
		{"nothing", load.Outcome{}, incident.Unknown, "nothing sent"},
	} {
		if o := judgeLoad(tc.out, "s"); o.verdict != tc.verdict || o.summary != tc.summary {
			t.Errorf("%s: %s %q, want %s %q", tc.name, o.verdict, o.summary, tc.verdict, tc.summary)
		}
	}
}

func TestRunRecords(t *testing.T) {
	opt := quiet(t)
	opt.ConfigPath = writeConfig(t, "http { access_log /a; server { location / { proxy_pass http://10.0.0.1:1; } location /q { access_log off; proxy_pass http://10.0.0.1:1; } } }")
	s := &incident.Snapshot{Now: now, Sources: []incident.Source{{
		Name: "/a", Gateway: "nginx", Kind: tail.KindAccess, Lines: 5, Parsed: 5, Records: incident.Records{Lines: 5, Client: 5},
	}}}
	st := NewRunner(opt).Run(t.Context(), 7, s, diagnose.Verdict{}, nil)
	wants(t, st, incident.Warn, "data missing", "access_log is off for this route", "/a is written with this format | $remote_addr", "no access log records the upstream address")
	if !strings.HasPrefix(st.Commands[0], "log_format why502 ") || st.Commands[1] != "access_log /a why502;" {
		t.Error(st.Commands)
	}
}

func TestRunNothingKnown(t *testing.T) {
	r := NewRunner(quiet(t))
	for n := 0; n <= 8; n++ {
		st := r.Run(t.Context(), n, &incident.Snapshot{Now: now}, diagnose.Verdict{}, nil)
		if st.Number != n || st.Verdict == incident.Pass || st.Verdict == incident.Fail {
			t.Errorf("step %d: %+v", n, st)
		}
	}
}
