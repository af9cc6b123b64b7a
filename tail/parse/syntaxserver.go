package parse

import (
	"strings"

	"why502/tail"
)

// The format strings of application servers, and of Caddy's transform encoder.
var (
	gunicornName = tail.Pattern(`%\((\{[^}]+\}[ioe]|[a-zA-Z]{1,2})\)s`)
	uwsgiName    = tail.Pattern(`%\(([a-z_]+(?:\.[A-Za-z_]+)?)\)`)
	caddyName    = tail.Pattern(`\{(request>[^{}]+|resp_headers>[^{}]+|common_log|ts|status|size|duration|user_id|level|logger|msg|bytes_read)\}`)
)

// gunicornVars are the atoms of gunicorn's access_log_format, which hypercorn has
// too.
var gunicornVars = map[string]fieldSpec{
	"h": {d: dClient}, "t": {d: dTime, blanks: 1}, "r": {d: dRequest, blanks: 2}, "R": {d: dRequest, blanks: 2}, "m": {d: dMethod}, "U": {d: dPath},
	"q": {d: dQuery}, "H": {d: dProtocol}, "s": {d: dStatus}, "st": {blanks: 1}, "b": {d: dBytes}, "B": {d: dBytes}, "f": {d: dReferer},
	"a": {d: dUserAgent}, "T": {d: dDuration, u: uSec, rank: 3}, "M": {d: dDuration, u: uMilli, rank: 2}, "D": {d: dDuration, u: uMicro},
	"L": {d: dDuration, u: uSec, rank: 1}, "p": {d: dPID}, "{host}i": {d: dHost}, "{x-request-id}i": {d: dRequestID}, "{x-request-id}o": {d: dRequestID},
	"{x-forwarded-for}i": {d: dClient, rank: 1, list: true}, "{x-real-ip}i": {d: dClient, rank: 1}, "{user-agent}i": {d: dUserAgent}, "{referer}i": {d: dReferer},
}

func gunicornPieces(body string) []piece {
	return piecesOf(body, gunicornName(), func(m string) []piece {
		name := m[2 : len(m)-2]
		if name[0] == '{' {
			name = strings.ToLower(name)
		}
		return []piece{{field: true, name: m, spec: gunicornVars[name]}}
	})
}

// uwsgiVars are the variables of uWSGI's log-format.
var uwsgiVars = map[string]fieldSpec{
	"addr": {d: dClient}, "var.HTTP_X_FORWARDED_FOR": {d: dClient, rank: 1, list: true}, "var.HTTP_X_REAL_IP": {d: dClient, rank: 1},
	"ltime": {d: dTime, blanks: 1}, "ctime": {d: dTime, blanks: 4}, "ftime": {d: dTime, blanks: 1, loose: true}, "time": {d: dTime}, "tmsecs": {d: dTime}, "tmicros": {d: dTime},
	"method": {d: dMethod}, "uri": {d: dPath}, "proto": {d: dProtocol}, "status": {d: dStatus}, "rsize": {d: dBytes}, "size": {d: dBytes, rank: 1},
	"host": {d: dHost}, "var.HTTP_HOST": {d: dHost}, "uagent": {d: dUserAgent}, "referer": {d: dReferer}, "var.HTTP_X_REQUEST_ID": {d: dRequestID},
	"micros": {d: dDuration, u: uMicro}, "msecs": {d: dDuration, u: uMilli, rank: 1}, "secs": {d: dDuration, u: uSec, rank: 2}, "rssM": {}, "pid": {d: dPID},
}

func uwsgiPieces(body string) []piece {
	return piecesOf(body, uwsgiName(), func(m string) []piece {
		return []piece{{field: true, name: m, spec: uwsgiVars[m[2:len(m)-1]]}}
	})
}

// caddyVars are the placeholders of the transform encoder: the paths of the JSON
// access log.
var caddyVars = map[string]fieldSpec{
	"request>remote_ip": {d: dClient, rank: 1}, "request>client_ip": {d: dClient}, "request>remote_addr": {d: dClient, rank: 1},
	"ts": {d: dTime, blanks: 1, loose: true}, "request>method": {d: dMethod}, "request>uri": {d: dPath}, "request>proto": {d: dProtocol}, "request>host": {d: dHost},
	"status": {d: dStatus}, "size": {d: dBytes}, "duration": {d: dDuration, u: uSec}, "request>headers>user-agent>[0]": {d: dUserAgent},
	"request>headers>user-agent": {d: dUserAgent}, "request>headers>referer>[0]": {d: dReferer}, "request>headers>referer": {d: dReferer},
	"request>headers>x-request-id>[0]": {d: dRequestID}, "level": {d: dLevel}, "msg": {d: dMessage, blanks: 1},
}

// caddyCommon is what {common_log} stands for.
const caddyCommon = `{request>remote_ip} - {user_id} [{ts}] "{request>method} {request>uri} {request>proto}" {status} {size}`

func caddyPieces(body string) []piece {
	body = strings.ReplaceAll(body, "{common_log}", caddyCommon)
	return piecesOf(body, caddyName(), func(m string) []piece {
		return []piece{{field: true, name: m, spec: caddyVars[strings.ToLower(strings.Trim(m, "{}"))]}}
	})
}
