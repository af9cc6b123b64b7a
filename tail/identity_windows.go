package tail

import "io/fs"

// identity is not told by a FileInfo here: files are known by their text alone.
func identity(fs.FileInfo) string { return "" }
