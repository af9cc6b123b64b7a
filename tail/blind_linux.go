package tail

import "golang.org/x/sys/unix"

// blindTypes are the file systems whose changes the kernel does not see because
// another machine or the kernel itself makes them (statfs(2), linux/magic.h).
var blindTypes = map[uint32]string{
	0x6969:     "NFS",
	0x517B:     "SMB",
	0xFF534D42: "CIFS",
	0xFE534D42: "SMB2",
	0x65735546: "FUSE",
	0x01021997: "9P",
	0x5346414F: "AFS",
	0x00C36400: "Ceph",
	0x0BD00BD0: "Lustre", //nolint:misspell // its name
	0x47504653: "GPFS",
	0x9FA0:     "/proc",
	0x62656572: "/sys",
	0x786F4256: "VirtualBox shared folder",
	0xBACBACBC: "VMware shared folder",
}

func blindFS(dir string) string {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil {
		return ""
	}
	return blindTypes[uint32(st.Type)]
}
