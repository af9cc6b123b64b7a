package gateway

import (
	"net"
	"strconv"
	"strings"
	"time"

	"why502/tail"
)

// bounded makes a word from a file fit for a sentence.
func bounded(s string) string { return tail.Clean(s, 120) }

// unitDuration reads a number with units as nginx and HAProxy write them ("90",
// "1m30s", "100ms", "2us"), plain numbers counting in plain. ok is false for
// anything else.
func unitDuration(s string, plain time.Duration) (d time.Duration, ok bool) {
	if s == "" {
		return 0, false
	}
	for s != "" {
		i := 0
		for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.') {
			i++
		}
		j := i
		for j < len(s) && (s[j] < '0' || s[j] > '9') {
			j++
		}
		n, err := strconv.ParseFloat(s[:i], 64)
		unit, known := timeUnits[s[i:j]]
		if s[i:j] == "" {
			unit, known = plain, true
		}
		part := n * float64(unit)
		if err != nil || !known || part > 1e18 || d > 1e18 {
			return 0, false
		}
		d += time.Duration(part)
		s = s[j:]
	}
	return d, true
}

var timeUnits = map[string]time.Duration{
	"us": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "m": time.Minute,
	"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "M": 30 * 24 * time.Hour, "y": 365 * 24 * time.Hour,
}

// size reads a byte count with k, m or g; 0 for anything else.
func size(s string) int {
	factor := 1
	if s != "" {
		switch s[len(s)-1] {
		case 'k', 'K':
			factor, s = 1<<10, s[:len(s)-1]
		case 'm', 'M':
			factor, s = 1<<20, s[:len(s)-1]
		case 'g', 'G':
			factor, s = 1<<30, s[:len(s)-1]
		}
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 1<<40/factor {
		return 0
	}
	return n * factor
}

// schemePorts are the ports of targets that name none.
var schemePorts = map[string]string{
	"http": "80", "https": "443", "grpc": "80", "grpcs": "443", "h2c": "80", "ws": "80", "wss": "443", "ajp": "8009", "uwsgi": "3031",
}

// withPort adds the scheme's port to an address that has none. Sockets and
// addresses of unknown schemes stay as they are.
func withPort(addr, scheme string) string {
	if addr == "" || strings.HasPrefix(addr, "unix:") {
		return addr
	}
	if i := strings.LastIndexByte(addr, ':'); i > strings.LastIndexByte(addr, ']') && strings.Count(addr[:i], ":") == 0 || i > 0 && addr[i-1] == ']' {
		return addr
	}
	port := schemePorts[scheme]
	if port == "" {
		return addr
	}
	if strings.Contains(addr, ":") && !strings.HasPrefix(addr, "[") {
		return net.JoinHostPort(addr, port)
	}
	return addr + ":" + port
}

// hostOf returns an address's host part without brackets, "" for a socket.
func hostOf(addr string) string {
	if strings.HasPrefix(addr, "unix:") || strings.HasPrefix(addr, "/") {
		return ""
	}
	if host, _, err := net.SplitHostPort(addr); err == nil {
		return host
	}
	return strings.Trim(addr, "[]")
}

// isName says whether an address's host is a name that has to be resolved:
// neither an IP address nor a socket. localhost is one.
func isName(addr string) bool {
	host := hostOf(addr)
	if i := strings.IndexByte(host, '%'); i >= 0 {
		host = host[:i]
	}
	return host != "" && net.ParseIP(host) == nil && !strings.ContainsAny(host, "${}*")
}

// isLocalhost says whether an address's host is the name localhost.
func isLocalhost(addr string) bool { return strings.EqualFold(hostOf(addr), "localhost") }
