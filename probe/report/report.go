package report

import (
	"math"
	"time"
)

// Schema names the version of the JSON format.
const Schema = "why502.report/1"

// Report is what `why502 report --format json` prints. A key whose value is not
// known is absent: the fields below say so by omitzero.
type Report struct {
	Schema    string   `json:"schema"`
	Sources   []Source `json:"sources"`
	Traffic   Traffic  `json:"traffic"`
	Incident  Incident `json:"incident"`
	Causes    []Cause  `json:"causes"`
	Checklist []Step   `json:"checklist"`
	Timeline  []Entry  `json:"timeline"`
	// Unsure says what would decide between the first causes.
	Unsure     string      `json:"unsure,omitzero"`
	NearMisses *NearMisses `json:"near_misses,omitzero"`

	// chart is the traffic over time for the formats that draw.
	chart chart
}

// Time is written as RFC 3339 in UTC with a fraction of at least milliseconds.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	return append(appendTime([]byte{'"'}, t.Time), '"'), nil
}

// appendTime appends t with as many digits of its fraction as it has, three at
// least.
func appendTime(dst []byte, t time.Time) []byte {
	layout := timeLayout
	switch ns := t.Nanosecond(); {
	case ns%1e3 != 0:
		layout = "2006-01-02T15:04:05.000000000Z07:00"
	case ns%1e6 != 0:
		layout = "2006-01-02T15:04:05.000000Z07:00"
	}
	return t.UTC().AppendFormat(dst, layout)
}

// Seconds is a duration in seconds.
type Seconds float64

func toSeconds(d time.Duration) Seconds {
	return Seconds(math.Round(float64(d)/1e3) / 1e6)
}

// Source is one log that was read.
type Source struct {
	Name    string `json:"name"`
	Gateway string `json:"gateway,omitzero"`
	Format  string `json:"format,omitzero"`
	// Confidence is the share of the first lines that the format understood, 0 to 1,
	// less where it accepts almost anything.
	Confidence float64 `json:"format_confidence,omitzero"`
	Kind       string  `json:"kind,omitzero"` // access, error, upstream, system
	Lines      uint64  `json:"lines"`
	Parsed     uint64  `json:"parsed"`
	Unparsed   uint64  `json:"unparsed"`
	Bytes      uint64  `json:"bytes"`
	First      Time    `json:"first,omitzero"`
	Last       Time    `json:"last,omitzero"`
	// Clock is how its clock stands against the access log's, where they share requests.
	Clock *Clock `json:"clock,omitzero"`
	// Samples are a few of the lines that no parser understood.
	Samples []string `json:"unparsed_samples,omitzero"`
	// Problem says why the source could not be read to its end.
	Problem string `json:"problem,omitzero"`
}

// Clock is how far a source's clock is ahead (less than 0: behind) of that of the access
// log that the others are compared with.
type Clock struct {
	OffsetMs float64 `json:"offset_ms"`
	ErrorMs  float64 `json:"error_ms"`
	Requests int     `json:"requests"` // that both logs have and that agree
	Text     string  `json:"text"`     // the same in words
}

// Traffic is what the access logs say; its fields are absent when there was none.
type Traffic struct {
	Requests        *uint64           `json:"requests,omitzero"`
	Statuses        map[string]uint64 `json:"statuses,omitzero"`
	Classes         map[string]uint64 `json:"classes,omitzero"`
	Latency         *Latency          `json:"latency,omitzero"`
	UpstreamLatency *Latency          `json:"upstream_latency,omitzero"`
	// Retried counts requests that went well only after a failed attempt.
	Retried *uint64 `json:"retried,omitzero"`
	// Aborted counts requests whose client left.
	Aborted *uint64 `json:"aborted,omitzero"`
}

// Latency are quantiles in seconds.
type Latency struct {
	P50 Seconds `json:"p50"`
	P90 Seconds `json:"p90"`
	P95 Seconds `json:"p95"`
	P99 Seconds `json:"p99"`
	Max Seconds `json:"max"`
}

// Incident is the failing time.
type Incident struct {
	State        string   `json:"state"` // none, ongoing, recovered
	Started      Time     `json:"started,omitzero"`
	Ended        Time     `json:"ended,omitzero"`
	Requests     *uint64  `json:"requests,omitzero"`
	Failed       *uint64  `json:"failed,omitzero"`
	FailureRatio *float64 `json:"failure_ratio,omitzero"`
	Scope        []Scope  `json:"scope,omitzero"` // empty: everything; absent: not known
	Pattern      string   `json:"pattern,omitzero"`
	// Statuses counts what the failing requests got.
	Statuses map[string]uint64 `json:"statuses,omitzero"`
	Onset    string            `json:"onset,omitzero"` // sudden, gradual
	// Background is what fails besides, outside of the incident.
	Background *Background `json:"background,omitzero"`
	// Slow is there when answers are slow and do not fail more than usual.
	Slow   *Slow   `json:"slow,omitzero"`
	MadeBy *MadeBy `json:"made_by,omitzero"` // who made the failing answers
}

// Background counts the requests outside of the incident and those that failed.
type Background struct {
	Requests uint64  `json:"requests"`
	Failed   uint64  `json:"failed"`
	Share    float64 `json:"share"`
}

// Slow says how much slower answers became, in seconds at the 95th percentile.
type Slow struct {
	P95Before Seconds `json:"p95_before"`
	P95       Seconds `json:"p95"`
	Late      uint64  `json:"late"` // requests slower than Limit
	Limit     Seconds `json:"limit"`
}

// Scope is a value that sets failing requests apart.
type Scope struct {
	Field       string  `json:"field"`
	Value       string  `json:"value"`
	FailedShare float64 `json:"failed_share"`
	OKShare     float64 `json:"ok_share"`
}

// Cause is a possible reason, with what speaks for and against it.
type Cause struct {
	ID         string     `json:"id"`
	Title      string     `json:"title"`
	Confidence float64    `json:"confidence"`
	Evidence   []Evidence `json:"evidence"`
	Against    []Evidence `json:"against,omitzero"`
	Next       []string   `json:"next"`
	Commands   []string   `json:"commands"`
	Step       int        `json:"step,omitzero"` // the step of the checklist that decides
	Scope      string     `json:"scope,omitzero"`
	// Share is the part of the failures that this cause, or one that competes with
	// it, explains.
	Share   *float64 `json:"share,omitzero"`
	Stories []Story  `json:"stories,omitzero"` // a few of its requests
}

// Evidence is one observation.
type Evidence struct {
	Source  string `json:"source"`
	Count   uint64 `json:"count,omitzero"`
	First   Time   `json:"first,omitzero"`
	Last    Time   `json:"last,omitzero"`
	Sample  string `json:"sample,omitzero"`
	Meaning string `json:"meaning"`
}

// Step is one step of the checklist.
type Step struct {
	Step     int       `json:"step"`
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Verdict  string    `json:"verdict"` // pass, warn, fail, unknown, skipped
	Findings []Finding `json:"findings"`
	Commands []string  `json:"commands"`
}

// Finding is one thing a step found.
type Finding struct {
	Text     string `json:"text"`
	Evidence string `json:"evidence,omitzero"`
}

// Entry is one line of the time line.
type Entry struct {
	Time Time   `json:"time"`
	Kind string `json:"kind"`
	Text string `json:"text"`
}
