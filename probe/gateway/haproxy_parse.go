package gateway

import "strings"

// haLine is one line of HAProxy configuration as words.
type haLine struct {
	args []string
	pos  Pos
}

// haSection is a proxy or another section with its lines.
type haSection struct {
	kind, name string
	pos        Pos
	defaults   *haSection // the defaults section in force, nil when none
	lines      []haLine
}

// haSections are the keywords that begin a section (configuration.txt, 2.1 and 4).
var haSections = map[string]bool{
	"global": true, "defaults": true, "frontend": true, "backend": true, "listen": true,
	"resolvers": true, "peers": true, "userlist": true, "mailers": true, "cache": true,
	"program": true, "http-errors": true, "ring": true, "log-forward": true, "fcgi-app": true,
	"crt-store": true, "traces": true, "log-profile": true, "acme": true,
}

// haWords cuts a line into words (configuration.txt, 2.2 "Quoting and escaping"):
// a backslash escapes, double quotes are weak and expand ${VARIABLES}, single
// quotes are strong, # begins a comment.
func haWords(line string) (words []string, unclosed bool) {
	var b strings.Builder
	started := false
	flush := func() {
		if started {
			words = append(words, b.String())
		}
		b.Reset()
		started = false
	}
	var quote byte
	for i := 0; i < len(line) && len(words) < maxTokens; i++ {
		c := line[i]
		switch {
		case quote == '\'':
			if c == '\'' {
				quote = 0
			} else {
				b.WriteByte(c)
			}
		case c == '\\' && i+1 < len(line):
			i++
			started = true
			b.WriteByte(haEscape(line[i]))
		case quote == '"':
			if c == '"' {
				quote = 0
			} else {
				b.WriteByte(c)
			}
		case c == '"' || c == '\'':
			quote, started = c, true
		case c == '#':
			flush()
			return words, false
		case c == ' ' || c == '\t' || c == '\r':
			flush()
		default:
			started = true
			b.WriteByte(c)
		}
	}
	flush()
	return words, quote != 0
}

// haEscape is the byte that \c stands for.
func haEscape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// haParser collects the sections of one file after the other: a defaults section
// counts for the files after its own too (measured with 2.6, haproxy -c -f DIR).
type haParser struct {
	sections []*haSection
	defaults *haSection
	named    map[string]*haSection
}

// parse cuts a file into sections.
func (p *haParser) parse(name string, data []byte) error {
	var current *haSection
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		pos := Pos{name, number}
		words, unclosed := haWords(strings.TrimRight(line, "\n"))
		if unclosed {
			return errorAt(pos, "a quote is opened and not closed in this line: close it")
		}
		if len(words) == 0 || strings.HasPrefix(words[0], ".") { // .if, .notice, ...
			continue
		}
		if !haSections[words[0]] || words[0] == "cache" && current != nil && current.kind != "cache" && len(words) != 2 {
			if current == nil {
				return errorAt(pos, "%q stands before any section: begin with global, defaults, frontend, backend or listen", bounded(words[0]))
			}
			current.lines = append(current.lines, haLine{words, pos})
			continue
		}
		current = &haSection{kind: words[0], pos: pos, defaults: p.defaults}
		if len(words) > 1 {
			current.name = words[1]
		}
		if current.kind == "defaults" {
			current.defaults = nil
			p.defaults = current
			p.named[current.name] = current
		}
		if len(words) > 3 && words[2] == "from" && p.named[words[3]] != nil {
			current.defaults = p.named[words[3]]
		}
		p.sections = append(p.sections, current)
	}
	return nil
}

// readHAProxy reads one haproxy.cfg.
func readHAProxy(name string, data []byte) (*Config, error) {
	p := &haParser{named: map[string]*haSection{}}
	if err := p.parse(name, data); err != nil {
		return nil, err
	}
	return haConfig(p.sections, []string{name}), nil
}

// readHAProxyParts reads the files of a directory as one configuration, as
// haproxy -f DIRECTORY does.
func readHAProxyParts(names []string) (*Config, error) {
	set := &fileSet{}
	p := &haParser{named: map[string]*haSection{}}
	for _, name := range names {
		data, err := set.open(name)
		if err == nil {
			err = p.parse(name, data)
		}
		if err != nil {
			return nil, err
		}
	}
	return haConfig(p.sections, set.read), nil
}

// line returns the last line that begins with words, here or in the defaults.
// "no option x" takes back what was set.
func (s *haSection) line(words ...string) *haLine {
	for ; s != nil; s = s.defaults {
		for i := len(s.lines) - 1; i >= 0; i-- {
			args := s.lines[i].args
			if len(args) > len(words) && args[0] == "no" && startsWith(args[1:], words) {
				return nil
			}
			if startsWith(args, words) {
				return &s.lines[i]
			}
		}
	}
	return nil
}

// all returns the lines of the section itself that begin with word.
func (s *haSection) all(word string) []haLine {
	var found []haLine
	for _, l := range s.lines {
		if l.args[0] == word {
			found = append(found, l)
		}
	}
	return found
}

func startsWith(args, words []string) bool {
	if len(args) < len(words) {
		return false
	}
	for i, w := range words {
		if args[i] != w {
			return false
		}
	}
	return true
}
