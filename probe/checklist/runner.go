package checklist

import (
	"context"
	"sync"
	"time"

	"why502/probe"
	"why502/probe/diagnose"
	"why502/probe/gateway"
	"why502/probe/host"
	"why502/probe/incident"
	"why502/probe/load"
)

// RunnerOptions are what a Runner does its work with. The zero value asks the
// real network and this machine; tests put their own functions in.
type RunnerOptions struct {
	// ConfigPath is the gateway's configuration (--gateway-config), "" to take the
	// one already read or to look in the usual places.
	ConfigPath string

	Probe      func(context.Context, probe.Target, probe.Options) probe.Result
	Connect    func(context.Context, string, probe.ConnectOptions) []probe.Reach
	Path       func(context.Context, string, probe.PathOptions) ([]probe.Hop, error)
	Lookup     func(ctx context.Context, name string) probe.Answer
	Resolve    func(ctx context.Context, name, server string) probe.Answer
	Resolvers  func() ([]string, error) // of the system
	Host       func() host.State
	ReadConfig func(path string) (*gateway.Config, error)
	FindConfig func() []string
	Load       func(context.Context, load.Plan, func(load.Stage)) (load.Outcome, error)
	Now        func() time.Time
}

// Runner does the steps.
type Runner struct{ opt RunnerOptions }

// NewRunner returns a Runner; functions missing in opt are the real ones.
func NewRunner(opt RunnerOptions) *Runner {
	if opt.Probe == nil {
		opt.Probe = probe.Do
	}
	if opt.Connect == nil {
		opt.Connect = probe.Connect
	}
	if opt.Path == nil {
		opt.Path = probe.Path
	}
	if opt.Lookup == nil {
		opt.Lookup = probe.LookupApps
	}
	if opt.Resolve == nil {
		opt.Resolve = probe.Resolve
	}
	if opt.Resolvers == nil {
		opt.Resolvers = probe.SystemResolvers
	}
	if opt.Host == nil {
		opt.Host = host.Read
	}
	if opt.ReadConfig == nil {
		opt.ReadConfig = gateway.Read
	}
	if opt.FindConfig == nil {
		opt.FindConfig = gateway.Find
	}
	if opt.Load == nil {
		opt.Load = load.Run
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Runner{opt}
}

// The bounds of running a step.
const (
	stepTimeout = 30 * time.Second // of every step but the load step
	maxAsked    = 16               // upstreams asked by one step
	maxAtOnce   = 4
	maxNames    = 8
)

// job is one run of one step.
type job struct {
	*Runner
	*facts
	ctx      context.Context
	plan     *load.Plan
	commands []string // beside those of the step
}

// runs are the active parts of the steps, by number.
var runs = map[int]func(*job) outcome{
	1: runAlive, 2: runLogs, 3: runNetwork, 4: runConfig, 5: runDNS, 6: runLoad, 7: runRecords,
}

// asks are the steps that contact somebody and are left out with --no-probe.
var asks = map[int]bool{1: true, 3: true, 5: true, 6: true}

// Run does a step of the checklist, 1 to 7, and returns what it found. It ends
// with ctx and after stepTimeout, the load step with its plan. The load step
// sends load only with a plan, which is a person's yes.
func (r *Runner) Run(ctx context.Context, number int, s *incident.Snapshot, v diagnose.Verdict, plan *load.Plan) incident.Step {
	run, ok := runs[number]
	if !ok {
		return incident.Step{Number: number, At: r.opt.Now(), Verdict: incident.Unknown}
	}
	if number != 6 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, stepTimeout)
		defer cancel()
	}
	j := &job{Runner: r, facts: newFacts(s, v), ctx: ctx, plan: plan}
	var o outcome
	if s.NoProbe && asks[number] {
		o = outcome{verdict: incident.Skipped, summary: "not asked"}
		o.add("nobody is asked (--no-probe): run the command by hand", "")
		if number == 3 {
			j.localSockets(&o)
			o.verdict, o.summary = incident.Skipped, "not asked"
		}
	} else {
		o = run(j)
	}
	if o.verdict == "" {
		o.verdict = incident.Unknown
	}
	j.commands = append(j.commands, steps[number-1].commands(j.facts)...)
	return incident.Step{
		Number: number, At: r.opt.Now(), Verdict: o.verdict, Summary: fit(o.summary),
		Findings: bound(o.findings), Commands: boundCommands(j.commands),
	}
}

// each runs f for every index below n, a few at once, and waits.
func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, maxAtOnce)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			f(i)
		})
	}
	wg.Wait()
}

// with returns the facts of a snapshot that has these results as its probes and
// this configuration.
func (j *job) with(results []probe.Result, c *gateway.Config) *facts {
	s := *j.snap
	if c != nil {
		s.Config, s.ConfigErr = c, ""
	}
	if results != nil {
		asked := map[string]bool{}
		probes := make([]probe.History, 0, len(results))
		for _, r := range results {
			asked[r.Target.Addr()] = true
			h := probe.History{Target: r.Target, Results: []probe.Result{r}}
			for _, old := range s.Probes { // since when it is so
				if last := old.Last(); old.Target.URL == r.Target.URL && last != nil && last.Class.Healthy() == r.Class.Healthy() {
					h.Since = old.Since
				}
			}
			probes = append(probes, h)
		}
		for _, old := range s.Probes {
			if !asked[old.Target.Addr()] {
				probes = append(probes, old)
			}
		}
		s.Probes = probes
	}
	s.Now = j.opt.Now()
	return newFacts(&s, j.verdict)
}

// ask probes upstreams, each on a fresh connection.
func (j *job) ask(ups []upstream) []probe.Result {
	var targets []probe.Target
	for i := range ups {
		if t, err := ups[i].target(); err == nil && len(targets) < maxAsked {
			targets = append(targets, t)
		}
	}
	results := make([]probe.Result, len(targets))
	each(len(targets), func(i int) { results[i] = j.opt.Probe(j.ctx, targets[i], probe.Options{}) })
	return results
}

// runAlive asks every known upstream directly.
func runAlive(j *job) outcome {
	results := j.ask(j.ups)
	if len(results) == 0 {
		o := outcome{verdict: incident.Unknown, summary: "no upstream known"}
		o.add("neither the logs nor a configuration name an upstream: give one with -e URL", "")
		return o
	}
	j.facts = j.with(results, nil)
	o := aliveStep(j.facts)
	if o.verdict == incident.Pass {
		j.warm(&o, results)
	}
	j.routes(&o)
	return o
}

// warm asks a healthy upstream once more right away: an application that answers
// every other request is not alive.
func (j *job) warm(o *outcome, results []probe.Result) {
	again := make([]probe.Result, len(results))
	each(len(results), func(i int) { again[i] = j.opt.Probe(j.ctx, results[i].Target, probe.Options{}) })
	for i := range again {
		if r := &again[i]; !r.Class.Healthy() {
			o.add("asked again, "+long(r.Target.Addr(), r), evidence(r))
			o.raise(incident.Warn, "flaps: "+short(r))
		}
	}
}
