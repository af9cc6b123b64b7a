package tail

import (
	"fmt"
	"io/fs"
	"os"
)

// caught is a file that had the followed name, held open.
type caught struct {
	file File
	info fs.FileInfo
	real string // its name with its symbolic links resolved
}

// maxCaught bounds how many files are held for a follower that its sink holds back.
// What comes then is looked for among the rotated files.
const maxCaught = 256

// catch opens the file that has the name now and queues it, unless it is the last one
// queued. The notifier calls it the moment a name changes, whatever the follower is
// at, so that a file that is deleted again at once is held open before; the follower
// calls it when it looks, so that the queue is in the order of the names.
func (s *subscription) catch() error {
	s.catching.Lock()
	defer s.catching.Unlock()
	if len(s.caught) >= maxCaught {
		return nil
	}
	file, info, target, err := openReal(s.n.fsys, s.path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		_ = file.Close() // opened for reading only: nothing can be lost
		return fmt.Errorf("%s: this is no file any more", s.path)
	}
	if n := len(s.caught); n > 0 && os.SameFile(s.caught[n-1].info, info) {
		_ = file.Close()
		return nil
	}
	s.caught = append(s.caught, caught{file, info, target})
	return nil
}

// take hands the queue over.
func (s *subscription) take() []caught {
	s.catching.Lock()
	defer s.catching.Unlock()
	q := s.caught
	s.caught = nil
	return q
}

// openReal opens name and returns what it is and where its links lead.
func openReal(fsys FS, name string) (File, fs.FileInfo, string, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, nil, "", err
	}
	info, err := file.Stat()
	if err == nil {
		var target string
		if target, err = fsys.Real(name); err == nil {
			return file, info, target, nil
		}
		if isGone(err) { // it was deleted again, what it held can be read
			return file, info, name, nil
		}
	}
	_ = file.Close()
	return nil, nil, "", err
}
