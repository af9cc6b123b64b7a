// Package headless is the face without a terminal: the bodies of the commands
// report, parse, check, load, explain and formats.
//
// In: a session.Config and a writer. Out: text or JSON as the contract says, and
// whether something was wrong, for --exit-code. It decides nothing itself; it asks
// the same core as the monitor.
//
// A report beside other programs at the same log, in one run on two cores (WHY502_PEERS=1
// go test -run TestPeers -v; wall time, CPU time, peak memory, wall time over grep -c's).
// A report needs both cores and 35 ms before and behind the lines, grep one: read in turns
// with nothing beside them the combined log took 1.24 to 1.45 times grep's time, the
// extended one 1.45 to 1.7 times.
//
//	combined, 1 M lines, 160 MB   why502   0.220 s  0.380 s   28 MiB    1.5
//	                              grep -c  0.145 s  0.144 s   20 MiB    1
//	                              wc -l    0.030 s  0.030 s   20 MiB    0.2
//	                              lnav     2.139 s  2.399 s   85 MiB   14.8
//	                              GoAccess 43.06 s  43.29 s  207 MiB  298
//	extended, 1 M lines, 234 MB   why502   0.330 s  0.593 s   34 MiB    1.7
//	                              grep -c  0.198 s  0.197 s   20 MiB    1
//	                              lnav     2.641 s  2.875 s   85 MiB   13.4
//	                              GoAccess 46.01 s  46.25 s  207 MiB  233
//	combined, 5 M lines           why502   1.039 s  1.957 s   44 MiB    1.4
//	extended, 5 M lines           why502   1.381 s  2.586 s   68 MiB    1.4
package headless
