package host

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const (
	listenState   = 10 // TCP_LISTEN, for unix sockets too
	showQueue     = 0x10
	attrQueue     = 4 // UNIX_DIAG_RQLEN
	maxDiagRounds = 1024
)

// acceptQueues asks the kernel for the accept queues of all listeners, by inode,
// as ss(8) does (sock_diag(7)); it needs no rights.
func acceptQueues() (map[uint64]queue, error) {
	found := map[uint64]queue{}
	var errs []error
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		// struct inet_diag_req_v2: family, protocol, ext, pad, states, socket id.
		req := make([]byte, 56)
		req[0], req[1] = family, unix.IPPROTO_TCP
		binary.NativeEndian.PutUint32(req[4:], 1<<listenState)
		errs = append(errs, dump(req, func(msg []byte) {
			// struct inet_diag_msg: 4 bytes, socket id of 48, expires, rqueue, wqueue,
			// uid, inode.
			if len(msg) >= 72 {
				found[uint64(binary.NativeEndian.Uint32(msg[68:]))] = queueAt(msg[56:])
			}
		}))
	}
	// struct unix_diag_req: family, protocol, pad, states, inode, show, cookie.
	req := make([]byte, 24)
	req[0] = unix.AF_UNIX
	binary.NativeEndian.PutUint32(req[4:], 1<<listenState)
	binary.NativeEndian.PutUint32(req[12:], showQueue)
	errs = append(errs, dump(req, func(msg []byte) {
		// struct unix_diag_msg: family, type, state, pad, inode, cookie; attributes.
		if len(msg) < 16 {
			return
		}
		if q := attribute(msg[16:], attrQueue); len(q) >= 8 {
			found[uint64(binary.NativeEndian.Uint32(msg[4:]))] = queueAt(q)
		}
	}))
	return found, errors.Join(errs...)
}

// queueAt reads two numbers: fill and size.
func queueAt(b []byte) queue {
	return queue{fill: int(binary.NativeEndian.Uint32(b)), size: int(binary.NativeEndian.Uint32(b[4:]))}
}

// attribute finds one netlink attribute: u16 length, u16 type, value, padding to
// four bytes.
func attribute(b []byte, kind uint16) []byte {
	for len(b) >= 4 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return nil
		}
		if binary.NativeEndian.Uint16(b[2:]) == kind {
			return b[4:n]
		}
		b = b[min((n+3)&^3, len(b)):]
	}
	return nil
}

// dump sends one request and hands every answer to f.
func dump(req []byte, f func(msg []byte)) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1}); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	const header = unix.SizeofNlMsghdr
	msg := make([]byte, header, header+len(req))
	binary.NativeEndian.PutUint32(msg, uint32(header+len(req)))
	binary.NativeEndian.PutUint16(msg[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(msg[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	msg = append(msg, req...)
	if err := unix.Sendto(fd, msg, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return os.NewSyscallError("sendto", err)
	}
	buf := make([]byte, 64<<10)
	for range maxDiagRounds {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			return os.NewSyscallError("recvfrom", err)
		}
		if done, err := messages(buf[:n], f); done || err != nil {
			return err
		}
	}
	return errors.New("the kernel's answer does not end")
}

// messages takes a datagram apart into netlink messages; done says that the dump
// is complete.
func messages(b []byte, f func(msg []byte)) (done bool, err error) {
	const header = unix.SizeofNlMsghdr
	for len(b) >= header {
		n := int(binary.NativeEndian.Uint32(b))
		if n < header || n > len(b) {
			return true, fmt.Errorf("a netlink message of %d bytes in %d", n, len(b))
		}
		switch binary.NativeEndian.Uint16(b[4:]) {
		case unix.NLMSG_DONE:
			return true, nil
		case unix.NLMSG_ERROR:
			if n < header+4 {
				return true, errors.New("a netlink error without a number")
			}
			return true, os.NewSyscallError("sock_diag", unix.Errno(-int32(binary.NativeEndian.Uint32(b[header:]))))
		default:
			f(b[header:n])
		}
		b = b[min((n+3)&^3, len(b)):]
	}
	return false, nil
}
