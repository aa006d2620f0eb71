// Package access decides who may do what to which rows, as data: it expands a
// principal's privileges into the row condition that a query carries, so that
// lists, counts, searches and exports all obey it in the database.
//
// A principal has roles, its own and its teams'. A role gives privileges (create,
// read, write, delete, append, append to, assign, share) on a table at a depth:
// own rows, the business unit, the unit and those below it, or everything.
// Privileges add up; nothing takes away. A share adds single rows.
//
// Whoever may write the tables of this package (systemuserroles, teamroles,
// teammembership, roleprivileges, role, team, principalobjectaccess) may give
// anybody, itself included, any privilege: the store asks for the privilege on
// these tables and not whether the giver holds what is given. Of the shipped
// roles only that of the administrator has it.
//
// The map: right.go (rights and depths), principal.go (who asks, in the
// context), snapshot.go (roles, teams and units in memory, read again when they
// change), decide.go (conditions and single decisions), scope.go (keys that may do
// less than their user), member.go (contacts who sign in at the portal), column.go (secured columns), explain.go (who, and why).
package access
