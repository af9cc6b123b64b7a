package diagnose

import (
	"slices"
	"time"
)

const (
	symStopping = "stopping"
	// lateStop is the share of the failures that must come with a stop or after it for
	// the stop to be their reason.
	lateStop = 0.2
	// dying is how long after a stop requests that were under way may still break.
	dying = 2 * time.Second
)

// A stopped upstream refuses connections, or is not found any more. These are symptoms
// of one that takes them: broken ones may be the last that a dying process had.
var (
	answers = []string{
		"not-http", "invalid-response", "wrong-service", "bad-header", "header-size", "tls-plain", "plain-to-tls", "tls-expired", "tls-issuer",
		"tls-name", "tls-version", symAppError, symApp503,
	}
	breaks = []string{symEarlyClose, symReset, "send-failed", symReadTimeout, "body-cut", "body-timeout", "client-left"}
)

// dropStops takes the stops of an application out of what explains the incident that
// can't be its reason: those that came when it was over or nearly so (an engineer stops
// what fails, too), and those after which something still took the connections.
func (e *evidence) dropStops(ep *episode) {
	if ep.picked || ep.firstFailure.IsZero() {
		return
	}
	e.all = slices.DeleteFunc(e.all, func(f *finding) bool {
		return f.sig.Symptom == symStopping && f.aside() && !f.first.IsZero() && (ep.before(f.first) || e.answeredAfter(f.first))
	})
}

// before says whether nearly all requests failed before t.
func (ep *episode) before(t time.Time) bool {
	var all, since float64
	for _, p := range ep.points {
		if p.Unix < ep.firstFailure.Unix() || p.Unix > ep.lastFailure.Unix() {
			continue
		}
		all += float64(p.Failed)
		if p.Unix >= t.Unix() {
			since += float64(p.Failed)
		}
	}
	return all > 0 && since < lateStop*all
}

// answered says whether a failure shows that something answers at the upstream's address.
func (f *finding) answered() bool {
	if f.sig.Symptom == "" {
		return f.sig.Where == patternWhere || f.sig.Cause == BadResponse || f.sig.Cause == TLS || f.sig.Cause == ApplicationError
	}
	return slices.Contains(answers, f.sig.Symptom)
}

// answeredAfter says whether after the stop at t failing requests still reached
// something, and hardly one was refused.
func (e *evidence) answeredAfter(t time.Time) bool {
	var took, refused uint64
	for _, f := range e.all {
		if f.aside() || !f.sig.failure() || f.sig.Role == Weak {
			continue
		}
		switch {
		case f.answered() && f.last.After(t), slices.Contains(breaks, f.sig.Symptom) && f.last.Sub(t) > dying:
			took += f.count
		case f.sig.Role == Primary && f.state():
			return false // a health check found it away
		case f.sig.Role == Primary:
			refused += f.count
		}
	}
	return took > 0 && float64(refused) <= lateStop*float64(took)
}
