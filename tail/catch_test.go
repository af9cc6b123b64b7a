package tail

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestFilesAreHeldWhileTheSinkIsSlow deletes and replaces the file many times while
// the sink holds the follower back: no name is left of them, all is read.
func TestFilesAreHeldWhileTheSinkIsSlow(t *testing.T) {
	x := &faultFS{}
	path := logPath(t)
	c := newCollector()
	c.hold = make(chan struct{})
	var once sync.Once
	letGo := func() { once.Do(func() { close(c.hold) }) }
	t.Cleanup(letGo)
	write(t, path, "")
	opt := faulty(x)
	opt.Grace = time.Hour // an open file's inode is not used again
	followInto(t, path, opt, c)
	c.awaitState(t, StateFollowing)
	appendTo(t, path, numbered(0, 5))
	c.hold <- struct{}{} // the first batch passes
	c.awaitLines(t, 5)
	appendTo(t, path, numbered(5, 10)) // this one hangs, sooner or later
	for i := 1; i < 20; i++ {
		remove(t, path)
		write(t, path, numbered(i*10, i*10+10))
		// A file is held, or was taken over before the sink hung.
		awaitHeld(t, x, path)
	}
	remove(t, path)
	letGo()
	wantNumbered(t, c.awaitLines(t, 200), 0, 200)
}

// awaitHeld waits until the file that has the name was opened.
func awaitHeld(t *testing.T, x *faultFS, path string) {
	t.Helper()
	want, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); !x.opened(want); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the file was never opened")
		}
	}
}

// TestNamesAreToldByEvents has no poll: only events tell that directories and links
// on the way were replaced.
func TestNamesAreToldByEvents(t *testing.T) {
	mkdir := func(t *testing.T, dir string) {
		t.Helper()
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	link := func(t *testing.T, target, name string) {
		t.Helper()
		if err := os.Symlink(target, name+"~tmp"); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
		rename(t, name+"~tmp", name)
	}
	for name, c := range map[string]struct {
		path   string // under a temporary directory
		first  func(t *testing.T, root, text string)
		second func(t *testing.T, root, text string)
	}{
		"directory moved away": {"logs/access.log", func(t *testing.T, root, text string) {
			mkdir(t, root+"/logs")
			write(t, root+"/logs/access.log", text)
		}, func(t *testing.T, root, text string) {
			rename(t, root+"/logs", root+"/old")
			mkdir(t, root+"/logs")
			write(t, root+"/logs/access.log", text)
		}},
		"directory deleted": {"logs/access.log", func(t *testing.T, root, text string) {
			mkdir(t, root+"/logs")
			write(t, root+"/logs/access.log", text)
		}, func(t *testing.T, root, text string) {
			if err := os.RemoveAll(root + "/logs"); err != nil {
				t.Fatal(err)
			}
			mkdir(t, root+"/logs")
			write(t, root+"/logs/access.log", text)
		}},
		"directories later": {"a/b/c/access.log", func(*testing.T, string, string) {}, func(t *testing.T, root, text string) {
			mkdir(t, root+"/a/b/c")
			write(t, root+"/a/b/c/access.log", numbered(0, 10)+text)
		}},
		"link to another directory": {"access.log", func(t *testing.T, root, text string) {
			mkdir(t, root+"/1")
			write(t, root+"/1/x.log", text)
			link(t, root+"/1/x.log", root+"/access.log")
		}, func(t *testing.T, root, text string) {
			mkdir(t, root+"/2")
			write(t, root+"/2/y.log", "")
			link(t, root+"/2/y.log", root+"/access.log")
			appendTo(t, root+"/2/y.log", text)
		}},
		"linked directory": {"data/access.log", func(t *testing.T, root, text string) {
			mkdir(t, root+"/1")
			write(t, root+"/1/access.log", text)
			link(t, "1", root+"/data")
		}, func(t *testing.T, root, text string) {
			mkdir(t, root+"/2")
			write(t, root+"/2/access.log", text)
			link(t, "2", root+"/data")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			x := &faultFS{}
			opt := faulty(x)
			opt.Poll, opt.PollFast = time.Hour, time.Hour
			root := t.TempDir()
			c.first(t, root, numbered(0, 10))
			col := follow(t, filepath.Join(root, filepath.FromSlash(c.path)), opt)
			if name == "directories later" {
				col.awaitState(t, StateWaiting)
			} else {
				col.awaitLines(t, 10)
				col.awaitState(t, StateFollowing)
			}
			c.second(t, root, numbered(10, 20))
			wantNumbered(t, col.awaitLines(t, 20), 0, 20)
		})
	}
}

// TestNamesBeforeTheWatch makes each next name on the way to the file between the event
// that tells the one before and the watch that would tell it; there is no poll.
func TestNamesBeforeTheWatch(t *testing.T) {
	root := t.TempDir()
	way := []string{"a", "b", "c", "d", "access.log"}
	path := filepath.Join(append([]string{root}, way...)...)
	x := &faultFS{}
	var mu sync.Mutex
	x.adding = func(dir string) {
		mu.Lock()
		defer mu.Unlock()
		name := root
		for _, w := range way {
			at := name
			name = filepath.Join(name, w)
			switch _, err := os.Stat(name); {
			case err == nil:
			case at != dir || dir == root:
				return
			case name == path:
				write(t, path, numbered(0, 10))
			default:
				if err := os.Mkdir(name, 0o700); err != nil {
					t.Error(err)
				}
			}
		}
	}
	opt := faulty(x)
	opt.Poll, opt.PollFast = time.Hour, time.Hour
	col := follow(t, path, opt)
	col.awaitState(t, StateWaiting)
	if err := os.Mkdir(filepath.Join(root, "a"), 0o700); err != nil {
		t.Fatal(err)
	}
	wantNumbered(t, col.awaitLines(t, 10), 0, 10)
	appendTo(t, path, numbered(10, 20))
	wantNumbered(t, col.awaitLines(t, 20), 0, 20)
}
