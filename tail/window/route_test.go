package window

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// slowRoute is appendRoute for a path that begins with a slash, byte by byte.
func slowRoute(path []byte) (dst []byte) {
	segment := func(s []byte) {
		if bytes.ContainsAny(s, "0123456789") || len(s) >= longHash {
			dst = slowSegment(dst, s)
		} else {
			dst = append(dst, s...)
		}
	}
	begin, segments := 0, 0
	for i, c := range path {
		if !bytes.ContainsRune([]byte("/?#;"), rune(c)) || c >= 0x80 {
			continue
		}
		segment(path[begin:i])
		if c != '/' {
			return dst
		}
		if segments++; segments > maxSegments {
			return append(dst, moreSegments...)
		}
		dst = append(dst, '/')
		begin = i + 1
	}
	segment(path[begin:])
	return dst
}

// slowSegment is appendSegment by its words: kind by kind, token by token.
func slowSegment(dst, segment []byte) []byte {
	var kinds charKinds
	for _, c := range segment {
		kinds |= kindOf[c]
	}
	if kinds&isDigit != 0 && kinds&^(isDigit|isJoint) == 0 || isUUID(segment) {
		return append(dst, idMark...) // a number, a date, a version, an address
	}
	for len(segment) > 0 {
		n := 0
		for n < len(segment) && kindOf[segment[n]]&(isDigit|isHexLetter|isLetter) != 0 {
			n++
		}
		if slowID(segment[:n]) {
			dst = append(dst, idMark...)
		} else {
			dst = append(dst, segment[:n]...)
		}
		if n < len(segment) {
			dst = append(dst, segment[n])
			n++
		}
		segment = segment[n:]
	}
	return dst
}

func slowID(token []byte) bool {
	digits, hex := 0, 0
	for _, c := range token {
		switch kindOf[c] {
		case isDigit:
			digits++
		case isHexLetter:
			hex++
		}
	}
	switch {
	case len(token) == 0:
		return false
	case digits == len(token):
		return true
	case digits+hex == len(token) && (digits > 0 && len(token) >= shortHash || len(token) >= longHash):
		return true
	case digits >= 4:
		return true
	}
	return digits > 0 && len(token) >= longToken
}

func checkRoute(t *testing.T, path []byte) {
	t.Helper()
	if got, want := appendRoute([]byte("GET "), path), append([]byte("GET "), slowRoute(path)...); !bytes.Equal(got, want) {
		t.Errorf("route of %q is %q, byte by byte %q", path, got, want)
	}
}

// TestRouteAsBySegments compares counting the bytes by their kinds on the way with
// looking at each segment, every byte in every place included.
func TestRouteAsBySegments(t *testing.T) {
	for c := range 256 {
		for place := range 17 {
			path := []byte("/aaaaaaaaaaaaaaaaaaaa/b")
			path[1+place] = byte(c)
			checkRoute(t, path)
			checkRoute(t, path[:2+place])
		}
	}
	r := rand.New(rand.NewPCG(5, 2))
	const few = "///a1b-.0?#;x\x80\xaf\xbf\xff"
	for range 20_000 {
		path := make([]byte, 1+r.IntN(60))
		for i := range path {
			path[i] = few[r.IntN(len(few))]
			if r.IntN(4) > 0 {
				path[i] = "ab/12"[r.IntN(5)]
			}
		}
		path[0] = '/'
		checkRoute(t, path)
	}
}

func FuzzRoute(f *testing.F) {
	for _, s := range []string{"/", "/a/1?b=/2", "/api/v1/orders/8f14e45fceea167a/x;v=1#/9", "//;/", "/\xb0\xaf/1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, path []byte) {
		checkRoute(t, append([]byte("/"), path[:min(len(path), maxPath-1)]...))
	})
}

// TestLatencyRowAsBySearch compares the row's table with the bounds themselves.
func TestLatencyRowAsBySearch(t *testing.T) {
	check := func(d time.Duration) {
		want := 0
		for want < len(LatencyBounds) && d > LatencyBounds[want] {
			want++
		}
		if got := latencyRow(d); got != want {
			t.Errorf("row of %v is %d, want %d", d, got, want)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for shift := range 63 {
		check(1 << shift)
		check(1<<shift - 1)
		for range 50 {
			check(time.Duration(r.Int64N(1<<shift) + 1))
		}
	}
	for _, b := range LatencyBounds {
		check(b)
		check(b + 1)
	}
}

func BenchmarkRoute(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 1))
	paths := make([][]byte, 4096) // too many for the processor to learn them
	for i := range paths {
		paths[i] = fmt.Appendf(nil, "/api/v1/%s%d/%d", []string{"orders", "res", "u"}[r.IntN(3)], r.IntN(12), r.IntN(5000))
		if r.IntN(2) == 0 {
			paths[i] = fmt.Appendf(paths[i], "?page=%d", r.IntN(100))
		}
	}
	method := []byte("GET")
	var scratch []byte
	for i := 0; b.Loop(); i++ {
		scratch = routeOf(scratch, method, paths[i%len(paths)])
	}
}
