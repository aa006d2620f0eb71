package definition

import (
	"github.com/rapport-platform/rapport/internal/ground/id"
)

// A MetadataId follows from names, so that it is the same on every installation
// and after every start.

func entityID(table string) id.ID { return id.Derive("metadata", "entity", table) }
func attributeID(table, column string) id.ID {
	return id.Derive("metadata", "attribute", table, column)
}
func keyID(table, key string) id.ID  { return id.Derive("metadata", "key", table, key) }
func relationID(schema string) id.ID { return id.Derive("metadata", "relationship", schema) }
func choiceID(name string) id.ID     { return id.Derive("metadata", "optionset", name) }
func localChoiceID(table, column string) id.ID {
	return id.Derive("metadata", "optionset", table, column)
}
