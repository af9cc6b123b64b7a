package probe

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The origins of an error queue entry (linux/errqueue.h, SO_EE_ORIGIN_*).
const (
	originICMP  = 2
	originICMP6 = 3
)

// attempt is one connect with the error queue on: a net.Dialer closes the socket
// before the queue can be read.
type attempt struct {
	err  error
	took time.Duration
	rtt  time.Duration
	icmp *ICMP
}

func connectOnce(ctx context.Context, peer netip.AddrPort, timeout time.Duration) (Try, time.Duration) {
	a := connectTTL(ctx, peer, timeout, 0)
	try := Try{Class: classify(a.err), Took: a.took, ICMP: a.icmp}
	if a.err != nil {
		try.Err = a.err.Error()
	}
	return try, a.rtt
}

// connectTTL connects once, with the TTL (hop limit) given or the system's when 0.
func connectTTL(ctx context.Context, peer netip.AddrPort, timeout time.Duration, ttl int) attempt {
	began := time.Now()
	a := attempt{}
	fd, sa, err := recverrSocket(peer, ttl)
	if err != nil {
		a.err = err
		return a
	}
	defer func() { _ = unix.Close(fd) }()
	err = unix.Connect(fd, sa)
	if errors.Is(err, unix.EINPROGRESS) {
		a.icmp, err = awaitConnect(ctx, fd, began.Add(timeout))
	}
	a.took = time.Since(began)
	if err == nil && selfConnected(fd, sa) {
		err = unix.ECONNREFUSED
	}
	if err != nil {
		a.err = os.NewSyscallError("connect", err)
		if icmp := readICMP(fd); icmp != nil {
			a.icmp = icmp
		}
		return a
	}
	a.rtt = a.took
	if info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil && info.Rtt > 0 {
		a.rtt = time.Duration(info.Rtt) * time.Microsecond
	}
	return a
}

// selfConnected recognizes TCP's simultaneous open with itself: a connect to a
// closed port of this machine whose own port happens to be that one.
func selfConnected(fd int, peer unix.Sockaddr) bool {
	local, err := unix.Getsockname(fd)
	if err != nil {
		return false
	}
	switch l := local.(type) {
	case *unix.SockaddrInet4:
		p, ok := peer.(*unix.SockaddrInet4)
		return ok && l.Addr == p.Addr && l.Port == p.Port
	case *unix.SockaddrInet6:
		p, ok := peer.(*unix.SockaddrInet6)
		return ok && l.Addr == p.Addr && l.Port == p.Port
	}
	return false
}

func zoneIndex(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if ifi, err := net.InterfaceByName(zone); err == nil {
		return uint32(ifi.Index)
	}
	n, _ := strconv.ParseUint(zone, 10, 32)
	return uint32(n)
}

func recverrSocket(peer netip.AddrPort, ttl int) (int, unix.Sockaddr, error) {
	family, level, recverr, hops := unix.AF_INET, unix.IPPROTO_IP, unix.IP_RECVERR, unix.IP_TTL
	var sa unix.Sockaddr = &unix.SockaddrInet4{Port: int(peer.Port())}
	if peer.Addr().Is6() {
		family, level, recverr, hops = unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, unix.IPV6_UNICAST_HOPS
		sa = &unix.SockaddrInet6{Port: int(peer.Port()), Addr: peer.Addr().As16(), ZoneId: zoneIndex(peer.Addr().Zone())}
	} else {
		sa.(*unix.SockaddrInet4).Addr = peer.Addr().As4()
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return -1, nil, os.NewSyscallError("socket", err)
	}
	err = unix.SetsockoptInt(fd, level, recverr, 1)
	if err == nil && ttl > 0 {
		err = unix.SetsockoptInt(fd, level, hops, ttl)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, nil, os.NewSyscallError("setsockopt", err)
	}
	return fd, sa, nil
}

// awaitConnect waits for the end of a connect under way, in slices so that a
// canceled context is seen. It returns a message that came without ending it.
func awaitConnect(ctx context.Context, fd int, deadline time.Time) (*ICMP, error) {
	var soft *ICMP
	for {
		left := time.Until(deadline)
		if left <= 0 || ctx.Err() != nil {
			return soft, unix.ETIMEDOUT
		}
		slice := int(min(left, 100*time.Millisecond)/time.Millisecond) + 1
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		n, err := unix.Poll(fds, slice)
		if errors.Is(err, unix.EINTR) || (err == nil && n == 0) {
			continue
		}
		if err != nil {
			return soft, err
		}
		code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		switch {
		case err != nil:
			return soft, err
		case code != 0:
			return soft, syscall.Errno(code)
		case fds[0].Revents&unix.POLLOUT != 0:
			return soft, nil
		}
		// Only the error queue stirred. Emptying it keeps poll from spinning.
		icmp := readICMP(fd)
		if icmp == nil {
			return soft, unix.EIO
		}
		soft = icmp
	}
}

// readICMP takes the ICMP message that ended a connect off the error queue, nil
// when there is none. The queue's entry is a sock_extended_err and the sender's
// address (ip(7), IP_RECVERR).
func readICMP(fd int) *ICMP {
	var data [256]byte
	var oob [512]byte
	for range 8 {
		_, n, _, _, err := unix.Recvmsg(fd, data[:], oob[:], unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if err != nil {
			return nil
		}
		msgs, err := unix.ParseSocketControlMessage(oob[:n])
		if err != nil {
			return nil
		}
		for _, m := range msgs {
			if icmp := parseExtendedErr(m); icmp != nil {
				return icmp
			}
		}
	}
	return nil
}

// parseExtendedErr reads struct sock_extended_err {u32 errno; u8 origin, type,
// code, pad; u32 info, data} and the sockaddr behind it.
func parseExtendedErr(m unix.SocketControlMessage) *ICMP {
	v4 := m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_RECVERR
	v6 := m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_RECVERR
	b := m.Data
	if (!v4 && !v6) || len(b) < 16+8 {
		return nil
	}
	origin := b[4]
	if origin != originICMP && origin != originICMP6 {
		return nil
	}
	icmp := &ICMP{V6: origin == originICMP6, Type: b[5], Code: b[6]}
	sa := b[16:]
	switch family := binary.NativeEndian.Uint16(sa); {
	case family == unix.AF_INET:
		icmp.From = netip.AddrFrom4([4]byte(sa[4:8]))
	case family == unix.AF_INET6 && len(sa) >= 24:
		icmp.From = netip.AddrFrom16([16]byte(sa[8:24])).Unmap()
	}
	return icmp
}
