package tail

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Clean makes hostile text fit for a terminal, a file or a command: control
// characters, escape sequences' bytes, invalid UTF-8, zero-width and
// bidirectional format characters become visible "\xNN" or "\u{NNNN}" escapes, a
// tab becomes a blank. At most limit runes come out (0: no limit), a cut is shown
// by an ellipsis.
func Clean(s string, limit int) string {
	if cleanAlready(s, limit) {
		return s
	}
	var b strings.Builder
	n, fits := 0, 0 // runes written; bytes written while an ellipsis still fitted
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size <= 1:
			n += writeEscape(&b, `\x`, uint32(s[i]))
		case r == '\t':
			b.WriteByte(' ')
			n++
		case r < 0x20 || r == 0x7f:
			n += writeEscape(&b, `\x`, uint32(r))
		case !unicode.IsPrint(r):
			n += writeEscape(&b, `\u{`, uint32(r))
		default:
			b.WriteRune(r)
			n++
		}
		i += size
		if limit > 0 && n > limit {
			return b.String()[:fits] + "…"
		}
		if n < limit {
			fits = b.Len()
		}
	}
	return b.String()
}

// cleanAlready is the common case: short printable ASCII.
func cleanAlready(s string, limit int) bool {
	if limit > 0 && len(s) > limit {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c > 0x7e {
			return false
		}
	}
	return true
}

// writeEscape writes prefix and v in hexadecimal, with the brace that the prefix
// opened, and returns the number of runes written.
func writeEscape(b *strings.Builder, prefix string, v uint32) int {
	const digits = "0123456789abcdef"
	before := b.Len()
	b.WriteString(prefix)
	if v > 0xff {
		for shift := 20; shift >= 0; shift -= 4 {
			if v>>shift != 0 || shift <= 12 {
				b.WriteByte(digits[v>>shift&15])
			}
		}
	} else {
		b.WriteByte(digits[v>>4])
		b.WriteByte(digits[v&15])
	}
	if strings.HasSuffix(prefix, "{") {
		b.WriteByte('}')
	}
	return b.Len() - before
}

// Pattern returns a regular expression that is compiled when it is first asked for:
// one run needs few of the program's, and all of them would cost a fifth of its start.
func Pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// secrets finds credentials in log text: the value after the key is masked.
var secrets = []func() *regexp.Regexp{
	Pattern(`(?i)((?:proxy-)?authorization["']?\s*[:=]\s*["']?)((?:bearer|basic|digest|token)\s+)?[^\s"',;}]+`),
	Pattern(`(?i)((?:set-)?cookie["']?\s*[:=]\s*["']?)()[^"'\r\n]+`),
	Pattern(`(?i)([?&;](?:[a-z0-9_.-]*(?:token|secret|passw(?:or)?d|passwd|pwd|api_?key|apikey|access_?key|auth|signature|sig|session|sid|jwt|code|credential)[a-z0-9_.-]*)=)()[^&\s"'#;]+`),
	Pattern(`(?i)(["']?x-(?:api-key|auth-token|amz-security-token)["']?\s*[:=]\s*["']?)()[^\s"',;}]+`),
	Pattern(`([a-z][a-z0-9+.-]*://[^/\s:@"']*:)()[^@/\s"']+(?:@)`),
	Pattern(`()()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`),
}

// Masked stands in place of a secret.
const Masked = "***"

// Mask replaces secrets in s: Authorization and Cookie values, tokens, keys and
// passwords in URLs, user:password@ in URLs, JSON Web Tokens.
func Mask(s string) string {
	for i, re := range secrets {
		repl := "${1}${2}" + Masked
		if i == 4 { // keep the at sign that ends user:password
			repl += "@"
		}
		s = re().ReplaceAllString(s, repl)
	}
	return s
}

// Safe is Clean after Mask, what every face shows, exports and copies unless a
// person asked for the secrets.
func Safe(s string, limit int) string { return Clean(Mask(s), limit) }
