package headless

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"why502/probe/report"
	"why502/probe/session"
	"why502/tail"
	"why502/tail/parse"
)

// Formats lists the log formats that are built in, or tells all about the named
// ones: a name of a format, or of a gateway for all of its formats.
func Formats(w io.Writer, names []string) error {
	all := parse.Formats()
	if len(names) == 0 {
		return listFormats(w, all)
	}
	for i, name := range names {
		found := 0
		for _, f := range all {
			if f.Name != name && f.Gateway != name {
				continue
			}
			if i+found > 0 {
				_, _ = fmt.Fprintln(w)
			}
			found++
			if err := describeFormat(w, &f); err != nil {
				return err
			}
		}
		if found == 0 {
			return fmt.Errorf("no log format and no gateway is called %q; why502 formats lists them%s", tail.Clean(name, 60), nearFormats(all, name))
		}
	}
	return nil
}

func listFormats(w io.Writer, all []parse.Format) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "NAME\tGATEWAY\tKIND\tWHAT")
	for _, f := range all {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", f.Name, f.Gateway, f.Kind, f.Title)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d formats; why502 formats NAME shows what is read from a line, and where the format is documented.\n"+
		"A format string of %s is a format too: --log-format '...', or a name for it in [formats] of config.toml.\n",
		len(all), strings.Join(parse.Syntaxes(), ", "))
	return err
}

// describeFormat writes one format with its samples and what comes out of them.
func describeFormat(w io.Writer, f *parse.Format) error {
	_, err := fmt.Fprintf(w, "%s\n  gateway     %s\n  kind        %s\n  what        %s\n  documented  %s\n", f.Name, f.Gateway, f.Kind, f.Title, f.Doc)
	for _, s := range f.Positive {
		p := f.New(parse.Env{Now: time.Now(), Zone: time.UTC})
		lines := strings.Split(s.Line, "\n")
		var ev tail.Event
		for _, line := range lines {
			p.Parse([]byte(line), &ev)
		}
		_, err = fmt.Fprintf(w, "  a line\n    %s\n  is read as\n    %s\n", strings.Join(lines, "\n    "), report.EventJSON(nil, &ev, "", session.Reading(&ev)))
	}
	return err
}

// nearFormats names the formats that begin most like what was asked for.
func nearFormats(all []parse.Format, name string) string {
	alike := func(f parse.Format) int {
		n := 0
		for n < len(name) && n < len(f.Name) && f.Name[n] == name[n] {
			n++
		}
		return n
	}
	slices.SortStableFunc(all, func(a, b parse.Format) int { return alike(b) - alike(a) })
	var near []string
	for _, f := range all[:4] {
		if alike(f) > 2 {
			near = append(near, f.Name)
		}
	}
	if near == nil {
		return ""
	}
	return ", among them " + strings.Join(near, ", ")
}
