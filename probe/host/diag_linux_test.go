package host

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestReadThisMachine opens listeners and finds them with their queues.
func TestReadThisMachine(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	dir, err := os.MkdirTemp("", "w5")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	ux, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ux.Close() })
	for _, l := range []net.Listener{ln, ln, ux} {
		c, err := net.Dial(l.Addr().Network(), l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
	}
	s := Read()
	for addr, fill := range map[string]int{ln.Addr().String(): 2, "unix:" + ux.Addr().String(): 1} {
		ls := s.Listening(addr)
		if len(ls) != 1 {
			t.Errorf("%s: %v; missing %q", addr, ls, s.Missing)
			continue
		}
		l := ls[0]
		if l.PID != os.Getpid() || l.Process == "" || l.Started.IsZero() || l.Started.After(time.Now().Add(time.Minute)) {
			t.Errorf("%s: process %+v", addr, l)
		}
		if strings.Contains(strings.Join(s.Missing, "\n"), "accept queue sizes") {
			t.Log("queues not judged:", s.Missing)
		} else if l.Queue != fill || l.Backlog < 1 {
			t.Errorf("%s: queue %d of %d, want %d waiting", addr, l.Queue, l.Backlog, fill)
		}
	}
	if s.MemTotal == 0 || s.MemAvailable > s.MemTotal || s.FilesMax == 0 || s.EphemeralPorts == 0 {
		t.Errorf("%+v", s)
	}
}

func TestMessagesAreBounded(t *testing.T) {
	for _, b := range [][]byte{
		make([]byte, unix.SizeofNlMsghdr), // a length of 0
		append([]byte{255, 0, 0, 0}, make([]byte, 20)...),
		append([]byte{16, 0, 0, 0, unix.NLMSG_ERROR, 0}, make([]byte, 10)...),
	} {
		if done, err := messages(b, func([]byte) {}); !done || err == nil {
			t.Errorf("%v: done %v, error %v", b, done, err)
		}
	}
	if got := attribute([]byte{5, 0, 1, 0, 9, 0, 0, 0, 6, 0, 4, 0, 7, 8}, 4); string(got) != "\x07\x08" {
		t.Errorf("attribute %v", got)
	}
	for _, b := range [][]byte{{3, 0, 4, 0}, {9, 0, 4, 0}, {5, 0, 1, 0, 9}} {
		if got := attribute(b, 4); got != nil {
			t.Errorf("%v: %v", b, got)
		}
	}
}
