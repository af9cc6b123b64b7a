package parse

import (
	"regexp"
	"slices"
	"strings"

	"why502/tail"
)

var (
	nginxDirective = tail.Pattern(`^log_format\s+\S+\s+(escape=\S+\s+)?`)
	otherDirective = tail.Pattern(`^(?i:LogFormat|log-format|CustomLog\s+\S+)\s+`)
	nginxName      = tail.Pattern(`\$(\{[a-z_0-9]+\}|[a-z_][a-z_0-9]*)`)
	envoyName      = tail.Pattern(`%[A-Z][A-Z_0-9]+(\([^)]*\))?(:\d+)?%`)
	haproxyName    = tail.Pattern(`%(\{[^}]*\})?(ST|tsc|ts|TR|Tw|Tc|Ta|Tt|Tq|ci|cp|ft|HM|HU|HP|hr|hs|sq|bq|ac|rc|\[)`)
	apacheName     = tail.Pattern(`%(!?[0-9,]+|[<>])*(\{[^}]*\})?(\^?[A-Za-z]+)`)
)

// directive takes the configuration's words and quotes around a format string
// off, and says whether it asked for JSON escapes.
func directive(text string) (body string, json bool) {
	named := false // a nickname may follow
	if m := nginxDirective().FindStringIndex(text); m != nil {
		json = strings.Contains(text[:m[1]], "escape=json")
		text = text[m[1]:]
	} else if m := otherDirective().FindStringIndex(text); m != nil {
		text, named = text[m[1]:], true
	}
	text = strings.TrimSuffix(strings.TrimSpace(text), ";")
	if text == "" || text[0] != '\'' && text[0] != '"' {
		return text, json
	}
	var b strings.Builder
	whole := text
	for text != "" && (text[0] == '\'' || text[0] == '"') {
		q := text[0]
		i := 1
		for i < len(text) && text[i] != q {
			if text[i] == '\\' && i+1 < len(text) && (text[i+1] == q || text[i+1] == '\\') {
				i++
			}
			b.WriteByte(text[i])
			i++
		}
		text = strings.TrimSpace(text[min(i+1, len(text)):])
	}
	if text != "" && !named {
		return whole, json // the quotes are the format's
	}
	return b.String(), json
}

// syntax is how a gateway writes format strings.
type syntax struct {
	gateway string
	kind    tail.Kind
	is      func(body string) bool
	pieces  func(body string) []piece
	finish  func(s *state, ev *tail.Event)
}

// syntaxes stand in the order in which they are told apart.
var syntaxes = []syntax{
	{"haproxy", tail.KindAccess, isHAProxyNamed, haproxyPieces, haproxyTemplateFinish},
	{"envoy", tail.KindAccess, isEnvoy, envoyPieces, func(_ *state, ev *tail.Event) { envoyMaker(ev) }},
	{"nginx", tail.KindAccess, matches(nginxName), nginxPieces, func(s *state, ev *tail.Event) { nginxMaker(s.rec.set, ev) }},
	{"gunicorn", tail.KindUpstream, matches(gunicornName), gunicornPieces, nil},
	{"uwsgi", tail.KindUpstream, matches(uwsgiName), uwsgiPieces, nil},
	{"caddy", tail.KindAccess, matches(caddyName), caddyPieces, nil},
	{"haproxy", tail.KindAccess, isHAProxy, haproxyPieces, haproxyTemplateFinish},
	{"apache", tail.KindAccess, matches(apacheName), apachePieces, nil},
}

// Syntaxes names the gateways and servers whose format strings Named takes.
func Syntaxes() []string {
	names := make([]string, len(syntaxes))
	for i := range syntaxes {
		names[i] = syntaxes[i].gateway
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// syntaxOf tells whose format string it is, nil when it is nobody's.
func syntaxOf(body string) *syntax {
	for i := range syntaxes {
		if syntaxes[i].is(body) {
			return &syntaxes[i]
		}
	}
	return nil
}

// matches tells a format string by a name in it.
func matches(names func() *regexp.Regexp) func(body string) bool {
	return func(body string) bool { return names().MatchString(body) }
}

func isHAProxy(body string) bool {
	return haproxyName().MatchString(body) && !strings.Contains(body, "%>s") && !strings.Contains(body, "}i")
}

// pieces cuts body at the matches of names, which of turns into fields.
func piecesOf(body string, names *regexp.Regexp, of func(m string) []piece) []piece {
	var out []piece
	at := 0
	for _, m := range names.FindAllStringIndex(body, -1) {
		if m[0] > at {
			out = append(out, piece{lit: body[at:m[0]]})
		}
		out = append(out, of(body[m[0]:m[1]])...)
		at = m[1]
	}
	return append(out, piece{lit: body[at:]})
}

// nginxVars are nginx's variables, and those of ingress-nginx, Kong and APISIX.
var nginxVars = map[string]fieldSpec{
	"remote_addr": {d: dClient}, "realip_remote_addr": {d: dClient, rank: 1}, "http_x_forwarded_for": {d: dClient, rank: 2, list: true},
	"proxy_add_x_forwarded_for": {d: dClient, rank: 2, list: true}, "the_real_ip": {d: dClient},
	"time_local": {d: dTime, blanks: 1}, "time_iso8601": {d: dTime}, "msec": {d: dTime},
	"request": {d: dRequest, blanks: 2}, "request_method": {d: dMethod}, "request_uri": {d: dPath}, "uri": {d: dPath, rank: 1},
	"document_uri": {d: dPath, rank: 1}, "args": {d: dQuery}, "query_string": {d: dQuery}, "is_args": {d: dQuery, rank: 1},
	"remote_port": {d: dClient, more: true}, "server_protocol": {d: dProtocol}, "host": {d: dHost}, "http_host": {d: dHost}, "server_name": {d: dHost, rank: 1},
	"http_user_agent": {d: dUserAgent}, "http_referer": {d: dReferer}, "request_id": {d: dRequestID}, "req_id": {d: dRequestID},
	"http_x_request_id": {d: dRequestID, rank: 1}, "kong_request_id": {d: dRequestID}, "apisix_request_id": {d: dRequestID},
	"status": {d: dStatus}, "body_bytes_sent": {d: dBytes}, "bytes_sent": {d: dBytes, rank: 1}, "request_time": {d: dDuration, u: uSec},
	"upstream_addr": {d: dUpstream, list: true}, "upstream_status": {d: dUpstreamStatus, list: true},
	"upstream_connect_time": {d: dConnect, u: uSec, list: true}, "upstream_header_time": {d: dHeader, u: uSec, list: true},
	"upstream_response_time": {d: dResponse, u: uSec, list: true}, "upstream_response_length": {list: true},
	"upstream_bytes_received": {list: true}, "upstream_bytes_sent": {list: true}, "upstream_cache_status": {list: true},
	"proxy_upstream_name": {d: dBackend}, "proxy_host": {d: dBackend, rank: 1}, "pid": {d: dPID}, "connection": {d: dConn},
}

func nginxPieces(body string) []piece {
	return piecesOf(body, nginxName(), func(m string) []piece {
		name := strings.Trim(m[1:], "{}")
		return []piece{{field: true, name: "$" + name, spec: nginxVars[name]}}
	})
}

// apacheVars are the directives of mod_log_config, without modifiers.
var apacheVars = map[string]fieldSpec{
	"h": {d: dClient}, "a": {d: dClient, rank: 1}, "t": {d: dTime, blanks: 1}, "r": {d: dRequest, blanks: 2}, "s": {d: dStatus, rank: 1}, ">s": {d: dStatus},
	"b": {d: dBytes}, "B": {d: dBytes}, "O": {d: dBytes, rank: 1}, "D": {d: dDuration, u: uMicro}, "T": {d: dDuration, u: uSec, rank: 1},
	"{s}T": {d: dDuration, u: uSec, rank: 1}, "{ms}T": {d: dDuration, u: uMilli}, "{us}T": {d: dDuration, u: uMicro},
	"^FB": {d: dHeader, u: uMicro}, "U": {d: dPath}, "q": {d: dQuery}, "m": {d: dMethod}, "H": {d: dProtocol}, "v": {d: dHost, rank: 1},
	"V": {d: dHost, rank: 1}, "P": {d: dPID}, "L": {d: dRequestID, rank: 2},
	"{sec}t": {d: dTime}, "{msec}t": {d: dTime}, "{usec}t": {d: dTime},
	"{msec_frac}t": {d: dTime, more: true}, "{usec_frac}t": {d: dTime, more: true}, "{%z}t": {d: dTime, more: true}, "{remote}p": {d: dClient, more: true},
	"{user-agent}i": {d: dUserAgent}, "{referer}i": {d: dReferer}, "{host}i": {d: dHost}, "{x-forwarded-for}i": {d: dClient, rank: 2, list: true},
	"{x-request-id}i": {d: dRequestID}, "{x-request-id}o": {d: dRequestID}, "{unique_id}e": {d: dRequestID, rank: 1},
	"{balancer_worker_name}e": {d: dUpstream}, "{balancer_name}e": {d: dBackend}, "{balancer_worker_route}e": {d: dBackend, rank: 1},
}

func apachePieces(body string) []piece {
	body = strings.ReplaceAll(strings.ReplaceAll(body, `\"`, `"`), `\t`, "\t")
	return piecesOf(strings.ReplaceAll(body, "%%", "\x00"), apacheName(), func(m string) []piece {
		sub := apacheName().FindStringSubmatch(m)
		letters := sub[3]
		n := 1 // a directive is one letter, or ^ and two
		if letters[0] == '^' {
			n = min(3, len(letters))
		}
		name := strings.ToLower(sub[2]) + letters[:n]
		spec, ok := apacheVars[name]
		switch {
		case sub[2] == "" && strings.HasSuffix(sub[1], ">") && name == "s":
			spec = apacheVars[">s"]
		case !ok && letters[:n] == "t" && sub[2] != "": // strftime
			spec = fieldSpec{d: dTime, rank: 1, blanks: strings.Count(sub[2], " "), loose: true}
		}
		out := []piece{{field: true, name: "%" + name, spec: spec}}
		if rest := letters[n:]; rest != "" {
			out = append(out, piece{lit: rest})
		}
		return out
	})
}
