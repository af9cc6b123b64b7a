package session

import (
	"fmt"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"why502/tail"
)

// filter is --since, --until and --where. A nil filter lets everything through.
type filter struct {
	since, until int64 // Unix nanoseconds, 0 for open
	where        *vm.Program
}

// row is what an expression of --where sees: the contract's names.
type row struct {
	Time             time.Time `expr:"time"`
	Kind             string    `expr:"kind"`
	Gateway          string    `expr:"gateway"`
	Client           string    `expr:"client"`
	Method           string    `expr:"method"`
	Path             string    `expr:"path"`
	Host             string    `expr:"host"`
	Status           int       `expr:"status"`
	Duration         float64   `expr:"duration"` // seconds, -1 when not logged
	Bytes            int64     `expr:"bytes"`
	Upstream         string    `expr:"upstream"`
	UpstreamStatus   int       `expr:"upstream_status"`
	UpstreamDuration float64   `expr:"upstream_duration"`
	RequestID        string    `expr:"request_id"`
	Flags            string    `expr:"flags"`
	UserAgent        string    `expr:"user_agent"`
	Referer          string    `expr:"referer"`
	Level            string    `expr:"level"`
	Message          string    `expr:"message"`
	Failed           bool      `expr:"failed"`
}

// newFilter compiles the configuration's filters, nil when there are none. The
// error of a bad expression points at the place.
func newFilter(c *Config) (*filter, error) {
	if c.Since.IsZero() && c.Until.IsZero() && c.Where == "" {
		return nil, nil
	}
	f := &filter{}
	if !c.Since.IsZero() {
		f.since = c.Since.UnixNano()
	}
	if !c.Until.IsZero() {
		f.until = c.Until.UnixNano()
	}
	if c.Where != "" {
		p, err := expr.Compile(c.Where, expr.Env(row{}), expr.AsBool())
		if err != nil {
			return nil, fmt.Errorf("--where %q is no filter: %w; write it like 'status >= 500 and path startsWith \"/api\"'", c.Where, err)
		}
		f.where = p
	}
	return f, nil
}

// lets says whether ev passes. at is the event's time or, for a line without one,
// that of the line before it.
func (f *filter) lets(ev *tail.Event, at int64) bool {
	return f == nil || f.passes(ev, at)
}

func (f *filter) passes(ev *tail.Event, at int64) bool {
	if f.since != 0 && at < f.since || f.until != 0 && at > f.until {
		return false
	}
	if f.where == nil {
		return true
	}
	out, err := expr.Run(f.where, rowOf(ev))
	yes, _ := out.(bool)
	return err == nil && yes
}

func rowOf(ev *tail.Event) row {
	r := row{
		Time: ev.When(), Kind: ev.Kind.String(), Gateway: ev.Gateway,
		Client: string(ev.Client), Method: string(ev.Method), Path: string(ev.Path), Host: string(ev.Host),
		Status: ev.Status, Duration: seconds(ev.Duration), Bytes: ev.Bytes,
		RequestID: string(ev.RequestID), Flags: string(ev.Flags),
		UserAgent: string(ev.UserAgent), Referer: string(ev.Referer),
		Level: string(ev.Level), Message: string(ev.Message), Failed: ev.Failed(),
		UpstreamDuration: tail.None,
	}
	if a := ev.Last(); a != nil {
		r.Upstream, r.UpstreamStatus, r.UpstreamDuration = string(a.Addr), a.Status, seconds(a.Response)
	}
	return r
}

// seconds keeps None as -1.
func seconds(d time.Duration) float64 {
	if d == tail.None {
		return tail.None
	}
	return d.Seconds()
}
