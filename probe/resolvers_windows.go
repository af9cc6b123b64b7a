package probe

import (
	"errors"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/windows"
)

// systemResolvers lists the name servers of all adapters that are up, in the
// order Windows gives them (GetAdaptersAddresses).
func systemResolvers() ([]string, error) {
	const flags = windows.GAA_FLAG_SKIP_UNICAST | windows.GAA_FLAG_SKIP_ANYCAST | windows.GAA_FLAG_SKIP_MULTICAST
	size := uint32(15 << 10)
	for range 3 {
		buf := make([]byte, size)
		first := (*windows.IpAdapterAddresses)(unsafe.Pointer(&buf[0]))
		err := windows.GetAdaptersAddresses(windows.AF_UNSPEC, flags, 0, first, &size)
		if errors.Is(err, windows.ERROR_BUFFER_OVERFLOW) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return adapterResolvers(first), nil
	}
	return nil, windows.ERROR_BUFFER_OVERFLOW
}

func adapterResolvers(first *windows.IpAdapterAddresses) []string {
	var servers []string
	seen := map[string]bool{}
	for a := first; a != nil; a = a.Next {
		if a.OperStatus != windows.IfOperStatusUp {
			continue
		}
		for d := a.FirstDnsServerAddress; d != nil; d = d.Next {
			addr, ok := netip.AddrFromSlice(d.Address.IP())
			if !ok {
				continue
			}
			s := netip.AddrPortFrom(addr.Unmap(), 53).String()
			if !seen[s] {
				seen[s] = true
				servers = append(servers, s)
			}
		}
	}
	return servers
}
