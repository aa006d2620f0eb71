// Package job keeps work that must happen, now or later, and does it: flows,
// waits, retries. A job is written in the transaction that causes it and
// deleted in the transaction of its effect, so the effect happens exactly once,
// whatever dies in between.
//
// The map: spec.go (what is asked for; enqueueing, cancelling),
// text.go (statements), lease.go
// (claiming due jobs, keeping and ending leases), runner.go (the service that
// claims and hands out), hold.go (named leases for what runs on one node at a time), settle.go (what follows a failure), dead.go (jobs given
// up, reviving them), errors.go.
//
// Owned table: job (migration 0003). A claimed job carries a lease: its due time
// lies in the future and its lease number has grown. Done and Again work only
// under the current number; a handler whose lease has passed to another fails
// there, and its transaction with it.
//
// What ends a try: nil or Done (finished), an error (tried again later, with
// exponential back-off and jitter, up to the kind's number of attempts, then
// dead with the reason), an Unavailable error (tried again and not counted, as
// nothing is wrong with the job), the end of the process (the lease runs out;
// ten times in a row and the job is dead, since it may be what ends the process).
//
// Leases are measured by the nodes' clocks, which must agree within seconds.
package job
