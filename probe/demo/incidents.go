package demo

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Default is the incident of `why502 demo` without a name.
const Default = "upstream-down"

// Incident is one way in which the demo can fail.
type Incident struct {
	Name  string
	Title string // one line for `why502 demo --list`
	Cause string // the cause id of the contract that a diagnosis should name
	What  string // how it is really made, and where that differs from the field
}

// plan is an incident with what makes it.
type plan struct {
	Incident
	tls       bool // the upstream speaks TLS
	named     bool // the gateway knows the upstream by name and asks a name server
	keepalive bool // the gateway keeps connections to the upstream
	begin     func(*Demo) error
	end       func(*Demo) error
}

// plans are the incidents in the order of --list.
var plans = []plan{
	{
		Incident: Incident{
			Name: "upstream-down", Title: "the application stops: nothing listens any more", Cause: "upstream-down",
			What: "The upstream closes its listening socket and all connections; the kernel refuses further ones.",
		},
		begin: func(d *Demo) error { d.up.stop(); return nil },
		end:   func(d *Demo) error { return d.up.start() },
	},
	{
		Incident: Incident{
			Name: "overload", Title: "more requests than four workers can do: queues fill, 503 and 504", Cause: "overload",
			What: "The upstream has four workers and needs longer for each request while four times as many come. " +
				"It sheds with 503 what waited too long for a worker; on Linux its accept queue is bounded too, so that connects time out.",
		},
		begin: func(d *Demo) error { d.traffic.surge(surgeFactor); return d.up.overload(true) },
		end:   func(d *Demo) error { d.traffic.surge(1); return d.up.overload(false) },
	},
	{
		Incident: Incident{
			Name: "maintenance", Title: "the application is taken away on purpose: 503 with Retry-After", Cause: "maintenance",
			What: "The upstream answers every request with 503, a Retry-After header and a page that says so.",
		},
		begin: func(d *Demo) error { d.up.fault(maintenance); return nil },
		end:   func(d *Demo) error { d.up.fault(nil); return nil },
	},
	{
		Incident: Incident{
			Name: "firewall", Title: "packets to the application are dropped: connects time out", Cause: "firewall",
			What: firewallWhat,
		},
		begin: func(d *Demo) error { return d.block(true) },
		end:   func(d *Demo) error { return d.block(false) },
	},
	{
		Incident: Incident{
			Name: "dns", Title: "the upstream's name no longer resolves", Cause: "dns",
			What: "The gateway resolves " + upstreamName + " for each request at a name server of the demo on loopback, which answers NXDOMAIN. " +
				"The upstream itself stays healthy at its address.",
		},
		named: true,
		begin: func(d *Demo) error { d.names.lose(true); return nil },
		end:   func(d *Demo) error { d.names.lose(false); return nil },
	},
	{
		Incident: Incident{
			Name: "gateway-config", Title: "a reload points the gateway at the wrong port", Cause: "gateway-config",
			What: "The gateway is reloaded with the port of a small Redis-like service; the upstream stays healthy on its own port. " +
				"nginx would pass the foreign answer on as HTTP/0.9 with status 009, this gateway answers 502.",
		},
		begin: func(d *Demo) error { return d.retarget(d.banner.addr) },
		end:   func(d *Demo) error { return d.retarget(d.up.addr) },
	},
	{
		Incident: Incident{
			Name: "bad-response", Title: "the application crashes on orders: closed early, reset, broken headers", Cause: "bad-response",
			What: "For orders the upstream takes the request and then closes, resets or sends a header line without a colon, by turns.",
		},
		begin: func(d *Demo) error { d.up.fault(broken); return nil },
		end:   func(d *Demo) error { d.up.fault(nil); return nil },
	},
	{
		Incident: Incident{
			Name: "timeout", Title: "the application accepts but does not answer in time: 504", Cause: "timeout",
			What: "The upstream answers only /health; everything else waits longer than the gateway's proxy_read_timeout.",
		},
		begin: func(d *Demo) error { d.up.fault(stuck); return nil },
		end:   func(d *Demo) error { d.up.fault(nil); return nil },
	},
	{
		Incident: Incident{
			Name: "tls", Title: "the upstream's certificate expires", Cause: "tls",
			What: "The gateway verifies the upstream against a certificate authority made for the demo; the upstream begins to show a certificate that ran out an hour ago.",
		},
		tls:   true,
		begin: func(d *Demo) error { d.up.expire(true); return nil },
		end:   func(d *Demo) error { d.up.expire(false); return nil },
	},
	{
		Incident: Incident{
			Name: "keepalive-race", Title: "idle connections are reset just as the gateway reuses them", Cause: "keepalive-race",
			What: "The gateway keeps connections; the upstream resets one when a request comes on it after the first. " +
				"Requests that may be repeated are retried on a new connection, POST fails now and then.",
		},
		keepalive: true,
		begin:     func(d *Demo) error { d.up.fault(race); return nil },
		end:       func(d *Demo) error { d.up.fault(nil); return nil },
	},
}

// Incidents returns all incidents.
func Incidents() []Incident {
	all := make([]Incident, len(plans))
	for i := range plans {
		all[i] = plans[i].Incident
	}
	return all
}

// Choices returns name and title of each incident, for a menu.
func Choices() [][2]string {
	var all [][2]string
	for _, i := range Incidents() {
		all = append(all, [2]string{i.Name, i.Title})
	}
	return all
}

// find returns the plan of that name; "" is the default one.
func find(name string) (*plan, error) {
	if name == "" {
		name = Default
	}
	var known []string
	for i := range plans {
		if plans[i].Name == name {
			return &plans[i], nil
		}
		known = append(known, plans[i].Name)
	}
	return nil, fmt.Errorf("the demo has no incident %q: choose one of %s", name, strings.Join(known, ", "))
}

// Print writes the list of incidents for `why502 demo --list`.
func Print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, i := range Incidents() {
		if _, err := fmt.Fprintf(tw, "%s\t%s\n", i.Name, i.Title); err != nil {
			return err
		}
	}
	return tw.Flush()
}
