// Package tui is the monitor: the only part of the program that knows Bubble Tea.
//
// Data flow:
//
//	core.Changed() -> one tea.Cmd -> stateMsg -> model -> pane.Input -> panes -> draw.Grid -> renderer
//	keys -> keys.go (a table) -> act.go -> the pane with the keyboard -> pane.Effect -> act.go
//
// In goes a session.Core; out comes a screen. There is never a message a log
// line: the core pokes at most ten times a second, one command turns the poke
// into one message with snapshot, verdict and rows, and a pane is drawn again
// only when its generation, size, focus, theme or cursor changed. Pausing is
// keeping the old message. Marks and notes a person makes belong to the model;
// the core only gets them for the time line.
//
// Whatever happens, panics included, the terminal is put right before Run
// returns.
package tui
