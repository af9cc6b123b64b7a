package tail

import (
	"bytes"
	"errors"
	"fmt"
)

// sniffSize is how much of a file's beginning decides whether it is text.
const sniffSize = 4 << 10

// sniff returns nil when the beginning of a file can be log text, else one sentence
// that says what it is and how to make text of it. Zero bytes at the very beginning
// are what a truncated file of a writer that does not append looks like.
func sniff(name string, head []byte) error {
	wide := func(enc string) error {
		return fmt.Errorf("%s: this is %s text, which is not read; convert it: iconv -f %s -t UTF-8 %s", name, enc, enc, name)
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return wide("UTF-16")
	}
	if bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")) {
		return fmt.Errorf("%s: xz-compressed, which is not read; pipe it in: xz -dc %s | why502 -", name, name)
	}
	if even, odd := zeros(head); len(head) >= 16 && (even > len(head)/5 && odd == 0 || odd > len(head)/5 && even == 0) {
		return wide("UTF-16")
	}
	text := bytes.TrimLeft(head, "\x00")
	controls := 0
	for _, c := range text {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\v' && c != '\f' && c != 0x1b {
			controls++
		}
	}
	if len(text) > 0 && controls > len(text)/16 {
		return fmt.Errorf("%s: %w; name a text log", name, errBinary)
	}
	return nil
}

var errBinary = errors.New("this is a binary file, not a log")

// zeros counts the zero bytes at even and at odd places.
func zeros(b []byte) (even, odd int) {
	for i, c := range b {
		if c == 0 {
			if i%2 == 0 {
				even++
			} else {
				odd++
			}
		}
	}
	return even, odd
}
