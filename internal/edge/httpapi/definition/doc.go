// Package definition serves the Web API of the data model, as Dataverse has it:
// EntityDefinitions with their Attributes, Keys and relationships,
// RelationshipDefinitions and GlobalOptionSetDefinitions, and the actions on
// options. Reading shows the catalog; writing makes edits of package customise.
//
// The map: api.go (addresses), request.go (options, answers), filter.go ($filter in memory),
// expand.go, ids.go (MetadataId follows from names), label.go, entity.go,
// attribute.go, option.go, key.go, relation.go (what each looks like), and the
// same names with write_ before them (what is made of what clients send).
package definition
