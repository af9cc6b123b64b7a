package tui

import (
	"strings"
	"unicode"

	"why502/tui/draw"

	tea "charm.land/bubbletea/v2"
)

// editor is one line of text that a person types.
type editor struct {
	text []rune
	at   int
}

// maxTyped bounds what can be typed or pasted, in runes.
const maxTyped = 500

func newEditor(s string) editor {
	e := editor{}
	e.insert(s)
	return e
}

func (e *editor) String() string { return string(e.text) }

// insert puts s at the cursor; line ends become blanks and other control
// characters are dropped.
func (e *editor) insert(s string) {
	for _, r := range s {
		if r == '\n' || r == '\r' || r == '\t' {
			r = ' '
		}
		if !unicode.IsPrint(r) || len(e.text) >= maxTyped {
			continue
		}
		e.text = append(e.text[:e.at], append([]rune{r}, e.text[e.at:]...)...)
		e.at++
	}
}

// key carries out an editing key.
func (e *editor) key(k tea.KeyPressMsg) {
	switch k.String() {
	case "left", "ctrl+b":
		e.at = max(0, e.at-1)
	case "right", "ctrl+f":
		e.at = min(len(e.text), e.at+1)
	case "home", "ctrl+a":
		e.at = 0
	case "end", "ctrl+e":
		e.at = len(e.text)
	case "backspace", "ctrl+h":
		e.cut(e.at - 1)
	case "delete", "ctrl+d":
		e.cutTo(e.at, e.at+1)
	case "ctrl+u":
		e.cutTo(0, e.at)
	case "ctrl+k":
		e.cutTo(e.at, len(e.text))
	case "ctrl+w", "alt+backspace":
		before := strings.TrimRight(string(e.text[:e.at]), " ")
		e.cutTo(len([]rune(before[:strings.LastIndexByte(before, ' ')+1])), e.at)
	case "space":
		e.insert(" ")
	default:
		if k.Mod&^(tea.ModShift|tea.ModCapsLock|tea.ModNumLock) == 0 {
			e.insert(k.Text)
		}
	}
}

func (e *editor) cut(from int) {
	if from >= 0 {
		e.cutTo(from, e.at)
	}
}

// cutTo drops the runes of a range and puts the cursor there.
func (e *editor) cutTo(from, to int) {
	to = min(to, len(e.text))
	if from > to {
		return
	}
	e.text = append(e.text[:from], e.text[to:]...)
	e.at = from
}

// view is the text in at most w cells around the cursor, and the cursor's cell
// within it.
func (e *editor) view(w int) (text string, x int) {
	before := string(e.text[:e.at])
	skip := 0
	for draw.Width(before) > w-1 && len(before) > 0 {
		skip++
		before = string(e.text[skip:e.at])
	}
	return string(e.text[skip:]), draw.Width(before)
}
