package source

import (
	"os"
	"path/filepath"
	"slices"

	"why502/tail"
)

// usual are the places where packages, installers and container images of the
// gateways put their logs (their documentation; Debian, Red Hat, Homebrew, FreeBSD
// and Windows habits).
var usual = []string{
	"/var/log/nginx/*.log",
	"/var/log/haproxy.log",
	"/var/log/haproxy/*.log",
	"/var/log/apache2/*.log",
	"/var/log/httpd/*log",
	"/var/log/caddy/*.log",
	"/var/log/traefik/*.log",
	"/var/log/envoy/*.log",
	"/var/log/openresty/*.log",
	"/usr/local/openresty/nginx/logs/*.log",
	"/usr/local/nginx/logs/*.log",
	"/var/log/kong/*.log",
	"/usr/local/kong/logs/*.log",
	"/usr/local/apisix/logs/*.log",
	"/var/log/lighttpd/*.log",
	"/var/log/squid/*.log",
	"/var/log/angie/*.log",
	"/usr/local/var/log/nginx/*.log",
	"/opt/homebrew/var/log/nginx/*.log",
	"/usr/local/var/log/httpd/*log",
	"/opt/homebrew/var/log/httpd/*log",
	"/var/log/httpd-*.log",
	`C:\nginx\logs\*.log`,
	`C:\Apache24\logs\*.log`,
}

// Discover returns the readable logs in the usual places of this machine, newest
// write first, and the places that were looked at. A file that is there but can't be
// read is left out of found; Unreadable names such files.
func Discover() (found, looked []string) {
	found, _ = discover(usual)
	return found, slices.Clone(usual)
}

// Unreadable returns the logs in the usual places that this user may not read.
func Unreadable() []string {
	_, denied := discover(usual)
	return denied
}

func discover(places []string) (found, denied []string) {
	var infos []os.FileInfo
	type log struct {
		path string
		info os.FileInfo
	}
	var logs []log
	for _, place := range places {
		paths, err := filepath.Glob(place)
		if err != nil {
			continue
		}
		for _, path := range paths {
			info, err := os.Stat(path)
			if err != nil || !info.Mode().IsRegular() || tail.IsRotated(filepath.Base(path)) {
				continue
			}
			if slices.ContainsFunc(infos, func(o os.FileInfo) bool { return os.SameFile(o, info) }) {
				continue
			}
			infos = append(infos, info)
			f, err := os.Open(path)
			if err != nil {
				denied = append(denied, path)
				continue
			}
			_ = f.Close()
			logs = append(logs, log{path, info})
		}
	}
	slices.SortStableFunc(logs, func(a, b log) int { return b.info.ModTime().Compare(a.info.ModTime()) })
	for _, l := range logs {
		found = append(found, l.path)
	}
	return found, denied
}
