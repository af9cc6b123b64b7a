package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"why502/probe"
	"why502/probe/incident"
	"why502/tail"
	"why502/tail/parse"
)

// measured is a direct probe as the fault lab measured it beside the gateway: the
// words of another program, translated to the classes of package probe.
type measured struct {
	Target string `json:"target"`
	DNS    result `json:"dns"`
	TCP    result `json:"tcp"`
	HTTP   result `json:"http"`
	TLS    result `json:"tls"`
}

type result struct {
	Result string  `json:"result"`
	MS     float64 `json:"ms"`
}

// asked says what the product's own probe would have found: over TLS where the
// gateway speaks TLS to its upstream.
func (m *measured) asked(overTLS bool) probe.Result {
	target := "http://" + m.Target + "/"
	switch {
	case strings.HasPrefix(m.Target, "/"):
		target = "unix:" + m.Target
	case overTLS:
		target = "https://" + m.Target + "/"
	}
	r := probe.Result{Target: probe.Target{URL: target, Origin: "error.log"}}
	r.Timings.Total = time.Duration((m.TCP.MS + m.HTTP.MS) * float64(time.Millisecond))
	switch {
	case m.DNS.Result != "":
		r.Class, r.Phase = classOf(dnsWords, m.DNS.Result), probe.PhaseDNS
	case m.TCP.Result != "connected":
		r.Class, r.Phase = classOf(tcpWords, m.TCP.Result), probe.PhaseConnect
	case overTLS && !strings.HasPrefix(m.TLS.Result, "ok"):
		r.Class, r.Phase = classOf(tlsWords, m.TLS.Result), probe.PhaseTLS
	default:
		answered(&r, m.HTTP.Result, strings.HasPrefix(m.TLS.Result, "ok"))
	}
	return r
}

// wordings translate the beginning of a result, in order.
type wordings []struct {
	begins string
	class  probe.Class
}

var (
	dnsWords = wordings{{"[Errno -2]", probe.DNSNotFound}, {"[Errno -3]", probe.DNSServFail}, {"", probe.DNSTimeout}}
	tcpWords = wordings{
		{"ECONNREFUSED", probe.Refused},
		{"timeout", probe.Timeout},
		{"EHOSTUNREACH", probe.NoRoute},
		{"ENETUNREACH", probe.NetUnreachable},
		{"ENOENT", probe.SocketMissing},
		{"EACCES", probe.Denied},
		{"EAGAIN", probe.SocketBusy},
		{"", probe.Unknown},
	}
	tlsWords = wordings{
		{"CERTIFICATE_VERIFY_FAILED: certificate has expired", probe.TLSExpired},
		{"CERTIFICATE_VERIFY_FAILED: Hostname", probe.TLSName},
		{"CERTIFICATE_VERIFY_FAILED", probe.TLSUnknownIssuer},
		{"WRONG_VERSION_NUMBER", probe.TLSPlain},
		{"timeout", probe.Timeout},
		{"", probe.TLSAlert},
	}
)

func classOf(table wordings, result string) probe.Class {
	for _, w := range table {
		if strings.HasPrefix(result, w.begins) {
			return w.class
		}
	}
	return probe.Unknown
}

// answered reads the first bytes of an answer; tls says that the port speaks TLS.
func answered(r *probe.Result, first string, tls bool) {
	r.Phase, r.FirstBytes = probe.PhaseFirstByte, first
	switch {
	case first == "timeout":
		r.Class = probe.Timeout
	case first == "ECONNRESET" && tls && strings.HasPrefix(r.Target.URL, "http:"):
		r.Class = probe.TLSWanted
	case first == "ECONNRESET":
		r.Class = probe.Reset
	case strings.HasPrefix(first, "closed"):
		r.Class = probe.EOF
	case !strings.HasPrefix(first, "HTTP/1."):
		r.Class = probe.Malformed
	default:
		r.Phase = probe.PhaseDone
		_, _ = fmt.Sscanf(first[len("HTTP/1.1 "):], "%d", &r.Status)
		switch {
		case r.Status == 400 && tls:
			r.Class = probe.TLSWanted
		case r.Status >= 500:
			r.Class = probe.HTTP5xx
		case r.Status >= 400:
			r.Class = probe.HTTP4xx
		default:
			r.Class = probe.OK
		}
	}
}

// withProbe adds the measured probe to a snapshot, asked halfway through the
// failing time.
func (c *capture) withProbe(s *incident.Snapshot, v *Verdict) *incident.Snapshot {
	r := c.probe.asked(strings.HasPrefix(c.fault, "tls_"))
	r.At = v.Incident.Started.Add(s.Traffic.Last.Sub(v.Incident.Started) / 2)
	with := *s
	with.NoProbe = false
	with.Probes = []probe.History{{Target: r.Target, Results: []probe.Result{r}}}
	return &with
}

// first is the first cause of a verdict.
func first(v *Verdict) ID {
	if len(v.Causes) == 0 {
		return "none"
	}
	return v.Causes[0].ID
}

// score counts verdicts against the truth.
type score struct{ all, right, fits, none int }

func (s *score) add(c *capture, got ID) {
	s.all++
	switch {
	case got == c.cause || got == "none" && c.cause == "none":
		s.right++
	case slices.Contains(c.also, got):
		s.fits++
	case got == "none":
		s.none++
	}
}

func (s score) String() string {
	return fmt.Sprintf("%3d of %3d right, %2d named what the evidence also fits, %d silent", s.right, s.all, s.fits, s.none)
}

// TestMatrix diagnoses recorded faults of real gateways, from their logs alone and
// with a direct probe. With -v it prints the table of gateway and fault with the
// true cause, its rank, the error of the onset, the cause named from logs alone and
// with the probe, and the time to the verdict; then sums and a confusion matrix.
func TestMatrix(t *testing.T) {
	if testing.Short() {
		t.Skip("short: thousands of verdicts of one goroutine")
	}
	logs, probed, before := map[string]*score{}, score{}, score{}
	total := score{}
	confused := map[[2]ID]int{}
	var delays []time.Duration
	for _, c := range captures(t) {
		name := c.gateway + "/" + c.fault
		s := snapshotOf(c.at.Add(time.Hour), c.files...)
		v := Evaluate(s)
		got := first(&v)
		if logs[c.gateway] == nil {
			logs[c.gateway] = &score{}
		}
		logs[c.gateway].add(&c, got)
		total.add(&c, got)
		confused[[2]ID{c.cause, got}]++
		if got != c.first {
			t.Errorf("%s: %s first, want %s (true cause %s): %v", name, got, c.first, c.cause, ids(v.Causes))
		}
		with := "-"
		if c.probe != nil && got != "none" {
			w := Evaluate(c.withProbe(s, &v))
			with = string(first(&w))
			probed.add(&c, first(&w))
			before.add(&c, got)
		}
		onset, after := "-", "-"
		if got != "none" {
			off := v.Incident.Started.Sub(c.at)
			onset = fmt.Sprintf("%+.1f s", off.Seconds())
			if off.Abs() > onsetError && !lateOnsets[name] {
				t.Errorf("%s: onset off by %s", name, off)
			}
			if d, ok := c.delay(t, got); ok {
				delays = append(delays, d)
				after = fmt.Sprintf("%.0f s", d.Seconds())
			}
		}
		t.Logf("%-8s %-26s cause %-18s rank %d  onset %-7s logs %-18s with probe %-18s after %s",
			c.gateway, c.fault, c.cause, rankOf(v.Causes, c.cause), onset, got, with, after)
	}
	for _, g := range []string{"nginx", "haproxy", "apache", "caddy", "traefik"} {
		t.Logf("%-8s %s", g, logs[g])
	}
	t.Logf("all      %s", total)
	t.Logf("of those with a probe, logs alone: %s", before)
	t.Logf("                   with the probe: %s", probed)
	logConfusion(t, confused)
	slices.Sort(delays)
	half, most := delays[len(delays)/2], delays[len(delays)*9/10]
	t.Logf("the verdict stands %s after the first failure in half of %d captures, %s in nine of ten, %s in the slowest",
		half, len(delays), most, delays[len(delays)-1])
	if total.right*100 < total.all*80 || probed.right < before.right {
		t.Errorf("logs alone: %s; with the probe: %s", total, probed)
	}
	if most > 6*time.Second {
		t.Errorf("nine of ten verdicts stand only %s after the first failure", most)
	}
}

func logConfusion(t *testing.T, confused map[[2]ID]int) {
	keys := make([][2]ID, 0, len(confused))
	for k := range confused {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]ID) int { return strings.Compare(string(a[0]+a[1]), string(b[0]+b[1])) })
	for _, k := range keys {
		t.Logf("true %-18s named %-18s %d", k[0], k[1], confused[k])
	}
}

// delay feeds the capture's lines second by second and returns how long after the
// first failure the verdict named the cause that it names in the end, and kept to
// it. Times are those of the lines.
func (c *capture) delay(t *testing.T, want ID) (time.Duration, bool) {
	t.Helper()
	now := c.at.Add(time.Hour)
	begin, end := c.failing(now)
	if begin.IsZero() {
		return 0, false
	}
	right := time.Time{}
	for at := begin.Add(time.Second); ; at = at.Add(time.Second) {
		files := make([]logFile, 0, len(c.files))
		for _, f := range c.files {
			files = append(files, before(f, now, at))
		}
		v := Evaluate(snapshotOf(now, files...))
		switch {
		case first(&v) != want:
			right = time.Time{}
		case right.IsZero():
			right = at
		}
		if at.After(end) {
			break
		}
	}
	if right.IsZero() {
		return 0, false
	}
	return right.Sub(begin), true
}

// failing returns the second of the first failed request or telling error line
// after the fault began, and the time of the last line.
func (c *capture) failing(now time.Time) (begin, end time.Time) {
	since := c.at.Truncate(time.Second)
	for _, f := range c.files {
		env := parse.Env{Now: now, Zone: time.UTC}
		parse.Detect(f.data, env).NewRecords(env).Read(f.data, 0, false, func(ev *tail.Event, _ uint64, _ int) {
			at := ev.When()
			if at.After(end) {
				end = at
			}
			id, _ := ReadEvent(ev)
			if at.Before(since) || !ev.Failed() && (id == "" || id == ClientAbort) {
				return
			}
			if begin.IsZero() || at.Before(begin) {
				begin = at
			}
		})
	}
	return begin.Truncate(time.Second), end
}
