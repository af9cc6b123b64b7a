package checklist

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"why502/probe/incident"
	"why502/tail"
)

// The bounds of a row.
const (
	summaryColumns = 22
	maxFindings    = 40
	maxText        = 400 // runes of a finding's text
	maxEvidence    = 300 // runes of its evidence
	maxCommands    = 24
	maxCommand     = 600 // bytes
)

// fit makes a summary fit the pane.
func fit(s string) string { return tail.Safe(s, summaryColumns) }

// bound cleans and bounds findings and drops repeated ones.
func bound(all []incident.Finding) []incident.Finding {
	seen := map[incident.Finding]bool{}
	var kept []incident.Finding
	for _, f := range all {
		f = incident.Finding{Text: tail.Safe(f.Text, maxText), Evidence: tail.Safe(f.Evidence, maxEvidence)}
		if !seen[f] && f.Text != "" && len(kept) < maxFindings {
			seen[f] = true
			kept = append(kept, f)
		}
	}
	return kept
}

// boundCommands drops repeated commands.
func boundCommands(all []string) []string {
	seen := map[string]bool{}
	var kept []string
	for _, c := range all {
		if c != "" && !seen[c] && len(kept) < maxCommands && len(c) <= maxCommand {
			seen[c] = true
			kept = append(kept, c)
		}
	}
	return kept
}

// quote makes hostile text one word of a shell command: secrets are masked,
// control bytes made visible, and single quotes put around what a shell would read
// (POSIX shell, 2.2.2 "Single-Quotes").
func quote(s string) string {
	s = tail.Safe(s, 0)
	if len(s) > maxCommand {
		s = strings.ToValidUTF8(s[:maxCommand], "")
	}
	if s != "" && strings.IndexFunc(s, needsQuote) < 0 && s[0] != '-' && s[0] != '~' {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func needsQuote(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_-./:@%+=,", r)
}

// took writes a duration for people: three digits at most.
func took(d time.Duration) string {
	switch {
	case d < 0:
		return "-"
	case d < time.Millisecond:
		return digits(float64(d)/1e6) + " ms"
	case d < time.Second:
		return digits(float64(d)/1e6) + " ms"
	case d < 2*time.Minute:
		return digits(d.Seconds()) + " s"
	}
	return d.Round(time.Second).String()
}

func digits(v float64) string {
	if v < 10 {
		s := strconv.FormatFloat(v, 'f', 1, 64)
		return strings.TrimSuffix(s, ".0")
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// count writes a number short: 999, 1.2k, 35k, 4M.
func count(n uint64) string {
	switch {
	case n < 1000:
		return strconv.FormatUint(n, 10)
	case n < 10_000:
		return digits(float64(n)/1000) + "k"
	case n < 1_000_000:
		return strconv.FormatUint(n/1000, 10) + "k"
	}
	return strconv.FormatUint(n/1_000_000, 10) + "M"
}

// plural gives "1 server", "2 servers".
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}

// list joins up to six texts and counts the rest.
func list(all []string) string {
	const most = 6
	if len(all) > most {
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	}
	return strings.Join(all, ", ")
}
