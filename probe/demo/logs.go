package demo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// logs are the two files of the gateway. A line is one write.
type logs struct {
	mu             sync.Mutex
	access, errors *os.File
}

func openLogs(dir string) (*logs, error) {
	open := func(name string) (*os.File, error) {
		return os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	}
	access, err1 := open("access.log")
	failures, err2 := open("error.log")
	if err := errors.Join(err1, err2); err != nil {
		for _, f := range []*os.File{access, failures} {
			if f != nil {
				_ = f.Close()
			}
		}
		return nil, err
	}
	return &logs{access: access, errors: failures}, nil
}

func (l *logs) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.access.Close()
	_ = l.errors.Close()
}

// write appends a line. A full disk must not stop the demo: the line is lost.
func (l *logs) write(f *os.File, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = f.WriteString(line + "\n")
}

// process writes an error log line of the gateway's own process.
func (l *logs) process(level, text string) {
	now, pid := time.Now().Format("2006/01/02 15:04:05"), os.Getpid()
	l.write(l.errors, fmt.Sprintf("%s [%s] %d#%d: %s", now, level, pid, pid, text))
}

func (l *logs) notice(text string) { l.process("notice", text) }

// Write takes what net/http has to say, one call a line; nginx logs problems of
// client connections as info, too.
func (l *logs) Write(p []byte) (int, error) {
	l.process("info", escape(strings.TrimSpace(string(p))))
	return len(p), nil
}

// failed writes the error log line of one request, with the keys in nginx's order
// (ngx_http_log_error_handler).
func (l *logs) failed(r *record, f failure) {
	now, pid := time.Now().Format("2006/01/02 15:04:05"), os.Getpid()
	var b strings.Builder
	fmt.Fprintf(&b, "%s [%s] %d#%d: *%d %s, client: %s, server: %s, request: \"%s\"",
		now, f.level, pid, pid, r.conn, f.text, r.client, serverName, escape(r.line))
	if f.named {
		fmt.Fprintf(&b, `, upstream: "%s://%s%s"`, r.scheme, r.peer(), escape(r.uri))
	}
	fmt.Fprintf(&b, `, host: "%s"`, escape(r.host))
	l.write(l.errors, b.String())
}

// served writes the access log line of one request, as accessFormat says.
func (l *logs) served(r *record) {
	now := time.Now()
	s := r.spans(now)
	l.write(l.access, fmt.Sprintf(
		`%s - - [%s] "%s" %d %d "-" "%s" rt=%s uct="%s" uht="%s" urt="%s" us="%s" ua="%s" rid=%s`,
		r.client, now.Format("02/Jan/2006:15:04:05 -0700"), escape(r.line), r.status, r.bytes, escape(r.agent),
		milli(now.Sub(r.start)), s.connect, s.header, s.response, s.status, s.addr, r.id))
}

// milli writes seconds with three digits, as nginx writes times.
func milli(d time.Duration) string {
	ms := max(d.Milliseconds(), 0)
	return fmt.Sprintf("%d.%03d", ms/1000, ms%1000)
}

// escape writes what nginx's logs escape as \xXX.
func escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			fmt.Fprintf(&b, `\x%02X`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// statusText is the status of an attempt in the access log.
func statusText(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}
