package window

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// scopeView makes a View of counts written as "dimension value failed/ok".
func scopeView(lines ...string) View {
	var v View
	for _, l := range lines {
		f := strings.Fields(l)
		var failed, ok uint64
		if _, err := fmt.Sscanf(f[len(f)-1], "%d/%d", &failed, &ok); err != nil {
			panic(err)
		}
		for d := range Dimensions {
			if d.String() == f[0] {
				v.Top[d] = append(v.Top[d], Count{Value: strings.Join(f[1:len(f)-1], " "), Failed: failed, OK: ok})
				v.Carried[d].Failed += failed
				v.Carried[d].OK += ok
			}
		}
	}
	for d := range Dimensions {
		sortCounts(v.Top[d])
		v.Failed = max(v.Failed, v.Carried[d].Failed)
		v.Requests = max(v.Requests, v.Carried[d].Failed+v.Carried[d].OK)
	}
	return v
}

func TestScope(t *testing.T) {
	cases := []struct {
		name, want string
		lines      []string
	}{
		{"one of two upstreams", "upstream 10.0.0.5:8000", []string{
			"upstream 10.0.0.5:8000 100/2", "upstream 10.0.0.6:8000 0/400",
			"route GET /a 60/200", "route GET /b 40/202", "client 1.1.1.1 90/100", "client 2.2.2.2 10/302",
		}},
		{"one route", "route POST /upload", []string{
			"upstream 10.0.0.5:8000 20/200", "upstream 10.0.0.6:8000 22/210",
			"route POST /upload 42/3", "route GET /b 0/407", "method POST 42/3", "method GET 0/407",
		}},
		{"everything", "", []string{
			"upstream 10.0.0.5:8000 50/200", "upstream 10.0.0.6:8000 52/210",
			"route GET /a 60/220", "route GET /b 42/190", "method GET 102/410",
		}},
		{"too few to tell", "", []string{"route GET /a 2/1", "route GET /b 0/3"}},
		{"few but clear", "route GET /a", []string{"route GET /a 5/0", "route GET /b 0/30"}},
		{"one upstream only", "", []string{"upstream 10.0.0.5:8000 50/200", "route GET /a 25/100", "route GET /b 25/100"}},
		{"upstream and its only route", "upstream 10.0.0.5:8000; route GET /a", []string{
			"upstream 10.0.0.5:8000 50/0", "upstream 10.0.0.6:8000 0/200", "route GET /a 50/0", "route GET /b 0/200",
		}},
		{"two of four routes", "route GET /a; route GET /b", []string{
			"route GET /a 50/20", "route GET /b 40/15", "route GET /c 5/300", "route GET /d 3/300",
		}},
		{"nothing failed", "", []string{"route GET /a 0/20", "route GET /b 0/15"}},
		{"all failed", "", []string{"route GET /a 20/0", "route GET /b 10/0"}},
	}
	for _, c := range cases {
		v := scopeView(c.lines...)
		var got []string
		for _, trait := range Scope(&v) {
			got = append(got, trait.Dimension.String()+" "+trait.Value)
		}
		if g := strings.Join(got, "; "); g != c.want {
			t.Errorf("%s: got %q, want %q", c.name, g, c.want)
		}
	}
}

// TestFisher checks against exact values counted by hand with binomials.
func TestFisher(t *testing.T) {
	cases := []struct {
		a, b, c, d uint64
		want       float64
	}{
		{3, 0, 0, 20, 1.0 / 1771}, // 1 / C(23,3)
		{3, 1, 1, 3, 17.0 / 70},   // Fisher's tea: (16+1) / C(8,4)
		{0, 5, 5, 0, 1},
		{2, 2, 2, 2, 1},
	}
	for _, c := range cases {
		if got := Fisher(c.a, c.b, c.c, c.d); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("Fisher(%d,%d,%d,%d) = %g, want %g", c.a, c.b, c.c, c.d, got, c.want)
		}
	}
	if p := Fisher(1e9, 1e9, 10, 5e9); p > 1e-12 || math.IsNaN(p) {
		t.Errorf("huge counts: %g", p)
	}
}
