package pane

import (
	"strconv"
	"strings"
	"time"
)

// Duration writes a measured time with at most three digits: "0.3 ms", "12 ms",
// "1.2 s", "2 m 15 s". A negative one is not known and gives "-".
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "-"
	case d == 0:
		return "0 ms"
	case d < 9950*time.Microsecond:
		return fixed(float64(d)/float64(time.Millisecond)) + " ms"
	case d < 999500*time.Microsecond:
		return strconv.FormatInt(int64(d.Round(time.Millisecond)/time.Millisecond), 10) + " ms"
	case d < 9950*time.Millisecond:
		return fixed(d.Seconds()) + " s"
	}
	return Span(d)
}

// fixed writes one decimal, without it when it is zero.
func fixed(v float64) string {
	if v < 0.1 {
		return "<0.1"
	}
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}

// Span writes how long something lasts in its two largest units: "15 s",
// "2 m 15 s", "3 h 5 m", "2 d 4 h". A negative one counts as zero.
func Span(d time.Duration) string {
	s := int64(max(0, d).Round(time.Second) / time.Second)
	units := [...]struct {
		size int64
		name string
	}{{86400, " d"}, {3600, " h"}, {60, " m"}, {1, " s"}}
	for i, u := range units {
		if s < u.size && u.size > 1 {
			continue
		}
		out := strconv.FormatInt(s/u.size, 10) + u.name
		if rest := s % u.size; rest > 0 && i+1 < len(units) && rest >= units[i+1].size {
			out += " " + strconv.FormatInt(rest/units[i+1].size, 10) + units[i+1].name
		}
		return out
	}
	return "0 s"
}

// Number writes a count with groups of three: "1,234,567".
func Number(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Bytes writes a size: "812 B", "1.2 MB" (powers of ten).
func Bytes(n uint64) string {
	if n < 1000 {
		return strconv.FormatUint(n, 10) + " B"
	}
	v, unit := float64(n), ""
	for _, u := range []string{"kB", "MB", "GB", "TB", "PB", "EB"} {
		v, unit = v/1000, u
		if v < 999.5 {
			break
		}
	}
	if v < 9.95 {
		return fixed(v) + " " + unit
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + " " + unit
}

// Percent writes the share part/whole. What is neither none nor all is never
// rounded to 0 % or 100 %: "<1 %", ">99 %".
func Percent(part, whole uint64) string {
	if whole == 0 {
		return "-"
	}
	return Ratio(float64(part) / float64(whole))
}

// Ratio writes a share of 0 to 1 as Percent does.
func Ratio(r float64) string {
	switch p := r * 100; {
	case p <= 0:
		return "0 %"
	case p < 1:
		return "<1 %"
	case p > 99 && p < 100:
		return ">99 %"
	case p >= 100:
		return "100 %"
	default:
		return strconv.FormatFloat(p, 'f', 0, 64) + " %"
	}
}

// Plural writes n with the noun, which gets an s unless n is 1.
func Plural(n int, noun string) string { return counted(uint64(max(n, 0)), noun) }

// counted is Plural for counts that may be large.
func counted(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Number(n) + " " + noun + "s"
}

// Clock writes the time of day; with the date when it is not that of now.
func Clock(t, now time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "-"
	}
	t, now = t.In(zone), now.In(zone)
	if now.Sub(t).Abs() > 12*time.Hour && t.YearDay() != now.YearDay() || t.Year() != now.Year() {
		return t.Format("2006-01-02 15:04:05")
	}
	return t.Format("15:04:05")
}
