package tail

import (
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxZstdWindow bounds the memory that a hostile zstd header can ask for, in bytes.
const maxZstdWindow = 128 << 20

// archive reads a compressed file as if it were plain. It is meant for reading
// forward: going back decompresses again from the start.
type archive struct {
	f    File
	kind string
	raw  *io.SectionReader
	r    io.Reader
	stop func()
	pos  int64
}

var magics = []struct {
	kind  string
	bytes string
}{
	{"gzip", "\x1f\x8b"},
	{"zstd", "\x28\xb5\x2f\xfd"},
	{"bzip2", "BZh"},
}

// compression returns the kind of compression that head begins with, "" for none.
func compression(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.bytes)) {
			return m.kind
		}
	}
	return ""
}

// newArchive returns a view of the decompressed content of f. It takes f over
// unless it fails.
func newArchive(f File) (*archive, error) {
	var head [4]byte
	n, err := readFull(f, head[:], 0)
	if err != nil {
		return nil, err
	}
	kind := compression(head[:n])
	if kind == "" {
		return nil, errors.New("not a compressed file")
	}
	a := &archive{f: f, kind: kind}
	return a, a.rewind()
}

func (a *archive) rewind() error {
	if a.stop != nil {
		a.stop()
	}
	a.pos, a.stop = 0, func() {}
	raw := io.NewSectionReader(a.f, 0, 1<<62)
	a.raw = raw
	switch a.kind {
	case "gzip":
		r, err := gzip.NewReader(raw)
		a.r = r
		return err
	case "zstd":
		r, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return err
		}
		a.r, a.stop = r, r.Close
	default:
		a.r = bzip2.NewReader(raw)
	}
	return nil
}

// ReadAt reads decompressed bytes. A cut-off archive ends where it is cut.
func (a *archive) ReadAt(p []byte, off int64) (int, error) {
	if off < a.pos {
		if err := a.rewind(); err != nil {
			return 0, err
		}
	}
	if off > a.pos {
		n, err := io.CopyN(io.Discard, a.r, off-a.pos)
		a.pos += n
		if err != nil {
			return 0, a.ended(err)
		}
	}
	n, err := io.ReadFull(a.r, p)
	a.pos += int64(n)
	if err != nil {
		return n, a.ended(err)
	}
	return n, nil
}

func (a *archive) ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return fmt.Errorf("%s data damaged: %w", a.kind, err)
}

// read returns how many compressed bytes were read.
func (a *archive) read() int64 {
	n, _ := a.raw.Seek(0, io.SeekCurrent) // of a SectionReader: can't fail
	return n
}

func (a *archive) Stat() (fs.FileInfo, error) { return a.f.Stat() }

func (a *archive) Close() error {
	a.stop()
	return a.f.Close()
}
