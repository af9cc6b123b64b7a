// Package host reads what this machine says about itself: who listens where, full
// accept queues, memory, descriptors, sockets.
//
// In: /proc (Linux; elsewhere State.Missing says what could not be read). Out: a
// State. It only reads and needs no rights; with more rights it sees more.
package host
