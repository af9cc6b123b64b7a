package parse

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"why502/tail"
)

// TestStitchedHistoryHasTheSameRecords cuts a log into batches as history is read,
// oldest or newest first, reads each on its own and wants the records of the whole.
func TestStitchedHistoryHasTheSameRecords(t *testing.T) {
	var text strings.Builder
	for _, name := range []string{"flask", "chain", "java", "node", "go"} {
		data, err := os.ReadFile(filepath.Join("testdata/records", name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		part, _, _ := strings.Cut(string(data), "====\n")
		text.WriteString(part)
	}
	data := []byte(text.String())
	plan := Detect(data, testEnv)
	whole := func(batches []tail.Batch) []string {
		var got []string
		r := plan.NewRecords(testEnv)
		for _, b := range batches {
			r.Read(b.Data, uint64(b.Offset), false, func(ev *tail.Event, seq uint64, lines int) {
				got = append(got, fmt.Sprintf("%06d %d %s %s", seq, lines, ev.Exception, ev.Line))
			})
		}
		slices.Sort(got)
		return got
	}
	want := whole([]tail.Batch{{Data: data}})
	rng := rand.New(rand.NewPCG(1, 2))
	for try := range 300 {
		var in []tail.Batch
		for at := 0; at < len(data); {
			end := at
			for range 1 + rng.IntN(9) {
				if i := strings.IndexByte(string(data[end:]), '\n'); i >= 0 {
					end += i + 1
				}
			}
			in = append(in, tail.Batch{Data: slices.Clone(data[at:end]), Offset: int64(at), Past: true})
			at = end
		}
		switch recent := rng.IntN(len(in)); try % 3 {
		case 1: // newest first
			slices.Reverse(in)
		case 2: // the newest part in order, then the rest newest first
			older := slices.Clone(in[:recent])
			slices.Reverse(older)
			in = append(slices.Clone(in[recent:]), older...)
		}
		var out []tail.Batch
		s := plan.NewStitch(testEnv)
		for _, b := range in {
			s.Add(b, func(b tail.Batch) { out = append(out, b) })
		}
		s.Flush(func(b tail.Batch) { out = append(out, b) })
		got := whole(out)
		if !slices.Equal(got, want) {
			for i := range min(len(got), len(want)) {
				if got[i] != want[i] {
					t.Fatalf("try %d: record %d is\n%s\nwant\n%s", try, i, got[i], want[i])
				}
			}
			t.Fatalf("try %d: %d records, want %d", try, len(got), len(want))
		}
	}
}

func TestWhatWaitsAtAnEdgeExpires(t *testing.T) {
	plan := Detect([]byte("Traceback (most recent call last):\n"), testEnv)
	s := plan.NewStitch(testEnv)
	n := 0
	out := func(b tail.Batch) { n += len(b.Data) }
	s.Add(tail.Batch{Data: []byte("Traceback (most recent call last):\n"), Past: true}, out)
	s.Expire(out)
	if n != 0 {
		t.Fatal("it came at once")
	}
	s.Expire(out)
	if n == 0 {
		t.Fatal("it waits on")
	}
}

func TestMixedWriters(t *testing.T) {
	for text, want := range map[string]bool{
		"web-1  | a\nweb-1  | b\n": false, "web-1  | a\napi-1  | b\n": true, "a\nb\n": false,
		"2026-11-23T07:13:24.5Z stdout F a\n2026-11-23T07:13:24.5Z stderr F b\n": true,
		"Nov 23 07:13:22 gw haproxy[1]: a\nNov 23 07:13:23 gw haproxy[1]: b\n":   false,
	} {
		if got := (Plan{}).Mixed([]byte(text), testEnv); got != want {
			t.Errorf("%q is of several writers: %v", text, got)
		}
	}
}
