// Package demo runs a small real gateway in front of a small real upstream on
// loopback and breaks them on purpose.
//
// In goes the name of an incident, out come log files that a monitor can follow,
// a configuration file it can read and addresses it can ask. Nothing is replayed
// or made up: requests travel over TCP through a net/http/httputil.ReverseProxy,
// and what the logs say is what happened to them. The gateway writes its access
// log and error log in nginx's format, and for each Go error the words that nginx
// writes for the same failure, with Linux' error numbers on every system.
//
// Start returns when the gateway answers. From then on phases follow one another:
// healthy, failing, recovered, failing, recovered and so on until Options.Total is
// over; after that only the servers stay. Close, or the end of the context, stops
// everything, waits for it and removes the folder. All sockets are on 127.0.0.1.
package demo
