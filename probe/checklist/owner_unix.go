//go:build unix

package checklist

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// owner names a file's user and group, by number where they have no name.
func owner(info os.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	uid, gid := strconv.FormatUint(uint64(st.Uid), 10), strconv.FormatUint(uint64(st.Gid), 10)
	if u, err := user.LookupId(uid); err == nil {
		uid = u.Username
	}
	if g, err := user.LookupGroupId(gid); err == nil {
		gid = g.Name
	}
	return fmt.Sprintf(" %s:%s", uid, gid)
}
