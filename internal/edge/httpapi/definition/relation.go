package definition

import (
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// relation is a relationship of the data model, 1:N by a lookup or N:N.
type relation struct {
	schema string
	// Of 1:N: the lookup, its table, and the table that it leads to.
	lookup       *metadata.Column
	child        *metadata.Table
	parent       *metadata.Table
	nav, reverse string
	// Of N:N.
	many         *metadata.ManyToMany
	first, other *metadata.Table
	custom       bool
}

// relationsOf lists the relationships in which the table holds the lookup, or
// declares the N:N relation.
func relationsOf(c *metadata.Catalog, t *metadata.Table) []relation {
	var out []relation
	for _, col := range t.Columns {
		if !col.IsLookup() {
			continue
		}
		for _, target := range col.Targets {
			parent, ok := c.Table(target)
			if !ok {
				continue
			}
			r := relation{lookup: col, child: t, parent: parent, nav: col.NavTo(target), reverse: col.CollectionOn(parent, t), custom: isCustom(col.Name)}
			r.schema = r.reverse
			out = append(out, r)
		}
	}
	for _, m := range t.ManyToMany {
		if other, ok := c.Table(m.With); ok {
			out = append(out, relation{schema: m.Name, many: m, first: t, other: other, custom: isCustom(m.Name)})
		}
	}
	return out
}

// toMany lists the relationships that lead to the table: those whose lookups
// are on other tables.
func toMany(c *metadata.Catalog, t *metadata.Table) []relation {
	var out []relation
	seen := map[string]bool{}
	for _, back := range t.Relations() {
		if !back.Many || back.ManyToMany() || seen[back.Table] {
			continue
		}
		seen[back.Table] = true
		if child, ok := c.Table(back.Table); ok {
			for _, r := range relationsOf(c, child) {
				if r.many == nil && r.parent == t {
					out = append(out, r)
				}
			}
		}
	}
	return out
}

// manyToMany lists the N:N relationships of a table, whichever declares them.
func manyToMany(c *metadata.Catalog, t *metadata.Table) []relation {
	var out []relation
	seen := map[string]bool{}
	for _, rel := range t.Relations() {
		if !rel.ManyToMany() || seen[rel.Via.Table] {
			continue
		}
		seen[rel.Via.Table] = true
		for _, name := range []string{t.Name, rel.Table} {
			holder, ok := c.Table(name)
			if !ok {
				continue
			}
			for _, r := range relationsOf(c, holder) {
				if r.many != nil && r.many.Intersect == rel.Via.Table && !listed(out, r) {
					out = append(out, r)
				}
			}
		}
	}
	return out
}

func listed(list []relation, r relation) bool {
	for _, o := range list {
		if o.schema == r.schema {
			return true
		}
	}
	return false
}

func (r relation) show() obj {
	base := obj{"MetadataId": relationID(r.schema).String(), "HasChanged": nil, "SchemaName": r.schema, "IsCustomRelationship": r.custom, "IsManaged": false, "IsValidForAdvancedFind": true,
		"IsCustomizable": flag(true, "iscustomizable"), "SecurityTypes": "Append", "IntroducedVersion": nil}
	menu := obj{"Behavior": "UseCollectionName", "Group": "Details", "Order": nil, "IsCustomizable": true, "Label": label(nil), "AvailableOffline": true}
	if r.many != nil {
		base["@odata.type"], base["RelationshipType"] = "#Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata", "ManyToManyRelationship"
		base["Entity1LogicalName"], base["Entity2LogicalName"], base["IntersectEntityName"] = r.first.Name, r.other.Name, r.many.Intersect
		base["Entity1IntersectAttribute"], base["Entity2IntersectAttribute"] = r.many.Here, r.many.There
		base["Entity1NavigationPropertyName"], base["Entity2NavigationPropertyName"] = r.many.Nav, r.many.OtherNav
		base["Entity1AssociatedMenuConfiguration"], base["Entity2AssociatedMenuConfiguration"] = menu, menu
		return base
	}
	base["@odata.type"], base["RelationshipType"] = "#Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", "OneToManyRelationship"
	base["ReferencedEntity"], base["ReferencedAttribute"], base["ReferencingEntity"], base["ReferencingAttribute"] = r.parent.Name, r.parent.ID, r.child.Name, r.lookup.Name
	base["ReferencedEntityNavigationPropertyName"], base["ReferencingEntityNavigationPropertyName"] = r.reverse, r.nav
	base["IsHierarchical"], base["EntityKey"], base["RelationshipAttributes"], base["AssociatedMenuConfiguration"] = r.lookup.Hierarchy, nil, []any{}, menu
	or := func(b metadata.Behaviour, otherwise metadata.Behaviour) string {
		if b == "" {
			b = otherwise
		}
		return string(b)
	}
	c := r.lookup.Cascade
	base["CascadeConfiguration"] = obj{"Delete": string(r.lookup.OnDelete()), "Assign": or(c.Assign, metadata.NoCascade), "Share": or(c.Share, metadata.NoCascade), "Unshare": or(c.Unshare, metadata.NoCascade),
		"Reparent": or(c.Reparent, metadata.NoCascade), "Merge": or(c.Merge, metadata.NoCascade), "RollupView": "NoCascade", "Archive": "RemoveLink"}
	return base
}
