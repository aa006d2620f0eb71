// Package chaos holds tests that break things under the running program: the
// process is killed, the database goes away, and afterwards nothing may be lost
// or doubled. The short forms run with the other tests, the full ones with
// RAPPORT_SOAK=1.
package chaos
