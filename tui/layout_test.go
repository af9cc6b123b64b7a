package tui

import "testing"

// TestArrange: at every size the panes lie inside the screen, do not touch each
// other and fill it, and each has the lines it needs.
func TestArrange(t *testing.T) {
	least := map[paneID]rect{verdictPane: {w: 46, h: 4}, statusPane: {w: 36, h: 5}, latencyPane: {w: 36, h: 5}, upstreamsPane: {w: 36, h: 5}, checklistPane: {w: 36, h: 5}, logPane: {w: 76, h: 4}}
	for w := minWidth; w <= 250; w++ {
		for h := minHeight; h <= 90; h++ {
			l := arrange(w, h)
			cells := 0
			for id := range panes {
				r := l.rects[id]
				if id == timelinePane && w < wide {
					if r.w != 0 {
						t.Fatalf("%dx%d: a time line where there is no room", w, h)
					}
					continue
				}
				if r.w < least[id].w || r.h < least[id].h || r.x < 2 || r.y < 2 || r.x+r.w > w-2 || r.y+r.h > h-1 {
					t.Fatalf("%dx%d: pane %d at %+v", w, h, id, r)
				}
				cells += (r.w + 3) * (r.h + 1)
				for other := id + 1; other < panes; other++ {
					o := l.rects[other]
					if o.w > 0 && r.x < o.x+o.w && o.x < r.x+r.w && r.y < o.y+o.h && o.y < r.y+r.h {
						t.Fatalf("%dx%d: panes %d and %d overlap", w, h, id, other)
					}
				}
			}
			if want := (w - 1) * (h - 2); cells != want {
				t.Fatalf("%dx%d: the panes take %d cells, want %d", w, h, cells, want)
			}
		}
	}
	for _, s := range [][2]int{{79, 24}, {80, 23}, {0, 0}, {-1, 5}} {
		if l := arrange(s[0], s[1]); !l.tooSmall {
			t.Errorf("%v is large enough?", s)
		}
	}
}
