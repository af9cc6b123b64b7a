package load

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func server(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

// quick is a plan of some 100 requests in a second.
func quick(url string) Plan {
	p := DefaultPlan(url)
	p.Rate, p.Duration, p.Steps, p.Timeout = 100, time.Second, 1, 5*time.Second
	return p
}

func mustRun(t *testing.T, p Plan) Outcome {
	t.Helper()
	o, err := Run(context.Background(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestRunCounts(t *testing.T) {
	var n atomic.Int64
	url := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "HEAD" || r.UserAgent() != "why502-load/1" || r.Host != "shop.example" {
			t.Errorf("got %s for %s from %s", r.Method, r.Host, r.UserAgent())
		}
		switch n.Add(1) % 10 {
		case 0:
			w.WriteHeader(503)
		case 1:
			w.WriteHeader(404)
		case 2:
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		}
	})
	p := quick(url)
	p.Method, p.Host, p.Steps = "HEAD", "shop.example", 4
	var told []Stage
	o, err := Run(context.Background(), p, func(s Stage) { told = append(told, s) })
	if err != nil || o.Stopped != "" {
		t.Fatalf("%v, stopped %q", err, o.Stopped)
	}
	var sent, ok, failed uint64
	for i, s := range o.Stages {
		if s.Step != i+1 || s.P50 <= 0 || s.P50 > s.P95 || s.P95 > s.P99 || s.P99 > s.Max || s.Achieved <= 0 {
			t.Errorf("step %+v", s)
		}
		sent, ok, failed = sent+s.Sent, ok+s.OK, failed+s.Failed
	}
	total := uint64(p.total())
	if len(o.Stages) != 4 || sent != total || uint64(n.Load()) != total || ok+failed != total || failed != o.Statuses[503] || o.Statuses[302] == 0 || len(o.Errors) != 0 {
		t.Errorf("%d planned, %d came, %d sent, %d ok, %d failed, %v, %v", total, n.Load(), sent, ok, failed, o.Statuses, o.Errors)
	}
	if len(told) == 0 || told[len(told)-1].Step != 4 {
		t.Errorf("progress %v", told)
	}
}

// TestFreezeIsSeen: a server that stops for a while must show in the latency of
// all requests that were due meanwhile, also with a single connection, where a
// closed loop would see one slow request.
func TestFreezeIsSeen(t *testing.T) {
	const freeze = 500 * time.Millisecond
	for _, connections := range []int{1, 16} {
		var once sync.Once
		var mu sync.RWMutex
		url := server(t, func(http.ResponseWriter, *http.Request) {
			once.Do(func() {
				mu.Lock()
				time.AfterFunc(freeze, mu.Unlock)
			})
			mu.RLock()
			mu.RUnlock() //nolint:staticcheck // waits for the end of the freeze
		})
		p := quick(url)
		p.Concurrency = connections
		s := mustRun(t, p).Stages[0]
		// Half of the requests were due in the freeze, evenly spread: the median of
		// all may be small, but a quarter waited for at least a fifth of a second.
		if s.Max < freeze || quantileAbove(s) < 200*time.Millisecond {
			t.Errorf("%d connections: p95 %v, max %v", connections, s.P95, s.Max)
		}
	}
}

// quantileAbove is the highest quantile a Stage has beside its maximum.
func quantileAbove(s Stage) time.Duration { return min(s.P95, s.P99) }

func TestRunStopsItself(t *testing.T) {
	var n atomic.Int64
	p := quick(server(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) > 20 {
			w.WriteHeader(502)
		}
	}))
	p.Duration = 30 * time.Second
	o := mustRun(t, p)
	if o.Stopped == "" || o.Took >= p.Duration || o.Statuses[502] == 0 {
		t.Errorf("stopped %q after %v, %v", o.Stopped, o.Took, o.Statuses)
	}
	if n.Load() > 500 {
		t.Errorf("%d requests before it stopped", n.Load())
	}
}

func TestRunClassesErrors(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + ln.Addr().String()
	ln.Close()
	drop := func(linger bool) string {
		return server(t, func(w http.ResponseWriter, _ *http.Request) {
			c, _, _ := w.(http.Hijacker).Hijack()
			if linger {
				c.(*net.TCPConn).SetLinger(0)
			}
			c.Close()
		})
	}
	tests := map[string]string{
		"malformed": server(t, func(w http.ResponseWriter, _ *http.Request) {
			c, _, _ := w.(http.Hijacker).Hijack()
			io.WriteString(c, "SSH-2.0-OpenSSH\r\n")
			c.Close()
		}),
		"refused": closed,
		"eof":     drop(false),
		"reset":   drop(true),
		"short-body": server(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "half")
		}),
		"timeout":      server(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }),
		"tls-plain":    "https" + server(t, func(http.ResponseWriter, *http.Request) {})[len("http"):],
		"dns-nxdomain": "",
	}
	for class, url := range tests {
		if url == "" {
			if got := classify(&net.OpError{Err: &net.DNSError{IsNotFound: true}}); got != class {
				t.Errorf("%s: %s", class, got)
			}
			continue
		}
		p := quick(url)
		p.Duration, p.Timeout = 200*time.Millisecond, 100*time.Millisecond
		if class != "timeout" {
			p.Timeout = 5 * time.Second
		}
		o := mustRun(t, p)
		if o.Errors[class] == 0 || len(o.Errors) != 1 || o.Stages[0].OK != 0 || o.Stopped == "" {
			t.Errorf("%s: %v, stopped %q", class, o.Errors, o.Stopped)
		}
	}
}

func TestRunCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var n atomic.Int64
	p := quick(server(t, func(_ http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 5 {
			cancel()
		}
		<-r.Context().Done()
	}))
	p.Duration, p.Timeout = MaxDuration, MaxTimeout
	o, err := Run(ctx, p, func(Stage) {})
	if err != nil || o.Stopped != "stopped by hand" || o.Stages[0].Failed != 0 || len(o.Errors) != 0 {
		t.Errorf("%v, %+v", err, o)
	}
}

func TestRunEndsInTime(t *testing.T) {
	p := quick(server(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-r.Context().Done():
		}
	}))
	p.Concurrency = 1
	s := mustRun(t, p).Stages[0]
	// One connection answers at most 20 a second of the 100 due.
	if s.Sent > 21 || s.Sent+s.Unsent != 100 || s.Max < 700*time.Millisecond {
		t.Errorf("%+v", s)
	}
}

func TestRunRefusesAnInvalidPlan(t *testing.T) {
	asked := false
	p := quick(server(t, func(http.ResponseWriter, *http.Request) { asked = true }))
	p.Rate = MaxRate + 1
	if _, err := Run(context.Background(), p, nil); err == nil || asked {
		t.Errorf("error %v, asked %v", err, asked)
	}
}
