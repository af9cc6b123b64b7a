package demo

import (
	"net"

	"golang.org/x/sys/unix"
)

const firewallWhat = "A real packet filter, attached to the upstream's listening socket (SO_ATTACH_FILTER, which needs no rights), " +
	"drops every packet that comes to it: the process listens, its queue is empty and no connect is answered, neither the gateway's nor a direct one."

// dropPackets attaches a filter to the socket that accepts no byte of any packet,
// or takes it away (socket(7), SO_ATTACH_FILTER). A connection attempt to such a
// socket gets no answer, as behind a firewall that drops.
func dropPackets(ln *net.TCPListener, on bool) error {
	return control(ln, func(fd int) error {
		if !on {
			return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
		}
		none := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
		return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &none[0]})
	})
}

// setBacklog changes the length of the socket's accept queue: Linux takes a second
// listen(2) for that.
func setBacklog(ln *net.TCPListener, n int) error {
	return control(ln, func(fd int) error { return unix.Listen(fd, n) })
}

// control runs f on the socket's descriptor.
func control(ln *net.TCPListener, f func(fd int) error) error {
	raw, err := ln.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}
