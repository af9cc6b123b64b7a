package themes

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Print writes the list of built-in themes for `why502 themes`.
func Print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, t := range builtin() {
		if _, err := fmt.Fprintf(tw, "%s\t%s\n", t.Name, t.Title); err != nil {
			return err
		}
	}
	return tw.Flush()
}
