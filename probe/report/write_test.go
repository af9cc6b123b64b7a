package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func render(t *testing.T, r Report, format string, options ...Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, r, format, options...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGoldens(t *testing.T) {
	reports := map[string]Report{"outage": outage(), "healthy": healthyLog(), "error-log": errorLogAlone(), "evil": evil()}
	files := map[string]string{"text": "txt", "json": "json", "markdown": "md", "html": "html"}
	for name, r := range reports {
		for format, ext := range files {
			golden(t, name+"."+ext, render(t, r, format))
		}
	}
	golden(t, "outage-ascii.txt", render(t, outage(), "text", Options{ASCII: true, Width: 60}))
	var check bytes.Buffer
	if err := WriteCheck(&check, outage(), "text"); err != nil {
		t.Fatal(err)
	}
	golden(t, "outage-check.txt", check.Bytes())
}

// TestTextWidth wants no line beyond the width but commands, which are there to
// be copied whole.
func TestTextWidth(t *testing.T) {
	for _, r := range []Report{outage(), healthyLog(), errorLogAlone(), evil()} {
		for _, width := range []int{40, 80, 132} {
			for line := range strings.Lines(string(render(t, r, "text", Options{Width: width}))) {
				line = strings.TrimRight(line, "\n")
				if columns(line) > width && !strings.HasPrefix(strings.TrimSpace(line), "$ ") {
					t.Errorf("width %d: %d columns: %q", width, columns(line), line)
				}
			}
		}
		for _, c := range render(t, r, "text", Options{ASCII: true}) {
			if c >= utf8.RuneSelf {
				t.Errorf("byte %#x in ASCII text", c)
			}
		}
	}
}

// TestNothingHostile wants no control character, override or secret in any
// format, and neither tag nor link made from what a log says.
func TestNothingHostile(t *testing.T) {
	r := evil()
	for _, format := range Formats {
		out := string(render(t, r, format))
		for _, c := range out {
			if c != '\n' && !unicode.IsPrint(c) || c == utf8.RuneError {
				t.Errorf("%s: character %U", format, c)
			}
		}
		if strings.Contains(out, "hunter2") {
			t.Errorf("%s: a secret in clear", format)
		}
	}
	html := string(render(t, r, "html"))
	if strings.Contains(html, "<script") || strings.Contains(html, "<img") || strings.Contains(html, "href=") {
		t.Error("HTML: a tag from the log")
	}
	inFence := false
	for line := range strings.Lines(string(render(t, r, "markdown"))) {
		line = strings.TrimRight(line, "\n")
		if trimmed := strings.TrimSpace(line); strings.Trim(trimmed, "`") == "" && len(trimmed) >= 3 {
			inFence = !inFence
			continue
		}
		if inFence {
			continue
		}
		for _, bad := range []string{"<script", "](", "://", "www.e", "a@e"} {
			if strings.Contains(strings.ReplaceAll(line, `\]`, ""), bad) {
				t.Errorf("Markdown: %q in %q", bad, line)
			}
		}
		if strings.HasPrefix(line, "| ") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") > 4 {
			t.Errorf("Markdown: a cell of the log's: %q", line)
		}
	}
	if inFence {
		t.Error("Markdown: a fence is left open")
	}
}

// TestAbsent wants keys whose value is not known to be absent, and lists that
// the contract names to be there.
func TestAbsent(t *testing.T) {
	cases := []struct {
		name     string
		report   Report
		has, not []string
	}{
		{
			"healthy", healthyLog(),
			[]string{"traffic.requests", "traffic.statuses", "traffic.classes", "incident.state", "causes", "timeline", "checklist"},
			[]string{"traffic.latency", "incident.started", "incident.failed", "incident.scope", "unsure"},
		},
		{
			"error log alone", errorLogAlone(),
			[]string{"incident.started", "incident.failed", "sources"},
			[]string{"traffic.requests", "traffic.statuses", "incident.ended", "incident.requests", "incident.failure_ratio", "incident.scope"},
		},
		{
			"outage", outage(),
			[]string{"traffic.latency.p99", "incident.failure_ratio", "incident.scope"},
			[]string{"incident.ended", "traffic.upstream_latency", "incident.pattern"},
		},
		{"nothing", Report{Schema: Schema}, []string{"schema"}, []string{"traffic.requests", "unsure"}},
	}
	for _, c := range cases {
		var doc map[string]any
		if err := json.Unmarshal(render(t, c.report, "json"), &doc); err != nil {
			t.Fatal(err)
		}
		for _, key := range c.has {
			if _, ok := lookup(doc, key); !ok {
				t.Errorf("%s: no %s", c.name, key)
			}
		}
		for _, key := range c.not {
			if v, ok := lookup(doc, key); ok {
				t.Errorf("%s: %s is %v, want it absent", c.name, key, v)
			}
		}
		for i, s := range list(doc["sources"]) {
			source, _ := s.(map[string]any)
			for key, v := range source {
				if v == "" || v == nil {
					t.Errorf("%s: source %d: %s is %v", c.name, i, key, v)
				}
			}
		}
	}
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func lookup(doc map[string]any, path string) (any, bool) {
	var v any = doc
	for key := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[key]; !ok {
			return nil, false
		}
	}
	return v, true
}

func TestConfidenceSum(t *testing.T) {
	var sum float64
	for _, c := range outage().Causes {
		sum += c.Confidence
	}
	if sum > 1 {
		t.Errorf("confidences add up to %v", sum)
	}
}

type broken struct{}

var errBroken = errors.New("disk full")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteErrors(t *testing.T) {
	for _, format := range Formats {
		if err := Write(broken{}, outage(), format); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", format, err)
		}
	}
	if err := Write(&bytes.Buffer{}, outage(), "pdf"); err == nil || !strings.Contains(err.Error(), "markdown") {
		t.Errorf("unknown format: %v", err)
	}
}
