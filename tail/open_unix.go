//go:build unix

package tail

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// openShared opens name for reading. Without O_NONBLOCK the open of a named pipe
// would wait for a writer.
func openShared(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// readers names the group that owns name, "" when it can't be told.
func readers(name string) string {
	info, err := os.Stat(name)
	if err != nil {
		return ""
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || info.Mode()&0o040 == 0 {
		return ""
	}
	g, err := user.LookupGroupId(strconv.FormatUint(uint64(st.Gid), 10))
	if err != nil || g.Name == "root" {
		return ""
	}
	return g.Name
}
