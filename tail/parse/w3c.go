package parse

// w3cState is the column order of a W3C log, learned from its #Fields line.
type w3cState struct {
	fields []byte
}

func (w *w3cState) prime(fields []byte) { w.fields = append(w.fields[:0], fields...) }

func (w *w3cState) header() []byte { return append([]byte(nil), w.fields...) }
