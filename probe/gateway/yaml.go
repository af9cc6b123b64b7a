package gateway

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"why502/tail"
)

// maxEntries bounds what is taken from one YAML file: aliases of aliases make a
// small file large.
const maxEntries = 200_000

// yamlEntry is a key or a scalar of a YAML file with the keys that lead to it; list
// items count as "0", "1", ... A key whose value is a map or a list has no value.
type yamlEntry struct {
	keys  []string
	value string
	pos   Pos
}

// yamlEntries reads all documents of a file in the order of its lines. Places in
// the file where a template fills in something (Traefik's dynamic configuration,
// Helm) stand for an unknown value.
func yamlEntries(name string, data []byte) ([]yamlEntry, error) {
	w := yamlWalk{file: name}
	dec := yaml.NewDecoder(bytes.NewReader(blankTemplates(data)))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return w.entries, nil
		}
		if err != nil {
			return nil, yamlError(name, err)
		}
		if err := w.walk(&doc, nil); err != nil {
			return nil, err
		}
	}
}

// yaml reads the files that pattern stands for, which the file name names at pos. Where
// they are not there they may lie beside it, as in a copy of a configuration.
func (f *fileSet) yaml(name string, pos Pos, pattern string) (entries []yamlEntry, err error) {
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(filepath.Dir(name), pattern)
	}
	if len(f.glob(pattern)) == 0 {
		pattern = filepath.Join(filepath.Dir(name), filepath.Base(pattern))
	}
	err = f.include(pos, pattern, func(file string, data []byte) error {
		more, err := yamlEntries(file, data)
		entries = append(entries, more...)
		return err
	})
	return entries, err
}

type yamlWalk struct {
	file    string
	entries []yamlEntry
}

func (w *yamlWalk) walk(n *yaml.Node, keys []string) error {
	pos := Pos{w.file, n.Line}
	switch {
	case len(keys) > maxNesting:
		return errorAt(pos, "nested deeper than %d: this is no gateway's configuration", maxNesting)
	case len(w.entries) > maxEntries:
		return errorAt(pos, "more than %d entries: this is no gateway's configuration", maxEntries)
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return w.each(n.Content, keys, nil)
	case yaml.AliasNode:
		return w.walk(n.Alias, keys)
	case yaml.SequenceNode:
		return w.each(n.Content, keys, strconv.Itoa)
	case yaml.ScalarNode:
		value := n.Value
		if n.Tag == "!!null" {
			value = ""
		}
		w.add(keys, value, pos)
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			at := sub(keys, key.Value)
			if value.Kind != yaml.ScalarNode {
				w.add(at, "", Pos{w.file, key.Line})
			}
			if err := w.walk(value, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// each walks nodes, whose keys name gives by their index, nil for none.
func (w *yamlWalk) each(nodes []*yaml.Node, keys []string, name func(int) string) error {
	for i, n := range nodes {
		at := keys
		if name != nil {
			at = sub(keys, name(i))
		}
		if err := w.walk(n, at); err != nil {
			return err
		}
	}
	return nil
}

func (w *yamlWalk) add(keys []string, value string, pos Pos) {
	w.entries = append(w.entries, yamlEntry{keys, value, pos})
}

// sub is keys and one more, in memory of its own.
func sub(keys []string, key string) []string {
	return append(keys[:len(keys):len(keys)], key)
}

// yamlLine is how the decoder's errors begin.
var yamlLine = tail.Pattern(`^yaml: (?:line (\d+): )?`)

func yamlError(name string, err error) error {
	text := err.Error()
	m := yamlLine().FindStringSubmatch(text)
	pos := Pos{File: name}
	if m != nil {
		text = text[len(m[0]):]
		pos.Line, _ = strconv.Atoi(m[1])
	}
	return errorAt(pos, "this is no valid YAML: %s (tabs may not indent)", tail.Clean(text, 200))
}

// yamlTemplate is an action of Go's template language.
var yamlTemplate = tail.Pattern(`\{\{[^}]*\}\}`)

// blankTemplates puts a word in place of each template action and blanks the lines
// that hold nothing else; the lines stay where they are.
func blankTemplates(data []byte) []byte {
	if !bytes.Contains(data, []byte("{{")) {
		return data
	}
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		if text := strings.TrimSpace(line); strings.HasPrefix(text, "{{") && strings.HasSuffix(text, "}}") && yamlTemplate().FindString(text) == text {
			line = line[len(strings.TrimRight(line, "\r\n")):]
		}
		b.WriteString(yamlTemplate().ReplaceAllString(line, "TEMPLATE"))
	}
	return []byte(b.String())
}

// is says whether an entry's keys begin with want, "*" standing for any.
func (e yamlEntry) is(want ...string) bool {
	if len(e.keys) < len(want) {
		return false
	}
	for i, w := range want {
		if w != "*" && !strings.EqualFold(e.keys[i], w) {
			return false
		}
	}
	return true
}

// under returns the entries below these keys, without them.
func under(entries []yamlEntry, want ...string) []yamlEntry {
	var found []yamlEntry
	for _, e := range entries {
		if e.is(want...) && len(e.keys) > len(want) {
			found = append(found, yamlEntry{e.keys[len(want):], e.value, e.pos})
		}
	}
	return found
}
