package source

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"why502/tail"
)

// lines is a sink that keeps what came, with the batch's name before it.
type lines struct {
	mu   sync.Mutex
	got  []string
	poke chan struct{}
}

func (l *lines) Batch(b tail.Batch) {
	l.mu.Lock()
	for data := b.Data; len(data) > 0; {
		var line []byte
		line, data = tail.NextLine(data)
		l.got = append(l.got, filepath.Base(b.Name)+"|"+string(line))
	}
	l.mu.Unlock()
	b.Release()
	select {
	case l.poke <- struct{}{}:
	default:
	}
}

func (l *lines) Status(tail.Status) {}

func (l *lines) await(t *testing.T, n int) []string {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		l.mu.Lock()
		got := slices.Clone(l.got)
		l.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-l.poke:
		case <-deadline:
			t.Fatalf("waited for %d lines, got %q", n, got)
		}
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, spec string, opt Options) []string {
	t.Helper()
	srcs, err := Open(spec, opt)
	if err != nil {
		t.Fatalf("%s: %v", spec, err)
	}
	var out []string
	for _, s := range srcs {
		out = append(out, filepath.Base(s.Name()))
	}
	return out
}

var once = Options{Follow: tail.FollowOptions{Once: true}}

func TestOpenWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"access.log", "access.log.1", "access.log.2.gz", "error.log", "site.access.log", "access_log",
		"notes.txt", "access.log-20260102", "pid",
	} {
		put(t, filepath.Join(dir, name), "x\n")
	}
	if err := os.Symlink("access.log", filepath.Join(dir, "link.log")); err != nil {
		t.Logf("no symbolic links here: %v", err)
	}
	for _, c := range []struct {
		spec string
		opt  Options
		want string
	}{
		{"access.log", once, "access.log"},
		{"", once, "access.log access_log error.log site.access.log"},
		{"*.log", once, "access.log error.log site.access.log"},
		{"access.log*", once, "access.log access.log-20260102 access.log.1 access.log.2.gz"},
		{"access.log*", Options{}, "access.log access.log*"},
		{"*.access.log", Options{}, "site.access.log *.access.log"},
		{"later.log", Options{}, "later.log"},
		{"none.*.log", Options{}, "none.*.log"},
	} {
		got := strings.Join(names(t, filepath.Join(dir, c.spec), c.opt), " ")
		if got != c.want {
			t.Errorf("%s (once %v): %s, want %s", c.spec, c.opt.Follow.Once, got, c.want)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	empty := t.TempDir()
	for spec, words := range map[string]string{
		"":                           "named",
		filepath.Join(empty, "x"):    "no such file",
		filepath.Join(empty, "*.lo"): "no file matches",
		empty:                        "no log is in this directory",
		filepath.Join(empty, "[a"):   "broken",
		"journald:nginx":             "journalctl",
		"docker:web":                 "docker logs",
		"k8s:default/deploy/web":     "kubectl logs",
		"ssh://host/var/log/x.log":   "ssh HOST",
		"loki+https://h?query=x":     "logcli",
		"vlogs+http://h?query=x":     "curl",
		"https://example.org":        "why502 check",
		"gopher://x":                 "no kind of source",
	} {
		_, err := Open(spec, once)
		if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q in one line", spec, err, words)
		}
	}
}

func TestStdin(t *testing.T) {
	srcs, err := Open("-", Options{Stdin: strings.NewReader("a\nb\n")})
	if err != nil {
		t.Fatal(err)
	}
	l := &lines{poke: make(chan struct{}, 1)}
	if err := srcs[0].Run(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if got := l.await(t, 2); strings.Join(got, " ") != ".|a .|b" {
		t.Errorf("got %q", got)
	}
}

// rescan makes the set look for files without waiting.
type fastClock struct{}

func (fastClock) Now() time.Time { return time.Now() }
func (fastClock) After(d time.Duration) <-chan time.Time {
	return time.After(min(d, 10*time.Millisecond))
}

func TestGlobFindsWhatComesLater(t *testing.T) {
	for _, added := range []bool{false, true} {
		dir := t.TempDir()
		l := &lines{poke: make(chan struct{}, 1)}
		opt := Options{Follow: tail.FollowOptions{Clock: fastClock{}}}
		var running sync.WaitGroup
		var handed []string
		if added {
			opt.Added = func(ctx context.Context, src tail.Source) {
				handed = append(handed, filepath.Base(src.Name()))
				running.Go(func() { _ = src.Run(ctx, l) })
			}
		}
		srcs, err := Open(filepath.Join(dir, "*.access.log"), opt)
		if err != nil || len(srcs) != 1 {
			t.Fatalf("%v, %d sources", err, len(srcs))
		}
		ctx, cancel := context.WithCancel(t.Context())
		running.Go(func() { _ = srcs[0].Run(ctx, l) })
		put(t, filepath.Join(dir, "b.access.log"), "1\n")
		l.await(t, 1)
		put(t, filepath.Join(dir, "b.access.log.1"), "no\n")
		put(t, filepath.Join(dir, "c.access.log"), "2\n")
		got := l.await(t, 2)
		cancel()
		running.Wait()
		want := "b.access.log|1 c.access.log|2"
		if added {
			want = ".|1 .|2"
		}
		if strings.Join(got, " ") != want || added && len(handed) != 2 {
			t.Errorf("added %v: %q, handed %q", added, got, handed)
		}
	}
}

// noPoll is a clock by which the time to look for files never comes.
type noPoll struct{}

func (noPoll) Now() time.Time { return time.Now() }
func (noPoll) After(d time.Duration) <-chan time.Time {
	if d >= rescanEvery {
		return nil
	}
	return time.After(d)
}

func TestEventsTellOfWhatComesLater(t *testing.T) {
	for _, spec := range []string{"*.access.log", "site*/access.log", ""} {
		dir := t.TempDir()
		l := &lines{poke: make(chan struct{}, 1)}
		srcs, err := Open(filepath.Join(dir, spec), Options{Follow: tail.FollowOptions{Clock: noPoll{}}})
		if err != nil || len(srcs) != 1 {
			t.Fatalf("%q: %v, %d sources", spec, err, len(srcs))
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = srcs[0].Run(ctx, l) })
		for i, name := range []string{"site1", "site2"} {
			path := filepath.Join(dir, name+".access.log")
			if strings.Contains(spec, "/") {
				path = filepath.Join(dir, name, "access.log")
			}
			put(t, path, "x\n")
			l.await(t, i+1)
		}
		cancel()
		running.Wait()
	}
}

func TestDiscover(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "nginx", "access.log"), "x\n")
	put(t, filepath.Join(dir, "nginx", "error.log"), "x\n")
	put(t, filepath.Join(dir, "nginx", "access.log.1.log"), "x\n")
	found, denied := discover([]string{filepath.Join(dir, "nginx", "*.log"), filepath.Join(dir, "haproxy.log"), filepath.Join(dir, "nginx", "a*.log")})
	slices.Sort(found)
	var buf bytes.Buffer
	for _, f := range found {
		buf.WriteString(filepath.Base(f) + " ")
	}
	if buf.String() != "access.log error.log " || len(denied) != 0 {
		t.Errorf("found %s, denied %q", buf.String(), denied)
	}
	if _, looked := Discover(); len(looked) < 10 {
		t.Errorf("looked at %d places", len(looked))
	}
}
