package themes

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

//go:embed themes/*.toml
var files embed.FS

// builtin reads the embedded themes once. That they are well-formed is tested,
// not hoped: a broken one stops the program at once.
var builtin = sync.OnceValue(func() []Theme {
	entries, err := files.ReadDir("themes")
	if err != nil {
		panic("themes: " + err.Error())
	}
	var all []Theme
	for _, e := range entries {
		data, err := files.ReadFile("themes/" + e.Name())
		if err != nil {
			panic("themes: " + err.Error())
		}
		t, err := parse(e.Name(), data)
		if err != nil {
			panic("themes: " + err.Error())
		}
		all = append(all, t)
	}
	all = append(all, Plain())
	order(all)
	return all
})

// order sorts by the defaults first, then dark before light, then name.
func order(all []Theme) {
	rank := func(t Theme) string {
		switch {
		case t.Name == darkDefault:
			return "0"
		case t.Name == lightDefault:
			return "1"
		case t.Colorless:
			return "4"
		case t.Dark:
			return "2" + t.Name
		}
		return "3" + t.Name
	}
	slices.SortFunc(all, func(a, b Theme) int { return strings.Compare(rank(a), rank(b)) })
}

const (
	darkDefault  = "dark"
	lightDefault = "light"
)

// List returns the built-in themes, the default ones first and Plain last.
func List() []Theme { return slices.Clone(builtin()) }

// Get returns the built-in theme of that name. The error names the known ones.
func Get(name string) (Theme, error) {
	var known []string
	for _, t := range builtin() {
		if t.Name == name {
			return t, nil
		}
		known = append(known, t.Name)
	}
	return Theme{}, fmt.Errorf("there is no theme %q: choose one of %s", clip(name), strings.Join(known, ", "))
}

// Default returns the theme for a terminal with a dark or a light background.
func Default(dark bool) Theme {
	name := lightDefault
	if dark {
		name = darkDefault
	}
	for _, t := range builtin() {
		if t.Name == name {
			return t
		}
	}
	return Plain()
}

// LoadDir reads the user's themes, every *.toml of dir in the order of their
// names. It returns those that are well-formed and, joined into the error, one
// sentence with file, line and column for each that is not. A dir that does not
// exist holds no themes.
func LoadDir(dir string) ([]Theme, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the themes in %s can't be read: %w", dir, err)
	}
	var all []Theme
	var faults []error
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) != ".toml" {
			continue
		}
		t, err := loadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			faults = append(faults, err)
			continue
		}
		all = append(all, t)
	}
	return all, errors.Join(faults...)
}

// loadFile reads one theme file and no more of it than a theme can have.
func loadFile(path string) (Theme, error) {
	f, err := os.Open(path)
	if err != nil {
		return Theme{}, fmt.Errorf("%s:1:1: %w", path, err)
	}
	defer f.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Theme{}, fmt.Errorf("%s:1:1: %w", path, err)
	}
	return parse(path, data)
}
