package pane

import (
	"strconv"
	"strings"
	"time"

	"why502/probe"
	"why502/tail"
	"why502/themes"
)

// Upstream is the page of one upstream: how far the last probe came, the latest
// results, its certificate and the requests that failed on it.
type Upstream struct {
	addr string
	page page
}

// Title is the address.
func (u *Upstream) Title(*Input) string { return "Upstream " + tail.Safe(u.addr, 60) }

// The most results and requests that the page lists.
const (
	mostResults  = 12
	mostRequests = 20
)

func (u *Upstream) lines(in *Input) []docLine {
	up := in.find(u.addr)
	t := text{in: in}
	sign, role := upstreamSign(in, &up)
	t.add(as(role, sign+" "+tail.Safe(u.addr, 200)), dim("  "), as(role, probeWord(in, &up)), dim(u.origin(in, &up)))
	t.add(dim("  in the log: "), logShare(in, &up, 20), dim(latencyWord(&up)))
	if last := up.last(); last != nil {
		t.bars(last)
		t.results(up.history)
		t.cert(last)
		t.curl(&up.history.Target)
	} else {
		t.blank()
		t.wrapped(txt("  "), dim(u.unasked(in)))
	}
	t.requests(&up)
	return t.lines
}

func (u *Upstream) origin(in *Input, up *upstream) string {
	if up.history == nil {
		return ""
	}
	s := "  known from " + tail.Safe(up.history.Target.Origin, 60)
	if !up.history.Since.IsZero() {
		s += ", so since " + in.clock(up.history.Since)
	}
	return s
}

func latencyWord(up *upstream) string {
	if up.latency.Count == 0 {
		return ""
	}
	return "  p50 " + Duration(up.latency.P50) + "  p95 " + Duration(up.latency.P95) + "  p99 " + Duration(up.latency.P99)
}

func (u *Upstream) unasked(in *Input) string {
	if in.Snap.NoProbe {
		return "It is not asked directly: the program was started with --no-probe."
	}
	return "It was not asked directly yet. A name without a port (a group of the gateway's configuration) can't be; -e URL names it."
}

// bars shows each phase with its time and its share of the whole.
func (t *text) bars(r *probe.Result) {
	in := t.in
	t.section("Last probe " + in.clock(r.At) + "  " + tail.Safe(r.Target.URL, 120))
	longest := max(r.Timings.Total, 1)
	for _, ph := range phases(r) {
		name := dim("  " + in.P.Fit(ph.phase.String(), 11))
		bad := !r.Class.Healthy() && ph.phase == r.Phase
		switch {
		case bad:
			took := ph.took
			if took < 0 {
				took = r.Timings.Total
			}
			t.add(name, fail(in.P.FitRight(Duration(took), 9)+"  "), drawn(in.P.Bar(24, share(took, longest), themes.Fail)),
				fail("  "+in.P.Glyphs.Fail+" "+string(r.Class)), dim("  "+classWords[r.Class]))
		case ph.took < 0:
			t.add(name, dim(in.P.FitRight("-", 9)+"  "+skippedWhy(r, ph.phase)))
		default:
			t.add(name, txt(in.P.FitRight(Duration(ph.took), 9)+"  "), drawn(in.P.Bar(24, share(ph.took, longest), themes.OK)),
				good("  "+in.P.Glyphs.OK))
		}
	}
	t.add(dim("  "+in.P.Fit("total", 11)), txt(in.P.FitRight(Duration(r.Timings.Total), 9)), dim(answer(r)))
	if r.Err != "" {
		t.wrapped(dim("  error      "), txt(tail.Safe(r.Err, 500)))
	}
	if r.FirstBytes != "" {
		t.wrapped(dim("  it said    "), txt(tail.Safe(r.FirstBytes, 300)))
	}
}

func share(part, whole time.Duration) float64 { return float64(part) / float64(whole) }

// answer is what an HTTP answer said of itself.
func answer(r *probe.Result) string {
	var words []string
	if r.Peer != "" {
		words = append(words, "peer "+tail.Safe(r.Peer, 60))
	}
	if r.Status > 0 {
		words = append(words, strings.TrimSpace(tail.Safe(r.Proto, 20)+" "+strconv.Itoa(r.Status)))
	}
	if r.Server != "" {
		words = append(words, "Server: "+tail.Safe(r.Server, 60))
	}
	if r.RetryAfter != "" {
		words = append(words, "Retry-After: "+tail.Safe(r.RetryAfter, 40))
	}
	if r.HeaderBytes > 0 {
		words = append(words, "header "+Bytes(uint64(r.HeaderBytes)))
	}
	if len(words) == 0 {
		return ""
	}
	return "  " + strings.Join(words, ", ")
}

// skippedWhy says why a phase has no time.
func skippedWhy(r *probe.Result, p probe.Phase) string {
	switch {
	case p > r.Phase:
		return "not reached"
	case p == probe.PhaseDNS:
		return "an address, no name to resolve"
	case p == probe.PhaseTLS:
		return "no TLS spoken"
	}
	return "not needed"
}

// classWords say what a class means, for who never saw it.
var classWords = map[probe.Class]string{
	probe.Refused:          "nothing listens there, or a firewall answers for it",
	probe.Timeout:          "no answer in time",
	probe.Reset:            "the connection was torn down",
	probe.NoRoute:          "no route to the host, or a firewall says so",
	probe.NetUnreachable:   "no route to the network",
	probe.Denied:           "this machine forbids it: local firewall, socket mode or SELinux",
	probe.SocketMissing:    "the unix socket does not exist",
	probe.SocketBusy:       "the unix socket's queue is full",
	probe.DNSNotFound:      "the name does not exist",
	probe.DNSServFail:      "the resolver failed",
	probe.DNSTimeout:       "the resolver did not answer",
	probe.TLSExpired:       "the certificate is expired or not yet valid",
	probe.TLSName:          "the certificate is for another name",
	probe.TLSUnknownIssuer: "who issued the certificate is not trusted here",
	probe.TLSPlain:         "it does not speak TLS",
	probe.TLSAlert:         "it refused the handshake",
	probe.TLSClientCert:    "it wants a client certificate",
	probe.EOF:              "it closed without an answer",
	probe.Malformed:        "the answer is not valid HTTP",
	probe.HeaderTooBig:     "the answer's header is too big for gateways",
	probe.ShortBody:        "the body ended early",
	probe.HTTP5xx:          "it answers, but with an error of its own",
}

// results lists the latest results, newest first.
func (t *text) results(h *probe.History) {
	in := t.in
	ok := 0
	for i := range h.Results {
		if h.Results[i].Class.Healthy() {
			ok++
		}
	}
	t.section("Latest results  " + strconv.Itoa(ok) + " of " + strconv.Itoa(len(h.Results)) + " healthy")
	for i := len(h.Results) - 1; i >= 0 && i >= len(h.Results)-mostResults; i-- {
		r := &h.Results[i]
		sign, role := in.P.Glyphs.OK, themes.OK
		if !r.Class.Healthy() {
			sign, role = in.P.Glyphs.Fail, themes.Fail
		}
		status := ""
		if r.Status > 0 {
			status = "HTTP " + strconv.Itoa(r.Status)
		}
		t.add(dim("  "+in.P.Fit(in.clock(r.At), 9)), as(role, sign+" "+in.P.Fit(string(r.Class), 19)),
			txt(in.P.FitRight(Duration(r.Timings.Total), 9)), dim("  "+in.P.Fit("at "+r.Phase.String(), 13)+status))
	}
}

// cert shows the certificate of a TLS probe.
func (t *text) cert(r *probe.Result) {
	if r.Cert == nil {
		return
	}
	c := r.Cert
	t.section("Certificate")
	t.wrapped(dim("  subject    "), txt(tail.Safe(c.Subject, 300)))
	t.wrapped(dim("  issuer     "), txt(tail.Safe(c.Issuer, 300)))
	t.wrapped(dim("  names      "), txt(tail.Safe(strings.Join(c.Names, ", "), 500)))
	until := c.NotAfter.Sub(t.in.Snap.Now)
	valid := "valid until " + c.NotAfter.In(t.in.Zone).Format("2006-01-02 15:04")
	switch {
	case t.in.Snap.Now.Before(c.NotBefore):
		t.add(dim("  validity   "), fail("not valid before "+c.NotBefore.In(t.in.Zone).Format("2006-01-02 15:04")))
	case until <= 0:
		t.add(dim("  validity   "), fail("expired "+Span(-until)+" ago, "+valid))
	case until < 14*24*time.Hour:
		t.add(dim("  validity   "), warn(Span(until)+" left, "+valid))
	default:
		t.add(dim("  validity   "), txt(Span(until)+" left, "+valid))
	}
	t.add(dim("  chain      "), txt(Plural(c.Chain, "certificate")+" sent"))
}

// curl is the command that asks the same by hand.
func (t *text) curl(target *probe.Target) {
	url, ok := target.URL, strings.HasPrefix(target.URL, "http://") || strings.HasPrefix(target.URL, "https://")
	cmd := "curl -sv -o /dev/null --max-time 5 "
	if target.Host != "" {
		cmd += "-H " + quote("Host: "+target.Host) + " "
	}
	if sock, unix := strings.CutPrefix(target.URL, "unix:"); unix {
		cmd, url, ok = cmd+"--unix-socket "+quote(sock)+" ", "http://localhost/", true
	}
	if ok {
		t.section("The same by hand")
		t.command(cmd + quote(url))
	}
}

// quote makes s one word of a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// requests lists the newest requests that failed on the upstream.
func (t *text) requests(up *upstream) {
	records := t.in.selected(&Selection{Upstream: up.addr, Failed: true})
	if len(records) == 0 {
		return
	}
	t.section("Newest requests that failed on it, " + strconv.Itoa(len(records)) + " kept")
	cols := listColumns(t.in)
	for i := len(records) - 1; i >= 0 && i >= len(records)-mostRequests; i-- {
		l := t.add(append([]part{txt("  ")}, cols.parts(t.in, records[i], t.in.reasons())...)...)
		l.open, l.copy, l.what = lineTarget(records[i]), records[i].Line.Text, "line"
	}
}

// Lines shows the page.
func (u *Upstream) Lines(in *Input) []string { return u.page.draw(in, u.lines(in)) }

// Below is how many lines are out of sight.
func (u *Upstream) Below(in *Input) int { return u.page.below(in, u.lines(in)) }

// Do moves over the lines and opens a request.
func (u *Upstream) Do(in *Input, a Action) Effect { return u.page.do(in, a, u.lines(in)) }

// Copy gives the line under the cursor or the command.
func (u *Upstream) Copy(in *Input) (text, what string) { return u.page.copy(in, u.lines(in)) }
