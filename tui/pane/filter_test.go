package pane

import (
	"strings"
	"testing"

	"why502/probe/incident"
	"why502/probe/session"
)

// sampleRecord is a failed request as the filter sees it.
func sampleRecord() *Record {
	return newRecord(incident.Line{Text: `192.0.2.7 "GET /api/Orders?a=b HTTP/1.1" 502 rt=1.250 ua="10.0.0.5:8000"`}, []session.Field{
		{Name: "client", Value: "192.0.2.7"},
		{Name: "path", Value: "/api/Orders?a=b"},
		{Name: "status", Value: "502"},
		{Name: "duration", Value: "1.250"},
		{Name: "upstream", Value: "10.0.0.5:8000"},
	})
}

func TestFilterMatches(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "   ": true, "orders": true, "ORDERS 502": true, "items": false, "-items": true, "-orders": false,
		"/ord.rs/": false, "/Ord.rs/": true, "/": true, "//": false,
		"status:502": true, "status:503": false, "status:5xx": true, "status:5XX": true, "status:4xx": false, "status:50": false, "-status:502": false,
		"path:/api": true, "path:/api status:502": true, "path:/api status:200": false, `path:"/api/orders?a"`: true, `"GET /api"`: true,
		"duration:>1": true, "duration:>1.25": false, "duration:>=1.25": true, "duration:<2": true, "duration:<=1.2": false, "bytes:>1": false,
		"upstream:10.0.0.5": true, "10.0.0.5:8000": true, "host:shop": false, "-host:shop": true, "http://x": false,
	} {
		f, err := ParseFilter(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := f.Match(sampleRecord()); got != want {
			t.Errorf("%q matches: %v, want %v", text, got, want)
		}
	}
}

func TestFilterErrors(t *testing.T) {
	for text, want := range map[string]string{
		"/(/": "not a regular expression", "foo:bar": "no field foo", "status:": "lacks a value", `path:"/a`: "double quote",
		"duration:>fast": "no number", strings.Repeat("a", maxFilter+1): "shorten",
	} {
		_, err := ParseFilter(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.20q: error %v, want one sentence with %q", text, err, want)
		}
	}
}

func FuzzParseFilter(f *testing.F) {
	for _, s := range []string{"", "a b", "/x/", "status:5xx", `path:"a b"`, "-a", "-", ":", "duration:>=1", "status:>", `"`} {
		f.Add(s)
	}
	r := sampleRecord()
	f.Fuzz(func(t *testing.T, s string) {
		flt, err := ParseFilter(s)
		if err == nil {
			flt.Match(r)
			return
		}
		if flt.Active() {
			t.Errorf("%q gives an error and a filter", s)
		}
	})
}
