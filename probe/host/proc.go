package host

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"why502/tail"
)

// The bounds of one look.
const (
	maxFile      = 32 << 20 // read of one file: some 200,000 sockets
	maxListeners = 4096
)

// proc reads a proc(5) tree.
type proc struct {
	root string
	// queues returns accept queue fill and size by socket inode; nil when the
	// kernel cannot be asked.
	queues func() (map[uint64]queue, error)
}

// queue is an accept queue: how many connections wait, and how many may.
type queue struct{ fill, size int }

func (p proc) read(now time.Time) State {
	s := State{At: now, CPUs: runtime.NumCPU(), Sockets: map[string]int{}}
	note := func(what string, err error) {
		if err != nil {
			s.Missing = append(s.Missing, what+": "+reason(err))
		}
	}
	sockets, err := p.sockets(&s)
	note("TCP sockets", err)
	unix, err := p.unixListeners()
	note("unix sockets", err)
	sockets = append(sockets, unix...)
	if len(sockets) > maxListeners {
		note("listeners", fmt.Errorf("only %d of %d are shown", maxListeners, len(sockets)))
		sockets = sockets[:maxListeners]
	}
	if p.queues != nil {
		queues, err := p.queues()
		note("accept queue sizes", err)
		for i := range sockets {
			if q, ok := queues[sockets[i].inode]; ok {
				sockets[i].Queue, sockets[i].Backlog = q.fill, q.size
			}
		}
	}
	note("processes", p.owners(sockets))
	for _, l := range sockets {
		s.Listeners = append(s.Listeners, l.Listener)
	}
	note("accept queue overflows", p.netstat(&s))
	note("memory", p.meminfo(&s))
	note("out-of-memory kills", p.vmstat(&s))
	note("load", p.loadavg(&s))
	note("descriptors", p.fileNr(&s))
	note("local ports", p.portRange(&s))
	return s
}

// reason leaves out the path that an os error repeats.
func reason(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "no permission, run as root to see it"
	case errors.Is(err, fs.ErrNotExist):
		return "this kernel does not tell"
	}
	return err.Error()
}

// socket is a listener and the inode that its process holds open.
type socket struct {
	Listener
	inode uint64
}

// lines calls f for each line of a file under the root, at most maxFile of it.
func (p proc) lines(name string, f func(line string)) error {
	file, err := os.Open(filepath.Join(p.root, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	limited := &io.LimitedReader{R: file, N: maxFile}
	sc := bufio.NewScanner(limited)
	sc.Buffer(nil, 1<<20) // /proc/stat has a line of all interrupts
	for sc.Scan() {
		f(sc.Text())
	}
	if limited.N <= 0 {
		return fmt.Errorf("only the first %d MiB of %s were read", maxFile>>20, name)
	}
	return sc.Err()
}

// tcpStates are the kernel's states (include/net/tcp_states.h) by the number in
// /proc/net/tcp.
var tcpStates = map[string]string{
	"01": "ESTABLISHED", "02": "SYN_SENT", "03": "SYN_RECV", "04": "FIN_WAIT1", "05": "FIN_WAIT2", "06": "TIME_WAIT",
	"07": "CLOSE", "08": "CLOSE_WAIT", "09": "LAST_ACK", "0A": "LISTEN", "0B": "CLOSING", "0C": "NEW_SYN_RECV",
}

// sockets reads /proc/net/tcp and tcp6: the listeners, and by state the others
// whose local port nobody listens on.
func (p proc) sockets(s *State) ([]socket, error) {
	var listeners []socket
	listening := map[uint16]bool{}
	others := map[uint16]map[string]int{}
	line := func(text string) {
		f := strings.Fields(text)
		if len(f) < 10 {
			return
		}
		local, err := hexAddr(f[1])
		state := tcpStates[f[3]]
		if err != nil || state == "" {
			return
		}
		if state != "LISTEN" {
			if others[local.Port()] == nil {
				others[local.Port()] = map[string]int{}
			}
			others[local.Port()][state]++
			return
		}
		listening[local.Port()] = true
		l := socket{Listener: Listener{Addr: local.String(), Queue: -1, Backlog: -1}}
		l.inode, _ = strconv.ParseUint(f[9], 10, 64)
		// Of a listener rx_queue is the accept queue's fill (get_tcp4_sock in
		// net/ipv4/tcp_ipv4.c); its size is not in the file.
		if _, rx, ok := strings.Cut(f[4], ":"); ok {
			if n, err := strconv.ParseUint(rx, 16, 31); err == nil {
				l.Queue = int(n)
			}
		}
		listeners = append(listeners, l)
	}
	err := p.lines("net/tcp", line)
	// A kernel without IPv6 has no tcp6.
	if err6 := p.lines("net/tcp6", line); err == nil && !errors.Is(err6, fs.ErrNotExist) {
		err = err6
	}
	for port, states := range others {
		if listening[port] {
			continue
		}
		for state, n := range states {
			s.Sockets[state] += n
		}
	}
	return listeners, err
}

// hexAddr reads "0100007F:1F90": 32-bit words in the machine's byte order, which
// is little-endian on everything this program is built for, and the port.
func hexAddr(s string) (netip.AddrPort, error) {
	addr, portText, _ := strings.Cut(s, ":")
	raw, err := hex.DecodeString(addr)
	if err != nil || (len(raw) != 4 && len(raw) != 16) {
		return netip.AddrPort{}, fmt.Errorf("%q is not an address", tail.Clean(s, 50))
	}
	port, err := strconv.ParseUint(portText, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q has no port", tail.Clean(s, 50))
	}
	for i := 0; i < len(raw); i += 4 {
		raw[i], raw[i+1], raw[i+2], raw[i+3] = raw[i+3], raw[i+2], raw[i+1], raw[i]
	}
	ip, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(ip.Unmap(), uint16(port)), nil
}

// unixListeners reads the listening stream sockets with a path from
// /proc/net/unix (Num RefCount Protocol Flags Type St Inode Path).
func (p proc) unixListeners() ([]socket, error) {
	const (
		acceptCon = 0x10000 // __SO_ACCEPTCON in Flags
		stream    = "0001"
	)
	var listeners []socket
	err := p.lines("net/unix", func(text string) {
		f := strings.Fields(text)
		if len(f) < 8 || f[4] != stream {
			return
		}
		flags, err := strconv.ParseUint(f[3], 16, 64)
		if err != nil || flags&acceptCon == 0 {
			return
		}
		// A path may have blanks: it is the rest of the line.
		at := strings.Index(text, " "+f[6]+" ") + len(f[6]) + 2
		l := socket{Listener: Listener{Addr: "unix:" + text[at:], Queue: -1, Backlog: -1}}
		l.inode, _ = strconv.ParseUint(f[6], 10, 64)
		listeners = append(listeners, l)
	})
	return listeners, err
}

// netstat reads the TcpExt counters: a line of names, a line of numbers.
func (p proc) netstat(s *State) error {
	var names []string
	found := false
	err := p.lines("net/netstat", func(line string) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != "TcpExt:" {
			return
		}
		if names == nil {
			names = f
			return
		}
		for i := 1; i < min(len(f), len(names)); i++ {
			switch names[i] {
			case "ListenOverflows":
				s.ListenOverflows, found = number(f[i]), true
			case "ListenDrops":
				s.ListenDrops = number(f[i])
			}
		}
	})
	if err == nil && !found {
		err = fs.ErrNotExist
	}
	return err
}

func number(s string) uint64 {
	n, _ := strconv.ParseUint(s, 10, 64)
	return n
}

func (p proc) meminfo(s *State) error {
	return p.lines("meminfo", func(line string) {
		f := strings.Fields(line)
		if len(f) < 2 {
			return
		}
		switch f[0] {
		case "MemTotal:":
			s.MemTotal = number(f[1]) << 10
		case "MemAvailable:":
			s.MemAvailable = number(f[1]) << 10
		}
	})
}

func (p proc) vmstat(s *State) error {
	found := false
	err := p.lines("vmstat", func(line string) {
		if n, ok := strings.CutPrefix(line, "oom_kill "); ok {
			s.OOMKills, found = number(n), true
		}
	})
	if err == nil && !found {
		err = fs.ErrNotExist
	}
	return err
}

func (p proc) loadavg(s *State) error {
	return p.lines("loadavg", func(line string) {
		first, _, _ := strings.Cut(line, " ")
		if v, err := strconv.ParseFloat(first, 64); err == nil && v >= 0 && v < 1e9 {
			s.Load1 = v
		}
	})
}

func (p proc) fileNr(s *State) error {
	return p.lines("sys/fs/file-nr", func(line string) {
		if f := strings.Fields(line); len(f) == 3 {
			s.FilesUsed, s.FilesMax = number(f[0]), number(f[2])
		}
	})
}

func (p proc) portRange(s *State) error {
	return p.lines("sys/net/ipv4/ip_local_port_range", func(line string) {
		f := strings.Fields(line)
		if len(f) != 2 {
			return
		}
		if low, high := number(f[0]), number(f[1]); low <= high && high <= 65535 {
			s.EphemeralPorts = int(high - low + 1)
		}
	})
}
