package report

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"why502/probe/checklist"
	"why502/probe/diagnose"
	"why502/probe/incident"
	"why502/tail"
	"why502/tail/story"
	"why502/tail/window"
)

var update = flag.Bool("update", false, "write the goldens anew")

// golden compares got with testdata/name, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs; see what changed with go test ./probe/report -update and git diff\n%s", path, got)
	}
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(s float64) time.Time { return noon.Add(time.Duration(s * float64(time.Second))) }

// outage is an incident that goes on, with everything known.
func outage() Report {
	snap := &incident.Snapshot{
		Now: at(75),
		Sources: []incident.Source{
			{
				Name: "access.log", Gateway: "nginx", Format: "nginx-combined", Kind: tail.KindAccess, Confidence: 0.96,
				Lines: 1260, Parsed: 1258, Unparsed: 2, Bytes: 190_000, First: at(0), Last: at(74),
				UnparsedSamples: []string{"-- MARK --", "\x16\x03\x01 scan"},
			},
			{Name: "error.log", Gateway: "nginx", Format: "nginx-error", Kind: tail.KindError, Lines: 312, Parsed: 312, Bytes: 81_234, First: at(60.2), Last: at(74.9)},
			{Name: "/var/log/app.log", Status: tail.Status{State: tail.StateFailed, Why: "permission denied: read it with sudo or as a member of group adm"}},
		},
	}
	v := &snap.Traffic
	v.Requests, v.Failed, v.Retried, v.Aborted = 1258, 312, 4, 2
	v.Statuses = []window.StatusCount{{Status: 0, Count: 1}, {Status: 200, Count: 900}, {Status: 404, Count: 45}, {Status: 502, Count: 300}, {Status: 504, Count: 12}}
	v.Latency = window.Quantiles{Count: 1258, P50: 12 * time.Millisecond, P90: 40 * time.Millisecond, P95: 80 * time.Millisecond, P99: 1200 * time.Millisecond, Max: 60 * time.Second}
	for s := range 75 {
		sec := window.Second{Unix: at(float64(s)).Unix()}
		sec.Class[2] = 15
		if s >= 60 {
			sec.Class[5], sec.Failed = 21, 21
		}
		v.Seconds = append(v.Seconds, sec)
	}
	verdict := diagnose.Verdict{
		Incident: diagnose.Incident{
			State: diagnose.Ongoing, Started: at(60.2), Requests: 843, Failed: 312, Ratio: 312.0 / 843,
			Scope: []diagnose.Scope{{Field: "upstream", Value: "10.0.0.5:8000", FailedShare: 1, OKShare: 0.012}},
			Made:  diagnose.Made{Gateway: 300, Application: 12},
		},
		Causes: []diagnose.Cause{
			{
				ID: diagnose.UpstreamDown, Title: "nothing listens on 10.0.0.5:8000", Confidence: 0.93, Step: 1, Scope: "10.0.0.5:8000",
				Evidence: []diagnose.Evidence{
					{
						Source: "error.log", Count: 312, First: at(60.2), Last: at(74.9),
						Sample:  `2026/11/23 12:01:00 [error] 29#29: *17 connect() failed (111: Connection refused) while connecting to upstream, client: 10.1.0.9, server: shop.example, request: "GET /api/items?token=secret HTTP/1.1", upstream: "http://10.0.0.5:8000/api/items"`,
						Meaning: "nothing listens on the upstream's port: the process is down or listens elsewhere",
					},
					{Source: "probe", Count: 12, First: at(61), Last: at(75), Sample: "refused in 0.3 ms", Meaning: "a direct connection is refused as well"},
					{Against: true, Source: "configuration", Meaning: "another server of the group answers"},
				},
				Next:     []string{"Look whether the process runs, and start it", "Read its log for the reason it ended"},
				Commands: []string{"ss -ltnp 'sport = :8000'", "systemctl status gunicorn"},
				Share:    0.8, Stories: outageStories(),
			},
			{ID: diagnose.Firewall, Title: "a firewall rejects the connection", Confidence: 0.04, Evidence: []diagnose.Evidence{{Source: "error.log", Count: 312, Meaning: "a REJECT rule refuses as well"}}},
		},
		NearMisses: []diagnose.Story{{Request: &window.Case{
			Source: "access.log", Time: at(30), Method: "GET", Path: "/", Status: 200, Duration: 20 * time.Millisecond, Hidden: true,
			Attempts: []window.Try{{Addr: "10.0.0.5:8000", Status: 502, Header: tail.None, Response: 0}, {Addr: "10.0.0.6:8000", Status: 200, Header: 1, Response: 2}},
		}}},
		Timeline: []diagnose.Entry{
			{Time: at(60.2), Kind: "onset", Text: "requests begin to fail"},
			{Time: at(61), Kind: "probe", Text: "10.0.0.5:8000 refused"},
		},
	}
	rows := []checklist.Row{
		{Step: 1, ID: "upstream-alive", Title: "Upstream alive?", Verdict: incident.Fail, Findings: []incident.Finding{{Text: "10.0.0.5:8000 refused", Evidence: "0.3 ms, 12 of 12 probes"}}, Commands: []string{"curl -I http://10.0.0.5:8000/"}},
		{Step: 2, ID: "logs", Title: "What do the logs say?", Verdict: incident.Fail, Findings: []incident.Finding{{Text: "312 x connect() failed (111: Connection refused)"}}},
		{Step: 5, ID: "dns", Title: "Does the name resolve?", Verdict: incident.Pass, Findings: []incident.Finding{{Text: "the upstream is an address"}}, Commands: []string{"dig app.internal"}},
		{Step: 6, ID: "load", Title: "Does it bear the load?"},
	}
	return Build(snap, verdict, rows)
}

// outageStories are a request that no application saw, and one that it failed.
func outageStories() []diagnose.Story {
	request := window.Case{
		Kind: tail.KindAccess, Source: "access.log", Time: at(60.2), Client: "10.1.0.9", Method: "GET", Path: "/api/items?token=secret",
		Status: 502, Duration: 1200 * time.Microsecond, Line: `10.1.0.9 - - "GET /api/items?token=secret HTTP/1.1" 502`,
	}
	app := window.Case{
		Kind: tail.KindUpstream, Source: "app.log", Time: at(60.3), Message: "psycopg2.OperationalError: could not connect",
		Exception: "psycopg2.OperationalError", Frame: "/srv/app/db.py:42 in get_conn", Line: "Traceback (most recent call last):",
	}
	refused := window.Case{Kind: tail.KindError, Source: "error.log", Time: at(60.2), Message: "connect() failed (111: Connection refused)", Line: "[error] connect() failed"}
	return []diagnose.Story{
		{Request: &request, MadeBy: tail.MakerGateway, Proof: "its error log says why", Lines: []diagnose.Told{{Line: &refused, By: story.ByRequest}}},
		{Request: &window.Case{Source: "access.log", Path: "/", Duration: tail.None, Flags: "UF"}, Lines: []diagnose.Told{{Line: &app, By: story.ByTime, Shared: true}}},
	}
}

// healthyLog is a log without an incident and with a steady background.
func healthyLog() Report {
	snap := &incident.Snapshot{Sources: []incident.Source{{Name: "access.log", Gateway: "haproxy", Format: "haproxy-http", Kind: tail.KindAccess, Lines: 20_000, Parsed: 20_000, Bytes: 5 << 20, First: noon, Last: at(90_000)}}}
	v := &snap.Traffic
	v.Requests, v.Failed = 20_000, 9
	v.Statuses = []window.StatusCount{{Status: 200, Count: 19_991}, {Status: 502, Count: 9}}
	return Build(snap, diagnose.Verdict{Incident: diagnose.Incident{State: diagnose.None}}, nil)
}

// errorLogAlone is an incident known from a single line of an error log.
func errorLogAlone() Report {
	snap := &incident.Snapshot{Sources: []incident.Source{{Name: "-", Gateway: "nginx", Format: "nginx-error", Kind: tail.KindError, Lines: 1, Parsed: 1, Bytes: 200, First: noon, Last: noon}}}
	return Build(snap, diagnose.Verdict{
		Incident: diagnose.Incident{State: diagnose.Ongoing, Started: noon, Failed: 1},
		Causes: []diagnose.Cause{{
			ID: diagnose.Timeout, Title: "10.0.0.5:8000 does not answer in time", Confidence: 0.6,
			Evidence: []diagnose.Evidence{{Source: "-", Count: 1, First: noon, Last: noon, Meaning: "the upstream took longer than proxy_read_timeout"}},
		}},
		Unsure: "run step 3: a dropped packet and a slow application look alike here",
	}, nil)
}

const bidi = "\u202e"

// evil puts hostile text wherever a log or an upstream can put some.
func evil() Report {
	s := "\x1b[31m<script>alert(1)</script>" + bidi + "| [x](javascript:y) ![i](http://e.vil/p.png) `` ``` # \"&' \xff\n## head www.e.vil a@e.vil $(rm -rf ~) password=x ?token=hunter2&"
	snap := &incident.Snapshot{Sources: []incident.Source{{Name: s, Format: s, Kind: tail.KindAccess, Lines: 5, Unparsed: 1, UnparsedSamples: []string{s}, Status: tail.Status{State: tail.StateFailed, Why: s}}}}
	snap.Traffic.Requests, snap.Traffic.Retried = 5, 1
	snap.Traffic.Hidden = []window.Count{{Value: s, Failed: 1}}
	line := window.Case{Source: s, Client: s, Method: s, Path: s, Flags: s, Line: s, Message: s, Exception: s, Frame: s, Attempts: []window.Try{{Addr: s}}}
	stories := []diagnose.Story{{Request: &line, Lines: []diagnose.Told{{Line: &line, By: story.ByPath}}}}
	return Build(snap, diagnose.Verdict{
		Incident:   diagnose.Incident{State: diagnose.Recovered, Started: noon, Ended: at(3), Requests: 5, Failed: 3, Ratio: 0.6, Pattern: s, Scope: []diagnose.Scope{{Field: "route", Value: s, FailedShare: 1}}},
		Causes:     []diagnose.Cause{{ID: diagnose.BadResponse, Title: s, Confidence: 1, Evidence: []diagnose.Evidence{{Source: s, Count: 3, Sample: s, Meaning: s}}, Next: []string{s}, Commands: []string{s}, Scope: s, Share: 0.5, Stories: stories}},
		NearMisses: stories,
		Timeline:   []diagnose.Entry{{Time: noon, Kind: "mark", Text: s}},
		Unsure:     s,
	}, []checklist.Row{{Step: 1, ID: "upstream-alive", Title: "Upstream alive?", Verdict: incident.Warn, Findings: []incident.Finding{{Text: s, Evidence: s + "2"}}, Commands: []string{s}}})
}
