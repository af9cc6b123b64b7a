package parse

import "why502/tail"

// The aliases under which JSON writers keep the same thing, best first.
const (
	aliasTime = "time_iso8601|@timestamp|timestamp|time|ts|start_time|time_local|msec|datetime|date|t|StartUTC|started_at|" +
		"timeStamp|requestTime|requestTimeEpoch|event_time|log_time|asctime|created"
	aliasClient = "remote_addr|client_ip|client|remote_ip|ip|clientIP|source_ip|src_ip|source.ip|source~ip|client.ip|client~ip|" +
		"remote_host|remoteAddress|addr|http_x_real_ip|x_real_ip|realip|client.address|client_addr|remote|x_forwarded_for|http_x_forwarded_for|ip_address|peer|req.remoteAddress|req.ip"
	aliasMethod = "request_method|method|http_method|httpMethod|verb|req.method|request.method|http.method|http~method|" +
		"http.request.method|http~request~method|RequestMethod|cs-method"
	aliasPath = "request_uri|uri|path|url|request_path|req.url|request.uri|request.url|request.path|http.path|http.url|http~url|url.original|url~original|" +
		"url.path|url~path|RequestPath|requestUri|target|endpoint|http~target|route|resourcePath|cs-uri-stem|document_uri"
	aliasQuery    = "args|query_string|query|querystring|url.query|url~query|QUERY_STRING|request_query|uri_query|request_querystring"
	aliasProtocol = "server_protocol|protocol|proto|http_version|request.protocol|request.proto|http.version|http~version|request_protocol"
	aliasRequest  = "request|request_line|req_line|requestline|req|r"
	aliasHost     = "http_host|host|server_name|vhost|domain|authority|:authority|request.host|req.headers.host|RequestHost|virtual_host|url.domain|hostname"
	aliasAgent    = "http_user_agent|user_agent|userAgent|agent|ua|req.headers.user-agent|request.headers.user-agent|user_agent.original|user_agent~original|user-agent"
	aliasReferer  = "http_referer|referer|referrer|http_referrer|http.request.referrer"
	aliasID       = "request_id|req_id|x_request_id|http_x_request_id|requestId|reqId|correlation_id|trace_id|trace.id|trace~id|rid|id|req.id|request.id|uuid"
	aliasStatus   = "status|status_code|response_code|statusCode|code|http_status|response.status|res.statusCode|response.status_code|" +
		"http.response.status_code|http~response~status_code|http~status_code|httpStatus|DownstreamStatus|sc-status|response_status|http.status_code|resp_status|http.status|http.code|st"
	aliasBytes = "body_bytes_sent|bytes_sent|bytes|size|response_size|bytes_out|response.size|resp_size|response_length|http.response.body.bytes|" +
		"content_length|body_size|length|responseSize"
	aliasUpstream   = "upstream_addr|upstream|upstream_host|upstream_address|backend_addr|target_addr|proxy_addr|backend_server|upstream_server|ServiceAddr"
	aliasUpStatus   = "upstream_status|upstream_status_code|origin_status|OriginStatus|backend_status|proxy_status|target_status_code"
	aliasConnect    = "upstream_connect_time|connect_time|uct"
	aliasHeader     = "upstream_header_time|uht"
	aliasResponse   = "upstream_response_time|urt|upstream_time|backend_time"
	aliasLevel      = "level|severity|lvl|log.level|log~level|levelname|loglevel|log_level"
	aliasMessage    = "message|msg|event|text|log_message|error_message"
	aliasError      = "error|err|error.message|error~message|exception|error_msg|cause"
	aliasFlags      = "response_flags|error_info|errorInfo|statusDetails|termination_state"
	aliasFlagDetail = "response_code_details|upstream_transport_failure_reason"
)

// genericFormats are the JSON lines of anything: the keys say what they mean.
var genericFormats = []Format{
	{
		Name: "nginx-json", Gateway: "nginx", Kind: tail.KindAccess, first: "{",
		Title: "JSON log_format with nginx's variable names as keys, seconds", Doc: docNginxLog + "#log_format",
		build: nginxJSON.parser(),
		Positive: []Sample{
			{
				`{"time":"2026-11-23T07:14:33+00:00","remote_addr":"127.0.0.13","method":"POST","uri":"/api/orders","host":"shop.example","status":009,"bytes":158,"request_time":0.006,"request_id":"242b1be8cd9c2457bdfafb115f466bb4","upstream_addr":"10.77.0.11:8000, 10.77.0.12:8000","upstream_status":"502, 200","upstream_connect_time":"-, 0.000","upstream_header_time":"-, 0.002","upstream_response_time":"0.000, 0.002","user_agent":"okhttp/4.12.0"}`,
				[]string{
					"time", "2026-11-23T07:14:33Z", "status", "9", "duration", "0.006", "upstream", "10.77.0.11:8000, 10.77.0.12:8000",
					"upstream_status", "502, 200", "method", "POST", "path", "/api/orders", "upstream_duration", "0, 0.002", "bytes", "158",
				},
			},
			{
				`{"msec":"1778669520.078","time_local":"13/May/2026:10:52:00 +0000","time_iso8601":"2026-05-13T10:52:00+00:00","remote_addr":"10.0.0.1","request_uri":"/a","status":"502","request_time":"0.100"}`,
				[]string{"time", "2026-05-13T10:52:00.078Z", "path", "/a"},
			},
			{
				`{"msec":"1700000000.123","remote_addr":"10.0.0.1","request":"GET /a\"b?x=1 HTTP/1.1","status":"502","request_time":"0.100","upstream_addr":""}`,
				[]string{"time", "2023-11-14T22:13:20.123Z", "path", `/a"b?x=1`, "status", "502", "upstream", "", "duration", "0.1"},
			},
		},
		Negative: []string{`{"level":"info","msg":"started"}`},
	},
	{
		Name: "haproxy-json", Gateway: "haproxy", Kind: tail.KindAccess, first: "{",
		Title: "JSON log-format with HAProxy's timers as keys, milliseconds", Doc: docHAProxy + ".6",
		build: haproxyJSON.parser(),
		Positive: []Sample{{
			`{"time":"23/Nov/2026:07:16:01.636","client":"127.0.0.13","frontend":"fe_json","backend":"app","server":"s1","method":"GET","uri":"/api/report?s=0.4","status":504,"bytes":198,"Tq":0,"Tw":2,"Tc":0,"Tr":-1,"Ta":3003,"term":"sH","retries":"1","srv_queue":0,"backend_queue":0,"actconn":3}`,
			[]string{
				"time", "2026-11-23T07:16:01.636Z", "status", "504", "duration", "3.003", "flags", "sH", "upstream", "app/s1",
				"path", "/api/report?s=0.4", "retries", "1", "backend", "app",
			},
		}},
	},
	{
		Name: "json", Gateway: "generic", Kind: tail.KindAccess, first: "{", inner: true,
		Title: "JSON lines of anything, by the usual names of the keys; numbers without a unit in name or shape stay unknown",
		Doc:   "https://www.elastic.co/docs/reference/ecs",
		build: anyJSON.parser(),
		Positive: []Sample{
			{
				`{"ts":"2026-11-23T07:14:33.5Z","level":"info","method":"GET","path":"/x","status":502,"duration_ms":12.5,"client_ip":"10.0.0.1:99","user_agent":"a"}`,
				[]string{"time", "2026-11-23T07:14:33.5Z", "status", "502", "duration", "0.0125", "path", "/x", "client", "10.0.0.1", "kind", "access"},
			},
			{
				`{"nginx":{"time":"2026-11-23T07:14:33Z","request_method":"GET","request_uri":"/w","status":502,"code":7}}`,
				[]string{"time", "2026-11-23T07:14:33Z", "status", "502", "path", "/w"},
			},
			{
				`{"@timestamp":"2026-11-23T07:14:33Z","http":{"request":{"method":"GET"},"response":{"status_code":503}},"url":{"path":"/y"},"event":{"duration":1500000}}`,
				[]string{"status", "503", "method", "GET", "path", "/y", "duration", "0.0015"},
			},
			{
				`{"level":30,"time":1700000000000,"pid":1,"req":{"id":1,"method":"GET","url":"/x","remoteAddress":"::1"},"res":{"statusCode":502},"responseTime":12,"msg":"request completed"}`,
				[]string{"status", "502", "duration", "0.012", "path", "/x", "client", "::1", "kind", "access"},
			},
			{
				`{"method":"GET","path":"/slow","format":"html","controller":"CartsController","action":"index","status":504,"duration":30010.34,"view":11.2}`,
				[]string{"status", "504", "path", "/slow", "duration", "30.01034"},
			},
			{
				`{"time":1700000000123,"severity":"ERROR","message":"dial tcp 10.0.0.1:80: connect: connection refused"}`,
				[]string{"time", "2023-11-14T22:13:20.123Z", "level", "ERROR", "kind", "error", "message", "dial tcp 10.0.0.1:80: connect: connection refused"},
			},
		},
		Negative: []string{`{"log":"x\n","stream":"stdout","time":"2026-11-23T07:14:33Z"}`, `{"a":1}`},
	},
}

var nginxJSON = jsonFormat{
	all: "status",
	some: "request_time|upstream_addr|upstream_response_time|upstream_status|body_bytes_sent|upstream_connect_time|remote_user|time_local|" +
		"http_user_agent|http_referer|time_iso8601",
	none: "apisix_latency|proxy_status|response_flags|latencies|DownstreamStatus|proxy_upstream_name|Tw|httpMethod|resourcePath|routeKey|" +
		"integrationStatus|responseLatency|properties|RayID|api_id",
	rules: []jsonRule{
		{aliasTime, dTime, 0},
		{aliasClient, dClient, 0},
		{aliasMethod, dMethod, 0},
		{aliasPath, dPath, 0},
		{aliasQuery, dQuery, 0},
		{aliasProtocol, dProtocol, 0},
		{aliasRequest, dRequest, 0},
		{aliasHost, dHost, 0},
		{aliasAgent, dUserAgent, 0},
		{aliasReferer, dReferer, 0},
		{aliasID, dRequestID, 0},
		{aliasStatus, dStatus, 0},
		{aliasBytes, dBytes, 0},
		{"request_time|duration|rt", dDuration, uSec},
		{aliasUpstream, dUpstream, 0},
		{aliasUpStatus, dUpstreamStatus, 0},
		{aliasConnect, dConnect, uSec},
		{aliasHeader, dHeader, uSec},
		{aliasResponse, dResponse, uSec},
	},
	finish: func(s *state, ev *yielded) bool {
		nginxMaker(s.rec.set, ev)
		if ns, ok := epoch(s.doc.text(s, kMsec)); ok && ns/1e9 == ev.Time/1e9 { // the same time, more exactly
			ev.Time = ns
		}
		return ev.Status != 0 || ev.Path != nil
	},
}

var kMsec = key("msec")

var haproxyJSON = jsonFormat{
	all: "Tw|Tc|Tr",
	rules: []jsonRule{
		{"time|timestamp|@timestamp|date|t|tr|accept_date", dTime, 0},
		{"client|client_ip|ci|src|clientip", dClient, 0},
		{aliasMethod, dMethod, 0},
		{aliasPath, dPath, 0},
		{aliasQuery, dQuery, 0},
		{"request|http_request|req|r", dRequest, 0},
		{aliasProtocol, dProtocol, 0},
		{aliasHost, dHost, 0},
		{aliasAgent, dUserAgent, 0},
		{aliasStatus + "|ST", dStatus, 0},
		{aliasBytes + "|B|bytes_read", dBytes, 0},
		{"Ta|Tt|Td", dDuration, uMilli},
		{"Tw", dQueue, uMilli},
		{"Tc", dConnect, uMilli},
		{"term|tsc|ts|termination_state|termination|term_state|state|flags", dFlags, 0},
		{"retries|rc", dRetries, 0},
		{"backend|be|b|backend_name", dBackend, 0},
		{"server|srv|s|server_name", dServer, 0},
		{aliasID, dRequestID, 0},
		{"TR", dNone, 0},
	},
	finish: func(s *state, ev *yielded) bool {
		srv := s.rec.get(dServer)
		ev.Attempts = ev.Attempts[:0]
		if !absent(srv) && srv[0] != '<' && ev.Backend != nil {
			a := ev.AddAttempt()
			a.Addr = s.join(ev.Backend, []byte("/"), srv)
			a.Connect = duraOr(s.rec.get(dConnect), uMilli)
			a.Header = duraOr(s.doc.text(s, keyTr), uMilli)
		}
		if len(ev.Flags) >= 2 {
			haproxyMaker(ev)
		}
		return ev.Backend != nil || ev.Flags != nil
	},
}

var keyTr = key("Tr")

var anyJSON = jsonFormat{
	none: "Tw|stream",
	rules: []jsonRule{
		{aliasTime, dTime, 0},
		{aliasClient, dClient, 0},
		{aliasMethod, dMethod, 0},
		{aliasPath, dPath, uURL},
		{aliasQuery, dQuery, 0},
		{aliasProtocol, dProtocol, 0},
		{aliasRequest, dRequest, 0},
		{aliasHost, dHost, 0},
		{aliasAgent, dUserAgent, 0},
		{aliasReferer, dReferer, 0},
		{aliasID, dRequestID, 0},
		{aliasStatus, dStatus, 0},
		{aliasBytes, dBytes, 0},
		{aliasUpstream, dUpstream, 0},
		{aliasUpStatus, dUpstreamStatus, 0},
		{aliasConnect, dConnect, uGuess},
		{aliasHeader, dHeader, uGuess},
		{aliasResponse, dResponse, uGuess},
		{aliasLevel, dLevel, 0},
		{aliasMessage, dMessage, 0},
		{aliasError, dError, 0},
		{aliasFlags, dFlags, 0},
		{aliasFlagDetail, dDetails, 0},
		{"pid|process.pid", dPID, 0},
	},
	finish: anyJSONFinish,
}

// unitKeys are keys of a request's duration whose name says the unit.
var unitKeys [maxKeys]unit

func numberUnits() {
	for u, suffixes := range map[unit][]string{
		uMilli: {"_ms", "_millis", "_msec", "_milliseconds", "InMs", "_in_ms"},
		uMicro: {"_us", "_micros", "_microseconds", "_usec"},
		uNano:  {"_ns", "_nanos", "_nanoseconds"},
		uSec:   {"_s", "_sec", "_secs", "_seconds"},
	} {
		for _, base := range []string{"duration", "latency", "elapsed", "response_time", "request_time", "time_taken", "took", "request_duration", "total_time", "elapsed_time", "http.duration", "processing_time", "response.time", "http_duration"} {
			for _, suffix := range suffixes {
				unitKeys[key(base+suffix)] = u
			}
		}
	}
	for path, u := range map[string]unit{
		"event.duration": uNano, "event~duration": uNano, "latency_human": uGo,
		"request_time": uFixed, "duration": uGuess, "latency": uGuess, "elapsed": uGuess, "response_time": uGuess, "time_taken": uGuess,
		"took": uGuess, "request_duration": uGuess, "total_time": uGuess, "elapsed_time": uGuess, "responseTime": uGuess, "timeTaken": uGuess,
		"upstream_service_time": uNone, "processing_time": uGuess, "http.duration": uGuess, "http.latency": uGuess,
	} {
		unitKeys[key(path)] = u
	}
}

var (
	kPinoStatus = key("res.statusCode")
	lograge     = mask("controller", "action", "duration", "status")
)

// anyJSONFinish finds the duration, whose unit the key's name or the value's shape
// must prove, and decides between a request and a message.
func anyJSONFinish(s *state, ev *yielded) bool {
	for i := range s.doc.fields {
		f := &s.doc.fields[i]
		if u := unitKeys[f.key]; u != uNone && ev.Duration == tail.None {
			if d, ok := duration(f.text(s), u); ok {
				ev.Duration = d
			}
		}
	}
	if ev.Duration == tail.None && s.doc.text(s, kPinoStatus) != nil { // pino-http: milliseconds
		ev.Duration = duraOr(s.doc.text(s, kResponseTime), uMilli)
	}
	if s.doc.holds(lograge) { // milliseconds
		ev.Duration = duraOr(s.doc.text(s, kDuration), uMilli)
	}
	if ev.Status >= 100 && (ev.Method != nil || ev.Path != nil || ev.Message == nil && (ev.Duration != tail.None || ev.Client != nil)) {
		return true
	}
	ev.Kind = tail.KindError
	return ev.Message != nil && (ev.Level != nil || ev.Time != 0)
}
