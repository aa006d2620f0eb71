// Package solution puts bundles of plain files into the organisation: roles,
// teams, queues, sample records, and parts of the data model. A bundle is a
// folder that people can read and compare:
//
//	solution.yaml      name, version, publisher: makes the bundle a solution
//	tables/*.yaml      tables of one's own, and what is added to those that ship:
//	                   columns, keys, N:N relations, views, forms, charts
//	choices/*.yaml     global choices
//	rules/*.yaml       business rules; x.draft.yaml is one that is not in force
//	processes/*.yaml   business process flows; tables of instances follow from them
//	flows/*.yaml       flows
//	roles.yaml         roles with their privileges
//	records/*.yaml     rows, by table, in the order of the files' names
//	events/*.json      sample events, one JSON array of CloudEvents a file
//	organization.yaml  name, colour and time zone of a sample's organisation; not imported
//
// Rows are named by a key; the row's id follows from bundle, table and key, so
// that applying a bundle again makes nothing twice. What is there already is
// left as people have changed it; an app that nobody has changed gets its new
// text. What has been in force and is frozen stays; where
// its text has changed, the text comes as a draft beside it (frozen.go). "@table:key" in a row refers to another row
// of the bundle, "@core/table:key" to one of the bundle core. Rows of an N:N
// relation's table tie two rows while one of them is new.
//
// A solution can be exported, compared (a dry run), upgraded and removed. Its
// definitions are those of package customise that carry its name; an upgrade
// removes what the new version lacks, definitions and rows that the old version
// brought, and asks first where data is lost.
//
// The map: manifest.go, import.go (upgrade, dry run), export.go (and removal),
// workflow.go (rules, processes, flows), zip.go (archives), apply.go,
// follow.go (apps that nobody has changed follow the new text), frozen.go, roles.go and general.go (records and roles).
package solution
