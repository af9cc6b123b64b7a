// Package themes turns a few semantic colors into the styles of the monitor.
//
// A theme is one TOML file under themes/ (embedded) or in a directory of the
// user: a name, a title, whether it is for dark terminals, a palette, the colors
// of the parts of the status mix and the stops of the heat map. In goes such a
// file, out comes a Theme: one Lip Gloss style for each Role, all roles present.
// Nothing outside this package names a color; a test over the tree keeps it.
//
// Colors are "#rrggbb" or an ANSI index "0" to "255". With hexadecimal colors the
// theme states the background it was made for, and the contrast tests hold it to
// that; a theme without a background draws on the terminal's own.
package themes
