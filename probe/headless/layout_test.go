package headless_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// mayImport says which of our packages each package may import, itself aside.
// A name ending in /... stands for everything below.
var mayImport = map[string][]string{
	"tail":            {},
	"tail/parse":      {"tail"},
	"tail/window":     {"tail"},
	"tail/story":      {"tail"},
	"tail/source":     {"tail"},
	"probe":           {"tail"},
	"probe/gateway":   {"tail"},
	"probe/host":      {"tail"},
	"probe/load":      {"tail"},
	"probe/incident":  {"tail/...", "probe", "probe/gateway", "probe/host"},
	"probe/diagnose":  {"tail/...", "probe", "probe/gateway", "probe/host", "probe/incident"},
	"probe/checklist": {"tail/...", "probe", "probe/gateway", "probe/host", "probe/load", "probe/incident", "probe/diagnose"},
	"probe/report":    {"tail/...", "probe", "probe/incident", "probe/diagnose", "probe/checklist"},
	"probe/demo":      {"tail", "probe"},
	"probe/session": {
		"tail/...", "probe", "probe/gateway", "probe/host", "probe/load", "probe/incident",
		"probe/diagnose", "probe/checklist", "probe/report",
	},
	"probe/headless": {"tail/...", "probe/..."},
	"themes":         {},
	"tui/draw":       {"themes"},
	"tui/pane":       {"tui/draw", "themes", "tail/...", "probe/..."},
	"tui":            {"tui/draw", "tui/pane", "themes", "tail/...", "probe/..."},
	"":               {"tail/...", "probe/...", "tui", "themes"}, // main
}

// Only the screen may know Bubble Tea, and only themes and the screen Lip Gloss.
var screenOnly = map[string][]string{
	"charm.land/bubbletea": {"tui", "tui/pane"},
	"charm.land/bubbles":   {"tui", "tui/pane"},
	"charm.land/lipgloss":  {"tui", "tui/pane", "tui/draw", "themes"},
}

// sideEffects are imports that pure packages do without. Of net they may use what
// takes addresses apart.
var (
	sideEffects = []string{"os", "os/exec", "net/http", "syscall"}
	pureNet     = []string{"SplitHostPort", "JoinHostPort", "ParseIP", "IP", "ParseCIDR"}
)

var pure = []string{"tail/parse", "tail/window", "tail/story", "probe/diagnose", "probe/report", "tui/draw"}

// eachFile calls f for every Go file of the product, tests aside.
func eachFile(t *testing.T, f func(pkg, path string, file *ast.File, set *token.FileSet)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (strings.HasPrefix(name, ".") && path != root || name == "testdata" || name == "dist") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		f(strings.TrimPrefix(filepath.ToSlash(rel), "."), path, file, set)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func allowed(list []string, pkg string) bool {
	return slices.ContainsFunc(list, func(a string) bool {
		base, below := strings.CutSuffix(a, "/...")
		return a == pkg || below && (pkg == base || strings.HasPrefix(pkg, base+"/"))
	})
}

// TestImports keeps the rules of who may import whom.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	eachFile(t, func(pkg, path string, file *ast.File, _ *token.FileSet) {
		seen[pkg] = true
		rules, known := mayImport[pkg]
		if !known {
			t.Errorf("package %s has no rule: add it to mayImport and to the README's architecture section", pkg)
		}
		for _, spec := range file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			if ours, ok := strings.CutPrefix(name, "why502/"); ok && ours != pkg && !allowed(rules, ours) {
				t.Errorf("%s imports %s: %s may import only %v", path, name, pkg, rules)
			}
			for lib, users := range screenOnly {
				if strings.HasPrefix(name, lib) && !slices.Contains(users, pkg) {
					t.Errorf("%s imports %s: only %v may", path, name, users)
				}
			}
			if slices.Contains(pure, pkg) && slices.Contains(sideEffects, name) {
				t.Errorf("%s imports %s: %s is pure", path, name, pkg)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || !slices.Contains(pure, pkg) {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "net" && x.Obj == nil && !slices.Contains(pureNet, sel.Sel.Name) {
				t.Errorf("%s uses net.%s: %s is pure", path, sel.Sel.Name, pkg)
			}
			return true
		})
	})
	for pkg := range mayImport {
		if !seen[pkg] {
			t.Errorf("there is a rule for %q but no such package", pkg)
		}
	}
}

// TestSizes keeps functions under 80 lines and files under 500.
func TestSizes(t *testing.T) {
	eachFile(t, func(_, path string, file *ast.File, set *token.FileSet) {
		if n := set.Position(file.FileEnd).Line; n > 500 {
			t.Errorf("%s has %d lines", path, n)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; n > 80 {
				t.Errorf("%s: %s has %d lines", path, f.Name.Name, n)
			}
		}
	})
}

// TestTopLevel keeps the top of the tree as small as it is.
func TestTopLevel(t *testing.T) {
	want := []string{
		"main.go", "tui", "probe", "tail", "themes", "go.mod", "go.sum", "README.md",
		"LICENSE", "SECURITY.md", "CONTRIBUTING.md",
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(want, e.Name()) && e.Name() != "dist" && e.Name() != "why502" {
			t.Errorf("%s stands at the top level: move it below tui, probe, tail or themes", e.Name())
		}
	}
}
