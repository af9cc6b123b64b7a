// Command why502 says why the gateway answers 502 Bad Gateway.
//
// Data flow:
//
//	files -> tail -> tail/parse -> tail/window -+
//	                                            +-> probe/incident -> probe/diagnose -> probe/checklist
//	upstreams -> probe -------------------------+         |
//	                                     tui (a person) <-+-> probe/headless (report, check, parse)
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"why502/probe/demo"
	"why502/probe/headless"
	"why502/probe/session"
	"why502/themes"
	"why502/tui"
)

// version is set by the release build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	ctx, fatal := context.WithCancelCause(ctx)
	err := root(fatal).ExecuteContext(ctx)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	stop()
	switch {
	case errors.Is(err, headless.ErrFound):
		os.Exit(1)
	case err != nil && !errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "why502:", err)
		os.Exit(2)
	}
}

func root(fatal func(error)) *cobra.Command {
	f := &headless.Flags{}
	f.Fatal = fatal
	c := &cobra.Command{
		Use:           "why502 [SOURCE...]",
		Short:         "Says why the gateway answers 502 Bad Gateway",
		Args:          cobra.ArbitraryArgs,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(c *cobra.Command, args []string) error {
			f.Sources, f.Live, f.History = args, true, session.DefaultHistory
			f.Resume("monitor", c.ErrOrStderr())
			return monitor(c, f, "")
		},
	}
	f.Register(c)
	f.ResumeFlag(c)
	c.AddCommand(headless.Commands(f)...)
	c.AddCommand(demoCommand(f), &cobra.Command{
		Use: "themes", Short: "Lists the themes", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return themes.Print(c.OutOrStdout()) },
	})
	return c
}

// monitor opens the monitor, or prints a report where there is no terminal.
func monitor(c *cobra.Command, f *headless.Flags, title string) error {
	if !tui.HasTerminal() {
		_, err := headless.Report(c.Context(), c.OutOrStdout(), f.Config, "text")
		return err
	}
	core, err := session.Open(c.Context(), f.Config)
	if nothing := (*session.ErrNothing)(nil); errors.As(err, &nothing) {
		return start(c, f, nothing.Looked)
	}
	if err != nil {
		return err
	}
	defer core.Close()
	return tui.Run(c.Context(), core, options(f, title))
}

// options are how the screen looks.
func options(f *headless.Flags, title string) tui.Options {
	return tui.Options{Theme: f.Theme, Title: title, ConfigDir: session.Dir(), Zone: f.Zone}
}

// start shows the start screen and does what was chosen there.
func start(c *cobra.Command, f *headless.Flags, looked []string) error {
	choice, err := tui.RunStart(c.Context(), looked, demo.Choices(), options(f, ""))
	switch {
	case err != nil:
		return err
	case choice.Demo != "":
		return runDemo(c, f, choice.Demo)
	case choice.Path != "":
		f.Sources = []string{choice.Path}
		return monitor(c, f, "")
	}
	return nil
}

func runDemo(c *cobra.Command, f *headless.Flags, incident string) error {
	d, err := demo.Start(c.Context(), demo.Options{Incident: incident})
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	f.Sources, f.Endpoints, f.GatewayConfig, f.Live, f.History = d.Sources, d.Endpoints, d.Config, true, session.DefaultHistory
	if !tui.HasTerminal() {
		return errors.New("the demo needs a terminal; `why502 demo --list` names its incidents")
	}
	return monitor(c, f, "demo "+d.Incident.Name)
}

func demoCommand(f *headless.Flags) *cobra.Command {
	var list bool
	c := &cobra.Command{
		Use: "demo [INCIDENT]", Short: "Breaks a small real upstream behind a real gateway, and shows it", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if list {
				return demo.Print(c.OutOrStdout())
			}
			return runDemo(c, f, append(args, demo.Default)[0])
		},
	}
	c.Flags().BoolVar(&list, "list", false, "name the incidents")
	return c
}
