package tail

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/fsnotify/fsnotify"
)

// FS is what following needs of a file system. System is the machine's; tests put
// one in between that fails on purpose. FileInfos must be those of package os, for
// os.SameFile tells identity.
type FS interface {
	Open(name string) (File, error)
	Stat(name string) (fs.FileInfo, error)
	ReadDir(name string) ([]fs.DirEntry, error)
	// Real resolves the symbolic links of name.
	Real(name string) (string, error)
	// Hops returns the names of which one has to change for name to mean another
	// file: itself, every symbolic link on the way, and where they lead.
	Hops(name string) []string
	Watch() (Watcher, error)
	// Blind says in a few words why file events can't be trusted for dir (a network
	// file system), "" when they can.
	Blind(dir string) string
}

// File is an open file. ReadAt may return less than asked with a nil error.
type File interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

// Watcher tells of changes in directories.
type Watcher interface {
	Add(dir string) error
	Remove(dir string) error
	Events() <-chan fsnotify.Event
	Errors() <-chan error
	Close() error
}

// System is the machine's file system.
var System FS = osFS{}

type osFS struct{}

func (osFS) Open(name string) (File, error) {
	f, err := openShared(name)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (osFS) Stat(name string) (fs.FileInfo, error)      { return os.Stat(name) }
func (osFS) Real(name string) (string, error)           { return filepath.EvalSymlinks(name) }
func (osFS) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }
func (osFS) Blind(dir string) string                    { return blindFS(dir) }

// maxHops bounds a chain of symbolic links as the kernel does.
const maxHops = 40

func (osFS) Hops(name string) []string {
	hops := []string{name}
	add := func(hop string) {
		if !slices.Contains(hops, hop) {
			hops = append(hops, hop)
		}
	}
	for range maxHops {
		link, at := firstLink(name)
		if link == "" {
			break
		}
		add(at)
		rest := name[len(at):]
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(at), link)
		}
		name = filepath.Join(link, rest)
		add(name)
	}
	return hops
}

// firstLink returns the target of the first symbolic link on the way to name and
// the part of name that is the link.
func firstLink(name string) (target, at string) {
	for i := 1; i <= len(name); i++ {
		if i < len(name) && !os.IsPathSeparator(name[i]) {
			continue
		}
		if link, err := os.Readlink(name[:i]); err == nil {
			return link, name[:i]
		}
	}
	return "", ""
}

func (osFS) Watch() (Watcher, error) {
	w, err := fsnotify.NewBufferedWatcher(watchBuffer)
	if err != nil {
		return nil, err
	}
	return osWatcher{w}, nil
}

// watchBuffer is how many events wait between the kernel and the notifier, so that it
// finds all that are there when it looks.
const watchBuffer = 4096

type osWatcher struct{ *fsnotify.Watcher }

func (w osWatcher) Events() <-chan fsnotify.Event { return w.Watcher.Events }
func (w osWatcher) Errors() <-chan error          { return w.Watcher.Errors }

// readFull reads until p is full or the file ends; fewer bytes with a nil error
// mean the end.
func readFull(f io.ReaderAt, p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		m, err := f.ReadAt(p[n:], off+int64(n))
		n += m
		if errors.Is(err, io.EOF) || err == nil && m == 0 {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
