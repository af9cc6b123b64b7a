package tail

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// Polling without events is fast while the file grows and goes down to this.
const (
	pollIdle  = 250 * time.Millisecond
	pollSlack = 20 // one part in so many of the quiet time is waited
	heldPoll  = 2 * time.Millisecond
)

// distrustTime is how long the file is polled after events were lost.
const distrustTime = 5 * time.Second

// missedMost is how many finds in a row that no event told make events distrusted.
const missedMost = 3

// wait waits until there may be something to read. moved: something was just read,
// so what follows may gather for the gap, but a name that changes is looked at at once.
func (f *follower) wait(ctx context.Context, moved bool) {
	f.watch()
	if moved {
		select {
		case <-ctx.Done():
		case <-f.sub.names:
			f.renamed()
			return
		case <-f.opt.Clock.After(f.opt.Gap):
		}
		// An event that came meanwhile is for what is read next.
		select {
		case <-f.sub.C:
			f.told()
			return
		default:
		}
	}
	select {
	case <-ctx.Done():
	case <-f.sub.names:
		f.renamed()
	case <-f.sub.C:
		f.told()
	case <-f.opt.Clock.After(f.interval()):
		f.ticked()
	}
}

// renamed notes that a name on the way to the file changed: other directories may
// have to be watched, and what failed may work now.
func (f *follower) renamed() {
	f.told()
	f.watchAt = time.Time{}
	if !f.unreadable {
		f.retryAt = time.Time{}
	}
}

// interval is how long the next look may be away without an event. It is short where
// events were not seen to work yet, and while a file is read that was moved to where
// no event tells of it, for its writer may still go on.
func (f *follower) interval() time.Duration {
	if f.held {
		return heldPoll
	}
	now := f.now()
	next := f.opt.Poll
	if f.st.Polling || f.missed > 0 || f.events == 0 || len(f.chain) > 1 || f.st.State == StateWaiting && len(f.chain) > 0 {
		next = min(max(now.Sub(f.quiet)/pollSlack, f.opt.PollFast), max(pollIdle, f.opt.PollFast))
	}
	if wait := f.retryAt.Sub(now); wait > 0 {
		next = min(next, wait)
	}
	return next
}

// told notes that an event came: events work.
func (f *follower) told() {
	if n := f.sub.events.Load(); n != f.events {
		f.events, f.missed = n, 0
	}
}

// ticked looks whether the file moved though no event told it. Some of that is
// chance (the event is still under way), a row of it means that events are blind.
func (f *follower) ticked() {
	it := f.current()
	if it == nil || f.sub.events.Load() != f.events {
		return
	}
	if info, err := it.f.Stat(); err == nil && info.Size() != it.off {
		f.missed = min(f.missed+1, missedMost)
	}
}

// watch keeps the watches in order and says in the status whether the file is
// polled and why.
func (f *follower) watch() {
	now := f.now()
	if n := f.sub.losses(); n != f.losses {
		f.losses, f.distrust = n, now.Add(distrustTime)
	}
	if !now.Before(f.watchAt) {
		f.watchAt = now.Add(f.opt.Poll)
		err := f.sub.watch(f.opt.FS.Hops(f.path), f.bases(), now)
		f.unwatched = ""
		if err != nil {
			f.unwatched = fmt.Sprintf("polling %s: %s", f.path, err)
		}
	}
	why := f.unwatched
	switch {
	case why != "":
	case now.Before(f.distrust):
		why = fmt.Sprintf("polling %s: more file events came at once than the kernel keeps", f.path)
	case f.missed >= missedMost:
		why = fmt.Sprintf("polling %s: no file events arrive for %s (a network or container mount?)", f.path, filepath.Dir(f.path))
	}
	f.st.Polling = why != ""
	if f.st.State == StateFollowing || f.st.State == StateHistory {
		f.st.Why = why
	}
}
