package diagnose

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"why502/tail"
)

// maxExplained is how many explanations Explain returns at most.
const maxExplained = 8

// Explanation says what a cause id, flag, code, message or status means.
type Explanation struct {
	Word     string // what it explains: "upstream-down", "sC", "AH01102", "502 at haproxy"
	Gateways []string
	Cause    ID
	// Also are the other causes that it allows, most likely first.
	Also     []ID
	Title    string
	Meaning  string
	Next     []string
	Commands []string
	Remedy   string
	Step     int
	Doc      string
	// DidYouMean says that Word is only near what was asked.
	DidYouMean bool
}

// Text is the explanation as lines for a terminal.
func (e *Explanation) Text() string {
	var b strings.Builder
	if e.DidYouMean {
		b.WriteString("Did you mean: ")
	}
	b.WriteString(e.Word)
	if len(e.Gateways) > 0 {
		fmt.Fprintf(&b, "  (%s)", strings.Join(e.Gateways, ", "))
	}
	b.WriteByte('\n')
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "  %-9s%s\n", name, text)
		}
	}
	line("means", e.Meaning)
	if e.Cause != "" {
		cause := string(e.Cause)
		if len(e.Also) > 0 {
			also := make([]string, len(e.Also))
			for i, id := range e.Also {
				also[i] = string(id)
			}
			cause += "; possible as well: " + strings.Join(also, ", ")
		}
		line("cause", cause)
	}
	for i, n := range e.Next {
		line([]string{"check", ""}[min(i, 1)], n)
	}
	for i, c := range e.Commands {
		line([]string{"run", ""}[min(i, 1)], c)
	}
	line("mend", e.Remedy)
	if e.Step > 0 {
		line("step", strconv.Itoa(e.Step)+" of the checklist decides")
	}
	line("source", e.Doc)
	return b.String()
}

// Explain says what words mean: a cause id, a status, a gateway's flag or
// termination state, an AH code, or a part of a message. gateway ("" for all)
// narrows it. Where nothing fits exactly, the nearest entries come back marked as
// DidYouMean; nil when nothing is near.
func Explain(words, gateway string) []Explanation {
	words = strings.TrimSpace(tail.Clean(words, 512))
	gateway = strings.ToLower(strings.TrimSpace(gateway))
	if words == "" {
		return nil
	}
	t := table()
	for _, find := range []func(string, string) []Explanation{
		t.explainCause, t.explainStatus, t.explainFlag, t.explainCode, t.explainMessage, t.explainNear,
	} {
		if found := find(words, gateway); len(found) > 0 {
			return found[:min(len(found), maxExplained)]
		}
	}
	return nil
}

func (t *Table) explainCause(words, _ string) []Explanation {
	id := ID(strings.ToLower(strings.NewReplacer(" ", "-", "_", "-").Replace(words)))
	if a, ok := t.causes[id]; ok {
		e := explanation(string(id), &a)
		e.Cause = ""
		e.Doc = ""
		return []Explanation{e}
	}
	return nil
}

var statusWord = tail.Pattern(`^[0-9]{3}$`)

// faults are the rows of the gateway table with the cause that each stands for.
var faults = []struct {
	key, words string
	cause      ID
}{
	{"refused", "the upstream refuses the connection", UpstreamDown},
	{"connect-timeout", "connecting gets no answer", Firewall},
	{"response-timeout", "the upstream does not answer in time", Timeout},
	{"dns", "the upstream's name does not resolve", DNS},
	{"bad-response", "the upstream closes early or answers invalidly", BadResponse},
	{"no-server", "no usable server is left", UpstreamDown},
}

// explainStatus says what a gateway means by a status: the same number stands for
// other faults at another gateway.
func (t *Table) explainStatus(words, gateway string) []Explanation {
	if !statusWord().MatchString(words) {
		return nil
	}
	status, _ := strconv.Atoi(words)
	var found []Explanation
	for _, name := range slices.Sorted(maps.Keys(t.gateways)) {
		if gateway != "" && name != gateway {
			continue
		}
		var means []string
		e := Explanation{Word: words + " at " + name, Step: 2}
		for _, f := range faults {
			if strings.Contains(t.gateways[name][f.key], words) {
				means = append(means, f.words)
				if e.Cause == "" {
					e.Cause = f.cause
				} else if f.cause != e.Cause && !slices.Contains(e.Also, f.cause) {
					e.Also = append(e.Also, f.cause)
				}
			}
		}
		if len(means) == 0 {
			continue
		}
		e.Meaning = name + " answers " + words + " when " + strings.Join(means, ", or ") + "; the application may also have sent it itself."
		e.Next = []string{"The status alone never decides: read the gateway's error log or flags of the same second."}
		found = append(found, e)
	}
	for s := range t.rows("access") {
		if slices.Contains(s.Status, status) && (gateway == "" || slices.Contains(s.Gateways, gateway)) &&
			len(s.Reach) == 0 && s.Maker == "" && s.UpstreamStatus == "" && len(s.Flags) == 0 && len(s.Details) == 0 && (len(s.Gateways) > 0 || len(found) == 0) {
			e := explanation(words, &s.Advice)
			e.Gateways, e.Doc = s.Gateways, s.Doc
			found = append(found, e)
		}
	}
	if gateway == "" && len(found) > maxExplained {
		found = found[:maxExplained]
	}
	return found
}

var flagWord = tail.Pattern(`^[A-Za-z-]{1,6}([,|;][A-Za-z-]{1,6})*$`)

// explainFlag finds flags as they are written; case counts in HAProxy's states.
func (t *Table) explainFlag(words, gateway string) []Explanation {
	if !flagWord().MatchString(words) {
		return nil
	}
	var found []Explanation
	seen := map[string]bool{}
	for word := range strings.FieldsFuncSeq(words, func(r rune) bool { return strings.ContainsRune(",|;", r) }) {
		for s := range t.rows("") {
			if len(s.Flags) == 0 || gateway != "" && !slices.Contains(s.Gateways, gateway) || seen[s.ID] || !isFlag(s, word) {
				continue
			}
			seen[s.ID] = true
			e := explanation(word, &s.Advice)
			e.Gateways, e.Doc = s.Gateways[:min(len(s.Gateways), 1)], s.Doc
			if s.Where == "access" && slices.Contains(s.Reach, "none") && slices.Contains(s.Gateways, "haproxy") {
				e.Word += " with " + noServerMark
			}
			found = append(found, e)
		}
	}
	return found
}

func isFlag(s *Signature, word string) bool {
	if slices.Contains(s.Gateways, "haproxy") {
		state := strings.HasSuffix(word, "--") && len(word) == 4 || len(word) == 2 || len(word) == 4
		return state && word != "----" && slices.ContainsFunc(s.Flags, func(f string) bool { return strings.HasPrefix(word, f) }) ||
			word == "----" && slices.Contains(s.Flags, "--")
	}
	return word != "-" && slices.Contains(s.Flags, word)
}

var codeWord = tail.Pattern(`(?i)^AH[0-9]{5}$`)

// explainCode finds Apache's message numbers.
func (t *Table) explainCode(words, _ string) []Explanation {
	if !codeWord().MatchString(words) {
		return nil
	}
	code := strings.ToUpper(words)
	var found []Explanation
	for s := range t.rows("") {
		names := func(p string) bool { return strings.Contains(p, code) }
		if slices.ContainsFunc(s.All, names) || slices.ContainsFunc(s.Any, names) || names(s.Regexp) || slices.ContainsFunc(s.Positive, names) {
			e := explanation(code, &s.Advice)
			e.Gateways, e.Doc = s.Gateways, s.Doc
			if len(s.Positive) > 0 {
				e.Word += ": " + s.Positive[0]
			}
			found = append(found, e)
		}
	}
	return found
}

// explainMessage finds the rows that a whole message matches, and those whose
// samples or texts contain a part of one.
func (t *Table) explainMessage(words, gateway string) []Explanation {
	var found []Explanation
	add := func(s *Signature) {
		e := explanation(s.ID, &s.Advice)
		if len(s.Positive) > 0 && s.Where != "access" {
			e.Word = s.Positive[0]
		}
		e.Gateways, e.Doc = s.Gateways[:min(len(s.Gateways), 3)], s.Doc
		found = append(found, e)
	}
	seen := map[string]bool{}
	if s := t.lookup(gateway, tail.KindError, words); s != nil {
		seen[s.ID] = true
		add(s)
	} else if s := t.anyText(words); s != nil && (gateway == "" || s.speaksOf(gateway)) {
		seen[s.ID] = true
		add(s)
	}
	if len(words) < 4 {
		return found
	}
	lower := strings.ToLower(words)
	holds := func(p string) bool { return strings.Contains(strings.ToLower(p), lower) }
	for s := range t.rows("") {
		if !seen[s.ID] && (gateway == "" || s.speaksOf(gateway)) &&
			(slices.ContainsFunc(s.Positive, holds) || slices.ContainsFunc(s.Any, holds) || slices.ContainsFunc(s.All, holds) ||
				slices.ContainsFunc(s.Details, holds) || strings.EqualFold(s.ID, words) || s.Where == "access" && holds(s.Meaning)) {
			seen[s.ID] = true
			add(s)
		}
	}
	return found
}

// explainNear offers what is spelled almost alike.
func (t *Table) explainNear(words, gateway string) []Explanation {
	type near struct {
		score float64
		e     Explanation
	}
	var all []near
	lower := strings.ToLower(words)
	consider := func(candidate string, e Explanation) {
		if s := likeness(lower, strings.ToLower(candidate)); s >= 0.45 {
			e.DidYouMean = true
			all = append(all, near{s, e})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(t.causes)) {
		a := t.causes[id]
		e := explanation(string(id), &a)
		e.Cause = ""
		consider(string(id), e)
	}
	for s := range t.rows("") {
		if gateway != "" && !s.speaksOf(gateway) {
			continue
		}
		e := explanation(s.ID, &s.Advice)
		e.Gateways, e.Doc = s.Gateways[:min(len(s.Gateways), 3)], s.Doc
		consider(s.ID, e)
		for _, p := range s.Positive {
			if s.Where != "access" {
				e.Word = p
			}
			consider(p, e)
		}
	}
	slices.SortStableFunc(all, func(a, b near) int { return cmp.Compare(b.score, a.score) })
	var found []Explanation
	seen := map[string]bool{}
	for _, n := range all {
		if len(found) == 3 {
			break
		}
		if !seen[n.e.Word] {
			seen[n.e.Word] = true
			found = append(found, n.e)
		}
	}
	return found
}

// likeness is the share of pairs of neighboring letters that two texts have in
// common (Dice), 0 to 1.
func likeness(a, b string) float64 {
	if len(a) < 2 || len(b) < 2 {
		return 0
	}
	pairs := map[string]int{}
	for i := range len(a) - 1 {
		pairs[a[i:i+2]]++
	}
	common := 0
	for i := range len(b) - 1 {
		if p := b[i : i+2]; pairs[p] > 0 {
			pairs[p]--
			common++
		}
	}
	return 2 * float64(common) / float64(len(a)+len(b)-2)
}

// explanation makes an entry of advice, its templates filled with plain words.
func explanation(word string, a *Advice) Explanation {
	e := Explanation{Word: word, Cause: a.Cause, Meaning: a.Meaning, Step: a.Step, Remedy: plain.fill(a.Remedy), Title: plain.fill(a.Title)}
	for _, n := range a.Next {
		e.Next = append(e.Next, plain.fill(n))
	}
	for _, c := range a.Commands {
		e.Commands = append(e.Commands, example.fill(c))
	}
	e.Also = slices.SortedFunc(maps.Keys(a.Also), func(x, y ID) int {
		return cmp.Or(cmp.Compare(a.Also[y], a.Also[x]), cmp.Compare(x, y))
	})
	return e
}
