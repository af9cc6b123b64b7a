package load

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// errnoClasses names the system's errors by the classes of a probe.
var errnoClasses = map[syscall.Errno]string{
	windows.WSAECONNREFUSED: "refused", windows.WSAECONNRESET: "reset", windows.WSAECONNABORTED: "reset",
	windows.WSAEHOSTUNREACH: "no-route", windows.WSAENETUNREACH: "net-unreachable", windows.WSAEACCES: "denied",
	windows.WSAETIMEDOUT: "timeout", windows.WSAEADDRNOTAVAIL: "local-limit", windows.WSAEMFILE: "local-limit", windows.WSAENOBUFS: "local-limit",
}
