package window

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"why502/tail"
)

const (
	// maxMessages is how many shapes of messages are kept; what does not fit is
	// counted as missed.
	maxMessages = 512
	// maxLevel is the length at which a level is cut, in bytes.
	maxLevel     = 32
	messageSlots = 256
)

// message is a group of lines of the same shape.
type message struct {
	id           uint64 // names its cases
	gateway      string
	kind         tail.Kind
	level, shape string
	frame        string // of a stack trace
	exception    string

	count       uint64
	first, last int64
	sample      sample
	upstreams   names
	spread      spread
	seconds     series
	passed      passed
}

type messageKey struct {
	gateway      string
	kind         tail.Kind
	level, shape string
	// frame tells exceptions that say the same at two places of the code apart.
	frame string
}

func (k *messageKey) id() uint64 {
	const odd = 0x9e3779b97f4a7c15
	h := uint64(k.kind)
	for _, text := range [...]string{k.shape, k.level, k.frame, k.gateway} {
		h = h*odd + hashOf([]byte(text))
	}
	return h
}

// messages groups lines by shape. The shapes of the texts seen last are
// remembered, one for each slot.
type messages struct {
	groups map[messageKey]*message
	slots  [messageSlots]struct {
		text  uint64 // the text's seeded hash, see routeSlot
		group *message
	}
	scratch []byte
	missed  uint64
}

// of returns the group of ev, nil when there is no room for a new one.
func (m *messages) of(ev *tail.Event, text []byte) *message {
	level, frame := ev.Level[:min(len(ev.Level), maxLevel)], ev.Frame[:min(len(ev.Frame), maxShape)]
	head := text[:min(len(text), maxShapeIn)]
	hash := hashOf(head)
	slot := &m.slots[hash%messageSlots]
	if g := slot.group; g != nil && slot.text == hash && g.kind == ev.Kind && g.level == string(level) && g.gateway == ev.Gateway && g.frame == string(frame) {
		return g
	}
	m.scratch = shapeOf(m.scratch[:0], ev, head)
	g := m.groups[messageKey{ev.Gateway, ev.Kind, string(level), string(m.scratch), string(frame)}]
	if g == nil {
		g = m.enter(messageKey{strings.Clone(ev.Gateway), ev.Kind, string(level), string(m.scratch), string(frame)})
		if g != nil {
			g.exception = string(ev.Exception[:min(len(ev.Exception), maxShape)])
		}
	}
	if g != nil {
		slot.text, slot.group = hash, g
	}
	return g
}

func (m *messages) enter(key messageKey) *message {
	if g := m.groups[key]; g != nil {
		return g
	}
	if len(m.groups) >= maxMessages {
		return nil
	}
	if m.groups == nil {
		m.groups = make(map[messageKey]*message)
	}
	g := &message{id: key.id(), gateway: key.gateway, kind: key.kind, level: key.level, shape: key.shape, frame: key.frame, first: never}
	m.groups[key] = g
	return g
}

// shapeOf appends the shape of ev. An upstream's own access line has no message:
// its status is what it says.
func shapeOf(dst []byte, ev *tail.Event, text []byte) []byte {
	if len(ev.Message) == 0 && ev.Status > 0 {
		return strconv.AppendInt(append(dst, "answered with status "...), int64(ev.Status), 10)
	}
	return appendShape(dst, text)
}

func (m *messages) merge(from *messages) {
	for key, f := range from.groups {
		g := m.enter(key)
		if g == nil {
			m.missed += f.count
			continue
		}
		g.exception = f.exception
		g.count += f.count
		g.first, g.last = min(g.first, f.first), max(g.last, f.last)
		g.sample.merge(&f.sample)
		g.upstreams.merge(&f.upstreams)
		g.spread.merge(&f.spread)
		g.seconds.merge(&f.seconds)
	}
	m.missed += from.missed
}

func (m *messages) reset() {
	clear(m.groups)
	*m = messages{groups: m.groups, scratch: m.scratch}
}

func (m *messages) view() []Message {
	out := make([]Message, 0, len(m.groups))
	for _, g := range m.groups {
		out = append(out, Message{
			Group: g.id, Gateway: g.gateway, Kind: uint8(g.kind), Level: g.level, Shape: g.shape,
			Exception: g.exception, Frame: g.frame,
			Text: string(g.sample.text), Sample: string(g.sample.line), Source: g.sample.source,
			Count: g.count, First: moment(g.first), Last: moment(g.last),
			Upstreams: g.upstreams.counts(), Spread: g.spread.view(), Seconds: slices.Clone(g.seconds.points),
		})
	}
	slices.SortFunc(out, func(a, b Message) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), a.First.Compare(b.First), cmp.Compare(a.Shape, b.Shape),
			cmp.Compare(a.Level, b.Level), cmp.Compare(a.Gateway, b.Gateway), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Frame, b.Frame))
	})
	return out
}
