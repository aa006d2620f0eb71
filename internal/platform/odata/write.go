package odata

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Names of annotations.
const (
	annFormatted = "OData.Community.Display.V1.FormattedValue"
	annTarget    = "Microsoft.Dynamics.CRM.lookuplogicalname"
	annNav       = "Microsoft.Dynamics.CRM.associatednavigationproperty"
)

// Writer turns rows into JSON.
type Writer struct {
	Catalog     *metadata.Catalog
	Annotations Annotations
	Language    string
	Zone        *time.Location // of formatted instants; nil means UTC
	// Content gives the base64 of a file that travels in its row, or of the small
	// form of a picture; nil leaves both out. They are written only where $select
	// names them.
	Content func(row record.Row, c *metadata.Column) (string, error)
	Base    string // service root, for the addresses of pictures
	// Names gives the name of a lookup's target for its formatted value; nil
	// gives none. Lookups lists what it should know.
	Names func(table string, key id.ID) (string, bool)
	// Next gives the link to the related rows of a row that did not come along;
	// shown is how many did. Nil writes none.
	Next func(t *metadata.Table, x *ExpandView, row record.Row, after query.Cursor, shown int) (string, error)
}

// wireTime is to the second, as Dataverse's instants are: clients (the npm
// client dynamics-web-api among them) know an instant by that very pattern.
const wireTime = "2006-01-02T15:04:05Z"

// ETag gives a row's entity tag.
func ETag(row record.Row) string { return `W/"` + strconv.FormatInt(row.Version(), 10) + `"` }

// memberSize is about what a column takes, most being empty.
const memberSize = 40

// Object writes a row as a JSON object. Context is the @odata.context of a row
// that stands alone, "" of one in a list.
func (w *Writer) Object(buf *bytes.Buffer, context string, v *View, row record.Row) error {
	if v.Columns == nil && buf.Len() == 0 {
		buf.Grow(memberSize * len(v.Table.Columns))
	}
	o := objectWriter{buf: buf}
	o.open()
	if context != "" {
		o.text("@odata.context", context)
	}
	if _, has := row["versionnumber"]; has {
		o.text("@odata.etag", ETag(row))
	}
	if !v.Grouped {
		if err := w.columns(&o, v, row); err != nil {
			return err
		}
	}
	if err := w.cells(&o, v, row); err != nil {
		return err
	}
	for i := range v.Expand {
		if err := w.related(&o, v, &v.Expand[i], row); err != nil {
			return err
		}
	}
	o.shut()
	return nil
}

func (w *Writer) columns(o *objectWriter, v *View, row record.Row) error {
	t := v.Table
	if v.Columns == nil {
		for _, c := range t.Columns {
			if c.IsFile() && (c.Inline || c.TypeName == "image") {
				w.picture(o, t, c, row)
				continue
			}
			if err := w.column(o, t, c, row); err != nil {
				return err
			}
		}
		w.derived(o, t, row)
		return nil
	}
	hasID := false
	for _, name := range v.Columns {
		c, ok := t.Column(name)
		if !ok {
			return errs.New(errs.Internal, "odata.write", "table %s has no column %s", t.Name, name)
		}
		hasID = hasID || name == t.ID
		if c.IsFile() && (c.Inline || c.TypeName == "image") {
			if err := w.content(o, t, c, row); err != nil {
				return err
			}
			continue
		}
		if err := w.column(o, t, c, row); err != nil {
			return err
		}
	}
	if c, ok := t.Column(t.ID); ok && !hasID {
		return w.column(o, t, c, row)
	}
	return nil
}

// derived writes what Dataverse's rows hold and ours keep under another name:
// the two halves of the owner, and the owner id of users and teams themselves.
func (w *Writer) derived(o *objectWriter, t *metadata.Table, row record.Row) {
	if t.Owned() {
		owner := `"` + row.ID("ownerid").String() + `"`
		user, team := "null", "null"
		switch row.Text(metadata.TypeColumn("ownerid")) {
		case "systemuser":
			user = owner
		case "team":
			team = owner
		}
		o.raw("_owninguser_value", user)
		o.raw("_owningteam_value", team)
	}
	if isPrincipal(t) {
		o.text("ownerid", row.ID(t.ID).String())
	}
}

// picture writes what stands for a picture's content: its id, where to fetch
// it, and when it came. Of an inline file nothing stands for it.
func (w *Writer) picture(o *objectWriter, t *metadata.Table, c *metadata.Column, row record.Row) {
	if c.TypeName != "image" {
		return
	}
	file := row.ID(c.Name)
	if file == id.Nil {
		o.raw(c.Name+"id", "null")
		o.raw(c.Name+"_url", "null")
		o.raw(c.Name+"_timestamp", "null")
		return
	}
	o.text(c.Name+"id", file.String())
	o.text(c.Name+"_url", w.Base+t.Set+"("+row.ID(t.ID).String()+")/"+c.Name+"/$value")
	// The first 48 bits of an id are the milliseconds at which it was made.
	milli := int64(file[0])<<40 | int64(file[1])<<32 | int64(file[2])<<24 | int64(file[3])<<16 | int64(file[4])<<8 | int64(file[5])
	o.raw(c.Name+"_timestamp", strconv.FormatInt(milli, 10))
}

// content writes what a file column named by $select holds.
func (w *Writer) content(o *objectWriter, t *metadata.Table, c *metadata.Column, row record.Row) error {
	w.picture(o, t, c, row)
	if row[c.Name] == nil || w.Content == nil {
		o.raw(c.Name, "null")
		return nil
	}
	text, err := w.Content(row, c)
	if err != nil {
		return err
	}
	o.text(c.Name, text)
	return nil
}

func isPrincipal(t *metadata.Table) bool {
	if t.Name != "systemuser" && t.Name != "team" {
		return false
	}
	_, own := t.Column("ownerid")
	return !own
}

func (w *Writer) column(o *objectWriter, t *metadata.Table, c *metadata.Column, row record.Row) error {
	if row[c.Name] == nil { // as most of a wide row are
		o.empty(c)
		return nil
	}
	name := c.Name
	if c.IsLookup() {
		name = LookupName(c.Name)
	}
	return w.value(o, name, t, c, row)
}

// value writes a column's value and its annotations under a name.
func (w *Writer) value(o *objectWriter, name string, t *metadata.Table, c *metadata.Column, row record.Row) error {
	v := row[c.Name]
	if err := o.value(name, v); err != nil {
		return err
	}
	if v == nil || w.Annotations == nil {
		return nil
	}
	if w.Annotations.Wants(annFormatted) {
		if text, ok := w.formatted(t, c, row); ok {
			o.text(name+"@"+annFormatted, text)
		}
	}
	if !c.IsLookup() {
		return nil
	}
	target := targetOf(c, row)
	if w.Annotations.Wants(annTarget) {
		o.text(name+"@"+annTarget, target)
	}
	if w.Annotations.Wants(annNav) {
		o.text(name+"@"+annNav, navigationOf(c, target))
	}
	return nil
}

// targetOf gives the table that a row's lookup leads to.
func targetOf(c *metadata.Column, row record.Row) string {
	if c.Polymorphic() {
		return row.Text(metadata.TypeColumn(c.Name))
	}
	return c.Targets[0]
}

// navigationOf gives the navigation property that leads to the target. The
// owner has one for both its targets.
func navigationOf(c *metadata.Column, target string) string {
	if c.Name == "ownerid" {
		return c.Nav
	}
	return c.NavTo(target)
}

func (w *Writer) related(o *objectWriter, v *View, x *ExpandView, row record.Row) error {
	if !x.Relation.Many {
		sub, ok := row[x.Relation.Name].(record.Row)
		if !ok {
			o.raw(x.Name, "null")
			return nil
		}
		o.name(x.Name)
		return w.Object(o.buf, "", &x.View, sub)
	}
	rows, _ := row[x.Relation.Name].([]record.Row)
	o.name(x.Name)
	if err := w.Array(o.buf, &x.View, rows); err != nil {
		return err
	}
	if at, more := row[query.NextName(x.Relation.Name)].(query.Cursor); more && w.Next != nil {
		link, err := w.Next(v.Table, x, row, at, len(rows))
		if err != nil {
			return err
		}
		o.text(x.Name+"@odata.nextLink", link)
	}
	return nil
}

// Array writes rows as a JSON array.
func (w *Writer) Array(buf *bytes.Buffer, v *View, rows []record.Row) error {
	buf.WriteByte('[')
	for i, row := range rows {
		if i > 0 {
			buf.WriteByte(',')
		}
		if err := w.Object(buf, "", v, row); err != nil {
			return err
		}
	}
	buf.WriteByte(']')
	return nil
}

// Lookups lists the targets of all lookups that a view of the rows shows, by
// table: those whose names the formatted values need.
func Lookups(v *View, rows []record.Row) map[string][]id.ID {
	out := map[string][]id.ID{}
	collectLookups(out, v, rows)
	return out
}

func collectLookups(out map[string][]id.ID, v *View, rows []record.Row) {
	for _, c := range v.Table.Columns {
		if !c.IsLookup() {
			continue
		}
		for _, row := range rows {
			if key := row.ID(c.Name); key != id.Nil {
				out[targetOf(c, row)] = append(out[targetOf(c, row)], key)
			}
		}
	}
	for i := range v.Cells {
		c := &v.Cells[i]
		if c.Column == nil || !c.Column.IsLookup() {
			continue
		}
		for _, row := range rows {
			if key := row.ID(c.Key); key != id.Nil {
				target := c.Column.Targets[0]
				if c.Column.Polymorphic() {
					target = row.Text(metadata.TypeColumn(c.Key))
				}
				out[target] = append(out[target], key)
			}
		}
	}
	for i := range v.Expand {
		x := &v.Expand[i]
		for _, row := range rows {
			switch sub := row[x.Relation.Name].(type) {
			case record.Row:
				collectLookups(out, &x.View, []record.Row{sub})
			case []record.Row:
				collectLookups(out, &x.View, sub)
			}
		}
	}
}

// Value writes one canonical value as JSON.
func Value(v any) ([]byte, error) {
	switch x := v.(type) {
	case nil:
		return []byte("null"), nil
	case id.ID:
		return []byte(`"` + x.String() + `"`), nil
	case int64:
		return strconv.AppendInt(nil, x, 10), nil
	case bool:
		return strconv.AppendBool(nil, x), nil
	case query.Number:
		return []byte(x.String()), nil
	case float64:
		return json.Marshal(x)
	case query.SetValue:
		return []byte(`"` + string(x) + `"`), nil
	case time.Time:
		return []byte(`"` + x.UTC().Format(wireTime) + `"`), nil
	case query.Date:
		return []byte(`"` + string(x) + `"`), nil
	case json.RawMessage: // on the wire a document is a text that holds JSON
		return quote(string(x)), nil
	case string:
		return quote(x), nil
	}
	return nil, errs.New(errs.Internal, "odata.write", "a value of type %T has no form on the wire", v)
}

// quote writes a JSON string, without the escapes that only HTML would need.
func quote(s string) []byte {
	if isPlain(s) {
		return append(append(append(make([]byte, 0, len(s)+2), '"'), s...), '"')
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil { // a string always encodes
		return []byte(`""`)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// isPlain tells whether a text needs no escape at all, as most do not.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// objectWriter writes the members of one JSON object in order.
type objectWriter struct {
	buf   *bytes.Buffer
	later bool
}

func (o *objectWriter) open() { o.buf.WriteByte('{') }
func (o *objectWriter) shut() { o.buf.WriteByte('}') }

func (o *objectWriter) name(name string) {
	if o.later {
		o.buf.WriteByte(',')
	}
	o.later = true
	o.buf.WriteByte('"')
	o.buf.WriteString(name) // names of columns and annotations need no escaping
	o.buf.WriteString(`":`)
}

// empty writes a column without a value.
func (o *objectWriter) empty(c *metadata.Column) {
	before, after := "", `":null`
	if c.IsLookup() {
		before, after = lookupBefore, lookupAfter+after
	}
	if o.later {
		o.buf.WriteByte(',')
	}
	o.later = true
	o.buf.WriteByte('"')
	o.buf.WriteString(before)
	o.buf.WriteString(c.Name)
	o.buf.WriteString(after)
}

func (o *objectWriter) raw(name, json string) {
	o.name(name)
	o.buf.WriteString(json)
}

func (o *objectWriter) text(name, s string) {
	o.name(name)
	o.buf.Write(quote(s))
}

func (o *objectWriter) value(name string, v any) error {
	b, err := Value(v)
	if err != nil {
		return err
	}
	o.name(name)
	o.buf.Write(b)
	return nil
}
