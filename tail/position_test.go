package tail

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// memory keeps positions for a test.
type memory struct {
	mu   sync.Mutex
	at   map[string]Position
	keep bool // what is saved is not taken any more, as when the process was killed
}

func newMemory() *memory { return &memory{at: map[string]Position{}} }

func (m *memory) Load(path string) (Position, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.at[path]
	return p, ok
}

func (m *memory) Save(path string, p Position) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.keep {
		m.at[path] = p
	}
}

// again reads once what is new since the last time.
func again(t *testing.T, path string, m *memory) []string {
	t.Helper()
	c, err := readAll(t, path, FollowOptions{Positions: m})
	if err != nil {
		t.Fatal(err)
	}
	return c.lines
}

func TestResumeGoesOnWhereItWas(t *testing.T) {
	long := strings.Repeat("x", 3000) + "\n"
	for _, c := range []struct {
		name   string
		before string // in the log at the first run
		change func(t *testing.T, path string)
		want   string // number of lines of the second run and the first of them
	}{
		{"nothing new", numbered(0, 100), func(*testing.T, string) {}, "0 "},
		{"more in the same file", numbered(0, 100), func(t *testing.T, p string) { appendTo(t, p, numbered(100, 110)) }, "10 line 100"},
		{"a small file", "line 0\n", func(t *testing.T, p string) { appendTo(t, p, numbered(1, 3)) }, "2 line 1"},
		{"an unfinished line", numbered(0, 3) + "lin", func(t *testing.T, p string) { appendTo(t, p, "e 3\n") }, "1 line 3"},
		{"renamed", numbered(0, 100), func(t *testing.T, p string) {
			appendTo(t, p, numbered(100, 105))
			rename(t, p, p+".1")
			write(t, p, numbered(105, 110))
		}, "10 line 100"},
		{"renamed twice and compressed", long + numbered(0, 500), func(t *testing.T, p string) {
			compressed(t, p+".2.gz", long+numbered(0, 505))
			write(t, p+".1", numbered(505, 600))
			write(t, p, numbered(600, 610))
		}, "110 line 500"},
		{"copied and truncated", numbered(0, 100), func(t *testing.T, p string) {
			write(t, p+".1", numbered(0, 104))
			write(t, p, numbered(104, 110))
		}, "10 line 100"},
		{"a file of an empty log that was renamed", "", func(t *testing.T, p string) {
			appendTo(t, p, numbered(0, 5))
			rename(t, p, p+".1")
			write(t, p, numbered(5, 10))
		}, "10 line 0"},
		{"gone", numbered(0, 100), func(t *testing.T, p string) {
			if err := os.Remove(p); err != nil {
				t.Fatal(err)
			}
			write(t, p, numbered(200, 205))
		}, "5 line 200"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, m := logPath(t), newMemory()
			write(t, path, c.before)
			again(t, path, m)
			c.change(t, path)
			for _, follows := range []bool{false, true} {
				var got []string
				if follows { // on a copy of what was known
					col := newCollector()
					opt := quick()
					opt.Positions = &memory{at: map[string]Position{path: m.at[path]}, keep: true}
					followInto(t, path, opt, col)
					got = col.await(t, "the rest", func(lines []string, st Status) bool {
						return fmt.Sprint(len(lines)) == c.want[:strings.IndexByte(c.want, ' ')] && st.State == StateFollowing
					})
				} else {
					was := m.at[path]
					got = again(t, path, m)
					m.at[path] = was
				}
				first := ""
				if len(got) > 0 {
					first = got[0]
				}
				if have := fmt.Sprintf("%d %s", len(got), first); have != c.want {
					t.Errorf("following %v: %s, want %s", follows, have, c.want)
				}
			}
		})
	}
}

// A follower that is stopped and started again while a log grows and is rotated
// delivers every line once; one that was killed, which saved nothing of its end, every
// line at least once.
func TestResumeLosesNothing(t *testing.T) {
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprintf("killed %v", killed), func(t *testing.T) {
			path, m, rng := logPath(t), newMemory(), rand.New(rand.NewPCG(7, 7))
			write(t, path, "")
			again(t, path, m)
			seen, next := map[string]int{}, 0
			for round := range 30 {
				n := 1 + rng.IntN(400)
				appendTo(t, path, numbered(next, next+n))
				next += n
				if rng.IntN(3) == 0 {
					rotateNumbered(t, path)
				}
				m.keep = killed && round%2 == 1
				for _, l := range again(t, path, m) {
					seen[l]++
				}
			}
			m.keep = false
			for _, l := range again(t, path, m) {
				seen[l]++
			}
			for i := range next {
				n := seen[fmt.Sprintf("line %d", i)]
				if n < 1 || !killed && n != 1 {
					t.Fatalf("line %d of %d came %d times", i, next, n)
				}
			}
		})
	}
}

// rotateNumbered renames as logrotate does: .1 to .2 and so on.
func rotateNumbered(t *testing.T, path string) {
	t.Helper()
	old, _ := filepath.Glob(path + ".*")
	for i := len(old); i > 0; i-- {
		rename(t, fmt.Sprintf("%s.%d", path, i), fmt.Sprintf("%s.%d", path, i+1))
	}
	rename(t, path, path+".1")
	write(t, path, "")
}

// slowSink says that it is done only with the first lines of what it took.
type slowSink struct {
	*collector
	done int64
}

func (s *slowSink) Done() (file int, offset int64, ok bool) { return 0, s.done, true }

func TestResumeRepeatsWhatTheSinkWasNotDoneWith(t *testing.T) {
	path, m := logPath(t), newMemory()
	write(t, path, numbered(0, 9))
	s := &slowSink{newCollector(), int64(len(numbered(0, 6)))}
	if err := Follow(path, FollowOptions{Once: true, Positions: m}).Run(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	wantNumbered(t, again(t, path, m), 6, 9)
}
