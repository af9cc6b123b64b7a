package host

import "strings"

// covers says whether a socket listening on l takes connections to addr.
func covers(l, addr string) bool {
	if l == addr {
		return true
	}
	if strings.HasPrefix(l, "unix:") || strings.HasPrefix(addr, "unix:") {
		return false
	}
	i, j := strings.LastIndexByte(l, ':'), strings.LastIndexByte(addr, ':')
	if i < 0 || j < 0 || l[i:] != addr[j:] {
		return false
	}
	switch l[:i] {
	case "0.0.0.0", "[::]", "*", "":
		return true
	}
	return addr[:j] == "localhost" && (l[:i] == "127.0.0.1" || l[:i] == "[::1]")
}
