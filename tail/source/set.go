package source

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"why502/tail"
)

// set is the files of a glob or a directory. As a source it waits for new ones.
type set struct {
	name    string
	pattern string
	dir     bool // a directory: only what is a living log by its name
	fsys    tail.FS
	opt     Options

	mu    sync.Mutex
	known map[string]fs.FileInfo // the files that have a source, by path
}

func newSet(name, pattern string, dir bool, fsys tail.FS, opt Options) *set {
	return &set{name: name, pattern: pattern, dir: dir, fsys: fsys, opt: opt, known: map[string]fs.FileInfo{}}
}

// Name returns what was named.
func (s *set) Name() string { return s.name }

// scan returns the files that match and were not known, sorted, and knows them.
func (s *set) scan() ([]string, error) {
	paths, err := filepath.Glob(s.pattern)
	if err != nil {
		return nil, fmt.Errorf("%s: this pattern is broken: %w", s.name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.Sort(paths)
	var fresh []string
	for _, path := range paths {
		if _, ok := s.known[path]; ok || len(s.known) >= maxFiles || !s.wanted(path, paths) {
			continue
		}
		info, err := s.fsys.Stat(path)
		if err != nil || !info.Mode().IsRegular() || s.alias(info) {
			continue
		}
		s.known[path] = info
		fresh = append(fresh, path)
	}
	return fresh, nil
}

// wanted leaves out what rotation made: of a directory by its name alone, of a glob
// when the living file matches as well. Logs that are named by date have no living
// one among them: then it is the one written to last.
func (s *set) wanted(path string, paths []string) bool {
	base, follow := filepath.Base(path), s.opt.Follow
	if s.dir {
		return living(base)
	}
	if follow.Once && (follow.TimeOf == nil || follow.Since.IsZero()) {
		return true // the pattern says what is wanted; nothing else reads the old ones
	}
	for _, other := range paths {
		if other != path && filepath.Dir(other) == filepath.Dir(path) && tail.RotatedFrom(filepath.Base(other), base) {
			return false
		}
	}
	return !tail.IsRotated(base) || path == s.newest(paths)
}

// newest returns the path that was written to last.
func (s *set) newest(paths []string) string {
	var last string
	var at time.Time
	for _, path := range paths {
		if info, err := s.fsys.Stat(path); err == nil && info.ModTime().After(at) {
			last, at = path, info.ModTime()
		}
	}
	return last
}

// alias says whether a known path is the same file now. It needs s.mu.
func (s *set) alias(info fs.FileInfo) bool {
	for path, old := range s.known {
		if now, err := s.fsys.Stat(path); err == nil {
			old = now
		}
		if os.SameFile(old, info) {
			return true
		}
	}
	return false
}

// New files are looked for when the names in their directory change, and every so
// often; not more often than the gap allows.
const (
	rescanEvery = time.Second
	rescanGap   = 10 * time.Millisecond
)

// Run waits for new files until ctx ends.
func (s *set) Run(ctx context.Context, sink tail.Sink) error {
	now, after := time.Now, time.After
	if clock := s.opt.Follow.Clock; clock != nil {
		now, after = clock.Now, clock.After
	}
	names := tail.WatchNames(s.fsys)
	defer names.Close()
	m := &merger{sink: sink}
	var running sync.WaitGroup
	defer running.Wait()
	s.tell(m)
	for {
		names.In(s.dirs(), now())
		select {
		case <-ctx.Done():
			return nil
		case <-names.Changed():
		case <-after(rescanEvery):
		}
		paths, err := s.scan()
		if err != nil {
			return err
		}
		for _, path := range paths {
			src := tail.Follow(path, s.fromStart())
			if s.opt.Added != nil {
				s.opt.Added(ctx, src)
				continue
			}
			running.Go(func() {
				if err := src.Run(ctx, &member{m, path}); err != nil {
					m.status(tail.Status{State: tail.StateFailed, Why: err.Error()})
				}
			})
		}
		if len(paths) > 0 {
			s.tell(m)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-after(rescanGap):
		}
	}
}

// dirs are the directories in which files may come.
func (s *set) dirs() []string {
	if s.dir {
		return []string{s.name}
	}
	dir := filepath.Dir(s.pattern)
	if !hasMeta(dir) {
		return []string{dir}
	}
	dirs, _ := filepath.Glob(dir)                  // the pattern was found to be good
	return append(dirs, filepath.Dir(steady(dir))) // where more of them may come
}

// steady returns the part of a pattern up to its first pattern character.
func steady(pattern string) string { return pattern[:strings.IndexAny(pattern, "*?[")] }

// fromStart are the options for a file that came later: all of it is new.
func (s *set) fromStart() tail.FollowOptions {
	opt := s.opt.Follow
	opt.MaxHistory, opt.Since, opt.TimeOf = 0, time.Time{}, nil
	return opt
}

// tell says what is waited for.
func (s *set) tell(m *merger) {
	s.mu.Lock()
	n := len(s.known)
	s.mu.Unlock()
	st := tail.Status{State: tail.StateFollowing}
	if n == 0 {
		st.State = tail.StateWaiting
		st.Why = fmt.Sprintf("%s: no log is there yet; waiting for one (check the name if none comes)", s.name)
	}
	m.status(st)
}

// merger makes one source of several: it numbers their batches anew.
type merger struct {
	mu   sync.Mutex
	sink tail.Sink
	seq  uint64
}

func (m *merger) status(st tail.Status) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sink.Status(st)
}

// member is the sink of one file of a merged source.
type member struct {
	*merger
	path string
}

func (m *member) Batch(b tail.Batch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b.Name, b.Seq = m.path, m.seq
	m.seq++
	m.sink.Batch(b)
}

// Status passes on trouble only: the merged source's own state is that it follows.
func (m *member) Status(st tail.Status) {
	if st.Why != "" {
		m.status(st)
	}
}
