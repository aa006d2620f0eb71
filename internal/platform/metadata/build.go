package metadata

import (
	"fmt"
	"slices"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// build completes a table as declared: names, system columns, column types.
// Relations wait for the catalog, which knows the other tables.
func (t *Table) build(currencies bool) error {
	if t.Name == "" || t.Set == "" || t.ID == "" || t.Title == "" || t.Label["en"] == "" || t.Plural["en"] == "" {
		return errs.New(errs.Invalid, "metadata.table", "table %q needs table, set, id, name, label.en and plural.en", t.Name)
	}
	if t.Schema == "" {
		t.Schema = t.Name
	}
	if t.Ownership == "" {
		t.Ownership = OwnedByOrganization
	}
	t.addSystemColumns(currencies)
	t.byName = make(map[string]*Column, len(t.Columns))
	t.money, t.derives, t.groups = false, false, Groups{}
	known := types()
	for _, c := range t.Columns {
		if err := t.buildColumn(c, known); err != nil {
			return err
		}
	}
	if err := t.checkPrivacy(); err != nil {
		return err
	}
	if err := t.checkWork(); err != nil {
		return err
	}
	if err := t.checkFrozen(); err != nil {
		return err
	}
	for _, name := range []string{t.ID, t.Title} {
		if t.byName[name] == nil {
			return errs.New(errs.Invalid, "metadata.table", "table %s has no column %s", t.Name, name)
		}
	}
	return t.checkReferences()
}

func (t *Table) buildColumn(c *Column, known map[string]Type) error {
	if c.Name == "" || t.byName[c.Name] != nil {
		return errs.New(errs.Invalid, "metadata.column", "table %s: column %q has no name or stands twice", t.Name, c.Name)
	}
	kind, ok := known[c.TypeName]
	if !ok {
		return errs.New(errs.Invalid, "metadata.column", "column %s.%s: there is no type %q", t.Name, c.Name, c.TypeName)
	}
	c.kind = kind
	if c.Schema == "" {
		c.Schema = c.Name
	}
	if c.Label["en"] == "" {
		return errs.New(errs.Invalid, "metadata.column", "column %s.%s has no English label", t.Name, c.Name)
	}
	c.completeLookup()
	if err := t.checkColumn(c); err != nil {
		return err
	}
	if c.Default != nil {
		v, err := c.Coerce(c.Default)
		if err != nil {
			return fmt.Errorf("default of %s.%s: %w", t.Name, c.Name, err)
		}
		c.Default = v
	}
	t.byName[c.Name] = c
	t.money = t.money || c.BaseOf != ""
	t.groups.add(c)
	t.derives = t.derives || c.BaseOf != "" || c.Formula != "" || c.AutoNumber != "" || c.Hierarchy || c.IsFile()
	return nil
}

// checkColumn asks the type what it has to say about the definition.
func (t *Table) checkColumn(c *Column) error {
	bad := func(err error) error {
		return errs.New(errs.Invalid, "metadata.column", "table %s: %s", t.Name, err.Error())
	}
	if k, ok := c.kind.(checker); ok {
		if err := k.check(c); err != nil {
			return bad(err)
		}
	}
	if c.Audit != "" && c.Audit != AuditReads {
		return wrong(c, "audit", "audit is either empty or %q", AuditReads)
	}
	if err := c.checkCascade(); err != nil {
		return bad(err)
	}
	if c.Hierarchy && (!c.IsLookup() || c.Targets[0] != t.Name) {
		return bad(wrong(c, "definition", "a hierarchy is made by a lookup to the table itself"))
	}
	if err := t.completeNumber(c); err != nil {
		return bad(err)
	}
	if c.Rollup != nil || c.BaseOf != "" {
		c.ReadOnly = true
	}
	return nil
}

// addSystemColumns puts the columns in that every table has.
func (t *Table) addSystemColumns(currencies bool) {
	var head, tail []*Column
	declared := make(map[string]bool, len(t.Columns))
	for _, c := range t.Columns {
		declared[c.Name] = true
	}
	add := func(list *[]*Column, c Column) {
		if !declared[c.Name] {
			c.System = true
			*list = append(*list, &c)
		}
	}
	add(&head, Column{Name: t.ID, TypeName: "id", Label: t.Label, Description: "Unique id of the row."})
	if currencies && t.Name != CurrencyTable {
		for _, c := range t.moneyColumns() {
			add(&tail, c)
		}
	}
	for _, c := range t.partColumns() {
		add(&tail, c)
	}
	if t.Process {
		for _, c := range t.processColumns() {
			add(&tail, c)
		}
	}
	if t.Stateful() {
		var states, reasons []Option
		for _, s := range t.States {
			states = append(states, Option{Value: s.Value, Label: s.Label})
			reasons = append(reasons, s.Reasons...)
		}
		add(&tail, Column{Name: "statecode", TypeName: "choice", Options: states, Label: Label{"en": "Status", "de": "Status"}})
		add(&tail, Column{Name: "statuscode", TypeName: "choice", Options: reasons, Label: Label{"en": "Status Reason", "de": "Statusgrund"}})
	}
	if t.Owned() {
		add(&tail, Column{Name: "ownerid", TypeName: "lookup", Targets: []string{"systemuser", "team"}, Label: Label{"en": "Owner", "de": "Besitzer"},
			Collections: map[string]string{"systemuser": t.back("owninguser", "user_"), "team": t.back("owningteam", "team_")}})
		add(&tail, Column{Name: "owningbusinessunit", TypeName: "lookup", Targets: []string{"businessunit"}, Collection: t.back("owningbusinessunit", "business_unit_"), ReadOnly: true, Label: Label{"en": "Owning Business Unit", "de": "Besitzende Unternehmenseinheit"}})
	}
	user := []string{"systemuser"}
	add(&tail, Column{Name: "createdon", TypeName: "datetime", ReadOnly: true, Label: Label{"en": "Created On", "de": "Erstellt am"}})
	add(&tail, Column{Name: "createdby", TypeName: "lookup", Targets: user, Collection: t.back("createdby", "lk_"), ReadOnly: true, Label: Label{"en": "Created By", "de": "Erstellt von"}})
	if t.Owned() && !t.Managed {
		add(&tail, Column{Name: "importsequencenumber", TypeName: "whole", Label: Label{"en": "Import Sequence Number", "de": "Importfolgenummer"}})
		add(&tail, Column{Name: "overriddencreatedon", TypeName: "datetime", Label: Label{"en": "Record Created On", "de": "Datensatz erstellt am"}})
	}
	add(&tail, Column{Name: "modifiedon", TypeName: "datetime", ReadOnly: true, Label: Label{"en": "Modified On", "de": "Geändert am"}})
	add(&tail, Column{Name: "modifiedby", TypeName: "lookup", Targets: user, Collection: t.back("modifiedby", "lk_"), ReadOnly: true, Label: Label{"en": "Modified By", "de": "Geändert von"}})
	add(&tail, Column{Name: "createdonbehalfby", TypeName: "lookup", Targets: user, Collection: t.back("createdonbehalfby", "lk_"), ReadOnly: true, Label: Label{"en": "Created By (Delegate)", "de": "Erstellt von (Stellvertretung)"}})
	add(&tail, Column{Name: "modifiedonbehalfby", TypeName: "lookup", Targets: user, Collection: t.back("modifiedonbehalfby", "lk_"), ReadOnly: true, Label: Label{"en": "Modified By (Delegate)", "de": "Geändert von (Stellvertretung)"}})
	big := int64(1<<63 - 1)
	add(&tail, Column{Name: "versionnumber", TypeName: "whole", Most: &big, ReadOnly: true, Label: Label{"en": "Version", "de": "Version"}})
	t.Columns = append(append(head, t.Columns...), tail...)
}

// back names the navigation property that leads from a user, team or unit to
// the rows of this table, by one of the columns that every table has.
func (t *Table) back(column, prefix string) string {
	if name := t.Back[column]; name != "" {
		return name
	}
	if prefix == "lk_" {
		return prefix + t.Name + "_" + column
	}
	return prefix + t.Name
}

// checkReferences makes sure that keys, views, forms and charts name columns that exist.
func (t *Table) checkReferences() error {
	check := func(where string, names []string) error {
		for _, n := range names {
			if t.byName[n] == nil {
				return errs.New(errs.Invalid, "metadata.reference", "%s of table %s names the unknown column %q", where, t.Name, n)
			}
		}
		return nil
	}
	for _, k := range t.Keys {
		if err := check("key "+k.Name, k.Columns); err != nil {
			return err
		}
	}
	if err := t.checkKeys(); err != nil {
		return err
	}
	for _, x := range t.Indexes {
		if err := check("index "+x.Name, x.Columns); err != nil {
			return err
		}
	}
	for _, v := range t.Views {
		if err := check("view "+v.Name, v.Columns); err != nil {
			return err
		}
	}
	for _, f := range t.Forms {
		names := f.Header
		for _, tab := range f.Tabs {
			for _, s := range tab.Sections {
				names = append(names, s.Columns...)
			}
		}
		if err := check("form "+f.Name, names); err != nil {
			return err
		}
	}
	return t.checkCharts()
}

// checkKeys holds alternate keys to the limits of Dataverse. A key that is
// unique among open rows only can't be addressed and is free of them.
func (t *Table) checkKeys() error {
	n := 0
	for _, k := range t.Keys {
		if k.WhereOpen {
			continue
		}
		if n++; n > MaxKeys {
			return errs.New(errs.Invalid, "metadata.key", "table %s has more than %d alternate keys", t.Name, MaxKeys)
		}
		if len(k.Columns) == 0 || len(k.Columns) > MaxKeyColumns {
			return errs.New(errs.Invalid, "metadata.key", "key %s of table %s has 1 to %d columns", k.Name, t.Name, MaxKeyColumns)
		}
		if _, err := t.KeyBytes(k); err != nil {
			return err
		}
	}
	return nil
}

// KeyBytes gives how many bytes the longest values of a key take, as Dataverse
// counts them. Customers' keys are held to MaxKeyBytes; some of the Common Data
// Model's own (the domain name of a user) are longer.
func (t *Table) KeyBytes(k Key) (int, error) {
	size := 0
	for _, name := range k.Columns {
		c, ok := t.byName[name]
		if !ok {
			return 0, errs.New(errs.Invalid, "metadata.key", "key %s of table %s names the unknown column %q", k.Name, t.Name, name)
		}
		bytes, err := c.keyBytes()
		if err != nil {
			return 0, errs.New(errs.Invalid, "metadata.key", "key %s of table %s: %s", k.Name, t.Name, err.Error())
		}
		size += bytes
	}
	return size, nil
}

// keyBytes gives how much of a key a column's longest value takes.
func (c *Column) keyBytes() (int, error) {
	if c.Secured {
		return 0, wrong(c, "key", "a secured column can't be part of a key")
	}
	switch c.kind.Shape(c).Kind {
	case query.Text:
		if c.Max > 0 {
			return 2 * c.Max, nil
		}
		return 2 * textDefaultMax, nil
	case query.Int, query.Fixed, query.Time, query.Day:
		return 8, nil
	case query.ID:
		if !c.IsFile() {
			return 16, nil
		}
	}
	return 0, wrong(c, "key", "a column of type %s can't be part of a key", c.TypeName)
}

// TypeColumn gives the name of the column that holds the target table of a
// polymorphic lookup: owneridtype, customeridtype, regardingobjecttypecode.
func TypeColumn(lookup string) string { return lookup + "type" }

// stamped are the columns that the record store sets on every row it writes.
var stamped = []string{"createdon", "modifiedon", "versionnumber"}

// OwnerIndexed tells whether an index of the table itself leads to the rows of an
// owner, so that the one that every owned table gets is not needed.
func (t *Table) OwnerIndexed() bool {
	return slices.ContainsFunc(t.Indexes, func(x Index) bool { return x.Whole() && len(x.Columns) > 0 && x.Columns[0] == "ownerid" })
}

func (t *Table) buildShape() {
	s := &query.Table{Name: t.Name, PrimaryID: t.ID, Owned: t.Owned(), Columns: make(map[string]query.Column, len(t.Columns)), Relations: t.relations}
	for _, c := range t.Columns {
		shape := c.kind.Shape(c)
		qc := query.Column{Name: c.Name, Kind: shape.Kind, Scale: shape.Scale, Folded: shape.Folded, Secured: c.Secured, Audited: c.Audit == AuditReads}
		if c.Polymorphic() {
			qc.TypeColumn = TypeColumn(c.Name)
		}
		qc.NotNull = c.Name == t.ID || c.System && !t.Managed && slices.Contains(stamped, c.Name)
		s.Columns[c.Name] = qc
		s.Secured, s.Audited = s.Secured || c.Secured, s.Audited || qc.Audited
		s.AllNames = append(s.AllNames, c.Name)
		if qc.TypeColumn != "" {
			s.Columns[qc.TypeColumn] = query.Column{Name: qc.TypeColumn, Kind: query.Text}
			s.AllNames = append(s.AllNames, qc.TypeColumn)
		}
	}
	for _, x := range t.Indexes {
		if x.Whole() {
			s.Indexes = append(s.Indexes, x.Columns)
		}
	}
	if s.Owned && !t.OwnerIndexed() {
		s.Indexes = append(s.Indexes, []string{"ownerid"})
	}
	t.shape = s
}
