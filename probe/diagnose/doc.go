// Package diagnose says why: it matches the messages and outcomes of a Snapshot
// against tables of signatures, joins them with what probes, configuration and
// host say, and ranks the causes.
//
// In: a Snapshot. Out: a Verdict. It is pure: the same snapshot gives the same
// verdict. The only thing from outside is LoadDir, which reads a user's tables
// once at the start.
//
// # How a verdict comes about
//
//	collect   signatures/*.toml   messages and outcomes -> findings with a role
//	onset     window.Onset        when requests failed; lone lines of a lasting state
//	excerpt   excerpt.go          a few picked lines have no background: all of them count
//	fold      fold.go             companions, consequences and statuses to what they belong to
//	split     split.go            upstreams, routes or hosts that fail in ways of their own, each for itself
//	tell      stories.go          a few requests of each cause as every log tells them; who made the answers
//	rank      rank.go, rules.go   strengths + what shape, probes, configuration and host say
//
// Every row of the tables names a symptom (symptoms.toml), which tells the causes
// it allows with their strengths: log-odds against "something unknown", which
// stands at 0. The strengths of all findings and rules are added for each cause;
// the confidence is exp(sum) over the sum of all, the unknown included, so
// confidences add up to less than 1 and what is left is doubt. Rules are in
// rules.go (the shape of the failures), rules_place.go (what an address
// or a timer means where the gateway runs), rules_prose.go (what people and
// applications say around pasted lines) and rules_active.go (evidence beside logs).
// Of an excerpt that no row knows, words.go asks for words that speak for a cause.
// The status alone is weak evidence and yields to any line that tells more.
//
// # What it is measured against
//
// TestMatrix diagnoses recorded faults of real gateways (testdata/captures) from
// their default access log and error log alone; with -v it prints every one, its
// rank, the error of the onset and a confusion matrix. Of the full set these
// were taken from, and of faults recorded later ("later": nginx, haproxy and
// apache; 46 of them right at first sight, before the last rules were written):
//
//	gateway   faults  right  the logs also fit it  not in the logs
//	nginx       35     28             6                  1
//	haproxy     32     29             3                  0
//	apache      38     30             5                  3
//	caddy       36     34             1                  1
//	traefik     29     27             2                  0
//	later       53     49             2                  2
//
// "The logs also fit it" are faults that leave the same lines as another: a full
// accept queue and a packet filter, a stopped process and a reject with reset.
// Verdict.Unsure says what decides then. The onset is within 2 s but for bodies
// that stall (their lines come when a timer ends). Nothing is claimed on the
// healthy part of any capture.
//
// What stands in this repository is measured by go test -run 'TestMatrix|FalseAlarms'
// -v, which prints each fault, its cause by logs alone and with the direct probe that
// was made while the fault was on, and a confusion matrix:
//
//	gateway   faults  right  named what the evidence also fits  silent
//	nginx       54     46             6                           1
//	haproxy     32     29             3                           0
//	apache      38     30             5                           3
//	caddy       31     29             1                           1
//	traefik     23     21             2                           0
//	all        178    155            17                           5
//	with a probe, of 150 faults: 133 right by logs alone, 133 with the probe
//
// The probe confirms, and moves what it can't tell apart no further: a refused connect
// looks alike from everywhere. Second by second, the verdict that stays is there 1 s
// of log time after the first failure in half of the captures, 4 s in nine of ten,
// 8 s in the slowest, whose server's timer has to end first.
//
// Ordinary hours of six kinds of logs (load that jumps, scanners, clients that
// leave, rate limits, a slow batch, a background of up to 0.4 % of 502), looked at
// every five minutes: 0.00 false alarms an hour in 150 hours.
//
// TestPublic diagnoses incidents as people paste them (testdata/public): 1704 of
// 1 to 12 lines, written after the gateways' message formats. The answer is the
// first cause in 1639 and among the first two in 1679. What to expect of others is
// what thirteen sets (blind1 to blind13) gave at first sight, each written from memory
// without a look at the tables, its misses mended before the next. "Fits" counts what
// the file allows as well, since the same lines fit it:
//
//	set  incidents  first cause right  among the first two  first fits  of what kind
//	1          143                112                  121              all gateways
//	2          120                112                  115              other wording, masked, wrapped
//	3           78                 69                   72              questions, fragments, consoles
//	4           79                 75                   77              all gateways
//	5           62                 54                   57              hardly any gateway's own line
//	6           58                 55                   57              all gateways
//	7           40                 32                   35              their rare messages
//	8          188                147                  159         166  caches, plug-ins, platforms, servers
//	9          158                119                  128         139  questions and texts around lines
//	10         159                123                  134         143  rare words, unknown programs
//	11         142                134                  138         138  what is pasted most
//	12         128                118                  123         122  all gateways
//	13          87                 84                   87          86  one or two lines
//
// What was missed was mostly no line of a gateway's log: pages, consoles, parts of
// records. TestPasting quotes, numbers, wraps, masks and cuts all of them, and
// TestNoise claims nothing on what stands beside failures and means none.
package diagnose
