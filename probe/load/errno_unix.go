//go:build !windows

package load

import "syscall"

// errnoClasses names the system's errors by the classes of a probe.
var errnoClasses = map[syscall.Errno]string{
	syscall.ECONNREFUSED: "refused", syscall.ECONNRESET: "reset", syscall.EPIPE: "reset", syscall.ECONNABORTED: "reset",
	syscall.EHOSTUNREACH: "no-route", syscall.ENETUNREACH: "net-unreachable", syscall.EACCES: "denied", syscall.EPERM: "denied",
	syscall.ETIMEDOUT: "timeout", syscall.EADDRNOTAVAIL: "local-limit", syscall.EMFILE: "local-limit", syscall.ENFILE: "local-limit",
}
