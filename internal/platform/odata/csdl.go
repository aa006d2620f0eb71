package odata

import (
	"bytes"
	"encoding/xml"
	"maps"
	"slices"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// OperationInfo describes an action or function for $metadata.
type OperationInfo struct {
	Name       string // without the namespace
	Function   bool
	Bound      string // logical name of the table; "" for unbound
	Collection bool   // bound to the set rather than to a row
	Params     []ParamInfo
	Result     []ParamInfo // members of the response; none means no content
}

// ParamInfo is a parameter, or a member of a response.
type ParamInfo struct {
	Name     string
	Type     string // Edm.Guid …, "mscrm.lead", "mscrm.crmbaseentity", or "Collection(…)" of one
	Required bool
	Members  []ParamInfo // of a complex type, or of what a collection of it holds
}

// CSDL writes the $metadata document, as Dataverse shapes it: every table an
// entity type over crmbaseentity, a lookup as the property _name_value with a
// navigation property beside it, the owner a principal.
func CSDL(c *metadata.Catalog, operations []OperationInfo) []byte {
	w := &csdlWriter{catalog: c}
	w.line(`<?xml version="1.0" encoding="utf-8"?>`)
	w.line(`<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">`)
	w.line(`<edmx:DataServices><Schema Namespace="%s" Alias="mscrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">`, Namespace)
	w.line(`<EntityType Name="crmbaseentity" Abstract="true"/>`)
	w.line(`<EntityType Name="principal" BaseType="mscrm.crmbaseentity" Abstract="true"><Key><PropertyRef Name="ownerid"/></Key><Property Name="ownerid" Type="Edm.Guid" Nullable="false"/></EntityType>`)
	for _, name := range c.Names() {
		if t, ok := c.Table(name); ok {
			w.entity(t)
		}
	}
	w.types(operations)
	for _, op := range operations {
		w.operation(op)
	}
	w.container(operations)
	w.line(`</Schema></edmx:DataServices></edmx:Edmx>`)
	return w.Bytes()
}

type csdlWriter struct {
	bytes.Buffer
	catalog *metadata.Catalog
}

// line writes a line; every argument is escaped.
func (w *csdlWriter) line(format string, args ...string) {
	rest := []byte(format)
	for _, a := range args {
		before, after, _ := bytes.Cut(rest, []byte("%s"))
		w.Write(before)
		_ = xml.EscapeText(&w.Buffer, []byte(a)) // writing to a buffer never fails
		rest = after
	}
	w.Write(rest)
	w.WriteByte('\n')
}

func (w *csdlWriter) entity(t *metadata.Table) {
	if isPrincipal(t) {
		w.line(`<EntityType Name="%s" BaseType="mscrm.principal">`, t.Name)
	} else {
		w.line(`<EntityType Name="%s" BaseType="mscrm.crmbaseentity">`, t.Name)
		w.line(`<Key><PropertyRef Name="%s"/></Key>`, t.ID)
	}
	for _, c := range t.Columns {
		w.property(t, c)
	}
	if t.Owned() {
		w.line(`<Property Name="_owninguser_value" Type="Edm.Guid"/>`)
		w.line(`<Property Name="_owningteam_value" Type="Edm.Guid"/>`)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Relations())) {
		w.navigation(t, t.Relations()[name])
	}
	if _, own := t.Relation("ownerid"); t.Owned() && !own {
		w.line(`<NavigationProperty Name="ownerid" Type="mscrm.principal" Nullable="false"><ReferentialConstraint Property="_ownerid_value" ReferencedProperty="ownerid"/></NavigationProperty>`)
	}
	w.line(`</EntityType>`)
}

func (w *csdlWriter) property(t *metadata.Table, c *metadata.Column) {
	shape := c.Type().Shape(c)
	switch {
	case c.IsLookup():
		w.line(`<Property Name="%s" Type="Edm.Guid"/>`, LookupName(c.Name))
	case c.Name == t.ID:
		w.line(`<Property Name="%s" Type="Edm.Guid" Nullable="false"/>`, c.Name)
	case shape.Edm == "Edm.Decimal":
		w.line(`<Property Name="%s" Type="Edm.Decimal" Scale="Variable"/>`, c.Name)
	case shape.Edm == "Edm.String":
		w.line(`<Property Name="%s" Type="Edm.String" Unicode="false"/>`, c.Name)
	default:
		w.line(`<Property Name="%s" Type="%s"/>`, c.Name, shape.Edm)
	}
	if c.TypeName == "image" {
		w.line(`<Property Name="%s" Type="Edm.Guid"/>`, c.Name+"id")
		w.line(`<Property Name="%s" Type="Edm.String" Unicode="false"/>`, c.Name+"_url")
		w.line(`<Property Name="%s" Type="Edm.Int64"/>`, c.Name+"_timestamp")
	}
}

func (w *csdlWriter) navigation(t *metadata.Table, r query.Relation) {
	partner := w.partner(t, r)
	switch {
	case r.Many && partner != "":
		w.line(`<NavigationProperty Name="%s" Type="Collection(mscrm.%s)" Partner="%s"/>`, r.Name, r.Table, partner)
	case r.Many:
		w.line(`<NavigationProperty Name="%s" Type="Collection(mscrm.%s)"/>`, r.Name, r.Table)
	default:
		w.line(`<NavigationProperty Name="%s" Type="mscrm.%s" Partner="%s"><ReferentialConstraint Property="%s" ReferencedProperty="%s"/></NavigationProperty>`,
			r.Name, r.Table, partner, LookupName(r.From), r.To)
	}
}

// partner finds the other end of a relation.
func (w *csdlWriter) partner(t *metadata.Table, r query.Relation) string {
	if r.ManyToMany() {
		return r.Via.Back
	}
	other, ok := w.catalog.Table(r.Table)
	if !ok {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(other.Relations())) {
		back := other.Relations()[name]
		if back.Table == t.Name && back.Many != r.Many && back.From == r.To && back.To == r.From && back.OnType == r.OnType {
			return name
		}
	}
	return ""
}

func (w *csdlWriter) operation(op OperationInfo) {
	answer, own := op.returns()
	if own {
		w.complexType(op.Name+"Response", op.Result)
	}
	element := "Action"
	if op.Function {
		element = "Function"
	}
	bound := ""
	if op.Bound != "" {
		bound = ` IsBound="true"`
	}
	w.line(`<`+element+` Name="%s"`+bound+`>`, op.Name)
	if op.Bound != "" {
		kind := "mscrm." + op.Bound
		if op.Collection {
			kind = "Collection(" + kind + ")"
		}
		w.line(`<Parameter Name="entity" Type="%s" Nullable="false"/>`, kind)
	}
	for _, p := range op.Params {
		nullable := ""
		if p.Required {
			nullable = ` Nullable="false"`
		}
		w.line(`<Parameter Name="%s" Type="%s"`+nullable+`/>`, p.Name, p.Type)
	}
	if answer != "" {
		w.line(`<ReturnType Type="%s" Nullable="false"/>`, answer)
	}
	w.line(`</` + element + `>`)
}

func (w *csdlWriter) container(operations []OperationInfo) {
	w.line(`<EntityContainer Name="System">`)
	for _, name := range w.catalog.Names() {
		t, ok := w.catalog.Table(name)
		if !ok {
			continue
		}
		w.line(`<EntitySet Name="%s" EntityType="%s.%s">`, t.Set, Namespace, t.Name)
		for _, nav := range slices.Sorted(maps.Keys(t.Relations())) {
			if other, ok := w.catalog.Table(t.Relations()[nav].Table); ok {
				w.line(`<NavigationPropertyBinding Path="%s" Target="%s"/>`, nav, other.Set)
			}
		}
		w.line(`</EntitySet>`)
	}
	for _, op := range operations {
		switch {
		case op.Bound != "":
		case op.Function:
			w.line(`<FunctionImport Name="%s" Function="%s.%s"/>`, op.Name, Namespace, op.Name)
		default:
			w.line(`<ActionImport Name="%s" Action="%s.%s"/>`, op.Name, Namespace, op.Name)
		}
	}
	w.line(`</EntityContainer>`)
}
