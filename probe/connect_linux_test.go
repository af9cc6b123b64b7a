package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// backlogFull returns a listening socket of the family whose accept queue is full.
func backlogFull(t *testing.T, family int, sa unix.Sockaddr) unix.Sockaddr {
	t.Helper()
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, sa); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		c, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(c) })
		unix.Connect(c, bound)
	}
	return bound
}

func TestConnectBacklogFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if len(path) < 108 {
		backlogFull(t, unix.AF_UNIX, &unix.SockaddrUnix{Name: path})
		if r := Connect(context.Background(), "unix:"+path, ConnectOptions{})[0]; r.Verdict != ReachBusy {
			t.Errorf("unix: %s (%+v)", r.Verdict, r.Tries)
		}
		if r := Do(context.Background(), Target{URL: "unix:" + path}, Options{}); r.Class != SocketBusy || r.Phase != PhaseConnect {
			t.Errorf("unix probe: %s in %s (%s)", r.Class, r.Phase, r.Err)
		}
	}
	bound := backlogFull(t, unix.AF_INET, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	addr := fmt.Sprintf("127.0.0.1:%d", bound.(*unix.SockaddrInet4).Port)
	r := Connect(context.Background(), addr, ConnectOptions{Tries: 2, Timeout: 200 * time.Millisecond})[0]
	if r.Verdict != ReachFiltered || r.Lost != 2 {
		t.Errorf("tcp: %s, %d lost", r.Verdict, r.Lost)
	}
	if r := Do(context.Background(), Target{URL: "http://" + addr}, Options{Timeout: 300 * time.Millisecond}); r.Class != Timeout || r.Phase != PhaseConnect {
		t.Errorf("tcp probe: %s in %s (%s)", r.Class, r.Phase, r.Err)
	}
}

func TestConnectEndsWithItsContext(t *testing.T) {
	bound := backlogFull(t, unix.AF_INET, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	r := Connect(ctx, fmt.Sprintf("127.0.0.1:%d", bound.(*unix.SockaddrInet4).Port), ConnectOptions{Timeout: time.Hour})[0]
	if r.Verdict != ReachFiltered || len(r.Tries) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestPathLoopback(t *testing.T) {
	hops, err := Path(context.Background(), serve(t, hang), PathOptions{})
	if err != nil || len(hops) != 1 || hops[0].Class != OK || hops[0].From.String() != "127.0.0.1" {
		t.Errorf("%+v, %v", hops, err)
	}
}

// chain is three network namespaces in a row, client, router, server, which live
// as long as the test.
type chain struct{ client, router, server string }

const (
	openHost       = "10.177.2.2"
	prohibitedHost = "10.177.3.1"
	unreachHost    = "10.177.3.2"
	dropHost       = "10.177.3.3"
	openHost6      = "fd77:2::2"
	prohibited6    = "fd77:3::1"
)

func newChain(t *testing.T) chain {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: network namespaces need root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("skipped: no ip command")
	}
	id := fmt.Sprintf("w5t%d", os.Getpid())
	c := chain{id + "a", id + "r", id + "b"}
	run := func(line string) error {
		line = strings.NewReplacer("A", c.client, "R", c.router, "B", c.server).Replace(line)
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", line, err, out)
		}
		return nil
	}
	for _, ns := range []string{"A", "R", "B"} {
		if err := run("netns add " + ns); err != nil {
			t.Skip("skipped: no network namespaces here:", err)
		}
		t.Cleanup(func() { run("netns del " + ns) })
	}
	for _, line := range []string{
		"-n A link add v1 type veth peer name v1 netns R", "-n R link add v2 type veth peer name v2 netns B",
		"-n A addr add 10.177.1.2/24 dev v1", "-n R addr add 10.177.1.1/24 dev v1",
		"-n R addr add 10.177.2.1/24 dev v2", "-n B addr add " + openHost + "/24 dev v2",
		"-n A link set v1 up", "-n R link set v1 up", "-n R link set v2 up", "-n B link set v2 up", "-n B link set lo up",
		"-n A route add default via 10.177.1.1", "-n B route add default via 10.177.2.1",
		"-n R route add prohibit " + prohibitedHost, "-n R route add unreachable " + unreachHost, "-n R route add blackhole " + dropHost,
		"-n A addr add fd77:1::2/64 dev v1 nodad", "-n R addr add fd77:1::1/64 dev v1 nodad",
		"-n R addr add fd77:2::1/64 dev v2 nodad", "-n B addr add " + openHost6 + "/64 dev v2 nodad",
		"-n A route add default via fd77:1::1", "-n B route add default via fd77:2::1", "-n R route add prohibit " + prohibited6,
	} {
		if err := run(line); err != nil {
			t.Skip("skipped:", err)
		}
	}
	var err error
	inNamespace(t, c.router, func() {
		for _, name := range []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding"} {
			err = errors.Join(err, os.WriteFile("/proc/sys/net/"+name, []byte("1"), 0o644))
		}
	})
	if err != nil {
		t.Skip("skipped: forwarding cannot be switched on:", err)
	}
	return c
}

// inNamespace runs f on a thread of that namespace, which ends with f.
func inNamespace(t *testing.T, name string, f func()) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread goes with the goroutine
		file, err := os.Open("/var/run/netns/" + name)
		if err == nil {
			err = unix.Setns(int(file.Fd()), unix.CLONE_NEWNET)
			file.Close()
		}
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Skip("skipped: cannot enter a namespace:", err)
	}
}

func TestConnectThroughARouter(t *testing.T) {
	c := newChain(t)
	var port uint16
	inNamespace(t, c.server, func() {
		ln, err := net.Listen("tcp", "[::]:0")
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { ln.Close() })
		port = uint16(ln.Addr().(*net.TCPAddr).Port)
	})
	at := func(host string, p uint16) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(host), p) }
	// The first IPv6 packets of a new link are lost while addresses settle.
	inNamespace(t, c.client, func() {
		connectPeer(context.Background(), at(openHost6, port), ConnectOptions{Tries: 20, Timeout: 500 * time.Millisecond})
	})
	opt := ConnectOptions{Tries: 2, Timeout: 400 * time.Millisecond}
	tests := []struct {
		peer    netip.AddrPort
		verdict string
		words   string
	}{
		{at(openHost, port), ReachOpen, "accepts"},
		{at(openHost, 1), ReachRefused, "RST"},
		{at(prohibitedHost, 80), ReachRejected, "administratively prohibited from 10.177.1.1"},
		{at(unreachHost, 80), ReachUnreachable, "host unreachable from 10.177.1.1"},
		{at(dropHost, 80), ReachFiltered, "no answer"},
		{at(openHost6, port), ReachOpen, "accepts"},
		{at(openHost6, 1), ReachRefused, "RST"},
		{at(prohibited6, 80), ReachRejected, "administratively prohibited from fd77:1::1"},
	}
	for _, tt := range tests {
		var r Reach
		inNamespace(t, c.client, func() { r = connectPeer(context.Background(), tt.peer, opt) })
		if r.Verdict != tt.verdict || !strings.Contains(r.Detail, tt.words) {
			t.Errorf("%s: %s (%s), %+v; want %s (%s)", tt.peer, r.Verdict, r.Detail, r.Tries, tt.verdict, tt.words)
		}
	}
	walk := func(peer netip.AddrPort) (s string) {
		var hops []Hop
		inNamespace(t, c.client, func() {
			hops, _ = Path(context.Background(), peer.String(), PathOptions{Timeout: 300 * time.Millisecond, Silent: 1})
		})
		for _, h := range hops {
			s += fmt.Sprintf("%d %s %s; ", h.TTL, h.From, h.Class)
		}
		return s
	}
	if got, want := walk(at(openHost, port)), "1 10.177.1.1 no-route; 2 10.177.2.2 ok; "; got != want {
		t.Errorf("path to the open port: %s, want %s", got, want)
	}
	if got, want := walk(at(openHost6, port)), "1 fd77:1::1 no-route; 2 fd77:2::2 ok; "; got != want {
		t.Errorf("path over IPv6: %s, want %s", got, want)
	}
	if got, want := walk(at(openHost, 1)), "1 10.177.1.1 no-route; 2 10.177.2.2 refused; "; got != want {
		t.Errorf("path to the closed port: %s, want %s", got, want)
	}
}

func TestConnectNoRoute(t *testing.T) {
	c := newChain(t)
	var r Reach
	inNamespace(t, c.server, func() {
		exec.Command("ip", "-n", c.server, "route", "del", "default").Run()
		r = connectPeer(context.Background(), netip.MustParseAddrPort("192.0.2.10:80"), ConnectOptions{}.withDefaults())
	})
	if r.Verdict != ReachUnreachable || r.Tries[0].Class != NetUnreachable || r.Tries[0].Err == "" || r.Tries[0].ICMP != nil {
		t.Errorf("%+v", r)
	}
	if classify(syscall.ENETUNREACH) != NetUnreachable {
		t.Error("ENETUNREACH is not net-unreachable")
	}
}
