package diagnose

import (
	"bufio"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"why502/probe"
	"why502/probe/gateway"
	"why502/probe/host"
)

// origin is when the scripts of testdata/incidents begin.
var origin = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// script writes nginx logs. Each line tells a stretch of traffic:
//
//	FROM TO RATE METHOD PATH STATUS [TOOK [UPSTREAM]] [| message | upstream]
//
// in seconds after origin and requests a second, spread evenly; with a message,
// each request has its line in the error log too. TOOK and UPSTREAM are seconds, of
// the request and of the upstream.
func script(t *testing.T, text string) (access, errors logFile) {
	t.Helper()
	type line struct {
		at   time.Time
		text string
	}
	var accessed, failed []line
	for row := range strings.Lines(text) {
		parts := strings.Split(strings.TrimSpace(row), "|")
		f := strings.Fields(parts[0])
		if len(f) == 0 {
			continue
		}
		if len(f) < 6 || len(f) > 8 {
			t.Fatalf("script line %q", row)
		}
		times := ""
		if len(f) > 6 {
			times = fmt.Sprintf(` rt=%s uct="0.001" uht="%s" urt="%s" ua="10.0.0.5:8000" us="%s"`, f[6], f[len(f)-1], f[len(f)-1], f[5])
		}
		from, to, rate := number(t, f[0]), number(t, f[1]), number(t, f[2])
		for i := range int((to - from) * rate) {
			at := origin.Add(time.Duration((from + float64(i)/rate) * float64(time.Second)))
			client := fmt.Sprintf("192.0.2.%d", 1+i%40)
			if f[5] != "-" {
				accessed = append(accessed, line{at, fmt.Sprintf("%s - - [%s] \"%s %s HTTP/1.1\" %s 157 \"-\" \"Mozilla/5.0\"%s\n", client, at.Format("02/Jan/2006:15:04:05 -0700"), f[3], f[4], f[5], times)})
			}
			if len(parts) == 3 {
				up := strings.TrimSpace(parts[2])
				failed = append(failed, line{at, fmt.Sprintf("%s [error] 7#7: *%d %s, client: %s, server: shop.example, request: \"%s %s HTTP/1.1\", upstream: \"http://%s%s\", host: \"shop.example\"\n",
					at.Format("2006/01/02 15:04:05"), i, strings.TrimSpace(parts[1]), client, f[3], f[4], up, f[4])})
			}
		}
	}
	join := func(name string, lines []line) logFile {
		slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
		var b strings.Builder
		for _, l := range lines {
			b.WriteString(l.text)
		}
		return logFile{name, []byte(b.String())}
	}
	return join("access.log", accessed), join("error.log", failed)
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestIncidents runs testdata/incidents/*.txtar: logs or a script of traffic,
// scripted probe results, host and configuration, and what the verdict must say.
func TestIncidents(t *testing.T) {
	names, err := filepath.Glob("testdata/incidents/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no incidents", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			want := runIncident(t, a)
			if want == 0 {
				t.Error("the incident wants nothing")
			}
		})
	}
}

// runIncident evaluates one archive and returns how many wants it checked.
func runIncident(t *testing.T, a *txtar.Archive) int {
	t.Helper()
	var files []logFile
	var wants, probes, hosts, configs string
	for _, f := range a.Files {
		switch f.Name {
		case "want":
			wants = string(f.Data)
		case "probes":
			probes = string(f.Data)
		case "host":
			hosts = string(f.Data)
		case "config":
			configs = string(f.Data)
		case "script":
			access, errors := script(t, string(f.Data))
			files = append(files, access)
			if len(errors.data) > 0 {
				files = append(files, errors)
			}
		default:
			files = append(files, logFile{f.Name, f.Data})
		}
	}
	s := snapshotOf(origin.Add(time.Hour), files...)
	s.NoProbe = probes == ""
	s.Probes = scriptedProbes(t, probes, s.Now.Add(-5*time.Second))
	s.Host = scriptedHost(t, hosts)
	s.Config = scriptedConfig(configs)
	v := Evaluate(s)
	n := 0
	for row := range strings.Lines(wants) {
		key, value, _ := strings.Cut(strings.TrimSpace(row), " ")
		if key == "" {
			continue
		}
		n++
		if problem := check(&v, key, value); problem != "" {
			t.Errorf("%s; %s, started %s, causes %s", problem, v.Incident.State, v.Incident.Started.Format(time.TimeOnly), summary(v.Causes))
		}
	}
	return n
}

func summary(causes []Cause) string {
	var b strings.Builder
	for _, c := range causes {
		fmt.Fprintf(&b, "[%s %.2f %q %q] ", c.ID, c.Confidence, c.Title, c.Scope)
	}
	return b.String()
}

// check says what is wrong with one want, "" when it holds.
func check(v *Verdict, key, value string) string {
	var c Cause
	if len(v.Causes) > 0 {
		c = v.Causes[0]
	}
	var holds bool
	var got string
	switch key {
	case "state":
		got = string(v.Incident.State)
		holds = got == value
	case "first":
		got = string(c.ID)
		holds = got == value
	case "second":
		if len(v.Causes) > 1 {
			got = string(v.Causes[1].ID)
		}
		holds = got == value
	case "has":
		got = summary(v.Causes)
		holds = rankOf(v.Causes, ID(value)) > 0
	case "none":
		holds = len(v.Causes) == 0 && v.Incident.State == None
	case "title":
		got = c.Title
		holds = strings.Contains(got, value)
	case "scope":
		got = c.Scope
		holds = got == value
	case "second-scope":
		if len(v.Causes) > 1 {
			got = v.Causes[1].Scope
		}
		holds = got == value
	case "least", "most":
		got = fmt.Sprintf("%.2f", c.Confidence)
		limit, _ := strconv.ParseFloat(value, 64)
		holds = key == "least" && c.Confidence >= limit || key == "most" && c.Confidence <= limit
	case "started":
		at, _ := strconv.ParseFloat(value, 64)
		got = v.Incident.Started.Sub(origin).String()
		holds = v.Incident.Started.Sub(origin.Add(time.Duration(at*float64(time.Second)))).Abs() <= 2*time.Second
	case "pattern":
		got = v.Incident.Pattern
		holds = strings.Contains(got, value)
	case "unsure":
		got = v.Unsure
		holds = strings.Contains(got, value) && (value != "" || got == "")
	case "share", "second-share": // in percent
		share := c.Share
		if key == "second-share" && len(v.Causes) > 1 {
			share = v.Causes[1].Share
		}
		got = fmt.Sprintf("%.0f", share*100)
		holds = got == value
	case "made": // gateway, application, unknown
		got = fmt.Sprint(v.Incident.Made.Gateway, v.Incident.Made.Application, v.Incident.Made.Unknown)
		holds = got == value
	case "story":
		got = told(c.Stories)
		holds = strings.Contains(got, value)
	case "near":
		got = told(v.NearMisses)
		holds = strings.Contains(got, value)
	case "slow": // p95 before and during
		if s := v.Incident.Slow; s != nil {
			got = fmt.Sprint(s.Before, " ", s.During)
		}
		holds = got == value
	case "traits":
		for _, s := range v.Incident.Scope {
			got += s.Field + " " + s.Value + "; "
		}
		holds = strings.TrimSuffix(got, "; ") == value
	case "statuses":
		got = fmt.Sprint(v.Incident.Statuses)
		holds = got == value
	case "background":
		got = fmt.Sprintf("%.1f", v.Incident.Background.Share()*100)
		holds = got == value
	case "onset":
		got = v.Incident.Onset
		holds = got == value
	case "evidence":
		for _, e := range c.Evidence {
			got += e.Source + ": " + e.Meaning + "\n"
		}
		holds = strings.Contains(got, value)
	case "against":
		for _, e := range c.Evidence {
			if e.Against {
				got += e.Source + ": " + e.Meaning + "\n"
			}
		}
		holds = strings.Contains(got, value)
	case "command":
		got = strings.Join(c.Commands, "\n")
		holds = strings.Contains(got, value)
	case "timeline":
		for _, e := range v.Timeline {
			got += e.Kind + ": " + e.Text + "\n"
		}
		holds = strings.Contains(got, value)
	default:
		return "unknown want " + key
	}
	if holds {
		return ""
	}
	return fmt.Sprintf("%s is %q, want %q", key, got, value)
}

// told writes stories down, each line of them after the other.
func told(stories []Story) string {
	var b strings.Builder
	for i := range stories {
		s := &stories[i]
		fmt.Fprintf(&b, "%s %s %d by %s", s.Request.Method, s.Request.Path, s.Request.Status, [...]string{"?", "gateway", "application"}[s.MadeBy])
		for _, a := range s.Request.Attempts {
			fmt.Fprintf(&b, " > %s %d", a.Addr, a.Status)
		}
		for _, l := range s.Lines {
			fmt.Fprintf(&b, " | %s: %s%s (%s)", l.Line.Source, l.Line.Message, l.Line.Frame, l.By)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// scriptedProbes reads lines "URL CLASS PHASE MILLISECONDS [status=N]
// [retry-after=X] [first=BYTES]".
func scriptedProbes(t *testing.T, text string, now time.Time) []probe.History {
	t.Helper()
	phases := map[string]probe.Phase{}
	for p := probe.PhaseDNS; p <= probe.PhaseDone; p++ {
		phases[p.String()] = p
	}
	var out []probe.History
	in := bufio.NewScanner(strings.NewReader(text))
	for in.Scan() {
		f := strings.Fields(in.Text())
		if len(f) < 4 {
			t.Fatalf("probe line %q", in.Text())
		}
		phase, ok := phases[f[2]]
		if !ok {
			t.Fatalf("no phase %q", f[2])
		}
		r := probe.Result{Target: probe.Target{URL: f[0], Origin: "error.log"}, At: now, Class: probe.Class(f[1]), Phase: phase}
		r.Timings.Total = time.Duration(number(t, f[3]) * float64(time.Millisecond))
		for _, kv := range f[4:] {
			k, v, _ := strings.Cut(kv, "=")
			switch k {
			case "status":
				r.Status = int(number(t, v))
			case "retry-after":
				r.RetryAfter = v
			case "first":
				r.FirstBytes = v
			default:
				t.Fatalf("probe line %q", in.Text())
			}
		}
		out = append(out, probe.History{Target: r.Target, Results: []probe.Result{r}})
	}
	return out
}

// scriptedHost reads lines "ADDR PROCESS QUEUE BACKLOG" of listeners.
func scriptedHost(t *testing.T, text string) *host.State {
	t.Helper()
	if text == "" {
		return nil
	}
	s := &host.State{}
	for row := range strings.Lines(text) {
		f := strings.Fields(row)
		s.Listeners = append(s.Listeners, host.Listener{Addr: f[0], Process: f[1], Queue: int(number(t, f[2])), Backlog: int(number(t, f[3]))})
	}
	return s
}

// scriptedConfig reads lines "server ADDR" of one upstream and "lint ID".
func scriptedConfig(text string) *gateway.Config {
	if text == "" {
		return nil
	}
	c := &gateway.Config{Gateway: "nginx", Upstreams: []gateway.Upstream{{Name: "app"}}}
	for row := range strings.Lines(text) {
		f := strings.Fields(row)
		switch f[0] {
		case "server":
			c.Upstreams[0].Servers = append(c.Upstreams[0].Servers, gateway.Server{Addr: f[1], Pos: gateway.Pos{File: "nginx.conf", Line: 7}})
		case "lint":
			c.Lints = append(c.Lints, gateway.Lint{ID: f[1], Text: "the name is resolved once"})
		}
	}
	return c
}
