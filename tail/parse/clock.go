package parse

import (
	"bytes"
	"encoding/binary"
	"time"
)

// clock reads the time forms of FORMATS: with zone, without zone, without year.
// It remembers the last stamp it read, since a log repeats each second many
// times.
type clock struct {
	env  Env
	clfb [26]byte // the last CLF stamp
	clfs int64    // and what it means
	hap  [20]byte // the last HAProxy second
	haps int64
	ngx  [19]byte // the last nginx error.log second
	ngxs int64
}

const maxNano = 9_000_000_000 // seconds; beyond the range of Unix nanoseconds in int64

// two reads two digits.
func two(b []byte) int {
	if len(b) < 2 || !isDigit(b[0]) || !isDigit(b[1]) {
		return -1
	}
	return int(b[0]-'0')*10 + int(b[1]-'0')
}

func four(b []byte) int {
	if len(b) < 4 {
		return -1
	}
	h, l := two(b), two(b[2:])
	if h < 0 || l < 0 {
		return -1
	}
	return h*100 + l
}

// month reads an English month name of three letters, 0 when it is none.
func month(b []byte) int {
	if len(b) < 3 {
		return 0
	}
	switch string(b[:3]) {
	case "Jan":
		return 1
	case "Feb":
		return 2
	case "Mar":
		return 3
	case "Apr":
		return 4
	case "May":
		return 5
	case "Jun":
		return 6
	case "Jul":
		return 7
	case "Aug":
		return 8
	case "Sep":
		return 9
	case "Oct":
		return 10
	case "Nov":
		return 11
	case "Dec":
		return 12
	}
	return 0
}

// days counts the days from 1970-01-01 to a date of the Gregorian calendar,
// with years that begin in March so that the leap day comes last.
func days(y, m, d int) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	return int64(365*y+y/4-y/100+y/400+(153*(m-3)+2)/5+d) - 719469
}

// civil is a date and time of day without a zone.
type civil struct{ y, mo, d, h, mi, s int }

func (c civil) valid() bool {
	return c.y >= 1970 && c.y < 2200 && c.mo >= 1 && c.mo <= 12 && c.d >= 1 && c.d <= 31 &&
		c.h >= 0 && c.h <= 24 && c.mi >= 0 && c.mi < 60 && c.s >= 0 && c.s <= 60
}

// utc is the Unix second when c is a time in UTC.
func (c civil) utc() int64 {
	return days(c.y, c.mo, c.d)*86400 + int64(c.h*3600+c.mi*60+c.s)
}

// local is the Unix second of c in the zone of zone-less times.
func (k *clock) local(c civil) int64 {
	if k.env.Zone == nil || k.env.Zone == time.UTC {
		return c.utc()
	}
	return time.Date(c.y, time.Month(c.mo), c.d, c.h, c.mi, c.s, 0, k.env.Zone).Unix()
}

// hms reads "15:04:05".
func (c *civil) hms(b []byte) bool {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return false
	}
	c.h, c.mi, c.s = two(b), two(b[3:]), two(b[6:])
	return true
}

// dmy reads "02/Jan/2006:15:04:05"; sep stands between date and time.
func (c *civil) dmy(b []byte, sep byte) bool {
	if len(b) < 20 || b[2] != '/' || b[6] != '/' || b[11] != sep {
		return false
	}
	c.d, c.mo, c.y = two(b), month(b[3:]), four(b[7:])
	return c.hms(b[12:]) && c.valid()
}

// offset reads "+0200", "+02:00", "+02" or "Z" and returns it in seconds with the
// length read.
func offset(b []byte) (sec int64, n int, ok bool) {
	if len(b) == 0 {
		return 0, 0, false
	}
	if b[0] == 'Z' || b[0] == 'z' {
		return 0, 1, true
	}
	if b[0] != '+' && b[0] != '-' {
		return 0, 0, false
	}
	h := two(b[1:])
	if h < 0 || h > 15 {
		return 0, 0, false
	}
	n, mi := 3, 0
	if m := two(b[3:]); m >= 0 {
		n, mi = 5, m
	} else if len(b) > 3 && b[3] == ':' {
		if m := two(b[4:]); m >= 0 {
			n, mi = 6, m
		}
	}
	sec = int64(h*3600 + mi*60)
	if b[0] == '-' {
		sec = -sec
	}
	return sec, n, true
}

// clf reads "02/Jan/2006:15:04:05 -0700" from the beginning of b as Unix
// nanoseconds.
func (k *clock) clf(b []byte) (int64, bool) {
	if len(b) < 26 {
		return 0, false
	}
	key := [26]byte(b[:26])
	// the seconds change most: compared as words, not by a call
	le := binary.LittleEndian
	if le.Uint64(key[12:]) == le.Uint64(k.clfb[12:]) && le.Uint64(key[4:]) == le.Uint64(k.clfb[4:]) &&
		le.Uint64(key[18:]) == le.Uint64(k.clfb[18:]) && le.Uint32(key[:]) == le.Uint32(k.clfb[:]) {
		return k.clfs, true
	}
	var c civil
	if !c.dmy(b, ':') || b[20] != ' ' {
		return 0, false
	}
	off, n, ok := offset(b[21:26])
	if !ok || n != 5 {
		return 0, false
	}
	k.clfb, k.clfs = key, (c.utc()-off)*1e9
	return k.clfs, true
}

// haproxy reads "02/Jan/2006:15:04:05.000", a time of the host's zone.
func (k *clock) haproxy(b []byte) (int64, bool) {
	if len(b) < 24 || b[20] != '.' {
		return 0, false
	}
	ms, ok := atoi(b[21:24])
	if !ok {
		return 0, false
	}
	key := [20]byte(b[:20])
	if key != k.hap {
		var c civil
		if !c.dmy(b, ':') {
			return 0, false
		}
		k.hap, k.haps = key, k.local(c)
	}
	return k.haps*1e9 + ms*1e6, true
}

// nginx reads "2006/01/02 15:04:05", a time of the host's zone.
func (k *clock) nginx(b []byte) (int64, bool) {
	if len(b) < 19 {
		return 0, false
	}
	key := [19]byte(b[:19])
	if key == k.ngx {
		return k.ngxs, true
	}
	var c civil
	if !c.ymd(b, '/') || b[10] != ' ' || !c.hms(b[11:]) || !c.valid() {
		return 0, false
	}
	k.ngx, k.ngxs = key, k.local(c)*1e9
	return k.ngxs, true
}

// ymd reads "2006-01-02" with the given separator.
func (c *civil) ymd(b []byte, sep byte) bool {
	if len(b) < 10 || b[4] != sep || b[7] != sep {
		return false
	}
	c.y, c.mo, c.d = four(b), two(b[5:]), two(b[8:])
	return true
}

// iso reads RFC 3339 and its relatives from the beginning of b: a blank for the
// T, a comma for the point, the zone with or without colon, after a blank or
// missing. It returns Unix nanoseconds and the length read.
func (k *clock) iso(b []byte) (ns int64, n int, ok bool) {
	var c civil
	if len(b) < 19 || !c.ymd(b, '-') || b[10] != 'T' && b[10] != ' ' && b[10] != 't' ||
		!c.hms(b[11:]) || !c.valid() {
		return 0, 0, false
	}
	frac, n := nanos(b, 19)
	if off, m, ok := offset(b[n:]); ok {
		return (c.utc()-off)*1e9 + frac, n + m, true
	}
	if len(b) > n+5 && b[n] == ' ' && (b[n+1] == '+' || b[n+1] == '-') {
		if off, m, ok := offset(b[n+1:]); ok && m == 5 {
			return (c.utc()-off)*1e9 + frac, n + 1 + m, true
		}
	}
	if hasPrefix(b[n:], " UTC") || hasPrefix(b[n:], " GMT") {
		return c.utc()*1e9 + frac, n + 4, true
	}
	return k.local(c)*1e9 + frac, n, true
}

// nanos reads an optional fraction of a second at b[n:] and returns it with the
// index after it.
func nanos(b []byte, n int) (int64, int) {
	if n >= len(b) || b[n] != '.' && b[n] != ',' {
		return 0, n
	}
	var v, scale int64 = 0, 1e9
	i := n + 1
	for ; i < len(b) && isDigit(b[i]); i++ {
		if scale > 1 {
			v, scale = v*10+int64(b[i]-'0'), scale/10
		}
	}
	if i == n+1 {
		return 0, n
	}
	return v * scale, i
}

// ansic reads "Mon Jan _2 15:04:05[.000000] 2006" (Apache's error log, uWSGI,
// dmesg -T) as a time of the host's zone.
func (k *clock) ansic(b []byte) (ns int64, n int, ok bool) {
	if len(b) < 24 || b[3] != ' ' || b[7] != ' ' {
		return 0, 0, false
	}
	c := civil{mo: month(b[4:])}
	i := 8
	for i < 10 && b[i] == ' ' {
		i++
	}
	for ; i < len(b) && isDigit(b[i]) && c.d < 100; i++ {
		c.d = c.d*10 + int(b[i]-'0')
	}
	if i+9 > len(b) || b[i] != ' ' || !c.hms(b[i+1:]) {
		return 0, 0, false
	}
	frac, i := nanos(b, i+9)
	if i+5 > len(b) || b[i] != ' ' {
		return 0, 0, false
	}
	c.y = four(b[i+1:])
	if !c.valid() {
		return 0, 0, false
	}
	return k.local(c)*1e9 + frac, i + 5, true
}

// stamp reads "Jan _2 15:04:05" (syslog): no year, no zone. It returns 0 as the
// time when Now is not known.
func (k *clock) stamp(b []byte) (ns int64, n int, ok bool) {
	if len(b) < 14 || b[3] != ' ' {
		return 0, 0, false
	}
	c := civil{y: 1972, mo: month(b)}
	i := 4
	for i < 6 && b[i] == ' ' {
		i++
	}
	for ; i < 7 && isDigit(b[i]); i++ {
		c.d = c.d*10 + int(b[i]-'0')
	}
	if b[i] != ' ' || !c.hms(b[i+1:]) || !c.valid() {
		return 0, 0, false
	}
	return k.nearest(c), i + 9, true
}

// nearest gives c the year that puts it nearest before Now plus a day.
func (k *clock) nearest(c civil) int64 {
	if k.env.Now.IsZero() {
		return 0
	}
	limit := k.env.Now.Unix() + 86400
	year := k.env.Now.UTC().Year() + 1
	for c.y = year; c.y > year-10; c.y-- {
		if c.mo == 2 && c.d == 29 && (c.y%4 != 0 || c.y%100 == 0 && c.y%400 != 0) {
			continue
		}
		if c.valid() {
			if sec := k.local(c); sec <= limit {
				return sec * 1e9
			}
		}
	}
	return 0
}

// epoch reads seconds, milliseconds, microseconds or nanoseconds since 1970,
// told apart by magnitude, with an optional fraction.
func epoch(b []byte) (int64, bool) {
	text, fracText, _ := cut(b, '.')
	if len(text) < 9 || len(text) > 19 {
		return epochFloat(b)
	}
	var v int64
	for _, c := range text {
		if !isDigit(c) {
			return epochFloat(b)
		}
		v = v*10 + int64(c-'0')
	}
	unit := int64(1)
	switch {
	case v < 0:
		return 0, false
	case v < 1e11:
		unit = 1e9
	case v < 1e14:
		unit = 1e6
	case v < 1e17:
		unit = 1e3
	}
	var frac, div int64 = 0, 1
	for _, c := range fracText {
		if !isDigit(c) {
			return epochFloat(b)
		}
		if div < 1e9 {
			frac, div = frac*10+int64(c-'0'), div*10
		}
	}
	if v > maxNano*(1_000_000_000/unit) {
		return 0, false
	}
	return v*unit + frac*unit/div, true
}

// epochFloat reads the exponent form that some JSON writers use (1.7e9).
func epochFloat(b []byte) (int64, bool) {
	d, ok := exponent(b, time.Second)
	if !ok || d < 1e17 {
		return 0, false
	}
	return int64(d), true
}

// any reads a time of a form that has to be guessed from its shape.
func (k *clock) any(b []byte) (int64, bool) {
	b = bytes.Trim(b, "[] ")
	if len(b) < 9 {
		return 0, false
	}
	if isDigit(b[0]) {
		switch {
		case len(b) >= 19 && b[4] == '-':
			ns, _, ok := k.iso(b)
			return ns, ok
		case len(b) >= 19 && b[4] == '/':
			ns, ok := k.nginx(b)
			frac, _ := nanos(b, 19)
			return ns + frac, ok
		case len(b) >= 26 && b[2] == '/' && b[20] == ' ':
			return k.clf(b)
		case len(b) == 24 && b[2] == '/' && b[20] == '.':
			return k.haproxy(b)
		case len(b) >= 20 && b[2] == '/':
			return k.dayFirst(b)
		}
		return epoch(b)
	}
	if ns, _, ok := k.ansic(b); ok {
		return ns, true
	}
	ns, _, ok := k.stamp(b)
	return ns, ok
}

// dayFirst reads "02/Jan/2006 15:04:05" (Werkzeug, Django) and the same with a
// colon in between, a fraction or a zone behind it; without a zone it is a time of
// the host's.
func (k *clock) dayFirst(b []byte) (int64, bool) {
	var c civil
	if len(b) < 20 || !c.dmy(b, b[11]) {
		return 0, false
	}
	frac, n := nanos(b, 20)
	if off, _, ok := offset(trim(b[n:])); ok {
		return (c.utc()-off)*1e9 + frac, true
	}
	return k.local(c)*1e9 + frac, true
}
