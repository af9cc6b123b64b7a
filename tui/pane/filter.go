package pane

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Filter decides which lines the log and the lists show. The zero Filter lets
// everything through.
type Filter struct {
	// Text is what the person typed.
	Text  string
	terms []term
}

// term is one condition; all of a filter must hold.
type term struct {
	field string // "" looks at the whole line
	not   bool
	match func(string) bool
}

// fields are the names a field word may use, those of the parse command.
var fields = map[string]bool{
	"time": true, "client": true, "method": true, "path": true, "protocol": true, "host": true,
	"status": true, "duration": true, "bytes": true, "upstream": true, "upstream_status": true,
	"upstream_duration": true, "request_id": true, "flags": true, "user_agent": true, "referer": true,
	"level": true, "message": true, "cause": true, "source": true, "gateway": true, "format": true,
	"kind": true, "backend": true,
}

// maxFilter bounds what is compiled.
const maxFilter = 1000

// ParseFilter reads what a person typed: "/regex/" over the whole line, or words
// that must all hold. A word is plain text (letter case does not matter) or
// field:value with a field of the parse command ("status:502", "status:5xx",
// "duration:>1", "path:/api"); a leading minus turns it around; double quotes
// keep blanks together. The error is one sentence.
func ParseFilter(text string) (Filter, error) {
	text = strings.TrimSpace(text)
	f := Filter{Text: text}
	if text == "" {
		return f, nil
	}
	if len(text) > maxFilter {
		return Filter{}, fmt.Errorf("the filter is longer than %d characters: shorten it", maxFilter)
	}
	if len(text) > 2 && text[0] == '/' && strings.HasSuffix(text, "/") {
		re, err := regexp.Compile(text[1 : len(text)-1])
		if err != nil {
			return Filter{}, fmt.Errorf("not a regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		f.terms = []term{{match: re.MatchString}}
		return f, nil
	}
	words, err := split(text)
	if err != nil {
		return Filter{}, err
	}
	for _, w := range words {
		t, err := parseTerm(w)
		if err != nil {
			return Filter{}, err
		}
		f.terms = append(f.terms, t)
	}
	return f, nil
}

// split cuts text at blanks outside double quotes and drops the quotes.
func split(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	quoted, begun := false, false
	flush := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, r := range text {
		switch {
		case r == '"':
			quoted, begun = !quoted, true
		case r == ' ' && !quoted:
			flush()
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quoted {
		return nil, fmt.Errorf(`a double quote is open: close it with "`)
	}
	flush()
	return words, nil
}

func parseTerm(word string) (term, error) {
	var t term
	if len(word) > 1 && word[0] == '-' {
		t.not, word = true, word[1:]
	}
	name, value, ok := strings.Cut(word, ":")
	if !ok || !identifier(name) || strings.HasPrefix(value, "//") {
		t.match = containsFold(word)
		return t, nil
	}
	if !fields[name] {
		return t, fmt.Errorf("no field %s; known: status path upstream client method host duration cause level message", name)
	}
	t.field = name
	var err error
	t.match, err = fieldMatch(name, value)
	return t, err
}

// identifier says whether s could be meant as a field: letters and underscores.
func identifier(s string) bool {
	for _, r := range s {
		if r != '_' && (r < 'a' || r > 'z') {
			return false
		}
	}
	return s != ""
}

func containsFold(want string) func(string) bool {
	want = strings.ToLower(want)
	return func(s string) bool { return strings.Contains(strings.ToLower(s), want) }
}

// fieldMatch compares one field: numbers with < and >, statuses also by class.
func fieldMatch(name, value string) (func(string) bool, error) {
	if value == "" {
		return nil, fmt.Errorf("the field %s lacks a value: write %s:VALUE", name, name)
	}
	if value[0] == '>' || value[0] == '<' {
		limit, err := strconv.ParseFloat(strings.TrimPrefix(value[1:], "="), 64)
		if err != nil {
			return nil, fmt.Errorf("%s:%s compares with something that is no number: write %s:>1.5", name, value, name)
		}
		return compare(value, limit), nil
	}
	if name == "status" || name == "upstream_status" {
		if len(value) == 3 && strings.HasSuffix(strings.ToLower(value), "xx") {
			return func(s string) bool { return len(s) == 3 && s[0] == value[0] }, nil
		}
		return func(s string) bool { return s == value }, nil
	}
	return containsFold(value), nil
}

func compare(op string, limit float64) func(string) bool {
	equal := len(op) > 1 && op[1] == '='
	return func(s string) bool {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return false
		}
		return equal && v == limit || op[0] == '>' && v > limit || op[0] == '<' && v < limit
	}
}

// Active says whether f hides anything.
func (f *Filter) Active() bool { return len(f.terms) > 0 }

// Match says whether the record passes. A line that lacks a field passes only
// the conditions that are turned around.
func (f *Filter) Match(r *Record) bool {
	for _, t := range f.terms {
		s := r.Line.Text
		if t.field != "" {
			s = r.Get(t.field)
		}
		if t.match(s) == t.not {
			return false
		}
	}
	return true
}
