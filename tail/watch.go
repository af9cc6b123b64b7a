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

// How long the notifier lets events gather (the kernel merges equal ones that wait),
// for how long it does not after a name changed (that of the followed file may be the
// next, in a rotation), and when it tries a failed watch again.
const (
	gatherTime = 500 * time.Microsecond
	alertTime  = 50 * time.Millisecond
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

	mu    sync.Mutex // guards what follows
	subs  map[*subscription]struct{}
	moved map[string]struct{} // directories whose watch ended because they went away
	lost  uint64              // how often events were lost
}

// watched is one directory under watch.
type watched struct {
	info fs.FileInfo // of the directory that is watched, to notice another in its place
	subs map[*subscription]struct{}
}

// subscription is one follower's interest in one name.
type subscription struct {
	n    *notifier
	path string
	// C gets a token when something may have changed, names when it was a name on
	// the way to the file.
	C, names chan struct{}
	events   atomic.Uint64 // how many events came

	mu    sync.Mutex
	dirs  map[string]bool // under watch for files whose names begin with one of bases
	ups   map[string]bool // under watch for the names of directories only
	hops  map[string]bool // names that decide which file has the name
	bases []string

	catching sync.Mutex
	caught   []caught // files that had the name, the oldest first
}

var (
	notifiersMu sync.Mutex
	notifiers   = map[FS]*notifier{}
)

// subscribe returns a subscription for the file path that watches nothing yet.
func subscribe(fsys FS, path string) *subscription {
	notifiersMu.Lock()
	defer notifiersMu.Unlock()
	n := notifiers[fsys]
	if n == nil {
		n = &notifier{fsys: fsys, dirs: map[string]*watched{}, subs: map[*subscription]struct{}{}, moved: map[string]struct{}{}}
		notifiers[fsys] = n
	}
	s := &subscription{n: n, path: path, C: make(chan struct{}, 1), names: make(chan struct{}, 1)}
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
	for _, c := range s.take() {
		_ = c.file.Close() // opened for reading only: nothing can be lost
	}
	if last {
		delete(notifiers, n.fsys)
		n.adding.Lock()
		n.drop()
		n.adding.Unlock()
	}
}

// watch makes the subscription watch exactly the directories of hops, the names that
// decide which file is meant, for these names and for files whose names begin with
// one of bases. It returns why it can't, nil when all is watched. It is cheap when
// nothing changed and meant to be called again and again: it notices a directory
// that was replaced and tries again what failed.
func (s *subscription) watch(hops, bases []string, now time.Time) error {
	n := s.n
	n.adding.Lock()
	defer n.adding.Unlock()
	dirs, ups, names := map[string]bool{}, map[string]bool{}, map[string]bool{}
	var first error
	for _, hop := range hops {
		dir := filepath.Dir(hop)
		known, err := n.add(dir, s, now)
		if err != nil && first == nil {
			first = err
		}
		if known != "" {
			dirs[known] = true
			names[filepath.Join(known, filepath.Base(hop))] = true
		}
		// The directory itself may be replaced, or come only later.
		for child := dir; ; child = filepath.Dir(child) {
			up := filepath.Dir(child)
			if up == child {
				break
			}
			if known, err := n.add(up, s, now); known != "" || err != nil {
				ups[known] = true
				names[filepath.Join(known, filepath.Base(child))] = true
				break // at best: who may not list it still has the poll
			}
		}
	}
	s.mu.Lock()
	oldDirs, oldUps, oldNames := s.dirs, s.ups, s.hops
	s.dirs, s.ups, s.hops, s.bases = dirs, ups, names, bases
	s.mu.Unlock()
	for _, old := range []map[string]bool{oldDirs, oldUps} {
		for d := range old {
			if !dirs[d] && !ups[d] {
				n.remove(d, s)
			}
		}
	}
	for name := range names {
		if !oldNames[name] { // what happened before it was watched is not told
			s.renamed()
			break
		}
	}
	return first
}

// add watches dir for s and returns the name by which its events come, "" when it is
// not there or can't be watched. It needs n.adding.
func (n *notifier) add(dir string, s *subscription, now time.Time) (string, error) {
	if why := n.fsys.Blind(dir); why != "" {
		return "", fmt.Errorf("%s is on %s, which tells no changes", dir, why)
	}
	info := n.present(dir)
	if info == nil {
		return "", nil // not there yet: its parent's watch tells when it comes
	}
	if name := n.watching(dir, info); name != "" {
		n.dirs[name].subs[s] = struct{}{}
		return name, nil
	}
	if now.Before(n.again) {
		return "", n.failed
	}
	if n.w == nil {
		w, err := n.fsys.Watch()
		if err != nil {
			return "", n.fail(dir, err, now)
		}
		n.w = w
		go n.run(w)
	}
	if n.dirs[dir] != nil {
		_ = n.w.Remove(dir) // the watch of a directory that is gone: often gone by itself
	}
	if err := n.w.Add(dir); err != nil {
		return "", n.fail(dir, err, now)
	}
	w := n.dirs[dir]
	if w == nil {
		w = &watched{subs: map[*subscription]struct{}{}}
		n.dirs[dir] = w
	}
	w.info, w.subs[s] = info, struct{}{}
	s.renamed() // what happened before the watch stood is not told
	return dir, nil
}

// watching returns the name under which the directory info is watched, which may be
// another one than dir where links lead to it: the kernel watches it once.
func (n *notifier) watching(dir string, info fs.FileInfo) string {
	n.mu.Lock()
	_, moved := n.moved[dir]
	delete(n.moved, dir)
	n.mu.Unlock()
	if w := n.dirs[dir]; w != nil {
		if !moved && os.SameFile(w.info, info) {
			return dir
		}
		return ""
	}
	for name, w := range n.dirs {
		if os.SameFile(w.info, info) {
			return name
		}
	}
	return ""
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
	var alert time.Time
	for {
		select {
		case e, ok := <-events:
			if !ok {
				n.ended(w)
				return
			}
			if n.dispatch(e) || n.gather(events) {
				alert = time.Now()
			}
			if time.Since(alert) > alertTime {
				time.Sleep(gatherTime)
			}
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

// gather takes the events that are there at once.
func (n *notifier) gather(events <-chan fsnotify.Event) (named bool) {
	for range 256 {
		select {
		case e, ok := <-events:
			if !ok {
				return named
			}
			named = n.dispatch(e) || named
		default:
			return named
		}
	}
	return named
}

// dispatch tells an event to whom it concerns. named: a name changed.
func (n *notifier) dispatch(e fsnotify.Event) (named bool) {
	name := filepath.Clean(e.Name)
	dir, base := filepath.Dir(name), filepath.Base(name)
	var catch []*subscription
	n.mu.Lock()
	for s := range n.subs {
		wants, hop := s.wants(name, dir, base, e.Op)
		if hop {
			if e.Op&(fsnotify.Remove|fsnotify.Rename) != 0 {
				n.moved[name] = struct{}{}
			}
			if e.Op&fsnotify.Create != 0 {
				catch = append(catch, s)
			} else {
				poke(s.names)
			}
		}
		if wants || hop {
			named = named || e.Op != fsnotify.Write
			s.events.Add(1)
			s.poke()
		}
	}
	n.mu.Unlock()
	for _, s := range catch {
		_ = s.catch() // the follower meets the same error and tells it
		s.renamed()
	}
	return named
}

// wants says whether an event concerns the subscription, and whether it is of a name
// that decides which file is followed.
func (s *subscription) wants(name, dir, base string, op fsnotify.Op) (wants, hop bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if op&^fsnotify.Write != 0 && s.hops[name] {
		return true, true
	}
	if !s.dirs[dir] {
		return false, false
	}
	if op&(fsnotify.Create|fsnotify.Remove|fsnotify.Rename) != 0 {
		return true, false
	}
	for _, b := range s.bases {
		if strings.HasPrefix(base, b) {
			return true, false
		}
	}
	return false, false
}

func (s *subscription) poke() { poke(s.C) }

// renamed wakes the follower as if a name on the way to the file had changed: it looks
// at the file and at what is to be watched.
func (s *subscription) renamed() {
	poke(s.names)
	s.poke()
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
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
