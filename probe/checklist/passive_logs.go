package checklist

import (
	"fmt"
	"sort"
	"strings"

	"why502/probe/diagnose"
	"why502/probe/incident"
	"why502/tail"
	"why502/tail/window"
)

// separateErrors are the gateways that say why in a log of its own, beside the
// access log; HAProxy and Envoy say it in the access line itself.
var separateErrors = map[string]bool{"nginx": true, "apache": true, "caddy": true, "traefik": true, "kong": true, "apisix": true}

// logsStep says what the logs say: the likely cause's lines, the most frequent
// failures, and which log is missing.
func logsStep(f *facts) outcome {
	var o outcome
	var lines, unparsed uint64
	access, errors := false, false
	for i := range f.snap.Sources {
		src := &f.snap.Sources[i]
		lines += src.Lines
		unparsed += src.Unparsed
		access = access || src.Kind == tail.KindAccess
		errors = errors || src.Kind == tail.KindError
		f.sourceState(&o, src)
	}
	if lines == 0 {
		o.raise(incident.Unknown, "no lines yet")
		if len(f.snap.Sources) == 0 {
			o.add("no log is read: name the gateway's access and error log", "")
		}
		return o
	}
	o.at = f.snap.Traffic.Last
	f.failures(&o)
	if !errors && access && separateErrors[f.gateway] {
		o.add("no error log is read, and that is where "+f.gateway+" says why: add "+f.errorLog(), "")
		o.raise(incident.Warn, "error log missing")
	}
	if !access && errors {
		o.add("no access log is read: how many requests fail, and which, can't be told", "")
	}
	if unparsed*5 > lines {
		o.add(fmt.Sprintf("%d of %d lines are of no known format: give it with --log-format", unparsed, lines), firstUnparsed(f.snap))
		o.raise(incident.Warn, percent(float64(unparsed)/float64(lines))+" not understood")
	}
	if o.verdict == "" {
		o.verdict, o.summary = incident.Pass, "no failures"
	}
	return o
}

// sourceState adds a source that can't be read.
func (f *facts) sourceState(o *outcome, src *incident.Source) {
	if src.Status.State == tail.StateFailed {
		o.add(src.Name+" can't be read: "+src.Status.Why, "")
		o.raise(incident.Warn, "log not readable")
	}
}

// fromLog says whether evidence is lines of a log that speak for a cause.
func fromLog(e diagnose.Evidence) bool {
	return !e.Against && e.Count > 0 && e.Sample != "" && e.Source != "probe" && e.Source != "configuration" && e.Source != "host"
}

// failures adds the failing lines: what the first causes rest on, then the most
// frequent messages and outcomes.
func (f *facts) failures(o *outcome) {
	t := &f.snap.Traffic
	shown := map[string]bool{}
	for i, c := range f.verdict.Causes {
		for _, e := range c.Evidence {
			if i > 2 || !fromLog(e) {
				continue
			}
			words := phrase(e.Sample)
			if words == "" {
				words = string(c.ID)
			}
			o.add(fmt.Sprintf("%d x %s: %s", e.Count, words, e.Meaning), e.Sample)
			shown[e.Sample] = true
			if i == 0 && f.failing() {
				o.raise(incident.Fail, count(e.Count)+" x "+words)
			} else {
				o.raise(incident.Warn, count(e.Count)+" x "+words)
			}
		}
	}
	for _, m := range worst(t.Messages) {
		if shown[m.Shown()] {
			continue
		}
		words := phrase(m.Text)
		if words == "" {
			words = "lines"
		}
		o.add(fmt.Sprintf("%d x %s in %s: %s", m.Count, words, m.Source, m.Text), m.Shown())
		o.raise(incident.Warn, count(m.Count)+" x "+words)
	}
	for _, s := range t.Statuses {
		if s.Status >= 500 && s.Count > 0 {
			o.add(fmt.Sprintf("%d requests got status %d", s.Count, s.Status), "")
		}
	}
	if t.Failed > 0 {
		o.raise(incident.Warn, count(t.Failed)+" failed")
	}
}

// worst returns the few most frequent messages of a level that tells of failures.
func worst(all []window.Message) []window.Message {
	var bad []window.Message
	for _, m := range all {
		switch strings.ToLower(m.Level) {
		case "error", "crit", "critical", "alert", "emerg", "fatal", "err", "erro":
			bad = append(bad, m)
		}
	}
	sort.SliceStable(bad, func(i, j int) bool { return bad[i].Count > bad[j].Count })
	return bad[:min(len(bad), 5)]
}

// errorLog names the error log of the configuration, else the usual one.
func (f *facts) errorLog() string {
	if f.snap.Config != nil {
		if logs := f.snap.Config.ErrorLogs(); len(logs) > 0 {
			return logs[0]
		}
	}
	switch f.gateway {
	case "apache":
		return "/var/log/apache2/error.log"
	case "caddy":
		return "the runtime log (journald:caddy)"
	case "traefik":
		return "the log that log.filePath names"
	}
	return "/var/log/" + f.gateway + "/error.log"
}

func firstUnparsed(s *incident.Snapshot) string {
	for i := range s.Sources {
		if u := s.Sources[i].UnparsedSamples; len(u) > 0 {
			return u[0]
		}
	}
	return ""
}

// datum is something an access log should record.
type datum struct {
	name  string
	count func(incident.Records) uint64
	why   string
	need  bool // without it the next failure can't be told apart
}

var recordData = []datum{
	{"upstream address", func(r incident.Records) uint64 { return r.Upstream }, "which server failed", true},
	{"upstream status", func(r incident.Records) uint64 { return r.UpstreamStatus }, "whether the gateway or the upstream made the answer", true},
	{"upstream time", func(r incident.Records) uint64 { return r.UpstreamTime }, "whether it failed at once or after a timeout", true},
	{"duration", func(r incident.Records) uint64 { return r.Duration }, "how long clients waited", true},
	{"request id", func(r incident.Records) uint64 { return r.RequestID }, "which line of the application's log belongs to it", false},
	{"host", func(r incident.Records) uint64 { return r.Host }, "which site was asked", false},
	{"client", func(r incident.Records) uint64 { return r.Client }, "who asked", false},
}

// flagsInstead are gateways that record some data in another way: their timers
// and termination states tell what an upstream status would.
var flagsInstead = map[string]bool{"haproxy": true, "envoy": true}

// recordsStep audits what the access logs record.
func recordsStep(f *facts) outcome {
	var o outcome
	total, sources := incident.Records{}, 0
	for i := range f.snap.Sources {
		src := &f.snap.Sources[i]
		if src.Kind != tail.KindAccess || src.Records.Lines == 0 {
			continue
		}
		sources++
		total = sumRecords(total, src.Records)
		o.add(recordText(src), "")
	}
	if sources == 0 {
		o.verdict, o.summary = incident.Unknown, "no access log"
		o.add("no access log is read: whether calls are recorded can't be told", "")
		f.configRecords(&o)
		return o
	}
	o.verdict = incident.Pass
	recorded := 0
	for _, d := range recordData {
		if d.count(total) > 0 || d.need && d.name != "duration" && flagsInstead[f.gateway] && total.Flags > 0 {
			recorded++
			continue
		}
		text := "no access log records the " + d.name + ": " + d.why + " can't be told"
		o.add(text, "")
		if d.need {
			o.raise(incident.Warn, "no "+d.name)
		}
	}
	missing := len(recordData) - recorded
	switch {
	case missing == 0:
		o.summary = "all recorded"
	case o.verdict == incident.Pass:
		o.summary = fmt.Sprintf("%d of %d recorded", recorded, len(recordData))
	case missing > 1:
		o.summary = fmt.Sprintf("%d data missing", missing)
	}
	if sources > 1 {
		o.add(fmt.Sprintf("%d access logs are read: a request that is written to several of them counts once in each", sources), "")
	}
	f.configRecords(&o)
	f.apiFields(&o)
	return o
}

func sumRecords(a, b incident.Records) incident.Records {
	a.Lines += b.Lines
	a.Upstream += b.Upstream
	a.UpstreamStatus += b.UpstreamStatus
	a.UpstreamTime += b.UpstreamTime
	a.Duration += b.Duration
	a.RequestID += b.RequestID
	a.Host += b.Host
	a.Client += b.Client
	a.Flags += b.Flags
	return a
}

// recordText says what one source records.
func recordText(src *incident.Source) string {
	var has, not []string
	for _, d := range recordData {
		n := d.count(src.Records)
		if n == 0 {
			not = append(not, d.name)
		} else {
			has = append(has, fmt.Sprintf("%s %s", d.name, percent(float64(n)/float64(src.Records.Lines))))
		}
	}
	text := src.Name + " records "
	if has == nil {
		text += "none of the data looked for"
	} else {
		text += strings.Join(has, ", ")
	}
	if not != nil {
		text += "; not " + strings.Join(not, ", ")
	}
	return text
}

// recordLints are the lints of the configuration that concern recording.
var recordLints = map[string]bool{"access-log-off": true, "log-conditional": true, "no-upstream-fields": true, "null-session": true, "error-log-level": true}

// configRecords adds what the configuration says about recording.
func (f *facts) configRecords(o *outcome) {
	if f.snap.Config == nil {
		return
	}
	for _, l := range f.snap.Config.Lints {
		if !recordLints[l.ID] {
			continue
		}
		o.add(l.Text+": "+l.Mend, l.Pos.String())
		if l.ID == "access-log-off" {
			o.raise(incident.Warn, "some calls unrecorded")
		}
	}
	for _, l := range f.snap.Config.Logs {
		if l.Buffered {
			o.add(l.Path+" is written through a buffer: its lines come late", l.Pos.String())
		}
	}
}

// apiHints are API and LLM gateways whose logs carry more than a web gateway's.
var apiHints = map[string]string{
	"apinto":  "its formatter can record ai_provider, ai_model and token counts (names as in the output's formatter), and also bodies and $authorization: leave those out",
	"apipark": "its log has ai_provider, ai_model, application and strategy, and also bodies and authorization: restrict who reads it",
	"litellm": "log in JSON (json_logs: true) to have model, provider and call id in each line",
	"kong":    "the file-log plugin records latencies.proxy, latencies.kong and tries for each call",
	"tyk":     "the access log is off by default: switch on access_logs in the gateway's configuration",
	"apisix":  "add $upstream_addr, $upstream_status and $upstream_response_time to the access log format, or use the file-logger plugin",
}

func (f *facts) apiFields(o *outcome) {
	seen := map[string]bool{}
	for i := range f.snap.Sources {
		name := f.snap.Sources[i].Gateway
		if hint := apiHints[name]; hint != "" && !seen[name] {
			seen[name] = true
			o.add(name+": "+hint, "")
		}
	}
}
