package tui

import (
	"fmt"
	"strings"
	"time"

	"why502/probe"
	"why502/probe/checklist"
	"why502/probe/diagnose"
	"why502/probe/incident"
	"why502/tail"
	"why502/tail/story"
	"why502/tail/window"
)

// fixtureNow is the time of all fixtures.
var fixtureNow = time.Date(2026, 3, 14, 14, 3, 27, 0, time.UTC)

// fixtures are the sessions that the screens are tested with.
var fixtures = []struct {
	name string
	make func() *fakeCore
}{
	{"down", fixtureDown},
	{"healthy", fixtureHealthy},
	{"recovered", fixtureRecovered},
	{"reading", fixtureReading},
	{"broken-sources", fixtureBrokenSources},
	{"hostile", fixtureHostile},
	{"unsure", fixtureUnsure},
	{"empty", newFake},
}

func ms(v float64) time.Duration { return time.Duration(v * float64(time.Millisecond)) }

// traffic makes minutes of seconds up to fixtureNow; bad says how many of a
// second's twelve requests fail.
func traffic(minutes int, bad func(at time.Time) int) window.View {
	v := window.View{Last: fixtureNow}
	seed := uint32(1)
	for i := -minutes*60 + 1; i <= 0; i++ {
		at := fixtureNow.Add(time.Duration(i) * time.Second)
		seed = seed*1664525 + 1013904223
		n := 10 + int(seed>>28)
		failed := min(bad(at), n)
		s := window.Second{Unix: at.Unix(), S502: uint32(failed), Failed: uint32(failed), Times: new(window.Times)}
		s.Class[2], s.Class[5] = uint32(n-failed), uint32(failed)
		if i%7 == 0 && s.Class[2] > 0 {
			s.Class[2]--
			s.Class[4]++
		}
		for k := range n - failed {
			row := 2 + int(seed>>uint(k%16))%4
			s.Times.Latency[row]++
			s.Times.Upstream[max(0, row-1)]++
		}
		s.Times.Latency[0] += uint32(failed)
		v.Requests += uint64(n)
		v.Failed += uint64(failed)
		v.Seconds = append(v.Seconds, s)
	}
	v.First = fixtureNow.Add(-time.Duration(minutes) * time.Minute)
	v.Latency = window.Quantiles{Count: v.Requests, P50: ms(12), P90: ms(41), P95: ms(80), P99: ms(1210), Max: ms(3002)}
	v.UpstreamLatency = window.Quantiles{Count: v.Requests - v.Failed, P50: ms(9.1), P90: ms(38), P95: ms(71), P99: ms(940), Max: ms(2990)}
	v.GoodLatency = v.UpstreamLatency
	v.FailedLatency = window.Quantiles{Count: v.Failed, P50: ms(0.3), P90: ms(0.6), P95: ms(0.9), P99: ms(2), Max: ms(4)}
	v.Statuses = []window.StatusCount{{Status: 200, Count: v.Requests - v.Failed}, {Status: 502, Count: v.Failed}}
	v.Top[window.ByUpstream] = []window.Count{
		{Value: "10.0.0.5:8000", OK: v.Requests / 3, Failed: v.Failed}, {Value: "10.0.0.6:8000", OK: v.Requests / 3}, {Value: "10.0.0.7:8000", OK: v.Requests / 4},
	}
	v.Top[window.ByRoute] = []window.Count{{Value: "GET /api/orders", OK: 3000, Failed: v.Failed / 2}, {Value: "GET /api/items/:id", OK: 2100, Failed: v.Failed / 2}, {Value: "POST /cart", OK: 410}}
	return v
}

// history makes n results of a target, the last bad of them failing.
func history(addr string, n, bad int, class probe.Class, err string) probe.History {
	t := probe.Target{URL: "http://" + addr + "/", Origin: "error.log", Gentle: true}
	h := probe.History{Target: t, Since: fixtureNow.Add(-time.Duration(max(bad, 1)) * 5 * time.Second)}
	for i := range n {
		r := probe.Result{
			Target: t, At: fixtureNow.Add(time.Duration(i-n) * 5 * time.Second), Phase: probe.PhaseDone, Class: probe.OK, Peer: addr, Status: 200,
			Proto: "HTTP/1.1", Server: "gunicorn", HeaderBytes: 163,
			Timings: probe.Timings{DNS: -1, Connect: ms(0.4), TLS: -1, FirstByte: ms(1.6), Body: ms(0.1), Total: ms(2.1)},
		}
		if i >= n-bad {
			r.Phase, r.Class, r.Err, r.Status, r.Server = probe.PhaseConnect, class, err, 0, ""
			r.Timings = probe.Timings{DNS: -1, Connect: -1, TLS: -1, FirstByte: -1, Body: -1, Total: ms(0.3)}
		}
		h.Results = append(h.Results, r)
	}
	return h
}

func sources() []incident.Source {
	return []incident.Source{
		{
			Name: "/var/log/nginx/access.log", Gateway: "nginx", Format: "nginx-timed", Confidence: 1, Kind: tail.KindAccess, Lines: 40211, Parsed: 40208, Unparsed: 3,
			UnparsedSamples: []string{`10.0.0.9 - - [14/Mar/2026:14:02:1`}, Bytes: 6400000, Status: tail.Status{State: tail.StateFollowing, Rotations: 1, Offset: 6400000, Size: 6400000},
		},
		{
			Name: "/var/log/nginx/error.log", Gateway: "nginx", Format: "nginx-error", Confidence: 1, Kind: tail.KindError, Lines: 833, Parsed: 833, Bytes: 201000,
			Status: tail.Status{State: tail.StateFollowing, Offset: 201000, Size: 201000},
		},
	}
}

// rows are the checklist with a verdict and a summary for each step.
func rows(verdicts string, summaries ...string) []checklist.Row {
	titles := [...]string{"Upstream alive?", "Logs", "Network, firewall", "Gateway configuration", "DNS", "Load", "API management"}
	ids := [...]string{"upstream-alive", "logs", "network", "gateway-config", "dns", "load", "api-management"}
	questions := [...]string{
		"Does the upstream answer when it is asked directly, past the gateway?", "What do the gateway's and the upstream's logs say?",
		"Does anything on the way drop or reject the connection?", "Does the gateway's configuration fit what the logs show?",
		"Does the upstream's name resolve, to the right address, fast?", "Does the upstream break under load?",
		"Do the logs record what the next incident will need?",
	}
	kinds := map[byte]incident.Verdict{'p': incident.Pass, 'w': incident.Warn, 'f': incident.Fail, 'u': incident.Unknown, 's': incident.Skipped}
	var out []checklist.Row
	for i, title := range titles {
		r := checklist.Row{Step: i + 1, ID: ids[i], Title: title, Question: questions[i], Verdict: kinds[verdicts[i]], Consent: i == 5}
		if i < len(summaries) {
			r.Summary = summaries[i]
		}
		r.Commands = []string{fmt.Sprintf("curl -sv -o /dev/null 'http://10.0.0.5:8000/' # %d", i+1)}
		if r.Summary != "" {
			r.Findings = []incident.Finding{{Text: r.Summary, Evidence: "evidence of " + title}, {Text: "a second finding"}}
		}
		out = append(out, r)
	}
	return out
}

func fixtureHealthy() *fakeCore {
	f := newFake()
	f.snap = &incident.Snapshot{Generation: 7, Now: fixtureNow, Live: true, Progress: 1, Sources: sources(), Traffic: traffic(60, func(time.Time) int { return 0 })}
	f.snap.Traffic.Retried, f.snap.Traffic.Aborted = 3, 2
	f.snap.Probes = []probe.History{history("10.0.0.5:8000", 12, 0, "", ""), history("10.0.0.6:8000", 12, 0, "", ""), history("10.0.0.7:8000", 12, 0, "", "")}
	f.verdict.Incident.State = diagnose.None
	f.rows = rows("ppuppsw", "3 of 3 answer, 2.1 ms", "no failure signature", "", "nginx -t passes", "addresses, no names", "", "request id is not logged")
	for i := range 60 {
		f.request(fixtureNow.Add(time.Duration(i-60)*time.Second), 200, "GET", fmt.Sprintf("/api/items/%d", i*37%100), "192.0.2.7", "10.0.0.6:8000", ms(float64(5+i%40)))
	}
	return f
}

// onsetOf is when the fixtures' incidents begin.
var onsetOf = time.Date(2026, 3, 14, 14, 1, 12, 0, time.UTC)

func fixtureDown() *fakeCore {
	f := fixtureHealthy()
	f.snap.Traffic = traffic(60, func(at time.Time) int {
		if at.Before(onsetOf) {
			return 0
		}
		return 5 + at.Second()%3
	})
	f.snap.Probes[0] = history("10.0.0.5:8000", 30, 26, probe.Refused, "dial tcp 10.0.0.5:8000: connect: connection refused")
	f.verdict = diagnose.Verdict{
		Incident: diagnose.Incident{State: diagnose.Ongoing, Started: onsetOf, Requests: 2311, Failed: 811, Ratio: 0.35, Scope: []diagnose.Scope{
			{Field: "upstream", Value: "10.0.0.5:8000", FailedShare: 1, OKShare: 0.02},
			{Field: "route", Value: "GET /api/orders", FailedShare: 0.6, OKShare: 0.4},
			{Field: "route", Value: "GET /api/items/:id", FailedShare: 0.4, OKShare: 0.3},
		}, Made: diagnose.Made{Gateway: 811}},
		Causes: []diagnose.Cause{{
			ID: diagnose.UpstreamDown, Title: "nothing listens on 10.0.0.5:8000", Confidence: 0.93, Step: 1, Scope: "10.0.0.5:8000",
			Evidence: []diagnose.Evidence{
				{Source: "/var/log/nginx/error.log", Count: 811, First: onsetOf, Last: fixtureNow, Sample: "connect() failed (111: Connection refused)", Meaning: "the host answered that the port is closed"},
				{Source: "probe", Count: 26, First: onsetOf, Last: fixtureNow, Sample: "connection refused after 0.3 ms", Meaning: "asked directly it refuses too, so the gateway is not to blame"},
				{Source: "probe", Count: 24, Sample: "10.0.0.6:8000 answers in 2.1 ms", Meaning: "the other upstreams are well"},
			},
			Next:     []string{"See whether the application's process runs on 10.0.0.5 and start it; its own log says why it ended."},
			Commands: []string{"ss -ltnp 'sport = :8000'", "systemctl status app"},
			Share:    0.9, Stories: []diagnose.Story{story502()},
		}},
		NearMisses: []diagnose.Story{{Request: &window.Case{
			Source: "access.log", Time: onsetOf, Method: "GET", Path: "/api/orders", Status: 200, Duration: ms(21), Hidden: true,
			Attempts: []window.Try{{Addr: "10.0.0.5:8000", Status: 502}, {Addr: "10.0.0.6:8000", Status: 200}},
		}}},
		Timeline: []diagnose.Entry{
			{Time: onsetOf.Add(-2 * time.Second), Kind: "probe", Text: "10.0.0.5:8000 turned from ok to refused"},
			{Time: onsetOf, Kind: "onset", Text: "502 began: 0 % to 35 % of requests"},
			{Time: onsetOf.Add(time.Second), Kind: "cause", Text: "upstream-down: nothing listens on 10.0.0.5:8000"},
			{Time: onsetOf.Add(40 * time.Second), Kind: "mark", Text: "paged the shop team"},
		},
	}
	f.rows = rows("ffuppsw", "refused, 0.3 ms", "811 x refused", "", "nginx -t passes", "addresses, no names", "", "request id is not logged")
	f.snap.Recent = nil
	for i := range 80 {
		at := fixtureNow.Add(time.Duration(i-80) * 700 * time.Millisecond)
		if i%3 == 0 {
			path := "/api/orders"
			if i%2 == 0 {
				path = fmt.Sprintf("/api/items/%d?color=red&size=%d", i, i%9)
			}
			f.failure(at, 1000+i, "connect() failed (111: Connection refused) while connecting to upstream", "GET", path, "192.0.2.7", "10.0.0.5:8000")
			f.request(at, 502, "GET", path, "192.0.2.7", "10.0.0.5:8000", 0)
			continue
		}
		f.request(at, 200, "GET", fmt.Sprintf("/api/items/%d", i), "192.0.2.8", "10.0.0.6:8000", ms(float64(4+i%30)))
	}
	return f
}

// story502 is one failed request with what the other logs say of it.
func story502() diagnose.Story {
	return diagnose.Story{
		Request: &window.Case{Source: "access.log", Time: onsetOf, Method: "GET", Path: "/api/orders", Status: 502, Duration: ms(0.4), Line: "the access line"},
		MadeBy:  tail.MakerGateway, Proof: "its error log says why",
		Lines: []diagnose.Told{
			{Line: &window.Case{Source: "/var/log/nginx/error.log", Message: "connect() failed (111: Connection refused)", Line: "the error line"}, By: story.ByRequest},
			{Line: &window.Case{Source: "/var/log/app.log", Message: "psycopg2.OperationalError: could not connect", Frame: "/srv/app/db.py:42 in get_conn"}, By: story.ByTime, Shared: true},
		},
	}
}

func fixtureRecovered() *fakeCore {
	f := fixtureDown()
	end := fixtureNow.Add(-50 * time.Second)
	f.snap.Traffic = traffic(60, func(at time.Time) int {
		if at.Before(onsetOf) || at.After(end) {
			return 0
		}
		return 6
	})
	f.snap.Probes[0] = history("10.0.0.5:8000", 12, 0, "", "")
	f.verdict.Incident.State, f.verdict.Incident.Ended = diagnose.Recovered, end
	f.verdict.Timeline = append(f.verdict.Timeline, diagnose.Entry{Time: end, Kind: "recovery", Text: "back to 0 % failed"})
	return f
}

func fixtureReading() *fakeCore {
	f := newFake()
	f.snap = &incident.Snapshot{Generation: 1, Now: fixtureNow, Live: true, Progress: 0.43, Sources: sources()}
	f.snap.Sources[0].Status = tail.Status{State: tail.StateHistory, Offset: 1 << 30, Size: 5 << 30}
	f.rows = rows("uuuuuuu")
	return f
}

func fixtureBrokenSources() *fakeCore {
	f := fixtureHealthy()
	f.snap.Sources[1].Status = tail.Status{State: tail.StateFailed, Why: "permission denied: run it as a member of the group adm (sudo usermod -aG adm $USER)"}
	f.snap.Sources[0].Status.Polling = true
	f.snap.Sources[0].Status.Why = "file events can't be had on NFS, so it is looked at four times a second"
	f.snap.Sources[0].Unparsed = 12400
	f.snap.Sources = append(f.snap.Sources, incident.Source{
		Name:   "/srv/logs/a/very/long/path/that/does/not/end/for/quite/some/time/access-shop-example-com-ssl.log",
		Status: tail.Status{State: tail.StateWaiting, Why: "the file is away; it is waited for", Size: 100},
	})
	f.snap.NoProbe, f.snap.Probes = true, nil
	return f
}

// fixtureHostile has escape sequences, wide runes and endless names everywhere.
func fixtureHostile() *fakeCore {
	f := fixtureDown()
	evil := "\x1b[2J\x1b]0;owned\a\u202etxt\x00\r\n界界界界é\u0301" + strings.Repeat("A", 300)
	at := fixtureNow.Add(-time.Second)
	f.request(at, 502, "G\x1b[31mET", "/"+evil, evil, evil, 0)
	f.failure(at, 1, evil, "GET", "/"+evil, evil, evil)
	f.raw(at, evil)
	f.snap.Traffic.Top[window.ByUpstream] = append([]window.Count{{Value: evil, Failed: 9}}, f.snap.Traffic.Top[window.ByUpstream]...)
	f.snap.Traffic.Top[window.ByRoute] = []window.Count{{Value: evil, Failed: 9}}
	h := history("10.0.0.9:1", 3, 3, probe.Malformed, evil)
	h.Results[2].FirstBytes, h.Results[2].Server = evil, evil
	h.Results[2].Cert = &probe.Cert{Subject: evil, Issuer: evil, Names: []string{evil}, NotAfter: fixtureNow.Add(time.Hour), Chain: 1}
	f.snap.Probes = append(f.snap.Probes, h)
	f.snap.Sources[0].Name, f.snap.Sources[0].UnparsedSamples = evil, []string{evil}
	f.snap.Sources[0].Gateway = "nginx"
	c := &f.verdict.Causes[0]
	c.Title, c.Next[0], c.Commands[0], c.Evidence[0].Sample, c.Evidence[0].Meaning = evil, evil, evil, evil, evil
	f.verdict.Incident.Scope[0].Value = evil
	f.verdict.Unsure = evil
	f.verdict.Timeline[0].Text = evil
	for i := range f.rows {
		f.rows[i].Summary, f.rows[i].Commands = evil, []string{evil}
		f.rows[i].Findings = []incident.Finding{{Text: evil, Evidence: evil}}
	}
	return f
}

// fixtureUnsure has two causes close together and no log of the upstreams.
func fixtureUnsure() *fakeCore {
	f := fixtureDown()
	f.snap.Sources, f.snap.Probes = f.snap.Sources[:1], nil
	f.snap.Traffic.Top[window.ByUpstream] = nil
	f.snap.Traffic.UpstreamLatency = window.Quantiles{}
	f.verdict.Incident.Scope = nil
	f.verdict.Incident.Pattern = "flaps: 4 outages in 20 minutes"
	first := f.verdict.Causes[0]
	first.Confidence, first.Title, first.Evidence = 0.44, "the upstream is down or can't be reached", first.Evidence[:1]
	f.verdict.Causes = []diagnose.Cause{first, {
		ID: diagnose.Firewall, Title: "something on the way rejects the connection", Confidence: 0.31, Step: 3,
		Evidence: []diagnose.Evidence{{Source: "access.log", Count: 811, Sample: "502 in 0 ms", Meaning: "refused at once"}, {Against: true, Source: "probe", Sample: "none", Meaning: "nobody was asked yet"}},
		Commands: []string{"nft list ruleset"},
	}}
	f.verdict.Unsure = "a direct probe decides between the two: -e URL names the upstream"
	return f
}
