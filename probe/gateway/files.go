package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
)

// The bounds of reading: a configuration past them is not one.
const (
	maxFiles   = 1000
	maxDepth   = 16       // includes within includes
	maxBytes   = 32 << 20 // of all files together
	maxNesting = 64       // blocks within blocks
	maxTokens  = 4096     // of one directive
)

// fileSet hands out configuration files, from the disk or from the output of
// nginx -T, and keeps to the bounds.
type fileSet struct {
	dump  map[string][]byte // nil: read the disk
	read  []string
	bytes int
	notes []Lint // includes that could not be read
	noted map[string]bool
}

// posError is a mistake at a place.
type posError struct {
	pos Pos
	msg string
}

func (e *posError) Error() string { return e.pos.String() + ": " + e.msg }

func errorAt(pos Pos, format string, args ...any) error {
	return &posError{pos, fmt.Sprintf(format, args...)}
}

// open returns the content of a file and records that it was read.
func (f *fileSet) open(name string) ([]byte, error) {
	if len(f.read) >= maxFiles {
		return nil, fmt.Errorf("more than %d files are included: look for an include that names itself", maxFiles)
	}
	if f.dump != nil {
		data, ok := f.dump[name]
		if !ok {
			return nil, os.ErrNotExist
		}
		if f.bytes += len(data); f.bytes > maxBytes {
			return nil, fmt.Errorf("%s makes the configuration larger than %d MiB: look for an include that names itself", name, maxBytes>>20)
		}
		f.read = append(f.read, name)
		return data, nil
	}
	data, err := readBounded(name, maxBytes-f.bytes)
	if err != nil {
		return nil, err
	}
	f.bytes += len(data)
	f.read = append(f.read, name)
	return data, nil
}

// readBounded reads a regular file of at most limit bytes.
func readBounded(name string, limit int) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file: name the gateway's configuration file", name)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var content bytes.Buffer
	content.Grow(int(min(info.Size(), int64(limit))) + bytes.MinRead)
	if _, err := content.ReadFrom(io.LimitReader(file, int64(limit)+1)); err != nil {
		return nil, err
	}
	data := content.Bytes()
	if len(data) > limit {
		return nil, fmt.Errorf("%s makes the configuration larger than %d MiB: that is no gateway configuration", name, maxBytes>>20)
	}
	if bytes.IndexByte(data[:min(len(data), 4096)], 0) >= 0 {
		return nil, fmt.Errorf("%s is a binary file: name the gateway's configuration file", name)
	}
	return data, nil
}

// glob returns the files pattern names, sorted, at most maxFiles.
func (f *fileSet) glob(pattern string) []string {
	var found []string
	if f.dump == nil {
		found, _ = filepath.Glob(pattern)
	} else {
		for name := range f.dump {
			if ok, _ := path.Match(pattern, name); ok || name == pattern {
				found = append(found, name)
			}
		}
	}
	sort.Strings(found)
	return found[:min(len(found), maxFiles)]
}

// note records once that what an include names could not be read.
func (f *fileSet) note(pos Pos, name string, err error) {
	if f.noted[name] {
		return
	}
	if f.noted == nil {
		f.noted = map[string]bool{}
	}
	f.noted[name] = true
	why := "is not here"
	switch {
	case errors.Is(err, os.ErrPermission):
		why = "may not be read by this user"
	case err != nil && !errors.Is(err, os.ErrNotExist):
		why = "can't be read"
	}
	f.notes = append(f.notes, Lint{
		ID: "include", Severity: "info", Pos: pos,
		Text: "the included " + name + " " + why + ", so what it sets is not known",
		Mend: "run where the gateway runs, as a user that may read it, or give the output of nginx -T",
	})
}

// include opens what pattern names one by one and hands it to each. A pattern
// without wildcards that names nothing, and files that can't be read, are noted.
func (f *fileSet) include(pos Pos, pattern string, each func(name string, data []byte) error) error {
	names := f.glob(pattern)
	if len(names) == 0 && !strings.ContainsAny(pattern, "*?[") {
		f.note(pos, pattern, os.ErrNotExist)
	}
	for _, name := range names {
		if len(f.read) >= maxFiles {
			return errorAt(pos, "more than %d files are included: look for an include that names itself", maxFiles)
		}
		data, err := f.open(name)
		if err != nil {
			f.note(pos, name, err)
			continue
		}
		if err := each(name, data); err != nil {
			return err
		}
	}
	return nil
}
