//go:build !linux

package demo

import (
	"errors"
	"net"
)

const firewallWhat = "This system lets no program drop packets without rights, so the gateway's own connects are held until they time out, " +
	"as behind a filter between gateway and upstream; a direct connect from this machine is answered."

// dropPackets is for systems with socket filters only.
func dropPackets(*net.TCPListener, bool) error { return errors.ErrUnsupported }

// setBacklog leaves the accept queue at the system's length: only Linux can change
// that of an open socket.
func setBacklog(*net.TCPListener, int) error { return nil }
