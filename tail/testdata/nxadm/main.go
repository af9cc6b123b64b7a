// Command nxadm prints the lines of a file as nxadm/tail follows it by name: the peer
// of tail's TestFollowPeers, in a module of its own, so that the product does not depend
// on it.
package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/nxadm/tail"
)

func main() {
	t, err := tail.TailFile(os.Args[1], tail.Config{Follow: true, ReOpen: true, Logger: tail.DiscardingLogger})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	w := bufio.NewWriter(os.Stdout)
	for l := range t.Lines {
		fmt.Fprintln(w, l.Text)
		for more := true; more; {
			select {
			case l = <-t.Lines:
				fmt.Fprintln(w, l.Text)
			default:
				more = false
			}
		}
		w.Flush()
	}
}
