// Package webhook tells services of somebody else's of changes: by POST, in the
// form in which Dataverse does, so that what was written for Dataverse understands.
//
// Who is told is data: serviceendpoint holds addresses, sdkmessageprocessingstep
// which changes of which tables go there. A loop follows the change log and
// writes, in one transaction with its position, what is to be told into the table
// webhookdelivery (migration 0034) and a job a lane: one address and one record.
// Within a lane deliveries go out one after another. One that fails is tried
// again with growing pauses, eight times in all, and then becomes a dead letter;
// an address that fails again and again is left alone for a while, which counts
// as no try.
//
// The map: table.go (registrations, the sealed secret, checks), context.go (what is
// sent), follow.go (from changes to deliveries), deliver.go (the job), client.go
// (HTTP, the guard against addresses of our own network, the signature), circuit.go.
package webhook
