package parse

import (
	"bytes"

	"why502/tail"
)

// w3cFormats are logs whose columns a "#Fields:" line names. The header line is
// state: a parser that has not seen one yet assumes the gateway's default
// columns. Header lines are events of kind error without a level: the gateway's own
// words, and no request.
var w3cFormats = []Format{
	{
		Name: "cloudfront", Gateway: "cloudfront", Kind: tail.KindAccess, first: "#0",
		Title: "Amazon CloudFront standard log, seconds",
		Doc:   "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html",
		build: w3c("cloudfront", '\t'),
		Positive: []Sample{{
			"2019-12-13\t22:37:02\tSEA19-C2\t900\t192.0.2.200\tGET\td111111abcdef8.cloudfront.net\t/a%2520b\t502\t-\tcurl/7.55.1%20x\tq=1\t-\tError\tkBkD==\twww.example.com\thttp\t387\t0.103\t-\t-\t-\tError\tHTTP/1.1\t-\t-\t12644\t0.100\tOriginDnsError\ttext/html\t507\t-\t-",
			[]string{
				"time", "2019-12-13T22:37:02Z", "client", "192.0.2.200", "method", "GET", "path", "/a%20b?q=1", "status", "502", "duration", "0.103",
				"flags", "OriginDnsError", "request_id", "kBkD==", "host", "www.example.com", "user_agent", "curl/7.55.1 x", "bytes", "900",
			},
		}},
		Negative: []string{"#Fields: date time s-ip cs-method cs-uri-stem sc-status time-taken"},
	},
	{
		Name: "iis", Gateway: "iis", Kind: tail.KindAccess, first: "#0",
		Title: "IIS, milliseconds", Doc: "https://learn.microsoft.com/windows/win32/http/w3c-logging",
		build: w3c("iis", ' '),
		Positive: []Sample{{
			"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) cs-host sc-status sc-substatus sc-win32-status time-taken\n" +
				"2022-05-08 01:26:01 10.119.32.8 POST /a.svc x=1 443 - 10.119.38.250 Mozilla/5.0+(X) - h.example 502 3 12002 30232",
			[]string{
				"time", "2022-05-08T01:26:01Z", "path", "/a.svc?x=1", "status", "502", "duration", "30.232", "client", "10.119.38.250",
				"flags", "502.3 12002", "host", "h.example", "user_agent", "Mozilla/5.0+(X)",
			},
		}, {
			"2022-05-08 01:26:01 10.119.32.8 GET / - 443 - 10.119.38.250 Mozilla/5.0 - 500 0 0 232",
			[]string{"status", "500", "duration", "0.232"},
		}, {
			"#Software: Microsoft Internet Information Services 8.5\n#Date: 2001-05-02 17:42:15\n#Fields: time c-ip cs-method cs-uri-stem sc-status time-taken\n17:42:15 172.16.255.255 GET /default.htm 200 17",
			[]string{"time", "2001-05-02T17:42:15Z", "status", "200", "duration", "0.017"},
		}},
	},
	{
		Name: "w3c", Gateway: "generic", Kind: tail.KindAccess, first: "#0a\"",
		Title: "W3C extended log of anything with a #Fields line; time-taken has no agreed unit and stays unknown without a fraction",
		Doc:   "https://www.w3.org/TR/WD-logfile.html",
		build: w3c("generic", 0),
		Positive: []Sample{{
			"#Fields: date time c-ip cs-method cs-uri-stem sc-status sc-bytes time-taken\n2022-05-08 01:26:01 10.1.1.1 GET /a 503 12 0.250",
			[]string{"time", "2022-05-08T01:26:01Z", "path", "/a", "status", "503", "duration", "0.25", "bytes", "12"},
		}, {
			"#Date: 2001-05-02 17:42:15\n#Fields: time c-ip cs-method cs-uri-stem sc-status cs-version\n17:42:15 172.16.255.255 GET /default.htm 200 HTTP/1.0",
			[]string{"time", "2001-05-02T17:42:15Z", "path", "/default.htm", "status", "200", "client", "172.16.255.255"},
		}},
		Negative: []string{"2022-05-08 01:26:01 10.1.1.1 GET /a 503 12 0.250"},
	},
}

// w3cState is the column order of a W3C log, learned from its #Fields line.
type w3cState struct {
	fields []byte // the column names as the header line has them
	cols   []w3cColumn
	owner  string // the gateway the header is of
	iis    bool   // a #Software line names IIS
	date   []byte // of the #Date line, for logs whose lines have a time of day only
}

// maxColumns bounds what a hostile header can make.
const maxColumns = 128

type w3cColumn struct {
	d datum
	u unit
}

// w3cHeader is what the lines above the first record of a chunk told.
type w3cHeader struct {
	fields, date []byte
	iis          bool
}

func (w *w3cState) prime(h *w3cHeader) {
	w.iis, w.date = h.iis, append(w.date, h.date...)
	if len(h.fields) > 0 {
		w.learn(h.fields)
	}
}

func (w *w3cState) header() w3cHeader {
	return w3cHeader{bytes.Clone(w.fields), bytes.Clone(w.date), w.iis}
}

const (
	cloudfrontColumns = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query " +
		"cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher " +
		"x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type " +
		"sc-content-type sc-content-len sc-range-start sc-range-end"
	iisColumns = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus " +
		"sc-win32-status time-taken"
)

// learn reads the column names of a header.
func (w *w3cState) learn(fields []byte) {
	if bytes.Equal(fields, w.fields) {
		return
	}
	w.fields = append(w.fields[:0], fields...)
	switch {
	case index(fields, "x-edge-") >= 0:
		w.owner = "cloudfront"
	case w.iis, index(fields, "sc-win32-status") >= 0, index(fields, "s-ip") >= 0 && index(fields, "s-port") >= 0, index(fields, "s-ip") >= 0 && index(fields, "sc-status") >= 0:
		w.owner = "iis"
	default:
		w.owner = "generic"
	}
	w.cols = w.cols[:0]
	for b := trim(fields); len(b) > 0 && len(w.cols) < maxColumns; {
		var name []byte
		if name, b, _ = cut(b, ' '); len(name) == 0 {
			continue
		}
		w.cols = append(w.cols, w3cDatum(name, w.owner))
	}
}

// w3cDatum says what a column holds; the unit of time-taken is the gateway's.
func w3cDatum(name []byte, owner string) w3cColumn {
	text := uNone
	if owner == "cloudfront" {
		text = uPercent
	}
	switch string(name) {
	case "date":
		return w3cColumn{dDate, uNone}
	case "time":
		return w3cColumn{dClock, uNone}
	case "c-ip":
		return w3cColumn{dClient, uNone}
	case "cs-method":
		return w3cColumn{dMethod, uNone}
	case "cs-uri-stem", "cs-uri":
		return w3cColumn{dPath, text}
	case "cs-uri-query":
		return w3cColumn{dQuery, uNone}
	case "cs-version", "cs-protocol-version":
		return w3cColumn{dProtocol, uNone}
	case "cs(Host)":
		if owner == "cloudfront" { // the distribution's name; the viewer's is in x-host-header
			return w3cColumn{}
		}
		return w3cColumn{dHost, uNone}
	case "x-host-header", "cs-host":
		return w3cColumn{dHost, uNone}
	case "sc-status":
		return w3cColumn{dStatus, uNone}
	case "sc-bytes":
		return w3cColumn{dBytes, uNone}
	case "cs(User-Agent)":
		return w3cColumn{dUserAgent, text}
	case "cs(Referer)", "cs(Referrer)":
		return w3cColumn{dReferer, text}
	case "x-edge-request-id":
		return w3cColumn{dRequestID, uNone}
	case "x-edge-detailed-result-type":
		return w3cColumn{dFlags, uNone}
	case "sc-substatus":
		return w3cColumn{dDetails, uNone}
	case "sc-win32-status":
		return w3cColumn{dReason, uNone}
	case "time-taken":
		switch owner {
		case "cloudfront":
			return w3cColumn{dDuration, uSec}
		case "iis":
			return w3cColumn{dDuration, uMilli}
		}
		return w3cColumn{dDuration, uFixed}
	case "time-taken-ms":
		return w3cColumn{dDuration, uMilli}
	}
	return w3cColumn{}
}

func w3c(owner string, sep byte) func(*state) parseFunc {
	defaults := []byte(map[string]string{"cloudfront": cloudfrontColumns, "iis": iisColumns}[owner])
	return func(s *state) parseFunc {
		return func(line []byte, ev *tail.Event) bool {
			w := &s.w3c
			if line[0] == '#' {
				return w.directive(line, owner, ev)
			}
			if w.owner == "" && len(defaults) > 0 && len(line) > 20 && line[4] == '-' && line[10] == sep && isDigit(line[0]) {
				w.learn(defaults)
			}
			if w.owner != owner {
				return false
			}
			ok := s.w3cLine(line, sep, ev)
			if bytes.Equal(w.fields, defaults) && (!ok || ev.Duration == tail.None || !isMethod(ev.Method)) {
				w.owner, w.fields = "", w.fields[:0]
				return false
			}
			return ok
		}
	}
}

// directive reads "#Fields: ..." and its like.
func (w *w3cState) directive(line []byte, owner string, ev *tail.Event) bool {
	name, value, ok := cut(line[1:], ':')
	if !ok {
		return false
	}
	switch string(name) {
	case "Fields":
		value = trim(value)
		if w.learn(value); w.owner != owner {
			return false
		}
	case "Date":
		w.date = append(w.date[:0], number10(trim(value))...)
		if w.owner != "" && w.owner != owner {
			return false
		}
	case "Software":
		w.iis = index(value, "Internet Information Services") >= 0
		if w.iis != (owner == "iis") || owner == "cloudfront" {
			return false
		}
	case "Version", "Start-Date", "End-Date", "Remark":
		if w.owner != "" && w.owner != owner {
			return false
		}
	default:
		return false
	}
	ev.Kind, ev.Message = tail.KindError, line
	return true
}

// number10 is the date that b begins with, "2006-01-02".
func number10(b []byte) []byte { return b[:min(10, len(b))] }

// w3cLine reads one record by the columns.
func (s *state) w3cLine(line []byte, sep byte, ev *tail.Event) bool {
	if sep == 0 {
		if sep = ' '; bytes.IndexByte(line, '\t') >= 0 {
			sep = '\t'
		}
	}
	r := &s.rec
	r.clear()
	n := 0
	for b := line; len(b) > 0 && n < len(s.w3c.cols); n++ {
		var v []byte
		if b[0] == '"' {
			i := quoteEnd(b[1:])
			if i < 0 {
				return false
			}
			v = b[1 : 1+i]
			if b = b[i+2:]; len(b) > 0 {
				b = b[1:]
			}
		} else {
			v, b, _ = cut(b, sep)
		}
		c := s.w3c.cols[n]
		if c.u == uPercent {
			v = s.percent(v, c.d == dPath)
		}
		if c.d != dNone && !absent(v) {
			r.put(c.d, v, c.u, 0)
		}
	}
	if n < min(len(s.w3c.cols), 4) || n < len(s.w3c.cols)/2 || !r.has(dStatus) && !r.has(dMethod) {
		return false
	}
	if r.has(dClock) && !r.has(dDate) {
		r.put(dDate, s.w3c.date, uNone, 0)
	}
	s.w3cStatus(r)
	r.fill(s, ev)
	return ev.Time != 0
}

// isMethod says whether b is written as HTTP's methods are.
func isMethod(b []byte) bool {
	for _, c := range b {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return len(b) > 0
}

// w3cStatus makes IIS's "status.substatus win32" of the three columns.
func (s *state) w3cStatus(r *record) {
	if sub := r.get(dDetails); sub != nil && r.has(dStatus) {
		r.val[dDetails].b = s.join(r.val[dStatus].b, []byte("."), sub)
		if string(sub) == "0" && string(r.get(dReason)) == "0" {
			r.set &^= 1<<dDetails | 1<<dReason
		}
	}
}

// percent decodes %XX once, in scratch space when there is any; CloudFront
// encodes a second time what was encoded by the client. Of a target only the
// percent signs are decoded: it is then as the client may have sent it.
func (s *state) percent(b []byte, target bool) []byte {
	if bytes.IndexByte(b, '%') < 0 {
		return b
	}
	start := len(s.buf)
	for i := 0; i < len(b); i++ {
		if v, ok := hexValue(b, i+1, 2); b[i] == '%' && ok && i+2 < len(b) && (v == '%' || !target) {
			s.buf = append(s.buf, byte(v))
			i += 2
			continue
		}
		s.buf = append(s.buf, b[i])
	}
	return s.buf[start:len(s.buf):len(s.buf)]
}
