package gateway

import (
	"os"
	"path/filepath"
	"strings"

	"why502/tail"
)

// apNode is a directive or a section of Apache configuration.
type apNode struct {
	name  string // lower case, without angle brackets
	label string // as written
	args  []string
	block []*apNode // of a section
	pos   Pos
}

func (n *apNode) arg(i int) string {
	if i < len(n.args) {
		return n.args[i]
	}
	return ""
}

// apParser reads directives line by line, follows includes and expands
// ${VARIABLES}.
type apParser struct {
	files *fileSet
	root  string // ServerRoot, which relative names are relative to
	vars  map[string]string
}

// apLine is one logical line: backslashes at line ends are joined.
type apLine struct {
	text string
	pos  Pos
}

func apLines(name string, data []byte) []apLine {
	var lines []apLine
	number, open := 0, false
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimRight(line, "\r\n")
		more := strings.HasSuffix(line, `\`)
		if more {
			line = strings.TrimSuffix(line, `\`)
		}
		if open {
			lines[len(lines)-1].text += line
		} else {
			lines = append(lines, apLine{line, Pos{name, number}})
		}
		open = more
	}
	return lines
}

// apWords cuts a line into words; quotes group, a backslash keeps a quote.
func apWords(line string) []string {
	var words []string
	for i := 0; i < len(line) && len(words) < maxTokens; {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		var b strings.Builder
		quote := byte(0)
		if line[i] == '"' || line[i] == '\'' {
			quote = line[i]
			i++
		}
		for i < len(line) {
			c := line[i]
			if c == '\\' && quote != 0 && i+1 < len(line) && (line[i+1] == quote || line[i+1] == '\\') {
				b.WriteByte(line[i+1])
				i += 2
				continue
			}
			i++
			if quote != 0 && c == quote || quote == 0 && (c == ' ' || c == '\t') {
				break
			}
			b.WriteByte(c)
		}
		words = append(words, b.String())
	}
	return words
}

var apVar = tail.Pattern(`\$\{(\w+)\}`)

// parse reads a file into the sections open at this point.
func (p *apParser) parse(name string, data []byte, depth int) ([]*apNode, error) {
	type level struct {
		node *apNode
		list []*apNode
	}
	stack := []level{{}}
	for _, line := range apLines(name, data) {
		text := strings.TrimSpace(line.text)
		if text == "" || text[0] == '#' {
			continue
		}
		text = apVar().ReplaceAllStringFunc(text, func(v string) string {
			if value, ok := p.vars[v[2:len(v)-1]]; ok {
				return value
			}
			return v
		})
		top := &stack[len(stack)-1]
		switch {
		case strings.HasPrefix(text, "</"):
			word := strings.ToLower(strings.TrimRight(text[2:], "> \t"))
			if top.node == nil || top.node.name != word {
				return nil, errorAt(line.pos, "</%s> closes a section that is not open here", bounded(strings.TrimRight(text[2:], "> \t")))
			}
			node := top.node
			node.block = top.list
			stack = stack[:len(stack)-1]
			stack[len(stack)-1].list = append(stack[len(stack)-1].list, apUnwrap(node)...)
		case text[0] == '<':
			if !strings.HasSuffix(text, ">") {
				return nil, errorAt(line.pos, "%s lacks its closing >", bounded(text))
			}
			if len(stack) > maxNesting {
				return nil, errorAt(line.pos, "sections are nested deeper than %d: this is no Apache configuration", maxNesting)
			}
			words := apWords(text[1 : len(text)-1])
			if len(words) == 0 {
				return nil, errorAt(line.pos, "a section's name is missing after <")
			}
			stack = append(stack, level{node: &apNode{name: strings.ToLower(words[0]), label: words[0], args: words[1:], pos: line.pos}})
		default:
			words := apWords(text)
			more, err := p.directive(&apNode{name: strings.ToLower(words[0]), args: words[1:], pos: line.pos}, depth)
			if err != nil {
				return nil, err
			}
			top.list = append(top.list, more...)
		}
	}
	if len(stack) > 1 {
		n := stack[len(stack)-1].node
		return nil, errorAt(n.pos, "<%s> is never closed: add </%s>", bounded(n.label), bounded(n.label))
	}
	return stack[0].list, nil
}

// apUnwrap takes conditional sections as if they held, but those for a missing
// module or definition.
func apUnwrap(n *apNode) []*apNode {
	switch n.name {
	case "ifmodule", "ifdefine", "ifversion", "ifdirective", "ifsection", "iffile":
		if strings.HasPrefix(n.arg(0), "!") {
			return nil
		}
		return n.block
	}
	return []*apNode{n}
}

func (p *apParser) directive(n *apNode, depth int) ([]*apNode, error) {
	switch n.name {
	case "serverroot":
		p.root = n.arg(0)
	case "define":
		if len(n.args) == 2 {
			p.vars[n.args[0]] = n.args[1]
		}
	case "include", "includeoptional":
		return p.include(n, depth)
	}
	return []*apNode{n}, nil
}

func (p *apParser) include(n *apNode, depth int) ([]*apNode, error) {
	if depth >= maxDepth {
		return nil, errorAt(n.pos, "includes are nested deeper than %d: look for a file that includes itself", maxDepth)
	}
	pattern := p.absolute(n.arg(0))
	if info, err := os.Stat(pattern); err == nil && info.IsDir() {
		pattern = filepath.Join(pattern, "*")
	}
	if n.name == "includeoptional" && len(p.files.glob(pattern)) == 0 {
		return nil, nil
	}
	var nodes []*apNode
	err := p.files.include(n.pos, pattern, func(name string, data []byte) error {
		more, err := p.parse(name, data, depth+1)
		nodes = append(nodes, more...)
		return err
	})
	return nodes, err
}

func (p *apParser) absolute(name string) string {
	if strings.HasPrefix(name, "/") || filepath.IsAbs(name) || p.root == "" {
		return name
	}
	return filepath.Join(p.root, name)
}

var apExport = tail.Pattern(`(?m)^\s*export\s+(\w+)=["']?([^"'\s]*)`)

// apEnv reads the envvars file that Debian's apachectl sources before it starts
// Apache: the log directory is set there.
func apEnv(dir string) map[string]string {
	vars := map[string]string{}
	if data, err := readBounded(filepath.Join(dir, "envvars"), 1<<20); err == nil {
		for _, m := range apExport().FindAllStringSubmatch(string(data), 1000) {
			vars[m[1]] = strings.ReplaceAll(m[2], "$SUFFIX", "")
		}
	}
	return vars
}
