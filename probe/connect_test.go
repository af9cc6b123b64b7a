package probe

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestConnectLoopback(t *testing.T) {
	open := serve(t, hang)
	_, port, _ := net.SplitHostPort(open)
	closed := closedPort(t)
	tests := []struct {
		addr, verdict string
		class         Class
	}{
		{open, ReachOpen, OK},
		{closed, ReachRefused, Refused},
		{"no-port", ReachUnresolved, Unknown},
		{"127.0.0.1:0", ReachUnresolved, Unknown},
		{"127.0.0.1:99999", ReachUnresolved, Unknown},
	}
	for _, tt := range tests {
		rs := Connect(context.Background(), tt.addr, ConnectOptions{})
		if len(rs) != 1 || rs[0].Verdict != tt.verdict || rs[0].Tries[len(rs[0].Tries)-1].Class != tt.class || rs[0].Detail == "" {
			t.Errorf("%s: %+v, want %s", tt.addr, rs, tt.verdict)
		}
	}
	if r := Connect(context.Background(), open, ConnectOptions{})[0]; r.RTT <= 0 || len(r.Tries) != 1 {
		t.Errorf("open: %+v", r)
	}
	found := false
	for _, r := range Connect(context.Background(), "localhost:"+port, ConnectOptions{}) {
		found = found || r.Addr == open && r.Verdict == ReachOpen
	}
	if !found {
		t.Error("localhost does not lead to the open port")
	}
	dot := Connect(context.Background(), "nothing.invalid:80", ConnectOptions{})
	if len(dot) != 1 || dot[0].Verdict != ReachUnresolved {
		t.Errorf("nothing.invalid: %+v", dot)
	}
}

func TestConnectPortable(t *testing.T) {
	for addr, want := range map[string]Class{serve(t, hang): OK, closedPort(t): Refused} {
		if try, _ := dialOnce(context.Background(), netip.MustParseAddrPort(addr), time.Second); try.Class != want {
			t.Errorf("%s: %+v, want %s", addr, try, want)
		}
	}
}

func TestConnectUnix(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: unix socket errors differ on Windows")
	}
	dir, err := os.MkdirTemp("", "w5")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	os.WriteFile(filepath.Join(dir, "file"), nil, 0o600)
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "stale"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ln.SetUnlinkOnClose(false)
	ln.Close()
	ln, err = net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "open"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	for name, want := range map[string]string{
		"open": ReachOpen + ": accepts", "stale": ReachRefused + ": nobody listens", "file": ReachRefused + ": not a socket", "none": ReachMissing + ": does not exist",
	} {
		verdict, words, _ := strings.Cut(want, ": ")
		r := Connect(context.Background(), "unix:"+filepath.Join(dir, name), ConnectOptions{})[0]
		if r.Verdict != verdict || !strings.Contains(r.Detail, words) {
			t.Errorf("%s: %s (%s), want %s", name, r.Verdict, r.Detail, want)
		}
	}
}

func TestConclude(t *testing.T) {
	from := netip.MustParseAddr("10.0.0.1")
	tests := []struct {
		last    Try
		lost    int
		verdict string
		words   string
	}{
		{Try{Class: Refused, ICMP: &ICMP{Type: 3, Code: 3, From: from}}, 0, ReachRejected, "port unreachable from 10.0.0.1"},
		{Try{Class: NoRoute, ICMP: &ICMP{Type: 3, Code: 13, From: from}}, 2, ReachRejected, "administratively prohibited"},
		{Try{Class: NoRoute, ICMP: &ICMP{Type: 3, Code: 1, From: from}}, 0, ReachUnreachable, "host unreachable"},
		{Try{Class: NoRoute, ICMP: &ICMP{V6: true, Type: 1, Code: 1, From: from}}, 0, ReachRejected, "administratively prohibited"},
		{Try{Class: NoRoute, ICMP: &ICMP{V6: true, Type: 1, Code: 3, From: from}}, 0, ReachUnreachable, "address unreachable"},
		{Try{Class: NoRoute, ICMP: &ICMP{Type: 11, From: from}}, 0, ReachUnreachable, "time exceeded from"},
		{Try{Class: NoRoute, ICMP: &ICMP{Type: 12, Code: 9, From: from}}, 0, ReachRejected, "ICMP type 12 code 9"},
		{Try{Class: NetUnreachable, Err: "network is unreachable"}, 0, ReachUnreachable, "network is unreachable"},
		{Try{Class: Timeout}, 1, ReachFiltered, "no answer"},
		{Try{Class: OK}, 1, ReachOpen, "1 of 2 tries"},
		{Try{Class: Denied}, 0, ReachDenied, "SELinux"},
		{Try{Class: LocalLimit, Err: "cannot assign requested address"}, 0, ReachLocal, "cannot assign"},
		{Try{Class: Unknown, Err: "odd \x1b"}, 0, ReachUnreachable, `odd \x1b`},
	}
	for _, tt := range tests {
		r := Reach{Lost: tt.lost, Tries: append(make([]Try, tt.lost), tt.last)}
		r.conclude()
		if r.Verdict != tt.verdict || !strings.Contains(r.Detail, tt.words) {
			t.Errorf("%+v: %s (%s), want %s (%s)", tt.last, r.Verdict, r.Detail, tt.verdict, tt.words)
		}
	}
}
