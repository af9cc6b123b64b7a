package parse

// formats is the table. Its order is the order of detection: formats of which
// others would accept a line stand first.
var formats = assemble(
	haproxyFormats, haproxyEventFormats,
	nginxErrorFormats,
	goFormats,
	nginxFormats, streamFormats,
	ingressFormats, kongFormats, apisixFormats,
	envoyFormats, envoyJSONFormats, envoyLogFormats,
	traefikFormats, caddyFormats,
	pythonFormats, uwsgiFormats, nodeFormats,
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
	for i := range formats {
		for c := 0; c < 256 && formats[i].inner == inner; c++ {
			if formats[i].begins(byte(c)) {
				by[c] = append(by[c], uint16(i))
			}
		}
	}
	return by
}

func assemble(groups ...[]Format) []Format {
	var all []Format
	for _, g := range groups {
		all = append(all, g...)
	}
	for i := range all {
		f := &all[i]
		f.New = func(env Env) Parser { return newParser(f, newState(env)) }
	}
	return all
}

// Formats returns the table of formats in the order of detection. The slice is
// the caller's own.
func Formats() []Format { return append([]Format(nil), formats...) }
