package tail

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sibling is a file that a rotation may have made of the followed one.
type sibling struct {
	path string
	info fs.FileInfo
	// stem is the path without a compression suffix.
	stem   string
	number int // of NAME.3; -1 when the name has no such number
	self   bool
}

// rotatedName matches what rotation programs append to a name: logrotate's .1 and
// -20260102 (dateext), kubelet's .20260102-150405, the stamps of lumberjack and
// rotatelogs, .old.
var rotatedName = Pattern(`^[._-](?:(\d{1,5})|old|bak|prev|(?:(?:rotated|rot|old|bak|backup|archive|part|gen)[._-]?)?\d[\w.:+-]*)$`)

// stampDigits is how many digits a stamp between stem and extension must have:
// site-2.log is another site, site-20260102.log an old log of it.
const stampDigits = 6

// notRotated are endings of files beside a log that are no part of it.
var notRotated = []string{".swp", ".tmp", ".lock", ".pid", ".pos", ".offset", ".idx", ".xz", ".lz4", ".zip"}

// RotatedFrom says whether the file name other is what a rotation makes of the file
// name base: NAME.1, NAME-20260102.gz, and STEM-STAMP.EXT for a base STEM.EXT.
func RotatedFrom(base, other string) bool {
	_, ok := rotatedSuffix(base, other)
	return ok
}

// rotatedSuffix returns the number of NAME.3, -1 for stamps.
func rotatedSuffix(base, other string) (number int, ok bool) {
	for _, end := range notRotated {
		if strings.HasSuffix(other, end) {
			return -1, false
		}
	}
	other = trimCompression(other)
	suffix, ok := strings.CutPrefix(other, base)
	if !ok {
		ext := filepath.Ext(base)
		stem := strings.TrimSuffix(base, ext)
		if ext == "" || stem == "" || !strings.HasPrefix(other, stem) || !strings.HasSuffix(other, ext) || len(other) < len(base)+stampDigits {
			return -1, false
		}
		if suffix = other[len(stem) : len(other)-len(ext)]; digits(suffix) < stampDigits {
			return -1, false
		}
	}
	m := rotatedName().FindStringSubmatch(suffix)
	if m == nil {
		return -1, false
	}
	if m[1] != "" {
		n, err := strconv.Atoi(m[1])
		return n, err == nil
	}
	return -1, true
}

func digits(s string) int {
	n := 0
	for i := range len(s) {
		if '0' <= s[i] && s[i] <= '9' {
			n++
		}
	}
	return n
}

// IsRotated says whether a file name by itself looks like one that a rotation left
// behind or compressed, so that a glob over living logs leaves it out.
func IsRotated(name string) bool {
	plain := trimCompression(name)
	return plain != name || deadName().MatchString(plain)
}

var deadName = Pattern(`(?:\.\d{1,5}|[._-]\d{8}(?:[._-]?\d{2,6})?|[._-]\d{4}-\d\d-\d\d(?:[T._-][\d.:-]+)?|\.old|\.bak|~)(?:\.log)?$`)

func trimCompression(name string) string {
	for _, end := range []string{".gz", ".zst", ".bz2"} {
		if s, ok := strings.CutSuffix(name, end); ok {
			return s
		}
	}
	return name
}

// maxSiblings bounds how many rotated files are looked at: the newest of them.
const maxSiblings = 1000

// siblings lists what rotations made of the file at path, oldest first. With self the
// file itself is the last of them.
func siblings(fsys FS, path string, self bool) []sibling {
	dir, base := filepath.Split(path)
	entries, err := fsys.ReadDir(filepath.Clean(dir))
	if err != nil {
		return nil
	}
	var out []sibling
	for _, e := range entries {
		name := e.Name()
		number, ok := rotatedSuffix(base, name)
		if !ok && (!self || name != base) || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // gone between the listing and now
		}
		out = append(out, sibling{
			path: dir + name, info: info, stem: dir + trimCompression(name), number: number, self: name == base,
		})
	}
	slices.SortStableFunc(out, older)
	if len(out) > maxSiblings {
		out = out[len(out)-maxSiblings:]
	}
	return out
}

// older orders siblings from the oldest to the newest: by number where both have
// one, else by the time of the last write.
func older(a, b sibling) int {
	switch {
	case a.self != b.self:
		if a.self {
			return 1
		}
		return -1
	case a.number >= 0 && b.number >= 0 && a.number != b.number:
		return b.number - a.number
	}
	if c := a.info.ModTime().Compare(b.info.ModTime()); c != 0 {
		return c
	}
	return strings.Compare(a.path, b.path)
}

// compressed says whether the sibling's name ends as a compressed file's.
func (s sibling) compressed() bool { return s.stem != s.path }

// open opens the sibling, false when by now its name belongs to another file.
func (s sibling) open(fsys FS) (File, bool) {
	f, err := fsys.Open(s.path)
	if err != nil {
		return nil, false
	}
	info, err := f.Stat()
	if err != nil || !os.SameFile(info, s.info) {
		_ = f.Close() // opened for reading only: nothing can be lost
		return nil, false
	}
	if s.compressed() {
		z, err := newArchive(f)
		if err != nil {
			_ = f.Close()
			return nil, false
		}
		return z, true
	}
	return f, true
}

// settled remembers a sibling that needs no look any more.
type settled struct {
	info fs.FileInfo
	size int64
	mod  time.Time
}

func (s settled) is(info fs.FileInfo) bool {
	return s.size == info.Size() && s.mod.Equal(info.ModTime()) && os.SameFile(s.info, info)
}
