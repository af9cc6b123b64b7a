package diagnose

import (
	"fmt"
	"slices"
	"time"

	"why502/tail"
)

// What the application's and the system's logs say is joined to the gateway's
// failures in time: what happened before them or as they began may be their
// reason, what came first long after is none.

const (
	// lateFrom is how long after the onset a first line may still be a reason: workers
	// are killed by timers that run from the onset on.
	lateFrom = 90 * time.Second
	// shortly is how long before the onset a line about a single request may already
	// tell what is wrong.
	shortly = 15 * time.Second
	// lateDamp is what is left of the strength of a line that came later.
	lateDamp = 0.3
)

// aside says whether a finding is of a log beside the gateway's own.
func (f *finding) aside() bool { return f.kind == tail.KindUpstream || f.kind == tail.KindSystem }

// states are symptoms of a process, not of one request: a single line of them
// weighs as much as many.
var states = []string{"oom", "boot-failed"}

// state says whether a line tells of a change of state and not of one request.
func (f *finding) state() bool {
	return f.sig.Event || f.kind == tail.KindSystem || slices.Contains(states, f.sig.Symptom)
}

// late says whether a line beside the gateway's logs came too late to be a reason.
func (f *finding) late(ep *episode) bool {
	return f.aside() && !ep.picked && !f.first.IsZero() && !ep.firstFailure.IsZero() && f.first.Sub(ep.start) > lateFrom
}

// since says when the first of these lines came, seen from the onset; "" where it
// is not worth a word.
func (f *finding) since(ep *episode) string {
	if !f.aside() || ep.picked || f.first.IsZero() || ep.firstFailure.IsZero() {
		return ""
	}
	switch d := f.first.Sub(ep.start).Round(time.Second); {
	case f.late(ep):
		return fmt.Sprintf(" The first one came %s after the onset, so it is no reason of it.", d)
	case d > 0:
		return fmt.Sprintf(" The first one came %s after the onset.", d)
	case d < 0:
		return fmt.Sprintf(" The first one came %s before the onset.", -d)
	}
	return " The first one came with the onset."
}

// reasonOf names why the application does not start or fails: the exception and
// the application's own deepest line, "" when no log tells.
func (g *group) reasonOf(symptoms ...string) (words, sample string) {
	for _, f := range g.findings {
		if f.exception != "" && slices.Contains(symptoms, f.sig.Symptom) && !f.late(g.ep) {
			return tail.Clean(f.sample, maxReason), f.sample
		}
	}
	return "", ""
}

// maxReason is the length at which an exception is cut in a title, in runes.
const maxReason = 160

// startFails: what the application says as it starts tells why nothing listens.
func startFails(g *group) []weighing {
	if !g.has(symRefused, "refused-unix", "unix-missing", symNoServer) {
		return nil
	}
	w := weighing{
		cause: UpstreamDown, weight: 0.8,
		meaning: "The gateway is refused since the application fails as it starts; its log names the reason.",
	}
	words, sample := g.reasonOf("boot-failed")
	i := slices.IndexFunc(g.findings, func(f *finding) bool { return f.sig.ID == "gunicorn-in-use" && !f.late(g.ep) })
	switch {
	case words != "":
		w.title, w.sample = "the application does not start: "+words, sample
	case i >= 0:
		f := g.findings[i]
		w.title, w.sample, w.advice = f.sig.Title, f.sample, &f.sig.Advice
	default:
		return nil
	}
	return []weighing{w}
}

// outOfMemory: the kernel killed the process just before the gateway lost it.
func outOfMemory(g *group) []weighing {
	i := slices.IndexFunc(g.findings, func(f *finding) bool { return f.sig.Symptom == "oom" && !f.late(g.ep) })
	weight := 1.0
	if i < 0 && g.shape.excerpt && !g.has(symWorkerTime) {
		weight = 1.4
		i = slices.IndexFunc(g.findings, func(f *finding) bool { return f.sig.Symptom == symWorkerKill && f.sig.Cause == Overload })
	}
	if i < 0 || !g.has(symRefused, "refused-unix", symEarlyClose, symReset, symNoServer) {
		return nil
	}
	return []weighing{{
		cause: Overload, weight: weight, sample: g.findings[i].sample,
		meaning: "The gateway lost the upstream as the kernel killed its process: the missing memory is the reason, the closed port its consequence.",
	}}
}
