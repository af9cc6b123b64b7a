package diagnose

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// capture is one recorded fault of a real gateway: what went wrong, and the logs.
// Its lines are cut from longer logs; but for shortened source paths nothing in
// them is edited.
type capture struct {
	gateway, fault string
	cause          ID   // what was really wrong
	also           []ID // what the same logs would also allow
	first          ID   // what the logs are enough for: the cause, one of also, or none
	at             time.Time
	probe          *measured // what a direct probe showed while the fault was on, nil when not measured
	files          []logFile
}

func captures(t *testing.T) []capture {
	t.Helper()
	names, err := filepath.Glob("testdata/captures/*/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no captures", err)
	}
	out := make([]capture, 0, len(names))
	for _, name := range names {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c := capture{gateway: filepath.Base(filepath.Dir(name)), fault: strings.TrimSuffix(filepath.Base(name), ".txtar")}
		for _, f := range a.Files {
			if f.Name == "probe.json" {
				c.probe = new(measured)
				if err := json.Unmarshal(f.Data, c.probe); err != nil {
					t.Fatal(name, err)
				}
				continue
			}
			if f.Name != "want" {
				c.files = append(c.files, logFile{f.Name, f.Data})
				continue
			}
			for line := range strings.Lines(string(f.Data)) {
				fields := strings.Fields(line)
				switch fields[0] {
				case "cause":
					c.cause = ID(fields[1])
				case "also":
					for _, id := range fields[1:] {
						c.also = append(c.also, ID(id))
					}
				case "first":
					c.first = ID(fields[1])
				case "fault":
					if c.at, err = time.Parse(time.RFC3339Nano, fields[1]); err != nil {
						t.Fatal(name, err)
					}
				default:
					t.Fatalf("%s: %q", name, line)
				}
			}
		}
		out = append(out, c)
	}
	return out
}

// onsetError is how far from the truth the onset of a verdict may be.
const onsetError = 2 * time.Second

// lateOnsets are captures whose lines cannot tell the onset: a stalled body with
// status 200 is logged only when a timer ends or the client gives up, by a line
// without the request's duration.
var lateOnsets = map[string]bool{"traefik/stalled_body": true, "apache/stalled_body": true}

// TestHealthy claims nothing on the healthy part of each capture.
func TestHealthy(t *testing.T) {
	for _, c := range captures(t) {
		now := c.at.Add(time.Hour)
		var healthy []logFile
		for _, f := range c.files {
			healthy = append(healthy, before(f, now, c.at.Truncate(time.Second)))
		}
		if v := Evaluate(snapshotOf(now, healthy...)); v.Incident.State != None || len(v.Causes) > 0 {
			t.Errorf("%s/%s: %s %v", c.gateway, c.fault, v.Incident.State, ids(v.Causes))
		}
	}
}

// TestVerdictsAreWhole checks what every verdict must keep.
func TestVerdictsAreWhole(t *testing.T) {
	for _, c := range captures(t) {
		v := Evaluate(snapshotOf(c.at.Add(time.Hour), c.files...))
		name := c.gateway + "/" + c.fault
		sum := 0.0
		for i, cause := range v.Causes {
			sum += cause.Confidence
			if i > 0 && cause.Confidence > v.Causes[i-1].Confidence {
				t.Errorf("%s: causes are not in order", name)
			}
			if len(cause.Evidence) == 0 || len(cause.Next) == 0 || len(cause.Commands) == 0 || cause.Title == "" || cause.Step < 1 || cause.Step > 7 {
				t.Errorf("%s: %s is not whole: %+v", name, cause.ID, cause)
			}
			for _, text := range append(append([]string{cause.Title}, cause.Next...), cause.Commands...) {
				if templateLeft.MatchString(text) {
					t.Errorf("%s: %s: a template is left: %q", name, cause.ID, text)
				}
			}
			for _, e := range cause.Evidence {
				if e.Meaning == "" || e.Source == "" {
					t.Errorf("%s: evidence without meaning or source: %+v", name, e)
				}
			}
		}
		if sum > 1 {
			t.Errorf("%s: confidences add up to %.3f", name, sum)
		}
		if (v.Incident.State == None) != (len(v.Causes) == 0) {
			t.Errorf("%s: %s with %d causes", name, v.Incident.State, len(v.Causes))
		}
		for i := 1; i < len(v.Timeline); i++ {
			if v.Timeline[i].Time.Before(v.Timeline[i-1].Time) {
				t.Errorf("%s: the time line is not in order", name)
			}
		}
	}
}
