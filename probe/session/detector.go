package session

import (
	"bytes"

	"why502/tail/parse"
)

// Detection wants this many lines; it is made again when half of at least as many
// since were not understood.
const detectLines = 20

// detector chooses the plan of one source: at the first batch, again while there
// were too few lines, and again when what comes is no longer understood.
type detector struct {
	env     parse.Env
	fixed   *parse.Plan // of --log-format, nil to detect
	changed func(*parse.Plan)
	// templates are format strings that may be this log's: that of the gateway's
	// configuration and those of the settings.
	templates []string
	file      string // whose name tells look-alikes apart
	alone     bool   // there is no other log: its requests are the traffic, whoever logged them

	current *parse.Plan
	sample  []byte // of a source whose first lines were too few to be sure
	lines   int    // in sample
	// Since the last detection.
	seen, failed uint64
}

// plan returns the plan in force for a batch.
func (d *detector) plan(data []byte) *parse.Plan {
	if d.fixed != nil {
		if d.current == nil {
			d.set(d.fixed)
		}
		return d.current
	}
	poor := d.seen >= detectLines && d.failed*2 > d.seen
	if d.current != nil && d.lines >= detectLines && !poor {
		return d.current
	}
	if poor {
		d.sample, d.lines = nil, 0
	}
	d.seen, d.failed = 0, 0
	head, n := firstLines(data, 4*detectLines)
	d.sample = append(d.sample, head...)
	d.lines += n
	p := parse.DetectWith(d.sample, d.env, d.templates...)
	if named := p.For(d.file); !d.alone || named.Format().Kind == p.Format().Kind {
		p = named
	}
	d.set(&p)
	if d.lines >= detectLines {
		d.sample = nil
	}
	return d.current
}

// saw tells how many lines the plan read and how many it did not understand.
func (d *detector) saw(lines, failed uint64) {
	d.seen += lines
	d.failed += failed
}

func (d *detector) set(p *parse.Plan) {
	d.current = p
	if d.changed != nil {
		d.changed(p)
	}
}

// firstLines returns the first at most n lines of data, at most 64 KiB, and how
// many they are.
func firstLines(data []byte, n int) ([]byte, int) {
	data = data[:min(len(data), 64<<10)]
	end, lines := 0, 0
	for lines < n {
		i := bytes.IndexByte(data[end:], '\n')
		if i < 0 {
			break
		}
		end += i + 1
		lines++
	}
	if lines == 0 && len(data) > 0 {
		return data, 1
	}
	return data[:end], lines
}
