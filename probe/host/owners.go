package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"
)

// The bounds of the search for the listeners' processes.
const (
	maxProcesses   = 16384
	maxDescriptors = 200000
	// ticks is USER_HZ, the unit of times in /proc/PID/stat: 100 on every
	// architecture that this program is built for.
	ticks = 100
)

// owners finds the process of each listener by the sockets that processes hold
// open. Where several share one, as workers do, it is the one with the lowest
// number: the master. The error says whose could not be seen.
func (p proc) owners(sockets []socket) error {
	wanted := map[uint64][]*socket{}
	for i := range sockets {
		wanted[sockets[i].inode] = append(wanted[sockets[i].inode], &sockets[i])
	}
	pids, err := p.pids()
	if err != nil {
		return err
	}
	boot := p.bootTime()
	seen, denied := 0, false
	for _, pid := range pids {
		if len(wanted) == 0 || seen > maxDescriptors {
			break
		}
		inodes, err := p.heldBy(pid)
		denied = denied || errors.Is(err, fs.ErrPermission)
		seen += len(inodes)
		for _, inode := range inodes {
			for _, l := range wanted[inode] {
				l.PID = pid
				l.Process, l.Started = p.process(pid, boot)
			}
			delete(wanted, inode)
		}
	}
	switch {
	case len(wanted) == 0:
		return nil
	case denied:
		return fmt.Errorf("those of %d listeners belong to other users or containers, run as root to see them", len(wanted))
	case seen > maxDescriptors:
		return fmt.Errorf("those of %d listeners were not found among the first %d descriptors", len(wanted), maxDescriptors)
	}
	return nil // held by the kernel or another container
}

func (p proc) pids() ([]int, error) {
	dir, err := os.Open(p.root)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	names, err := dir.Readdirnames(2 * maxProcesses)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var pids []int
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil && pid > 0 {
			pids = append(pids, pid)
		}
	}
	sort.Ints(pids)
	return pids[:min(len(pids), maxProcesses)], nil
}

// heldBy returns the inodes of the sockets a process holds open.
func (p proc) heldBy(pid int) ([]uint64, error) {
	path := filepath.Join(p.root, strconv.Itoa(pid), "fd")
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	names, err := dir.Readdirnames(maxDescriptors)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var inodes []uint64
	for _, n := range names {
		link, err := os.Readlink(filepath.Join(path, n))
		if err != nil {
			if errors.Is(err, fs.ErrPermission) {
				return inodes, err
			}
			continue // closed meanwhile
		}
		rest, ok := strings.CutPrefix(link, "socket:[")
		if !ok {
			continue
		}
		if inode, err := strconv.ParseUint(strings.TrimSuffix(rest, "]"), 10, 64); err == nil {
			inodes = append(inodes, inode)
		}
	}
	return inodes, nil
}

// process returns a process's name and when it began, from /proc/PID/stat: the
// name stands in parentheses and may hold any, starttime is field 22.
func (p proc) process(pid int, boot time.Time) (name string, started time.Time) {
	_ = p.lines(filepath.ToSlash(filepath.Join(strconv.Itoa(pid), "stat")), func(line string) {
		from, to := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
		if name != "" || from < 0 || to < from {
			return
		}
		name = line[from+1 : to]
		f := strings.Fields(line[to+1:])
		if len(f) < 20 || boot.IsZero() {
			return
		}
		if n, err := strconv.ParseInt(f[19], 10, 64); err == nil && n >= 0 && n < 1<<40 {
			started = boot.Add(time.Duration(n) * (time.Second / ticks))
		}
	})
	return name, started
}

func (p proc) bootTime() time.Time {
	var boot time.Time
	_ = p.lines("stat", func(line string) {
		if n, ok := strings.CutPrefix(line, "btime "); ok {
			if sec := number(n); sec > 0 && sec < 1<<40 {
				boot = time.Unix(int64(sec), 0)
			}
		}
	})
	return boot
}
