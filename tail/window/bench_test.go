package window

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"why502/tail"
)

// combinedEvents are what the combined format carries, with the variety of a
// busy site.
func combinedEvents(n int) []tail.Event {
	r := rand.New(rand.NewPCG(1, 2))
	agents := make([][]byte, 40)
	for i := range agents {
		agents[i] = fmt.Appendf(nil, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0 Safari/537.36", 80+i)
	}
	events := make([]tail.Event, n)
	for i := range events {
		ev := &events[i]
		ev.Reset()
		ev.Kind, ev.Gateway, ev.Format = tail.KindAccess, "nginx", "nginx-combined"
		ev.Time = start.Unix()*1e9 + int64(i/500)*1e9
		ev.Client = fmt.Appendf(nil, "10.0.%d.%d", r.IntN(4), r.IntN(250))
		ev.Method, ev.Protocol = []byte("GET"), []byte("HTTP/1.1")
		ev.Path = fmt.Appendf(nil, "/api/v1/%s/%d?page=%d", []string{"items", "orders", "users"}[r.IntN(3)], r.IntN(5000), r.IntN(9))
		ev.UserAgent = agents[r.IntN(len(agents))]
		ev.Status = 200
		if r.IntN(50) == 0 {
			ev.Status = 502
		}
		ev.Line = fmt.Appendf(nil, "%s - - [23/Nov/2026:07:16:00 +0000] \"GET %s HTTP/1.1\" %d 1234 \"-\" %q", ev.Client, ev.Path, ev.Status, ev.UserAgent)
	}
	return events
}

func extendedEvents(n int) []tail.Event {
	events := combinedEvents(n)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range events {
		ev := &events[i]
		ev.Format, ev.Host = "nginx-extended", []byte("shop.example")
		ev.Duration = time.Duration(r.ExpFloat64() * float64(40*time.Millisecond))
		a := ev.AddAttempt()
		a.Addr = []byte([]string{"10.0.0.5:8000", "10.0.0.6:8000", "10.0.0.7:8000"}[r.IntN(3)])
		a.Status, a.Connect, a.Header, a.Response = ev.Status, time.Millisecond, ev.Duration, ev.Duration
	}
	return events
}

func errorEvents(n int) []tail.Event {
	events := make([]tail.Event, n)
	for i := range events {
		ev := &events[i]
		ev.Reset()
		ev.Kind, ev.Gateway, ev.Format = tail.KindError, "nginx", "nginx-error"
		ev.Time = start.UnixNano() + int64(i)*1e7
		ev.Level = []byte("error")
		ev.Message = []byte("connect() failed (111: Connection refused) while connecting to upstream")
		if i%4 == 0 {
			ev.Message = fmt.Appendf(nil, "a client request body is buffered to a temporary file /var/lib/nginx/body/%010d", i)
		}
		ev.Method, ev.Path = []byte("GET"), []byte("/api/items")
		ev.AddAttempt().Addr = []byte("10.0.0.5:8000")
	}
	return events
}

func benchmarkAdd(b *testing.B, events []tail.Event) {
	s := New()
	for i := range events {
		s.Add(&events[i], "access.log")
	}
	b.ReportAllocs()
	b.ResetTimer()
	span := events[len(events)-1].Time - events[0].Time + int64(time.Second)
	for i := range b.N {
		ev := &events[i%len(events)]
		ev.Time += span // time goes on, round after round
		s.Add(ev, "access.log")
	}
}

func BenchmarkAddCombined(b *testing.B) { benchmarkAdd(b, combinedEvents(2000)) }
func BenchmarkAddExtended(b *testing.B) { benchmarkAdd(b, extendedEvents(2000)) }
func BenchmarkAddError(b *testing.B)    { benchmarkAdd(b, errorEvents(2000)) }

// BenchmarkAddHostile has a new client, path and agent in every line.
func BenchmarkAddHostile(b *testing.B) {
	events := combinedEvents(100_000)
	for i := range events {
		events[i].Client = fmt.Appendf(nil, "10.%d.%d.%d", i>>16, i>>8&255, i&255)
		events[i].Path = fmt.Appendf(nil, "/%x-q%dz/p", i*7919, i)
		events[i].UserAgent = fmt.Appendf(nil, "agent-%d", i)
	}
	benchmarkAdd(b, events)
}

func benchmarkStats() *Stats {
	s := New()
	for _, events := range [][]tail.Event{extendedEvents(200_000), errorEvents(2000)} {
		for i := range events {
			s.Add(&events[i], "access.log")
		}
	}
	return s
}

func BenchmarkMerge(b *testing.B) {
	from := benchmarkStats()
	into := New()
	b.ReportAllocs()
	for b.Loop() {
		into.Reset()
		into.Merge(from)
	}
}

func BenchmarkView(b *testing.B) {
	s := benchmarkStats()
	now := s.Last()
	b.ReportAllocs()
	for b.Loop() {
		s.View(now, 5*time.Minute)
	}
}
