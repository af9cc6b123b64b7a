package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options choose an incident and its pace.
type Options struct {
	Incident string // a name of Incidents, "" for Default
	Dir      string // where the folder of the demo is made, "" for the system's place
	// Healthy, Failing and Recovered are how long the phases last; 0 for 8 s, 20 s
	// and 12 s.
	Healthy, Failing, Recovered time.Duration
	// Total bounds traffic and phases; 0 for 30 minutes.
	Total time.Duration
	// Rate is the number of requests a second outside a surge; 0 for 30.
	Rate float64
	// Connect and Read are the gateway's timeouts towards the upstream; 0 for 1 s.
	Connect, Read time.Duration
}

// fill puts the usual values in place of zeros.
func (o *Options) fill() {
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{
		{&o.Healthy, 8 * time.Second},
		{&o.Failing, 20 * time.Second},
		{&o.Recovered, 12 * time.Second},
		{&o.Total, 30 * time.Minute},
		{&o.Connect, time.Second},
		{&o.Read, time.Second},
	} {
		if *d.value <= 0 {
			*d.value = d.usual
		}
	}
	if o.Rate <= 0 {
		o.Rate = 30
	}
}

// Demo is a running gateway with its upstream.
type Demo struct {
	Incident  Incident
	Sources   []string // paths of the gateway's access log and error log
	Endpoints []string // URLs to ask directly
	Config    string   // path of the gateway's configuration, written in nginx's words
	Gateway   string   // URL of the gateway itself

	opt     Options
	plan    *plan
	dir     string
	up      *upstream
	gw      *proxy
	names   *nameServer
	banner  *banner
	traffic *traffic
	logs    *logs

	cancel context.CancelFunc
	work   sync.WaitGroup
	done   chan struct{}
	err    error // of the end, valid once done is closed
}

// Start brings up the gateway, its upstream and the traffic. The demo ends when
// ctx does or at Close. Errors say what could not be made.
func Start(ctx context.Context, opt Options) (*Demo, error) {
	p, err := find(opt.Incident)
	if err != nil {
		return nil, err
	}
	opt.fill()
	ctx, cancel := context.WithCancel(ctx)
	d := &Demo{Incident: p.Incident, opt: opt, plan: p, cancel: cancel, done: make(chan struct{})}
	if err := d.build(); err != nil {
		cancel()
		return nil, errors.Join(fmt.Errorf("the demo can't start: %w", err), d.dismantle())
	}
	d.work.Go(func() { d.traffic.run(ctx, opt.Total) })
	d.work.Go(func() { d.phases(ctx) })
	go func() {
		<-ctx.Done()
		d.work.Wait()
		d.err = d.dismantle()
		close(d.done)
	}()
	return d, nil
}

// build makes all parts; on an error dismantle takes away those there are.
func (d *Demo) build() (err error) {
	if d.dir, err = os.MkdirTemp(d.opt.Dir, "why502-demo-"); err != nil {
		return err
	}
	if d.logs, err = openLogs(d.dir); err != nil {
		return err
	}
	if d.up, err = newUpstream(d.plan.tls); err != nil {
		return err
	}
	if d.banner, err = newBanner(); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(d.up.addr)
	if err != nil {
		return err
	}
	target := d.up.addr
	if d.plan.named {
		if d.names, err = newNameServer(host); err != nil {
			return err
		}
		target = net.JoinHostPort(upstreamName, port)
	}
	if d.gw, err = newProxy(d, target); err != nil {
		return err
	}
	d.traffic = newTraffic(d.gw.addr, d.opt.Rate)
	d.Gateway = "http://" + d.gw.addr + "/"
	d.Sources = []string{d.logs.access.Name(), d.logs.errors.Name()}
	d.Config = filepath.Join(d.dir, "nginx.conf")
	if !d.plan.tls {
		// With TLS the certificate is for the name and from an authority that only the
		// gateway knows: a direct request would complain on healthy days too.
		d.Endpoints = []string{"http://" + d.up.addr + "/"}
	}
	d.logs.notice("start worker processes")
	return d.writeConfig()
}

// dismantle takes everything away that was built and waits for it.
func (d *Demo) dismantle() error {
	if d.gw != nil {
		d.gw.close()
	}
	if d.up != nil {
		d.up.stop()
	}
	if d.banner != nil {
		d.banner.close()
	}
	if d.names != nil {
		d.names.close()
	}
	if d.logs != nil {
		d.logs.close()
	}
	if d.dir == "" {
		return nil
	}
	return os.RemoveAll(d.dir)
}

// Close stops everything, waits for it and removes the folder. It may be called
// more than once.
func (d *Demo) Close() error {
	d.cancel()
	<-d.done
	return d.err
}

// phases begins and ends the incident by turns.
func (d *Demo) phases(ctx context.Context) {
	total := time.NewTimer(d.opt.Total)
	defer total.Stop()
	wait := func(t time.Duration) bool {
		timer := time.NewTimer(t)
		defer timer.Stop()
		select {
		case <-timer.C:
			return true
		case <-total.C:
		case <-ctx.Done():
		}
		return false
	}
	for ok := wait(d.opt.Healthy); ok; ok = wait(d.opt.Recovered) {
		d.turn("begin", d.plan.begin)
		ok = wait(d.opt.Failing)
		d.turn("end", d.plan.end)
		if !ok {
			return
		}
	}
}

// turn begins or ends the incident. What hinders it stands in the error log, for
// the monitor has the terminal.
func (d *Demo) turn(what string, step func(*Demo) error) {
	if err := step(d); err != nil {
		d.logs.process("alert", fmt.Sprintf("the demo could not %s its incident: %v", what, err))
	}
}

// retarget reloads the gateway with another upstream address.
func (d *Demo) retarget(addr string) error {
	d.logs.notice("signal 1 (SIGHUP) received, reconfiguring")
	d.logs.notice("reconfiguring")
	d.gw.target.Store(&addr)
	return d.writeConfig()
}

// block drops packets to the upstream where the system lets a program do that;
// elsewhere, and where a sandbox forbids it, it holds the gateway's connects.
func (d *Demo) block(on bool) error {
	err := d.up.filter(on)
	d.gw.held.Store(on && err != nil)
	return nil
}
