package tail

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFollowHistoryThenNew(t *testing.T) {
	path := logPath(t)
	write(t, path, numbered(0, 1000))
	c := follow(t, path, quick())
	c.awaitLines(t, 1000)
	c.awaitState(t, StateFollowing)
	appendTo(t, path, numbered(1000, 1010))
	wantNumbered(t, c.awaitLines(t, 1010), 0, 1010)
	if !c.batches[0].Past || c.batches[len(c.batches)-1].Past {
		t.Error("history must be Past, new lines not")
	}
}

func TestRenameAndCreate(t *testing.T) {
	path := logPath(t)
	write(t, path, numbered(0, 5))
	c := follow(t, path, quick())
	c.awaitLines(t, 5)
	rename(t, path, path+".1")
	appendTo(t, path+".1", numbered(5, 10)) // the writer has not reopened yet
	c.awaitLines(t, 10)
	write(t, path, numbered(10, 20))
	wantNumbered(t, c.awaitLines(t, 20), 0, 20)
}

func TestCopyTruncate(t *testing.T) {
	path := logPath(t)
	write(t, path, numbered(0, 50))
	c := follow(t, path, quick())
	c.awaitLines(t, 50)
	for i := range 5 {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, numbered(50+i*100, 50+i*100+50)...) // unread when truncated
		write(t, path+".1", string(data))
		write(t, path, numbered(100+i*100, 150+i*100))
		c.awaitLines(t, 150+i*100)
	}
	lines, st := c.snapshot()
	wantNumbered(t, lines, 0, 550)
	if st.LostBytes != 0 {
		t.Errorf("lost %d bytes", st.LostBytes)
	}
}

func TestFileAndDirectoryThatComeLater(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	path := filepath.Join(dir, "access.log")
	c := follow(t, path, quick())
	if st := c.awaitState(t, StateWaiting); !strings.Contains(st.Why, "not there yet") {
		t.Errorf("why: %q", st.Why)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, path, numbered(0, 10))
	c.awaitLines(t, 10)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	c.awaitState(t, StateWaiting)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, path, numbered(10, 20))
	wantNumbered(t, c.awaitLines(t, 20), 0, 20)
}

// TestKubernetesLinks switches the ..data link of a mounted volume.
func TestKubernetesLinks(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for i, d := range []string{"..1", "..2"} {
		if err := os.Mkdir(in(d), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(in(d), "access.log"), numbered(i*10, i*10+10))
	}
	link := func(target, name string) {
		if err := os.Symlink(target, in(name)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	link("..1", "..data")
	link(filepath.Join("..data", "access.log"), "access.log")
	c := follow(t, in("access.log"), quick())
	c.awaitLines(t, 10)
	link("..2", "..tmp")
	rename(t, in("..tmp"), in("..data"))
	wantNumbered(t, c.awaitLines(t, 20), 0, 20)
}

// TestHoleAfterTruncation: a writer that does not append goes on at its old place.
func TestHoleAfterTruncation(t *testing.T) {
	path := logPath(t)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := follow(t, path, quick())
	c.awaitState(t, StateFollowing)
	for i := range 4 {
		f.WriteString(numbered(i*100, i*100+100))
		c.awaitLines(t, i*100+100)
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
	}
	f.WriteString(numbered(400, 500))
	wantNumbered(t, c.awaitLines(t, 500), 0, 500)
}

func TestTruncationWithoutCopyIsCounted(t *testing.T) {
	path := logPath(t)
	write(t, path, numbered(0, 100))
	c := follow(t, path, quick())
	c.awaitLines(t, 100)
	write(t, path, "short\n")
	c.awaitLines(t, 101)
	// The state is told after the lines.
	c.await(t, "the truncation", func(_ []string, st Status) bool { return st.Rotations == 1 && st.LostBytes == 0 })
}

func TestUnfinishedLineIsShownThenDeliveredOnce(t *testing.T) {
	path := logPath(t)
	write(t, path, "")
	opt := quick()
	opt.Unfinished = 30 * time.Millisecond
	c := follow(t, path, opt)
	c.awaitState(t, StateFollowing)
	appendTo(t, path, "line 0\nlin")
	c.await(t, "unfinished", func(lines []string, st Status) bool { return len(lines) == 1 && st.Unfinished == "lin" })
	appendTo(t, path, "e 1\n")
	c.await(t, "finished", func(lines []string, st Status) bool { return len(lines) == 2 && st.Unfinished == "" })
	lines, _ := c.snapshot()
	wantNumbered(t, lines, 0, 2)
}

func TestStream(t *testing.T) {
	r, w := io.Pipe()
	c := newCollector()
	done := make(chan error, 1)
	go func() { done <- Stream("-", r, r.Close, FollowOptions{}).Run(t.Context(), c) }()
	for i := range 100 {
		text := numbered(i*10, i*10+10)
		io.WriteString(w, text[:7])
		io.WriteString(w, text[7:])
	}
	io.WriteString(w, "line 1000") // no line end
	w.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	lines, st := c.snapshot()
	wantNumbered(t, lines, 0, 1001)
	if st.State != StateEnded {
		t.Errorf("state %s", st.State)
	}
}

// TestStreamIsNotHeldBack writes while the sink takes nothing.
func TestStreamIsNotHeldBack(t *testing.T) {
	r, w := io.Pipe()
	c := newCollector()
	c.hold = make(chan struct{})
	done := make(chan error, 1)
	go func() { done <- Stream("-", r, r.Close, FollowOptions{}).Run(t.Context(), c) }()
	io.WriteString(w, numbered(0, 50000)) // returns only when all was read
	close(c.hold)
	w.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	lines, _ := c.snapshot()
	wantNumbered(t, lines, 0, 50000)
}
