// Package draw turns numbers and text into cells: stacked columns, heat map,
// sparkline, strip, gauge, frames, and text cut to a width.
//
// In go plain values and a width and a height in cells, out come strings with
// SGR sequences and no other control bytes. A function that takes w and h returns
// exactly h lines of exactly w cells for every input, hostile text and sizes of
// zero included; negative sizes count as zero. Nothing is told by color alone:
// every meaning has a glyph of its own, so that the plain theme and the ASCII
// glyphs say the same. Nothing here reads a clock, a file or the terminal.
//
// A Painter is made once for a theme and keeps its styles as ready sequences; it
// does not change afterwards and may be shared. Cells of one style that follow one
// another share one pair of sequences.
package draw
