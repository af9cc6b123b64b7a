package demo

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// banner is a service that speaks another protocol than HTTP: it answers each
// line as a key-value store answers a command that it does not know.
type banner struct {
	addr string
	ln   net.Listener
	mu   sync.Mutex
	open map[net.Conn]bool // nil once closed
	work sync.WaitGroup
}

func newBanner() (*banner, error) {
	ln, err := listen()
	if err != nil {
		return nil, err
	}
	b := &banner{addr: ln.Addr().String(), ln: ln, open: map[net.Conn]bool{}}
	b.work.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			b.mu.Lock()
			if b.open != nil {
				b.open[c] = true
				b.work.Go(func() { b.talk(c) })
			} else {
				_ = c.Close()
			}
			b.mu.Unlock()
		}
	})
	return b, nil
}

func (b *banner) talk(c net.Conn) {
	defer func() {
		_ = c.Close()
		b.mu.Lock()
		delete(b.open, c)
		b.mu.Unlock()
	}()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	in := bufio.NewScanner(c)
	for in.Scan() {
		command, _, _ := strings.Cut(in.Text(), " ")
		if command == "" {
			continue
		}
		if _, err := fmt.Fprintf(c, "-ERR unknown command '%.64s'\r\n", command); err != nil {
			return
		}
	}
}

func (b *banner) close() {
	_ = b.ln.Close()
	b.mu.Lock()
	for c := range b.open {
		_ = c.Close()
	}
	b.open = nil
	b.mu.Unlock()
	b.work.Wait()
}
