package definition

import (
	"regexp"
	"strings"
	"sync"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/odata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// A $filter on definitions is read by the parser of records and evaluated in
// memory: the properties are columns of a table that exists for that only.

// textual, logical and numeric are the properties that can be filtered.
var (
	textual = strings.Fields(`LogicalName SchemaName EntitySetName LogicalCollectionName PrimaryIdAttribute PrimaryNameAttribute OwnershipType TableType Name OptionSetType EntityLogicalName
		AttributeType AttributeTypeName AttributeOf RequiredLevel Format FormatName RelationshipType ReferencedEntity ReferencedAttribute ReferencingEntity ReferencingAttribute
		ReferencedEntityNavigationPropertyName ReferencingEntityNavigationPropertyName Entity1LogicalName Entity2LogicalName IntersectEntityName EntityKeyIndexStatus DateTimeBehavior`)
	logical = strings.Fields(`IsActivity IsCustomEntity IsManaged IsIntersect IsPrivate IsLogicalEntity IsBPFEntity IsImportable IsValidForAdvancedFind ChangeTrackingEnabled HasNotes HasActivities IsStateModelAware
		IsPrimaryId IsPrimaryName IsCustomAttribute IsSecured rpt_AuditReads IsLogical IsFilterable IsSearchable IsRetrievable IsValidForCreate IsValidForUpdate IsValidForRead IsValidForForm IsValidForGrid
		IsValidODataAttribute IsGlobal IsCustomOptionSet IsCustomRelationship IsHierarchical IsCustomizable IsAuditEnabled IsRenameable IsValidForQueue IsConnectionsEnabled`)
	numeric = strings.Fields(`ObjectTypeCode ActivityTypeMask MaxLength Precision SourceType`)
)

var filterable = sync.OnceValues(func() (*metadata.Catalog, error) {
	t := &metadata.Table{Name: "definition", Set: "definitions", ID: "MetadataId", Title: "LogicalName", Managed: true, Label: metadata.Label{"en": "Definition"}, Plural: metadata.Label{"en": "Definitions"}}
	add := func(name, kind string) {
		t.Columns = append(t.Columns, &metadata.Column{Name: name, TypeName: kind, Label: metadata.Label{"en": name}, Max: 4000})
	}
	for _, name := range textual {
		add(name, "text")
	}
	for _, name := range logical {
		add(name, "boolean")
	}
	for _, name := range numeric {
		add(name, "whole")
	}
	for _, name := range []string{"createdby", "modifiedby", "createdonbehalfby", "modifiedonbehalfby"} { // the platform would make lookups of them
		add(name, "text")
	}
	return metadata.NewCatalog(t)
})

var (
	enumLiteral = regexp.MustCompile(`Microsoft\.Dynamics\.CRM\.[A-Za-z]+('(?:[^']|'')*')`)
	valuePath   = regexp.MustCompile(`\b([A-Za-z0-9]+)/Value\b`)
)

// plain rewrites what records do not have: enumerations become texts, and the
// value of a property that could be locked stands for the property.
func plain(text string) string {
	text = enumLiteral.ReplaceAllString(text, "$1")
	var out strings.Builder
	for i, part := range strings.Split(text, "'") {
		if i > 0 {
			out.WriteByte('\'')
		}
		if i%2 == 0 { // outside quotes
			part = valuePath.ReplaceAllString(part, "$1")
		}
		out.WriteString(part)
	}
	return out.String()
}

// condition is a $filter made ready.
type condition struct {
	matcher *query.Matcher
	name    string // LogicalName, where the filter asks for one only
	schema  string // SchemaName, likewise, folded
}

func parseFilter(text string, now clock.Clock) (*condition, error) {
	if text == "" {
		return &condition{}, nil
	}
	c, err := filterable()
	if err != nil {
		return nil, err
	}
	t, _ := c.Table("definition")
	node, err := odata.ParseFilter(&odata.Context{Catalog: c, Now: now.Now()}, t, plain(text))
	if err != nil {
		return nil, err
	}
	m, err := query.Compile(c, "definition", node)
	return &condition{matcher: m, name: asked(node, "LogicalName"), schema: asked(node, "SchemaName")}, err
}

// asked finds the one name that a condition can hold for, in lower case.
func asked(n query.Node, property string) string {
	switch n := n.(type) {
	case query.Compare:
		if name, ok := n.Value.(string); ok && n.Op == query.Eq && len(n.Left) == 1 && n.Left[0] == property {
			return strings.ToLower(name)
		}
	case query.And:
		for _, part := range n {
			if name := asked(part, property); name != "" {
				return name
			}
		}
	}
	return ""
}

// holds tells whether a definition meets the condition.
func (c *condition) holds(o obj) (bool, error) {
	if c.matcher == nil {
		return true, nil
	}
	row := make(map[string]any, len(o))
	for name, v := range o {
		if inner, ok := v.(obj); ok {
			v = inner["Value"]
		}
		switch n := v.(type) {
		case int:
			v = int64(n)
		case uint8:
			v = int64(n)
		}
		if s, ok := v.(string); ok && name == "MetadataId" {
			if key, err := id.Parse(s); err == nil {
				v = key
			}
		}
		row[name] = v
	}
	return c.matcher.Match(row)
}
