package session

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"why502/tail"
)

// Bounds of the file of positions.
const (
	maxPositions     = 1000
	maxPositionsFile = 4 << 20
	positionsSchema  = "why502.positions/1"
)

// positions are where sources were left, for --resume: a file that outlives the
// program. It is rewritten whole and renamed into place, what other runs wrote in the
// meantime included, so that a kill leaves the old or the new one.
type positions struct {
	command string // each command goes on by itself
	file    string
	mu      sync.Mutex
	known   map[string]position // by path: as read, then as saved
	fresh   map[string]bool     // saved since the last write
}

// position is one source in the file.
type position struct {
	Command     string    `json:"command"`
	Path        string    `json:"path"`
	Identity    string    `json:"identity,omitzero"`
	Offset      int64     `json:"offset"`
	Fingerprint string    `json:"fingerprint,omitzero"`
	Saved       time.Time `json:"saved"`
}

type positionsFile struct {
	Schema    string     `json:"schema"`
	Positions []position `json:"positions"`
}

// StateDir is where the program keeps what it must remember between runs:
// $XDG_STATE_HOME/why502, else the system's place for such; "" when there is none.
func StateDir() string {
	base := os.Getenv("XDG_STATE_HOME")
	if base == "" || !filepath.IsAbs(base) {
		home, err := os.UserHomeDir()
		switch {
		case runtime.GOOS == "windows":
			base = os.Getenv("LocalAppData")
		case err != nil:
			return ""
		case runtime.GOOS == "darwin":
			base = filepath.Join(home, "Library", "Application Support")
		default:
			base = filepath.Join(home, ".local", "state")
		}
	}
	if base == "" {
		return ""
	}
	return filepath.Join(base, "why502")
}

// openPositions reads the positions of a command. A file that can't be understood is
// an error, and the positions returned are then empty: a fresh start.
func openPositions(command string) (*positions, error) {
	p := &positions{command: command, known: map[string]position{}, fresh: map[string]bool{}}
	dir := StateDir()
	if dir == "" {
		return p, errors.New("--resume: there is no home directory to keep the position in; set XDG_STATE_HOME to one")
	}
	p.file = filepath.Join(dir, "positions.json")
	all, err := readPositions(p.file)
	for _, e := range all {
		if e.Command == command {
			p.known[e.Path] = e
		}
	}
	if err != nil {
		err = fmt.Errorf("%s can't be used (%w); starting afresh, as without --resume", p.file, err)
	}
	return p, err
}

// readPositions reads the file; one that is not there is empty.
func readPositions(file string) ([]position, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxPositionsFile+1))
	if err != nil {
		return nil, err
	}
	var all positionsFile
	switch {
	case len(data) > maxPositionsFile:
		return nil, errors.New("it is too big")
	case json.Unmarshal(data, &all) != nil:
		return nil, errors.New("it is damaged")
	case all.Schema != positionsSchema:
		return nil, fmt.Errorf("it is not of this version: %q", tail.Clean(all.Schema, 40))
	}
	for _, e := range all.Positions {
		if e.Path == "" || e.Offset < 0 || (e.Offset > 0) != (e.Fingerprint != "") {
			return nil, errors.New("it is damaged")
		}
	}
	return all.Positions, nil
}

// key is the name a source is remembered by.
func key(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// Load implements tail.Positions.
func (p *positions) Load(path string) (tail.Position, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.known[key(path)]
	return tail.Position{Offset: e.Offset, Fingerprint: e.Fingerprint, Identity: e.Identity}, ok
}

// Save implements tail.Positions; write makes it last.
func (p *positions) Save(path string, at tail.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := key(path)
	p.known[k] = position{p.command, k, at.Identity, at.Offset, at.Fingerprint, time.Now().UTC()}
	p.fresh[k] = true
}

// write puts what was saved into the file.
func (p *positions) write() error {
	if p == nil || p.file == "" {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.fresh) == 0 {
		return nil
	}
	all, _ := readPositions(p.file) // a damaged one is written anew
	all = slices.DeleteFunc(all, func(e position) bool { return e.Command == p.command && p.fresh[e.Path] })
	for k := range p.fresh {
		all = append(all, p.known[k])
	}
	slices.SortFunc(all, func(a, b position) int { return cmp.Or(b.Saved.Compare(a.Saved), cmp.Compare(a.Path, b.Path)) })
	all = all[:min(len(all), maxPositions)]
	if err := replaceFile(p.file, positionsFile{positionsSchema, all}); err != nil {
		return fmt.Errorf("the position can't be kept: %w; mend the place or set XDG_STATE_HOME to another", err)
	}
	clear(p.fresh)
	return nil
}

// replaceFile writes v beside the file and renames it into place.
func replaceFile(file string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "positions-*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
