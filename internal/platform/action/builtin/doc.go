// Package builtin holds the actions that belong to the platform itself, by the
// names that Dataverse's clients know.
//
// The map: service.go (what they need, Define), share.go (GrantAccess and its
// kin), assign.go (Assign, SetState), team.go, role.go, guard.go (nobody gives
// more than he holds), history.go (changes of a record), count.go, organisation.go,
// initialize.go and maps.go (new records out of others, by tables entitymap and
// attributemap), expression.go (QueryExpression), bulkdelete.go (BulkDelete and
// its job; tables asyncoperation and bulkdeleteoperation), duplicates.go and
// merge.go (on package duplicate).
package builtin
