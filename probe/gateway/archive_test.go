package gateway

import (
	"os"
	"strings"
	"testing"
)

// archive is a text archive: a comment and files, each after a line
// "-- name --" (the txtar format).
type archive struct {
	comment string
	files   []archiveFile
}

type archiveFile struct{ name, data string }

func readArchive(t *testing.T, path string) *archive {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a := &archive{}
	text := &a.comment
	for line := range strings.Lines(string(data)) {
		name, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "-- ")
		if name, marked := strings.CutSuffix(name, " --"); ok && marked {
			a.files = append(a.files, archiveFile{name: name})
			text = &a.files[len(a.files)-1].data
			continue
		}
		*text += line
	}
	return a
}

func (a *archive) write(t *testing.T, path string) {
	t.Helper()
	text := a.comment
	for _, f := range a.files {
		text += "-- " + f.name + " --\n" + f.data
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
