// Package clamd asks ClamAV's daemon whether content holds a virus, by its
// INSTREAM command over TCP or a Unix socket.
//
// The map: client.go (one question, one connection).
package clamd
