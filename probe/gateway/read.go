package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// usual are the places packages put a gateway's configuration, likeliest first.
var usual = []string{
	"/etc/nginx/nginx.conf",
	"/usr/local/nginx/conf/nginx.conf",
	"/usr/local/openresty/nginx/conf/nginx.conf",
	"/opt/homebrew/etc/nginx/nginx.conf",
	"/usr/local/etc/nginx/nginx.conf",
	"/etc/haproxy/haproxy.cfg",
	"/usr/local/etc/haproxy/haproxy.cfg",
	"/opt/homebrew/etc/haproxy.cfg",
	"/etc/apache2/apache2.conf",
	"/etc/httpd/conf/httpd.conf",
	"/usr/local/apache2/conf/httpd.conf",
	"/opt/homebrew/etc/httpd/httpd.conf",
	"/etc/caddy/Caddyfile",
	"/etc/traefik/traefik.yml",
	"/etc/traefik/traefik.yaml",
	"/etc/envoy/envoy.yaml",
}

// Find returns the usual configuration files that are here.
func Find() []string { return findIn(usual) }

func findIn(places []string) []string {
	var found []string
	for _, p := range places {
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() {
			found = append(found, p)
		}
	}
	return found
}

// readers are the gateways whose configuration is understood, with the names
// their main file has and words that tell it by its content.
var readers = []struct {
	gateway string
	names   []string // base names of the main file
	words   []string // a line that begins so is of this gateway
	read    func(name string, data []byte) (*Config, error)
}{
	{"nginx", []string{"nginx.conf", "openresty.conf"}, []string{"# configuration file /", "http {", "events {", "server {", "upstream ", "worker_processes ", "proxy_pass ", "log_format "}, readNginx},
	{"haproxy", []string{"haproxy.cfg"}, []string{"defaults", "frontend ", "backend ", "listen ", "global"}, readHAProxy},
	{"apache", []string{"apache2.conf", "httpd.conf"}, []string{"ServerRoot ", "<VirtualHost", "LoadModule ", "ProxyPass ", "ServerName ", "Listen "}, readApache},
	{"caddy", []string{"Caddyfile"}, []string{"reverse_proxy ", "{"}, readCaddy},
	{"traefik", []string{"traefik.yml", "traefik.yaml"}, []string{"entryPoints:", "providers:", "http:", "accessLog:"}, readTraefik},
	{"envoy", []string{"envoy.yaml", "envoy.yml", "envoy.json"}, []string{"static_resources:", "dynamic_resources:", "resources:", "admin:", "load_assignment:", "virtual_hosts:", "filter_chains:", `"static_resources"`, `"configs"`, `"resources"`}, readEnvoy},
}

// Read reads a gateway's configuration: its main file, a directory that holds it,
// a directory of nginx server blocks, or the output of nginx -T. The error is one
// sentence that begins with the file, and the line where it is known.
func Read(path string) (*Config, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, readError(path, err)
	}
	path = absolute(path)
	if info.IsDir() {
		return readDir(path)
	}
	data, err := readBounded(path, maxBytes)
	if err != nil {
		return nil, readError(path, err)
	}
	found := detect(path, data)
	for _, r := range readers {
		if r.gateway == found {
			return r.read(path, data)
		}
	}
	return nil, fmt.Errorf("%s: no gateway's configuration is recognized in it: name the main file of nginx, HAProxy, Apache, Caddy, Traefik or Envoy, or the output of nginx -T", path)
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// readError makes one sentence of what stops reading at all.
func readError(path string, err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%s: there is no such file: give the gateway's configuration with --gateway-config", path)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s: this user may not read it: run as a user that may, or give a copy or the output of nginx -T", path)
	}
	return fmt.Errorf("%s: can't be read: %w", path, err)
}

// readDir looks for a main file in a directory, then for parts of nginx or
// HAProxy, which reads all files of a directory as one.
func readDir(dir string) (*Config, error) {
	for _, r := range readers {
		for _, name := range r.names {
			for _, sub := range []string{"", "conf"} {
				if file := filepath.Join(dir, sub, name); len(findIn([]string{file})) > 0 {
					return Read(file)
				}
			}
		}
	}
	parts, _ := filepath.Glob(filepath.Join(dir, "*"))
	var nginx, haproxy []string
	for _, p := range findIn(parts[:min(len(parts), maxFiles)]) {
		data, err := readBounded(p, maxBytes)
		if err != nil {
			continue
		}
		switch detect(p, data) {
		case "nginx":
			nginx = append(nginx, p)
		case "haproxy":
			haproxy = append(haproxy, p)
		}
	}
	sort.Strings(haproxy)
	switch {
	case len(nginx) > 0:
		return readNginxParts(dir, nginx)
	case len(haproxy) > 0:
		return readHAProxyParts(haproxy)
	}
	return nil, fmt.Errorf("%s: no gateway's configuration is in this directory: name its main file", dir)
}

// detect names the gateway a file belongs to by its name, then by its lines; ""
// when neither tells.
func detect(path string, data []byte) string {
	base := filepath.Base(path)
	for _, r := range readers {
		for _, name := range r.names {
			if strings.EqualFold(base, name) {
				return r.gateway
			}
		}
	}
	if strings.HasPrefix(base, "Caddyfile") || strings.HasSuffix(base, ".caddy") {
		return "caddy"
	}
	if bytes.Contains(data, []byte("type.googleapis.com/envoy.")) {
		return "envoy"
	}
	best, most := "", 0
	for _, r := range readers {
		if n := countLines(string(data[:min(len(data), 1<<20)]), r.words); n > most {
			best, most = r.gateway, n
		}
	}
	return best
}

// countLines counts the lines that begin with one of words.
func countLines(text string, words []string) int {
	n := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		for _, w := range words {
			if strings.HasPrefix(line, w) && (len(w) > 1 || line == w) {
				n++
				break
			}
		}
	}
	return n
}
