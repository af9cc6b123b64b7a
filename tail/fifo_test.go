//go:build unix

package tail

import (
	"os"
	"syscall"
	"testing"
)

// TestNamedPipe wants the lines of writers that come and go.
func TestNamedPipe(t *testing.T) {
	path := logPath(t)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	c := follow(t, path, quick())
	c.awaitState(t, StateFollowing)
	for i := range 3 {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString(numbered(i*10, i*10+10))
		f.Close()
		c.awaitLines(t, i*10+10)
	}
	lines, _ := c.snapshot()
	wantNumbered(t, lines, 0, 30)
}
