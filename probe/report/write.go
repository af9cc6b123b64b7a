package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Formats are the formats that Write knows.
var Formats = []string{"text", "json", "markdown", "html"}

// CheckFormat returns an error that names the formats when format is none.
func CheckFormat(format string) error {
	if slices.Contains(Formats, format) {
		return nil
	}
	return fmt.Errorf("unknown format %q: use one of %s", format, strings.Join(Formats, ", "))
}

// Options say how a report is written.
type Options struct {
	// Width is the number of columns of text, 80 when 0.
	Width int
	// ASCII keeps text to ASCII, for terminals and pagers that know no more.
	ASCII bool
	// ChecklistFirst puts the checklist before everything else, as check does.
	ChecklistFirst bool
}

// Write writes r in format. All formats say the same; JSON is the contract's.
func Write(w io.Writer, r Report, format string, options ...Options) error {
	if err := CheckFormat(format); err != nil {
		return err
	}
	var opt Options
	if len(options) > 0 {
		opt = options[0]
	}
	switch format {
	case "json":
		return writeJSON(w, &r)
	case "markdown":
		return writeMarkdown(w, &r, opt)
	case "html":
		return writeHTML(w, &r, opt)
	}
	return writeText(w, &r, opt)
}

// WriteCheck writes r for check: the same report, the checklist first.
func WriteCheck(w io.Writer, r Report, format string, options ...Options) error {
	var opt Options
	if len(options) > 0 {
		opt = options[0]
	}
	opt.ChecklistFirst = true
	return Write(w, r, format, opt)
}

func writeJSON(w io.Writer, r *Report) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
