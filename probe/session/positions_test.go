package session

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"why502/tail"
)

func TestPositionsOutliveTheProgram(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	want := tail.Position{Offset: 12, Fingerprint: strings.Repeat("a", 64), Identity: "1:2"}
	p, err := openPositions("parse")
	if err != nil {
		t.Fatal(err)
	}
	other, err := openPositions("report")
	if err != nil {
		t.Fatal(err)
	}
	p.Save("access.log", want)
	other.Save("access.log", tail.Position{})
	for _, x := range []*positions{p, other, p} {
		if err := x.write(); err != nil {
			t.Fatal(err)
		}
	}
	if p, err = openPositions("parse"); err != nil {
		t.Fatal(err)
	}
	abs, _ := filepath.Abs("access.log")
	if got, ok := p.Load(abs); !ok || got != want {
		t.Errorf("got %+v, %v", got, ok)
	}
	if _, ok := p.Load("error.log"); ok {
		t.Error("a position of a file that was never read")
	}
	if left, _ := filepath.Glob(filepath.Join(StateDir(), "*.tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestPositionsAreBounded(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	p, err := openPositions("parse")
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxPositions + 50 {
		p.Save(fmt.Sprintf("/var/log/%d.log", i), tail.Position{})
	}
	if err := p.write(); err != nil {
		t.Fatal(err)
	}
	all, err := readPositions(p.file)
	if err != nil || len(all) != maxPositions {
		t.Fatalf("%d positions, %v", len(all), err)
	}
}

func TestDamagedPositionsAreAFreshStart(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	if err := os.MkdirAll(StateDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"", "{", `{"schema":"why502.positions/9"}`, `{"schema":"why502.positions/1","positions":[{"command":"parse","path":"/a","offset":-1}]}`,
		`{"schema":"why502.positions/1","positions":[{"command":"parse","path":"/a","offset":7}]}`, strings.Repeat(" ", maxPositionsFile+1),
	} {
		if err := os.WriteFile(filepath.Join(StateDir(), "positions.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := openPositions("parse")
		if err == nil || !strings.Contains(err.Error(), "starting afresh") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.60q: %v", text, err)
		}
		if _, ok := p.Load("/a"); ok {
			t.Errorf("%.60q gave a position", text)
		}
		p.Save("/a", tail.Position{})
		if err := p.write(); err != nil {
			t.Errorf("%.60q is not written anew: %v", text, err)
		}
	}
}

func TestPlaceOfTakesOrderApart(t *testing.T) {
	for _, b := range []tail.Batch{{File: -3, Offset: 1 << 40}, {}, {File: 7, Offset: 12}} {
		if file, offset := placeOf(order(&b, 5)); file != b.File || offset != b.Offset+5 {
			t.Errorf("%d %d of %d %d", file, offset, b.File, b.Offset+5)
		}
	}
}
