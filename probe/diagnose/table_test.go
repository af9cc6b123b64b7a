package diagnose

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"why502/tail"
	"why502/tail/parse"
	"why502/tail/window"
)

// TestSignatures runs the samples of every row: positive ones must be found as
// this row by the whole table, negative ones must not match.
func TestSignatures(t *testing.T) {
	for s := range table().rows("") {
		t.Run(s.ID, func(t *testing.T) {
			if len(s.Positive) == 0 && s.Where != patternWhere {
				t.Error("the row has no positive sample")
			}
			if s.Meaning == "" || s.Doc == "" || s.Title == "" || s.Remedy == "" || len(s.Next) == 0 || len(s.Commands) == 0 {
				t.Errorf("the row lacks texts: %+v", s.Advice)
			}
			for _, sample := range s.Positive {
				if got := find(s, sample); got != s {
					t.Errorf("%q is found as %v", sample, id(got))
				}
			}
			for _, sample := range s.Negative {
				if got := find(s, sample); got == s {
					t.Errorf("%q must not match", sample)
				}
			}
		})
	}
}

func id(s *Signature) string {
	if s == nil {
		return "nothing"
	}
	return s.ID
}

// find looks a sample up as a line of the row's first gateway. The samples of
// access rows are statuses ("502") or flags ("SC--"), the other conditions are
// taken from the row.
func find(s *Signature, sample string) *Signature {
	gateway := ""
	if len(s.Gateways) > 0 {
		gateway = s.Gateways[0]
	}
	if s.Where == wordWhere {
		return table().byWord(sample)
	}
	if s.Where != "access" {
		kinds := map[string]tail.Kind{"error": tail.KindError, "upstream": tail.KindUpstream, "system": tail.KindSystem}
		return table().lookup(gateway, kinds[s.Where], sample)
	}
	e := ending{gateway: gateway, server: s.Server, flags: sample}
	if len(s.Reach) > 0 {
		e.reach = reaches[s.Reach[0]]
	}
	if s.Maker != "" {
		e.maker = makers[s.Maker]
	}
	if len(s.Status) > 0 {
		e.status = s.Status[0]
	}
	if n, err := strconv.Atoi(sample); err == nil {
		e.status, e.flags = n, ""
	}
	if s.UpstreamStatus == "same" {
		e.upstream = e.status
	}
	return table().byEnding(&e)
}

func TestEveryTableFileIsRead(t *testing.T) {
	files, err := embedded.ReadDir("signatures")
	if err != nil {
		t.Fatal(err)
	}
	read := []string{"causes", "symptoms", "gateways"}
	for _, f := range order {
		read = append(read, f.name)
		rows, err := table().embedded(f.name)
		if err != nil {
			t.Error(err)
		}
		for _, s := range rows {
			if s.Where != f.where {
				t.Errorf("row %q of %s is for %q lines: the others of the file are not, so it is never asked", s.ID, f.name, s.Where)
			}
		}
	}
	for _, f := range files {
		if name := strings.TrimSuffix(f.Name(), ".toml"); !slices.Contains(read, name) {
			t.Errorf("%s is embedded but never read", f.Name())
		}
	}
	if err := table().check(); err != nil {
		t.Error(err)
	}
}

func TestEveryCauseIsReachable(t *testing.T) {
	named := map[ID]bool{}
	for s := range table().rows("") {
		named[s.Cause] = true
	}
	for id := range table().causes {
		if !named[id] {
			t.Errorf("no row speaks for %s", id)
		}
	}
}

func TestLoadDir(t *testing.T) {
	defer current.Store(nil)
	dir := t.TempDir()
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "own.toml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("where = \"error\"\n[[signature]]\nid = \"own\"\nany = [\"frobnicator exploded\"]\nsymptom = \"crash\"\n")
	if err := LoadDir(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if got, ok := Classify("nginx", tail.KindError, "the frobnicator exploded again"); got != BadResponse || !ok {
		t.Errorf("own row: %q %v", got, ok)
	}
	for text, want := range map[string]string{
		"[[signature]]\nid = \"x\"\ncolor = 3\n":                                               "unknown keys",
		"[[signature]]\nid = \"x\"\nwhere = \"error\"\nany = [\"a\"]\nsymptom = \"no-such\"\n": "does not exist",
		"[[signature]]\nid = \"x\"\nwhere = \"error\"\nregexp = \"(\"\ncause = \"dns\"\n":      "regexp",
		"[[signature]]\nid = \"x\"\nwhere = \"nowhere\"\nany = [\"a\"]\ncause = \"dns\"\n":     "nowhere",
		"[[signature]\n": "own.toml:1",
		"[[signature]]\nid = \"nginx-reset\"\nwhere = \"error\"\nany = [\"a\"]\ncause = \"dns\"\n": "used twice",
	} {
		write(text)
		if err := LoadDir(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{"[cause.upstream-down]\ntitle = \"x\"\nstep = 9\n", "[symptom.config]\nstep = 9\n", "[symptom.config.also]\nnope = 1.0\n"} {
		write(text) // by which rows of the program become wrong
		if err := LoadDir(os.DirFS(dir)); err == nil {
			t.Errorf("no error for\n%s", text)
		}
	}
	if _, ok := Classify("nginx", tail.KindError, "the frobnicator exploded again"); !ok {
		t.Error("a broken file must leave the tables in force as they were")
	}
	if err := LoadDir(os.DirFS(filepath.Join(dir, "none"))); err != nil {
		t.Error(err)
	}
}

func FuzzTable(f *testing.F) {
	for _, table := range order {
		data, err := embedded.ReadFile("signatures/" + table.name + ".toml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		file, err := parseTable("fuzz.toml", data)
		if err != nil {
			return
		}
		t, err := build([]tableFile{file})
		if err == nil {
			t.lookup("nginx", tail.KindError, "connect() failed (111: Connection refused)")
		}
	})
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		gateway string
		kind    tail.Kind
		text    string
		want    ID
	}{
		{"nginx", tail.KindError, "connect() failed (111: Connection refused) while connecting to upstream", UpstreamDown},
		{"nginx", tail.KindError, "no live upstreams while connecting to upstream", ""},
		{"nginx", tail.KindError, "something never seen", ""},
		{"", tail.KindError, "dial tcp 10.0.0.5:80: connect: connection refused", UpstreamDown},
		{"traefik", tail.KindError, "lookup a on 10.0.0.2:53: no such host", DNS},
		{"gunicorn", tail.KindUpstream, "WORKER TIMEOUT (pid:17)", Timeout},
		{"haproxy", tail.KindError, "Server app/s1 is going DOWN for maintenance (DNS NX status). 0 active", DNS},
		{"haproxy", tail.KindError, "Server app/s1 is going DOWN for maintenance. 0 active", Maintenance},
	} {
		if got, _ := Classify(c.gateway, c.kind, c.text); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.gateway, c.text, got, c.want)
		}
	}
}

func TestMatchFlags(t *testing.T) {
	tab := table()
	for _, c := range []struct {
		e    ending
		want string
	}{
		{ending{gateway: "haproxy", flags: "SC--", reach: window.ReachNone, status: 503}, "haproxy-SC-nosrv"},
		{ending{gateway: "haproxy", flags: "SC--", status: 503}, "haproxy-SC"},
		{ending{gateway: "haproxy", flags: "----", status: 200}, "nothing"},
		{ending{gateway: "envoy", flags: "UF,URX", status: 503}, "envoy-UF"},
		{ending{gateway: "envoy", flags: "-", status: 404}, "nothing"},
		{ending{gateway: "nginx", status: 504, reach: window.ReachConnected}, "nginx-access-504-connected"},
		{ending{gateway: "lighttpd", status: 503}, "status-503"},
	} {
		if got := id(tab.byEnding(&c.e)); got != c.want {
			t.Errorf("%+v: %s, want %s", c.e, got, c.want)
		}
	}
}

// TestReadEvent: flags and messages are put into words, a status alone is not.
func TestReadEvent(t *testing.T) {
	for _, c := range []struct {
		line    string
		cause   ID
		meaning string // how it begins
	}{
		{`10.0.0.1:5 [10/Dec/2018:12:01:46.395] fe be/s1 0/0/-1/-1/3001 503 213 - - SC-- 1/1/0/0/3 0/0 "GET / HTTP/1.1"`, UpstreamDown, "SC: "},
		{`[2016-04-15T20:17:00.310Z] "GET / HTTP/2" 504 UT 0 24 15000 - "-" "c" "i" "h" "10.0.0.5:80"`, Timeout, "UT "},
		{`2026/11/23 07:13:24 [error] 1#1: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.1, server: a, request: "GET / HTTP/1.1", upstream: "http://10.0.0.5:80/", host: "a"`, UpstreamDown, ""},
		{`10.0.0.1 - - [23/Nov/2026:07:13:28 +0000] "GET / HTTP/1.1" 200 5 "-" "c"`, "", ""},
		{`10.0.0.1 - - [23/Nov/2026:07:13:28 +0000] "GET / HTTP/1.1" 502 5 "-" "c"`, "", ""},
	} {
		var ev tail.Event
		parse.Detect([]byte(c.line), parse.Env{}).NewParser(parse.Env{}).Parse([]byte(c.line), &ev)
		cause, meaning := ReadEvent(&ev)
		if cause != c.cause || !strings.HasPrefix(meaning, c.meaning) || ev.Kind != tail.KindAccess && meaning == "" || ev.Kind == tail.KindAccess && c.meaning == "" && meaning != "" {
			t.Errorf("%s, %q, want %s, %q\n%s", cause, meaning, c.cause, c.meaning, c.line)
		}
	}
}
