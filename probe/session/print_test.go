package session

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestPrintOrder: lines of several writers come out in the order of the log, although
// a record of one waits for its next line; the lines of a record come with the first.
func TestPrintOrder(t *testing.T) {
	log := filepath.Join(t.TempDir(), "syslog")
	const text = `Mar  3 03:03:01 gw app[1]: [2026-03-03 03:03:01 +0000] [1] [ERROR] first
Mar  3 03:03:02 gw haproxy[2]: Server be/s1 is DOWN, reason: Layer4 timeout, check duration: 2001ms.
Mar  3 03:03:03 gw app[3]: [2026-03-03 03:03:03 +0000] [3] [ERROR] Exception in worker process
Mar  3 03:03:04 gw haproxy[2]: Server be/s2 is DOWN, reason: Layer4 timeout, check duration: 2001ms.
Mar  3 03:03:03 gw app[3]: Traceback (most recent call last):
Mar  3 03:03:05 gw haproxy[2]: 10.0.0.1:5 [03/Mar/2026:03:03:05.000] fe be/s1 0/0/0/1/1 200 5 - - ---- 1/1/0/0/0 0/0 "GET /a HTTP/1.1"
Mar  3 03:03:03 gw app[3]: ValueError: x
Mar  3 03:03:06 gw app[1]: [2026-03-03 03:03:06 +0000] [1] [ERROR] last
`
	if err := os.WriteFile(log, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Print(context.Background(), &out, Config{Sources: []string{log}, Zone: time.UTC}, false); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n")) {
		var o struct{ Time time.Time }
		if err := json.Unmarshal(line, &o); err != nil {
			t.Fatal(err)
		}
		got = append(got, o.Time.Format("05"))
	}
	want := []string{"01", "02", "03", "04", "05", "06"}
	if len(got) != len(want) {
		t.Fatalf("%d objects, want %d\n%s", len(got), len(want), &out)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("order %v, want %v\n%s", got, want, &out)
		}
	}
}
