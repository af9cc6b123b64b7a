package parse

import "why502/tail"

// clfFormats are the log lines that many servers share.
var clfFormats = []Format{{
	Name: "clf", Gateway: "generic", Kind: tail.KindAccess,
	Title: "Common Log Format", Doc: "https://httpd.apache.org/docs/2.4/logs.html#common",
	build: clfPlain,
	Positive: []Sample{
		{
			`127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326`,
			[]string{"time", "2000-10-10T20:55:36Z", "client", "127.0.0.1", "path", "/apache_pb.gif", "status", "200", "bytes", "2326"},
		},
		{
			`host.example - - [10/Oct/2000:13:55:36 -0700] "GET /x HTTP/1.0" 304 -`,
			[]string{"client", "host.example", "bytes", "0"},
		},
	},
	Negative: []string{
		`127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 "-" "-"`,
		`127.0.0.1 - - [05/Sep/2020 17:51:30] "GET / HTTP/1.1" 500 -`,
		`127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] localhost "GET / HTTP/1.1" 500 1`,
	},
}}
