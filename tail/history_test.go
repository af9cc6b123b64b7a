package tail

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// timed makes one line a second from..to-1, counted from the epoch of the test.
func timed(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "%s line %d\n", day.Add(time.Duration(i)*time.Second).Format(time.RFC3339), i)
	}
	return b.String()
}

var day = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)

func timeOf(line []byte) (time.Time, bool) {
	s, _, _ := strings.Cut(string(line), " ")
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil
}

// ordered returns the lines sorted by the place that their batches tell.
type orderSink struct {
	*collector
	parts []Batch
}

func (s *orderSink) Batch(b Batch) {
	keep := b
	keep.Data = bytes.Clone(b.Data)
	s.parts = append(s.parts, keep)
	s.collector.Batch(b)
}

func TestNewestHistoryComesFirst(t *testing.T) {
	path := logPath(t)
	write(t, path, numbered(0, 200000))
	s := &orderSink{collector: newCollector()}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	opt := quick()
	opt.Recent, opt.PastBatch = 64<<10, 32<<10
	go func() { done <- Follow(path, opt).Run(ctx, s) }()
	s.await(t, "history", func(lines []string, st Status) bool { return len(lines) == 200000 && st.HistoryLeft == 0 })
	appendTo(t, path, numbered(200000, 200010))
	s.awaitLines(t, 200010)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if first, _ := NextLine(s.parts[0].Data); bytes.Equal(first, []byte("line 0")) {
		t.Error("the oldest line came first")
	}
	slices.SortFunc(s.parts, func(a, b Batch) int {
		return cmp.Or(a.File-b.File, cmp.Compare(a.Offset, b.Offset))
	})
	var all []string
	for _, b := range s.parts {
		for data := b.Data; len(data) > 0; {
			var l []byte
			l, data = NextLine(data)
			all = append(all, string(l))
		}
	}
	wantNumbered(t, all, 0, 200010)
}

func compressed(t *testing.T, path, text string) {
	t.Helper()
	var b bytes.Buffer
	if strings.HasSuffix(path, ".zst") {
		z, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		z.Write([]byte(text))
		z.Close()
	} else {
		z := gzip.NewWriter(&b)
		z.Write([]byte(text))
		z.Close()
	}
	write(t, path, b.String())
}

func age(t *testing.T, path string, seconds int) {
	t.Helper()
	at := day.Add(time.Duration(seconds) * time.Second)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestSinceReachesIntoRotatedFiles(t *testing.T) {
	path := logPath(t)
	compressed(t, path+".4.gz", timed(0, 1000))
	compressed(t, path+".3.zst", timed(1000, 2000))
	compressed(t, path+".2.gz", timed(2000, 3000))
	write(t, path+".1", timed(3000, 4000))
	write(t, path, timed(4000, 5000))
	for i, name := range []string{".4.gz", ".3.zst", ".2.gz", ".1", ""} {
		age(t, path+name, 1000*(i+1)-1)
	}
	for _, once := range []bool{true, false} {
		opt := quick()
		opt.Since, opt.TimeOf = day.Add(1500*time.Second), timeOf
		var lines []string
		if once {
			c, err := readAll(t, path, opt)
			if err != nil {
				t.Fatal(err)
			}
			lines, _ = c.snapshot()
			if !slices.IsSorted(lines) {
				t.Error("once: not oldest first")
			}
		} else {
			c := follow(t, path, opt)
			lines = c.await(t, "all history", func(lines []string, st Status) bool {
				return st.State == StateFollowing && st.HistoryLeft == 0 && len(lines) >= 3500
			})
			lines = slices.Sorted(slices.Values(lines))
		}
		first, _ := timeOf([]byte(lines[0]))
		if first.After(opt.Since) || first.Before(day.Add(1000*time.Second)) || !strings.HasSuffix(lastOf(lines), "line 4999") {
			t.Errorf("once %v: from %s to %q", once, first, lastOf(lines))
		}
		if want := int(day.Add(5000*time.Second).Sub(first) / time.Second); len(lines) != want {
			t.Errorf("once %v: %d lines, want %d", once, len(lines), want)
		}
	}
}

func TestSpanEndsWithTheLastLine(t *testing.T) {
	for _, c := range []struct {
		name, rotated, current, more string
		least, most                  int
	}{
		{"within the file", timed(0, 4000), timed(4000, 20000), "", 3000, 4500},
		{"into the rotated one", timed(0, 19000), timed(19000, 20000), "", 3000, 4500},
		{"lines without a time behind the last", "", timed(0, 20000), "no time\nnone\n", 3000, 4500},
		{"no time at all", timed(0, 100), numbered(0, 5000), "", 5000, 5000},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := logPath(t)
			if c.rotated != "" {
				write(t, path+".1", c.rotated)
				age(t, path+".1", 19000)
			}
			write(t, path, c.current+c.more)
			opt := quick()
			opt.Span, opt.TimeOf, opt.MaxHistory, opt.Recent = 3000*time.Second, timeOf, 1<<40, 4096
			col := follow(t, path, opt)
			got := col.await(t, "history", func(lines []string, st Status) bool {
				return st.State == StateFollowing && st.HistoryLeft == 0 && len(lines) >= c.least
			})
			if len(got) > c.most {
				t.Errorf("%d lines came, want at most %d", len(got), c.most)
			}
		})
	}
}

func TestSearchTimeInBigFile(t *testing.T) {
	path := logPath(t)
	write(t, path, timed(0, 50000))
	opt := FollowOptions{Since: day.Add(40000 * time.Second), TimeOf: timeOf}
	c, err := readAll(t, path, opt)
	if err != nil {
		t.Fatal(err)
	}
	lines, _ := c.snapshot()
	first, _ := timeOf([]byte(lines[0]))
	if first.After(opt.Since) || len(lines) > 14000 || lastOf(lines)[len("2026-01-02T00:00:00Z line "):] != "49999" {
		t.Errorf("%d lines from %s", len(lines), first)
	}
}

func TestOnce(t *testing.T) {
	path := logPath(t)
	for name, text := range map[string]string{"": numbered(0, 100000), ".gz": "", ".zst": "", "unfinished": "line 0\nline 1"} {
		want := 100000
		switch {
		case name == "unfinished":
			want = 2
			write(t, path+name, text)
		case text == "":
			compressed(t, path+name, numbered(0, want))
		default:
			write(t, path, text)
		}
		c, err := readAll(t, path+name, FollowOptions{})
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		lines, st := c.snapshot()
		wantNumbered(t, lines, 0, want)
		if st.State != StateEnded {
			t.Errorf("%q: state %s", name, st.State)
		}
		for i, b := range c.batches {
			if b.Seq != uint64(i) || !b.Past {
				t.Fatalf("%q: batch %d has Seq %d, Past %v", name, i, b.Seq, b.Past)
			}
		}
	}
}

func TestHugeLine(t *testing.T) {
	path := logPath(t)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("line 0\n")
	x := bytes.Repeat([]byte("x"), 1<<20)
	for range 40 {
		f.Write(x)
	}
	f.WriteString("\nline 2\n")
	f.Close()
	for _, opt := range []FollowOptions{{Once: true}, {Recent: 4 << 10, Poll: 20 * time.Millisecond}} {
		var c *collector
		if opt.Once {
			c, err = readAll(t, path, opt)
			if err != nil {
				t.Fatal(err)
			}
		} else {
			c = follow(t, path, opt)
		}
		lines := c.await(t, "three lines", func(lines []string, st Status) bool { return len(lines) >= 3 && st.Cut > 0 })
		slices.SortFunc(lines, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
		if len(lines) != 3 || len(lines[2]) != MaxLine || lines[0] != "line 0" && lines[0] != "line 2" {
			t.Errorf("once %v: %d lines, the longest %d", opt.Once, len(lines), len(lines[2]))
		}
	}
}
