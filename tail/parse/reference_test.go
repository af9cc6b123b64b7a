package parse

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"why502/tail"
)

// A reference reads the lines of a format the slow and obvious way: a regular
// expression whose groups are named after what they hold. What it takes, the fast
// parser must take too, and read the same.
type reference struct {
	format string
	re     *regexp.Regexp
	layout string        // of the group time, a time in UTC where it has no zone
	unit   time.Duration // of duration and the upstream's times
}

const (
	reClient = `(?P<client>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|[0-9a-f]{1,4}:[0-9a-f]{0,4}:[0-9a-f:]{0,30}[0-9a-f])`
	reQuoted = `(?:[^"\\]|\\.)*`
	reCLF    = reClient + ` - [A-Za-z0-9_-]+ \[(?P<time>[^\]]{26})\] "(?P<request>` + reQuoted + `)" (?P<status>\d{3}) (?P<bytes>\d{1,17})`
	reAgent  = ` "(?P<referer>` + reQuoted + `)" "(?P<agent>` + reQuoted + `)"`
	reTimed  = `\d{1,6}\.\d{3}`

	layoutCLF = "02/Jan/2006:15:04:05 -0700"
)

var references = []reference{
	{"clf", regexp.MustCompile(`^` + reCLF + `$`), layoutCLF, 0},
	{"nginx-combined", regexp.MustCompile(`^` + reCLF + reAgent + `$`), layoutCLF, 0},
	{"nginx-main", regexp.MustCompile(`^` + reCLF + reAgent + ` "[0-9a-f.:, ]+"$`), layoutCLF, 0},
	{
		"nginx-extended", regexp.MustCompile(`^` + reCLF + reAgent + ` rt=(?P<duration>` + reTimed + `) uct="(?P<connect>-|` + reTimed + `)" uht="(?P<header>-|` +
			reTimed + `)" urt="(?P<response>-|` + reTimed + `)" ua="(?P<upstream>-|[0-9.]+:\d+)" us="(?P<upstatus>-|\d{3})"$`), layoutCLF, time.Second,
	},
	{"gevent", regexp.MustCompile(`^` + reClient + ` - - \[(?P<time>[^\]]{19})\] "(?P<request>` + reQuoted + `)" (?P<status>\d{3}) (?P<bytes>\d{1,17}) (?P<duration>\d{1,6}\.\d{6})$`), "2006-01-02 15:04:05", time.Second},
	{"eventlet", regexp.MustCompile(`^` + reClient + ` - - \[(?P<time>[^\]]{20})\] "(?P<request>` + reQuoted + `)" (?P<status>\d{3}) (?P<bytes>\d{1,17}) (?P<duration>\d{1,6}\.\d{6})$`), "02/Jan/2006 15:04:05", time.Second},
	{"daphne", regexp.MustCompile(`^` + reClient + ` - - \[(?P<time>[^\]]{20})\] "(?P<request>` + reQuoted + `)" (?P<status>\d{3}) (?P<bytes>\d{1,17})$`), "02/Jan/2006:15:04:05", 0},
	{
		"go-chi", regexp.MustCompile(`^(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) "(?P<method>[A-Z]{1,20}) https?://(?P<host>[a-z.]+:\d+)(?P<path>/[^ "\\]*) (?P<protocol>HTTP/\d\.\d)" from ` + reClient +
			`:\d{1,5} - (?P<status>\d{3}) (?P<bytes>\d{1,17})B in (?P<duration>\d{1,6}\.\d{3})s$`), "2006/01/02 15:04:05", time.Second,
	},
	{
		"ruby-log", regexp.MustCompile(`^I, \[(?P<time>[^\] ]{26}) #(?P<pid>\d{1,9})\]  INFO -- : method=(?P<method>[A-Z]{1,20}) path=(?P<path>/[^ "\\]*) controller=A action=b status=(?P<status>[1-9]\d\d) duration=(?P<duration>\d{1,9}\.\d{3})$`),
		"2006-01-02T15:04:05.000000", time.Millisecond,
	},
	{"apache-combined-d", regexp.MustCompile(`^` + reCLF + reAgent + ` (?P<duration>\d{1,12})$`), layoutCLF, time.Microsecond},
	{
		"traefik-clf", regexp.MustCompile(`^` + reCLF + reAgent + ` \d{1,9} "(?P<backend>[a-z@-]+)" "http://(?P<upstream>[0-9.]+:\d{1,5})" (?P<duration>\d{1,12})ms$`),
		layoutCLF, time.Millisecond,
	},
	{
		"ingress-nginx", regexp.MustCompile(`^` + reCLF + reAgent + ` \d+ (?P<duration>` + reTimed + `) \[(?P<backend>[a-z0-9-]+)\] \[\] (?P<upstream>[0-9.]+:\d+) \d+ (?P<response>` +
			reTimed + `) (?P<upstatus>\d{3}) (?P<id>[0-9a-f]{32})$`), layoutCLF, time.Second,
	},
	{
		"haproxy-http", regexp.MustCompile(`^` + reClient + `:\d{1,5} \[(?P<time>[^\]]{24})\] [a-z_]+~? (?P<backend>[a-z_]+)/[a-z0-9]+ (?:-1|\d{1,9})/(?P<queue>-1|\d{1,9})/(?P<connect>-1|\d{1,9})/(?P<header>-1|\d{1,9})/(?P<duration>\d{1,12}) ` +
			`(?P<status>\d{3}) (?P<bytes>\d{1,17}) - - (?P<flags>[A-Za-z-]{4}) \d+/\d+/\d+/\d+/\d+ \d+/\d+ "(?P<request>` + reQuoted + `)"$`), "02/Jan/2006:15:04:05.000", time.Millisecond,
	},
	{
		"haproxy-tcp", regexp.MustCompile(`^` + reClient + `:\d{1,5} \[(?P<time>[^\]]{24})\] [a-z_]+ (?P<backend>[a-z_]+)/[a-z0-9]+ (?P<queue>-1|\d{1,9})/(?P<connect>-1|\d{1,9})/(?P<duration>\d{1,12}) ` +
			`(?P<bytes>\d{1,17}) (?P<flags>[A-Za-z-]{2}) \d+/\d+/\d+/\d+/\d+ \d+/\d+$`), "02/Jan/2006:15:04:05.000", time.Millisecond,
	},
	{
		"envoy-text", regexp.MustCompile(`^\[(?P<time>[^\]]{24})\] "(?P<request>[^"]*)" (?P<status>\d{3}) (?P<flags>-|[A-Z,]{2,9}) \d+ (?P<bytes>\d{1,17}) (?P<duration>\d{1,12}) (?P<header>-|\d{1,9}) ` +
			`"` + reClient + `" "(?P<agent>[^"\\]*)" "(?P<id>[0-9a-f-]+)" "(?P<host>[a-z.-]+)" "(?P<upstream>[0-9.]+:\d+)"$`), "2006-01-02T15:04:05.000Z", time.Millisecond,
	},
	{
		"aws-alb", regexp.MustCompile(`^https? (?P<time>\S{27}) app/[a-z0-9/-]+ ` + reClient + `:\d+ (?P<upstream>[0-9.]+:\d+) 0\.000 (?P<duration>` + reTimed + `) 0\.000 (?P<status>\d{3}) (?P<upstatus>\d{3}) \d+ (?P<bytes>\d{1,17}) ` +
			`"[A-Z]+ https?://[a-z.]+:\d+/[^" ]* HTTP/1\.1" "(?P<agent>[^"\\]*)" - - arn:[a-z0-9:/-]+ "[A-Za-z0-9=-]+" "-" "-" \d+ \S{27} "forward" "-" "-" "[^"]*" "[^"]*" "-" "-"$`),
		"2006-01-02T15:04:05.000000Z", time.Second,
	},
	{
		"nginx-error", regexp.MustCompile(`^(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?P<level>[a-z]{4,6})\] (?P<pid>\d{1,9})#\d{1,9}: \*\d{1,12} (?P<message>connect\(\) failed \(\d+: [A-Za-z ]+\) while connecting to upstream), ` +
			`client: ` + reClient + `, server: [a-z.]+, request: "(?P<request>[^",]*)", upstream: "http://(?P<upstream>[0-9.]+:\d+)/[^", ]*", host: "(?P<host>[a-z.]+)"$`), "2006/01/02 15:04:05", 0,
	},
	{
		"apache-error", regexp.MustCompile(`^\[(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d\.\d{6} \d{4})\] \[proxy_http:(?P<level>error|warn|info)\] \[pid (?P<pid>\d{1,9}):tid \d{1,18}\] ` +
			`\[client (?P<client>[0-9.]{7,15}):\d{1,5}\] (?P<message>AH01114: HTTP: [A-Za-z ]*[A-Za-z])(?:, referer: (?P<referer>\S+))?$`), "Mon Jan 02 15:04:05.000000 2006", 0,
	},
}

// agrees compares the fast parser with the slow one on a line that is the format's.
func (r *reference) agrees(t *testing.T, p *lineParser, line []byte) {
	t.Helper()
	if len(line) > 1000 {
		return
	}
	m := r.re.FindSubmatch(line)
	if m == nil {
		return
	}
	group := func(name string) string {
		if i := r.re.SubexpIndex(name); i >= 0 {
			return string(m[i])
		}
		return ""
	}
	tm, err := time.Parse(r.layout, group("time"))
	if _, off := tm.Zone(); off <= -16*3600 || off >= 16*3600 { // no place has that
		return
	}
	if err != nil || tm.Year() < 1971 || tm.Year() > 2199 || tm.Format(r.layout) != group("time") { // time.Parse takes what no gateway writes
		return
	}
	var ev tail.Event
	if !p.Parse(line, &ev) {
		t.Fatalf("%s refused %q", r.format, line)
	}
	bad := func(what string, got, want any) {
		t.Helper()
		t.Fatalf("%s: %s is %v, want %v\n%s", r.format, what, got, want, line)
	}
	if !ev.When().Equal(tm) {
		bad("time", ev.When(), tm)
	}
	if r.re.SubexpIndex("request") >= 0 {
		var want tail.Event
		referenceRequest(group("request"), &want)
		if !bytes.Equal(ev.Method, want.Method) || !bytes.Equal(ev.Path, want.Path) || !bytes.Equal(ev.Protocol, want.Protocol) {
			bad("request", words(&ev), words(&want))
		}
	}
	got := words(&ev)
	for _, k := range [...]struct{ group, key string }{
		{"client", "client"},
		{"method", "method"},
		{"path", "path"},
		{"protocol", "protocol"},
		{"bytes", "bytes"},
		{"referer", "referer"},
		{"agent", "user_agent"},
		{"id", "request_id"},
		{"flags", "flags"},
		{"backend", "backend"},
		{"level", "level"},
		{"message", "message"},
		{"pid", "pid"},
		{"host", "host"},
		{"upstream", "upstream"},
	} {
		want := group(k.group)
		if want == "-" {
			want = ""
		}
		if n, err := strconv.ParseInt(want, 10, 64); k.key == "bytes" && err == nil {
			want = strconv.FormatInt(n, 10)
		}
		if r.re.SubexpIndex(k.group) >= 0 && got[k.key] != want {
			bad(k.key, got[k.key], want)
		}
	}
	if n, _ := strconv.Atoi(group("status")); r.re.SubexpIndex("status") >= 0 && ev.Status != n {
		bad("status", ev.Status, n)
	}
	a := &tail.Attempt{Connect: tail.None, Header: tail.None, Response: tail.None}
	if last := ev.Last(); last != nil {
		a = last
	}
	for name, d := range map[string]time.Duration{"duration": ev.Duration, "queue": ev.Queue, "connect": a.Connect, "header": a.Header, "response": a.Response} {
		if r.re.SubexpIndex(name) >= 0 && d != slowDuration(group(name), r.unit) {
			bad(name, d, group(name))
		}
	}
	if n, _ := strconv.Atoi(group("upstatus")); r.re.SubexpIndex("upstatus") >= 0 && a.Status != n {
		bad("upstream status", a.Status, n)
	}
}

// slowDuration reads a number of units with up to six decimals, None for "-" and
// "-1".
func slowDuration(s string, unit time.Duration) time.Duration {
	if s == "-" || s == "-1" || s == "" {
		return tail.None
	}
	whole, frac, _ := strings.Cut(s, ".")
	n, _ := strconv.ParseInt(whole, 10, 64)
	f, _ := strconv.ParseInt((frac + "000000")[:6], 10, 64)
	return time.Duration(n)*unit + time.Duration(f)*unit/1e6
}

var (
	fullRequest  = regexp.MustCompile(`^([A-Za-z][A-Za-z_-]{0,31}) (?s:(.*)) (HTTP/[^ ]*|1\.[01]|[23])$`)
	shortRequest = regexp.MustCompile(`^([A-Za-z][A-Za-z_-]{0,31}) (?s:(.*))$`)
)

func referenceRequest(s string, ev *tail.Event) {
	ev.Reset()
	m := fullRequest.FindStringSubmatch(s)
	if m == nil {
		if m = shortRequest.FindStringSubmatch(s); m == nil {
			return
		}
		m = append(m, "")
	}
	ev.Method, ev.Path, ev.Protocol = []byte(m[1]), present([]byte(m[2])), []byte(m[3])
}

func referenceParsers() []*lineParser {
	parsers := make([]*lineParser, len(references))
	for i, r := range references {
		parsers[i] = newParser(&formats[formatIndex[r.format]], newState(testEnv))
	}
	return parsers
}

// FuzzReference compares the fast parsers with the slow ones on any line.
func FuzzReference(f *testing.F) {
	seeds(func(b []byte) { f.Add(b) })
	for i := range references {
		f.Add([]byte(built(i, "/a?b=c", "curl/8", 502, 12345, 17)))
	}
	parsers := referenceParsers()
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.ContainsAny(line, "\n\r") {
			return
		}
		for i := range references {
			references[i].agrees(t, parsers[i], line)
		}
	})
}

// FuzzReferenceFields does it on lines made of hostile fields.
func FuzzReferenceFields(f *testing.F) {
	for i := range references {
		f.Add(uint8(i), "/a?b=c", "curl/8", uint16(502), uint32(12345), uint32(17))
		f.Add(uint8(i), `/\x22 HTTP/1.1`, `a \" b`, uint16(0), uint32(0), uint32(1<<31))
	}
	parsers := referenceParsers()
	f.Fuzz(func(t *testing.T, pick uint8, target, agent string, status uint16, millis, size uint32) {
		i := int(pick) % len(references)
		line := []byte(built(i, target, agent, status, millis, size))
		if !bytes.ContainsAny(line, "\n\r") {
			references[i].agrees(t, parsers[i], line)
		}
	})
}

// built is a line of the i-th reference's format.
func built(i int, target, agent string, status uint16, millis, size uint32) string {
	at := time.Unix(1_700_000_000+int64(millis)*977%500_000_000, int64(millis%1000)*1e6).UTC()
	code, n := strconv.Itoa(1000 + int(status%1000))[1:], strconv.Itoa(int(size))
	ms := strconv.Itoa(int(millis))
	sec := strconv.FormatFloat(float64(millis)/1000, 'f', 3, 64)
	clf := `10.1.2.3 - - [` + at.Format(layoutCLF) + `] "GET ` + target + ` HTTP/1.1" ` + code + ` ` + n
	both := ` "-" "` + agent + `"`
	switch references[i].format {
	case "clf":
		return clf
	case "nginx-combined":
		return clf + both
	case "nginx-main":
		return clf + both + ` "10.0.0.1, ::1"`
	case "nginx-extended":
		return clf + both + ` rt=` + sec + ` uct="-" uht="` + sec + `" urt="` + sec + `" ua="10.0.0.5:80" us="` + code + `"`
	case "apache-combined-d":
		return clf + both + ` ` + ms
	case "traefik-clf":
		return clf + both + ` 7 "app@file" "http://10.0.0.5:80" ` + ms + `ms`
	case "ingress-nginx":
		return clf + both + ` 99 ` + sec + ` [a-b-80] [] 10.0.0.5:80 12 ` + sec + ` ` + code + ` 0123456789abcdef0123456789abcdef`
	case "gevent":
		return `10.0.0.1 - - [` + at.Format("2006-01-02 15:04:05") + `] "GET ` + target + ` HTTP/1.1" ` + code + ` ` + n + ` ` + sec + `000`
	case "eventlet":
		return `10.0.0.1 - - [` + at.Format("02/Jan/2006 15:04:05") + `] "GET ` + target + ` HTTP/1.1" ` + code + ` ` + n + ` ` + sec + `000`
	case "daphne":
		return `2001:db8::7 - - [` + at.Format("02/Jan/2006:15:04:05") + `] "GET ` + target + `" ` + code + ` ` + n
	case "go-chi":
		return at.Format("2006/01/02 15:04:05") + ` "GET http://a.example:80` + target + ` HTTP/1.1" from 10.0.0.1:512 - ` + code + ` ` + n + `B in ` + sec + `s`
	case "ruby-log":
		return `I, [` + at.Format("2006-01-02T15:04:05.000000") + ` #7]  INFO -- : method=GET path=` + target + ` controller=A action=b status=` + code + ` duration=` + sec
	case "haproxy-http":
		return `2001:db8::7:512 [` + at.Format("02/Jan/2006:15:04:05.000") + `] fe~ be/s1 0/-1/` + ms + `/-1/` + ms + ` ` + code + ` ` + n + ` - - SH-- 1/1/0/0/3 0/0 "GET ` + target + ` HTTP/1.1"`
	case "haproxy-tcp":
		return `10.0.0.1:512 [` + at.Format("02/Jan/2006:15:04:05.000") + `] fe be/s1 ` + ms + `/-1/` + ms + ` ` + n + ` SC 1/1/0/0/3 0/0`
	case "envoy-text":
		return `[` + at.Format("2006-01-02T15:04:05.000Z") + `] "GET ` + target + ` HTTP/1.1" ` + code + ` UF,URX 0 ` + n + ` ` + ms + ` - "10.0.0.1" "` + agent + `" "ab-12" "a.example" "10.0.0.5:80"`
	case "aws-alb":
		stamp := at.Format("2006-01-02T15:04:05.000000Z")
		return `https ` + stamp + ` app/lb/1 10.0.0.1:99 10.0.0.5:80 0.000 ` + sec + ` 0.000 ` + code + ` ` + code + ` 34 ` + n + ` "GET https://a.example:443/x HTTP/1.1" "` + agent +
			`" - - arn:a:b "Root=1-2" "-" "-" 0 ` + stamp + ` "forward" "-" "-" "10.0.0.5:80" "200" "-" "-"`
	case "nginx-error":
		return at.Format("2006/01/02 15:04:05") + ` [error] 12#12: *` + n + ` connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.1, server: a.example, request: "GET ` +
			target + ` HTTP/1.1", upstream: "http://10.0.0.5:80/x", host: "a.example"`
	default: // apache-error
		return `[` + at.Format("Mon Jan 02 15:04:05.000000 2006") + `] [proxy_http:error] [pid ` + n + `:tid 7] [client 10.0.0.1:99] AH01114: HTTP: failed to make connection to backend, referer: ` + agent
	}
}

// TestReferencesMatch: each reference takes a line of its format, so that comparing
// with it means something.
func TestReferencesMatch(t *testing.T) {
	for i, r := range references {
		if line := built(i, "/a?b=c", "curl/8", 502, 12345, 17); !r.re.MatchString(line) {
			t.Errorf("%s: the reference refuses %s", r.format, line)
		}
	}
}
