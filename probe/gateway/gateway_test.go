package gateway

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEndpoints(t *testing.T) {
	ar := readArchive(t, "testdata/read/nginx_inherit.txtar")
	dir := t.TempDir()
	unpack(t, ar, dir)
	c, err := Read(filepath.Join(dir, "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range c.Endpoints() {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s://%s %s %s%s", e.Scheme, e.Addr, e.Group, e.Host, flags(map[string]bool{"down": e.Down}))))
	}
	want := []string{
		"http://10.0.0.5:8000 app", "http://[2001:db8::5]:8000 app", "http://app3:80 app  down", "http://unix:/run/app.sock app",
		"https://api.internal:443", "fastcgi://unix:/run/php.sock", "grpcs://10.0.0.9:50051", "uwsgi://localhost:3031",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLogFormatFor(t *testing.T) {
	nginx := &Config{
		Gateway: "nginx", LogFormats: map[string]string{"combined": nginxCombined, "timed": "T"},
		Logs: []Log{{Path: "/a", Format: "timed"}, {Path: "/b"}, {Path: "/c", Format: "timed"}, {Path: "/c"}, {Path: "/e", Error: true}},
	}
	haproxy := &Config{Gateway: "haproxy", LogFormats: map[string]string{"httplog": "H"}, Logs: []Log{{Path: "syslog:/dev/log local0", Format: "httplog"}}}
	envoy := &Config{
		Gateway: "envoy", LogFormats: map[string]string{"one": "1", "two": "2"},
		Logs: []Log{{Path: "/f", Format: "one"}, {Path: "/dev/stdout", Format: "two"}},
	}
	t.Chdir("/")
	for _, tc := range []struct {
		c          *Config
		path, want string
	}{
		{envoy, "f", "1"}, // as a person in its directory names it
		{envoy, "/var/log/containers/envoy.log", "2"},
		{nginx, "/a", "T"},
		{nginx, "/b", nginxCombined},
		{nginx, "/c", ""}, // two formats in one file
		{nginx, "/e", ""},
		{nginx, "/nothing", ""},
		{haproxy, "/var/log/haproxy.log", "H"},
	} {
		if filepath.Separator != '/' {
			t.Skip("paths of another system")
		}
		if got := tc.c.LogFormatFor(tc.path); got != tc.want {
			t.Errorf("%s %s: %q, want %q", tc.c.Gateway, tc.path, got, tc.want)
		}
	}
}

func TestHasLog(t *testing.T) {
	c := &Config{Logs: []Log{{Path: filepath.Join(t.TempDir(), "access.log")}}}
	t.Chdir(filepath.Dir(c.Logs[0].Path))
	if name := c.Logs[0].Path; !c.HasLog(name) || !c.HasLog("./access.log") || c.HasLog("error.log") || c.HasLog("-") {
		t.Errorf("%s: %v, by its own name %v, another %v", name, c.HasLog(name), c.HasLog("access.log"), c.HasLog("error.log"))
	}
}

// TestLogLinesPassTheirLints puts the lines that step 7 tells people to add into a
// configuration and reads it back: the lint that asks for them must be silent.
func TestLogLinesPassTheirLints(t *testing.T) {
	dir := t.TempDir()
	for _, tc := range []struct{ gateway, file, text string }{
		{"nginx", "nginx.conf", "http {\n%s\nserver { location / { proxy_pass http://127.0.0.1:1; } }\n}"},
		{"haproxy", "haproxy.cfg", "global\nlog /dev/log local0\ndefaults\nmode http\nlog global\n%s\nfrontend f\ndefault_backend b\nbackend b\nserver s 127.0.0.1:1"},
		{"apache", "httpd.conf", "ServerName x\n%s\nProxyPass / http://127.0.0.1:1/"},
		{"traefik", "traefik.yml", "providers:\n  x: y\n%s"},
		{"envoy", "envoy.yaml", "static_resources:\n  listeners:\n  - filter_chains:\n    - filters:\n      - typed_config:\n          stat_prefix: x\n%s"},
	} {
		path := filepath.Join(dir, tc.file)
		for _, with := range []bool{false, true} {
			lines := ""
			if with {
				lines = LogLines(tc.gateway)
				if tc.gateway == "envoy" { // among what it is set for
					lines = "          " + strings.ReplaceAll(lines, "\n", "\n          ")
				}
			} else if tc.gateway == "apache" {
				lines = "CustomLog /x common"
			}
			if err := os.WriteFile(path, []byte(fmt.Sprintf(tc.text, lines)), 0o644); err != nil {
				t.Fatal(err)
			}
			c, err := Read(path)
			if err != nil {
				t.Fatal(err)
			}
			missing := false
			for _, l := range c.Lints {
				missing = missing || l.ID == "no-upstream-fields" || l.ID == "access-log-off"
			}
			if missing == with {
				t.Errorf("%s with the lines %v: asks for them %v", tc.gateway, with, missing)
			}
		}
	}
	if LogLines("fax") != "" {
		t.Error("log lines for an unknown gateway")
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"60": time.Minute, "1m30s": 90 * time.Second, "250ms": 250 * time.Millisecond, "1.5s": 1500 * time.Millisecond, "0": 0, "2h": 2 * time.Hour,
	} {
		if got, ok := unitDuration(text, time.Second); !ok || got != want {
			t.Errorf("%s: %v %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "s", "1x", "-1", "9e9", "99999999999999y", "1..2s", "$var"} {
		if got, ok := unitDuration(text, time.Second); ok {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func TestWithPort(t *testing.T) {
	for _, tc := range []struct{ addr, scheme, want string }{
		{"a", "http", "a:80"},
		{"a:1", "http", "a:1"},
		{"[::1]", "https", "[::1]:443"},
		{"[::1]:5", "https", "[::1]:5"},
		{"::1", "http", "[::1]:80"},
		{"10.0.0.1", "fastcgi", "10.0.0.1"},
		{"unix:/x", "http", "unix:/x"},
		{"", "http", ""},
	} {
		if got := withPort(tc.addr, tc.scheme); got != tc.want {
			t.Errorf("%s %s: %s, want %s", tc.addr, tc.scheme, got, tc.want)
		}
	}
}

func TestReadBounds(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for name, text := range map[string]string{
		"binary.conf": "http {\x00}",
		"deep.conf":   "http { proxy_pass x; " + strings.Repeat("server { ", 5000),
		"long.conf":   "http { log_format x " + strings.Repeat("a ", 100_000) + "; }",
		"nest.cfg":    strings.Repeat("<VirtualHost>\n", 5000),
		"Caddyfile":   strings.Repeat("a {\n", 5000),
	} {
		_, err := Read(write(name, text))
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 400 {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Each file includes all files: without a bound that never ends.
	for i := range 6 {
		write(fmt.Sprintf("loop%d.inc", i), "include loop*.inc;\n")
	}
	if _, err := Read(write("nginx.conf", "http { include loop*.inc; }")); err == nil || !strings.Contains(err.Error(), "include") {
		t.Error("a loop of includes:", err)
	}
}

func TestFindIn(t *testing.T) {
	dir := t.TempDir()
	here := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(here, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := findIn([]string{here, dir, filepath.Join(dir, "none")}); len(got) != 1 || got[0] != here {
		t.Error(got)
	}
}

// FuzzRead feeds every reader: none may panic, hang, or give an error that is not
// one short line.
func FuzzRead(f *testing.F) {
	archives, _ := filepath.Glob("testdata/read/*.txtar")
	for _, name := range archives {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, r := range readers {
			c, err := r.read(filepath.Join(dir, r.names[0]), data)
			if err != nil {
				if len(err.Error()) > 4096 {
					t.Errorf("%s: an error of %d bytes", r.gateway, len(err.Error()))
				}
				continue
			}
			c.Endpoints()
			for _, l := range c.Lints {
				if l.ID == "" || l.Severity == "" || l.Text == "" {
					t.Errorf("%s: %+v", r.gateway, l)
				}
			}
		}
	})
}
