package diagnose

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"why502/probe/incident"
)

// pasted is an incident in the manner in which people paste it into a thread: a
// few lines, often wrapped, masked or cut, and mostly without any good request.
// Its lines are written after the gateways' own message formats.
type pasted struct {
	name, gateway string
	want          ID   // what the thread's answer was; "none" where nothing may be claimed
	also          []ID // what the same lines fit as well, for want of a probe
	files         []logFile
}

func pastes(t *testing.T) []pasted {
	t.Helper()
	names, err := filepath.Glob("testdata/public/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no incidents", err)
	}
	out := make([]pasted, 0, len(names))
	for _, name := range names {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		p := pasted{name: strings.TrimSuffix(filepath.Base(name), ".txtar")}
		for line := range strings.Lines(string(a.Comment)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			switch key {
			case "gateway":
				p.gateway = value
			case "want":
				p.want = ID(value)
			case "also":
				for id := range strings.FieldsSeq(value) {
					p.also = append(p.also, ID(id))
				}
			}
		}
		for _, f := range a.Files {
			p.files = append(p.files, logFile{f.Name, f.Data})
		}
		if p.gateway == "" || !knownCause(p.want) || len(p.files) == 0 {
			t.Fatalf("%s: incomplete: gateway %q, want %q, %d logs", name, p.gateway, p.want, len(p.files))
		}
		for _, id := range p.also {
			if !knownCause(id) || id == p.want {
				t.Fatalf("%s: also %q", name, id)
			}
		}
		out = append(out, p)
	}
	return out
}

// nothing is the want of incidents in which no cause may be named.
const nothing = ID("none")

func knownCause(id ID) bool {
	_, ok := table().causes[id]
	return ok || id == nothing
}

// named are the causes of a verdict, none standing for an empty one.
func named(v *Verdict) []ID {
	if len(v.Causes) == 0 {
		return []ID{nothing}
	}
	return ids(v.Causes)
}

// TestPublic diagnoses incidents as people paste them. With -v it prints those
// that are not named as the thread's answer did, and every line that no parser
// understands.
func TestPublic(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	var first, fits, two, fitsTwo int
	all := pastes(t)
	for _, p := range all {
		s := snapshotOf(now, p.files...)
		v := Evaluate(s)
		got := named(&v)
		leading := got[:min(2, len(got))]
		isFirst, isTwo := got[0] == p.want, slices.Contains(leading, p.want)
		fit := func(id ID) bool { return id == p.want || slices.Contains(p.also, id) }
		first += boolInt(isFirst)
		two += boolInt(isTwo)
		fits += boolInt(fit(got[0]))
		fitsTwo += boolInt(slices.ContainsFunc(leading, fit))
		if !isFirst {
			t.Logf("%-28s want %s %v, got %s", p.name, p.want, p.also, shares(&v))
		}
		for _, line := range rawLines(s) {
			t.Logf("%-28s unparsed: %s", p.name, line)
		}
	}
	share := func(what string, n, least int) {
		t.Logf("%d of %d: %s", n, len(all), what)
		if n*100 < len(all)*least {
			t.Errorf("%s in %d of %d incidents, want %d %%", what, n, len(all), least)
		}
	}
	share("the first cause is the answer", first, 95)
	share("the first cause fits the lines", fits, 98)
	share("the answer is among the first two", two, 98)
	share("one that fits is among the first two", fitsTwo, 99)
}

func rawLines(s *incident.Snapshot) []string {
	var out []string
	for i := range s.Sources {
		out = append(out, s.Sources[i].UnparsedSamples...)
	}
	return out
}

func shares(v *Verdict) string {
	var b strings.Builder
	for i := range v.Causes {
		fmt.Fprintf(&b, "%s %.2f  ", v.Causes[i].ID, v.Causes[i].Confidence)
	}
	if b.Len() == 0 {
		return "none"
	}
	return strings.TrimSpace(b.String())
}
