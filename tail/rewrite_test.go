package tail

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// still is the machine's file system with a clock that only the test moves: what is
// waited for with patience is waited for as long as the test likes.
func still(x *faultFS) FollowOptions {
	opt := faulty(x)
	opt.Clock = &stillClock{x: x, at: time.Now()}
	return opt
}

type stillClock struct {
	x  *faultFS
	at time.Time
}

func (c *stillClock) Now() time.Time                         { return c.at.Add(time.Duration(c.x.skew.Load())) }
func (c *stillClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

func remove(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// truncateTo writes text over a file in place.
func truncateTo(t testing.TB, path, text string) {
	t.Helper()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	appendTo(t, path, text)
}

// awaitLooks waits until the follower looked several times at what is there now.
func awaitLooks(t testing.TB, x *faultFS) {
	t.Helper()
	for from, deadline := x.stats.Load(), time.Now().Add(30*time.Second); x.stats.Load() < from+5; {
		if time.Now().After(deadline) {
			t.Fatal("the follower looks no more")
		}
		time.Sleep(time.Millisecond)
	}
}

// TestRewrittenFileIsNotReadAgain writes the file anew in the ways of editors, sed -i
// and cp, in steps that the follower sees, with more lines behind the old ones.
func TestRewrittenFileIsNotReadAgain(t *testing.T) {
	for name, rewrite := range map[string]func(t *testing.T, x *faultFS, path, old, more string){
		"over it": func(t *testing.T, _ *faultFS, path, old, more string) {
			write(t, path+"~new", old+more)
			rename(t, path+"~new", path)
		},
		"over it, then more": func(t *testing.T, x *faultFS, path, old, more string) {
			write(t, path+"~new", old)
			rename(t, path+"~new", path)
			awaitLooks(t, x)
			appendTo(t, path, more)
		},
		"beside the old one": func(t *testing.T, x *faultFS, path, old, more string) {
			rename(t, path, path+"~")
			write(t, path, "")
			for _, part := range []string{old[:len(old)/3], old[len(old)/3:], more} {
				awaitLooks(t, x)
				appendTo(t, path, part)
			}
			remove(t, path+"~")
		},
		"in place": func(t *testing.T, x *faultFS, path, old, more string) {
			truncateTo(t, path, "")
			for _, part := range []string{old[:len(old)/3], old[len(old)/3:], more} {
				awaitLooks(t, x)
				appendTo(t, path, part)
			}
		},
	} {
		for size, text := range map[string]string{"short": numbered(0, 5), "long": numbered(0, 500), "unfinished": numbered(0, 499) + "line 4"} {
			t.Run(name+", "+size, func(t *testing.T) {
				n := strings.Count(text, "\n")
				more := numbered(n, n+10)
				if size == "unfinished" {
					more = "99\n" + numbered(500, 509)
				}
				x := &faultFS{}
				path := logPath(t)
				write(t, path, text)
				c := follow(t, path, still(x))
				c.awaitLines(t, n)
				rewrite(t, x, path, text, more)
				c.awaitLines(t, n+10)
				appendTo(t, path, numbered(n+10, n+20))
				wantNumbered(t, c.awaitLines(t, n+20), 0, n+20)
			})
		}
	}
}

// TestRewriteWhileTheOldOneIsWrittenTo: what was written after the copy was made is
// in the old file only.
func TestRewriteWhileTheOldOneIsWrittenTo(t *testing.T) {
	x := &faultFS{}
	path := logPath(t)
	write(t, path, numbered(0, 100))
	c := follow(t, path, still(x))
	c.awaitLines(t, 100)
	w, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	write(t, path+"~new", numbered(0, 100))
	w.WriteString(numbered(100, 105))
	rename(t, path+"~new", path)
	w.WriteString(numbered(105, 110))
	c.awaitLines(t, 110)
	appendTo(t, path, numbered(110, 120))
	wantNumbered(t, c.awaitLines(t, 120), 0, 120)
}

// TestHeldLinesAreNotOvertaken rotates a file of which it can't be told yet whether it
// repeats the one before: what comes after it has to wait.
func TestHeldLinesAreNotOvertaken(t *testing.T) {
	x := &faultFS{}
	path := logPath(t)
	text := numbered(0, 500)
	write(t, path, text)
	c := follow(t, path, still(x))
	c.awaitLines(t, 500)
	rename(t, path, path+"~")
	write(t, path, text[:len(text)/3])
	awaitLooks(t, x)
	rename(t, path, path+".1")
	write(t, path, numbered(510, 520))
	awaitLooks(t, x)
	if lines, _ := c.snapshot(); len(lines) != 500 {
		t.Fatalf("%d lines came while it was not known whether they were new, the last %q", len(lines)-500, lastOf(lines))
	}
	appendTo(t, path+".1", text[len(text)/3:]+numbered(500, 510))
	wantNumbered(t, c.awaitLines(t, 520), 0, 520)
}

// TestSameFirstLinesAreNoRewrite: files that begin with the same heading are others.
func TestSameFirstLinesAreNoRewrite(t *testing.T) {
	const heading = "#Version: 1.0\n#Fields: date time c-ip cs-uri\n"
	for name, next := range map[string]func(t testing.TB, path, text string){
		"deleted": func(t testing.TB, path, text string) {
			remove(t, path)
			write(t, path, text)
		},
		"replaced": func(t testing.TB, path, text string) {
			write(t, path+"~new", text)
			rename(t, path+"~new", path)
		},
		"truncated": truncateTo,
		"renamed": func(t testing.TB, path, text string) {
			rename(t, path, path+".1")
			write(t, path, text)
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := &faultFS{}
			path := logPath(t)
			write(t, path, heading+numbered(0, 50))
			c := follow(t, path, still(x))
			c.awaitLines(t, 52)
			for i := 1; i < 4; i++ {
				next(t, path, heading+numbered(50*i, 50*i+50))
				lines := c.awaitLines(t, 52*(i+1))[52*i:]
				if got := strings.Join(lines[:2], "\n") + "\n"; got != heading {
					t.Fatalf("got %q for the heading", got)
				}
				wantNumbered(t, lines[2:], 50*i, 50*i+50)
			}
		})
	}
}

// TestPatienceEnds: a file that holds only what the old one began with is not waited
// for without end.
func TestPatienceEnds(t *testing.T) {
	x := &faultFS{}
	path := logPath(t)
	write(t, path, "#Version: 1.0\n"+numbered(0, 50))
	c := follow(t, path, still(x))
	c.awaitLines(t, 51)
	remove(t, path)
	write(t, path, "#Version: 1.0\n")
	awaitLooks(t, x)
	if lines, _ := c.snapshot(); len(lines) != 51 {
		t.Fatalf("not waited for: %d lines", len(lines))
	}
	// Its patience begins when it sees the file, which may be only now.
	for range 100 {
		x.skew.Add(int64(time.Minute))
		awaitLooks(t, x)
		if lines, _ := c.snapshot(); len(lines) == 52 {
			return
		}
	}
	t.Fatal("it is waited for without end")
}

// TestLineDividedByATruncation copies and truncates the file, once and twice in a row,
// while its writer is in the middle of a line, whose end comes to the emptied file.
func TestLineDividedByATruncation(t *testing.T) {
	first, second := numbered(0, 100)+"line 1", "00\n"+numbered(101, 150)+"line 1"
	for name, c := range map[string]struct {
		parts []string
		seen  bool // each of them, else the last alone
	}{
		"once":          {[]string{first, "00\n" + numbered(101, 160)}, true},
		"twice":         {[]string{first, second, "50\n" + numbered(151, 160)}, true},
		"twice, unseen": {[]string{first, second, "50\n" + numbered(151, 160)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			x := &faultFS{}
			path := logPath(t)
			write(t, path, c.parts[0])
			got := follow(t, path, still(x))
			got.awaitLines(t, 100)
			for i, part := range c.parts[1:] {
				write(t, fmt.Sprintf("%s.%d", path, len(c.parts)-1-i), c.parts[i])
				truncateTo(t, path, part)
				if c.seen {
					awaitLooks(t, x)
				}
			}
			wantNumbered(t, got.awaitLines(t, 160), 0, 160)
		})
	}
}

// TestCompressedCopyIsNotReadAgain compresses the copy of a copytruncate, which
// changes its inode and its time.
func TestCompressedCopyIsNotReadAgain(t *testing.T) {
	path := logPath(t)
	write(t, path, numbered(0, 50))
	c := follow(t, path, quick())
	c.awaitLines(t, 50)
	write(t, path+".1", numbered(0, 60)) // ten of them unread
	truncateTo(t, path, numbered(60, 70))
	c.awaitLines(t, 70)
	compressed(t, path+".1.gz", numbered(0, 60))
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path+".1.gz", later, later); err != nil {
		t.Fatal(err)
	}
	remove(t, path+".1")
	remove(t, path)
	write(t, path, numbered(70, 80))
	wantNumbered(t, c.awaitLines(t, 80), 0, 80)
}

// TestEmptyFileIsNotKnownAgain: nothing but the inode is known of a file that was
// never read, and inodes are used again.
func TestEmptyFileIsNotKnownAgain(t *testing.T) {
	path := logPath(t)
	write(t, path, "")
	f := Follow(path, quick()).(*follower)
	file, err := System.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f.forget(newItem(share(file), info, path, 0, time.Time{}))
	if len(f.closed) != 0 {
		t.Error("an empty file is kept to be known again")
	}
}

// TestRewrittenFileOnAnInodeUsedAgain: the file written anew has the inode, and the
// beginning, of one that was read long before.
func TestRewrittenFileOnAnInodeUsedAgain(t *testing.T) {
	path := logPath(t)
	f := Follow(path, quick()).(*follower)
	c := newCollector()
	f.sink, f.sub = c, subscribe(f.opt.FS, path)
	defer f.sub.close()
	defer f.release()
	write(t, path, numbered(0, 50))
	f.cycle(t.Context())
	write(t, path+"~new", numbered(0, 60))
	rename(t, path+"~new", path)
	file, err := System.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	old := newItem(share(file), info, path, 0, time.Time{})
	if err := old.seek(int64(len(numbered(0, 5)))); err != nil {
		t.Fatal(err)
	}
	f.forget(old)
	f.cycle(t.Context())
	lines, _ := c.snapshot()
	wantNumbered(t, lines, 0, 60)
}

// TestMovedToAnotherDirectory: no event tells of what is written there.
func TestMovedToAnotherDirectory(t *testing.T) {
	path := logPath(t)
	old := filepath.Join(t.TempDir(), "old.log")
	write(t, path, numbered(0, 5))
	c := follow(t, path, quick())
	c.awaitLines(t, 5)
	rename(t, path, old)
	appendTo(t, old, numbered(5, 10))
	c.awaitLines(t, 10)
	write(t, path, "")
	appendTo(t, old, numbered(10, 15))
	c.awaitLines(t, 15)
	appendTo(t, path, numbered(15, 20))
	wantNumbered(t, c.awaitLines(t, 20), 0, 20)
}
