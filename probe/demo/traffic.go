package demo

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxInFlight bounds the clients that wait at once; further requests of that
// moment are not sent.
const maxInFlight = 160

// visits are what clients ask, weighted; %d becomes a number from 1 to 99.
var visits = []struct {
	weight       int
	method, path string
}{
	{30, http.MethodGet, "/api/items"},
	{22, http.MethodGet, "/api/items/%d"},
	{16, http.MethodGet, "/api/orders"},
	{12, http.MethodPost, "/api/orders"},
	{4, http.MethodPut, "/api/orders/%d"},
	{2, http.MethodDelete, "/api/orders/%d"},
	{4, http.MethodGet, "/api/report?day=%d"},
	{6, http.MethodGet, "/"},
	{3, http.MethodGet, "/health"},
	{1, http.MethodGet, "/old"},
}

// agents are the clients' programs.
var agents = []string{"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0", "okhttp/4.12.0", "curl/8.12.1", "shop-mobile/3.4"}

// traffic is a stream of requests to the gateway.
type traffic struct {
	url    string
	rate   float64
	factor atomic.Int64
	client http.Client
	slots  chan struct{}
}

func newTraffic(gateway string, rate float64) *traffic {
	t := &traffic{url: "http://" + gateway, rate: rate, slots: make(chan struct{}, maxInFlight)}
	t.factor.Store(1)
	t.client = http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 32},
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return t
}

// surge multiplies the rate.
func (t *traffic) surge(factor int64) { t.factor.Store(factor) }

// run sends requests until ctx or total ends and waits for their answers. Requests
// are sent at their time whether or not earlier ones were answered, as clients do
// that know nothing of one another.
func (t *traffic) run(ctx context.Context, total time.Duration) {
	var work sync.WaitGroup
	defer t.client.CloseIdleConnections()
	defer work.Wait()
	end := time.Now().Add(total)
	for time.Now().Before(end) {
		gap := float64(time.Second) / (t.rate * float64(t.factor.Load()))
		if !pause(ctx, time.Duration(gap*(0.5+rand.Float64()))) {
			return
		}
		select {
		case t.slots <- struct{}{}:
			work.Go(func() {
				defer func() { <-t.slots }()
				t.visit(ctx)
			})
		default:
		}
	}
}

// visit sends one request. That it fails is what the demo is about: the gateway's
// log tells.
func (t *traffic) visit(ctx context.Context) {
	method, path := choose()
	var body io.Reader
	if method == http.MethodPost || method == http.MethodPut {
		body = strings.NewReader(`{"item":17,"count":2}`)
	}
	req, err := http.NewRequestWithContext(ctx, method, t.url+path, body)
	if err != nil {
		return
	}
	req.Host = serverName
	req.Header.Set("User-Agent", agents[rand.IntN(len(agents))])
	// Addresses for documentation (RFC 5737).
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", 1+rand.IntN(40)))
	resp, err := t.client.Do(req)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
}

// choose picks a visit by weight.
func choose() (method, path string) {
	sum := 0
	for _, v := range visits {
		sum += v.weight
	}
	n := rand.IntN(sum)
	for _, v := range visits {
		if n -= v.weight; n < 0 {
			return v.method, strings.Replace(v.path, "%d", fmt.Sprint(1+rand.IntN(99)), 1)
		}
	}
	return http.MethodGet, "/"
}
