package diagnose

import (
	"why502/tail"
	"why502/tail/window"
)

// maxClassified is how much of a line is looked at, in bytes.
const maxClassified = 4 << 10

// Classify names the cause that one message of an error, upstream or system log
// speaks for. It returns false when the line gives none: unknown, harmless, or a
// mere consequence of an earlier failure.
func Classify(gateway string, kind tail.Kind, text string) (ID, bool) {
	if len(text) > maxClassified {
		text = text[:maxClassified]
	}
	return causeOf(table().lookup(gateway, kind, text))
}

// ReadEvent names the cause that one parsed line speaks for, as Classify does, ""
// when it gives none, and says in words what its message, termination state or
// response flags mean, "" where there is nothing to decode. For access lines the
// status alone gives no cause.
func ReadEvent(ev *tail.Event) (cause ID, meaning string) {
	s := signatureOf(ev)
	if s == nil {
		return "", ""
	}
	if ev.Kind != tail.KindAccess || len(ev.Flags) > 0 {
		meaning = s.Meaning
	}
	cause, _ = causeOf(s)
	return cause, meaning
}

func signatureOf(ev *tail.Event) *Signature {
	if ev.Kind == tail.KindAccess {
		e := endingOf(ev)
		return table().byEnding(&e)
	}
	text := ev.Message
	if len(text) == 0 {
		text = ev.Line
	}
	return table().lookup(ev.Gateway, ev.Kind, string(text[:min(len(text), maxClassified)]))
}

func causeOf(s *Signature) (ID, bool) {
	if s == nil {
		return "", false
	}
	switch s.Role {
	case Primary, Companion:
		return s.Cause, true
	case Client:
		if s.Cause == ClientAbort && s.Symptom == "" && s.Where == "access" {
			return ClientAbort, true
		}
	}
	return "", false
}

// endingOf reads from an event what window.Outcome has for a group. How far an
// attempt came is only taken from what the line says for sure: without the times
// it is unknown.
func endingOf(ev *tail.Event) ending {
	e := ending{
		gateway: ev.Gateway, flags: string(ev.Flags), status: ev.Status, maker: ev.Maker,
	}
	last := ev.Last()
	if last == nil {
		return e
	}
	e.upstream = last.Status
	switch {
	case last.Header >= 0:
		e.reach = window.ReachAnswered
	case last.Connect >= 0:
		e.reach = window.ReachConnected
	}
	if addr := string(last.Addr); len(addr) >= len(noServerMark) && addr[len(addr)-len(noServerMark):] == noServerMark {
		e.server, e.reach = noServerMark, window.ReachNone
	}
	return e
}

// noServerMark is what HAProxy writes where no server was picked.
const noServerMark = "<NOSRV>"
