package parse

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"why502/tail"
)

// Plan says how to read a source: which formats its lines have. It is immutable
// and may be shared by the workers that parse the source's chunks.
type Plan struct {
	// Formats are names of the table, the one with most lines first; empty when
	// nothing was recognized.
	Formats []string
	// Confidence is the share of the sample's lines that these formats understood,
	// 0 to 1, less where only formats that accept almost anything did.
	Confidence float64

	tmpl *template
	w3c  w3cHeader // of a W3C log
}

// NewParser returns a parser of lines by the plan. Formats outside the plan are
// tried after those in it.
func (p Plan) NewParser(env Env) *Lines { return newLines(&p, env) }

// maxSample bounds how many lines Detect looks at.
const maxSample = 1000

// innerTrust is how far an understood line of a permissive format counts.
const innerTrust = 0.6

// Detect finds the formats of a sample, some whole lines of a source. Lines of
// several formats may be mixed.
func Detect(sample []byte, env Env) Plan {
	l := Plan{}.NewParser(env)
	counts := make(map[string]int)
	lines, trust := 0, 0.0
	var ev tail.Event
	for len(sample) > 0 && lines < maxSample {
		var line []byte
		line, sample, _ = cut(sample, '\n')
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		lines++
		l.Parse(line, &ev)
		if ev.Format == "" {
			continue
		}
		counts[ev.Format]++
		if i, ok := formatIndex[ev.Format]; ok && formats[i].inner {
			trust += innerTrust
		} else {
			trust++
		}
	}
	if lines == 0 {
		return Plan{}
	}
	return Plan{Formats: rankFormats(counts), Confidence: trust / float64(lines), w3c: l.st.w3c.header()}
}

// DetectWith is Detect with format strings that may be the source's: of the gateway's
// configuration, of a person's settings. The one that tells most about the sample's
// lines is taken if it tells more than the built-in formats do, or as much with other
// durations: it knows the unit. One that can't be compiled is passed over.
func DetectWith(sample []byte, env Env, templates ...string) Plan {
	best := Detect(sample, env)
	if len(templates) == 0 {
		return best
	}
	most := best.told(sample, env)
	for _, text := range templates {
		own, err := Named(text, env)
		if err != nil {
			continue
		}
		t := own.told(sample, env)
		if t.data > most.data || t.data == most.data && t.spent != most.spent {
			most, best, best.Confidence = t, own, t.share
		}
	}
	return best
}

// telling is what a plan finds in a sample.
type telling struct {
	data  int           // values
	spent time.Duration // sum of the durations
	share float64       // of lines that have a format of the plan
}

func (p Plan) told(sample []byte, env Env) (t telling) {
	l := p.NewParser(env)
	lines, planned := 0, 0
	var ev tail.Event
	for len(sample) > 0 && lines < maxSample {
		var line []byte
		if line, sample, _ = cut(sample, '\n'); len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		lines++
		if l.Parse(line, &ev); ev.Kind == tail.KindRaw {
			continue
		}
		if slices.Contains(p.Formats, ev.Format) {
			planned++
		}
		for _, has := range [...]bool{
			ev.Time != 0, ev.Status != 0, ev.Path != nil, ev.Duration != tail.None, ev.Client != nil, ev.Host != nil, ev.RequestID != nil,
			ev.Bytes != tail.None, len(ev.Attempts) > 0, ev.Flags != nil, ev.UserAgent != nil, ev.Message != nil,
		} {
			if has {
				t.data++
			}
		}
		t.spent += max(ev.Duration, 0)
	}
	t.share = float64(planned) / float64(max(lines, 1))
	return t
}

// Format returns the format that most lines of the plan have, the zero Format for
// none.
func (p Plan) Format() Format {
	if p.tmpl != nil {
		return p.tmpl.format
	}
	if len(p.Formats) > 0 {
		if i, ok := formatIndex[p.Formats[0]]; ok {
			return formats[i]
		}
	}
	return Format{}
}

// rankFormats sorts the formats seen by their lines, after it gave look-alikes to
// the gateway whose other lines are there.
func rankFormats(counts map[string]int) []string {
	for i := range formats {
		f := &formats[i]
		n := counts[f.twin]
		if f.twin == "" || n == 0 || !ownLines(counts, f.Name) || ownLines(counts, f.twin) {
			continue
		}
		delete(counts, f.twin)
		counts[f.Name] += n
	}
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if (a == "traceback") != (b == "traceback") { // its lines belong to records of the others
			if a == "traceback" {
				return 1
			}
			return -1
		}
		if d := counts[b] - counts[a]; d != 0 {
			return d
		}
		return formatIndex[a] - formatIndex[b]
	})
	return names
}

// otherNames are what files and directories of a gateway are called besides its name.
var otherNames = map[string][]string{"apache": {"apache2", "httpd"}}

// For returns the plan for a file of that path: of formats whose lines look the same it
// takes the one whose gateway the file or its directory is named after, as
// /var/log/apache2/access.log is and app/gunicorn.access.log.
func (p Plan) For(path string) Plan {
	if p.tmpl != nil || path == "" {
		return p
	}
	words := strings.FieldsFunc(strings.ToLower(filepath.Base(path)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	words = append(words, strings.ToLower(filepath.Base(filepath.Dir(path))))
	for i := range formats {
		f := &formats[i]
		at := slices.Index(p.Formats, f.twin)
		if f.twin == "" || at < 0 || slices.Contains(p.Formats, f.Name) {
			continue
		}
		if slices.ContainsFunc(words, func(w string) bool { return w == f.Gateway || slices.Contains(otherNames[f.Gateway], w) }) {
			p.Formats = slices.Clone(p.Formats)
			p.Formats[at] = f.Name
		}
	}
	return p
}

// ownLines says whether the gateway of the named format has lines of another
// format in the sample, which proves it.
func ownLines(counts map[string]int, name string) bool {
	gateway := formats[formatIndex[name]].Gateway
	for other := range counts {
		if other != name && formats[formatIndex[other]].Gateway == gateway {
			return true
		}
	}
	return false
}

// Named returns the plan for what a person asked for: the name of a format, the
// name of a gateway (all its formats) or a gateway's own format string of
// nginx, Apache, HAProxy or Envoy.
func Named(nameOrTemplate string, _ Env) (Plan, error) {
	if name, ok := aliases[nameOrTemplate]; ok {
		nameOrTemplate = name
	}
	if _, ok := formatIndex[nameOrTemplate]; ok {
		return Plan{Formats: []string{nameOrTemplate}, Confidence: 1}, nil
	}
	var names []string
	for i := range formats {
		if formats[i].Gateway == nameOrTemplate {
			names = append(names, formats[i].Name)
		}
	}
	if names != nil {
		return Plan{Formats: names, Confidence: 1}, nil
	}
	t, err := compileTemplate(nameOrTemplate)
	if err != nil {
		return Plan{}, fmt.Errorf("log format %.80q: %w", nameOrTemplate, err)
	}
	return Plan{Formats: []string{t.format.Name}, Confidence: 1, tmpl: t}, nil
}
