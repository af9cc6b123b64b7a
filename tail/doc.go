// Package tail is passive evidence: it follows log files and holds the one event
// type that everything else works on.
//
// In: paths. Out: Batches of whole lines (a [Source] pushes them into a [Sink]),
// and, by way of package parse, Events that point into a batch.
//
// Delivery: lines arrive complete, each exactly once, and each writer's in order,
// through every kind of rotation; a slow sink holds the source back, and the lag is
// visible in [Status]. Order over the whole source is told by Batch.File and
// Batch.Offset, for the newest history comes first and what is older behind it.
// What can't be kept (a line over MaxLine, bytes that a truncation took and no copy
// holds) is counted in Status.
//
// What no reader can know is not promised: a file that was created, written and
// deleted, or had its link switched away, before it could be opened; and what was
// written between the copy and the truncation of a copytruncate.
//
// Measured on two cores of an AMD EPYC (go test -bench .): reading once from the page
// cache 8.3 GB/s; followed lines 3.3 million a second with 6 allocations a batch of
// 64 KiB and none a line; from a write to its batch 0.1 ms (p50) and 0.2 ms (p99) at
// 20 lines a second, 2.4 ms and 5.9 ms at 1,000, and 2.6 ms and 6.1 ms at some 34,000.
//
// Beside GNU tail 9.1 and nxadm/tail 1.4.11, each as a program, one after the other in
// one run of four seconds each on a machine busy with other things (WHY502_PEERS=1 go
// test -run TestFollowPeers -v): it alone loses nothing and repeats nothing where the
// file is rotated every 20 ms, and pays for that with more looks at the file.
//
//	writer                        follower    delay p50, p99     CPU     lost, twice
//	1,000 lines/s                 this one    1.4 ms, 5.9 ms     0.82 s  0, 0
//	                              tail -F     0.1 ms, 2.8 ms     0.16 s  0, 0
//	                              nxadm/tail  0.2 ms, 4.2 ms     0.54 s  0, 0
//	30,000 lines/s                this one    1.6 ms, 6.7 ms     1.09 s  0, 0
//	                              tail -F     0.3 ms, 5.6 ms     0.24 s  0, 0
//	                              nxadm/tail  1.4 ms, 13.4 ms    1.75 s  0, 0
//	renamed, created              this one    4.7 ms, 112 ms     2.43 s  0, 0 of 7,999
//	                              tail -F     0.2 ms, 4.4 ms     0.21 s  0, 0
//	                              nxadm/tail  0.3 ms, 3.6 ms     0.80 s  11, 11
//	copied, truncated             this one    2.6 ms, 30 ms      1.36 s  0, 0 of 7,997
//	                              tail -F     0.2 ms, 4.3 ms     0.16 s  150, 0
//	                              nxadm/tail  0.3 ms, 4.4 ms     0.64 s  21, 0
package tail
