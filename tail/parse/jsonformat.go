package parse

import (
	"why502/tail"
)

// yielded is the event under construction, for the finish functions of JSON
// formats.
type yielded = tail.Event

// ruled is what a compiled jsonFormat knows about a key.
type ruled struct {
	d    datum
	u    unit
	rank uint8
}

// compile makes the line parser of a JSON format. It must run while package
// variables are initialized, before any line is scanned: it numbers the keys.
func (f jsonFormat) compile() func(*state) parseFunc {
	all, some, none := mask(split(f.all)...), mask(split(f.some)...), mask(split(f.none)...)
	wantSome := f.some != ""
	var rules []ruled // by key, as far as the format's own go
	for _, r := range f.rules {
		for rank, path := range split(r.path) {
			id := int(key(path))
			if id >= len(rules) {
				rules = append(rules, make([]ruled, id+1-len(rules))...)
			}
			rules[id] = ruled{r.d, r.u, uint8(rank)}
		}
	}
	return func(s *state) parseFunc {
		return func(line []byte, ev *tail.Event) bool {
			d := &s.doc
			if !d.scan(line) || !d.holds(all) || wantSome && !d.any(some) || d.any(none) {
				return false
			}
			r := &s.rec
			r.clear()
			for i := range d.fields {
				fd := &d.fields[i]
				if int(fd.key) >= len(rules) {
					continue
				}
				to := &rules[fd.key]
				if to.d == dNone || fd.kind == '{' || to.d != dMessage && absent(fd.val) {
					continue
				}
				r.put(to.d, fd.text(s), to.u, to.rank)
			}
			r.fill(s, ev)
			return f.finish == nil || f.finish(s, ev)
		}
	}
}
