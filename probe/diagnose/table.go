package diagnose

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"iter"
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
	causes   map[ID]Advice
	symptoms map[string]Advice
	gateways map[string]map[string]string
	files    []rowsOf // in the order they are tried
}

// rowsOf are the rows of a file for the lines that where says; "" where the rows tell
// it one by one.
type rowsOf struct {
	where string
	rows  func() ([]Signature, error)
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

// order is how the embedded files are tried, exact tables before general ones, each
// with the only where of its rows. A file is read when the first such line asks for it:
// a report of an access log spares the 8 ms that the others take.
var order = []struct{ name, where string }{
	{"platforms", "error"},
	{"proxies", "error"},
	{"servers", "error"},
	{"pages", "error"},
	{"system", "system"},
	{"kong-apisix", "error"},
	{"apinto-error", "error"},
	{"traefik-caddy", "error"},
	{"nginx", "error"},
	{"haproxy", "error"},
	{"apache", "error"},
	{"spring-litellm", "error"},
	{"go", "error"},
	{"nginx-access", "access"},
	{"haproxy-access", "access"},
	{"envoy", "access"},
	{"apinto", "access"},
	{"tyk-access", "access"},
	{"traefik-caddy-access", "access"},
	{"cloud", "access"},
	{"python", "upstream"},
	{"clients", "error"},
	{"generic-error", "error"},
	{"generic", "access"},
	{"patterns", patternWhere},
	{"words", wordWhere},
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

// Prepare reads the built-in tables for the lines of a kind of log, some milliseconds
// that the first Evaluate then need not wait for.
func Prepare(kind tail.Kind) {
	for _, where := range []string{kindWord(kind), patternWhere, wordWhere} {
		for range table().rows(where) { // reads the files
		}
	}
}

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

// build joins own, whose rows come first, and the embedded files. Where there are own
// rows all files are read, to find an id that is used twice.
func build(own []tableFile) (*Table, error) {
	t := &Table{causes: map[ID]Advice{}, symptoms: map[string]Advice{}, gateways: map[string]map[string]string{}}
	for i := range own {
		t.addAdvice(&own[i])
	}
	for _, name := range []string{"causes", "symptoms", "gateways"} {
		f, err := readTable(name)
		if err != nil {
			return nil, err
		}
		t.addAdvice(&f)
	}
	for name, a := range t.symptoms {
		if _, ok := t.causes[a.Cause]; !ok {
			return nil, fmt.Errorf("signatures: symptom %q names the cause %q, which does not exist", name, a.Cause)
		}
	}
	for i := range own {
		rows, err := t.complete(&own[i], true)
		if err != nil {
			return nil, err
		}
		t.files = append(t.files, rowsOf{"", func() ([]Signature, error) { return rows, nil }})
	}
	for _, file := range order {
		t.files = append(t.files, rowsOf{file.where, sync.OnceValues(func() ([]Signature, error) { return t.embedded(file.name) })})
	}
	if len(own) > 0 {
		return t, t.check()
	}
	return t, nil
}

// addAdvice adds what a file says of causes, symptoms and gateways; what an earlier one
// said of a cause or symptom stays.
func (t *Table) addAdvice(f *tableFile) {
	for id, a := range f.Cause {
		if _, taken := t.causes[id]; !taken {
			t.causes[id] = a
		}
	}
	for name, a := range f.Symptom {
		if _, taken := t.symptoms[name]; !taken {
			t.symptoms[name] = a
		}
	}
	for name, g := range f.Gateway {
		t.gateways[name] = g
	}
}

// readTable reads an embedded file.
func readTable(name string) (tableFile, error) {
	data, err := fs.ReadFile(embedded, path.Join("signatures", name+".toml"))
	if err != nil {
		return tableFile{}, fmt.Errorf("signatures: %w", err)
	}
	return parseTable(name+".toml", data)
}

// embedded returns the rows of an embedded file.
func (t *Table) embedded(name string) ([]Signature, error) {
	f, err := readTable(name)
	if err != nil {
		return nil, err
	}
	return t.complete(&f, false)
}

// check reads all files and says which row is not right, as one of the program's may
// be by what it inherits from a user's causes and symptoms, or has no id of its own.
func (t *Table) check() error {
	for _, f := range t.files {
		if _, err := f.rows(); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for s := range t.rows("") {
		if s.ID == "" || seen[s.ID] {
			return fmt.Errorf("signatures: the id %q is missing or used twice; every row needs its own", s.ID)
		}
		seen[s.ID] = true
	}
	return nil
}

// rows yields the rows for the lines that where says, "" for all, in the order they
// are tried.
func (t *Table) rows(where string) iter.Seq[*Signature] {
	return func(yield func(*Signature) bool) {
		for _, f := range t.files {
			if where != "" && f.where != "" && f.where != where {
				continue
			}
			rows, err := f.rows()
			if err != nil {
				panic(err) // checked where a user's tables are, and by a test where they are not
			}
			for i := range rows {
				if s := &rows[i]; (where == "" || s.Where == where) && !yield(s) {
					return
				}
			}
		}
	}
}

// complete returns the rows of a file with what they inherit. The regular expressions
// of a user's rows are compiled at once, to say what is wrong with them; those of the
// program, which a test compiles, when a line first asks for one.
func (t *Table) complete(f *tableFile, own bool) ([]Signature, error) {
	rows := make([]Signature, len(f.Signature))
	for i, raw := range f.Signature {
		rows[i] = raw.Signature
		s := &rows[i]
		if s.Gateways == nil {
			s.Gateways = f.Gateways
		}
		if s.Where == "" {
			s.Where = f.Where
		}
		if s.Doc == "" {
			s.Doc = f.Doc
		}
		if s.Event = f.Event; raw.Event != nil {
			s.Event = *raw.Event
		}
		if s.Role == "" {
			s.Role = Primary
		}
		if err := t.completeRow(s); err != nil {
			return nil, fmt.Errorf("signatures: row %q: %w", s.ID, err)
		}
		if s.Regexp == "" {
			continue
		}
		s.re = sync.OnceValues(func() (*regexp.Regexp, error) { return regexp.Compile(s.Regexp) })
		if !own {
			continue
		}
		if _, err := s.re(); err != nil {
			return nil, fmt.Errorf("signatures: row %q: regexp: %w", s.ID, err)
		}
	}
	return rows, nil
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

// completeRow checks a row and lets it inherit.
func (t *Table) completeRow(s *Signature) error {
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
		for s := range t.rows(where) {
			if (len(s.Gateways) > 0) == exact && s.speaksOf(gateway) && s.matchText(text) {
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
		for s := range t.rows("") {
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
	for s := range t.rows("access") {
		if slices.ContainsFunc(s.Details, func(d string) bool { return len(d) >= wordLength && strings.Contains(text, d) }) {
			return s
		}
	}
	return nil
}

// byEnding returns the first row that matches the end of a request.
func (t *Table) byEnding(e *ending) *Signature {
	for _, exact := range []bool{true, false} {
		for s := range t.rows("access") {
			if (len(s.Gateways) > 0) == exact && s.speaksOf(e.gateway) && s.matchEnding(e) {
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
	for s := range t.rows(patternWhere) {
		if s.ID == id {
			return s
		}
	}
	return nil
}
