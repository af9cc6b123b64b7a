// Package pane holds what the monitor shows: one file for each pane and page,
// all of one shape (Pane).
//
// In goes an Input: an immutable snapshot, its verdict and checklist rows, the
// size, the theme and the person's choices (filter, zoom, marks). Out come
// exactly Height lines of exactly Width cells, and for a key an Effect that the
// root model carries out (open a page, copy a text). A pane keeps only where its
// cursor stands; it never asks the session, starts nothing and keeps no line.
//
// Delivery contract: a pane is drawn at most once for a generation, size, focus,
// theme and state; the root model keeps the result. All text that comes from a
// log or a probe is put through tail.Safe before it is measured or styled.
// No pane uses another; what several need stands in input.go, format.go,
// record.go, join.go, filter.go, columns.go and merge.go.
package pane
