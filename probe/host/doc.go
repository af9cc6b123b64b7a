// Package host reads what this machine says about itself: who listens where and
// since when, full accept queues, memory and kills for want of it, descriptors,
// sockets.
//
// In: /proc and the kernel's socket diagnosis (Linux; elsewhere State.Missing
// says what could not be read). Out: a State. It only reads and needs no rights;
// with more rights it sees more.
package host
