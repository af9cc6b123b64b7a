package headless

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"why502/probe/diagnose"
	"why502/probe/load"
	"why502/probe/session"
)

// ErrFound says that an incident was found or a step failed and --exit-code asked
// for status 1; it needs no message.
var ErrFound = errors.New("found")

// Flags are the shared flags; Resolve fills the Config from those that are written
// as text.
type Flags struct {
	session.Config
	Theme string

	// Resumes is --resume: go on where the last run of the same command stopped.
	Resumes bool

	since, until, zone, configFile string
	format                         string
	exitCode                       bool
}

// Register adds the shared flags to c and all its subcommands.
func (f *Flags) Register(c *cobra.Command) {
	p := c.PersistentFlags()
	p.StringVar(&f.LogFormat, "log-format", "", "name of a format, or the gateway's own format string")
	p.StringVar(&f.since, "since", "", "only from then on: RFC 3339, 15:04, or a duration such as 30m")
	p.StringVar(&f.until, "until", "", "only up to then")
	p.StringVar(&f.zone, "timezone", "", "zone of times written without one (default: this machine's)")
	p.StringVar(&f.Where, "where", "", "only lines for which the expression holds, e.g. 'status >= 500'")
	p.StringArrayVarP(&f.Endpoints, "endpoint", "e", nil, "upstream to ask directly, host:port or URL (repeatable)")
	p.BoolVar(&f.NoProbe, "no-probe", false, "ask nobody")
	p.StringVar(&f.configFile, "config", "", "settings (default: why502/config.toml in the user's configuration directory)")
	p.StringVar(&f.Theme, "theme", "", "name of a theme (see why502 themes)")
	p.StringVar(&f.GatewayConfig, "gateway-config", "", "the gateway's configuration")
	c.PersistentPreRunE = func(*cobra.Command, []string) error { return f.resolve(time.Now()) }
}

// resolve turns the flags as written, and the settings, into what a session takes.
// A flag wins over a setting.
func (f *Flags) resolve(now time.Time) error {
	set, err := session.ReadSettings(f.configFile)
	if err != nil {
		return err
	}
	if dir := session.Dir(); dir != "" {
		if err := diagnose.LoadDir(os.DirFS(filepath.Join(dir, "signatures"))); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
	}
	if f.Theme == "" {
		f.Theme = set.Theme
	}
	if f.zone == "" {
		f.zone = set.Timezone
	}
	if f.Templates, err = set.Templates(); err != nil {
		return err
	}
	if template, ok := set.Formats[f.LogFormat]; ok {
		f.LogFormat = template
	}
	f.NoProbe = f.NoProbe || set.NoProbe
	f.Endpoints = append(f.Endpoints, set.Endpoints...)
	f.Zone = time.Local
	if f.zone != "" {
		if f.Zone, err = time.LoadLocation(f.zone); err != nil {
			return fmt.Errorf("--timezone %q is not known; write a name such as UTC or Europe/Berlin", f.zone)
		}
	}
	if f.Since, err = Time(f.since, now, f.Zone); err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	if f.Until, err = Time(f.until, now, f.Zone); err != nil {
		return fmt.Errorf("--until: %w", err)
	}
	return nil
}

// Commands are the commands that need no terminal.
func Commands(f *Flags) []*cobra.Command {
	return []*cobra.Command{
		reportCommand(f), parseCommand(f), checkCommand(f), loadCommand(), explainCommand(), formatsCommand(),
	}
}

func formatsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "formats [NAME...]", Short: "Lists the log formats that are built in, or tells all about those named",
		RunE: func(c *cobra.Command, names []string) error { return Formats(c.OutOrStdout(), names) },
	}
}

func reportCommand(f *Flags) *cobra.Command {
	c := &cobra.Command{
		Use: "report SOURCE...", Short: "Reads to the end and prints what happened and why", Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			boundMemory()
			f.Sources = args
			f.Resume("report", c.ErrOrStderr())
			return reported(f)(Report(c.Context(), c.OutOrStdout(), f.Config, f.format))
		},
	}
	f.formatFlags(c)
	f.ResumeFlag(c)
	return c
}

// boundMemory lets the garbage collector wait while the heap is small, which spares 3 %
// of a report's time, and keeps it below what a report may take. GOGC and GOMEMLIMIT
// have precedence.
func boundMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(88 << 20)
	}
}

// ResumeFlag adds --resume to a command.
func (f *Flags) ResumeFlag(c *cobra.Command) {
	c.Flags().BoolVar(&f.Resumes, "resume", false, "go on where the last run of this command stopped, through rotations")
}

// Resume makes the configuration keep positions for the command when --resume says so.
// Warnings go to w.
func (f *Flags) Resume(command string, w io.Writer) {
	if f.Resumes {
		f.Config.Resume = command
	}
	f.Warn = func(s string) { _, _ = fmt.Fprintln(w, "why502:", s) }
}

// formatFlags adds the flags of commands that write a report.
func (f *Flags) formatFlags(c *cobra.Command) {
	c.Flags().StringVar(&f.format, "format", "text", "text, json, markdown or html")
	c.Flags().BoolVar(&f.exitCode, "exit-code", false, "end with status 1 when something is wrong")
}

// reported turns what a report found into the exit status.
func reported(f *Flags) func(bool, error) error {
	return func(found bool, err error) error {
		if err == nil && found && f.exitCode {
			return ErrFound
		}
		return err
	}
}

func parseCommand(f *Flags) *cobra.Command {
	var follow bool
	c := &cobra.Command{
		Use: "parse [-f] SOURCE...", Short: "Prints each log line as one JSON object", Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f.Sources = args
			f.Resume("parse", c.ErrOrStderr())
			return session.Print(c.Context(), c.OutOrStdout(), f.Config, follow)
		},
	}
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on as lines are written")
	f.ResumeFlag(c)
	return c
}

func checkCommand(f *Flags) *cobra.Command {
	var opt CheckOptions
	c := &cobra.Command{
		Use: "check URL...", Short: "Runs the checklist once", Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f.Endpoints, opt.Format = append(f.Endpoints, args...), f.format
			return reported(f)(Check(c.Context(), c.OutOrStdout(), f.Config, opt))
		},
	}
	f.formatFlags(c)
	c.Flags().StringVar(&opt.Via, "via", "", "the gateway's URL, to compare its answer")
	c.Flags().BoolVar(&opt.Load, "load", false, "allow the load step")
	return c
}

func loadCommand() *cobra.Command {
	plan := load.DefaultPlan("")
	c := &cobra.Command{
		Use: "load URL", Short: "Runs a bounded load test", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			plan.URL = args[0]
			return Load(c.Context(), c.OutOrStdout(), plan)
		},
	}
	c.Flags().Float64Var(&plan.Rate, "rate", plan.Rate, "requests a second at the end of the ramp")
	c.Flags().DurationVar(&plan.Duration, "duration", plan.Duration, "how long")
	c.Flags().IntVar(&plan.Steps, "steps", plan.Steps, "equal steps up to the rate")
	c.Flags().StringVar(&plan.Method, "method", plan.Method, "GET or HEAD")
	return c
}

func explainCommand() *cobra.Command {
	var gateway string
	c := &cobra.Command{
		Use: "explain WORD...", Short: "Says what a cause, flag, message or status means and what mends it", Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return Explain(c.Context(), c.OutOrStdout(), strings.Join(args, " "), gateway)
		},
	}
	c.Flags().StringVar(&gateway, "gateway", "", "whose word it is: nginx, haproxy, envoy, apache, ...")
	return c
}
