package tail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// How long the notifier lets events gather (the kernel merges equal ones that wait)
// and waits before it tries a failed watch again.
const (
	gatherTime = time.Millisecond
	retryTime  = 10 * time.Second
)

// notifier shares one watcher among all followers of a file system: a user may have
// only 128 of them on Linux.
type notifier struct {
	fsys FS

	// adding guards the watcher and its directories; it is held while the watcher
	// is asked, so the goroutine that hands events out must not need it.
	adding sync.Mutex
	w      Watcher
	dirs   map[string]*watched
	failed error // of the last attempt to have a watcher
	again  time.Time

	mu   sync.Mutex // guards what follows
	subs map[*subscription]struct{}
	lost uint64 // how often events were lost
}

// watched is one directory under watch.
type watched struct {
	info fs.FileInfo // of the directory that is watched, to notice another in its place
	subs map[*subscription]struct{}
}

// subscription is one follower's interest.
type subscription struct {
	n      *notifier
	C      chan struct{} // gets a token when something may have changed
	events atomic.Uint64 // how many events came

	mu    sync.Mutex
	dirs  map[string]bool
	bases []string
}

var (
	notifiersMu sync.Mutex
	notifiers   = map[FS]*notifier{}
)

// subscribe returns a subscription that watches nothing yet.
func subscribe(fsys FS) *subscription {
	notifiersMu.Lock()
	defer notifiersMu.Unlock()
	n := notifiers[fsys]
	if n == nil {
		n = &notifier{fsys: fsys, dirs: map[string]*watched{}, subs: map[*subscription]struct{}{}}
		notifiers[fsys] = n
	}
	s := &subscription{n: n, C: make(chan struct{}, 1), dirs: map[string]bool{}}
	n.mu.Lock()
	n.subs[s] = struct{}{}
	n.mu.Unlock()
	return s
}

// close ends the subscription; the last one of a file system ends its watcher.
func (s *subscription) close() {
	_ = s.watch(nil, nil, time.Time{}) // watching nothing can't fail
	notifiersMu.Lock()
	defer notifiersMu.Unlock()
	n := s.n
	n.mu.Lock()
	delete(n.subs, s)
	last := len(n.subs) == 0
	n.mu.Unlock()
	if last {
		delete(notifiers, n.fsys)
		n.adding.Lock()
		n.drop()
		n.adding.Unlock()
	}
}

// watch makes the subscription watch exactly dirs for files whose names begin with
// one of bases, and returns why it can't, nil when all is watched. It is cheap when
// nothing changed and meant to be called again and again: it notices a directory
// that was replaced and tries again what failed.
func (s *subscription) watch(dirs, bases []string, now time.Time) error {
	s.mu.Lock()
	old := s.dirs
	s.dirs = make(map[string]bool, len(dirs))
	for _, d := range dirs {
		s.dirs[filepath.Clean(d)] = true
	}
	s.bases = bases
	current := s.dirs
	s.mu.Unlock()

	n := s.n
	n.adding.Lock()
	defer n.adding.Unlock()
	for d := range old {
		if !current[d] {
			n.remove(d, s)
		}
	}
	var first error
	for d := range current {
		if err := n.add(d, s, now); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// add watches dir for s. It needs n.adding.
func (n *notifier) add(dir string, s *subscription, now time.Time) error {
	if why := n.fsys.Blind(dir); why != "" {
		return fmt.Errorf("%s is on %s, which tells no changes", dir, why)
	}
	info := n.present(dir)
	if info == nil {
		return nil // not there yet: the poll finds it when it comes
	}
	if w := n.dirs[dir]; w != nil && os.SameFile(w.info, info) {
		w.subs[s] = struct{}{}
		return nil
	}
	if now.Before(n.again) {
		return n.failed
	}
	if n.w == nil {
		w, err := n.fsys.Watch()
		if err != nil {
			return n.fail(dir, err, now)
		}
		n.w = w
		go n.run(w)
	}
	if n.dirs[dir] != nil {
		_ = n.w.Remove(dir) // the watch of a directory that is gone: often gone by itself
	}
	if err := n.w.Add(dir); err != nil {
		return n.fail(dir, err, now)
	}
	w := n.dirs[dir]
	if w == nil {
		w = &watched{subs: map[*subscription]struct{}{}}
		n.dirs[dir] = w
	}
	w.info, w.subs[s] = info, struct{}{}
	s.poke()
	return nil
}

// present returns what dir is, nil when it is not there.
func (n *notifier) present(dir string) fs.FileInfo {
	info, err := n.fsys.Stat(dir)
	if err != nil {
		return nil
	}
	return info
}

// fail keeps the reason in words and sets the time of the next attempt.
func (n *notifier) fail(dir string, err error, now time.Time) error {
	n.again = now.Add(retryTime)
	switch {
	case errors.Is(err, syscall.ENOSPC):
		n.failed = fmt.Errorf("the limit of file watches is reached; raise it: sudo sysctl fs.inotify.max_user_watches=524288")
	case errors.Is(err, syscall.EMFILE):
		n.failed = fmt.Errorf("the limit of inotify instances or of open files is reached; raise it: sudo sysctl fs.inotify.max_user_instances=1024")
	default:
		n.failed = fmt.Errorf("%s can't be watched: %w", dir, err)
	}
	return n.failed
}

// remove takes s off dir. It needs n.adding.
func (n *notifier) remove(dir string, s *subscription) {
	w := n.dirs[dir]
	if w == nil {
		return
	}
	if delete(w.subs, s); len(w.subs) == 0 {
		delete(n.dirs, dir)
		if n.w != nil {
			_ = n.w.Remove(dir) // gone already when the directory is
		}
	}
}

// drop closes the watcher. It needs n.adding.
func (n *notifier) drop() {
	if n.w != nil {
		_ = n.w.Close() // nothing to do about a watcher that can't be closed
		n.w = nil
	}
	clear(n.dirs)
}

// run hands events out until the watcher ends.
func (n *notifier) run(w Watcher) {
	events, failures := w.Events(), w.Errors()
	for {
		select {
		case e, ok := <-events:
			if !ok {
				n.ended(w)
				return
			}
			n.dispatch(e)
			n.gather(events)
		case err, ok := <-failures:
			if !ok {
				n.ended(w)
				return
			}
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				n.overflowed()
			}
		}
	}
}

// gather takes the events that are there at once, then pauses so that the kernel
// merges those that follow.
func (n *notifier) gather(events <-chan fsnotify.Event) {
	for range 256 {
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			n.dispatch(e)
		default:
			time.Sleep(gatherTime)
			return
		}
	}
}

func (n *notifier) dispatch(e fsnotify.Event) {
	dir, base := filepath.Dir(e.Name), filepath.Base(e.Name)
	named := e.Op&(fsnotify.Create|fsnotify.Remove|fsnotify.Rename) != 0
	n.mu.Lock()
	defer n.mu.Unlock()
	for s := range n.subs {
		if s.wants(dir, base, named) {
			s.events.Add(1)
			s.poke()
		}
	}
}

// wants says whether an event in dir concerns the subscription. named: names
// changed, which matters whatever the name (a symbolic link of the way may be it).
func (s *subscription) wants(dir, base string, named bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dirs[dir] {
		return false
	}
	if named || len(s.bases) == 0 {
		return true
	}
	for _, b := range s.bases {
		if strings.HasPrefix(base, b) {
			return true
		}
	}
	return false
}

func (s *subscription) poke() {
	select {
	case s.C <- struct{}{}:
	default:
	}
}

// overflowed wakes everyone: any event may be among the lost ones.
func (n *notifier) overflowed() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lost++
	for s := range n.subs {
		s.poke()
	}
}

// losses returns how often events were lost so far.
func (s *subscription) losses() uint64 {
	s.n.mu.Lock()
	defer s.n.mu.Unlock()
	return s.n.lost
}

// ended forgets a watcher that ended by itself, so that another is made.
func (n *notifier) ended(w Watcher) {
	n.adding.Lock()
	defer n.adding.Unlock()
	if n.w == w {
		n.drop()
	}
}
