package diagnose

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/pelletier/go-toml/v2"

	"why502/tail"
)

//go:embed signatures/*.toml
var embedded embed.FS

// maxTable is the size at which a user's table is refused, in bytes.
const maxTable = 1 << 20

// Table is all signatures with what they refer to. It is immutable once built.
type Table struct {
	causes     map[ID]Advice
	symptoms   map[string]Advice
	gateways   map[string]map[string]string
	signatures []Signature
}

// tableFile is one TOML file: any of its parts may be missing.
type tableFile struct {
	Gateways []string                     `toml:"gateways"` // default for the rows
	Where    string                       `toml:"where"`    // default for the rows
	Doc      string                       `toml:"doc"`      // default for the rows
	Event    bool                         `toml:"event"`    // default for the rows
	Cause    map[ID]Advice                `toml:"cause"`
	Symptom  map[string]Advice            `toml:"symptom"`
	Gateway  map[string]map[string]string `toml:"gateway"`
	// By address: the decoder appends rows one by one.
	Signature []*rawSignature `toml:"signature"`
}

// rawSignature tells a row that says "event = false" from one that says nothing.
type rawSignature struct {
	Signature
	Event *bool `toml:"event"`
}

// order is how the embedded files are tried: exact tables before general ones.
var order = []string{
	"platforms", "proxies", "servers", "pages", "system", "kong-apisix", "apinto-error", "traefik-caddy", "nginx", "haproxy", "apache", "spring-litellm", "go",
	"nginx-access", "haproxy-access", "envoy", "apinto", "tyk-access", "traefik-caddy-access", "cloud",
	"python", "clients", "generic-error", "generic", "patterns", "words",
}

// patternWhere marks rows that stand for what many lines show together.
const patternWhere = "pattern"

// wordWhere marks rows of words that may stand in any line: the last resort.
const wordWhere = "word"

var builtIn = sync.OnceValues(func() (*Table, error) { return build(nil) })

// current is the table in force: the built-in one and what LoadDir added.
var current atomic.Pointer[Table]

func table() *Table {
	if t := current.Load(); t != nil {
		return t
	}
	t, err := builtIn()
	if err != nil {
		// The embedded tables are part of the program; a test reads every one.
		panic(err)
	}
	return t
}

// Prepare reads the built-in tables, 5 to 15 ms that the first Evaluate then need not wait
// for.
func Prepare() { table() }

// LoadDir adds the tables (*.toml) of a directory to the built-in ones for all
// later evaluations; their rows are tried first. A directory that does not exist
// adds nothing. The error names the file and the place in it, and then nothing
// is changed.
func LoadDir(fsys fs.FS) error {
	names, err := fs.Glob(fsys, "*.toml")
	if err != nil || len(names) == 0 {
		return err
	}
	slices.Sort(names)
	var own []tableFile
	for _, name := range names {
		info, err := fs.Stat(fsys, name)
		if err != nil {
			return fmt.Errorf("signatures: %w", err)
		}
		if info.Size() > maxTable {
			return fmt.Errorf("signatures: %s is larger than 1 MiB; split it", name)
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return fmt.Errorf("signatures: %w", err)
		}
		f, err := parseTable(name, data)
		if err != nil {
			return err
		}
		own = append(own, f)
	}
	t, err := build(own)
	if err != nil {
		return err
	}
	current.Store(t)
	return nil
}

// parseTable reads one file strictly: an unknown key is an error that says where.
func parseTable(name string, data []byte) (tableFile, error) {
	var f tableFile
	dec := toml.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		var strict *toml.StrictMissingError
		if errors.As(err, &strict) {
			return f, fmt.Errorf("signatures: %s has unknown keys:\n%s", name, strict.String())
		}
		var decode *toml.DecodeError
		if errors.As(err, &decode) {
			line, column := decode.Position()
			return f, fmt.Errorf("signatures: %s:%d:%d: %s", name, line, column, decode.Error())
		}
		return f, fmt.Errorf("signatures: %s: %w", name, err)
	}
	return f, nil
}

// build joins the embedded files and own, whose rows come first.
func build(own []tableFile) (*Table, error) {
	t := &Table{causes: map[ID]Advice{}, symptoms: map[string]Advice{}, gateways: map[string]map[string]string{}}
	files := slices.Clone(own)
	for _, name := range append([]string{"causes", "symptoms", "gateways"}, order...) {
		data, err := fs.ReadFile(embedded, path.Join("signatures", name+".toml"))
		if err != nil {
			return nil, fmt.Errorf("signatures: %w", err)
		}
		f, err := parseTable(name+".toml", data)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	for i := range files {
		for id, a := range files[i].Cause {
			if _, taken := t.causes[id]; !taken {
				t.causes[id] = a
			}
		}
		for name, a := range files[i].Symptom {
			if _, taken := t.symptoms[name]; !taken {
				t.symptoms[name] = a
			}
		}
		for name, g := range files[i].Gateway {
			t.gateways[name] = g
		}
	}
	for name, a := range t.symptoms {
		if _, ok := t.causes[a.Cause]; !ok {
			return nil, fmt.Errorf("signatures: symptom %q names the cause %q, which does not exist", name, a.Cause)
		}
	}
	rows := 0
	for i := range files {
		rows += len(files[i].Signature)
	}
	t.signatures = make([]Signature, 0, rows)
	seen := make(map[string]bool, rows)
	for i := range files {
		if err := t.addRows(&files[i], seen, i < len(own)); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// addRows completes the rows of a file. The regular expressions of a user's rows are
// compiled at once, to say what is wrong with them; those of the program, which a
// test compiles, when a line first asks for one.
func (t *Table) addRows(f *tableFile, seen map[string]bool, own bool) error {
	for i := range f.Signature {
		t.signatures = append(t.signatures, f.Signature[i].Signature)
		s := &t.signatures[len(t.signatures)-1]
		if s.ID == "" || seen[s.ID] {
			return fmt.Errorf("signatures: the id %q is missing or used twice; every row needs its own", s.ID)
		}
		seen[s.ID] = true
		if s.Gateways == nil {
			s.Gateways = f.Gateways
		}
		if s.Where == "" {
			s.Where = f.Where
		}
		if s.Doc == "" {
			s.Doc = f.Doc
		}
		if s.Event = f.Event; f.Signature[i].Event != nil {
			s.Event = *f.Signature[i].Event
		}
		if s.Role == "" {
			s.Role = Primary
		}
		if err := t.complete(s); err != nil {
			return fmt.Errorf("signatures: row %q: %w", s.ID, err)
		}
		if s.Regexp == "" {
			continue
		}
		s.re = sync.OnceValues(func() (*regexp.Regexp, error) { return regexp.Compile(s.Regexp) })
		if !own {
			continue
		}
		if _, err := s.re(); err != nil {
			return fmt.Errorf("signatures: row %q: regexp: %w", s.ID, err)
		}
	}
	return nil
}

// choices are the keys of a row that take one of a few words.
var choices = []struct {
	key   string
	value func(s *Signature) string
	oneOf []string
}{
	{"where", func(s *Signature) string { return s.Where }, []string{"error", "access", "upstream", "system", patternWhere, wordWhere}},
	{"role", func(s *Signature) string { return string(s.Role) }, []string{
		string(Primary), string(Consequence), string(Companion), string(Weak), string(Hint), string(Client),
		string(Noise), string(ConfigRole), string(ProcessRole), string(RecoveryRole),
	}},
	{"maker", func(s *Signature) string { return s.Maker }, []string{"", "gateway", "upstream"}},
	{"upstream_status", func(s *Signature) string { return s.UpstreamStatus }, []string{"", "same"}},
}

// complete checks a row and lets it inherit.
func (t *Table) complete(s *Signature) error {
	for i := range choices {
		if c := &choices[i]; !slices.Contains(c.oneOf, c.value(s)) {
			return fmt.Errorf("%s = %q is not one of %q", c.key, c.value(s), c.oneOf)
		}
	}
	for _, r := range s.Reach {
		if _, ok := reaches[r]; !ok {
			return fmt.Errorf("reach = %q is not one of none, tried, connected, answered", r)
		}
	}
	if s.Symptom != "" {
		a, ok := t.symptoms[s.Symptom]
		if !ok {
			return fmt.Errorf("the symptom %q does not exist", s.Symptom)
		}
		s.inherit(&a)
	}
	cause, ok := t.causes[s.Cause]
	if !ok {
		return fmt.Errorf("the cause %q does not exist", s.Cause)
	}
	for id := range s.Also {
		if _, ok := t.causes[id]; !ok {
			return fmt.Errorf("the cause %q does not exist", id)
		}
	}
	s.inherit(&cause)
	if s.Step < 0 || s.Step > 7 {
		return fmt.Errorf("step = %d is not 1 to 7", s.Step)
	}
	access := len(s.Status)+len(s.Flags)+len(s.Details) > 0
	text := len(s.All)+len(s.Any) > 0 || s.Regexp != ""
	if s.Where == patternWhere {
		if access || text {
			return errors.New("a pattern matches no line")
		}
		return nil
	}
	if (s.Where == "access") != access || (s.Where == "access") == text {
		return errors.New("access rows match status, flags or details, the others all, any or regexp")
	}
	return nil
}

// byText returns the first row that matches a message, exact gateways first.
func (t *Table) byText(gateway string, kind tail.Kind, text string) *Signature {
	where := kindWord(kind)
	for _, exact := range []bool{true, false} {
		for i := range t.signatures {
			s := &t.signatures[i]
			if s.Where == where && (len(s.Gateways) > 0) == exact && s.speaksOf(gateway) && s.matchText(text) {
				return s
			}
		}
	}
	return nil
}

// anyText is byText over all gateways and logs, for a line of unknown origin. Rows
// that only hint or tell of a process come last.
func (t *Table) anyText(text string) *Signature {
	for _, last := range []bool{false, true} {
		for i := range t.signatures {
			s := &t.signatures[i]
			second := slices.Contains([]Role{Weak, Hint, ConfigRole, ProcessRole, RecoveryRole}, s.Role)
			if s.Where != "access" && s.Where != patternWhere && s.Where != wordWhere && second == last && s.matchText(text) {
				return s
			}
		}
	}
	return nil
}

// wordLength is the length from which a detail of an access row is a word that
// stands for itself wherever it is found, in bytes.
const wordLength = 9

// byDetail returns the first access row whose detail is a word of the text: a part
// of a record without its format, such as one field of a cloud's log.
func (t *Table) byDetail(text string) *Signature {
	for i := range t.signatures {
		s := &t.signatures[i]
		if slices.ContainsFunc(s.Details, func(d string) bool { return len(d) >= wordLength && strings.Contains(text, d) }) {
			return s
		}
	}
	return nil
}

// byEnding returns the first row that matches the end of a request.
func (t *Table) byEnding(e *ending) *Signature {
	for _, exact := range []bool{true, false} {
		for i := range t.signatures {
			s := &t.signatures[i]
			if s.Where == "access" && (len(s.Gateways) > 0) == exact && s.speaksOf(e.gateway) && s.matchEnding(e) {
				return s
			}
		}
	}
	return nil
}

// lookup finds the row of a message: in the tables of its log, then, since
// containers mix logs on one stream, in the others.
func (t *Table) lookup(gateway string, kind tail.Kind, text string) *Signature {
	if s := t.byText(gateway, kind, text); s != nil {
		return s
	}
	for _, k := range []tail.Kind{tail.KindError, tail.KindUpstream, tail.KindSystem} {
		if k != kind {
			if s := t.byText(gateway, k, text); s != nil && strings.TrimSpace(text) != "" {
				return s
			}
		}
	}
	return nil
}

// pattern returns the row of a pattern that the program itself found.
func (t *Table) pattern(id string) *Signature {
	for i := range t.signatures {
		if s := &t.signatures[i]; s.Where == patternWhere && s.ID == id {
			return s
		}
	}
	return nil
}
