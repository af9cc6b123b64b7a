package diagnose

import (
	"regexp"
	"strings"
	"testing"
)

var templateLeft = regexp.MustCompile(`\{(upstream|host|port|name|path|route|status)\}`)

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		words, gateway string
		cause          ID     // of the first explanation, "" for a cause's own entry
		text           string // somewhere in the first one
	}{
		{"upstream-down", "", "", "Nothing listens"},
		{"keepalive race", "", "", "idle"},
		{"UF,URX", "", UpstreamDown, "UpstreamConnectionFailure"},
		{"UF", "envoy", UpstreamDown, "UpstreamConnectionFailure"},
		{"sC--", "", Firewall, "timeout connect"},
		{"SC", "", UpstreamDown, "SC"},
		{"sH--", "haproxy", Timeout, "timeout server"},
		{"----", "haproxy", Maintenance, "itself"},
		{"AH01102", "", Timeout, "AH01102"},
		{"ah00957", "", UpstreamDown, "AH00957"},
		{"prematurely closed", "", BadResponse, "closed the connection"},
		{"connect() failed (111: Connection refused) while connecting to upstream", "nginx", UpstreamDown, "refused"},
		{"504", "apinto", UpstreamDown, "apinto answers 504"},
		{"502", "haproxy", BadResponse, "haproxy answers 502"},
		{"521", "cloudflare", UpstreamDown, "521"},
		{"WORKER TIMEOUT", "", Timeout, "gunicorn"},
	} {
		found := Explain(c.words, c.gateway)
		if len(found) == 0 {
			t.Errorf("%q: nothing", c.words)
			continue
		}
		if found[0].Cause != c.cause || found[0].DidYouMean {
			t.Errorf("%q %s: %q (did you mean: %v), want %q", c.words, c.gateway, found[0].Cause, found[0].DidYouMean, c.cause)
		}
		if !strings.Contains(found[0].Text(), c.text) {
			t.Errorf("%q: %q lacks %q", c.words, found[0].Text(), c.text)
		}
		if templateLeft.MatchString(found[0].Text()) {
			t.Errorf("%q: a template is left in %q", c.words, found[0].Text())
		}
	}
}

func TestExplainNear(t *testing.T) {
	for words, want := range map[string]string{"upstrem-down": "upstream-down", "overlod": "overload", "mantenance": "maintenance"} {
		found := Explain(words, "")
		if len(found) == 0 || found[0].Word != want || !found[0].DidYouMean {
			t.Errorf("%q: %+v, want %q", words, found, want)
		}
	}
	for _, words := range []string{"", "   ", "zzzzqqqq", "\x1b[31m"} {
		if found := Explain(words, ""); len(found) != 0 {
			t.Errorf("%q: %+v", words, found)
		}
	}
}

func TestShellSafe(t *testing.T) {
	s := subjectOf("10.0.0.5:80;rm -rf /", "GET /$(id)", "a`b`", "", example, true)
	for _, v := range []string{s.upstream, s.host, s.name, s.path} {
		if strings.ContainsAny(v, ";$()` '\"|&<>") {
			t.Errorf("%q could become a command", v)
		}
	}
}
