// Package headless is the face without a terminal: the bodies of the commands
// report, parse, check, load, explain and formats.
//
// In: a session.Config and a writer. Out: text or JSON as the contract says, and
// whether something was wrong, for --exit-code. It decides nothing itself; it asks
// the same core as the monitor.
//
// A report beside other programs at the same log, in one run on two cores that had
// other work too (WHY502_PEERS=1 go test -run TestPeers -v; wall time, CPU time, peak
// memory, wall time over grep -c's). A report needs both cores, grep one: on the same
// kind of machine with nothing beside it the combined log took 0.23 s, 1.5 to 1.6
// times grep's 0.15 s, and the extended one 1.6 to 1.7 times.
//
//	combined, 1 M lines, 162 MB   why502   0.286 s  0.499 s   34 MiB    2.0
//	                              grep -c  0.143 s  0.142 s   21 MiB    1
//	                              wc -l    0.030 s  0.029 s   21 MiB    0.2
//	                              lnav     2.114 s  2.293 s   85 MiB   14.8
//	                              GoAccess 41.65 s  41.87 s  207 MiB  291
//	extended, 1 M lines, 235 MB   why502   0.494 s  0.907 s   39 MiB    2.5
//	                              grep -c  0.197 s  0.197 s   21 MiB    1
//	                              lnav     2.034 s  2.451 s   85 MiB   10.3
//	                              GoAccess 49.30 s  48.59 s  207 MiB  250
//	combined, 5 M lines           why502   1.273 s  2.378 s   50 MiB    1.9
//	extended, 5 M lines           why502   1.777 s  3.292 s   75 MiB    1.8
package headless
