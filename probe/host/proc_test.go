package host

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// tree writes files under a temporary root; a value "-> x" is a symbolic link.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if link, ok := strings.CutPrefix(text, "-> "); ok {
			err = os.Symlink(link, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Skip("skipped: the tree cannot be made here:", err)
		}
	}
	return root
}

const tcpHead = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

func tcpLine(local, state, queues string, inode int) string {
	return fmt.Sprintf("   0: %s 0100007F:0000 %s %s 00:00000000 00000000  1000        0 %d 1 0000000000000000 100 0 0 10 0\n", local, state, queues, inode)
}

func machine() map[string]string {
	return map[string]string{
		"net/tcp": tcpHead +
			tcpLine("0100007F:1F40", "0A", "00000000:00000081", 501) + // 127.0.0.1:8000, 129 waiting
			tcpLine("00000000:0050", "0A", "00000000:00000000", 502) +
			tcpLine("0100007F:1F40", "01", "00000000:00000000", 503) + // incoming
			tcpLine("0100007F:C350", "06", "00000000:00000000", 0) + // outgoing
			tcpLine("0100007F:C351", "06", "00000000:00000000", 0) +
			tcpLine("0100007F:C352", "02", "00000000:00000000", 504) +
			"broken line\n" + tcpLine("01007F:1F40", "0A", "0:0", 9) + tcpLine("0100007F:C352", "77", "0:0", 9),
		"net/tcp6": tcpHead +
			tcpLine("00000000000000000000000000000000:0051", "0A", "00000000:00000000", 505) +
			tcpLine("0000000000000000FFFF00000100007F:0052", "0A", "00000000:00000000", 506),
		"net/unix": "Num       RefCount Protocol Flags    Type St Inode Path\n" +
			"0000000000000000: 00000002 00000000 00010000 0001 01 601 /run/my app.sock\n" +
			"0000000000000000: 00000002 00000000 00010000 0005 01 602 /run/seqpacket.sock\n" +
			"0000000000000000: 00000003 00000000 00000000 0001 03 603 /run/connected.sock\n" +
			"0000000000000000: 00000002 00000000 00010000 0001 01 604 @abstract\n" +
			"0000000000000000: 00000003 00000000 00010000 0001 03 605\n",
		"net/netstat":                      "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 22 33\nIpExt: InNoRoutes\nIpExt: 9\n",
		"meminfo":                          "MemTotal:        2048 kB\nMemFree: 1 kB\nMemAvailable:    1024 kB\n",
		"vmstat":                           "nr_free_pages 1\noom_kill 4\noom_kill_x 5\n",
		"loadavg":                          "3.50 2.00 1.00 1/100 1234\n",
		"sys/fs/file-nr":                   "1000\t0\t9223372036854775807\n",
		"sys/net/ipv4/ip_local_port_range": "32768\t60999\n",
		"stat":                             "cpu 1 2 3\nbtime 1700000000\n",
		"41/stat":                          "41 (gunicorn: (x) m) S 1 41 41 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 1500 0 0\n",
		"41/fd/3":                          "-> socket:[501]",
		"41/fd/4":                          "-> /dev/null",
		"42/stat":                          "42 (gunicorn: worker) S 41 41 41 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 2500 0 0\n",
		"42/fd/3":                          "-> socket:[501]",
		"42/fd/5":                          "-> socket:[601]",
		"self/fd/0":                        "-> socket:[502]",
	}
}

func TestReadProc(t *testing.T) {
	queues := func() (map[uint64]queue, error) {
		return map[uint64]queue{501: {129, 128}, 601: {2, 511}}, nil
	}
	now := time.Unix(1800000000, 0)
	s := proc{root: tree(t, machine()), queues: queues}.read(now)
	var got []string
	for _, l := range s.Listeners {
		started := int64(0)
		if !l.Started.IsZero() {
			started = l.Started.Unix()
		}
		got = append(got, fmt.Sprintf("%s %q %d %d/%d %d", l.Addr, l.Process, l.PID, l.Queue, l.Backlog, started))
	}
	want := `127.0.0.1:8000 "gunicorn: (x) m" 41 129/128 1700000015
0.0.0.0:80 "" 0 0/-1 0
[::]:81 "" 0 0/-1 0
127.0.0.1:82 "" 0 0/-1 0
unix:/run/my app.sock "gunicorn: worker" 42 2/511 1700000025
unix:@abstract "" 0 -1/-1 0`
	if g := strings.Join(got, "\n"); g != want {
		t.Errorf("listeners:\n%s\nwant:\n%s", g, want)
	}
	numbers := fmt.Sprint(s.ListenOverflows, s.ListenDrops, s.MemTotal, s.MemAvailable, s.OOMKills, s.Load1, s.FilesUsed, s.FilesMax, s.EphemeralPorts, s.Sockets)
	if want := "22 33 2097152 1048576 4 3.5 1000 9223372036854775807 28232 map[SYN_SENT:1 TIME_WAIT:2]"; numbers != want {
		t.Errorf("got  %s\nwant %s", numbers, want)
	}
	if len(s.Missing) != 0 || !s.At.Equal(now) || s.CPUs < 1 {
		t.Errorf("missing %q, at %v, %d CPUs", s.Missing, s.At, s.CPUs)
	}
}

func TestReadProcSaysWhatIsMissing(t *testing.T) {
	s := proc{root: t.TempDir(), queues: func() (map[uint64]queue, error) { return nil, os.ErrPermission }}.read(time.Now())
	all := strings.Join(s.Missing, "\n")
	for _, what := range []string{"TCP sockets", "unix sockets", "accept queue sizes: no permission", "accept queue overflows", "memory", "out-of-memory", "load", "descriptors", "local ports"} {
		if !strings.Contains(all, what) {
			t.Errorf("nothing about %q in:\n%s", what, all)
		}
	}
	if len(s.Listeners) != 0 {
		t.Errorf("listeners out of nothing: %v", s.Listeners)
	}
	if s := (proc{root: filepath.Join(t.TempDir(), "none")}).read(time.Now()); !strings.Contains(strings.Join(s.Missing, "\n"), "processes") {
		t.Errorf("missing %q", s.Missing)
	}
}

func TestReadProcWithoutRights(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("skipped: needs a user whom a directory's mode can stop")
	}
	root := tree(t, machine())
	for _, pid := range []string{"41", "42"} {
		os.Chmod(filepath.Join(root, pid, "fd"), 0)
		t.Cleanup(func() { os.Chmod(filepath.Join(root, pid, "fd"), 0o755) })
	}
	s := proc{root: root}.read(time.Now())
	if len(s.Missing) != 1 || !strings.Contains(s.Missing[0], "run as root") || s.Listeners[0].PID != 0 {
		t.Errorf("missing %q, %+v", s.Missing, s.Listeners[0])
	}
}

func TestListening(t *testing.T) {
	s := State{Listeners: []Listener{{Addr: "127.0.0.1:8000"}, {Addr: "0.0.0.0:80"}, {Addr: "[::]:81"}, {Addr: "unix:/run/app.sock"}}}
	for addr, want := range map[string]int{
		"127.0.0.1:8000": 1, "10.0.0.5:8000": 0, "localhost:8000": 1, "10.0.0.5:80": 1, "10.0.0.5:81": 1,
		"10.0.0.5:8": 0, "unix:/run/app.sock": 1, "unix:/run/other.sock": 0, "nonsense": 0,
	} {
		if got := len(s.Listening(addr)); got != want {
			t.Errorf("%s: %d listeners, want %d", addr, got, want)
		}
	}
}

func FuzzProc(f *testing.F) {
	for name, text := range machine() {
		f.Add(name, text)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		p := proc{root: t.TempDir()}
		if _, ok := machine()[name]; !ok || strings.HasPrefix(text, "-> ") {
			return
		}
		path := filepath.Join(p.root, filepath.FromSlash(name))
		os.MkdirAll(filepath.Dir(path), 0o755)
		os.WriteFile(path, []byte(text), 0o644)
		p.read(time.Now())
		p.process(41, time.Unix(1, 0))
	})
}
