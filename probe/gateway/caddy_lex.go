package gateway

import "strings"

// caddyWord is a word of a Caddyfile; quoted ones open no block.
type caddyWord struct {
	text   string
	line   int
	quoted bool
}

// caddyWords cuts a Caddyfile into words (caddyserver.com, "Caddyfile
// Concepts"): double quotes with \" inside, backticks, heredocs, comments that
// begin a word, a backslash that joins lines.
func caddyWords(name, text string) ([]caddyWord, error) {
	var words []caddyWord
	line := 1      // of the file
	directive := 1 // the line the present directive began in
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '\n':
			line++
			directive = line
			i++
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == '\\' && (strings.HasPrefix(text[i+1:], "\n") || strings.HasPrefix(text[i+1:], "\r\n")):
			i += strings.IndexByte(text[i:], '\n') + 1
			line++
		case c == '#':
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case c == '"' || c == '`':
			word, used, ok := caddyQuoted(text[i:])
			if !ok {
				return nil, errorAt(Pos{name, line}, "a quote is opened here and never closed: close it")
			}
			words = append(words, caddyWord{word, directive, true})
			line += strings.Count(text[i:i+used], "\n")
			i += used
		default:
			end := i
			for end < len(text) && !strings.ContainsRune(" \t\r\n", rune(text[end])) {
				end++
			}
			word := text[i:end]
			i = end
			if mark, ok := strings.CutPrefix(word, "<<"); ok && mark != "" {
				body, used := caddyHeredoc(text[i:], mark)
				words = append(words, caddyWord{body, directive, true})
				line += strings.Count(text[i:i+used], "\n")
				i += used
				continue
			}
			words = append(words, caddyWord{word, directive, false})
		}
	}
	return words, nil
}

// caddyQuoted reads a quoted word and how many bytes it takes.
func caddyQuoted(s string) (word string, used int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == s[0]:
			return b.String(), i + 1, true
		case s[0] == '"' && s[i] == '\\' && i+1 < len(s) && s[i+1] == '"':
			i++
		}
		b.WriteByte(s[i])
	}
	return "", 0, false
}

// caddyHeredoc reads up to the line that is mark alone.
func caddyHeredoc(s, mark string) (body string, used int) {
	var b strings.Builder
	for l := range strings.Lines(s) {
		trimmed := strings.TrimSpace(l)
		if trimmed == mark || strings.HasPrefix(trimmed, mark+" ") {
			return b.String(), used + strings.Index(l, mark) + len(mark)
		}
		used += len(l)
		b.WriteString(l)
	}
	return b.String(), used
}

// caddyNode is a directive, a site or a snippet with its block.
type caddyNode struct {
	args  []string
	block []*caddyNode
	open  bool // has a block
	pos   Pos
}

func (n *caddyNode) arg(i int) string {
	if i < len(n.args) {
		return n.args[i]
	}
	return ""
}

// find returns the first child called name.
func (n *caddyNode) find(name string) *caddyNode {
	for _, c := range n.block {
		if c.arg(0) == name {
			return c
		}
	}
	return nil
}

// caddyTree makes directives of words: a line is one, a { at its end opens its
// block.
func caddyTree(name string, words []caddyWord) ([]*caddyNode, error) {
	root := &caddyNode{}
	stack := []*caddyNode{root}
	for i := 0; i < len(words); {
		top := stack[len(stack)-1]
		pos := Pos{name, words[i].line}
		if words[i].text == "}" && !words[i].quoted {
			if len(stack) == 1 {
				return nil, errorAt(pos, "unexpected }: a block is closed that was never opened")
			}
			stack = stack[:len(stack)-1]
			i++
			continue
		}
		n := &caddyNode{pos: pos}
		for ; i < len(words) && words[i].line == pos.Line; i++ {
			if words[i].text == "{" && !words[i].quoted {
				n.open = true
				i++
				break
			}
			if words[i].text == "}" && !words[i].quoted && len(n.args) > 0 {
				break
			}
			n.args = append(n.args, words[i].text)
			// Site addresses may run over lines after a comma.
			if len(stack) == 1 && strings.HasSuffix(words[i].text, ",") && i+1 < len(words) {
				pos.Line = words[i+1].line
			}
		}
		top.block = append(top.block, n)
		if n.open {
			if len(stack) > maxNesting {
				return nil, errorAt(pos, "blocks are nested deeper than %d: this is no Caddyfile", maxNesting)
			}
			stack = append(stack, n)
		}
	}
	if len(stack) > 1 {
		return nil, errorAt(stack[len(stack)-1].pos, "the block opened here is never closed: add the closing }")
	}
	return root.block, nil
}
