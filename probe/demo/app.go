package demo

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// The measures of the overload: four workers that need workTime for a request do
// some 33 requests a second; four times the usual traffic comes.
const (
	workers      = 4
	workTime     = 120 * time.Millisecond
	shedAfter    = 800 * time.Millisecond
	queueLimit   = 36 // connections in the application, the workers' included
	backlog      = 16 // connections in the kernel's accept queue
	usualBacklog = 128
	surgeFactor  = 4
)

// pace is how long the healthy application takes for the paths below a prefix;
// the first entry that fits counts.
var pace = []struct {
	prefix       string
	least, extra time.Duration
}{
	{"/health", 300 * time.Microsecond, time.Millisecond},
	{"/api/items", 3 * time.Millisecond, 9 * time.Millisecond},
	{"/api/orders", 8 * time.Millisecond, 25 * time.Millisecond},
	{"/api/report", 35 * time.Millisecond, 90 * time.Millisecond},
	{"/", time.Millisecond, 3 * time.Millisecond},
}

// shop is the healthy application.
func shop(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	for _, p := range pace {
		if strings.HasPrefix(r.URL.Path, p.prefix) {
			if !pause(r.Context(), p.least+rand.N(p.extra)) {
				return
			}
			break
		}
	}
	reply(w, r)
}

// reply answers without a pause.
func reply(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path == "/old":
		http.Redirect(w, r, "/", http.StatusMovedPermanently)
		return
	case strings.HasPrefix(r.URL.Path, "/api/items/9"):
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
		return
	}
	_, _ = fmt.Fprintf(w, "{\"path\":%q,\"items\":[%s]}\n", r.URL.Path, strings.Repeat("1,", rand.IntN(200))+"1")
}

// crowded is the application without enough workers: it sheds what waited too
// long for one.
func crowded(u *upstream, w http.ResponseWriter, r *http.Request) {
	shed := time.NewTimer(shedAfter)
	defer shed.Stop()
	select {
	case u.worker <- struct{}{}:
	case <-shed.C:
		http.Error(w, "all workers are busy", http.StatusServiceUnavailable)
		return
	case <-r.Context().Done():
		return
	}
	defer func() { <-u.worker }()
	// A worker does not notice that its client is gone: the work is done anyway.
	time.Sleep(workTime)
	reply(w, r)
}

// maintenance answers as an application that was taken away on purpose.
func maintenance(_ *upstream, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Retry-After", "120")
	http.Error(w, "Down for maintenance, back in two minutes.", http.StatusServiceUnavailable)
}

// stuck answers only /health in time.
func stuck(_ *upstream, w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/health" {
		shop(w, r)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// broken is an application that crashes on orders, in three ways by turns.
func broken(u *upstream, w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/api/orders") {
		shop(w, r)
		return
	}
	// Closing with unread data would be a reset in every case.
	_, _ = io.Copy(io.Discard, r.Body)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // closes the connection as well
	}
	switch u.turns.Add(1) % 3 {
	case 0:
		_ = conn.Close()
	case 1:
		reset(conn)
	default:
		// A zero byte in a header's name is a fault to nginx and to Go alike.
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nX-Trace\x00: 17\r\nContent-Length: 2\r\n\r\nok")
		_ = conn.Close()
	}
}

// race resets every second connection on which a request comes after the first.
func race(u *upstream, w http.ResponseWriter, r *http.Request) {
	state, _ := r.Context().Value(connKey{}).(*connState)
	if state == nil || state.requests < 2 || u.turns.Add(1)%2 != 0 {
		shop(w, r)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	reset(conn)
}
