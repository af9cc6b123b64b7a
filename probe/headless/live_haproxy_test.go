//go:build linux

package headless_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const haproxyConf = `
global
    log 127.0.0.1:{{syslog}} local0
    stats socket {{dir}}/admin.sock mode 600 level admin
    maxconn 500
defaults
    mode http
    log global
    option httplog
    timeout connect 1s
    timeout client 20s
    timeout server 1s
    timeout queue 300ms
    retries 1
frontend fe_main
    bind 127.0.0.1:{{port}}
    {{rules}}
    default_backend app
backend app
    server s1 {{app}} {{options}}
{{more}}
`

// haproxy is a running HAProxy whose log a small syslog server writes to a file, in
// the shape rsyslog gives it.
type haproxy struct {
	dir, base, log string
}

func startHAProxy(t *testing.T, app, options, rules, more string) *haproxy {
	t.Helper()
	path := need(t, "haproxy")
	dir := t.TempDir()
	port := freePort(t)
	h := &haproxy{dir: dir, base: fmt.Sprintf("http://127.0.0.1:%d", port), log: filepath.Join(dir, "haproxy.log")}
	conf := strings.NewReplacer("{{dir}}", dir, "{{port}}", fmt.Sprint(port), "{{app}}", app, "{{options}}", options,
		"{{rules}}", rules, "{{more}}", more, "{{syslog}}", fmt.Sprint(syslogTo(t, h.log))).Replace(haproxyConf)
	file := filepath.Join(dir, "haproxy.cfg")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	p := start(t, dir, path, "-db", "-f", file)
	eventually(t, "haproxy "+p.out.String(), listening(fmt.Sprintf("127.0.0.1:%d", port)))
	return h
}

// syslogTo receives syslog over UDP and appends it to a file without the priority
// and with a host name, as rsyslog's default template does.
func syslogTo(t *testing.T, file string) int {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 64<<10)
		for {
			n, _, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			line := string(buf[:n])
			if i := strings.IndexByte(line, '>'); i >= 0 {
				line = line[i+1:]
			}
			const stamp = len("Jan _2 15:04:05")
			if len(line) > stamp {
				line = line[:stamp] + " gw1" + line[stamp:]
			}
			if _, err := f.WriteString(strings.TrimRight(line, "\n") + "\n"); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { pc.Close(); <-done; f.Close() })
	return pc.LocalAddr().(*net.UDPAddr).Port
}

// admin sends a command to HAProxy's stats socket.
func (h *haproxy) admin(t *testing.T, command string) {
	t.Helper()
	c, err := net.Dial("unix", filepath.Join(h.dir, "admin.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(command + "\n")); err != nil {
		t.Fatal(err)
	}
	_, _ = c.Read(make([]byte, 4096))
}

// TestLiveHAProxy does for HAProxy what TestLiveNginx does for nginx.
func TestLiveHAProxy(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	cases := []struct {
		name, cause string
		or          string // a cause that the log allows as well
		path        string
		options     string
		more        func(t *testing.T) (rules, backends string)
		fault       func(t *testing.T, h *haproxy, app *process)
		n           int
	}{
		{
			name: "upstream-down", cause: "upstream-down", path: "/api/items/{n}", options: "check inter 300ms",
			fault: func(_ *testing.T, _ *haproxy, app *process) { app.stop() },
		},
		{name: "timeout", cause: "timeout", path: "/slow", n: 8},
		// How often others wait for the next worker meanwhile decides what it looks like.
		{name: "worker dies", cause: "bad-response", or: "upstream-down", path: "/die", n: 8},
		{name: "application error", cause: "application-error", path: "/boom"},
		{
			name: "maintenance", cause: "maintenance", path: "/api/items/{n}",
			fault: func(t *testing.T, h *haproxy, _ *process) { h.admin(t, "set server app/s1 state maint") },
		},
		{name: "queue full", cause: "overload", path: "/slow", options: "maxconn 1", n: 24},
		{
			name: "tls expired", cause: "tls", path: "/secure",
			more: func(t *testing.T) (string, string) {
				addr, ca := expiredServer(t)
				return "use_backend secure if { path_beg /secure }",
					fmt.Sprintf("backend secure\n    server t1 %s ssl verify required ca-file %s verifyhost shop.internal check inter 300ms disabled\n", addr, ca)
			},
			fault: func(t *testing.T, h *haproxy, _ *process) {
				h.admin(t, "enable server secure/t1")
				eventually(t, "the failed check", func() bool { return contains(h.log, "Layer6") })
			},
		},
		{
			// PH-- is what a broken application gives as well.
			name: "not HTTP", cause: "gateway-config", or: "bad-response", path: "/ssh",
			more: func(t *testing.T) (string, string) {
				return "use_backend ssh if { path_beg /ssh }", fmt.Sprintf("backend ssh\n    server b1 %s\n", banner(t, "SSH-2.0-OpenSSH_9.2p1\r\n"))
			},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			proc, app := startApp(t, t.TempDir())
			var rules, backends string
			if c.more != nil {
				rules, backends = c.more(t)
			}
			h := startHAProxy(t, app, c.options, rules, backends)
			// One by one: a server that takes one at a time has no queue.
			if got := askAtOnce(t, h.base, "/api/items/{n}", 60, 1); got[200] != 60 {
				t.Fatalf("not healthy at first: %v", got)
			}
			fault := [2]time.Time{settle(t, h.base)}
			if c.fault != nil {
				c.fault(t, h, proc)
			}
			fault[1] = time.Now()
			asked := ask(t, h.base, c.path, requests(c.n))
			eventually(t, "the log of all requests", func() bool { return logged(h.log) >= 62+requests(c.n) })
			v := reportOn(t, "--no-probe", h.log)
			t.Logf("clients saw %v; %+v", asked, v.Causes)
			wantCause(t, v, c.cause, c.or, fault)
		})
	}
}

// logged counts the requests in the log.
func logged(file string) int {
	data, _ := os.ReadFile(file)
	return strings.Count(string(data), ` "GET /`)
}

func contains(file, text string) bool {
	data, _ := os.ReadFile(file)
	return strings.Contains(string(data), text)
}
