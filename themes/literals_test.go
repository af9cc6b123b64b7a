package themes

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// colorLiteral finds what names a color in Go code: a hexadecimal color, a Lip
// Gloss or ANSI color, an SGR sequence that sets one.
var colorLiteral = regexp.MustCompile(`"#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?"` +
	`|lipgloss\.(?:Color\(|ANSIColor|RGBColor|Black|Red|Green|Yellow|Blue|Magenta|Cyan|White|Bright)` +
	`|ansi\.(?:BasicColor|IndexedColor|Black|Red|Green|Yellow|Blue|Magenta|Cyan|White|Bright)` +
	`|(?:\\x1b|\\033|\\u001b)\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]`)

// TestNoColorOutsideThemes walks the tree for color literals. Tests of other
// packages may write sequences as input.
func TestNoColorOutsideThemes(t *testing.T) {
	root := ".."
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Skip("the tests run outside the source tree")
	}
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if name == "testdata" || strings.HasPrefix(name, ".") && name != ".." || path == filepath.Join(root, "themes") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		files++
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(src), "\n") {
			if m := colorLiteral.FindString(line); m != "" {
				t.Errorf("%s:%d: the color %s stands outside themes/", path, i+1, m)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 {
		t.Errorf("only %d files looked at", files)
	}
}

func TestColorLiteral(t *testing.T) {
	for _, bad := range []string{`"#ff0000"`, `"#abc"`, `lipgloss.Color("1")`, `lipgloss.BrightRed`, `"\x1b[1;31m"`, `"\033[38;5;9m"`} {
		if !colorLiteral.MatchString(bad) {
			t.Errorf("%s is not found", bad)
		}
	}
	for _, good := range []string{`"#17: *1"`, `"\x1b[m"`, `"\x1b[2J"`, `lipgloss.JoinVertical`, `"# comment"`} {
		if colorLiteral.MatchString(good) {
			t.Errorf("%s is taken for a color", good)
		}
	}
}
