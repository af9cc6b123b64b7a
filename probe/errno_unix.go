//go:build !windows

package probe

import "syscall"

// errnoClasses is what the system calls' errors mean for a probe.
var errnoClasses = map[syscall.Errno]Class{
	syscall.ECONNREFUSED: Refused,
	syscall.ECONNRESET:   Reset,
	syscall.ECONNABORTED: Reset,
	syscall.EPIPE:        Reset,
	syscall.EHOSTUNREACH: NoRoute,
	syscall.EHOSTDOWN:    NoRoute,
	// ENOPROTOOPT is what Linux makes of ICMP protocol-unreachable: a rejection.
	syscall.ENOPROTOOPT:   NoRoute,
	syscall.ENETUNREACH:   NetUnreachable,
	syscall.ENETDOWN:      NetUnreachable,
	syscall.EACCES:        Denied,
	syscall.EPERM:         Denied,
	syscall.ENOENT:        SocketMissing,
	syscall.ENOTDIR:       SocketMissing,
	syscall.EAGAIN:        SocketBusy,
	syscall.ETIMEDOUT:     Timeout,
	syscall.EADDRNOTAVAIL: LocalLimit,
	syscall.EMFILE:        LocalLimit,
	syscall.ENFILE:        LocalLimit,
	syscall.ENOBUFS:       LocalLimit,
}
