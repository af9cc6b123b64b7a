package tail

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// faultFS is the machine's file system with faults on demand.
type faultFS struct {
	osFS
	open, read, watch, add atomic.Pointer[error]
	short                  bool         // reads return a part
	deaf                   bool         // watchers tell nothing
	errors                 chan error   // of the watchers
	watchers               atomic.Int32 // made
	skew                   atomic.Int64 // of the clock, in nanoseconds
	stats                  atomic.Int64 // how often a name was looked at

	mu     sync.Mutex
	infos  []fs.FileInfo    // of all files opened
	adding func(dir string) // called before a directory is watched
}

func (x *faultFS) Stat(name string) (fs.FileInfo, error) {
	x.stats.Add(1)
	return x.osFS.Stat(name)
}

// opened says whether a file was opened at any time.
func (x *faultFS) opened(info fs.FileInfo) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.ContainsFunc(x.infos, func(o fs.FileInfo) bool { return os.SameFile(o, info) })
}

func fault(p *atomic.Pointer[error]) error {
	if err := p.Load(); err != nil {
		return *err
	}
	return nil
}

func set(p *atomic.Pointer[error], err error) {
	if err == nil {
		p.Store(nil)
		return
	}
	p.Store(&err)
}

func (x *faultFS) Open(name string) (File, error) {
	if err := fault(&x.open); err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	f, err := x.osFS.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil {
		x.mu.Lock()
		x.infos = append(x.infos, info)
		x.mu.Unlock()
	}
	return &faultFile{f, x}, nil
}

func (x *faultFS) Watch() (Watcher, error) {
	if err := fault(&x.watch); err != nil {
		return nil, err
	}
	x.watchers.Add(1)
	w, err := x.osFS.Watch()
	if err != nil {
		return nil, err
	}
	return &faultWatcher{w, x}, nil
}

// Now and After make the file system a clock that can be moved.
func (x *faultFS) Now() time.Time                         { return time.Now().Add(time.Duration(x.skew.Load())) }
func (x *faultFS) After(d time.Duration) <-chan time.Time { return time.After(d) }

type faultFile struct {
	File
	x *faultFS
}

func (f *faultFile) ReadAt(p []byte, off int64) (int, error) {
	if err := fault(&f.x.read); err != nil {
		return 0, err
	}
	if f.x.short && len(p) > 1 {
		p = p[:1+len(p)/3]
	}
	return f.File.ReadAt(p, off)
}

type faultWatcher struct {
	Watcher
	x *faultFS
}

func (w *faultWatcher) Add(dir string) error {
	if err := fault(&w.x.add); err != nil {
		return err
	}
	if w.x.adding != nil {
		w.x.adding(dir)
	}
	return w.Watcher.Add(dir)
}

func (w *faultWatcher) Events() <-chan fsnotify.Event {
	if w.x.deaf {
		return nil
	}
	return w.Watcher.Events()
}

func (w *faultWatcher) Errors() <-chan error {
	if w.x.errors != nil {
		return w.x.errors
	}
	return w.Watcher.Errors()
}

func faulty(x *faultFS) FollowOptions {
	opt := quick()
	opt.FS, opt.Clock = x, x
	return opt
}

func TestNoWatchesFallsBackToPollingAndRecovers(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		at   func(*faultFS) *atomic.Pointer[error]
		word string
	}{
		{"watch limit", syscall.ENOSPC, func(x *faultFS) *atomic.Pointer[error] { return &x.add }, "max_user_watches"},
		{"instance limit", syscall.EMFILE, func(x *faultFS) *atomic.Pointer[error] { return &x.watch }, "max_user_instances"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := &faultFS{}
			set(c.at(x), c.err)
			path := logPath(t)
			write(t, path, numbered(0, 5))
			col := follow(t, path, faulty(x))
			col.await(t, "polling", func(lines []string, st Status) bool {
				return len(lines) == 5 && st.Polling && strings.Contains(st.Why, c.word)
			})
			appendTo(t, path, numbered(5, 10))
			col.awaitLines(t, 10)
			rename(t, path, path+".1")
			write(t, path, numbered(10, 15))
			col.awaitLines(t, 15)
			set(c.at(x), nil)
			x.skew.Store(int64(time.Hour))
			col.await(t, "watching", func(_ []string, st Status) bool { return !st.Polling && st.Why == "" })
			appendTo(t, path, numbered(15, 20))
			wantNumbered(t, col.awaitLines(t, 20), 0, 20)
		})
	}
}

func TestOverflowIsToldAndOver(t *testing.T) {
	x := &faultFS{errors: make(chan error)}
	path := logPath(t)
	write(t, path, numbered(0, 5))
	c := follow(t, path, faulty(x))
	c.awaitState(t, StateFollowing)
	x.errors <- fsnotify.ErrEventOverflow
	c.await(t, "polling", func(_ []string, st Status) bool { return st.Polling && strings.Contains(st.Why, "at once") })
	x.skew.Store(int64(time.Minute))
	c.await(t, "watching", func(_ []string, st Status) bool { return !st.Polling })
}

func TestDeafWatcherIsNoticed(t *testing.T) {
	x := &faultFS{deaf: true}
	path := logPath(t)
	write(t, path, "")
	c := follow(t, path, faulty(x))
	c.awaitState(t, StateFollowing)
	for i := range 10 {
		appendTo(t, path, numbered(i, i+1))
		c.awaitLines(t, i+1)
	}
	c.await(t, "polling", func(_ []string, st Status) bool { return st.Polling && strings.Contains(st.Why, "no file events") })
}

func TestReadErrorIsRetried(t *testing.T) {
	x := &faultFS{}
	path := logPath(t)
	write(t, path, numbered(0, 5))
	c := follow(t, path, faulty(x))
	c.awaitState(t, StateFollowing)
	set(&x.read, syscall.EIO)
	appendTo(t, path, numbered(5, 10))
	c.await(t, "failed", func(_ []string, st Status) bool { return st.State == StateFailed && strings.Contains(st.Why, "dmesg") })
	set(&x.read, nil)
	x.skew.Store(int64(time.Minute))
	wantNumbered(t, c.awaitLines(t, 10), 0, 10)
	c.awaitState(t, StateFollowing)
}

func TestPermissionIsRetried(t *testing.T) {
	x := &faultFS{}
	set(&x.open, syscall.EACCES)
	path := logPath(t)
	write(t, path, numbered(0, 5))
	c := follow(t, path, faulty(x))
	if st := c.awaitState(t, StateFailed); !strings.Contains(st.Why, "sudo") {
		t.Errorf("no mend in %q", st.Why)
	}
	set(&x.open, nil)
	x.skew.Store(int64(time.Minute))
	wantNumbered(t, c.awaitLines(t, 5), 0, 5)
}

func TestShortReads(t *testing.T) {
	x := &faultFS{short: true}
	path := logPath(t)
	write(t, path, numbered(0, 5000))
	opt := faulty(x)
	opt.Recent = 8 << 10
	c := follow(t, path, opt)
	c.await(t, "history", func(lines []string, st Status) bool { return len(lines) == 5000 && st.HistoryLeft == 0 })
	appendTo(t, path, numbered(5000, 6000))
	lines := c.awaitLines(t, 6000)
	wantNumbered(t, lines[5000:], 5000, 6000)
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, word string }{
		"binary": {"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x3e\x00", "binary"},
		"utf16":  {"\xff\xfea\x00b\x00", "UTF-16"},
		"wide":   {"1\x000\x00.\x000\x00.\x000\x00.\x001\x00 \x00-\x00\n\x00", "UTF-16"},
		"xz":     {"\xfd7zXZ\x00\x00", "xz -dc"},
	} {
		path := dir + string(os.PathSeparator) + name
		write(t, path, c.text)
		if _, err := readAll(t, path, FollowOptions{}); err == nil || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s, once: %v", name, err)
		}
		if err := Follow(path, quick()).Run(t.Context(), newCollector()); err == nil || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s, following: %v", name, err)
		}
	}
	if _, err := readAll(t, dir, FollowOptions{}); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("directory: %v", err)
	}
	if _, err := readAll(t, dir+"/none", FollowOptions{}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("absent: %v", err)
	}
}
