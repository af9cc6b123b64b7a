package tail

import (
	"path/filepath"
	"time"
)

// Names tells when names come and go in directories, at best: whoever uses it looks
// now and then as well.
type Names struct{ s *subscription }

// WatchNames returns a Names that watches nothing yet.
func WatchNames(fsys FS) *Names { return &Names{subscribe(fsys, "")} }

// In makes n watch exactly dirs. It is cheap when nothing changed and meant to be
// called again and again.
func (n *Names) In(dirs []string, now time.Time) {
	hops := make([]string, len(dirs))
	for i, dir := range dirs {
		hops[i] = filepath.Join(dir, "*")
	}
	_ = n.s.watch(hops, nil, now) // who can't watch has to look
}

// Changed gets a token when a name may have changed.
func (n *Names) Changed() <-chan struct{} { return n.s.C }

// Close ends the watching.
func (n *Names) Close() { n.s.close() }
