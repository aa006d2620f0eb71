// Package solution puts bundles of plain files into the organisation: roles,
// flows, rules, teams, queues, sample records. A bundle is a folder that people
// can read and compare:
//
//	roles.yaml         roles with their privileges
//	records/*.yaml     rows, by table, in the order of the files' names
//	events/*.json      sample events, one JSON array of CloudEvents a file
//
// Rows are named by a key; the row's id follows from bundle, table and key, so
// that applying a bundle again makes nothing twice. What is there already is
// left as people have changed it. "@table:key" in a row refers to another row
// of the bundle, "@core/table:key" to one of the bundle core.
//
// Export, upgrade and removal of bundles come with the record platform's issue.
package solution
