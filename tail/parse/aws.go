package parse

import (
	"bytes"
	"time"

	"why502/tail"
)

// awsFormats are Amazon's load balancers. Times are seconds, -1 where the target
// was not reached or closed.
var awsFormats = []Format{
	{
		Name: "aws-alb", Gateway: "aws-alb", Kind: tail.KindAccess, first: "hgw",
		Title: "Application Load Balancer, seconds",
		Doc:   "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html",
		build: awsALB,
		Positive: []Sample{
			{
				`h2 2023-01-07T09:22:52.872365Z app/k8s/xx 202.102.17.226:24502 10.0.2.61:1325 0.001 2.500 0.002 502 503 49 202 "GET https://example-api.cn:443/p/?a=b HTTP/2.0" "curl/7.79.1" ECDHE TLSv1.2 arn:aws:tg/k8s "Root=1-63b" "example-api.cn" "arn" 1 2023-01-07T09:22:42.870000Z "forward" "-" "-" "10.0.2.61:1325" "503" "-" "-"`,
				[]string{
					"time", "2023-01-07T09:22:52.872365Z", "status", "502", "path", "/p/?a=b", "duration", "2.503", "upstream", "10.0.2.61:1325",
					"upstream_status", "503", "upstream_duration", "2.5", "client", "202.102.17.226", "host", "example-api.cn:443", "request_id", "Root=1-63b",
					"bytes", "202", "maker", "upstream",
				},
			},
			{
				`https 2023-04-26T19:53:46.679895Z app/a/b 192.168.1.13:44740 - -1 -1 -1 404 - 204 167 "- http://a.example:443- -" "-" - - - "-" "-" "-" 0 2023-04-26T19:53:46.678000Z "fixed-response" "-" "-" "-" "-" "-" "-"`,
				[]string{"status", "404", "duration", "", "method", "", "upstream", "", "maker", "gateway"},
			},
		},
	},
	{
		Name: "aws-nlb", Gateway: "aws-nlb", Kind: tail.KindAccess, first: "t",
		Title: "Network Load Balancer, TLS listeners, milliseconds",
		Doc:   "https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html",
		build: awsNLB,
		Positive: []Sample{{
			`tls 2.0 2018-12-20T02:59:40 net/network-loadbalancer/c6e77e28c25b2234 g3d4b5e8bb8464cd 72.21.218.154:51341 172.100.100.185:443 5 2 98 246 - arn:aws:acm:x - ECDHE-RSA-AES128-SHA tlsv12 - my-network-loadbalancer.elb.us-east-2.amazonaws.com - - - 2018-12-20T02:59:30`,
			[]string{"time", "2018-12-20T02:59:40Z", "client", "72.21.218.154", "upstream", "172.100.100.185:443", "duration", "0.005", "bytes", "246"},
		}},
	},
	{
		Name: "aws-elb", Gateway: "aws-elb", Kind: tail.KindAccess, first: "0",
		Title: "Classic Load Balancer, seconds",
		Doc:   "https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html",
		build: awsELB,
		Positive: []Sample{{
			`2014-02-15T23:39:43.945958Z my-test-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 504 200 0 29 "GET http://www.example.com:80/a HTTP/1.1"`,
			[]string{
				"time", "2014-02-15T23:39:43.945958Z", "status", "504", "upstream_status", "200", "duration", "0.001178", "path", "/a",
				"client", "192.168.131.39", "upstream", "10.0.0.1:80", "backend", "my-test-loadbalancer",
			},
		}},
	},
}

func awsALB(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		kind, rest := word(line)
		switch string(kind) {
		case "http", "https", "h2", "grpcs", "grpc", "ws", "wss":
		default:
			return false
		}
		rest, ok := s.elbCommon(rest, ev)
		if !ok {
			return false
		}
		// cipher, protocol, target group, trace id
		_, rest = word(rest)
		_, rest = word(rest)
		group, rest := word(rest)
		if present(group) != nil {
			ev.Backend = group
		}
		if trace, after, ok := quoted(rest); ok {
			ev.RequestID, rest = present(trace), after
		}
		// domain, certificate, rule, creation, actions, redirect, error reason
		for i := range 7 {
			var tok []byte
			if tok, rest, ok = token(rest); !ok {
				break
			}
			if i == 6 {
				ev.Flags = present(tok)
			}
		}
		return true
	}
}

func awsELB(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		_, ok := s.elbCommon(line, ev)
		return ok
	}
}

// elbCommon reads what both balancers share,
//
//	time name client:port target:port request_time target_time response_time
//	status target_status received sent "request" ["agent"]
func (s *state) elbCommon(b []byte, ev *tail.Event) (rest []byte, ok bool) {
	var w [11][]byte
	for i := range w {
		if w[i], b = word(b); len(w[i]) == 0 {
			return nil, false
		}
	}
	var n int
	if ev.Time, n, ok = s.clk.iso(w[0]); !ok || n != len(w[0]) || n < 20 {
		return nil, false
	}
	if ev.Status, ok = statusCode(w[7]); !ok && !absent(w[7]) || bytes.IndexByte(w[2], ':') < 0 {
		return nil, false
	}
	ev.Backend, ev.Client = w[1], beforePort(w[2])
	if ev.Bytes, ok = atoi(w[10]); !ok {
		return nil, false
	}
	elbTimes(w[4:7], ev)
	if present(w[3]) != nil {
		a := ev.AddAttempt()
		a.Addr = w[3]
		a.Header = duraOr(w[5], uSec)
		a.Status, _ = statusCode(w[8])
	}
	elbMaker(ev)
	req, b, ok := quoted(b)
	if !ok {
		return nil, false
	}
	request(req, ev)
	ev.Host, ev.Path = urlHost(ev.Path), urlPath(ev.Path)
	if agent, after, ok := quoted(b); ok {
		ev.UserAgent, b = present(agent), after
	}
	return b, true
}

// elbTimes adds up the three times, which is the request's duration when none is
// -1.
func elbTimes(w [][]byte, ev *tail.Event) {
	var sum time.Duration
	for _, t := range w {
		d, ok := decimal(t, time.Second)
		if !ok {
			return
		}
		sum += d
	}
	ev.Duration = sum
}

// elbMaker: a target status means that the target answered.
func elbMaker(ev *tail.Event) {
	if a := ev.Last(); a != nil && a.Status > 0 {
		ev.Maker = tail.MakerUpstream
	} else if ev.Status > 0 {
		ev.Maker = tail.MakerGateway
	}
}

// awsNLB reads "tls VERSION time elb listener client:port target:port
// connection_ms handshake_ms received sent alert ...".
func awsNLB(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		if !hasPrefix(line, "tls ") {
			return false
		}
		var w [11][]byte
		b := line[4:]
		for i := range w {
			if w[i], b = word(b); len(w[i]) == 0 {
				return false
			}
		}
		var ok bool
		if ev.Time, _, ok = s.clk.iso(w[1]); !ok || !hasPrefix(w[2], "net/") {
			return false
		}
		ev.Backend, ev.Client = w[2], beforePort(w[4])
		ev.Duration = duraOr(w[6], uMilli)
		if n, ok := atoi(w[9]); ok && n >= 0 {
			ev.Bytes = n
		}
		if present(w[5]) != nil {
			ev.AddAttempt().Addr = w[5]
		}
		ev.Flags = present(w[10])
		return true
	}
}
