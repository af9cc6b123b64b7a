package headless

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"why502/probe/session"
)

// benchLogs are logs of 50,000 lines in the formats that are read most; i varies what
// varies in real ones.
var benchLogs = []struct {
	name string
	line func(i int) string
}{
	{"combined", func(i int) string {
		return fmt.Sprintf(`10.0.%d.%d - - [23/Nov/2026:07:%02d:%02d +0000] "%s /api/v1/items/%d?page=%d HTTP/1.1" %d %d "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0 Safari/537.36"`,
			i>>8&255, i*7&255, i/60/60%60, i/60%60, benchMethods[i%3], i*31%5000, i%9, benchStatus(i), i%9000, 120+i%20)
	}},
	{"extended", func(i int) string {
		return fmt.Sprintf(`10.0.%d.%d - - [23/Nov/2026:07:%02d:%02d +0000] "%s /api/v1/items/%d HTTP/1.1" %d %d "-" "okhttp/5.3.%d" rt=0.%03d uct="0.001" uht="0.%03d" urt="0.%03d" us="%[7]d" ua="10.0.0.%[13]d:8000"`,
			i>>8&255, i*7&255, i/60/60%60, i/60%60, benchMethods[i%3], i*31%5000, benchStatus(i), i%9000, i%5, i%300, i%300, i%300, i%4)
	}},
	{"haproxy", func(i int) string {
		return fmt.Sprintf(`10.0.%d.%d:3%04d [23/Nov/2026:07:%02d:%02d.%03d] fe_main app/s%d 0/0/1/%d/%d %d 160 - - ---- 3/1/2/1/0 0/0 "%s /api/items/%d HTTP/1.1"`,
			i>>8&255, i*7&255, i%10000, i/60/60%60, i/60%60, i%1000, i%4, i%300, i%300+2, benchStatus(i), benchMethods[i%3], i*31%5000)
	}},
	{"nginx-json", func(i int) string {
		return fmt.Sprintf(`{"time":"2026-11-23T07:%02d:%02d+00:00","remote_addr":"10.0.%d.%d","method":"%s","uri":"/api/items/%d","host":"shop.example","status":%d,"bytes":%d,"request_time":0.%03d,"request_id":"f730a8e64696dffc2079c99b%08x","upstream_addr":"10.0.0.%d:8000","upstream_status":"%[7]d","upstream_response_time":"0.%03[9]d","user_agent":"okhttp/5.3.%[11]d"}`,
			i/60/60%60, i/60%60, i>>8&255, i*7&255, benchMethods[i%3], i*31%5000, benchStatus(i), i%9000, i%300, i, i%4)
	}},
	{"nginx-error", func(i int) string {
		return fmt.Sprintf(`2026/11/23 07:%02d:%02d [error] 2087%d#0: *%d connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.%d.%d, server: shop.example, request: "%s /api/items/%d HTTP/1.1", upstream: "http://10.0.0.%d:8000/api/items/%[8]d", host: "shop.example"`,
			i/60/60%60, i/60%60, i%2, i, i>>8&255, i*7&255, benchMethods[i%3], i*31%5000, i%4)
	}},
}

var benchMethods = [...]string{"GET", "GET", "POST"}

func benchStatus(i int) int {
	if i%97 == 0 {
		return 502
	}
	return 200
}

// BenchmarkReport is the whole road of a report, from the file to the text. Its profile
// guides the compiler in release builds, which spares 7 % of the time; make it anew after
// changes to the way of a line:
//
//	go test ./probe/headless -run '^$' -bench Report -benchtime 3s -cpuprofile .ci/report.pgo -trimpath -o /dev/null
func BenchmarkReport(b *testing.B) {
	const lines = 50_000
	for _, l := range benchLogs {
		b.Run(l.name, func(b *testing.B) {
			var text strings.Builder
			for i := range lines {
				text.WriteString(l.line(i))
				text.WriteByte('\n')
			}
			path := filepath.Join(b.TempDir(), "access.log")
			if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
				b.Fatal(err)
			}
			cfg := session.Config{Sources: []string{path}, NoProbe: true}
			b.SetBytes(int64(text.Len()))
			for b.Loop() {
				if _, err := Report(context.Background(), io.Discard, cfg, "json"); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/line")
		})
	}
}
