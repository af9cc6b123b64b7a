package window

import "slices"

// maxSeries is the most entries a series keeps.
const maxSeries = 600

// series counts by second, sparse and bounded. When it would hold more than
// maxSeries entries, neighbors are joined on a grid of 2, 4, 8... seconds; a
// joined entry keeps the first second that really was in it, so that the start of
// a burst stays exact. The grid depends only on what was added, not on the order
// or on how it was split and merged.
type series struct {
	points []SecondCount // ascending
	level  uint8         // grid of 1<<level seconds
}

// add counts n at second unix.
func (s *series) add(unix int64, n uint32) {
	if last := len(s.points) - 1; last >= 0 && s.points[last].Unix>>s.level == unix>>s.level && s.points[last].Unix <= unix {
		s.points[last].Count += n
		return
	}
	s.insert(unix, n)
}

// insert counts n where the newest entry is not the one.
func (s *series) insert(unix int64, n uint32) {
	s.put(unix, n)
	for len(s.points) > maxSeries {
		s.level++
		s.regrid()
	}
}

func (s *series) put(unix int64, n uint32) {
	cell := unix >> s.level
	i, found := slices.BinarySearchFunc(s.points, cell, func(p SecondCount, cell int64) int {
		switch c := p.Unix >> s.level; {
		case c < cell:
			return -1
		case c > cell:
			return 1
		}
		return 0
	})
	if !found {
		s.points = slices.Insert(s.points, i, SecondCount{Unix: unix, Count: n})
		return
	}
	p := &s.points[i]
	p.Count += n
	p.Unix = min(p.Unix, unix)
}

// regrid joins the entries that fall together on the present grid.
func (s *series) regrid() {
	kept := s.points[:0]
	for _, p := range s.points {
		if k := len(kept) - 1; k >= 0 && kept[k].Unix>>s.level == p.Unix>>s.level {
			kept[k].Count += p.Count
			continue
		}
		kept = append(kept, p)
	}
	s.points = kept
}

func (s *series) merge(o *series) {
	if o.level > s.level {
		s.level = o.level
		s.regrid()
	}
	for _, p := range o.points {
		s.add(p.Unix, p.Count)
	}
}
