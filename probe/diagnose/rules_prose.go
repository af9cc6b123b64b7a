package diagnose

import (
	"cmp"
	"regexp"
	"strings"

	"why502/probe/incident"
	"why502/tail"
)

// What people write around the lines that they paste, and what applications say as
// they start, decides between causes that leave the same line. Only an excerpt has
// such words: in a log of a server they would be somebody's text.

// prose is one kind of such words.
type prose struct {
	words    func() *regexp.Regexp
	symptoms []string // of the failures that the words may explain
	remote   bool     // only where the upstream is no loopback address
	says     weighing
}

var proses = []prose{
	{
		words:    tail.Pattern(`(?i)\b(sporadic|intermittent|randomly|occasional|sometimes|rarely|from time to time|every now and then|a small (percentage|fraction|number)|a few requests|(about|around|~|only)\s*0?\.\d+ ?%|once in a while|now and then|1 (of|in|out of) \d{2,}|keep-?alive-?time-?out|keepAliveTimeout|idle time-?out)`),
		symptoms: []string{symEarlyClose, symReset, "send-failed"},
		says:     weighing{cause: KeepaliveRace, weight: 1.9, meaning: "The text beside the lines speaks of single failures among many requests, or of keep-alive timeouts: an idle connection is reused too late."},
	},
	{
		words:    tail.Pattern(`(?i)\b(works|fine|ok|fixed|solved|helps?|goes away|gone|reachable)\b.{0,40}\b(after|until|when|if)\b.{0,40}\b(reload|restart)|\b(after|until)\b.{0,30}\b(nginx -s reload|reload(ing)?|restart(ing)?)\b.{0,60}\b(works|fine|ok)\b|\b(has|have|had|got|gets?|is)\b.{0,20}\b(a new|an?other|other|different|changed) (ip|address)`),
		symptoms: []string{symConnTimeout, symNoRoute, symRefused},
		says: weighing{
			cause: DNS, weight: 3.0, title: "{upstream} is an old address: the gateway resolved the name only at its start",
			meaning: "The text beside the lines says that a reload helps or that the address changed: the gateway keeps the address that the name had when it started.",
			advice: &Advice{
				Next:     []string{"Compare the address in the log with what the name resolves to now; let the gateway resolve it again (nginx: resolver and a variable in proxy_pass; HAProxy: resolvers)."},
				Commands: []string{"dig +short {name}"},
				Step:     5,
			},
		},
	},
	{
		words:    tail.Pattern(`(?i)\b(running on|listening (on|at):?|server (is )?(running|listening|started) (on|at)|started (server )?on|bound to|LISTEN .*|Local:)\W+(https?://)?(127\.0\.0\.1|localhost|\[::1\]):\d+`),
		symptoms: []string{symRefused, symEarlyClose, symReset, symNoServer},
		remote:   true,
		says: weighing{
			cause: GatewayConfig, weight: 3.2, title: "the application listens on its own loopback address only",
			meaning: "The application says that it listens on 127.0.0.1 (or localhost): from outside its container or host nobody reaches it there.",
			advice: &Advice{
				Next:     []string{"Let the application listen on 0.0.0.0 (flask run --host, gunicorn -b 0.0.0.0:8000, uvicorn --host, vite --host, HOST=0.0.0.0)."},
				Commands: []string{"ss -ltnp 'sport = :{port}'"},
				Step:     4,
			},
		},
	},
}

// proseRule weighs what the words around pasted lines say.
func proseRule(g *group) []weighing {
	if !g.shape.excerpt {
		return nil
	}
	var out []weighing
	for i := range proses {
		p := &proses[i]
		if !g.has(p.symptoms...) || p.remote && g.local() {
			continue
		}
		if line := saying(g.ev.snap, p.words); line != "" {
			w := p.says
			w.sample = line
			out = append(out, w)
		}
	}
	return out
}

// listens finds the port on which an application says that it listens.
var listens = tail.Pattern(`(?i)\b(?:listening|running|started|ready|serving)\b(?: \w+)?(?: on| at|:)(?: port(?:\(s\))?| address)?\W+(?:https?://)?(?:[\w.*-]+:|\[[0-9a-f:]*\]:|:)?(\d{2,5})\b`)

// announcedPort: the gateway is refused at one port while the application says that it
// listens on another.
func announcedPort(g *group) []weighing {
	if !g.shape.excerpt || !g.has(symRefused) {
		return nil
	}
	asked := askedPort().FindStringSubmatch(cmp.Or(g.server(), g.upstream(), g.told(), saying(g.ev.snap, askedPort)))
	m := listens().FindStringSubmatch(saying(g.ev.snap, listens))
	if asked == nil || m == nil || m[1] == asked[1] {
		return nil
	}
	return []weighing{{
		cause: GatewayConfig, weight: 3.2, title: "the gateway asks port " + asked[1] + ", the application listens on " + m[1], sample: saying(g.ev.snap, listens),
		meaning: "The application says on which port it listens, and the gateway is refused at another one.",
		advice: &Advice{
			Next:     []string{"Give the gateway the port on which the application listens, the one inside its container."},
			Commands: []string{"ss -ltnp"},
			Step:     4,
		},
	}}
}

// askedPort finds the port of an upstream: the address itself, or in a line.
var askedPort = tail.Pattern(`(?:^|upstream: "\w+://|dial tcp |[Cc]onnect to )\S*?:(\d{2,5})\b`)

// local says whether the gateway asks its own loopback, where an application that
// listens there is reached; a port that docker publishes is not.
func (g *group) local() bool {
	up := g.address()
	if m := askedUpstream().FindStringSubmatch(saying(g.ev.snap, askedUpstream)); !up.IsValid() && m != nil {
		return m[1] == "127." || m[1] == "local"
	}
	return (up.IsLoopback() || !up.IsValid()) && saying(g.ev.snap, published) == ""
}

// askedUpstream finds the upstream in a line of nginx that was cut or wrapped.
var askedUpstream = tail.Pattern(`upstream: "\w+://(127\.|local|[\w\[])`)

// published is a port of a container in the output of docker ps, or a pod's probe.
var published = tail.Pattern(`0\.0\.0\.0:\d+->|\bprobe failed: `)

// saying returns the first line of the snapshot that says words, "" for none.
func saying(s *incident.Snapshot, words func() *regexp.Regexp) string {
	for i := range s.Sources {
		for _, line := range s.Sources[i].UnparsedSamples {
			if words().MatchString(line) {
				return strings.TrimSpace(line)
			}
		}
	}
	for i := range s.Traffic.Messages {
		if m := &s.Traffic.Messages[i]; words().MatchString(m.Sample) {
			return strings.TrimSpace(m.Sample)
		}
	}
	return ""
}
