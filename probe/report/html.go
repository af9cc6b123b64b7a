package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"sync"
)

//go:embed report.html.tmpl
var page string

// pageTemplate is parsed when the first page is written: other runs need not wait.
var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("report").Parse(page)) })

// view is what the page's template reads. Everything in it is text, which
// html/template escapes for where it stands.
type view struct {
	*Report
	Headline, Mark, Scope, Statuses string
	ChecklistFirst                  bool
	Latencies                       []pair
	Bars                            []bar
	Onset                           int
	ChartNote                       string
	cal                             calendar
	shown                           shown
}

type pair struct{ Name, Value string }

// bar is one column of the chart, in percent of its height.
type bar struct {
	X, Good, Failed, FailedTop, GoodTop int
	Title                               string
}

func writeHTML(w io.Writer, r *Report, opt Options) error {
	cal := newCalendar(r)
	v := view{
		Report: r, Headline: headline(r, cal), Mark: mark(r.Incident.State), Scope: scopeLine(r),
		Statuses: statusLine(&r.Traffic), ChecklistFirst: opt.ChecklistFirst, cal: cal, shown: shown{}, Onset: r.chart.onset,
	}
	if l := r.Traffic.Latency; l != nil {
		v.Latencies = append(v.Latencies, pair{"latency", latencyLine(l)})
	}
	if l := r.Traffic.UpstreamLatency; l != nil {
		v.Latencies = append(v.Latencies, pair{"upstream latency", latencyLine(l)})
	}
	v.Bars = bars(&r.chart)
	if len(v.Bars) > 0 {
		v.ChartNote = fmt.Sprintf("requests and failures from %s UTC on, %s a column", r.chart.first.Format("15:04:05"), lasted(r.chart.each))
	}
	return pageTemplate().Execute(w, v)
}

// bars scales the chart's columns to a height of 100.
func bars(c *chart) []bar {
	var most uint64
	for _, col := range c.columns {
		most = max(most, col.requests)
	}
	if most == 0 {
		return nil
	}
	out := make([]bar, len(c.columns))
	for i, col := range c.columns {
		failed, all := int(col.failed*100/most), int(col.requests*100/most)
		if col.failed > 0 {
			failed = max(failed, 2)
		}
		all = max(all, failed)
		out[i] = bar{
			X: i * 10, Failed: failed, FailedTop: 100 - failed, Good: all - failed, GoodTop: 100 - all,
			Title: fmt.Sprintf("%d requests, %d failed", col.requests, col.failed),
		}
	}
	return out
}

// The methods below are called by the template.

// At writes a time as short as the report allows.
func (v view) At(t Time) string { return v.cal.at(t) }

// Full writes a time with its date.
func (v view) Full(t Time) string { return string(appendTime(nil, t.Time)) }

// Percent writes a share.
func (v view) Percent(x float64) string { return percent(x) }

// Head says how often, where and when an observation was made.
func (v view) Head(e Evidence) string { return evidenceHead(&e, v.cal) }

// Course says how the incident came and what fails besides.
func (v view) Course() string { return courseLine(&v.Incident) }

// Made says who made the failing answers.
func (v view) Made() string { return madeLine(v.Incident.MadeBy) }

// Explains says what part of the failures a cause explains.
func (v view) Explains(c Cause) string { return shareLine(&c) }

// Story says what a request was and how it ended.
func (v view) Story(s Story) string { return storyHead(&s, v.cal) }

// StoryLines are what the logs say of a request.
func (v view) StoryLines(s Story) []string { return storyLines(&s) }

// Near says what retries hid.
func (v view) Near(n *NearMisses) string { return nearLine(n) }

// Facts says what was read of a source.
func (v view) Facts(s Source) string { return sourceFacts(&s) }

// Sign is the mark of a step's verdict.
func (v view) Sign(verdict string) string { return mark(verdict) }

// Finding joins a finding with what shows it.
func (v view) Finding(f Finding) string { return v.shown.finding(f) }

// First says whether a sample is there and not printed yet.
func (v view) First(sample string) bool { return v.shown.first(sample) }

// Width is the chart's width.
func (v view) Width() int { return len(v.Bars) * 10 }

// OnsetX is where the onset is marked.
func (v view) OnsetX() int { return v.Onset * 10 }
