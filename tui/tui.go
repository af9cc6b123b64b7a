package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"why502/probe/session"
	"why502/themes"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"
)

// Options choose how the monitor looks.
type Options struct {
	// Theme is the name of a theme, "" for the one that suits the terminal.
	Theme string
	// NoColor draws with bold, reverse and underline only (NO_COLOR).
	NoColor bool
	// ASCII draws with ASCII only.
	ASCII bool
	// Title stands beside the program's name: "demo upstream-down".
	Title string
	// ConfigDir is where the user's themes are (its folder "themes"), "" for none.
	ConfigDir string
	// Zone is the time zone of the screen, nil for the machine's.
	Zone *time.Location
	// Now is the clock, nil for the machine's.
	Now func() time.Time
	// Input, Output and Errors are the terminal and where a panic is told, nil for
	// the standard ones. Environ is the environment, nil for the process's.
	Input          io.Reader
	Output, Errors io.Writer
	Environ        []string
}

// complete fills in the defaults.
func (o Options) complete() Options {
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Errors == nil {
		o.Errors = os.Stderr
	}
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	for _, e := range o.Environ {
		if len(e) > len("NO_COLOR=") && e[:len("NO_COLOR=")] == "NO_COLOR=" {
			o.NoColor = true
		}
	}
	return o
}

// HasTerminal says whether a monitor can be shown: standard input and output are
// a terminal that can do more than print.
func HasTerminal() bool {
	return os.Getenv("TERM") != "dumb" && term.IsTerminal(os.Stdin.Fd()) && term.IsTerminal(os.Stdout.Fd())
}

// Run shows the monitor until the person quits or ctx ends, both without an
// error. It does not close the core. The error says in one sentence that the
// theme is not known or that the terminal can't be used; after a panic the
// terminal is put right and the stack told first.
func Run(ctx context.Context, core session.Core, opt Options) error {
	opt = opt.complete()
	if err := known(opt); err != nil {
		return err
	}
	return run(ctx, opt, newModel(ctx, core, opt))
}

// known checks the theme's name.
func known(opt Options) error {
	if opt.Theme == "" {
		return nil
	}
	l := newLooks(opt)
	if l.plain || l.pick(opt.Theme) {
		return nil
	}
	_, err := themes.Get(opt.Theme)
	return err
}

// run runs a model until it ends.
func run(ctx context.Context, opt Options, m tea.Model) error {
	g := &guard{model: m}
	options := []tea.ProgramOption{tea.WithEnvironment(opt.Environ), tea.WithFPS(30)}
	if opt.Input != nil {
		options = append(options, tea.WithInput(opt.Input))
	}
	if opt.Output != nil {
		options = append(options, tea.WithOutput(opt.Output))
	}
	p := tea.NewProgram(g, options...)
	// Quitting, unlike ending the program's context, waits for the reader of the
	// terminal. A panic may be caught in the event loop itself, which must not wait.
	g.stop = func() { go p.Quit() }
	defer context.AfterFunc(ctx, p.Quit)()
	_, err := p.Run()
	if told := g.told(); told != nil {
		_, _ = fmt.Fprintf(opt.Errors, "why502: a fault in the program ended the monitor: %v; please report it with what follows\n%s", told.value, told.stack)
		return fmt.Errorf("a fault in the program ended the monitor: %v", told.value)
	}
	switch {
	case err == nil, errors.Is(err, tea.ErrInterrupted):
		return nil
	}
	return fmt.Errorf("the monitor can't use this terminal: %w; `why502 report` prints the same answer", err)
}

// guard catches the panics of a model and of its commands, so that the renderer
// puts the terminal right before anything is told.
type guard struct {
	model tea.Model
	stop  func()
	mu    sync.Mutex
	fault *fault
}

// fault is a panic that was caught.
type fault struct {
	value any
	stack []byte
}

func (g *guard) told() *fault {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.fault
}

// catch is deferred; it keeps the first panic and stops the program.
func (g *guard) catch() {
	if v := recover(); v != nil {
		g.mu.Lock()
		if g.fault == nil {
			g.fault = &fault{v, debug.Stack()}
		}
		g.mu.Unlock()
		g.stop()
	}
}

// wrap guards a command; what a batch holds is guarded when it runs.
func (g *guard) wrap(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return func() (msg tea.Msg) {
		defer g.catch()
		msg = cmd()
		if batch, ok := msg.(tea.BatchMsg); ok {
			for i := range batch {
				batch[i] = g.wrap(batch[i])
			}
		}
		return msg
	}
}

func (g *guard) Init() (cmd tea.Cmd) {
	defer g.catch()
	return g.wrap(g.model.Init())
}

func (g *guard) Update(msg tea.Msg) (same tea.Model, cmd tea.Cmd) {
	same = g // stands after a panic too
	if g.told() != nil {
		return g, nil
	}
	defer g.catch()
	model, next := g.model.Update(msg)
	g.model = model
	return g, g.wrap(next)
}

func (g *guard) View() (v tea.View) {
	v.AltScreen = true // kept, so that a panic leaves it the usual way
	if g.told() != nil {
		return v
	}
	defer g.catch()
	return g.model.View()
}
