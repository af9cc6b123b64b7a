package probe

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// errnoClasses is what the Winsock errors mean for a probe. The syscall package's
// own ECONNREFUSED and the like are invented numbers on Windows; the network
// calls return the WSA ones.
var errnoClasses = map[syscall.Errno]Class{
	windows.WSAECONNREFUSED:      Refused,
	windows.WSAECONNRESET:        Reset,
	windows.WSAECONNABORTED:      Reset,
	windows.WSAESHUTDOWN:         Reset,
	windows.WSAEHOSTUNREACH:      NoRoute,
	windows.WSAEHOSTDOWN:         NoRoute,
	windows.WSAENETUNREACH:       NetUnreachable,
	windows.WSAENETDOWN:          NetUnreachable,
	windows.WSAEACCES:            Denied,
	windows.WSAETIMEDOUT:         Timeout,
	windows.WSAEADDRNOTAVAIL:     LocalLimit,
	windows.WSAEMFILE:            LocalLimit,
	windows.WSAENOBUFS:           LocalLimit,
	windows.ERROR_FILE_NOT_FOUND: SocketMissing,
	windows.ERROR_PATH_NOT_FOUND: SocketMissing,
}
