package parse

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"why502/tail"
)

// readRecords returns the records of text, one a string, when it comes in pieces of
// the given number of lines; 0 is all at once.
func readRecords(text string, piece int) []string {
	plan := Detect([]byte(text), testEnv)
	r := plan.NewRecords(testEnv)
	var out []string
	emit := func(ev *tail.Event, _ uint64, lines int) {
		what := string(ev.Message)
		if isRequest(ev) {
			what = fmt.Sprint(ev.Status)
		} else if ev.Kind == tail.KindRaw {
			what = "raw: " + string(ev.Line)
		}
		for _, more := range [][]byte{ev.Frame, ev.Surface} {
			if len(more) > 0 {
				what += " | " + string(more)
			}
		}
		if ev.Exception != nil && !bytes.HasPrefix(ev.Message, ev.Exception) && ev.Kind != tail.KindError {
			what += " !" + string(ev.Exception)
		}
		out = append(out, fmt.Sprintf("%d %s", lines, what))
	}
	rest := []byte(text)
	for len(rest) > 0 {
		end := len(rest)
		if piece > 0 {
			end = 0
			for range piece {
				if i := bytes.IndexByte(rest[end:], '\n'); i >= 0 {
					end += i + 1
				}
			}
		}
		r.Read(rest[:end], uint64(len(text)-len(rest)), true, emit)
		rest = rest[end:]
	}
	r.Flush(emit)
	return out
}

// TestRecords reads the files of testdata/records: the lines, a line "====", and what
// must come of them. However the lines are cut into batches, the records are the same.
func TestRecords(t *testing.T) {
	files, _ := filepath.Glob("testdata/records/*.txt")
	if len(files) == 0 {
		t.Fatal("no files")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text, want, ok := strings.Cut(strings.ReplaceAll(string(data), "\r\n", "\n"), "====\n")
			if !ok {
				t.Fatal("no line ====")
			}
			for _, piece := range []int{0, 1, 2, 3, 7} {
				got := strings.Join(readRecords(text, piece), "\n") + "\n"
				if got != want {
					t.Errorf("in pieces of %d lines\ngot:\n%s\nwant:\n%s", piece, got, want)
				}
			}
		})
	}
}

// TestWholeReadsTheSameAgain checks that what is one record reads the same again as a whole,
// as the monitor does when it opens one.
func TestWholeReadsTheSameAgain(t *testing.T) {
	files, _ := filepath.Glob("testdata/records/*.txt")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text, _, _ := strings.Cut(string(data), "====\n")
		plan := Detect([]byte(text), testEnv)
		r, again := plan.NewRecords(testEnv), plan.NewRecords(testEnv)
		r.Read([]byte(text), 0, false, func(ev *tail.Event, _ uint64, lines int) {
			var ev2 tail.Event
			again.Whole(ev.Line, &ev2)
			if a, b := words(ev), words(&ev2); lines > 1 && fmt.Sprint(a) != fmt.Sprint(b) {
				t.Errorf("%s: %v, then %v", file, a, b)
			}
			if !bytes.Equal(ev.Frame, ev2.Frame) || !bytes.Equal(ev.Exception, ev2.Exception) {
				t.Errorf("%s: %s at %s, then %s at %s", file, ev.Exception, ev.Frame, ev2.Exception, ev2.Frame)
			}
		})
	}
}

func TestRecordsAreBounded(t *testing.T) {
	text := "Traceback (most recent call last):\n" + strings.Repeat("  File \"/srv/app.py\", line 3, in f\n", 5000) + "ValueError: x\n"
	plan := Detect([]byte(text), testEnv)
	total, long := 0, 0
	plan.NewRecords(testEnv).Read([]byte(text), 0, false, func(ev *tail.Event, _ uint64, lines int) {
		total += lines
		long = max(long, len(ev.Line))
	})
	if total != 5002 || long > maxRecord {
		t.Errorf("%d lines came out, the longest record has %d bytes", total, long)
	}
	var many strings.Builder
	for i := range 3 * maxOpen {
		fmt.Fprintf(&many, "app-%d  | Traceback (most recent call last):\n", i)
	}
	r := plan.NewRecords(testEnv)
	r.Read([]byte(many.String()), 0, true, func(*tail.Event, uint64, int) {})
	if len(r.open) > maxOpen {
		t.Errorf("%d records are open", len(r.open))
	}
}

func TestTimeEndsARecord(t *testing.T) {
	text := []byte("[2026-11-23 07:15:30,052] ERROR in app: Exception on /a [GET]\nTraceback (most recent call last):\n")
	plan := Detect(text, testEnv)
	r := plan.NewRecords(testEnv)
	n := 0
	emit := func(*tail.Event, uint64, int) { n++ }
	r.Read(text, 0, true, emit)
	r.Expire(emit)
	if n != 0 || !r.Waiting() {
		t.Fatal("the record ended at once")
	}
	r.Expire(emit)
	if n != 1 || r.Waiting() {
		t.Fatal("the record waits on")
	}
}

// TestOrdinaryLinesCostNothing holds that reading as records allocates nothing a line,
// of errors neither.
func TestOrdinaryLinesCostNothing(t *testing.T) {
	for _, bl := range benchLines {
		data := []byte(strings.Repeat(bl.line+"\n", 10))
		plan := Detect(data, testEnv)
		r := plan.NewRecords(testEnv)
		emit := func(*tail.Event, uint64, int) {}
		r.Read(data, 0, true, emit)
		if n := testing.AllocsPerRun(50, func() { r.Read(data, 0, true, emit) }); n != 0 {
			t.Errorf("%s: %.0f allocations in ten lines", bl.name, n)
		}
	}
}

// BenchmarkRecords is BenchmarkLines read as records.
func BenchmarkRecords(b *testing.B) {
	for _, bl := range benchLines {
		b.Run(bl.name, func(b *testing.B) {
			data := []byte(strings.Repeat(bl.line+"\n", 100))
			plan := Detect(data, testEnv)
			r := plan.NewRecords(testEnv)
			emit := func(*tail.Event, uint64, int) {}
			b.SetBytes(int64(len(bl.line) + 1))
			b.ReportAllocs()
			for i := 0; i < b.N; i += 100 {
				r.Read(data, 0, false, emit)
			}
		})
	}
}

// FuzzRecords reads any text in two pieces: each line comes out once, in records of
// bounded size.
func FuzzRecords(f *testing.F) {
	files, _ := filepath.Glob("testdata/records/*.txt")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, 7)
	}
	seeds(func(b []byte) { f.Add(b, 1) })
	f.Fuzz(func(t *testing.T, data []byte, cutAt int) {
		plan := Detect(data, testEnv)
		r := plan.NewRecords(testEnv)
		out := 0
		emit := func(ev *tail.Event, _ uint64, lines int) {
			out += lines
			if lines < 1 || len(ev.Line) > max(maxRecord, len(data)) || len(ev.Exception) > 300 || ev.Message == nil && ev.Exception != nil {
				t.Fatalf("%d lines: %+v", lines, ev)
			}
		}
		i := 0
		if cutAt > 0 && cutAt < len(data) {
			i = bytes.IndexByte(data[cutAt:], '\n') + 1
			if i > 0 {
				i += cutAt
			}
		}
		r.Read(data[:i], 0, true, emit)
		r.Read(data[i:], uint64(i), true, emit)
		r.Flush(emit)
		lines, blank := 0, 0
		for rest := data; len(rest) > 0; lines++ {
			var line []byte
			if line, rest = tail.NextLine(rest); len(line) == 0 {
				blank++
			}
		}
		if out > lines || out < lines-blank {
			t.Fatalf("%d of %d lines came out", out, lines)
		}
	})
}
