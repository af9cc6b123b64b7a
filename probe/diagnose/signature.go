package diagnose

import (
	"regexp"
	"slices"
	"strings"

	"why502/tail"
	"why502/tail/window"
)

// Role says what a matching line is good for.
type Role string

// The roles of a signature.
const (
	// Primary lines speak for a cause.
	Primary Role = "primary"
	// Consequence lines follow from an earlier failure and are attributed to it;
	// only when none is known do they speak for themselves.
	Consequence Role = "consequence"
	// Companion lines tell a failure that another line told already.
	Companion Role = "companion"
	// Weak lines (the status alone) count only where nothing better is known.
	Weak Role = "weak"
	// Hint lines show no failure by themselves but speak for a cause of one.
	Hint Role = "hint"
	// Client lines are the client's doing.
	Client Role = "client"
	// Noise lines say nothing about failing requests.
	Noise Role = "noise"
	// Config, Process and Recovered lines stand on the time line.
	ConfigRole   Role = "config"
	ProcessRole  Role = "process"
	RecoveryRole Role = "recovery"
)

// Signature is one row of a table: what it matches and what that means. Texts
// and strengths that a row leaves out come from its symptom, and from the cause
// after that.
type Signature struct {
	ID       string   `toml:"id"`
	Gateways []string `toml:"gateways"` // empty: any gateway, after its own rows
	Where    string   `toml:"where"`    // "error", "access", "upstream", "system"

	// Messages: all of All, one of Any, none of None, and Regexp.
	All    []string `toml:"all"`
	Any    []string `toml:"any"`
	None   []string `toml:"none"`
	Regexp string   `toml:"regexp"`

	// Access lines: every condition that is set must hold.
	Status         []int    `toml:"status"`
	Flags          []string `toml:"flags"`   // HAProxy: prefixes of the state; others: one of the flags
	Details        []string `toml:"details"` // a part of the flags field
	Server         string   `toml:"server"`
	Reach          []string `toml:"reach"`           // "none", "tried", "connected", "answered"
	UpstreamStatus string   `toml:"upstream_status"` // "same" as the status
	Maker          string   `toml:"maker"`           // "gateway", "upstream"

	Role    Role   `toml:"role"`
	Symptom string `toml:"symptom"`
	// Event marks lines that come once for a change of state, not once a request.
	Event bool `toml:"event"`

	Advice

	Doc      string   `toml:"doc"`
	Positive []string `toml:"positive"`
	Negative []string `toml:"negative"`

	// re compiles Regexp at its first call; nil when there is none.
	re func() (*regexp.Regexp, error)
}

// Advice is what follows from a match.
type Advice struct {
	Cause ID `toml:"cause"`
	// Strength is the log-odds of Cause against "something unknown" when nothing
	// else speaks: 3 is about 95 %, 2 about 88 %, 1 about 73 %.
	Strength float64 `toml:"strength"`
	// Also holds the same for other causes that the line allows.
	Also  map[ID]float64 `toml:"also"`
	Title string         `toml:"title"`
	// Titles name the causes of Also as this line suggests them.
	Titles   map[ID]string `toml:"titles"`
	Meaning  string        `toml:"meaning"`
	Next     []string      `toml:"next"`
	Commands []string      `toml:"commands"`
	Remedy   string        `toml:"remedy"`
	Step     int           `toml:"step"`
}

// inherit fills what a leaves out from b.
func (a *Advice) inherit(b *Advice) {
	if a.Cause == "" {
		a.Cause = b.Cause
	}
	if a.Strength == 0 {
		a.Strength = b.Strength
	}
	if a.Also == nil {
		a.Also = b.Also
	}
	if a.Titles == nil {
		a.Titles = b.Titles
	}
	if a.Title == "" {
		a.Title = b.Title
	}
	if a.Meaning == "" {
		a.Meaning = b.Meaning
	}
	if a.Next == nil {
		a.Next = b.Next
	}
	if a.Commands == nil {
		a.Commands = b.Commands
	}
	if a.Remedy == "" {
		a.Remedy = b.Remedy
	}
	if a.Step == 0 {
		a.Step = b.Step
	}
}

// failure says whether lines of this signature show that requests fail.
func (s *Signature) failure() bool {
	switch s.Role {
	case Primary, Consequence, Companion, Weak:
		return true
	}
	return false
}

// speaksOf says whether the row is meant for gateway; generic rows are for all.
func (s *Signature) speaksOf(gateway string) bool {
	return len(s.Gateways) == 0 || slices.Contains(s.Gateways, gateway)
}

// matchText says whether a message matches.
func (s *Signature) matchText(text string) bool {
	for _, part := range s.All {
		if !strings.Contains(text, part) {
			return false
		}
	}
	if len(s.Any) > 0 && !slices.ContainsFunc(s.Any, func(p string) bool { return strings.Contains(text, p) }) {
		return false
	}
	if slices.ContainsFunc(s.None, func(p string) bool { return strings.Contains(text, p) }) {
		return false
	}
	if s.re == nil {
		return true
	}
	re, err := s.re()
	return err == nil && re.MatchString(text)
}

// ending is how a request ended, as far as signatures look at it.
type ending struct {
	gateway, flags, server string
	status, upstream       int
	reach                  window.Reach
	maker                  tail.Maker
}

var reaches = map[string]window.Reach{
	"none": window.ReachNone, "tried": window.ReachTried,
	"connected": window.ReachConnected, "answered": window.ReachAnswered,
}

var makers = map[string]tail.Maker{"gateway": tail.MakerGateway, "upstream": tail.MakerUpstream}

// matchEnding says whether the end of a request matches.
func (s *Signature) matchEnding(e *ending) bool {
	if len(s.Status) > 0 && !slices.Contains(s.Status, e.status) {
		return false
	}
	if len(s.Flags) > 0 && !matchFlags(e.gateway, e.flags, s.Flags) {
		return false
	}
	if len(s.Details) > 0 && !slices.ContainsFunc(s.Details, func(d string) bool { return strings.Contains(e.flags, d) }) {
		return false
	}
	if s.Server != "" && s.Server != e.server {
		return false
	}
	if len(s.Reach) > 0 && !slices.ContainsFunc(s.Reach, func(r string) bool { return reaches[r] == e.reach }) {
		return false
	}
	if s.UpstreamStatus == "same" && (e.upstream == 0 || e.upstream != e.status) {
		return false
	}
	return s.Maker == "" || makers[s.Maker] == e.maker
}

// matchFlags compares HAProxy's termination state by prefix, since its first two
// characters are what tells, and the flags of others one by one.
func matchFlags(gateway, flags string, wanted []string) bool {
	if gateway == "haproxy" {
		return slices.ContainsFunc(wanted, func(w string) bool { return strings.HasPrefix(flags, w) })
	}
	first, _, _ := strings.Cut(flags, " ")
	if first == "" {
		return slices.Contains(wanted, "")
	}
	for f := range strings.FieldsFuncSeq(first, func(r rune) bool { return r == ',' || r == '|' || r == ';' }) {
		if slices.Contains(wanted, f) {
			return true
		}
	}
	return false
}

// kindWord is the table's word for the log that a line of kind belongs to.
func kindWord(kind tail.Kind) string {
	if kind == tail.KindRaw {
		return "error"
	}
	return kind.String()
}
