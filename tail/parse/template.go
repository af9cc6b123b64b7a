package parse

import "errors"

// template is a gateway's own format string, compiled.
type template struct {
	format Format
}

func (t *template) parser(st *state) *lineParser { return newParser(&t.format, st) }

func compileTemplate(string) (*template, error) {
	return nil, errors.New("no format or gateway of that name")
}
