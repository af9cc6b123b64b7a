package tail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// errNotDir: a part of the way to the file is a file by now.
var errNotDir error = syscall.ENOTDIR

// explain makes one sentence of an error about the file name: what, where and what
// to do.
func explain(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: there is no such file; check the path: %w", name, fs.ErrNotExist)
	case errors.Is(err, fs.ErrPermission):
		mend := "run why502 with sudo"
		if g := readers(name); g != "" {
			mend = fmt.Sprintf("run why502 with sudo or join the group %s: sudo usermod -aG %s $USER", g, g)
		}
		return fmt.Errorf("%s: not allowed to read it (%w); %s", name, fs.ErrPermission, mend)
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("%s: too many open files; raise the limit (ulimit -n): %w", name, syscall.EMFILE)
	case errors.Is(err, syscall.EIO):
		return fmt.Errorf("%s: the disk can't be read; see dmesg: %w", name, syscall.EIO)
	}
	var pe *os.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("%s: can't be read, it is tried again: %w", name, err)
}

func notFile(name string) error {
	return fmt.Errorf("%s: this is a directory; name a log in it or let source.Open choose", name)
}
