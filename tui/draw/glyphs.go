package draw

import "why502/themes"

// Glyphs are the signs of one character set, each one cell wide.
type Glyphs struct {
	OK, Fail, Warn, Unknown, Skipped, Running string
	Onset, Cursor, Pointer, Bullet, Ellipsis  string
	Up, Down, Right                           string

	// Eighths are blocks filled from below, from nothing to full; Lefts from the
	// left.
	Eighths, Lefts []string
	// Density are signs from nothing to full for the heat map.
	Density []string
	// Part are the signs of a full cell of each part of the status mix.
	Part [themes.StatusParts]string

	horizontal, vertical                       string
	topLeft, topRight, bottomLeft, bottomRight string
	teeLeft, teeRight, teeUp, teeDown, cross   string
	axis, track                                string
}

var unicodeGlyphs = Glyphs{
	OK: "✔", Fail: "✖", Warn: "!", Unknown: "?", Skipped: "–", Running: "…",
	Onset: "▲", Cursor: "┊", Pointer: "›", Bullet: "·", Ellipsis: "…",
	Up: "↑", Down: "↓", Right: "→",
	Eighths: []string{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
	Lefts:   []string{" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"},
	Density: []string{" ", "·", "░", "░", "▒", "▒", "▓", "▓", "█", "█"},
	Part:    [themes.StatusParts]string{"█", "▓", "▒", "5", "2", "3", "4", "×"},

	horizontal: "─", vertical: "│",
	topLeft: "╭", topRight: "╮", bottomLeft: "╰", bottomRight: "╯",
	teeLeft: "├", teeRight: "┤", teeUp: "┴", teeDown: "┬", cross: "┼",
	axis: "┤", track: "░",
}

var asciiGlyphs = Glyphs{
	OK: "+", Fail: "x", Warn: "!", Unknown: "?", Skipped: "-", Running: "~",
	Onset: "^", Cursor: ":", Pointer: ">", Bullet: ".", Ellipsis: "~",
	Up: "^", Down: "v", Right: ">",
	Eighths: []string{" ", "_", "_", ".", ".", "-", "=", "#", "#"},
	Lefts:   []string{" ", " ", " ", "-", "-", "=", "=", "#", "#"},
	Density: []string{" ", ".", ":", "-", "=", "+", "*", "%", "#", "@"},
	Part:    [themes.StatusParts]string{"|", "/", "o", "5", "2", "3", "4", "x"},

	horizontal: "-", vertical: "|",
	topLeft: "+", topRight: "+", bottomLeft: "+", bottomRight: "+",
	teeLeft: "+", teeRight: "+", teeUp: "+", teeDown: "+", cross: "+",
	axis: "|", track: ".",
}
