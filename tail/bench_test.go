package tail

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// discard releases what comes and counts its bytes.
type discard struct{ bytes int64 }

func (d *discard) Batch(b Batch) {
	d.bytes += int64(len(b.Data))
	b.Release()
}
func (*discard) Status(Status) {}

var benchLine = `10.0.0.1 - - [02/Jan/2026:10:00:00 +0000] "GET /api/orders/12345 HTTP/1.1" 200 512 "-" "Mozilla/5.0 (X11; Linux x86_64)" rt=0.012` + "\n"

// BenchmarkOnce reads 256 MiB from the page cache.
func BenchmarkOnce(b *testing.B) {
	path := logPath(b)
	write(b, path, strings.Repeat(benchLine, 256<<20/len(benchLine)))
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	b.ReportAllocs()
	for b.Loop() {
		d := &discard{}
		if err := Follow(path, FollowOptions{Once: true}).Run(context.Background(), d); err != nil || d.bytes != info.Size() {
			b.Fatal(err, d.bytes)
		}
	}
}

// delays measures from a write to the batch that holds the line.
type delays struct {
	mu   sync.Mutex
	took []time.Duration
	poke chan struct{}
}

func (d *delays) Batch(b Batch) {
	now := time.Now().UnixNano()
	d.mu.Lock()
	for data := b.Data; len(data) > 0; {
		var line []byte
		line, data = NextLine(data)
		var at int64
		if _, err := fmt.Sscanf(string(line[:min(20, len(line))]), "%d", &at); err == nil {
			d.took = append(d.took, time.Duration(now-at))
		}
	}
	d.mu.Unlock()
	b.Release()
	select {
	case d.poke <- struct{}{}:
	default:
	}
}
func (*delays) Status(Status) {}

// BenchmarkDelay writes at a steady rate and reports the delay's quantiles.
func BenchmarkDelay(b *testing.B) {
	for _, rate := range []int{20, 1000, 50000} {
		b.Run(fmt.Sprint(rate, "-per-s"), func(b *testing.B) {
			path := logPath(b)
			write(b, path, "")
			d := &delays{poke: make(chan struct{}, 1)}
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() { done <- Follow(path, FollowOptions{}).Run(ctx, d) }()
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				b.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond)
			burst := max(1, rate/1000) // each its own write, as nginx does without a buffer
			total := 0
			b.ReportAllocs()
			for b.Loop() {
				for range burst {
					fmt.Fprintf(f, "%d %s", time.Now().UnixNano(), benchLine)
					total++
				}
				time.Sleep(time.Second * time.Duration(burst) / time.Duration(rate))
			}
			for {
				d.mu.Lock()
				n := len(d.took)
				d.mu.Unlock()
				if n >= total {
					break
				}
				<-d.poke
			}
			cancel()
			if err := <-done; err != nil {
				b.Fatal(err)
			}
			slices.Sort(d.took)
			b.ReportMetric(float64(d.took[len(d.took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(d.took[len(d.took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// BenchmarkFollowed appends 64 KiB at a time to a followed file.
func BenchmarkFollowed(b *testing.B) {
	path := logPath(b)
	write(b, path, "")
	text := strings.Repeat(benchLine, 64<<10/len(benchLine))
	d := &discard{}
	f := Follow(path, FollowOptions{}).(*follower)
	f.sink = d
	f.sub = subscribe(f.opt.FS, path)
	defer f.sub.close()
	defer f.release()
	f.cycle(context.Background())
	w, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.WriteString(text); err != nil {
			b.Fatal(err)
		}
		f.cycle(context.Background())
	}
	b.ReportMetric(float64(strings.Count(text, "\n"))*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
