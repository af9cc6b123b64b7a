package diagnose

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestNoise claims nothing on lines that people paste beside their failures and
// that mean none: warnings, scanners, starts, configuration.
func TestNoise(t *testing.T) {
	data, err := os.ReadFile("testdata/noise.txt")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for line := range strings.Lines(string(data)) {
		if v := Evaluate(snapshotOf(now, logFile{"pasted.log", []byte(line)})); len(v.Causes) > 0 {
			t.Errorf("%s from %q", shares(&v), line)
		}
	}
	if v := Evaluate(snapshotOf(now, logFile{"pasted.log", data})); len(v.Causes) > 0 {
		t.Errorf("%s from all of them", shares(&v))
	}
}
