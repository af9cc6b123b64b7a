package probe

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// serveDNS answers on loopback, on the same port of UDP and TCP.
func serveDNS(t *testing.T, handle dns.HandlerFunc) string {
	t.Helper()
	var pc net.PacketConn
	var ln net.Listener
	for try := 0; ln == nil; try++ { // the number may be taken for the other protocol
		var err error
		if pc, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if ln, err = net.Listen("tcp", pc.LocalAddr().String()); err != nil {
			pc.Close()
			if try == 20 {
				t.Fatal(err)
			}
		}
	}
	for _, srv := range []*dns.Server{{PacketConn: pc, Handler: handle}, {Listener: ln, Handler: handle}} {
		started := make(chan struct{})
		srv.NotifyStartedFunc = func() { close(started) }
		go srv.ActivateAndServe()
		<-started
		t.Cleanup(func() { srv.Shutdown() })
	}
	return pc.LocalAddr().String()
}

// zone answers from records; a name without any is NXDOMAIN, one without the
// asked type NODATA.
func zone(records ...string) dns.HandlerFunc {
	byName := map[string][]dns.RR{}
	for _, r := range records {
		rr, err := dns.NewRR(r)
		if err != nil {
			panic(err)
		}
		byName[rr.Header().Name] = append(byName[rr.Header().Name], rr)
	}
	return func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		rrs, ok := byName[q.Question[0].Name]
		if !ok {
			m.Rcode = dns.RcodeNameError
		}
		for _, rr := range rrs {
			if rr.Header().Rrtype == q.Question[0].Qtype || rr.Header().Rrtype == dns.TypeCNAME {
				m.Answer = append(m.Answer, rr)
			}
		}
		w.WriteMsg(m)
	}
}

func rcode(code int) dns.HandlerFunc {
	return func(w dns.ResponseWriter, q *dns.Msg) { w.WriteMsg(new(dns.Msg).SetRcode(q, code)) }
}

func TestResolve(t *testing.T) {
	long := make([]string, 20)
	for i := range long {
		long[i] = fmt.Sprintf("n%d. 60 IN CNAME n%d.", i, i+1)
	}
	tests := []struct {
		name, query string
		handle      dns.HandlerFunc
		a, aaaa     Class
		want        string // addresses, aliases, TTL of A
	}{
		{"both", "app.", zone("app. 60 IN A 10.0.0.5", "app. 30 IN AAAA fd00::5"), OK, OK, "[10.0.0.5] [] 1m0s"},
		{"only A", "app", zone("app. 60 IN A 10.0.0.5", "app. 20 IN A 10.0.0.6"), OK, DNSNoData, "[10.0.0.5 10.0.0.6] [] 20s"},
		{"upper case", "APP", zone("app. 60 IN A 10.0.0.5"), OK, DNSNoData, "[10.0.0.5] [] 1m0s"},
		{"alias out of the answer", "www", zone("www. 10 IN CNAME App.", "app. 60 IN A 10.0.0.5"), OK, DNSNoData, "[10.0.0.5] [app] 10s"},
		{"dangling alias", "www", zone("www. 10 IN CNAME gone."), DNSNotFound, DNSNotFound, "[] [gone] 10s"},
		{"loop", "a", zone("a. 60 IN CNAME b.", "b. 60 IN CNAME a."), DNSLoop, DNSLoop, "[] [b a] 1m0s"},
		{"alias of itself", "a", zone("a. 60 IN CNAME a."), DNSLoop, DNSLoop, "[] [a] 1m0s"},
		{"long chain", "n0", zone(long...), DNSLoop, DNSLoop, ""},
		{"no such name", "gone", zone(), DNSNotFound, DNSNotFound, "[] [] -1ns"},
		{"no address", "mx", zone("mx. 60 IN TXT x"), DNSNoData, DNSNoData, "[] [] -1ns"},
		{"server failure", "app", rcode(dns.RcodeServerFailure), DNSServFail, DNSServFail, "[] [] -1ns"},
		{"refused", "app", rcode(dns.RcodeRefused), DNSRefused, DNSRefused, "[] [] -1ns"},
		{"AAAA fails", "app", func(w dns.ResponseWriter, q *dns.Msg) {
			if q.Question[0].Qtype == dns.TypeAAAA {
				rcode(dns.RcodeServerFailure)(w, q)
				return
			}
			zone("app. 60 IN A 10.0.0.5")(w, q)
		}, OK, DNSServFail, "[10.0.0.5] [] 1m0s"},
		{"records of another name", "app", func(w dns.ResponseWriter, q *dns.Msg) {
			m := new(dns.Msg).SetReply(q)
			rr, _ := dns.NewRR("other. 60 IN A 10.9.9.9")
			m.Answer = []dns.RR{rr}
			w.WriteMsg(m)
		}, DNSNoData, DNSNoData, "[] [] -1ns"},
		{"truncated", "app", func(w dns.ResponseWriter, q *dns.Msg) {
			if w.RemoteAddr().Network() == "udp" {
				m := new(dns.Msg).SetReply(q)
				m.Truncated = true
				w.WriteMsg(m)
				return
			}
			zone("app. 60 IN A 10.0.0.5")(w, q)
		}, OK, DNSNoData, "[10.0.0.5] [] 1m0s"},
		{"no EDNS", "app", func(w dns.ResponseWriter, q *dns.Msg) {
			if q.IsEdns0() != nil {
				rcode(dns.RcodeFormatError)(w, q)
				return
			}
			zone("app. 60 IN A 10.0.0.5")(w, q)
		}, OK, DNSNoData, "[10.0.0.5] [] 1m0s"},
		{"garbage", "app", func(w dns.ResponseWriter, _ *dns.Msg) { w.Write([]byte("nonsense")) }, Malformed, Malformed, ""},
		{"bad name", strings.Repeat("a", 70), zone(), Malformed, Malformed, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := Resolve(context.Background(), tt.query, serveDNS(t, tt.handle))
			if a.A.Class != tt.a || a.AAAA.Class != tt.aaaa {
				t.Errorf("A %s (%s), AAAA %s (%s); want %s, %s", a.A.Class, a.A.Err, a.AAAA.Class, a.AAAA.Err, tt.a, tt.aaaa)
			}
			if got := fmt.Sprint(a.A.Addrs, a.A.Aliases, a.A.TTL); tt.want != "" && got != tt.want {
				t.Errorf("A: %s, want %s", got, tt.want)
			}
		})
	}
}

func TestResolveDeadServers(t *testing.T) {
	silent := serveDNS(t, func(dns.ResponseWriter, *dns.Msg) {})
	half := serveDNS(t, func(w dns.ResponseWriter, q *dns.Msg) {
		if q.Question[0].Qtype == dns.TypeA {
			zone("app. 60 IN A 10.0.0.5")(w, q)
		}
	})
	pc, _ := net.ListenPacket("udp", "127.0.0.1:0")
	closed := pc.LocalAddr().String()
	pc.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	var as [3]Answer
	var wg sync.WaitGroup
	for i, server := range []string{silent, half, closed} {
		wg.Go(func() { as[i] = Resolve(ctx, "app", server) })
	}
	wg.Wait()
	if c := as[0].Class(); c != DNSTimeout {
		t.Errorf("silent: %s", c)
	}
	if as[1].Class() != OK || as[1].AAAA.Class != DNSTimeout {
		t.Errorf("half: %s, AAAA %s", as[1].Class(), as[1].AAAA.Class)
	}
	if c := as[2].Class(); c != Refused && c != DNSTimeout {
		t.Errorf("closed: %s (%s)", c, as[2].A.Err)
	}
}

func TestResolversOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	os.WriteFile(path, []byte("# x\nnameserver 10.0.0.2\nsearch a.example\nnameserver fd00::2\nnameserver \x1b[31m\n"), 0o600)
	got, err := resolversOf(path)
	if fmt.Sprint(got) != "[10.0.0.2:53 [fd00::2]:53]" || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := resolversOf(path + ".none"); err == nil {
		t.Error("no error for a missing file")
	}
}

func TestInHosts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts")
	os.WriteFile(path, []byte("127.0.0.1 localhost\n10.0.0.5\tapp App.Example # not.this\n"), 0o600)
	for name, want := range map[string]bool{"app": true, "app.example.": true, "not.this": false, "10.0.0.5": false} {
		if got := inHosts(path, name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestLookupApps(t *testing.T) {
	a := LookupApps(context.Background(), "127.0.0.1")
	if a.Class() != OK || fmt.Sprint(a.A.Addrs) != "[127.0.0.1]" {
		t.Errorf("%s, %v", a.Class(), a.A.Addrs)
	}
	// RFC 6761: "invalid" never exists; without any resolver it fails otherwise.
	if a := LookupApps(context.Background(), "nothing.invalid"); a.Class() == OK {
		t.Errorf("nothing.invalid: %v", a.Addrs())
	}
}
