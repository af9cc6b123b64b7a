package gateway

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the goldens anew")

// TestRead reads the configurations of testdata/read and compares what was made
// of them with the file "want" beside them. An archive's comment begins with the
// path to read.
func TestRead(t *testing.T) {
	archives, err := filepath.Glob("testdata/read/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar := readArchive(t, name)
			dir := t.TempDir()
			unpack(t, ar, dir)
			path, _, _ := strings.Cut(ar.comment, "\n")
			got := describe(Read(filepath.Join(dir, path)))
			got = strings.ReplaceAll(got, dir+string(filepath.Separator), "")
			got = strings.ReplaceAll(got, dir, ".")
			compare(t, name, ar, filepath.ToSlash(got))
		})
	}
}

func unpack(t *testing.T, ar *archive, dir string) {
	t.Helper()
	for _, f := range ar.files {
		if f.name == "want" {
			continue
		}
		p := filepath.Join(dir, f.name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		data := strings.ReplaceAll(f.data, "$DIR", dir)
		if err := os.WriteFile(p, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func compare(t *testing.T, name string, ar *archive, got string) {
	t.Helper()
	for i, f := range ar.files {
		if f.name != "want" {
			continue
		}
		if *update {
			ar.files[i].data = got
			ar.write(t, name)
			return
		}
		if diff := cmp.Diff(strings.Split(f.data, "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		return
	}
	t.Fatal("the archive has no file want")
}

// describe writes a Config as lines a person can check against the file.
func describe(c *Config, err error) string {
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("%s %v", c.Gateway, c.Files)
	if c.Resolvers != nil {
		p("resolvers %v", c.Resolvers)
	}
	for _, u := range c.Upstreams {
		p("upstream %s keepalive=%d (%s)", u.Name, u.Keepalive, u.Pos)
		for _, s := range u.Servers {
			p("  %s", strings.TrimSpace(fmt.Sprintf("%s %s max_fails=%d fail_timeout=%v%s", s.Addr, s.Name, s.MaxFails, s.FailTimeout, flags(map[string]bool{
				"down": s.Down, "backup": s.Backup, "tls": s.TLS, "check": s.Check, "sni=" + s.SNI: s.SNI != "", "noverify": s.NoVerify, "resolves": s.Resolves,
				fmt.Sprint("maxconn=", s.MaxConn): s.MaxConn > 0,
			}))))
		}
	}
	for _, r := range c.Routes {
		p("route %q %q -> %s (%s) (%s)", r.Server, r.Path, r.Target, r.Scheme, r.Pos)
		p("  group=%s addrs=%v%s connect=%v read=%v send=%v buffer=%d", r.Upstream, r.Addrs,
			flags(map[string]bool{"variable": r.Variable, "sni": r.SNI, "verify": r.Verify}), r.Connect, r.Read, r.Send, r.HeaderBuffer)
		p("  access=%s format=%s error=%s host=%s connection=%s version=%s resolvers=%v", r.AccessLog, r.LogFormat, r.ErrorLog, r.Host, r.Connection, r.HTTPVersion, r.Resolvers)
	}
	for _, l := range c.Logs {
		p("log %s format=%s level=%s%s (%s)", l.Path, l.Format, l.Level, flags(map[string]bool{"error": l.Error, "buffered": l.Buffered, "if=" + l.Condition: l.Condition != ""}), l.Pos)
	}
	for _, name := range sortedKeys(c.LogFormats) {
		p("format %s: %s", name, c.LogFormats[name])
	}
	for _, l := range c.Lints {
		p("%s %s: %s (%s)", l.Severity, l.ID, l.Text, l.Pos)
	}
	return b.String()
}

// flags writes the set ones in a stable order.
func flags(set map[string]bool) string {
	var names []string
	for name, on := range set {
		if on {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	if names == nil {
		return ""
	}
	return " " + strings.Join(names, " ")
}
