package headless

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"why502/probe/session"
)

// skewedLogs writes nginx's JSON access log and the log of an application whose clock
// is ahead; from the 300th of 400 requests on a third fails as the application says.
func skewedLogs(t *testing.T, ahead time.Duration) []string {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	var access, app strings.Builder
	at := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	for i := range 400 {
		at = at.Add(time.Duration(100+r.IntN(400)) * time.Millisecond)
		took := time.Duration(10+r.IntN(200)) * time.Millisecond
		status, level, says := 200, "INFO", "handled"
		if i >= 300 && i%3 == 0 {
			status, level, says = 502, "ERROR", "Unhandled exception: OperationalError: could not connect to server: Connection refused"
		}
		id := fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
		fmt.Fprintf(&access, `{"time_iso8601":%q,"remote_addr":"10.0.0.9","request_method":"GET","request_uri":"/api/%d","status":"%d","request_time":"%.3f","upstream_addr":"10.0.0.5:8000","upstream_status":"%d","request_id":%q}`+"\n",
			at.Add(took).Format("2006-01-02T15:04:05-07:00"), i%7, status, took.Seconds(), status, id)
		fmt.Fprintf(&app, `{"timestamp":%q,"level":%q,"logger":"app","message":%q,"request_id":%q}`+"\n",
			at.Add(ahead+took/2).Format("2006-01-02T15:04:05.000000Z"), level, says, id)
	}
	dir := t.TempDir()
	paths := []string{filepath.Join(dir, "app.log"), filepath.Join(dir, "access.log")}
	for i, text := range []string{app.String(), access.String()} {
		if err := os.WriteFile(paths[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

// TestClocks reads an application's log by the clock of the gateway's.
func TestClocks(t *testing.T) {
	for ahead, words := range map[time.Duration]string{
		0: "clock agrees", 40 * time.Second: "clock 40s ahead", -time.Hour: "--timezone",
	} {
		t.Run(ahead.String(), func(t *testing.T) {
			var out bytes.Buffer
			cfg := session.Config{Sources: skewedLogs(t, ahead), NoProbe: true}
			if _, err := Report(context.Background(), &out, cfg, "json"); err != nil {
				t.Fatal(err)
			}
			var r struct {
				Incident struct{ Started time.Time }
				Causes   []struct {
					ID      string
					Stories []struct {
						Lines []struct {
							Text string
							By   string
						}
					}
				}
				Sources []struct {
					Name  string
					Clock *struct {
						Offset   float64 `json:"offset_ms"`
						Error    float64 `json:"error_ms"`
						Requests int
						Text     string
					}
				}
			}
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if len(r.Causes) == 0 || r.Causes[0].ID != "application-error" {
				t.Errorf("causes %+v", r.Causes)
			}
			if off := r.Incident.Started.Sub(time.Date(2026, 11, 25, 10, 1, 30, 0, time.UTC)).Abs(); off > 15*time.Second {
				t.Errorf("the incident began at %s", r.Incident.Started)
			}
			for _, s := range r.Sources {
				c := s.Clock
				switch {
				case strings.HasSuffix(s.Name, "access.log"):
					if c != nil {
						t.Errorf("the reference has %+v", c)
					}
				case c == nil || c.Requests < 100 || !strings.Contains(c.Text, words):
					t.Errorf("%+v, want %q", c, words)
				default:
					if d := c.Offset - float64(ahead.Milliseconds()); d > c.Error+1 || -d > c.Error+1 || c.Error > 600 {
						t.Errorf("%+v instead of %s", c, ahead)
					}
				}
			}
			for _, format := range []string{"text", "markdown", "html"} {
				out.Reset()
				if _, err := Report(context.Background(), &out, cfg, format); err != nil {
					t.Fatal(err)
				}
				for _, want := range []string{words, "same request id"} {
					if !strings.Contains(out.String(), want) {
						t.Errorf("the report as %s lacks %q", format, want)
					}
				}
			}
		})
	}
}
