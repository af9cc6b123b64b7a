package session

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/pelletier/go-toml/v2"

	"why502/tail/parse"
)

// Settings is the user's configuration file.
type Settings struct {
	Theme     string            `toml:"theme"`
	Timezone  string            `toml:"timezone"`
	NoProbe   bool              `toml:"no_probe"`
	Endpoints []string          `toml:"endpoints"`
	Formats   map[string]string `toml:"formats"` // name -> the gateway's own format string
}

// Templates returns the format strings of the settings in the order of their names.
// The error is that of the first that can't be understood.
func (set *Settings) Templates() ([]string, error) {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(set.Formats)) {
		if _, err := parse.Named(set.Formats[name], parse.Env{}); err != nil {
			return nil, fmt.Errorf("settings, [formats] %s: %w; mend or remove it", name, err)
		}
		all = append(all, set.Formats[name])
	}
	return all, nil
}

// Dir is the user's configuration directory for why502, "" when there is none.
func Dir() string {
	base, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(base, "why502")
}

// ReadSettings reads the file at path; with "" the user's config.toml, which may
// be missing. The error of a bad file names its line.
func ReadSettings(path string) (Settings, error) {
	var set Settings
	named := path != ""
	if !named {
		if Dir() == "" {
			return set, nil
		}
		path = filepath.Join(Dir(), "config.toml")
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return set, nil
	}
	if err != nil {
		return set, fmt.Errorf("settings can't be read: %w; name another file with --config", err)
	}
	defer func() { _ = f.Close() }()
	err = toml.NewDecoder(f).DisallowUnknownFields().Decode(&set)
	var bad *toml.DecodeError
	var unknown *toml.StrictMissingError
	switch {
	case errors.As(err, &unknown):
		row, _ := unknown.Errors[0].Position()
		return set, fmt.Errorf("%s:%d: the setting %q is not known; there are theme, timezone, no_probe, endpoints and [formats]",
			path, row, unknown.Errors[0].Key())
	case errors.As(err, &bad):
		row, column := bad.Position()
		return set, fmt.Errorf("%s:%d:%d: %s; mend the line", path, row, column, bad.Error())
	case err != nil:
		return set, fmt.Errorf("%s: %w", path, err)
	}
	return set, nil
}
