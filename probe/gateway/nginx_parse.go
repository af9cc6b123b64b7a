package gateway

import (
	"os"
	"path/filepath"
	"strings"
)

// nginxParser reads directives and follows includes.
type nginxParser struct {
	files *fileSet
	dir   string // what relative includes are relative to: the directory of nginx.conf
}

// parseFile reads one file's directives; depth counts includes.
func (p *nginxParser) parseFile(name string, data []byte, depth int) ([]*nginxNode, error) {
	lex := &nginxLexer{text: string(data), line: 1, file: name}
	nodes, err := p.block(lex, depth, 0)
	if err != nil {
		return nil, err
	}
	return nodes, nil
}

// block reads directives up to the closing brace, or the end of the file at
// nesting 0.
func (p *nginxParser) block(lex *nginxLexer, depth, nesting int) ([]*nginxNode, error) {
	opened := lex.pos()
	if nesting > maxNesting {
		return nil, errorAt(opened, "blocks are nested deeper than %d: this is no nginx configuration", maxNesting)
	}
	var nodes []*nginxNode
	for {
		node, ended, err := p.directive(lex, depth, nesting)
		switch {
		case err != nil:
			return nil, err
		case ended == tokClose && nesting == 0:
			return nil, errorAt(lex.pos(), "unexpected }: a block is closed that was never opened")
		case ended == tokEnd && nesting > 0:
			return nil, errorAt(opened, "the block opened here is never closed: add the closing }")
		case ended != tokSemicolon:
			return nodes, nil
		case node.name() == "include" && len(node.args) == 2:
			included, err := p.include(node, depth)
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, included...)
		default:
			nodes = append(nodes, node)
		}
	}
}

// directive reads one directive. ended is tokSemicolon after a whole one,
// tokClose or tokEnd where the block or the file ends instead.
func (p *nginxParser) directive(lex *nginxLexer, depth, nesting int) (node *nginxNode, ended int, err error) {
	node = &nginxNode{}
	for {
		kind, word, err := lex.next()
		if err != nil {
			return nil, 0, err
		}
		if kind == tokWord {
			if node.args == nil {
				node.pos = lex.pos()
			}
			if node.args = append(node.args, word); len(node.args) > maxTokens {
				return nil, 0, errorAt(node.pos, "a directive of more than %d words: this is no nginx configuration", maxTokens)
			}
			continue
		}
		if len(node.args) == 0 {
			if kind == tokEnd || kind == tokClose {
				return nil, kind, nil
			}
			return nil, 0, errorAt(lex.pos(), "unexpected %s: a directive's name is missing before it", tokenName[kind])
		}
		switch kind {
		case tokSemicolon:
			return node, tokSemicolon, nil
		case tokOpen:
			if strings.HasSuffix(node.name(), "_by_lua_block") {
				return node, tokSemicolon, lex.skipLua()
			}
			node.block, err = p.block(lex, depth, nesting+1)
			return node, tokSemicolon, err
		}
		return nil, 0, errorAt(node.pos, "directive %q is not ended by a semicolon: add the ;", bounded(node.name()))
	}
}

var tokenName = map[int]string{tokSemicolon: ";", tokOpen: "{", tokClose: "}", tokEnd: "end of the file"}

func (p *nginxParser) include(node *nginxNode, depth int) ([]*nginxNode, error) {
	if depth >= maxDepth {
		return nil, errorAt(node.pos, "includes are nested deeper than %d: look for a file that includes itself", maxDepth)
	}
	pattern := node.args[1]
	if !filepath.IsAbs(pattern) && !strings.HasPrefix(pattern, "/") {
		pattern = filepath.Join(p.dir, pattern)
	}
	var nodes []*nginxNode
	err := p.files.include(node.pos, pattern, func(name string, data []byte) error {
		included, err := p.parseFile(name, data, depth+1)
		nodes = append(nodes, included...)
		return err
	})
	return nodes, err
}

// dumpMark begins each file in the output of nginx -T (src/core/nginx.c).
const dumpMark = "# configuration file "

// splitDump takes the output of nginx -T apart; ok is false for anything else.
func splitDump(text string) (files map[string][]byte, first string, ok bool) {
	if !strings.HasPrefix(text, dumpMark) && !strings.Contains(text, "\n"+dumpMark) {
		return nil, "", false
	}
	files = map[string][]byte{}
	name := ""
	var body strings.Builder
	flush := func() {
		if _, seen := files[name]; name != "" && !seen {
			files[name] = []byte(body.String())
		}
		body.Reset()
	}
	for _, line := range strings.SplitAfter(text, "\n") {
		trimmed := strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(trimmed, dumpMark) && strings.HasSuffix(trimmed, ":") {
			flush()
			name = strings.TrimSuffix(strings.TrimPrefix(trimmed, dumpMark), ":")
			if first == "" {
				first = name
			}
			continue
		}
		body.WriteString(line)
	}
	flush()
	return files, first, first != "" && len(files) <= maxFiles
}

// readNginx reads name, whose content is data, as nginx configuration.
func readNginx(name string, data []byte) (*Config, error) {
	set := &fileSet{read: []string{name}, bytes: len(data)}
	if files, first, ok := splitDump(string(data)); ok {
		set = &fileSet{dump: files, read: []string{name, first}}
		name, data = first, files[first]
	}
	return parseNginx(set, filepath.Dir(name), func(p *nginxParser) ([]*nginxNode, error) {
		return p.parseFile(name, data, 0)
	})
}

// readNginxParts reads a directory of files that nginx.conf would include in its
// http block (conf.d, sites-enabled).
func readNginxParts(dir string, names []string) (*Config, error) {
	set := &fileSet{}
	return parseNginx(set, dir, func(p *nginxParser) ([]*nginxNode, error) {
		var nodes []*nginxNode
		for _, name := range names {
			data, err := set.open(name)
			if err != nil {
				set.note(Pos{File: dir}, name, err)
				continue
			}
			more, err := p.parseFile(name, data, 0)
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, more...)
		}
		if len(set.read) == 0 {
			return nil, &os.PathError{Op: "read", Path: dir, Err: os.ErrPermission}
		}
		return nodes, nil
	})
}

func parseNginx(set *fileSet, dir string, parse func(*nginxParser) ([]*nginxNode, error)) (*Config, error) {
	nodes, err := parse(&nginxParser{files: set, dir: dir})
	if err != nil {
		return nil, err
	}
	e := newNginxEval(dir)
	root := &nginxScope{}
	e.walk(nodes, root)
	e.finish(root)
	e.config.Files = set.read
	e.config.Lints = append(runLints(nginxLints, e), set.notes...)
	return e.config, nil
}
