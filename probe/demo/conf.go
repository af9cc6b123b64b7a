package demo

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// serverName is the host that clients ask for.
const serverName = "shop.demo"

// accessFormat is the access log's format in nginx's words; logs.go writes it.
const accessFormat = `'$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                     '"$http_referer" "$http_user_agent" rt=$request_time uct="$upstream_connect_time" '
                     'uht="$upstream_header_time" urt="$upstream_response_time" us="$upstream_status" '
                     'ua="$upstream_addr" rid=$request_id'`

// writeConfig writes what the gateway does as an nginx configuration. It replaces
// the file in one step, so that a reader never sees half of it.
func (d *Demo) writeConfig() error {
	text := d.config()
	tmp := d.Config + ".new"
	if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, d.Config)
}

func (d *Demo) config() string {
	scheme := "http"
	if d.plan.tls {
		scheme = "https"
	}
	target := *d.gw.target.Load()
	group := fmt.Sprintf("    upstream shop {\n        server %s;\n", target)
	if d.plan.keepalive {
		group += fmt.Sprintf("        keepalive %d;\n", keptConnections)
	}
	group += "    }\n"
	pass := "            proxy_pass " + scheme + "://shop;\n"
	if d.plan.named {
		host, port, _ := net.SplitHostPort(target)
		group = ""
		pass = fmt.Sprintf("            resolver %s valid=1s;\n            set $shop %s;\n            proxy_pass %s://$shop:%s;\n",
			d.names.addr, host, scheme, port)
	}
	if d.plan.keepalive {
		pass += "            proxy_http_version 1.1;\n            proxy_set_header Connection \"\";\n"
	}
	if d.plan.tls {
		pass += fmt.Sprintf("            proxy_ssl_verify on;\n            proxy_ssl_name %s;\n            proxy_ssl_server_name on;\n"+
			"            proxy_ssl_trusted_certificate %s;\n", upstreamName, filepath.ToSlash(filepath.Join(d.dir, "ca.pem")))
	}
	return strings.NewReplacer(
		"@ACCESS@", filepath.ToSlash(d.logs.access.Name()),
		"@ERROR@", filepath.ToSlash(d.logs.errors.Name()),
		"@FORMAT@", accessFormat,
		"@GROUP@", group,
		"@LISTEN@", d.gw.addr,
		"@NAME@", serverName,
		"@PASS@", pass,
		"@CONNECT@", seconds(d.opt.Connect),
		"@READ@", seconds(d.opt.Read),
	).Replace(configText)
}

// seconds writes a duration as nginx reads it.
func seconds(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }

const configText = `# Written by "why502 demo": what its gateway does, in nginx's words.
worker_processes 1;
error_log @ERROR@ notice;
events { worker_connections 512; }
http {
    log_format timed @FORMAT@;
    access_log @ACCESS@ timed;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
@GROUP@    server {
        listen @LISTEN@;
        server_name @NAME@;
        location / {
@PASS@            proxy_set_header Host $host;
            proxy_set_header X-Request-ID $request_id;
            proxy_connect_timeout @CONNECT@;
            proxy_read_timeout @READ@;
        }
    }
}
`
