package pane

import (
	"strconv"

	"why502/probe/checklist"
	"why502/probe/incident"
	"why502/tail"
	"why502/themes"
	"why502/tui/draw"
)

// Checklist is the pane of the seven steps.
type Checklist struct{ cur cursor }

// Title names the pane and counts the verdicts that ask for attention.
func (c *Checklist) Title(in *Input) string {
	bad := 0
	for i := range in.Rows {
		if v := in.Rows[i].Verdict; v == incident.Fail || v == incident.Warn {
			bad++
		}
	}
	if bad == 0 {
		return "Checklist"
	}
	return "Checklist  " + strconv.Itoa(bad) + " of " + strconv.Itoa(len(in.Rows)) + " need a look"
}

// Lines shows a line for each step; where there are fewer lines than steps, two
// steps a line and the summary of the selected one below.
func (c *Checklist) Lines(in *Input) []string {
	c.cur.clamp(len(in.Rows), len(in.Rows))
	if in.Height < len(in.Rows) {
		return c.compact(in)
	}
	title := 0
	for i := range in.Rows {
		title = max(title, draw.Width(in.Rows[i].Title))
	}
	title = min(title, max(21, in.Width/3))
	var lines []string
	for i := range in.Rows {
		lines = append(lines, pick(in, in.Width, i == c.cur.row, stepParts(in, &in.Rows[i], title)...))
	}
	if len(lines) < in.Height && len(in.Rows) > 0 {
		hint := tail.Safe(in.Rows[c.cur.row].Question, 300)
		if draw.Width(hint) > in.Width-2 {
			hint = "Enter opens it, r runs it, y copies its command"
		}
		lines = append(lines, row(in.P, in.Width, dim("  "+hint)))
	}
	return fill(in, lines)
}

// stepParts is a step as one line: number, sign, title, summary, a person's mark.
func stepParts(in *Input, r *checklist.Row, title int) []part {
	sign, role := stepSign(in, r)
	parts := []part{
		key(strconv.Itoa(r.Step) + " "), as(role, sign+" "), txt(in.P.Fit(r.Title, title) + "  "),
	}
	if n := in.Notes[r.Step]; n.Done {
		parts = append(parts, good("[done] "))
	} else if n.Text != "" {
		parts = append(parts, warn("[note] "))
	}
	summary := tail.Safe(r.Summary, 200)
	if r.Running {
		summary = "running" + in.P.Glyphs.Ellipsis
	} else if summary == "" {
		summary = string(r.Verdict)
	}
	if r.Verdict == incident.Fail || r.Verdict == incident.Warn {
		return append(parts, as(role, summary))
	}
	return append(parts, dim(summary))
}

// stepSign is the sign of a step's verdict with its role.
func stepSign(in *Input, r *checklist.Row) (string, themes.Role) {
	g := &in.P.Glyphs
	if r.Running {
		return g.Running, themes.Accent
	}
	switch r.Verdict {
	case incident.Pass:
		return g.OK, themes.OK
	case incident.Warn:
		return g.Warn, themes.Warn
	case incident.Fail:
		return g.Fail, themes.Fail
	case incident.Skipped:
		return g.Skipped, themes.Dim
	}
	return g.Unknown, themes.Unknown
}

// compact shows two steps a line.
func (c *Checklist) compact(in *Input) []string {
	rows := (len(in.Rows) + 1) / 2
	half := in.Width / 2
	var lines []string
	for i := 0; i < rows && i < in.Height; i++ {
		line := c.short(in, i, half)
		if i+rows < len(in.Rows) {
			line += c.short(in, i+rows, in.Width-half)
		} else {
			line += blanks(in.Width - half)
		}
		lines = append(lines, line)
	}
	if len(lines) < in.Height && len(in.Rows) > 0 {
		r := &in.Rows[c.cur.row]
		_, role := stepSign(in, r)
		lines = append(lines, row(in.P, in.Width, dim(" "+strconv.Itoa(r.Step)+": "), as(role, tail.Safe(r.Summary, 200))))
	}
	return fill(in, lines)
}

// shortTitles are words for the steps where there is no room for the titles.
var shortTitles = map[string]string{
	"upstream-alive": "Upstream", "logs": "Logs", "network": "Network", "gateway-config": "Gateway",
	"dns": "DNS", "load": "Load", "api-management": "Log fields",
}

func shortTitle(r *checklist.Row) string {
	if s := shortTitles[r.ID]; s != "" {
		return s
	}
	return r.Title
}

func (c *Checklist) short(in *Input, i, w int) string {
	r := &in.Rows[i]
	sign, role := stepSign(in, r)
	parts := []part{key(strconv.Itoa(r.Step) + " "), as(role, sign+" "), txt(in.P.Truncate(shortTitle(r), w-6))}
	if in.Notes[r.Step].Done {
		parts = append(parts, good(" "+in.P.Glyphs.OK))
	}
	return pick(in, w, i == c.cur.row, parts...)
}

// Do moves the cursor and opens the step.
func (c *Checklist) Do(in *Input, a Action) Effect {
	if c.cur.move(a, len(in.Rows), len(in.Rows)) || len(in.Rows) == 0 {
		return Effect{}
	}
	if half := (len(in.Rows) + 1) / 2; in.Height < len(in.Rows) && (a == Left || a == Right) {
		if a == Left && c.cur.row >= half {
			c.cur.row -= half
		} else if a == Right && c.cur.row+half < len(in.Rows) {
			c.cur.row += half
		}
		return Effect{}
	}
	if a == Enter || a == Right {
		return Effect{Open: StepTarget(c.Step(in))}
	}
	return Effect{}
}

// StepTarget is the page of a step.
func StepTarget(n int) *Target {
	return &Target{Page: PageStep, Step: n, Crumb: "step " + strconv.Itoa(n)}
}

// Step is the step under the cursor.
func (c *Checklist) Step(in *Input) int {
	if len(in.Rows) == 0 {
		return 0
	}
	c.cur.clamp(len(in.Rows), len(in.Rows))
	return in.Rows[c.cur.row].Step
}

// Copy gives the selected step's first command.
func (c *Checklist) Copy(in *Input) (text, what string) {
	for i := range in.Rows {
		if in.Rows[i].Step == c.Step(in) && len(in.Rows[i].Commands) > 0 {
			return in.Rows[i].Commands[0], "command of step " + strconv.Itoa(in.Rows[i].Step)
		}
	}
	return "", ""
}
