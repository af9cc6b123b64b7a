package demo

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"why502/probe/gateway"
	"why502/tail"
	"why502/tail/parse"
)

// fast is a demo whose phases take parts of a second.
func fast(t *testing.T, incident string) Options {
	return Options{
		Incident: incident, Dir: t.TempDir(), Rate: 60,
		Healthy: 500 * time.Millisecond, Failing: 1500 * time.Millisecond, Recovered: time.Minute,
		Connect: 250 * time.Millisecond, Read: 250 * time.Millisecond,
	}
}

// wanted is what the logs of an incident must show: statuses of failing requests
// and messages, as patterns.
var wanted = map[string]struct {
	statuses []int
	messages []string
	minority bool // most requests go well even while it fails
	upstream bool // the failing statuses are the upstream's own: no error lines
}{
	"upstream-down":  {statuses: []int{502}, messages: []string{`^connect\(\) failed \(111: Connection refused\) while connecting to upstream$`}},
	"maintenance":    {statuses: []int{503}, upstream: true},
	"firewall":       {statuses: []int{504}, messages: []string{`^upstream timed out \(110: Connection timed out\) while connecting to upstream$`}},
	"dns":            {statuses: []int{502}, messages: []string{`^shop\.demo\.internal could not be resolved \(3: Host not found\)$`}},
	"gateway-config": {statuses: []int{502}, messages: []string{`^signal 1 \(SIGHUP\) received, reconfiguring$`, `^upstream sent no valid HTTP/1\.0 header while reading response header from upstream$`}},
	"bad-response": {statuses: []int{502}, minority: true, messages: []string{
		`^upstream prematurely closed connection while reading response header from upstream$`,
		`^recv\(\) failed \(104: Connection reset by peer\) while reading response header from upstream$`,
		`^upstream sent invalid header: "X-Trace\\x00\.\.\." while reading response header from upstream$`,
	}},
	"timeout":        {statuses: []int{504}, messages: []string{`^upstream timed out \(110: Connection timed out\) while reading response header from upstream$`}},
	"tls":            {statuses: []int{502}, messages: []string{`^upstream SSL certificate verify error: \(10:certificate has expired\) while SSL handshaking to upstream$`}},
	"keepalive-race": {statuses: []int{502}, minority: true, messages: []string{`^recv\(\) failed \(104: Connection reset by peer\) while reading response header from upstream$`}},
	"overload":       {statuses: []int{504}, messages: []string{`^upstream timed out \(110: Connection timed out\) while (reading response header from|connecting to) upstream$`}},
}

// TestIncidents runs every incident once through its phases.
func TestIncidents(t *testing.T) {
	for _, in := range Incidents() {
		t.Run(in.Name, func(t *testing.T) {
			t.Parallel()
			opt := fast(t, in.Name)
			if in.Name == "overload" {
				opt.Failing, opt.Rate = 3*time.Second, 30
				opt.Read = time.Second // longer than the upstream waits for a worker
			}
			d, err := Start(t.Context(), opt)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if _, err := gateway.Read(d.Config); err != nil {
				t.Errorf("the configuration is not readable: %v", err)
			}
			await(t, d)
			checkLogs(t, d)
			dir := d.dir
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("the folder is still there: %v", err)
			}
		})
	}
}

// await waits until the access log shows health, failure and then health again.
func await(t *testing.T, d *Demo) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		story := story(t, d)
		if strings.Contains(story, "healthy failing recovered") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the access log shows only %q\n%s", story, read(t, d.Sources[1]))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// story tells the phases that the access log shows: at least ten good answers,
// then failures, then twenty good answers in a row.
func story(t *testing.T, d *Demo) string {
	t.Helper()
	good, failed, run := 0, 0, 0
	for _, ev := range events(t, d.Sources[0]) {
		switch {
		case ev.failed:
			failed++
			run = 0
		case failed == 0:
			good++
		default:
			run++
		}
	}
	var words []string
	if good >= 10 {
		words = append(words, "healthy")
	}
	if failed >= 3 {
		words = append(words, "failing")
	}
	// In an incident of a minority good answers come while it fails; its end is
	// known by the reset of the behavior.
	over := run >= 20
	if wanted[d.Incident.Name].minority {
		over = over && d.up.faulty.Load() == nil
	}
	if failed >= 3 && over {
		words = append(words, "recovered")
	}
	return strings.Join(words, " ")
}

// seen is what a test keeps of an event.
type seen struct {
	kind          tail.Kind
	format        string
	status        int
	failed        bool
	message, line string
	attempts      int
	upstream      string
	own           bool // the upstream answered by itself
}

// events parses a log; all of its lines must be understood.
func events(t *testing.T, path string) []seen {
	t.Helper()
	data := read(t, path)
	if i := bytes.LastIndexByte(data, '\n'); i >= 0 {
		data = data[:i+1]
	}
	env := parse.Env{Now: time.Now(), Zone: time.Local}
	lines := parse.Detect(data, env).NewParser(env)
	var all []seen
	var ev tail.Event
	for line := range bytes.Lines(data) {
		lines.Parse(bytes.TrimRight(line, "\n"), &ev)
		s := seen{kind: ev.Kind, format: ev.Format, status: ev.Status, failed: ev.Failed(), message: string(ev.Message), line: string(line), attempts: len(ev.Attempts)}
		if a := ev.Last(); a != nil {
			s.upstream, s.own = string(a.Addr), a.Header >= 0
		}
		if since := time.Since(ev.When()); since > time.Hour || since < -time.Hour {
			t.Errorf("a line's time is %v from now: %s", since, line)
		}
		all = append(all, s)
	}
	return all
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// checkLogs holds the logs to what the incident is made of.
func checkLogs(t *testing.T, d *Demo) {
	t.Helper()
	want := wanted[d.Incident.Name]
	failures := map[int]int{}
	for _, ev := range events(t, d.Sources[0]) {
		if ev.kind != tail.KindAccess {
			t.Fatalf("not an access line: %s", ev.line)
		}
		if ev.failed {
			failures[ev.status]++
			if d.Incident.Name != "overload" && want.upstream != ev.own {
				t.Errorf("the upstream answered by itself: %v, want %v: %s", ev.own, want.upstream, ev.line)
			}
		}
	}
	for _, status := range want.statuses {
		if failures[status] == 0 {
			t.Errorf("no request failed with %d, but with %v", status, failures)
		}
	}
	messages := events(t, d.Sources[1])
	for _, pattern := range want.messages {
		re := regexp.MustCompile(pattern)
		if !slices.ContainsFunc(messages, func(ev seen) bool { return re.MatchString(ev.message) }) {
			t.Errorf("no message fits %s:\n%s", pattern, read(t, d.Sources[1]))
		}
	}
	for _, ev := range messages {
		if ev.kind != tail.KindError || ev.format != "nginx-error" {
			t.Errorf("%s: not an nginx error line (%s)", ev.line, ev.format)
		}
		if strings.Contains(ev.line, "[alert]") || want.upstream && strings.Contains(ev.line, "[error]") {
			t.Errorf("unwanted: %s", ev.line)
		}
	}
}

// TestNothingIsLeft: after Close no goroutine and no file stays.
func TestNothingIsLeft(t *testing.T) {
	before := goroutines()
	for _, in := range []string{"timeout", "dns", "tls", "firewall", "overload", "keepalive-race", "gateway-config"} {
		opt := fast(t, in)
		opt.Healthy, opt.Connect, opt.Read = time.Millisecond, 50*time.Millisecond, time.Minute
		d, err := Start(t.Context(), opt)
		if err != nil {
			t.Fatal(err)
		}
		served := time.Now().Add(20 * time.Second)
		for len(read(t, d.Sources[0])) == 0 && time.Now().Before(served) { // a request went through
			time.Sleep(10 * time.Millisecond)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if err := d.Close(); err != nil {
			t.Errorf("the second Close: %v", err)
		}
		if left, err := os.ReadDir(opt.Dir); err != nil || len(left) > 0 {
			t.Errorf("%s left %v, %v", in, left, err)
		}
		deadline := time.Now().Add(20 * time.Second)
		for goroutines() > before {
			if time.Now().After(deadline) {
				buf := make([]byte, 1<<20)
				t.Fatalf("%s left goroutines:\n%s", in, buf[:runtime.Stack(buf, true)])
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// goroutines counts those that run code of the demo, of net/http or of the name
// server.
func goroutines() int {
	buf := make([]byte, 4<<20)
	n := 0
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "net/http") || strings.Contains(g, "miekg/dns") || strings.Contains(g, "why502/probe/demo.(") {
			n++
		}
	}
	return n
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	opt := fast(t, "")
	d, err := Start(ctx, opt)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	<-d.done
	if left, err := os.ReadDir(opt.Dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if d.Incident.Name != Default {
		t.Errorf("the default incident is %q", d.Incident.Name)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// TestTotalBoundsTraffic: after Total no requests come and the upstream is well.
func TestTotalBoundsTraffic(t *testing.T) {
	opt := fast(t, "upstream-down")
	opt.Healthy, opt.Total = 50*time.Millisecond, 200*time.Millisecond
	d, err := Start(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	d.work.Wait()
	before := len(read(t, d.Sources[0]))
	resp, err := http.Get(d.Endpoints[0])
	if err != nil {
		t.Fatalf("the upstream did not come back: %v", err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d", resp.StatusCode)
	}
	if after := len(read(t, d.Sources[0])); after != before {
		t.Error("requests came after the end")
	}
}

// TestHeldConnects: without a filter the gateway's connects get no answer.
func TestHeldConnects(t *testing.T) {
	d, err := Start(t.Context(), fast(t, "maintenance"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	d.gw.held.Store(true)
	resp, err := http.Get(d.Gateway)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	log := string(read(t, d.Sources[1]))
	if resp.StatusCode != http.StatusGatewayTimeout || !strings.Contains(log, "(110: Connection timed out) while connecting to upstream") {
		t.Errorf("status %d, error log:\n%s", resp.StatusCode, log)
	}
}

// TestFirewallDropsForAll: a direct connect gets no answer either, where the
// system has filters.
func TestFirewallDropsForAll(t *testing.T) {
	u, err := newUpstream(false)
	if err != nil {
		t.Fatal(err)
	}
	defer u.stop()
	ask := func() error {
		c, err := net.DialTimeout("tcp", u.addr, 300*time.Millisecond)
		if err == nil {
			c.Close()
		}
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	if err := u.filter(true); err != nil {
		t.Skipf("no socket filter here (%v): the gateway's connects are held instead", err)
	}
	err = ask()
	if timeout := net.Error(nil); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("a filtered connect ended with %v", err)
	}
	if err := u.filter(false); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err != nil {
		t.Errorf("after the filter: %v", err)
	}
}

func TestUnknownIncident(t *testing.T) {
	_, err := Start(t.Context(), Options{Incident: "flood", Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "upstream-down") {
		t.Errorf("the error names no known incident: %v", err)
	}
	if _, err := Start(t.Context(), Options{Dir: t.TempDir() + "/none"}); err == nil {
		t.Error("a demo without a folder started")
	}
}

// TestListIsComplete: each cause that the seed's issue names has an incident.
func TestListIsComplete(t *testing.T) {
	causes := map[string]bool{}
	for _, in := range Incidents() {
		causes[in.Cause] = true
		if in.Name == "" || in.Title == "" || in.What == "" || wanted[in.Name].statuses == nil {
			t.Errorf("%q is not complete", in.Name)
		}
	}
	for _, c := range []string{"overload", "maintenance", "upstream-down", "firewall", "dns", "gateway-config", "bad-response", "timeout", "tls"} {
		if !causes[c] {
			t.Errorf("no incident for %s", c)
		}
	}
	var b strings.Builder
	if err := Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, c := range Choices() {
		if !strings.Contains(b.String(), c[0]+" ") || !strings.Contains(b.String(), c[1]+"\n") {
			t.Errorf("the list lacks %s", c)
		}
	}
}
