package parse

import (
	"bytes"
	"time"

	"why502/tail"
)

// cloudFormats are the load balancers of the clouds that log JSON.
var cloudFormats = []Format{
	{
		Name: "aws-apigateway", Gateway: "aws-apigateway", Kind: tail.KindAccess, first: "{",
		Title: "Amazon API Gateway access log (usual names), milliseconds",
		Doc:   "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html",
		build: awsAPIGateway.parser(),
		Positive: []Sample{
			{
				`{"requestId":"48752d0f","ip":"1.128.0.0","caller":"-","requestTime":"10/Jun/2023:15:36:28 +0000","httpMethod":"GET","resourcePath":"/pets","status":"504","protocol":"HTTP/1.1","responseLength":"184","integrationStatus":"-","responseLatency":"29002","integrationErrorMessage":"Endpoint request timed out"}`,
				[]string{
					"time", "2023-06-10T15:36:28Z", "status", "504", "path", "/pets", "method", "GET", "duration", "29.002", "request_id", "48752d0f",
					"client", "1.128.0.0", "flags", "Endpoint request timed out", "bytes", "184",
				},
			},
			{
				`{"requestId":"a","ip":"1.1.1.1","requestTimeEpoch":1686411388123,"httpMethod":"GET","path":"/prod/x","routeKey":"GET /x","status":502,"integrationLatency":"35","integrationStatus":"500","error":{"responseType":"INTEGRATION_FAILURE"}}`,
				[]string{"status", "502", "path", "/prod/x", "upstream_status", "500", "upstream_duration", "0.035", "flags", "INTEGRATION_FAILURE"},
			},
		},
	},
	{
		Name: "aws-apigateway-clf", Gateway: "aws-apigateway", Kind: tail.KindAccess,
		Title: "Amazon API Gateway, its CLF format", Doc: "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html",
		build: clfRest(0, func(_ *state, q [][]byte, rest []byte, ev *tail.Event) bool {
			id, more := word(rest)
			if len(q) != 0 || len(id) != 36 || id[8] != '-' || bytes.IndexByte(more, ' ') >= 0 {
				return false
			}
			ev.RequestID = id
			return true
		}),
		Positive: []Sample{{
			`127.0.0.1 - user [13/Jun/2023:15:36:28 +0000]"GET /example/path HTTP/1.1" 502 3443 c6af9ac6-7b61-11e6-9a41-93e8deadbeef EXAMPLE123`,
			[]string{"time", "2023-06-13T15:36:28Z", "status", "502", "path", "/example/path", "request_id", "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"},
		}},
	},
	{
		Name: "cloudfront-json", Gateway: "cloudfront", Kind: tail.KindAccess, first: "{",
		Title: "Amazon CloudFront standard log v2 and real-time log as JSON, seconds",
		Doc:   "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html",
		build: cloudfrontJSON.parser(),
		Positive: []Sample{{
			`{"date":"2024-11-19","time":"22:37:02","x-edge-location":"SEA19-C2","sc-bytes":"900","c-ip":"192.0.2.200","cs-method":"GET","cs(Host)":"d1.cloudfront.net","cs-uri-stem":"/a","sc-status":"502","cs-uri-query":"q=1","x-edge-request-id":"kBk==","x-host-header":"www.example.com","time-taken":"0.103","x-edge-detailed-result-type":"OriginDnsError"}`,
			[]string{"time", "2024-11-19T22:37:02Z", "status", "502", "path", "/a?q=1", "duration", "0.103", "flags", "OriginDnsError", "host", "www.example.com"},
		}},
	},
	{
		Name: "gcp-lb", Gateway: "gcp-lb", Kind: tail.KindAccess, first: "{",
		Title: "Google Cloud load balancer", Doc: "https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring",
		build: gcpLB.parser(),
		Positive: []Sample{{
			`{"insertId":"1","jsonPayload":{"statusDetails":"failed_to_connect_to_backend"},"httpRequest":{"requestMethod":"GET","requestUrl":"http://81.2.69.193:8080/static/a.jpg?x=1","status":502,"responseSize":"157","userAgent":"Mozilla/5.0","remoteIp":"89.160.20.156:9989","serverIp":"10.5.3.1:9090","latency":"0.013s"},"resource":{"labels":{"backend_service_name":"web"}},"timestamp":"2020-06-08T23:41:30.078651Z","trace":"t"}`,
			[]string{
				"time", "2020-06-08T23:41:30.078651Z", "status", "502", "path", "/static/a.jpg?x=1", "duration", "0.013", "client", "89.160.20.156",
				"upstream", "10.5.3.1:9090", "flags", "failed_to_connect_to_backend", "backend", "web", "host", "81.2.69.193:8080",
			},
		}},
	},
	{
		Name: "azure-appgw-v1", Gateway: "azure-appgw", Kind: tail.KindAccess, first: "{",
		Title: "Azure Application Gateway v1, milliseconds", Doc: docAzure,
		build: azureV1.parser(),
		Positive: []Sample{{
			`{"time":"2017-04-26T19:27:38Z","properties":{"httpMethod":"GET","requestUri":"/setup.php","requestQuery":"X-AzureApplicationGateway-CACHE-HIT=0&SERVER-ROUTED=10.4.0.4&X-AzureApplicationGateway-LOG-ID=874f&SERVER-STATUS=404","httpStatus":404,"timeTaken":205}}`,
			[]string{"time", "2017-04-26T19:27:38Z", "status", "404", "duration", "0.205", "upstream", "10.4.0.4", "upstream_status", "404", "path", "/setup.php"},
		}},
	},
	{
		Name: "azure-appgw", Gateway: "azure-appgw", Kind: tail.KindAccess, first: "{",
		Title: "Azure Application Gateway v2, seconds", Doc: docAzure,
		build: azureV2.parser(),
		Positive: []Sample{{
			`{"timeStamp":"2021-10-14T22:17:11+00:00","properties":{"httpMethod":"GET","requestUri":"/","httpStatus":502,"timeTaken":20.034,"serverRouted":"52.239.221.65:443","serverStatus":"502","serverResponseLatency":"0.028","error_info":"ERRORINFO_UPSTREAM_TIMED_OUT","transactionId":"592d","clientIP":"185.42.129.24"}}`,
			[]string{
				"status", "502", "duration", "20.034", "upstream", "52.239.221.65:443", "upstream_status", "502", "upstream_duration", "0.028",
				"flags", "ERRORINFO_UPSTREAM_TIMED_OUT", "client", "185.42.129.24", "request_id", "592d",
			},
		}},
	},
	{
		Name: "azure-appgw-table", Gateway: "azure-appgw", Kind: tail.KindAccess, first: "{",
		Title: "Azure Application Gateway v2, rows of the AGWAccessLogs table, seconds", Doc: docAzure,
		build: azureTable.parser(),
		Positive: []Sample{{
			`{"TimeGenerated":"2024-10-14T22:17:11Z","HttpMethod":"GET","RequestUri":"/a","RequestQuery":"","HttpStatus":502,"TimeTaken":0.034,"ServerRouted":"10.0.0.5:443","ServerStatus":"502","ServerResponseLatency":"0.028","ErrorInfo":"ERRORINFO_UPSTREAM_NO_LIVE","TransactionId":"5","ClientIp":"185.42.129.24"}`,
			[]string{"status", "502", "path", "/a", "duration", "0.034", "upstream", "10.0.0.5:443", "flags", "ERRORINFO_UPSTREAM_NO_LIVE", "time", "2024-10-14T22:17:11Z"},
		}},
	},
	{
		Name: "azure-containers", Gateway: "azure-appgw", Kind: tail.KindAccess, first: "{",
		Title: "Azure Application Gateway for Containers, milliseconds", Doc: "https://learn.microsoft.com/azure/application-gateway/for-containers/diagnostics",
		build: azureContainers.parser(),
		Positive: []Sample{{
			`{"category":"TrafficControllerAccessLog","operationName":"AccessLog","properties":{"backendHost":"10.1.0.15:80","backendIp":"10.1.0.15","backendPort":"80","backendResponseLatency":"3","backendTimeTaken":"-","clientIp":"1.2.3.4","hostName":"a.example","httpMethod":"GET","httpStatusCode":"502","httpVersion":"HTTP/1.1","requestUri":"/x?y=1","responseBodyBytes":"91","timeTaken":"4","trackingId":"t1","userAgent":"curl"},"time":"2024-03-01T10:00:00.5Z"}`,
			[]string{
				"time", "2024-03-01T10:00:00.5Z", "status", "502", "duration", "0.004", "path", "/x?y=1", "upstream", "10.1.0.15:80", "upstream_duration", "0.003",
				"request_id", "t1", "host", "a.example", "bytes", "91",
			},
		}},
	},
	{
		Name: "azure-frontdoor", Gateway: "azure-frontdoor", Kind: tail.KindAccess, first: "{",
		Title: "Azure Front Door, seconds", Doc: "https://learn.microsoft.com/azure/frontdoor/standard-premium/how-to-logs",
		build: azureFrontDoor.parser(),
		Positive: []Sample{{
			`{"time":"2024-03-01T10:00:00.5Z","properties":{"trackingReference":"ref","httpMethod":"GET","httpVersion":"2.0","requestUri":"https://a.example:443/x?y=1","clientIp":"1.2.3.4","timeTaken":"30.000","timeToFirstByte":"30.000","httpStatusCode":"504","errorInfo":"OriginTimeout","originIp":"10.0.0.1:443","originName":"o:443","userAgent":"u"}}`,
			[]string{"status", "504", "duration", "30", "path", "/x?y=1", "flags", "OriginTimeout", "upstream", "10.0.0.1:443", "request_id", "ref", "host", "a.example:443"},
		}},
	},
	{
		Name: "cloudflare", Gateway: "cloudflare", Kind: tail.KindAccess, first: "{",
		Title: "Cloudflare Logpush", Doc: "https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/",
		build: cloudflare.parser(),
		Positive: []Sample{{
			`{"ClientIP":"203.0.113.45","ClientRequestHost":"api.example.com","ClientRequestMethod":"POST","ClientRequestURI":"/v1/data?x=1","EdgeEndTimestamp":1712790015900000000,"EdgeResponseBytes":128,"EdgeResponseStatus":522,"EdgeStartTimestamp":1712790015600000000,"RayID":"87a1","OriginIP":"10.0.0.1","OriginResponseStatus":0,"OriginResponseTime":19000000,"OriginTCPHandshakeDurationMs":19}`,
			[]string{
				"time", "2024-04-10T23:00:15.6Z", "status", "522", "duration", "0.3", "path", "/v1/data?x=1", "upstream", "10.0.0.1",
				"upstream_status", "", "upstream_duration", "0.019", "request_id", "87a1",
			},
		}},
	},
}

const docAzure = "https://learn.microsoft.com/azure/application-gateway/monitor-application-gateway-reference"

var awsAPIGateway = jsonFormat{
	all:  "requestId|status",
	some: "requestTimeEpoch|httpMethod|routeKey|resourcePath|integrationStatus|integrationLatency|responseLatency|integration.latency|identity.sourceIp",
	none: "properties|httpRequest|request|upstream_addr|remote_addr|body_bytes_sent|latencies",
	rules: []jsonRule{
		{"requestTimeEpoch|requestTime|time|timestamp", dTime, 0},
		{"ip|sourceIp|clientIp|identity.sourceIp", dClient, 0},
		{"httpMethod|method", dMethod, 0},
		{"path|requestPath|resourcePath", dPath, 0},
		{"protocol", dProtocol, 0},
		{"domainName|host", dHost, 0},
		{"status", dStatus, 0},
		{"responseLength", dBytes, 0},
		{"responseLatency|latency", dDuration, uMilli},
		{"integrationStatus", dUpstreamStatus, 0},
		{"integrationLatency|integration.latency", dResponse, uMilli},
		{"requestId", dRequestID, 0},
		{"userAgent|identity.userAgent", dUserAgent, 0},
		{"error.responseType|errorResponseType|integrationErrorMessage|integrationError|error.message|errorMessage", dFlags, 0},
		{"routeKey", dBackend, 0},
	},
	finish: func(_ *state, ev *yielded) bool {
		if method, path := word(ev.Backend); ev.Path == nil && len(path) > 0 { // "GET /pets", but "$default"
			if ev.Path = path; ev.Method == nil {
				ev.Method = method
			}
		}
		return true
	},
}

var gcpLB = jsonFormat{
	all: "httpRequest|httpRequest.status",
	rules: []jsonRule{
		{"timestamp|time|receiveTimestamp", dTime, 0},
		{"httpRequest.requestMethod", dMethod, 0},
		{"httpRequest.requestUrl", dPath, uURL},
		{"httpRequest.status", dStatus, 0},
		{"httpRequest.responseSize", dBytes, 0},
		{"httpRequest.latency", dDuration, uGo},
		{"httpRequest.remoteIp|jsonPayload.remoteIp", dClient, 0},
		{"httpRequest.serverIp", dUpstream, 0},
		{"httpRequest.userAgent", dUserAgent, 0},
		{"httpRequest.referer", dReferer, 0},
		{"httpRequest.protocol", dProtocol, 0},
		{"jsonPayload.statusDetails", dFlags, 0},
		{"resource.labels.backend_service_name", dBackend, 0},
		{"trace|insertId", dRequestID, 0},
	},
	finish: func(s *state, ev *yielded) bool {
		if u := s.doc.text(s, kGCPURL); u != nil {
			ev.Host = urlHost(u)
		}
		if sec, ok := atoi(s.doc.text(s, kGCPSeconds)); ok { // {"seconds":1,"nanos":5}
			nano, _ := atoi(s.doc.text(s, kGCPNanos))
			ev.Duration = time.Duration(min(max(sec, 0), 1e9))*time.Second + time.Duration(max(nano, 0))
		}
		if string(ev.Flags) == "response_sent_by_backend" {
			ev.Maker = tail.MakerUpstream
		}
		return true
	},
}

var kGCPURL, kGCPSeconds, kGCPNanos = key("httpRequest.requestUrl"), key("httpRequest.latency.seconds"), key("httpRequest.latency.nanos")

var azureRules = []jsonRule{
	{"timeStamp|time", dTime, 0},
	{"properties.clientIP|properties.clientIp", dClient, 0},
	{"properties.httpMethod", dMethod, 0},
	{"properties.originalRequestUriWithArgs|properties.requestUri", dPath, uURL},
	{"properties.httpVersion", dProtocol, 0},
	{"properties.host|properties.originalHost|properties.hostName", dHost, 0},
	{"properties.httpStatus|properties.httpStatusCode", dStatus, 0},
	{"properties.sentBytes|properties.responseBytes", dBytes, 0},
	{"properties.userAgent", dUserAgent, 0},
	{"properties.transactionId|properties.trackingReference", dRequestID, 0},
	{"properties.serverRouted|properties.originIp", dUpstream, 0},
	{"properties.serverStatus", dUpstreamStatus, 0},
	{"properties.serverResponseLatency", dHeader, uSec},
	{"properties.error_info|properties.errorInfo", dFlags, 0},
	{"properties.backendPoolName|properties.originName", dBackend, 0},
}

var azureContainers = jsonFormat{
	all: "properties|properties.httpStatusCode|properties.backendTimeTaken",
	rules: append([]jsonRule{
		{"properties.timeTaken", dDuration, uMilli},
		{"properties.trackingId", dRequestID, 0},
		{"properties.backendHost", dUpstream, 0},
		{"properties.backendResponseLatency", dHeader, uMilli},
		{"properties.responseBodyBytes", dBytes, 0},
	}, azureRules...),
}

var azureV1 = jsonFormat{
	all:  "properties|properties.timeTaken|properties.httpStatus",
	none: "properties.serverRouted|properties.error_info|properties.trackingReference",
	rules: append([]jsonRule{
		{"properties.timeTaken", dDuration, uMilli}, {"properties.requestQuery", dNone, 0},
	}, azureRules...),
	finish: func(s *state, ev *yielded) bool {
		q := s.doc.text(s, kAzureQuery)
		if v := queryValue(q, "SERVER-ROUTED="); !absent(v) {
			a := ev.AddAttempt()
			a.Addr = v
			a.Status, _ = statusCode(queryValue(q, "SERVER-STATUS="))
		}
		return index(q, "SERVER-ROUTED") >= 0 || index(q, "X-AzureApplicationGateway") >= 0
	},
}

var kAzureQuery = key("properties.requestQuery")

// queryValue returns what follows name in a query string.
func queryValue(q []byte, name string) []byte {
	i := index(q, name)
	if i < 0 {
		return nil
	}
	v, _, _ := cut(q[i+len(name):], '&')
	return v
}

var azureV2 = jsonFormat{
	all:   "properties|properties.timeTaken|properties.httpStatus",
	some:  "properties.serverRouted|properties.error_info|properties.transactionId|properties.serverStatus",
	rules: append([]jsonRule{{"properties.timeTaken", dDuration, uSec}}, azureRules...),
}

var azureTable = jsonFormat{
	all:  "TimeGenerated|HttpStatus|TimeTaken",
	some: "ServerRouted|ErrorInfo|ServerStatus|TransactionId",
	rules: []jsonRule{
		{"TimeGenerated", dTime, 0},
		{"ClientIp", dClient, 0},
		{"HttpMethod", dMethod, 0},
		{"OriginalRequestUriWithArgs|RequestUri", dPath, uURL},
		{"RequestQuery", dQuery, 0},
		{"HttpVersion", dProtocol, 0},
		{"Host|OriginalHost", dHost, 0},
		{"HttpStatus", dStatus, 0},
		{"SentBytes", dBytes, 0},
		{"UserAgent", dUserAgent, 0},
		{"TransactionId", dRequestID, 0},
		{"TimeTaken", dDuration, uSec},
		{"ServerRouted", dUpstream, 0},
		{"ServerStatus", dUpstreamStatus, 0},
		{"ServerResponseLatency", dHeader, uSec},
		{"ErrorInfo", dFlags, 0},
		{"BackendPoolName", dBackend, 0},
	},
}

var cloudfrontJSON = jsonFormat{
	all:  "sc-status|cs-uri-stem",
	some: "x-edge-location|x-edge-request-id|x-edge-result-type|x-edge-detailed-result-type",
	rules: []jsonRule{
		{"date", dDate, 0},
		{"time", dClock, 0},
		{"timestamp|timestamp(ms)", dTime, 0},
		{"c-ip", dClient, 0},
		{"cs-method", dMethod, 0},
		{"cs-uri-stem", dPath, 0},
		{"cs-uri-query", dQuery, 0},
		{"cs-protocol-version", dProtocol, 0},
		{"x-host-header|cs-host", dHost, 0},
		{"sc-status", dStatus, 0},
		{"sc-bytes", dBytes, 0},
		{"cs(User-Agent)|cs-user-agent", dUserAgent, 0},
		{"cs(Referer)|cs-referer", dReferer, 0},
		{"x-edge-request-id", dRequestID, 0},
		{"x-edge-detailed-result-type", dFlags, 0},
		{"time-taken", dDuration, uSec},
	},
}

var azureFrontDoor = jsonFormat{
	all:   "properties|properties.httpStatusCode",
	none:  "properties.backendTimeTaken",
	rules: append([]jsonRule{{"properties.timeTaken", dDuration, uSec}, {"properties.requestUri", dPath, uURL}}, azureRules...),
	finish: func(s *state, ev *yielded) bool {
		if h := urlHost(s.doc.text(s, kAzureURI)); h != nil {
			ev.Host = h
		}
		if string(ev.Flags) == "NoError" {
			ev.Flags = nil
		}
		return true
	},
}

var kAzureURI = key("properties.requestUri")

var cloudflare = jsonFormat{
	all: "RayID|EdgeResponseStatus",
	rules: []jsonRule{
		{"EdgeStartTimestamp|EdgeEndTimestamp", dTime, 0},
		{"ClientIP", dClient, 0},
		{"ClientRequestMethod", dMethod, 0},
		{"ClientRequestURI|ClientRequestPath", dPath, 0},
		{"ClientRequestProtocol", dProtocol, 0},
		{"ClientRequestHost", dHost, 0},
		{"EdgeResponseStatus", dStatus, 0},
		{"EdgeResponseBytes", dBytes, 0},
		{"ClientRequestUserAgent", dUserAgent, 0},
		{"ClientRequestReferer", dReferer, 0},
		{"RayID", dRequestID, 0},
		{"OriginIP", dUpstream, 0},
		{"OriginResponseStatus", dUpstreamStatus, 0},
		{"OriginResponseTime|OriginResponseDurationMs", dNone, 0},
	},
	finish: cloudflareFinish,
}

var (
	kEdgeStart, kEdgeEnd   = key("EdgeStartTimestamp"), key("EdgeEndTimestamp")
	kOriginNano, kOriginMs = key("OriginResponseTime"), key("OriginResponseDurationMs")
)

// cloudflareFinish takes the duration as end minus start, which whole seconds
// (the RFC 3339 and unix forms) make coarse.
func cloudflareFinish(s *state, ev *yielded) bool {
	start, ok1 := s.clk.any(s.doc.text(s, kEdgeStart))
	end, ok2 := s.clk.any(s.doc.text(s, kEdgeEnd))
	if ok1 && ok2 && end >= start {
		ev.Duration = time.Duration(end - start)
	}
	if a := ev.Last(); a != nil {
		if a.Header = duraOr(s.doc.text(s, kOriginMs), uMilli); a.Header == tail.None {
			a.Header = duraOr(s.doc.text(s, kOriginNano), uNano)
		}
		if a.Status > 0 && a.Status == ev.Status {
			ev.Maker = tail.MakerUpstream
		}
	}
	return true
}

// splitTabs splits a tab-separated line into at most len(to) columns.
func splitTabs(b []byte, to [][]byte) int {
	n := 0
	for n < len(to) {
		i := bytes.IndexByte(b, '\t')
		if i < 0 {
			to[n] = b
			return n + 1
		}
		to[n], b = b[:i], b[i+1:]
		n++
	}
	return n
}
