package diagnose

import (
	"slices"
	"strings"

	"why502/probe/incident"
	"why502/tail"
)

// The last resort: of an excerpt that no table knows, the words that speak for a
// cause. A log of a server is never asked, nor an excerpt in which requests succeed.

// troubled finds that a line tells of something that went wrong.
var troubled = tail.Pattern(`(?i)(error|fail|fatal|\bcrit|alert|emerg|panic|unable|cannot|can.t\b|could ?n.t|could not|did not|not respond|exception|reject|denied|refus|abort|\b50[0234]\b|5xx|bad gateway|unavailable|unhealthy|unreachable|maintenance|\bdown\b|\bdead\b|offline|disconnect|incomplete|timed[ -]out|\btime-?out (expired|exceeded|reached|after|waiting|while|error)|(request|gateway|connection|read|connect|upstream|backend) time-?out\b|\bERR\b)`)

// innocent finds lines about the gateway's own certificates towards its clients,
// and settings of a configuration, which name errors and timeouts without any.
var innocent = tail.Pattern(`(?i)\bacme\b|ocsp|\bobtain|\brenew|;\s*$|^\s*[a-z_]+ [a-z_]+ \S*\d\w*$|^\s*[a-z_-]+: ?\S*$`)

// byWord returns the row of words that a line of an unknown program speaks for, nil
// where the line tells of no trouble.
func (t *Table) byWord(text string) *Signature {
	if !troubled().MatchString(text) || innocent().MatchString(text) {
		return nil
	}
	for s := range t.rows(wordWhere) {
		if s.matchText(text) {
			return s
		}
	}
	return nil
}

// calm are levels at which a line tells of no failure.
var calm = []string{"trace", "debug", "info", "notice", "informational"}

// lastWords asks the lines of an excerpt for words that speak for a cause.
func lastWords(s *incident.Snapshot, t *Table) []*finding {
	if s.Traffic.Requests > 0 {
		return nil
	}
	var out []*finding
	for i := range s.Traffic.Messages {
		m := &s.Traffic.Messages[i]
		if slices.Contains(calm, strings.ToLower(m.Level)) {
			continue
		}
		if sig := t.byWord(plainText(m.Sample)); sig != nil {
			out = join(out, findingOf(m, sig))
		}
	}
	for i := range s.Sources {
		src := &s.Sources[i]
		for _, line := range src.UnparsedSamples {
			if sig := t.byWord(plainText(line)); sig != nil {
				out = join(out, &finding{sig: sig, gateway: src.Gateway, kind: tail.KindError, source: src.Name, text: line, sample: line, count: 1})
			}
		}
	}
	return out
}
