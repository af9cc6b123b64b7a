//go:build !unix

package checklist

import "os"

// owner is told by other means here.
func owner(os.FileInfo) string { return "" }
