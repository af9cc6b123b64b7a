package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"why502/tail"
)

// Options says how sources are opened and read.
type Options struct {
	// Follow is how each file is read; Follow.Once makes everything end.
	Follow tail.FollowOptions
	// Stdin is what "-" reads; nil is os.Stdin.
	Stdin io.Reader
	// Added is called for each file of a glob or a directory that comes later, from
	// the goroutine of the source that waits for them; ctx is that source's. The
	// callee runs the source. Nil: the waiting source delivers the lines itself.
	Added func(ctx context.Context, src tail.Source)
}

// maxFiles bounds how many files one argument may open.
const maxFiles = 1000

// Open resolves one SOURCE argument. A file that is not there yet is waited for,
// unless Follow.Once is set: then that is an error. Errors are one sentence.
func Open(spec string, opt Options) ([]tail.Source, error) {
	if spec == "" {
		return nil, errors.New("an empty source was named; name a log file, a directory or - for standard input")
	}
	if spec == "-" {
		return []tail.Source{stdin(opt)}, nil
	}
	if err := unsupported(spec); err != nil {
		return nil, err
	}
	fsys := opt.Follow.FS
	if fsys == nil {
		fsys = tail.System
	}
	info, err := fsys.Stat(spec)
	switch {
	case err == nil && info.IsDir():
		return openSet(newSet(spec, filepath.Join(escapeGlob(spec), "*"), true, fsys, opt))
	case err == nil:
		return []tail.Source{tail.Follow(spec, opt.Follow)}, nil
	case hasMeta(spec):
		if _, err := filepath.Match(filepath.Base(spec), ""); err != nil {
			return nil, fmt.Errorf("%s: this pattern is broken (%w); quote brackets that belong to the name: \\[", spec, err)
		}
		return openSet(newSet(spec, spec, false, fsys, opt))
	case opt.Follow.Once && errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: there is no such file; check the path: %w", spec, fs.ErrNotExist)
	}
	return []tail.Source{tail.Follow(spec, opt.Follow)}, nil
}

func stdin(opt Options) tail.Source {
	if opt.Stdin != nil {
		return tail.Stream("-", opt.Stdin, nil, opt.Follow)
	}
	return tail.Stream("-", os.Stdin, os.Stdin.Close, opt.Follow)
}

// openSet gives the sources of the files that are there and, when following, the
// one that waits for more.
func openSet(s *set) ([]tail.Source, error) {
	files, err := s.scan()
	if err != nil {
		return nil, err
	}
	var out []tail.Source
	for _, path := range files {
		out = append(out, tail.Follow(path, s.opt.Follow))
	}
	if !s.opt.Follow.Once {
		return append(out, s), nil
	}
	if len(out) == 0 {
		if s.dir {
			return nil, fmt.Errorf("%s: no log is in this directory; name a file: %s", s.name, filepath.Join(s.name, "access.log"))
		}
		return nil, fmt.Errorf("%s: no file matches; check the pattern, and quote it so that the shell leaves it alone", s.name)
	}
	return out, nil
}

// schemes are the URIs of the contract and how to read the same with what is there.
var schemes = []struct{ prefix, instead string }{
	{"journald:", "journalctl -f -o cat -u UNIT | why502 -"},
	{"docker:", "docker logs -f CONTAINER 2>&1 | why502 -"},
	{"k8s:", "kubectl logs -f -n NAMESPACE KIND/NAME | why502 -"},
	{"ssh://", "ssh HOST tail -F PATH | why502 -"},
	{"loki+http://", "logcli query --tail 'LOGQL' -o raw | why502 -"},
	{"loki+https://", "logcli query --tail 'LOGQL' -o raw | why502 -"},
	{"vlogs+http://", "curl -sN 'http://HOST/select/logsql/tail?query=LOGSQL' | why502 -"},
	{"vlogs+https://", "curl -sN 'https://HOST/select/logsql/tail?query=LOGSQL' | why502 -"},
}

// unsupported answers a URI with one sentence that says what can be read.
func unsupported(spec string) error {
	const can = "files, globs, directories and - (standard input) can"
	for _, s := range schemes {
		if strings.HasPrefix(spec, s.prefix) {
			return fmt.Errorf("%s: %s sources can't be read by this version, %s; use: %s", spec, strings.TrimRight(s.prefix, ":/"), can, s.instead)
		}
	}
	if i := strings.Index(spec, "://"); i > 0 && !strings.ContainsAny(spec[:i], `/\*?[ `) {
		return fmt.Errorf("%s: %s is no kind of source, %s be read; to probe a URL, use: why502 check %s", spec, spec[:i], can, spec)
	}
	return nil
}

func hasMeta(s string) bool { return strings.ContainsAny(s, "*?[") }

// escapeGlob makes a path stand for itself in a pattern.
func escapeGlob(path string) string {
	if !hasMeta(path) || os.PathSeparator == '\\' {
		return path
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// living says whether a file name in a directory is that of a log someone writes.
func living(name string) bool {
	return isLog(name) && !tail.IsRotated(name) && !strings.HasPrefix(name, ".")
}

// logWords are what logs are called by the packages of the gateways and the
// application servers: NAME.log, httpd's access_log, plain "error".
var logWords = []string{"access", "error", "log", "stdout", "stderr"}

func isLog(name string) bool {
	if filepath.Ext(name) == ".log" {
		return true
	}
	for _, part := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '.' || r == '_' || r == '-' }) {
		if slices.Contains(logWords, part) {
			ext := filepath.Ext(name)
			return ext == "" || slices.Contains(logWords, ext[1:])
		}
	}
	return false
}
