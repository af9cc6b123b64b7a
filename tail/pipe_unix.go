//go:build unix

package tail

import (
	"io/fs"
	"os"
	"syscall"
)

// openPipe opens a named pipe so that it stays open when its writers come and go:
// with a write end of our own its reader never sees an end. Other devices are only
// read.
func openPipe(path string, info fs.FileInfo) (*os.File, error) {
	if isStdin(path) {
		return os.NewFile(0, path), nil
	}
	if info.Mode()&fs.ModeNamedPipe != 0 {
		if f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0); err == nil {
			return f, nil
		}
	}
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}
