package parse

import "slices"

// formats is the table. Its order is the order of detection: formats of which
// others would accept a line stand first.
var formats = assemble(
	haproxyFormats, haproxyEventFormats,
	nginxErrorFormats,
	goFormats,
	nginxFormats, streamFormats,
	ingressFormats, kongFormats, apisixFormats,
	envoyFormats, envoyJSONFormats, envoyLogFormats,
	traefikFormats, caddyFormats, squidFormats,
	pythonAccess, pythonFormats, uwsgiFormats, nodeFormats, appFormats,
	apacheErrorFormats, clfFormats, apacheFormats, timedFormats, requestFormats,
	apintoFormats, apiFormats,
	cloudFormats, awsFormats, w3cFormats,
	genericFormats,
	logfmtFormats, ltsvFormats,
	systemFormats, tracebackFormats,
)

var formatIndex = func() map[string]int {
	m := make(map[string]int, len(formats))
	for i := range formats {
		m[formats[i].Name] = i
	}
	return m
}()

// beginsStrict and beginsInner list the formats of which a line may begin with a
// byte: those to ask at every depth of prefixes, and those to ask about the
// innermost text only.
var (
	beginsStrict = byFirst(false)
	beginsInner  = byFirst(true)
)

func byFirst(inner bool) (by [256][]uint16) {
	var own []uint16
	for i := range formats {
		if formats[i].inner == inner {
			own = append(own, uint16(i))
		}
	}
	all := make([]uint16, 0, len(by)*len(own)) // one for all bytes: the program starts with this
	for c := range by {
		from := len(all)
		for _, i := range own {
			if formats[i].begins(byte(c)) {
				all = append(all, i)
			}
		}
		by[c] = all[from:len(all):len(all)]
	}
	return by
}

func assemble(groups ...[]Format) []Format {
	all := slices.Concat(groups...)
	for i := range all {
		f := &all[i]
		f.New = func(env Env) Parser { return newParser(f, newState(env)) }
	}
	return all
}

// Formats returns the table of formats in the order of detection. The slice is
// the caller's own.
func Formats() []Format { return append([]Format(nil), formats...) }
