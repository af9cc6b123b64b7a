package host

import "time"

// State is what this machine tells about itself. A field that could not be read
// is at its zero value and its reason stands in Missing.
type State struct {
	At        time.Time
	Listeners []Listener
	// ListenOverflows and ListenDrops are TcpExt counters since boot: connections
	// refused or dropped because an accept queue was full. Deltas tell, not totals.
	ListenOverflows, ListenDrops uint64
	// MemAvailable and MemTotal are in bytes.
	MemAvailable, MemTotal uint64
	// OOMKills counts processes that the kernel killed for want of memory since
	// boot (/proc/vmstat). Deltas tell.
	OOMKills uint64
	Load1    float64
	CPUs     int
	// Files are descriptors in use and the limit of the whole machine.
	FilesUsed, FilesMax uint64
	// Sockets counts outgoing TCP sockets (those whose local port nobody here
	// listens on) by state in the kernel's words: "ESTABLISHED", "SYN_SENT",
	// "TIME_WAIT".
	Sockets map[string]int
	// EphemeralPorts is how many local ports outgoing connections to one address
	// may use (net.ipv4.ip_local_port_range), 0 when unknown.
	EphemeralPorts int
	Missing        []string
}

// Listener is a listening TCP or unix socket.
type Listener struct {
	Addr    string // "127.0.0.1:8000", "[::]:80", "unix:/run/app.sock"
	Process string // "" when not permitted to know
	PID     int
	// Started is when the process began, zero when unknown: a recent one tells of a
	// restart.
	Started time.Time
	// Queue and Backlog are the accept queue's fill and size, -1 when unknown.
	Queue, Backlog int
}

// Listening returns the listeners of addr ("host:port"): on that address or on
// the wildcard address with its port.
func (s *State) Listening(addr string) []Listener {
	var found []Listener
	for _, l := range s.Listeners {
		if covers(l.Addr, addr) {
			found = append(found, l)
		}
	}
	return found
}
