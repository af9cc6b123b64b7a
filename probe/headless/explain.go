package headless

import (
	"context"
	"strings"

	"why502/probe/diagnose"
	"why502/probe/session"
	"why502/tail"
)

// shortestLine is the length from which words may be a line of a log or a whole
// message, in bytes; shorter ones are looked up.
const shortestLine = 24

// maxWord is how much of a line stands above its explanation, in runes.
const maxWord = 160

// explainLine reads words as a log of one line. It returns false where they are too
// short for one, or where the line speaks for no cause.
func explainLine(ctx context.Context, words string) (diagnose.Explanation, bool) {
	words = strings.TrimSpace(words)
	if len(words) < shortestLine || !strings.ContainsAny(words, " {") {
		return diagnose.Explanation{}, false
	}
	s, err := session.Open(ctx, session.Config{Sources: []string{"-"}, Stdin: strings.NewReader(words + "\n"), NoProbe: true})
	if err != nil {
		return diagnose.Explanation{}, false
	}
	defer s.Close()
	if s.Wait() != nil {
		return diagnose.Explanation{}, false
	}
	causes := s.Verdict(s.Snapshot()).Causes
	if len(causes) == 0 {
		return diagnose.Explanation{}, false
	}
	c := &causes[0]
	e := diagnose.Explanation{
		Word: tail.Safe(words, maxWord), Cause: c.ID, Title: c.Title, Meaning: c.Title + ".",
		Next: c.Next, Commands: c.Commands, Step: c.Step,
	}
	for i := range c.Evidence {
		if !c.Evidence[i].Against {
			e.Meaning = c.Evidence[i].Meaning
			break
		}
	}
	for i := range causes[1:] {
		e.Also = append(e.Also, causes[i+1].ID)
	}
	return e, true
}
