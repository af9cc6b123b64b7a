package checklist

import (
	"fmt"
	"net/http"
	"strings"

	"why502/probe"
	"why502/probe/incident"
	"why502/tail/window"
)

// maxRoutes is how many failing routes are asked at one upstream.
const maxRoutes = 5

// pythonServers are application servers of Python by what their Server header
// holds.
var pythonServers = []string{"gunicorn", "Werkzeug", "uvicorn", "hypercorn", "daphne", "waitress", "WSGIServer", "uWSGI", "Cheroot"}

// routes asks the routes that fail in the log at the upstream itself: with HEAD,
// and where that is not allowed with GET, if GET is what failed. Nothing that may
// change something is ever sent.
func (j *job) routes(o *outcome) {
	routes := j.failingRoutes()
	u := j.httpUpstream()
	if len(routes) == 0 || u == nil {
		return
	}
	base, err := u.target()
	if err != nil {
		return
	}
	app := ""
	for _, name := range pythonServers {
		if r := u.last(); r != nil && strings.Contains(strings.ToLower(r.Server), strings.ToLower(name)) {
			app = name + " "
		}
	}
	results := make([]probe.Result, len(routes))
	each(len(routes), func(i int) { results[i] = j.askRoute(base, routes[i]) })
	for i := range results {
		j.routeOutcome(o, u.addr, app, routes[i], &results[i])
	}
}

// failingRoutes are the most failing routes of the log whose path is known to the
// letter: folded ids can't be asked.
func (j *job) failingRoutes() []string {
	var routes []string
	for _, c := range j.snap.Traffic.Top[window.ByRoute] {
		method, path, ok := strings.Cut(c.Value, " ")
		if c.Failed == 0 || !ok || method == "" || !strings.HasPrefix(path, "/") || strings.Contains(path, "/:") || strings.ContainsAny(path, " *\\\"<>") {
			continue
		}
		if len(routes) < maxRoutes && len(path) < 512 {
			routes = append(routes, method+" "+path)
		}
	}
	return routes
}

// httpUpstream picks an upstream that took a request, the failing ones first.
func (j *job) httpUpstream() *upstream {
	var best *upstream
	for i := range j.ups {
		u := &j.ups[i]
		r := u.last()
		if r == nil || r.Status == 0 || u.socket() != "" {
			continue
		}
		if best == nil || u.failed > best.failed {
			best = u
		}
	}
	return best
}

func (j *job) askRoute(base probe.Target, route string) probe.Result {
	method, path, _ := strings.Cut(route, " ")
	scheme, rest, _ := strings.Cut(base.URL, "://")
	authority, _, _ := strings.Cut(rest, "/")
	t := base
	t.URL, t.Gentle = scheme+"://"+authority+path, true
	if parsed, err := probe.ParseTarget(t.URL); err == nil {
		t.URL = parsed.URL
	}
	r := j.opt.Probe(j.ctx, t, probe.Options{})
	if (r.Status == http.StatusMethodNotAllowed || r.Status == http.StatusNotImplemented) && method == http.MethodGet {
		t.Gentle = false
		r = j.opt.Probe(j.ctx, t, probe.Options{})
	}
	return r
}

// routeOutcome says what the upstream itself makes of a route that fails at the
// gateway.
func (j *job) routeOutcome(o *outcome, addr, app, route string, r *probe.Result) {
	method, path, _ := strings.Cut(route, " ")
	asked := fmt.Sprintf("%s fails in the log; asked directly, %s%s ", route, app, addr)
	switch {
	case r.Status >= 500:
		o.add(asked+fmt.Sprintf("answers %d: the application fails on this route by itself, look into its own log", r.Status), evidence(r))
		o.raise(incident.Warn, fmt.Sprintf("route answers %d", r.Status))
	case r.Status == http.StatusNotFound:
		o.add(asked+"answers 404: the application has no such route (path rewritten by the gateway? trailing slash?)", evidence(r))
		o.raise(incident.Warn, "route answers 404")
	case r.Status == http.StatusMethodNotAllowed && method != http.MethodGet && method != http.MethodHead:
		o.add(asked+"knows the route for other methods than HEAD (405)", evidence(r))
	case r.Status == http.StatusMethodNotAllowed:
		o.add(asked+"answers 405: the route does not take "+method, evidence(r))
		o.raise(incident.Warn, "route answers 405")
	case r.Status > 0:
		o.add(asked+fmt.Sprintf("answers %d: the failure is between gateway and application, or needs the request's own data", r.Status), evidence(r))
	default:
		o.add(fmt.Sprintf("%s fails in the log and directly too: %s", route, long(addr+path, r)), evidence(r))
		o.raise(incident.Fail, short(r))
	}
}
