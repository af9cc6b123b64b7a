package parse

import "why502/tail"

// envoyJSONFormats are the JSON access logs of the Envoy family; flags as in the
// text formats.
var envoyJSONFormats = []Format{
	{
		Name: "envoy-gateway-json", Gateway: "envoy-gateway", Kind: tail.KindAccess, first: "{",
		Title: "Envoy Gateway's default, milliseconds", Doc: "https://gateway.envoyproxy.io/docs/tasks/observability/proxy-accesslog/",
		build: envoyJSONOf("x-envoy-origin-path|response_code", "").parser(),
		Positive: []Sample{{
			`{":authority":"www.example.com","bytes_received":0,"bytes_sent":121258,"connection_termination_details":null,"downstream_remote_address":"10.0.0.12:59292","duration":11,"method":"GET","protocol":"HTTP/2","response_code":503,"response_code_details":"upstream_reset_before_response_started{connection_termination}","response_flags":"UC","route_name":"httproute/app","start_time":"2025-12-31T16:37:40.479Z","upstream_cluster":"httproute/app/rule/0","upstream_host":"10.42.0.82:8080","upstream_transport_failure_reason":null,"user-agent":"Mozilla/4.0","x-envoy-origin-path":"/assets/image.webp","x-envoy-upstream-service-time":"9","x-forwarded-for":"10.0.0.12","x-request-id":"3bbc0252"}`,
			[]string{
				"time", "2025-12-31T16:37:40.479Z", "status", "503", "path", "/assets/image.webp", "duration", "0.011", "upstream", "10.42.0.82:8080",
				"flags", "UC upstream_reset_before_response_started{connection_termination}",
				"backend", "httproute/app/rule/0", "upstream_duration", "0.009", "request_id", "3bbc0252", "client", "10.0.0.12", "host", "www.example.com",
			},
		}},
	},
	{
		Name: "contour-json", Gateway: "contour", Kind: tail.KindAccess, first: "{",
		Title: "Contour's JSON, milliseconds", Doc: "https://projectcontour.io/docs/main/config/access-logging/",
		build: envoyJSONOf("@timestamp|authority|response_code", "").parser(),
		Positive: []Sample{{
			`{"@timestamp":"2025-12-31T16:37:40.479Z","authority":"a.example","bytes_sent":10,"duration":3004,"method":"GET","path":"/p","protocol":"HTTP/1.1","request_id":"77","response_code":504,"response_flags":"UT","upstream_host":"10.0.0.1:80","upstream_cluster":"default/web/80/abc"}`,
			[]string{"status", "504", "flags", "UT", "duration", "3.004", "upstream", "10.0.0.1:80", "path", "/p", "host", "a.example", "maker", "gateway"},
		}},
	},
	{
		Name: "istio-json", Gateway: "istio", Kind: tail.KindAccess, first: "{",
		Title: "Istio's JSON, milliseconds", Doc: "https://istio.io/latest/docs/tasks/observability/logs/access-log/",
		build: envoyJSONOf("response_code|response_flags|authority", "@timestamp|x-envoy-origin-path").parser(),
		Positive: []Sample{{
			`{"start_time":"2025-12-31T16:37:40.479Z","authority":"a.example","bytes_sent":10,"duration":4,"method":"GET","path":"/p","protocol":"HTTP/1.1","request_id":"77","response_code":503,"response_flags":"UF","response_code_details":"upstream_reset_before_response_started{remote_connection_failure}","upstream_transport_failure_reason":"delayed_connect_error:_111","upstream_host":"10.0.0.1:80","upstream_cluster":"outbound|80||web","upstream_service_time":null,"route_name":"default"}`,
			[]string{
				"status", "503", "upstream", "10.0.0.1:80", "upstream_duration", "", "backend", "outbound|80||web",
				"flags", "UF upstream_reset_before_response_started{remote_connection_failure} delayed_connect_error:_111",
			},
		}},
	},
	{
		Name: "envoy-json", Gateway: "envoy", Kind: tail.KindAccess, first: "{",
		Title: "JSON of Envoy's operators by their usual names, milliseconds", Doc: docEnvoy + "#command-operators",
		build: envoyJSONOf("response_flags", "x-envoy-origin-path|authority").parser(),
		Positive: []Sample{{
			`{"start_time":"2025-12-31T16:37:40.479Z","response_code":503,"response_flags":"UH","duration":"0","method":"GET","x-envoy-original-path":"/p"}`,
			[]string{"status", "503", "flags", "UH", "duration", "0", "path", "/p"},
		}},
	},
}

func envoyJSONOf(all, none string) jsonFormat {
	return jsonFormat{
		all: all, none: none,
		rules: []jsonRule{
			{"start_time|@timestamp|timestamp|time", dTime, 0},
			{"method", dMethod, 0},
			{"x-envoy-origin-path|x-envoy-original-path|path|request_path|uri", dPath, 0},
			{"protocol", dProtocol, 0},
			{":authority|authority|host", dHost, 0},
			{"response_code|status|code", dStatus, 0},
			{"bytes_sent", dBytes, 0},
			{"duration|response_duration", dDuration, uMilli},
			{"response_flags|flags", dFlags, 0},
			{"response_code_details|details", dDetails, 0},
			{"upstream_transport_failure_reason", dReason, 0},
			{"upstream_host", dUpstream, 0},
			{"x-envoy-upstream-service-time|upstream_service_time|uphttp_time", dHeader, uMilli},
			{"upstream_cluster", dBackend, 0},
			{"x-request-id|request_id", dRequestID, 0},
			{"user-agent|user_agent", dUserAgent, 0},
			{"x-forwarded-for|x_forwarded_for|downstream_remote_address|downstream_remote_address_without_port|client_ip", dClient, 0},
		},
		finish: func(_ *state, ev *yielded) bool {
			envoyMaker(ev)
			return true
		},
	}
}
