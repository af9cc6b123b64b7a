package checklist

import (
	"strconv"
	"strings"
	"time"

	"why502/probe"
	"why502/probe/incident"
)

func percent(share float64) string { return strconv.FormatFloat(share*100, 'f', 0, 64) + " %" }

// classWords say a probe's end in a few words and in a sentence. Where a class
// may end in several phases, the sentence holds for each.
var classWords = map[probe.Class]struct{ short, long string }{
	probe.OK:               {"answers", "answers"},
	probe.Refused:          {"refused", "refuses the connection at once: the host is up, nothing listens on the port (or a firewall rejects it)"},
	probe.Timeout:          {"timed out", "did not answer in time"},
	probe.Reset:            {"reset", "took the connection and reset it"},
	probe.NoRoute:          {"no route", "can't be reached: no route to the host, it is gone or a firewall rejects the packets"},
	probe.NetUnreachable:   {"net unreachable", "can't be reached: this machine has no route to its network"},
	probe.Denied:           {"denied", "may not be connected to: a local firewall, the socket's rights or SELinux forbids it"},
	probe.SocketMissing:    {"socket missing", "has no socket file: the application is not running or uses another path"},
	probe.SocketBusy:       {"backlog full", "has a full accept queue: the application does not take connections fast enough"},
	probe.DNSNotFound:      {"name not found", "has a name that does not exist"},
	probe.DNSServFail:      {"DNS server failure", "has a name that the resolver failed to resolve"},
	probe.DNSTimeout:       {"DNS timed out", "has a name that the resolver did not answer for"},
	probe.DNSNoData:        {"name has no address", "has a name without an address"},
	probe.DNSRefused:       {"DNS refused", "has a name that the resolver refuses to answer for"},
	probe.DNSLoop:          {"DNS alias loop", "has a name whose aliases run in a circle"},
	probe.LocalLimit:       {"out of ports", "can't be connected to: this machine is out of ports or descriptors"},
	probe.TLSExpired:       {"certificate expired", "shows a certificate that is expired or not yet valid"},
	probe.TLSName:          {"wrong certificate", "shows a certificate for another name"},
	probe.TLSUnknownIssuer: {"unknown issuer", "shows a certificate of an issuer this machine does not trust"},
	probe.TLSPlain:         {"no TLS there", "speaks plain HTTP where TLS is expected"},
	probe.TLSAlert:         {"TLS refused", "refuses the TLS handshake"},
	probe.TLSClientCert:    {"wants certificate", "wants a client certificate"},
	probe.TLSWanted:        {"speaks TLS", "speaks TLS where plain HTTP is expected"},
	probe.EOF:              {"closed early", "takes the connection and closes it without an answer"},
	probe.Malformed:        {"not HTTP", "answers something that is not HTTP: the wrong port or protocol"},
	probe.HeaderTooBig:     {"header too big", "answers with a header larger than gateways take by default"},
	probe.ShortBody:        {"body cut short", "ends its body before the announced length"},
	probe.HTTP4xx:          {"answers", "answers"},
	probe.HTTP5xx:          {"answers 5xx", "answers by itself with a server error"},
}

// short says a result in a few words.
func short(r *probe.Result) string {
	switch r.Class {
	case probe.OK, probe.HTTP4xx:
		if r.Status > 0 {
			return strconv.Itoa(r.Status) + ", " + took(r.Timings.Total)
		}
		return "connects, " + took(r.Timings.Total)
	case probe.HTTP5xx:
		return "answers " + strconv.Itoa(r.Status)
	case probe.Timeout:
		switch r.Phase {
		case probe.PhaseConnect:
			return "connect timed out"
		case probe.PhaseTLS:
			return "TLS timed out"
		case probe.PhaseBody:
			return "body timed out"
		}
		return "no answer in time"
	case probe.Refused:
		return "refused, " + took(r.Timings.Total)
	}
	if w, ok := classWords[r.Class]; ok {
		return w.short
	}
	return "failed"
}

// long says a result in a sentence that begins with the address.
func long(addr string, r *probe.Result) string {
	switch {
	case r.Class == probe.Timeout && r.Phase == probe.PhaseConnect:
		return addr + " does not answer the connect: packets are dropped (firewall), the host is gone, or its accept queue is full"
	case r.Class == probe.Timeout && r.Phase == probe.PhaseTLS:
		return addr + " takes the connection but does not answer the TLS handshake"
	case r.Class == probe.Timeout && r.Phase == probe.PhaseFirstByte:
		return addr + " takes the connection but sends no answer in time: the application hangs or is overloaded"
	case r.Class == probe.Refused && strings.HasPrefix(addr, "unix:"):
		return addr + " refuses: the socket file is there but no process listens on it any more"
	case r.Status > 0 && (r.Class == probe.OK || r.Class == probe.HTTP4xx || r.Class == probe.HTTP5xx):
		text := addr + " answers " + strconv.Itoa(r.Status) + " after " + took(r.Timings.Total)
		if r.RetryAfter != "" {
			text += ", Retry-After " + r.RetryAfter
		}
		return text
	case r.Class == probe.OK:
		return addr + " takes the connection after " + took(r.Timings.Total)
	}
	if w, ok := classWords[r.Class]; ok {
		return addr + " " + w.long
	}
	return addr + " could not be asked"
}

// evidence is what a result measured.
func evidence(r *probe.Result) string {
	var parts []string
	if r.Err != "" {
		parts = append(parts, r.Err)
	}
	for _, t := range []struct {
		name string
		took int64
	}{
		{"dns", int64(r.Timings.DNS)},
		{"connect", int64(r.Timings.Connect)},
		{"tls", int64(r.Timings.TLS)},
		{"first byte", int64(r.Timings.FirstByte)},
		{"total", int64(r.Timings.Total)},
	} {
		if t.took >= 0 {
			parts = append(parts, t.name+" "+took(time.Duration(t.took)))
		}
	}
	if r.Peer != "" {
		parts = append(parts, "at "+r.Peer)
	}
	if r.HeaderBytes > 0 {
		parts = append(parts, "header "+strconv.Itoa(r.HeaderBytes)+" bytes")
	}
	if !r.At.IsZero() {
		parts = append(parts, r.At.UTC().Format("15:04:05Z"))
	}
	return strings.Join(parts, ", ")
}

// verdictOf judges one direct answer: an answer below 500 is alive, a 5xx is
// alive but ill, everything else is not.
func verdictOf(r *probe.Result) incident.Verdict {
	switch {
	case r.Class.Healthy():
		return incident.Pass
	case r.Class == probe.HTTP5xx, r.Class == probe.HeaderTooBig:
		return incident.Warn
	}
	return incident.Fail
}

// phrases are the words of log lines by which a step's summary names a failure,
// the more exact first.
var phrases = []struct{ in, short string }{
	{"no live upstreams", "no live upstreams"},
	{"Connection refused", "refused"},
	{"connection refused", "refused"},
	{"(111:", "refused"},
	{"No route to host", "no route"},
	{"no route to host", "no route"},
	{"Network is unreachable", "net unreachable"},
	{"network is unreachable", "net unreachable"},
	{"Permission denied", "permission denied"},
	{"permission denied", "permission denied"},
	{"No such file", "socket missing"},
	{"no such file", "socket missing"},
	{"could not be resolved", "not resolved"},
	{"no such host", "not resolved"},
	{"server misbehaving", "DNS failure"},
	{"DNS lookup failure", "not resolved"},
	{"too big header", "header too big"},
	{"prematurely closed", "closed early"},
	{"Connection reset by peer", "reset"},
	{"connection reset by peer", "reset"},
	{"SSL_do_handshake", "TLS handshake"},
	{"certificate", "certificate"},
	{"SSL", "TLS"},
	{"tls:", "TLS"},
	{"x509", "certificate"},
	{"timed out", "timed out"},
	{"i/o timeout", "timed out"},
	{"timeout", "timed out"},
	{"Resource temporarily unavailable", "backlog full"},
	{"Too many open files", "descriptors"},
	{"EOF", "closed early"},
}

// phrase names a log line's failure, "" when it is none of the known ones.
func phrase(line string) string {
	for _, p := range phrases {
		if strings.Contains(line, p.in) {
			return p.short
		}
	}
	return ""
}
