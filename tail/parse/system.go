package parse

import (
	"bytes"

	"why502/tail"
)

// systemFormats are the words of the kernel, systemd, container runtimes and
// Kubernetes. They are asked about the innermost text only: the syslog prefix
// around them has their time. PID is the process that was killed or exited.
var systemFormats = []Format{
	{
		Name: "kernel", Gateway: "kernel", Kind: tail.KindSystem, inner: true, first: "[aO",
		Title: "kernel messages: OOM kills, segfaults, full connection tables", Doc: "https://docs.kernel.org/admin-guide/mm/concepts.html#oom-killer",
		build: kernel,
		Positive: []Sample{
			{
				`[ 7063.247407] Memory cgroup out of memory: Killed process 63214 (uwsgi) total-vm:3149468kB, anon-rss:164992kB`,
				[]string{"pid", "63214", "time", "", "message", "Memory cgroup out of memory: Killed process 63214 (uwsgi) total-vm:3149468kB, anon-rss:164992kB"},
			},
			{
				`[Tue Oct  5 16:38:47 2021] Out of memory: Killed process 1483 (uvicorn) total-vm:116345136kB`,
				[]string{"pid", "1483", "time", "2021-10-05T16:38:47Z"},
			},
			{
				`oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),global_oom,task_memcg=/docker/3f,task=gunicorn,pid=1026306,uid=32767`,
				[]string{"pid", "1026306"},
			},
			{`nf_conntrack: nf_conntrack: table full, dropping packet`, nil},
		},
		Negative: []string{`[ 70 ] hello`, `memory is fine`},
	},
	{
		Name: "systemd", Gateway: "systemd", Kind: tail.KindSystem, inner: true, first: "aA",
		Title: "systemd: units that exit, fail, restart", Doc: "https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#Process%20Exit%20Codes",
		build: systemd,
		Positive: []Sample{
			{`inkypi.service: Main process exited, code=killed, status=9/KILL`, []string{"backend", "inkypi.service"}},
			{`app.service: Failed with result 'oom-kill'.`, []string{"backend", "app.service"}},
			{`Stopped app.service - The App.`, []string{"backend", "app.service"}},
		},
	},
	{
		Name: "k8s-event", Gateway: "kubernetes", Kind: tail.KindSystem, inner: true, first: "a0 ",
		Title: "Kubernetes events as kubectl describe and get events print them", Doc: "https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/",
		build: k8sEvent,
		Positive: []Sample{
			{
				`  Warning  Unhealthy  21m (x26 over 45m)   kubelet            Readiness probe failed: dial tcp 10.244.0.68:9071: connect: connection refused`,
				[]string{"level", "Warning", "upstream", "10.244.0.68:9071", "message", "Unhealthy: Readiness probe failed: dial tcp 10.244.0.68:9071: connect: connection refused"},
			},
			{
				`21m         Warning   BackOff     pod/web-1   Back-off restarting failed container`,
				[]string{"level", "Warning", "message", "BackOff: Back-off restarting failed container", "backend", "pod/web-1"},
			},
			{
				`default     2m54s (x4 over 3m)   Warning   Unhealthy   pod/web-1   Readiness probe failed: HTTP probe failed with statuscode: 503`,
				[]string{"level", "Warning", "backend", "pod/web-1", "message", "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503"},
			},
			{`LAST SEEN   TYPE      REASON      OBJECT      MESSAGE`, []string{"kind", "system", "level", ""}},
			{`      Reason:       OOMKilled`, []string{"message", "Reason: OOMKilled"}},
			{`      Exit Code:    137`, []string{"message", "Exit Code: 137"}},
		},
	},
	{
		Name: "docker", Gateway: "docker", Kind: tail.KindSystem, first: "0",
		Title: "docker events", Doc: "https://docs.docker.com/reference/cli/docker/system/events/",
		build: dockerEvent,
		Positive: []Sample{{
			`2026-11-23T07:13:24.123456789Z container oom 3f6d1b5a (image=app:1, name=web)`,
			[]string{"time", "2026-11-23T07:13:24.123456789Z", "backend", "web", "message", "container oom 3f6d1b5a (image=app:1, name=web)"},
		}},
	},
}

// kernelWords mark a kernel line that has no time of its own.
var kernelWords = []string{
	"Out of memory: ", "Memory cgroup out of memory: ", "oom-kill:", "oom_reaper: ", "nf_conntrack: ", "TCP: request_sock_TCP: ",
	"Possible SYN flooding", " invoked oom-killer: ", "]: segfault at ", "TCP: out of memory", "possible SYN flooding on port",
}

func kernel(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		msg := line
		if line[0] == '[' {
			stamp, rest, ok := cut(line[1:], ']')
			if !ok || len(rest) < 2 || rest[0] != ' ' {
				return false
			}
			if sec, frac, ok := cut(trim(stamp), '.'); !ok || !allDigits(sec) || !allDigits(frac) {
				var n int
				if ev.Time, n, ok = s.clk.ansic(stamp); !ok || n != len(stamp) {
					return false
				}
			}
			msg = rest[1:]
		} else if !hasAny(line, kernelWords) {
			return false
		}
		ev.Message = msg
		for _, w := range [...]string{"Killed process ", "Kill process ", "reaped process ", ",pid="} {
			if i := index(msg, w); i >= 0 {
				ev.PID = number(msg[i+len(w):], nil)
				break
			}
		}
		return true
	}
}

// hasAny says whether some word stands within the first 200 bytes of b.
func hasAny(b []byte, words []string) bool {
	b = b[:min(len(b), 200)]
	for _, w := range words {
		if index(b, w) >= 0 {
			return true
		}
	}
	return false
}

// systemdWords are what systemd says about a unit named before them.
var systemdWords = []string{
	": Main process exited", ": Failed with result ", ": Scheduled restart job", ": Start request repeated too quickly", ": A process of this unit has been killed",
	": State ", ": Control process exited", ": Killing process ", ": Deactivated successfully", ": Succeeded.", ": Consumed ", ": Unit process ",
	": start operation timed out", ": Watchdog timeout", ": Stopping timed out", ": Failed to ",
}

var systemdVerbs = []string{"Started ", "Stopped ", "Starting ", "Stopping ", "Reloading ", "Reloaded ", "Failed to start "}

func systemd(*state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		ev.Message = line
		unit, _ := word(line)
		if i := bytes.IndexByte(unit, ':'); i > 0 && hasAny(line, systemdWords) && isUnit(unit[:i]) {
			ev.Backend = unit[:i]
			return true
		}
		for _, v := range systemdVerbs {
			if hasPrefix(line, v) {
				unit, _ := word(line[len(v):])
				if unit = bytes.TrimRight(unit, "."); isUnit(unit) {
					ev.Backend = unit
					return true
				}
			}
		}
		return false
	}
}

func isUnit(b []byte) bool {
	i := bytes.LastIndexByte(b, '.')
	if i < 1 {
		return false
	}
	switch string(b[i:]) {
	case ".service", ".socket", ".scope", ".slice", ".timer", ".mount":
		return true
	}
	return false
}

// k8sEvent reads "Type Reason Age From Message" (describe), "LAST SEEN TYPE REASON
// OBJECT MESSAGE" (get events) and the state lines of a container.
func k8sEvent(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		b := trim(line)
		first, rest := word(b)
		if second, more := word(rest); age(second) && !age(first) && isWord(first) && !eventType(first) { // get events -A
			first, rest = second, more
		}
		if string(first) == "LAST" && hasPrefix(rest, "SEEN ") {
			ev.Message = b
			return true
		}
		if age(first) { // get events
			if len(rest) > 0 && rest[0] == '(' { // "(x4 over 3m)"
				_, rest, _ = cut(rest, ')')
				rest = trim(rest)
			}
			typ, rest := word(rest)
			reason, rest := word(rest)
			object, msg := word(rest)
			if !eventType(typ) || bytes.IndexByte(object, '/') < 1 {
				return false
			}
			ev.Level, ev.Backend = typ, object
			return s.k8sMessage(reason, msg, ev)
		}
		if eventType(first) && len(line) > len(b) {
			reason, rest := word(rest)
			_, rest = word(rest) // age
			if len(rest) > 0 && rest[0] == '(' {
				_, rest, _ = cut(rest, ')')
			}
			_, msg := word(trim(rest)) // source
			ev.Level = first
			return s.k8sMessage(reason, msg, ev)
		}
		return s.k8sState(b, ev)
	}
}

func eventType(b []byte) bool { return string(b) == "Warning" || string(b) == "Normal" }

// age says whether b is like "21m", "3h5m" or "80s".
func age(b []byte) bool {
	return len(b) >= 2 && len(b) < 10 && isDigit(b[0]) && bytes.IndexByte([]byte("smhd"), b[len(b)-1]) >= 0
}

func (s *state) k8sMessage(reason, msg []byte, ev *tail.Event) bool {
	if !isWord(reason) || len(msg) == 0 {
		return false
	}
	ev.Message = s.join(reason, []byte(": "), msg)
	s.goAddr(msg, ev)
	return true
}

// k8sStates are the lines of a container's state that matter.
var k8sStates = []string{"Reason:", "Exit Code:", "Signal:", "Restart Count:"}

func (s *state) k8sState(b []byte, ev *tail.Event) bool {
	for _, k := range k8sStates {
		if hasPrefix(b, k) && len(b) > len(k) {
			v := trim(b[len(k):])
			if bytes.IndexByte(v, ' ') >= 0 || len(v) == 0 {
				return false
			}
			ev.Message = s.join(b[:len(k)], []byte(" "), v)
			return true
		}
	}
	return false
}

// dockerEvent reads "TIME container ACTION id (attributes)".
func dockerEvent(s *state) parseFunc {
	return func(line []byte, ev *tail.Event) bool {
		ns, n, ok := s.clk.iso(line)
		if !ok || len(line) < n+12 || !hasPrefix(line[n:], " container ") {
			return false
		}
		ev.Time, ev.Message = ns, line[n+1:]
		if i := index(ev.Message, "name="); i >= 0 {
			end := bytes.IndexAny(ev.Message[i:], ",)")
			if end > 5 {
				ev.Backend = ev.Message[i+5 : i+end]
			}
		}
		return ev.Message[len(ev.Message)-1] == ')'
	}
}
