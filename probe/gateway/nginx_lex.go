package gateway

import (
	"strings"
)

// nginxNode is one directive with its block, if it has one.
type nginxNode struct {
	args  []string // args[0] is the directive's name
	block []*nginxNode
	pos   Pos
}

func (n *nginxNode) name() string { return n.args[0] }

// arg returns argument i (from 1), "" when there is none.
func (n *nginxNode) arg(i int) string {
	if i < len(n.args) {
		return n.args[i]
	}
	return ""
}

// nginxLexer cuts text into words as ngx_conf_read_token does
// (src/core/ngx_conf_file.c): quotes count only at a word's start, "${" opens no
// block, a backslash escapes the next byte.
type nginxLexer struct {
	text string
	at   int
	line int
	file string
}

// The kinds of token.
const (
	tokEnd = iota
	tokWord
	tokSemicolon
	tokOpen
	tokClose
)

func (l *nginxLexer) pos() Pos { return Pos{l.file, l.line} }

// skipBlank passes white space and comments.
func (l *nginxLexer) skipBlank() {
	for l.at < len(l.text) {
		switch l.text[l.at] {
		case '\n':
			l.line++
		case ' ', '\t', '\r':
		case '#':
			for l.at < len(l.text) && l.text[l.at] != '\n' {
				l.at++
			}
			continue
		default:
			return
		}
		l.at++
	}
}

// next returns the next token's kind and, for a word, its text.
func (l *nginxLexer) next() (kind int, word string, err error) {
	l.skipBlank()
	if l.at >= len(l.text) {
		return tokEnd, "", nil
	}
	switch c := l.text[l.at]; c {
	case ';':
		l.at++
		return tokSemicolon, "", nil
	case '{':
		l.at++
		return tokOpen, "", nil
	case '}':
		l.at++
		return tokClose, "", nil
	case '"', '\'':
		word, err := l.quoted(c)
		return tokWord, word, err
	}
	return tokWord, l.bare(), nil
}

// quoted reads a word in quotes.
func (l *nginxLexer) quoted(quote byte) (string, error) {
	start := l.pos()
	l.at++
	var b strings.Builder
	for l.at < len(l.text) {
		c := l.text[l.at]
		switch {
		case c == quote:
			l.at++
			return b.String(), nil
		case c == '\\' && l.at+1 < len(l.text):
			l.escape(&b)
			continue
		case c == '\n':
			l.line++
		}
		b.WriteByte(c)
		l.at++
	}
	return "", errorAt(start, "a quote is opened here and never closed: add the closing %c", quote)
}

// escape reads a backslash and the byte after it. Only quotes, the backslash and
// \t \r \n lose it.
func (l *nginxLexer) escape(b *strings.Builder) {
	c := l.text[l.at+1]
	switch c {
	case '"', '\'', '\\':
		b.WriteByte(c)
	case 't':
		b.WriteByte('\t')
	case 'r':
		b.WriteByte('\r')
	case 'n':
		b.WriteByte('\n')
	default:
		b.WriteByte('\\')
		b.WriteByte(c)
	}
	if c == '\n' {
		l.line++
	}
	l.at += 2
}

// bare reads a word without quotes.
func (l *nginxLexer) bare() string {
	var b strings.Builder
	variable := false
	for l.at < len(l.text) {
		c := l.text[l.at]
		switch c {
		case ' ', '\t', '\r', '\n', ';':
			return b.String()
		case '{':
			if !variable {
				return b.String()
			}
		case '\\':
			if l.at+1 < len(l.text) {
				l.escape(&b)
				variable = false
				continue
			}
		}
		variable = c == '$'
		b.WriteByte(c)
		l.at++
	}
	return b.String()
}

// skipLua passes a *_by_lua_block after its opening brace: Lua's own strings and
// comments may hold braces (OpenResty lua-nginx-module).
func (l *nginxLexer) skipLua() error {
	start := l.pos()
	depth := 1
	for l.at < len(l.text) {
		c := l.text[l.at]
		switch {
		case c == '\n':
			l.line++
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				l.at++
				return nil
			}
		case c == '"' || c == '\'':
			l.skipLuaString(c)
			continue
		case strings.HasPrefix(l.text[l.at:], "--[["):
			l.skipLuaLong(4)
			continue
		case strings.HasPrefix(l.text[l.at:], "--"):
			for l.at < len(l.text) && l.text[l.at] != '\n' {
				l.at++
			}
			continue
		case strings.HasPrefix(l.text[l.at:], "[["):
			l.skipLuaLong(2)
			continue
		}
		l.at++
	}
	return errorAt(start, "a Lua block is opened here and never closed: add the closing }")
}

func (l *nginxLexer) skipLuaString(quote byte) {
	for l.at++; l.at < len(l.text); l.at++ {
		switch l.text[l.at] {
		case quote:
			l.at++
			return
		case '\\':
			l.at++
		case '\n': // Lua's strings end with their line
			return
		}
	}
	l.at = min(l.at, len(l.text))
}

func (l *nginxLexer) skipLuaLong(opening int) {
	rest := l.text[l.at+opening:]
	end := strings.Index(rest, "]]")
	if end < 0 {
		end = len(rest) - 2
	}
	end = max(end+2, 0)
	l.line += strings.Count(rest[:end], "\n")
	l.at += opening + end
}
