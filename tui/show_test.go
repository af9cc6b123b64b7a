package tui

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"why502/probe/load"
)

// TestMain makes the test binary a monitor of a fixture when it is asked to: for
// the tests under a pseudo-terminal, and for looking at the screens by eye with
// WHY502_SHOW=down ./tui.test in a terminal.
func TestMain(m *testing.M) {
	name := os.Getenv("WHY502_SHOW")
	if name == "" {
		os.Exit(m.Run())
	}
	if err := show(name); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func show(name string) error {
	opt := Options{Zone: time.UTC, Now: func() time.Time { return fixtureNow }, Theme: os.Getenv("WHY502_SHOW_THEME")}
	if name == "start" {
		c, err := RunStart(context.Background(), []string{"/var/log/nginx", "/var/log/haproxy.log", "/var/log/apache2"},
			[][2]string{{"upstream-down", "the upstream's process is gone"}, {"timeout", "the upstream does not answer in time"}}, opt)
		fmt.Println("chosen:", c.Demo, c.Path)
		return err
	}
	for _, f := range fixtures {
		if f.name == name {
			return Run(context.Background(), &panicCore{f.make(), os.Getenv("WHY502_SHOW_PANIC")}, opt)
		}
	}
	return fmt.Errorf("no fixture %q", name)
}

// panicCore is a core that panics where it is told to.
type panicCore struct {
	*fakeCore
	mode string // "update": when asked for a plan; "command": at the next snapshot after a mark
}

func (p *panicCore) LoadPlan() (load.Plan, bool) {
	if p.mode == "update" {
		panic("the fixture's panic")
	}
	return p.fakeCore.LoadPlan()
}

func (p *panicCore) AddMark(text string) {
	p.fakeCore.AddMark(text)
	if p.mode == "command" {
		p.mu.Lock()
		p.explode = true
		p.mu.Unlock()
		p.changed <- struct{}{}
	}
}
