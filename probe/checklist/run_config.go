package checklist

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"why502/probe"
	"why502/probe/gateway"
	"why502/probe/incident"
	"why502/probe/load"
	"why502/tail"
)

// readConfig reads the configuration again: the path given, else that of the
// snapshot, else the first usual place that fits the gateway of the logs. Both
// results are nil when there is none.
func (j *job) readConfig() (*gateway.Config, error) {
	path := j.opt.ConfigPath
	if path == "" && j.snap.Config != nil && len(j.snap.Config.Files) > 0 {
		path = j.snap.Config.Files[0]
		if !exists(path) { // it was read from the output of nginx -T
			return j.snap.Config, nil
		}
	}
	if path != "" {
		return j.opt.ReadConfig(path)
	}
	for _, p := range j.opt.FindConfig() {
		if c, err := j.opt.ReadConfig(p); err == nil && (j.gateway == "" || c.Gateway == j.gateway) {
			return c, nil
		}
	}
	return nil, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// runConfig reads the configuration, asks the upstreams it names, and compares.
func runConfig(j *job) outcome {
	c, err := j.readConfig()
	if err != nil {
		o := outcome{verdict: incident.Fail, summary: "not readable"}
		o.add("the configuration can't be read: "+err.Error(), "")
		if errors.Is(err, os.ErrPermission) {
			o.verdict = incident.Warn
		}
		return o
	}
	if c == nil {
		o := outcome{verdict: incident.Unknown, summary: "none found"}
		o.add("no configuration was found in the usual places: give it with --gateway-config PATH", "")
		return o
	}
	j.facts = j.with(nil, c)
	if !j.snap.NoProbe {
		j.facts = j.with(j.ask(j.configured()), c)
	}
	o := configStep(j.facts)
	if !j.snap.NoProbe && !j.failing() && o.verdict == incident.Pass {
		o.add("every configured upstream answers in the scheme it is configured for, or is not asked", "")
	}
	return o
}

// configured are the upstreams of the configuration that are switched on.
func (j *job) configured() []upstream {
	var ups []upstream
	for _, u := range j.ups {
		if u.endpoint != nil && !u.endpoint.Down {
			ups = append(ups, u)
		}
	}
	return ups
}

// runLogs looks for logs that the configuration names and nobody reads.
func runLogs(j *job) outcome {
	if j.snap.Config == nil {
		if c, err := j.readConfig(); err == nil && c != nil {
			j.facts = j.with(nil, c)
		}
	}
	o := logsStep(j.facts)
	if j.snap.Config == nil {
		return o
	}
	read := map[string]bool{}
	for i := range j.snap.Sources {
		read[j.snap.Sources[i].Name] = true
	}
	for _, l := range j.snap.Config.Logs {
		if read[l.Path] {
			continue
		}
		kind := "access log"
		if l.Error {
			kind = "error log"
		}
		if !l.File() {
			o.add(fmt.Sprintf("the configuration sends its %s to %s", kind, l.Path), l.Pos.String())
			continue
		}
		text, fine := j.logFile(l.Path)
		o.add(fmt.Sprintf("the configuration names the %s %s, which is not read here: %s", kind, l.Path, text), l.Pos.String())
		if !fine && l.Error {
			o.raise(incident.Warn, "error log not read")
		}
	}
	return o
}

// logFile says whether a log could be read and how old its last line is.
func (j *job) logFile(path string) (text string, fine bool) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "the file does not exist (the gateway runs elsewhere?)", false
	case err != nil:
		return tail.Safe(err.Error(), 120), false
	}
	file, err := os.Open(path)
	if err != nil {
		return "this user may not read it (it takes a group such as adm, or root)", false
	}
	_ = file.Close()
	age := j.opt.Now().Sub(info.ModTime()).Round(time.Second)
	if info.Size() == 0 {
		return "it is empty", true
	}
	return fmt.Sprintf("%d bytes, last written %s ago: add it to the command line", info.Size(), took(max(age, 0))), true
}

// runRecords audits the records, with the configuration read where it was not.
func runRecords(j *job) outcome {
	if j.snap.Config == nil {
		if c, err := j.readConfig(); err == nil && c != nil {
			j.facts = j.with(nil, c)
		}
	}
	o := recordsStep(j.facts)
	c := j.snap.Config
	if c == nil {
		return o
	}
	for i := range j.snap.Sources {
		if format := c.LogFormatFor(j.snap.Sources[i].Name); format != "" {
			o.add(j.snap.Sources[i].Name+" is written with this format", format)
		}
	}
	return o
}

// runLoad sends the load a person said yes to and judges what came of it.
func runLoad(j *job) outcome {
	o := outcome{verdict: incident.Skipped, summary: "needs a yes"}
	if j.plan == nil {
		o.add("no load was sent: the test runs only after a yes to its target, rate and duration", j.proposal())
		return o
	}
	if err := j.plan.Validate(); err != nil {
		o.summary = "plan not allowed"
		o.add(err.Error(), "")
		return o
	}
	j.commands = planCommands(*j.plan)
	out, err := j.opt.Load(j.ctx, *j.plan, nil)
	if err != nil {
		o = outcome{verdict: incident.Unknown, summary: "could not run"}
		o.add("the load test did not run: "+err.Error(), "")
		return o
	}
	return judgeLoad(out, j.plan.Sentence())
}

// proposal is the plan that would be asked for, in words.
func (j *job) proposal() string {
	for _, u := range j.few() {
		if t, err := u.target(); err == nil && strings.HasPrefix(t.URL, "http") {
			return load.DefaultPlan(t.URL).Sentence()
		}
	}
	return ""
}

// overloadStatus are the statuses that speak of overload.
var overloadStatus = map[int]bool{429: true, 500: true, 502: true, 503: true, 504: true}

// class words for the errors of a load test come from the probes.
func errorWords(class string) string {
	if w, ok := classWords[probe.Class(class)]; ok {
		return w.short
	}
	return class
}
