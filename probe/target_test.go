package probe

import (
	"strings"
	"testing"
)

func TestParseTarget(t *testing.T) {
	tests := []struct{ in, url, addr string }{
		{"http://10.0.0.5:8000/health?x=1", "http://10.0.0.5:8000/health?x=1", "10.0.0.5:8000"},
		{"HTTPS://Shop.example/", "https://Shop.example/", "Shop.example:443"},
		{"http://shop.example?q=a/b:9", "http://shop.example?q=a/b:9", "shop.example:80"},
		{"10.0.0.5:8000", "http://10.0.0.5:8000", "10.0.0.5:8000"},
		{"app:8443/x", "https://app:8443/x", "app:8443"},
		{":8000", "http://localhost:8000", "localhost:8000"},
		{"localhost", "http://localhost", "localhost:80"},
		{"[::1]:80", "http://[::1]:80", "[::1]:80"},
		{"::1", "http://[::1]", "[::1]:80"},
		{"[fe80::1%25eth0]:80", "http://[fe80::1%25eth0]:80", "[fe80::1%25eth0]:80"},
		{"http://user:secret@app:1/", "http://app:1/", "app:1"},
		{"tcp://user:secret@10.0.0.5:22/x", "tcp://10.0.0.5:22", "10.0.0.5:22"},
		{"fastcgi://127.0.0.1:9000", "tcp://127.0.0.1:9000", "127.0.0.1:9000"},
		{"unix:/run/app.sock", "unix:/run/app.sock", "unix:/run/app.sock"},
		{"unix:///run/app.sock", "unix:/run/app.sock", "unix:/run/app.sock"},
		{"http://unix:/run/app.sock:/api/x", "unix:/run/app.sock:/api/x", "unix:/run/app.sock"},
		{"http://unix:/run/app.sock:/", "unix:/run/app.sock", "unix:/run/app.sock"},
		{"unix:@abstract", "unix:@abstract", "unix:@abstract"},
		{" http://a_b.example/ ", "http://a_b.example/", "a_b.example:80"},
	}
	for _, tt := range tests {
		got, err := ParseTarget(tt.in)
		if err != nil {
			t.Errorf("%q: %v", tt.in, err)
			continue
		}
		if got.URL != tt.url || got.Addr() != tt.addr {
			t.Errorf("%q: %q, %q, want %q, %q", tt.in, got.URL, got.Addr(), tt.url, tt.addr)
		}
		if again, err := ParseTarget(got.URL); err != nil || again.URL != got.URL {
			t.Errorf("%q parsed again: %q, %v", got.URL, again.URL, err)
		}
	}
	if got, _ := ParseTarget("uwsgi://unix:/run/app.sock:"); !got.ConnectOnly || got.URL != "unix:/run/app.sock" {
		t.Errorf("uwsgi over a socket: %+v", got)
	}
}

func TestParseTargetErrors(t *testing.T) {
	tests := []struct{ in, words string }{
		{"", "empty"},
		{"8000", "write :8000"},
		{"ftp://x", `scheme "ftp"`},
		{"http://", "no host"},
		{"http://app:0", "1 to 65535"},
		{"http://app:70000", "1 to 65535"},
		{"http://a b/", "percent-encoded"},
		{"http://bücher.example", "xn--"},
		{"http://a\x1b[31m/", "percent-encoded"},
		{"http://a$b/", "host name"},
		{"http://%zz/", "not a URL"},
		{"tcp://app", "no port"},
		{"unix:run/app.sock", "absolute path"},
		{"unix:/" + strings.Repeat("a", 120), "107 bytes"},
		{"http://" + strings.Repeat("a", 300), "253 bytes"},
		{"http://app/" + strings.Repeat("a", 3000), "at most 2048"},
	}
	for _, tt := range tests {
		got, err := ParseTarget(tt.in)
		if err == nil {
			t.Errorf("%q: no error, %+v", tt.in, got)
			continue
		}
		if !strings.Contains(err.Error(), tt.words) || strings.ContainsRune(err.Error(), 0x1b) || len(err.Error()) > 400 {
			t.Errorf("%q: %q, want %q", tt.in, err, tt.words)
		}
	}
	if _, err := ParseTarget("http://user:hunter2@a$b/"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error shows a password: %v", err)
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"http://u:p@h:1/a?b#c", "unix:/a:/b", "tcp://[::1]:1", ":1", "http://unix:/a:", "[fe80::1%25e]:80", "http://[::1%25]", "unix:/", "unix://", "unix:/a//:/b/", "unix:@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseTarget(s)
		if err != nil {
			return
		}
		if strings.Contains(got.Addr(), "@") && !strings.HasPrefix(got.URL, "unix:@") && !strings.HasPrefix(got.URL, "unix:/") {
			t.Errorf("%q keeps credentials: %q", s, got.Addr())
		}
		if again, err := ParseTarget(got.URL); err != nil || again.URL != got.URL {
			t.Errorf("%q: %q parsed again: %q, %v", s, got.URL, again.URL, err)
		}
		if _, err := got.endpoint(); err != nil {
			t.Errorf("%q: %q cannot be asked: %v", s, got.URL, err)
		}
	})
}
