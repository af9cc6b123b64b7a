package tui

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"
)

// TestMain shows a fixture in the terminal when it is asked to, for looking at
// the screens by eye: WHY502_SHOW=down ./tui.test in a terminal.
func TestMain(m *testing.M) {
	if name := os.Getenv("WHY502_SHOW"); name != "" {
		for _, f := range fixtures {
			if f.name == name {
				opt := Options{Zone: time.UTC, Now: func() time.Time { return fixtureNow }, Theme: os.Getenv("WHY502_SHOW_THEME")}
				if err := Run(context.Background(), f.make(), opt); err != nil {
					fmt.Fprintln(os.Stderr, err)
				}
				os.Exit(0)
			}
		}
	}
	os.Exit(m.Run())
}
