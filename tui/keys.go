package tui

import "why502/tui/pane"

// command is what a key asks of the model.
type command uint8

// The commands. cmdPane hands the binding's action to the pane with the keyboard.
const (
	cmdPane command = iota
	cmdNextPane
	cmdPrevPane
	cmdBack
	cmdFilter
	cmdHelp
	cmdPause
	cmdStep
	cmdRun
	cmdCopy
	cmdMark
	cmdNote
	cmdTheme
	cmdZoomIn
	cmdZoomOut
	cmdFailures
	cmdMaximize
	cmdSuspend
	cmdQuit
)

// binding is a line of the key map.
type binding struct {
	keys  []string // as the terminal's key events name them
	show  string   // in the help and the footer
	cmd   command
	act   pane.Action // for cmdPane
	help  string
	short string // in the footer; "" keeps it out
	in    where  // where the footer shows it
}

// where is a set of panes and pages.
type where uint16

// The kinds of page: lists of requests, pages that can run a step, the others.
const (
	onList where = 1 << (panes + iota)
	onStep
	onText

	onPage = onList | onStep | onText
)

// at is the set of one pane.
func at(id paneID) where { return 1 << id }

const everywhere = where(1<<panes-1) | onPage

// group is a part of the key map with its title.
type group struct {
	title    string
	bindings []binding
}

// keyMap is all keys. The help overlay, the footer and the dispatch are made from
// it, and a test goes through it.
var keyMap = []group{
	{"Moving", []binding{
		{[]string{"tab"}, "Tab", cmdNextPane, 0, "next pane", "pane", everywhere &^ onPage},
		{[]string{"shift+tab"}, "Shift-Tab", cmdPrevPane, 0, "previous pane", "", 0},
		{[]string{"up", "k"}, "↑ k", cmdPane, pane.Up, "up; in a chart another class or row", "", 0},
		{[]string{"down", "j"}, "↓ j", cmdPane, pane.Down, "down; in a chart another class or row", "", 0},
		{[]string{"left", "h"}, "← h", cmdPane, pane.Left, "a column back in time", "", 0},
		{[]string{"right", "l"}, "→ l", cmdPane, pane.Right, "a column on in time; open a line", "", 0},
		{[]string{"pgup", "ctrl+b"}, "PgUp", cmdPane, pane.PageUp, "a page up", "", 0},
		{[]string{"pgdown", "ctrl+f"}, "PgDn", cmdPane, pane.PageDown, "a page down", "", 0},
		{[]string{"g", "home"}, "g", cmdPane, pane.Top, "first line or oldest column", "", 0},
		{[]string{"G", "end"}, "G", cmdPane, pane.Bottom, "last line; the log follows again", "", 0},
		{[]string{"enter"}, "Enter", cmdPane, pane.Enter, "drill in: causes, requests, a line", "drill in", everywhere},
		{[]string{"esc", "backspace"}, "Esc", cmdBack, 0, "back; on the monitor clear the filter", "back", onPage},
	}},
	{"Looking", []binding{
		{[]string{"/"}, "/", cmdFilter, 0, "filter: text, /regex/, status:5xx -word", "filter", at(logPane) | onList | at(verdictPane)},
		{[]string{"f"}, "f", cmdFailures, 0, "log: errors first, or all lines", "all lines", at(logPane)},
		{[]string{"v"}, "v", cmdPane, pane.Toggle, "latency: gateway, upstreams, table", "view", at(latencyPane)},
		{[]string{"+", "="}, "+", cmdZoomIn, 0, "shorter time: 60, 15, 5, 1 min", "", 0},
		{[]string{"-", "_"}, "-", cmdZoomOut, 0, "longer time: 1, 5, 15, 60 min", "+ time", at(statusPane) | at(latencyPane)},
		{[]string{"z"}, "z", cmdMaximize, 0, "this pane on the whole screen, or back", "zoom", at(logPane) | at(upstreamsPane) | at(statusPane) | at(latencyPane)},
		{[]string{"space"}, "space", cmdPause, 0, "pause at this moment, or go on", "pause", everywhere},
		{[]string{"t"}, "t", cmdTheme, 0, "next theme", "", 0},
	}},
	{"Doing", []binding{
		{[]string{"1", "2", "3", "4", "5", "6", "7"}, "1-7", cmdStep, 0, "open a step of the checklist", "step", at(verdictPane) | at(checklistPane)},
		{[]string{"r"}, "r", cmdRun, 0, "run the step; the load step asks first", "run", at(checklistPane) | onStep},
		{[]string{"y"}, "y", cmdCopy, 0, "copy the command or line here", "copy", everywhere &^ at(statusPane) &^ at(latencyPane)},
		{[]string{"m"}, "m", cmdMark, 0, "mark the step done, or take it back", "done", at(checklistPane) | onStep},
		{[]string{"n"}, "n", cmdNote, 0, "note on the step or the time line", "note", at(checklistPane) | onStep},
	}},
	{"Leaving", []binding{
		{[]string{"?"}, "?", cmdHelp, 0, "this help", "help", everywhere},
		{[]string{"ctrl+z"}, "Ctrl-Z", cmdSuspend, 0, "to the shell; fg comes back", "", 0},
		{[]string{"q", "ctrl+c"}, "q", cmdQuit, 0, "quit (Ctrl-C too)", "quit", everywhere},
	}},
}

// byKey finds the binding of a key.
var byKey = func() map[string]*binding {
	index := map[string]*binding{}
	for g := range keyMap {
		for b := range keyMap[g].bindings {
			for _, k := range keyMap[g].bindings[b].keys {
				index[k] = &keyMap[g].bindings[b]
			}
		}
	}
	return index
}()

// footerOrder is the order in which the footer offers what fits: quitting and
// help must never fall off, so they are counted first.
func footerKeys(in where) []*binding {
	var first, last []*binding
	for g := range keyMap {
		for b := range keyMap[g].bindings {
			k := &keyMap[g].bindings[b]
			switch {
			case k.short == "" || k.in&in == 0:
			case k.cmd == cmdHelp || k.cmd == cmdQuit:
				last = append(last, k)
			default:
				first = append(first, k)
			}
		}
	}
	return append(last, first...)
}
