package tail

import (
	"io/fs"
	"os"
)

// openPipe opens a named pipe or a device for reading.
func openPipe(path string, _ fs.FileInfo) (*os.File, error) { return os.Open(path) }
