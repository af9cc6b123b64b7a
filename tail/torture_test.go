package tail

import (
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	tortureSeed   = flag.Uint64("torture.seed", 0, "seed of the torture test, 0 for a new one")
	tortureRounds = flag.Int("torture.rounds", 60, "rotations of each file in the torture test")
)

// TestTorture lets several writers write numbered lines to several files that are
// rotated in every way at random, and wants each writer's lines complete and in
// order.
func TestTorture(t *testing.T) {
	seed := *tortureSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("go test -run TestTorture -torture.seed %d -torture.rounds %d", seed, *tortureRounds)
	for i := range 3 {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			v := newVictim(t, rand.New(rand.NewPCG(seed, uint64(i))), 1+i)
			v.run(*tortureRounds)
		})
	}
}

// victim is a log that is written to and rotated.
type victim struct {
	t       *testing.T
	rnd     *rand.Rand
	path    string // what is followed
	file    string // the file behind it: another one when path is a link
	c       *collector
	writers []*penman
	log     []string // what was done
	dated   bool
	serial  int
}

// penman is one writer; its lines are "wN number padding".
type penman struct {
	id   int
	next int
	f    *os.File
}

func newVictim(t *testing.T, rnd *rand.Rand, writers int) *victim {
	dir := t.TempDir()
	v := &victim{t: t, rnd: rnd, path: filepath.Join(dir, "access.log")}
	v.file, v.dated = v.path, writers == 2
	if writers == 3 {
		v.file = filepath.Join(dir, "real", "0.log")
		if err := os.Mkdir(filepath.Dir(v.file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(v.file, v.path); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	for i := range writers {
		w := &penman{id: i}
		v.writers = append(v.writers, w)
		v.reopen(w)
	}
	opt := quick()
	opt.Grace = 200 * time.Millisecond
	v.c = follow(t, v.path, opt)
	v.c.awaitState(t, StateFollowing)
	return v
}

func (v *victim) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

func (v *victim) reopen(w *penman) {
	if w.f != nil {
		v.must(w.f.Close())
	}
	f, err := os.OpenFile(v.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	v.must(err)
	w.f = f
}

// write lets a writer write n lines, one or several a call, sometimes in halves
// where it is the only one.
func (v *victim) write(w *penman, n int) {
	for n > 0 {
		var b strings.Builder
		k := min(n, 1+v.rnd.IntN(5))
		for range k {
			fmt.Fprintf(&b, "w%d %d %s\n", w.id, w.next, strings.Repeat("x", v.rnd.IntN(200)))
			w.next++
		}
		n -= k
		text := b.String()
		if len(v.writers) == 1 && v.rnd.IntN(4) == 0 {
			at := v.rnd.IntN(len(text))
			v.print(w, text[:at])
			v.pause(2)
			text = text[at:]
		}
		v.print(w, text)
	}
}

func (v *victim) print(w *penman, s string) {
	_, err := w.f.WriteString(s)
	v.must(err)
}

// pause waits a little, at random.
func (v *victim) pause(ms int) {
	if n := v.rnd.IntN(ms + 1); n > 0 {
		time.Sleep(time.Duration(v.rnd.IntN(n*1000)) * time.Microsecond)
	}
}

func (v *victim) some() {
	for _, w := range v.writers {
		v.write(w, v.rnd.IntN(20))
	}
}

// shift makes room for .1 as logrotate does.
func (v *victim) shift() {
	for i := 40; i >= 1; i-- {
		for _, end := range []string{"", ".gz"} {
			from := fmt.Sprintf("%s.%d%s", v.file, i, end)
			if _, err := os.Lstat(from); err == nil {
				v.must(os.Rename(from, fmt.Sprintf("%s.%d%s", v.file, i+1, end)))
			}
		}
	}
}

// slowReopen lets the writers go over to the new file one by one, as nginx's
// workers do, writing meanwhile.
func (v *victim) slowReopen() {
	for _, i := range v.rnd.Perm(len(v.writers)) {
		v.some()
		v.pause(3)
		v.reopen(v.writers[i])
	}
}

// aside returns the name that a rotation gives the file: of one kind for each
// victim, for no one mixes them.
func (v *victim) aside() string {
	if v.dated {
		v.serial++
		return fmt.Sprintf("%s-20260102-%06d", v.file, v.serial)
	}
	v.shift()
	return v.file + ".1"
}

func (v *victim) renameCreate() {
	v.must(os.Rename(v.file, v.aside()))
	if v.rnd.IntN(2) == 0 {
		v.must(os.WriteFile(v.file, nil, 0o600))
	}
	v.slowReopen()
}

func (v *victim) hardLink() {
	v.must(os.Link(v.file, v.aside()))
	v.pause(2)
	v.must(os.Remove(v.file))
	v.slowReopen()
}

func (v *victim) copyTruncate() {
	v.copy(v.file, v.aside())
	v.must(os.Truncate(v.file, 0))
}

// divide copies and truncates while the first writer is in the middle of a line.
func (v *victim) divide() {
	w := v.writers[0]
	line := fmt.Sprintf("w%d %d %s\n", w.id, w.next, strings.Repeat("x", v.rnd.IntN(200)))
	w.next++
	at := v.rnd.IntN(len(line))
	v.print(w, line[:at])
	v.copyTruncate()
	v.print(w, line[at:])
}

func (v *victim) copy(from, to string) {
	in, err := os.Open(from)
	v.must(err)
	defer in.Close()
	out, err := os.Create(to)
	v.must(err)
	_, err = io.Copy(out, in)
	v.must(err)
	v.must(out.Close())
}

// gzipOld compresses a file that was rotated twice.
func (v *victim) gzipOld() {
	old := v.file + ".2"
	data, err := os.ReadFile(old)
	if err != nil {
		return
	}
	info, err := os.Stat(old)
	v.must(err)
	out, err := os.Create(old + ".gz")
	v.must(err)
	z := gzip.NewWriter(out)
	_, err = z.Write(data)
	v.must(err)
	v.must(z.Close())
	v.must(out.Close())
	v.must(os.Chtimes(old+".gz", info.ModTime(), info.ModTime()))
	v.must(os.Remove(old))
}

// What follows takes the file away for good: whoever has not opened it by then can't
// know it ever was, so the follower must have seen it.

// rewrite replaces the file by a copy of itself, as an editor does.
func (v *victim) rewrite() {
	v.seen()
	v.copy(v.file, v.file+"~tmp")
	v.must(os.Rename(v.file+"~tmp", v.file))
	for _, w := range v.writers {
		v.reopen(w)
	}
	v.seen()
}

func (v *victim) deleteCreate() {
	v.seen()
	v.must(os.Remove(v.file))
	v.slowReopen()
	v.seen()
}

func (v *victim) switchLink() {
	if v.file == v.path {
		return
	}
	v.seen()
	v.serial++
	v.file = filepath.Join(filepath.Dir(v.file), fmt.Sprintf("%d.log", v.serial))
	v.must(os.WriteFile(v.file, nil, 0o600))
	v.must(os.Symlink(v.file, v.path+"~tmp"))
	v.must(os.Rename(v.path+"~tmp", v.path))
	v.slowReopen()
	v.seen()
}

// seen waits until every line was delivered.
func (v *victim) seen() {
	v.some()
	v.write(v.writers[0], 1)
	v.c.await(v.t, "all lines after "+strings.Join(v.log, ","), func(lines []string, _ Status) bool {
		return len(lines) >= v.total()
	})
}

func (v *victim) total() int {
	n := 0
	for _, w := range v.writers {
		n += w.next
	}
	return n
}

func (v *victim) run(rounds int) {
	kinds := []struct {
		name string
		do   func()
	}{
		{"rename", v.renameCreate},
		{"link", v.hardLink},
		{"copytruncate", v.copyTruncate},
		{"gzip", v.gzipOld},
		{"rewrite", v.rewrite},
		{"delete", v.deleteCreate},
		{"switch", v.switchLink},
	}
	for range rounds {
		v.some()
		if v.rnd.IntN(3) > 0 {
			v.pause(30)
		}
		k := kinds[v.rnd.IntN(len(kinds))]
		v.log = append(v.log, k.name)
		k.do()
	}
	v.seen()
	v.check()
	for _, w := range v.writers {
		v.must(w.f.Close())
	}
}

// check wants each writer's lines from 0 on without a gap or a repetition.
func (v *victim) check() {
	lines, st := v.c.snapshot()
	next := make([]int, len(v.writers))
	for i, l := range lines {
		f := strings.Fields(l)
		if len(f) < 2 || !strings.HasPrefix(f[0], "w") {
			v.t.Fatalf("line %d is broken: %q after %v", i, l, v.log)
		}
		w, err := strconv.Atoi(f[0][1:])
		v.must(err)
		n, err := strconv.Atoi(f[1])
		v.must(err)
		if n != next[w] {
			v.t.Fatalf("writer %d: line %d where %d belongs, of %d; after %v\n%+v", w, n, next[w], v.writers[w].next, v.log, st)
		}
		next[w]++
	}
	if st.LostBytes != 0 {
		v.t.Errorf("%d bytes counted as lost, though none were", st.LostBytes)
	}
}

// TestTortureSlowSink is the same with a sink that holds the follower back for a
// while, so that many rotations happen between two reads.
func TestTortureSlowSink(t *testing.T) {
	manyUnseen(t, (*victim).copyTruncate, (*victim).gzipOld, (*victim).renameCreate, (*victim).renameCreate)
}

// TestTortureDividedLines does so with the copies that some software makes in the
// middle of its lines.
func TestTortureDividedLines(t *testing.T) {
	manyUnseen(t, (*victim).copyTruncate, (*victim).gzipOld, (*victim).divide, (*victim).divide)
}

// manyUnseen rotates in one of these ways after the other while the sink holds the
// follower back.
func manyUnseen(t *testing.T, rotate ...func(*victim)) {
	seed := *tortureSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("go test -run '^%s$' -torture.seed %d", t.Name(), seed)
	v := &victim{t: t, rnd: rand.New(rand.NewPCG(seed, 99)), path: logPath(t)}
	v.file = v.path
	v.writers = []*penman{{}}
	v.reopen(v.writers[0])
	v.c = newCollector()
	v.c.hold = make(chan struct{})
	var once sync.Once
	letGo := func() { once.Do(func() { close(v.c.hold) }) }
	t.Cleanup(letGo)
	followInto(t, v.path, quick(), v.c)
	v.c.awaitState(t, StateFollowing)
	v.write(v.writers[0], 10)
	v.c.hold <- struct{}{} // the first batch passed, the next one hangs
	for range 12 {
		v.write(v.writers[0], 1+v.rnd.IntN(300))
		rotate[v.rnd.IntN(len(rotate))](v)
	}
	v.write(v.writers[0], 5)
	letGo()
	v.seen()
	v.check()
	v.must(v.writers[0].f.Close())
}
