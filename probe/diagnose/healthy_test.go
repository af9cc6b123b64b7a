package diagnose

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"why502/probe/incident"
	"why502/tail"
	"why502/tail/parse"
	"why502/tail/window"
)

// visit is one request of an ordinary hour.
type visit struct {
	at                          time.Time
	client, method, path, agent string
	status, bytes               int
	took                        time.Duration
	upstream                    string // "" when the gateway answered by itself
}

// writers write a visit as a gateway's access log does.
var writers = map[string]func(*strings.Builder, *visit){
	"nginx": func(b *strings.Builder, v *visit) {
		fmt.Fprintf(b, "%s - - [%s] \"%s %s HTTP/1.1\" %d %d \"-\" \"%s\"\n", v.client, v.at.Format("02/Jan/2006:15:04:05 -0700"), v.method, v.path, v.status, v.bytes, v.agent)
	},
	"nginx-timed": func(b *strings.Builder, v *visit) {
		up := `uct="-" uht="-" urt="-" ua="-" us="-"`
		if v.upstream != "" {
			up = fmt.Sprintf(`uct="0.001" uht="%.3f" urt="%.3f" ua="%s" us="%d"`, v.took.Seconds()*0.9, v.took.Seconds()*0.95, v.upstream, v.status)
		}
		fmt.Fprintf(b, "%s - - [%s] \"%s %s HTTP/1.1\" %d %d \"-\" \"%s\" rt=%.3f %s\n", v.client, v.at.Format("02/Jan/2006:15:04:05 -0700"), v.method, v.path, v.status, v.bytes, v.agent, v.took.Seconds(), up)
	},
	"haproxy": func(b *strings.Builder, v *visit) {
		server, flags, ms := "app/s1", "----", int(v.took.Milliseconds())
		times := fmt.Sprintf("0/0/1/%d/%d", ms, ms+1)
		switch {
		case v.status == 499: // a client that left
			server, flags, times = "app/s1", "CD--", fmt.Sprintf("0/0/1/%d/%d", ms, ms+5)
		case v.upstream == "":
			server, flags, times = "app/<NOSRV>", "PR--", "0/-1/-1/-1/0"
		}
		status := v.status
		if status == 499 {
			status = 200
		}
		fmt.Fprintf(b, "%s lb haproxy[7]: %s:%d [%s] web %s %s %d %d - - %s 20/20/3/3/0 0/0 \"%s %s HTTP/1.1\"\n", v.at.Format("Jan _2 15:04:05"), v.client, 40000+v.bytes%9999,
			v.at.Format("02/Jan/2006:15:04:05.000"), server, times, status, v.bytes, flags, v.method, v.path)
	},
	"caddy": func(b *strings.Builder, v *visit) {
		status := v.status
		if status == 499 {
			status = 0
		}
		via := ""
		if v.upstream != "" {
			via = `,"Via":["1.1 Caddy"]`
		}
		fmt.Fprintf(b, `{"level":"info","ts":%.6f,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"%s","remote_port":"4711","client_ip":"%s","proto":"HTTP/1.1","method":"%s","host":"shop.example","uri":"%s","headers":{"User-Agent":["%s"]}},"bytes_read":0,"user_id":"","duration":%.6f,"size":%d,"status":%d,"resp_headers":{"Server":["Caddy"]%s}}`+"\n",
			float64(v.at.UnixMicro())/1e6, v.client, v.client, v.method, v.path, v.agent, v.took.Seconds(), v.bytes, status, via)
	},
	"apache": func(b *strings.Builder, v *visit) {
		status := v.status
		if status == 499 {
			status = 200 // Apache logs what it wanted to send
		}
		fmt.Fprintf(b, "%s - - [%s] \"%s %s HTTP/1.1\" %d %d \"-\" \"%s\"\n", v.client, v.at.Format("02/Jan/2006:15:04:05 -0700"), v.method, v.path, status, v.bytes, v.agent)
	},
	"traefik": func(b *strings.Builder, v *visit) {
		server := `"-" "-"`
		if v.upstream != "" {
			server = fmt.Sprintf(`"app@file" "http://%s"`, v.upstream)
		}
		fmt.Fprintf(b, "%s - - [%s] \"%s %s HTTP/1.1\" %d %d \"-\" \"%s\" %d %s %dms\n", v.client, v.at.Format("02/Jan/2006:15:04:05 -0700"), v.method, v.path, v.status, v.bytes, v.agent, v.bytes, server, v.took.Milliseconds())
	},
}

// errorLogs are what error logs hold where nothing is wrong with an upstream.
var errorLogs = map[string]func(*strings.Builder, time.Time, int){
	"nginx": nginxNoise, "nginx-timed": nginxNoise,
	"apache": func(b *strings.Builder, at time.Time, i int) {
		fmt.Fprintf(b, "[%s] %s\n", at.Format("Mon Jan 02 15:04:05.000000 2006"), []string{
			"[core:error] [pid 7:tid 9] [client 198.51.100.9:4711] AH00126: Invalid URI in request GET /../../etc/passwd HTTP/1.1",
			"[authz_core:error] [pid 7:tid 9] [client 198.51.100.9:4711] AH01630: client denied by server configuration: /srv/.env",
			"[mpm_event:notice] [pid 7:tid 7] AH00493: SIGUSR1 received.  Doing graceful restart",
			"[reqtimeout:info] [pid 7:tid 9] [client 198.51.100.9:4711] AH01382: Request header read timeout",
		}[i%4])
	},
	"caddy": func(b *strings.Builder, at time.Time, i int) {
		fmt.Fprintf(b, `{"level":"%s","ts":%.3f,"logger":"%s","msg":"%s"}`+"\n", []string{"info", "debug", "warn"}[i%3], float64(at.UnixMilli())/1e3,
			[]string{"admin.api", "http.stdlib", "tls"}[i%3], []string{"load complete", "http: TLS handshake error from 198.51.100.9:4711: EOF", "stapling OCSP"}[i%3])
	},
}

func nginxNoise(b *strings.Builder, at time.Time, i int) {
	fmt.Fprintf(b, "%s %s\n", at.Format("2006/01/02 15:04:05"), []string{
		`[warn] 7#7: *%d a client request body is buffered to a temporary file /var/cache/nginx/client_temp/0000000001, client: 192.0.2.7, server: shop.example, request: "POST /upload HTTP/1.1", host: "shop.example"`,
		`[warn] 7#7: *%d an upstream response is buffered to a temporary file /var/cache/nginx/proxy_temp/1 while reading upstream, client: 192.0.2.7, server: shop.example, request: "GET /export HTTP/1.1", upstream: "http://10.0.0.5:8000/export", host: "shop.example"`,
		`[error] 7#7: *%d open() "/usr/share/nginx/html/wp-login.php" failed (2: No such file or directory), client: 198.51.100.9, server: shop.example, request: "GET /wp-login.php HTTP/1.1", host: "shop.example"`,
		`[error] 7#7: *%d access forbidden by rule, client: 198.51.100.9, server: shop.example, request: "GET /.git/config HTTP/1.1", host: "shop.example"`,
		`[info] 7#7: *%d client prematurely closed connection (104: Connection reset by peer) while sending request to upstream, client: 192.0.2.7, server: shop.example, request: "GET / HTTP/1.1", upstream: "http://10.0.0.5:8000/", host: "shop.example"`,
		`[crit] 7#7: *%d SSL_do_handshake() failed (SSL: error:0A00006C:SSL routines::bad key share) while SSL handshaking, client: 198.51.100.9, server: 0.0.0.0:443`,
		`[notice] 1#1: signal process started`,
		`[error] 7#7: *%d limiting requests, excess: 20.300 by zone "login", client: 198.51.100.9, server: shop.example, request: "POST /login HTTP/1.1", host: "shop.example"`,
	}[i%8])
}

// appLog is what an application server writes in an ordinary hour: workers that
// are renewed, and a request that it refused.
func appLog(begin time.Time) string {
	var b strings.Builder
	for m := 7; m < 60; m += 13 {
		at := begin.Add(time.Duration(m) * time.Minute).Format("2006-01-02 15:04:05 -0700")
		fmt.Fprintf(&b, "[%s] [7] [INFO] Autorestarting worker after current request.\n[%s] [9] [INFO] Worker exiting (pid: 9)\n[%s] [%d] [INFO] Booting worker with pid: %d\n", at, at, at, m, m)
	}
	return b.String()
}

// ordinaryHour makes the visits of an hour in which nothing is wrong: load that
// goes up and down and jumps, scanners, clients that leave, logins that are
// refused, an application's rare 500, a rare 502 in the background, a slow export
// and a batch of it.
func ordinaryHour(r *rand.Rand, begin time.Time) []visit {
	var out []visit
	agents := []string{"Mozilla/5.0 (X11; Linux x86_64)", "okhttp/4.12.0", "python-requests/2.31.0", "curl/8.5.0"}
	background := r.Float64() * 0.004
	spike, scan, batch, leave := r.IntN(3000), r.IntN(3000), r.IntN(3000), r.IntN(3000)
	for s := range 3600 {
		rate := 4 + 3*math.Sin(float64(s)/600) + r.Float64()
		if s >= spike && s < spike+300 {
			rate *= 4
		}
		for range int(rate + r.Float64()) {
			v := visit{
				at: begin.Add(time.Duration(s)*time.Second + time.Duration(r.IntN(1000))*time.Millisecond), client: fmt.Sprintf("192.0.2.%d", r.IntN(250)),
				method: "GET", path: fmt.Sprintf("/api/items/%d", r.IntN(5000)), agent: agents[r.IntN(len(agents))], status: 200, bytes: 200 + r.IntN(5000),
				took: time.Duration(20*math.Exp(r.NormFloat64()*0.7)) * time.Millisecond, upstream: "10.0.0.5:8000",
			}
			v.ordinary(r, background)
			switch {
			case s >= scan && s < scan+60 && r.IntN(2) == 0: // a scanner
				v.client, v.path, v.status, v.upstream = "198.51.100.9", fmt.Sprintf("/%s.php", []string{"wp-login", "xmlrpc", "admin", "shell"}[r.IntN(4)]), 404, ""
			case s >= batch && s < batch+120 && r.IntN(4) == 0: // a batch of exports
				v.path, v.took = "/export", time.Duration(2000+r.IntN(3000))*time.Millisecond
			case s >= leave && s < leave+20 && r.IntN(3) == 0: // a page is closed
				v.status, v.bytes = 499, 0
			}
			out = append(out, v)
		}
	}
	return out
}

// ordinary gives a visit one of the ends that requests have every day.
func (v *visit) ordinary(r *rand.Rand, background float64) {
	switch x := r.Float64(); {
	case x < background:
		v.status, v.bytes = 502, 157
	case x < background+0.002:
		v.status = 500
	case x < 0.03:
		v.status, v.upstream = 404, ""
	case x < 0.05:
		v.status = 304
	case x < 0.06:
		v.method, v.path, v.status = "POST", "/login", 401
	case x < 0.065:
		v.method, v.path, v.status, v.upstream = "POST", "/upload", 413, ""
	case x < 0.07:
		v.status, v.bytes = 499, 0
	case x < 0.075:
		v.status, v.upstream = 400, ""
	case x < 0.08:
		v.path, v.took = "/export", time.Duration(2000+r.IntN(3000))*time.Millisecond
	case x < 0.085:
		v.method, v.path, v.status = "POST", "/login", 429
	}
}

// TestFalseAlarms reads ordinary hours of several gateways and looks at them every
// five minutes, as a person would: nothing may be claimed at any time. With -v it
// prints false alarms per hour.
func TestFalseAlarms(t *testing.T) {
	if testing.Short() {
		t.Skip("short: thousands of verdicts of one goroutine")
	}
	const hours = 3
	begin := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for gateway, write := range writers {
		alarms, looks := 0, 0
		for seed := range uint64(hours) {
			r := rand.New(rand.NewPCG(seed, 502))
			var logs [12]struct{ access, errors strings.Builder } // by five minutes
			for i, v := range ordinaryHour(r, begin) {
				part := &logs[v.at.Sub(begin)/(5*time.Minute)]
				write(&part.access, &v)
				if noise := errorLogs[gateway]; noise != nil && i%40 == 0 {
					noise(&part.errors, v.at, r.IntN(100))
				}
			}
			h := newHour(begin)
			h.read("app.log", appLog(begin))
			for i := range logs {
				h.read("access.log", logs[i].access.String())
				h.read("error.log", logs[i].errors.String())
				looks++
				if v := Evaluate(h.snapshot()); v.Incident.State != None || len(v.Causes) > 0 {
					alarms++
					t.Errorf("%s, hour %d, after %d minutes: %s since %s, %d of %d failed, %s", gateway, seed, 5*(i+1), v.Incident.State,
						v.Incident.Started.Format(time.TimeOnly), v.Incident.Failed, v.Incident.Requests, summary(v.Causes))
				}
			}
			if h.unparsed > 0 || h.stats.View(time.Time{}, 0).Requests < 10_000 {
				t.Errorf("%s, hour %d: %d lines not understood, %d requests", gateway, seed, h.unparsed, h.stats.View(time.Time{}, 0).Requests)
			}
		}
		t.Logf("%-12s %.2f false alarms per hour (%d hours, looked at %d times)", gateway, float64(alarms)/hours, hours, looks)
	}
}

// hour reads logs bit by bit, as a live session does.
type hour struct {
	stats    *window.Stats
	env      parse.Env
	sources  map[string]*incident.Source
	unparsed int
}

func newHour(begin time.Time) *hour {
	return &hour{stats: window.New(), env: parse.Env{Now: begin.Add(time.Hour), Zone: time.UTC}, sources: map[string]*incident.Source{}}
}

func (h *hour) read(name, text string) {
	if text == "" {
		return
	}
	src := h.sources[name]
	if src == nil {
		src = &incident.Source{Name: name}
		h.sources[name] = src
	}
	plan := parse.Detect([]byte(text), h.env)
	plan.NewRecords(h.env).Read([]byte(text), 0, false, func(ev *tail.Event, _ uint64, lines int) {
		src.Lines += uint64(lines)
		if ev.Kind == tail.KindRaw {
			h.unparsed += lines
			return
		}
		src.Kind, src.Gateway = ev.Kind, ev.Gateway
		h.stats.Add(ev, name)
	})
}

func (h *hour) snapshot() *incident.Snapshot {
	s := &incident.Snapshot{Progress: 1, NoProbe: true, Traffic: h.stats.View(time.Time{}, 0)}
	for _, src := range h.sources {
		s.Sources = append(s.Sources, *src)
	}
	s.Now = s.Traffic.Last
	return s
}
