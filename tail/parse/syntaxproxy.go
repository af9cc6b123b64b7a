package parse

import (
	"strconv"
	"strings"

	"why502/tail"
)

// haproxyVars are HAProxy's log variables.
var haproxyVars = map[string]fieldSpec{
	"ci": {d: dClient}, "cp": {d: dClient, more: true}, "t": {d: dTime}, "tr": {d: dTime}, "T": {d: dTime, rank: 1, blanks: 1}, "Tl": {d: dTime, rank: 1, blanks: 1},
	"trg": {d: dTime, rank: 1, blanks: 1}, "trl": {d: dTime, rank: 1, blanks: 1}, "Ts": {d: dTime, rank: 2}, "f": {}, "ft": {},
	"b": {d: dBackend}, "s": {d: dServer}, "TR": {}, "Tq": {}, "Th": {}, "Ti": {}, "Td": {}, "Tw": {d: dQueue, u: uMilli},
	"Tc": {d: dConnect, u: uMilli}, "Tr": {d: dHeader, u: uMilli}, "Ta": {d: dDuration, u: uMilli}, "Tt": {d: dDuration, u: uMilli, rank: 1},
	"Tu": {d: dDuration, u: uMilli, rank: 1}, "ST": {d: dStatus}, "B": {d: dBytes}, "U": {}, "CC": {}, "CS": {}, "tsc": {d: dFlags}, "ts": {d: dFlags, rank: 1},
	"ac": {}, "fc": {}, "bc": {}, "sc": {}, "rc": {d: dRetries}, "sq": {}, "bq": {}, "hr": {braces: true}, "hs": {braces: true}, "r": {d: dRequest, blanks: 2},
	"HM": {d: dMethod}, "HU": {d: dPath}, "HP": {d: dPath, rank: 1}, "HPO": {d: dPath, rank: 1}, "HQ": {d: dQuery}, "HV": {d: dProtocol}, "ID": {d: dRequestID},
	"pid": {d: dPID}, "H": {}, "si": {}, "sp": {}, "bi": {}, "bp": {}, "fi": {}, "fp": {}, "lc": {}, "ms": {d: dTime, more: true}, "rt": {}, "sslc": {}, "sslv": {}, "hrl": {}, "hsl": {}, "CCl": {}, "o": {},
}

// haproxyToken matches a variable with its flags, a sample expression, or an
// escape.
var haproxyToken = tail.Pattern(`%(\{[^}]*\})?(\[(?:[^\[\]]|\[[^\]]*\])*\]|[A-Za-z]{1,4}|%)|\\.`)

// A field may bear a name and a type, which HAProxy uses when it encodes the line as
// JSON itself: "%{+json}o %(client_ip)ci %(status:sint)ST".
var (
	haproxyJSONOut = tail.Pattern(`%\{[^}]*\+json[^}]*\}o`)
	haproxyNamed   = tail.Pattern(`%\(([^():]*)(?::[a-z]+)?\)(\{[^}]*\})?(\[(?:[^\[\]]|\[[^\]]*\])*\]|[A-Za-z]+)`)
)

// isHAProxyNamed says whether a field of body has a name. gunicorn's "%(r)s" and
// uWSGI's "%(msecs)ms" look like it.
func isHAProxyNamed(body string) bool {
	for _, m := range haproxyNamed().FindAllStringSubmatch(body, -1) {
		if _, ok := haproxyVars[m[3]]; ok && m[3] != "s" && m[3] != "ms" {
			return true
		}
	}
	return false
}

// haproxyObject writes a format string that HAProxy encodes as JSON as the object that
// comes out.
func haproxyObject(body string) string {
	var members []string
	for _, m := range haproxyNamed().FindAllStringSubmatch(body, -1) {
		if m[1] != "" {
			members = append(members, strconv.Quote(m[1])+":"+strconv.Quote("%"+m[3]))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

func haproxyPieces(body string) []piece {
	body = haproxyNamed().ReplaceAllString(body, "%$2$3")
	return piecesOf(body, haproxyToken(), func(m string) []piece {
		if m[0] == '\\' {
			return []piece{{lit: m[1:]}}
		}
		sub := haproxyToken().FindStringSubmatch(m)
		name, flags := sub[2], sub[1]
		if name == "%" {
			return []piece{{lit: "%"}}
		}
		if name[0] == '[' {
			return haproxyQuoted(flags, piece{field: true, name: m, spec: haproxySample(name)})
		}
		rest := ""
		spec, ok := haproxyVars[name]
		for !ok && len(name) > 1 { // the longest name that is one
			name, rest = name[:len(name)-1], name[len(name)-1:]+rest
			spec, ok = haproxyVars[name]
		}
		if name == "o" && flags != "" {
			return []piece{{lit: rest}} // flags for all that follows; values show them by their quotes
		}
		return append(haproxyQuoted(flags, piece{field: true, name: "%" + name, spec: spec}), piece{lit: rest})
	})
}

// haproxyQuoted puts quotes around a field with the flag Q.
func haproxyQuoted(flags string, p piece) []piece {
	if strings.Contains(flags, "+Q") {
		return []piece{{lit: `"`}, p, {lit: `"`}}
	}
	return []piece{p}
}

// haproxySample knows the sample expressions that stand for something of a
// request.
func haproxySample(expr string) fieldSpec {
	switch e := strings.ToLower(strings.ReplaceAll(expr, " ", "")); {
	case strings.HasPrefix(e, "[src"):
		return fieldSpec{d: dClient, rank: 1}
	case strings.HasPrefix(e, "[unique-id"), strings.Contains(e, "hdr(x-request-id)"):
		return fieldSpec{d: dRequestID}
	case strings.Contains(e, "hdr(host)"), strings.HasPrefix(e, "[ssl_fc_sni"):
		return fieldSpec{d: dHost}
	case strings.Contains(e, "hdr(user-agent)"):
		return fieldSpec{d: dUserAgent}
	case strings.Contains(e, "hdr(referer)"):
		return fieldSpec{d: dReferer}
	case strings.Contains(e, "hdr(x-forwarded-for)"):
		return fieldSpec{d: dClient, rank: 2, list: true}
	case strings.HasPrefix(e, "[method"), strings.HasPrefix(e, "[capture.req.method"):
		return fieldSpec{d: dMethod}
	case strings.HasPrefix(e, "[capture.req.uri"), strings.HasPrefix(e, "[pathq"), strings.HasPrefix(e, "[url"):
		return fieldSpec{d: dPath}
	case strings.HasPrefix(e, "[path"):
		return fieldSpec{d: dPath, rank: 1}
	case strings.HasPrefix(e, "[query"):
		return fieldSpec{d: dQuery}
	case strings.HasPrefix(e, "[status"):
		return fieldSpec{d: dStatus}
	}
	return fieldSpec{}
}

// envoyVars are Envoy's command operators, header names in lower case.
var envoyVars = map[string]fieldSpec{
	"START_TIME": {d: dTime}, "REQ(:METHOD)": {d: dMethod}, "REQ(:PATH)": {d: dPath}, "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)": {d: dPath},
	"REQ(X-ENVOY-ORIGINAL-PATH)": {d: dPath, rank: 1}, "PATH": {d: dPath}, "PROTOCOL": {d: dProtocol}, "RESPONSE_CODE": {d: dStatus},
	"RESPONSE_FLAGS": {d: dFlags}, "RESPONSE_FLAGS_LONG": {d: dFlags, rank: 1}, "RESPONSE_CODE_DETAILS": {d: dDetails},
	"UPSTREAM_TRANSPORT_FAILURE_REASON": {d: dReason}, "BYTES_SENT": {d: dBytes}, "DURATION": {d: dDuration, u: uMilli},
	"REQUEST_DURATION": {}, "RESPONSE_DURATION": {d: dHeader, u: uMilli, rank: 1}, "RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)": {d: dHeader, u: uMilli},
	"REQ(X-FORWARDED-FOR)": {d: dClient, list: true}, "DOWNSTREAM_REMOTE_ADDRESS": {d: dClient, rank: 1},
	"DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT": {d: dClient, rank: 1}, "DOWNSTREAM_DIRECT_REMOTE_ADDRESS": {d: dClient, rank: 2},
	"REQ(USER-AGENT)": {d: dUserAgent}, "REQ(REFERER)": {d: dReferer}, "REQ(X-REQUEST-ID)": {d: dRequestID}, "REQ(:AUTHORITY)": {d: dHost},
	"REQ(HOST)": {d: dHost}, "UPSTREAM_HOST": {d: dUpstream}, "UPSTREAM_REMOTE_ADDRESS": {d: dUpstream, rank: 1}, "UPSTREAM_CLUSTER": {d: dBackend},
	"UPSTREAM_CLUSTER_RAW": {d: dBackend, rank: 1}, "ROUTE_NAME": {d: dBackend, rank: 2}, "CONNECTION_ID": {d: dConn},
}

// isEnvoy says whether body has an operator of Envoy's; "%HP%HQ" is HAProxy's.
func isEnvoy(body string) bool {
	for _, m := range envoyName().FindAllString(body, -1) {
		if _, ok := envoyVars[operator(m)]; ok || strings.HasSuffix(m, ")%") {
			return true
		}
	}
	return false
}

// operator is the name of a command operator without its length limit.
func operator(m string) string {
	return envoyCut().ReplaceAllString(strings.ToUpper(strings.Trim(m, "%")), "")
}

var envoyCut = tail.Pattern(`:\d+$`)

func envoyPieces(body string) []piece {
	body = strings.ReplaceAll(strings.ReplaceAll(body, `\n`, ""), `\"`, `"`)
	return piecesOf(body, envoyName(), func(m string) []piece {
		name := operator(m)
		spec, ok := envoyVars[name]
		if !ok && strings.HasPrefix(name, "START_TIME(") {
			spec = fieldSpec{d: dTime, blanks: strings.Count(name, " "), loose: true}
		}
		return []piece{{field: true, name: m, spec: spec}}
	})
}
