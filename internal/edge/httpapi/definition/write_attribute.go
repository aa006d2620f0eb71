package definition

import (
	"encoding/json"
	"math"
	"strings"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// whole reads a whole number of JSON.
func whole(v any) (int64, bool) {
	switch n := v.(type) {
	case json.Number:
		if i, err := n.Int64(); err == nil {
			return i, true
		}
		f, err := n.Float64()
		return int64(f), err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<62
	case float64:
		return int64(n), n == math.Trunc(n) && math.Abs(n) < 1<<62
	case int64:
		return n, true
	case int:
		return int64(n), true
	case uint64:
		return int64(n), n < 1<<63
	}
	return 0, false
}

// inner gives the Value of a property such as RequiredLevel.
func inner(v any) any {
	if o, ok := v.(map[string]any); ok {
		return o["Value"]
	}
	return v
}

// types are the classes of Dataverse by the types they become.
var types = map[string]string{
	"String": "text", "Memo": "memo", "Integer": "whole", "BigInt": "whole", "Decimal": "decimal", "Double": "double", "Money": "money", "Boolean": "boolean",
	"DateTime": "datetime", "Picklist": "choice", "MultiSelectPicklist": "multichoice", "Lookup": "lookup", "File": "file", "Image": "image",
}

// class gives the class of an attribute, from its @odata.type or AttributeType.
func class(o obj) string {
	name, _ := o["@odata.type"].(string)
	name = strings.TrimPrefix(strings.TrimPrefix(name, "#"), namespace)
	name = strings.TrimPrefix(name, "Complex")
	if name, ok := strings.CutSuffix(name, "AttributeMetadata"); ok && name != "" {
		return name
	}
	if code, ok := o["AttributeType"].(string); ok && code != "Virtual" {
		return code
	}
	name, _ = inner(o["AttributeTypeName"]).(string)
	return strings.TrimSuffix(name, "Type")
}

// reader makes definitions of what clients send.
type reader struct {
	catalog *metadata.Catalog
	merge   bool // labels of languages that are not named stay
}

// newColumn reads a column that is to be made.
func (r reader) newColumn(o obj) (*metadata.Column, error) {
	schema, _ := o["SchemaName"].(string)
	if schema == "" {
		schema, _ = o["LogicalName"].(string)
	}
	k := class(o)
	kind, ok := types[k]
	switch {
	case schema == "":
		return nil, invalid("schema_name", "a column needs a SchemaName")
	case k == "Customer":
		kind, ok = "customer", true
	case !ok:
		return nil, invalid("type", "columns of the type %q can't be made", clip(k))
	}
	c := &metadata.Column{Name: strings.ToLower(schema), Schema: schema, TypeName: kind, Label: metadata.Label{"en": schema}}
	if k == "BigInt" {
		least, most := int64(-1<<63+1), int64(1<<63-1)
		c.Least, c.Most = &least, &most
	}
	return c, r.column(c, o)
}

// column lays what a client sends over a column.
func (r reader) column(c *metadata.Column, o obj) (err error) {
	if v := o["DisplayName"]; v != nil {
		l, err := readLabel(v, c.Label, r.merge)
		if err != nil {
			return err
		}
		if l["en"] != "" {
			c.Label = l
		}
	}
	if v := o["Description"]; v != nil {
		l, err := readLabel(v, nil, false)
		if err != nil {
			return err
		}
		c.Description = l["en"]
	}
	if v, ok := inner(o["RequiredLevel"]).(string); ok {
		switch v {
		case "None":
			c.Required, c.Recommended = false, false
		case "Recommended":
			c.Required, c.Recommended = false, true
		case "ApplicationRequired":
			c.Required, c.Recommended = true, false
		case "SystemRequired":
		default:
			return invalid("required_level", "RequiredLevel can't be %q", clip(v))
		}
	}
	if v, ok := o["IsSecured"].(bool); ok {
		c.Secured = v
	}
	if v, ok := o["rpt_AuditReads"].(bool); ok {
		c.Audit = map[bool]string{true: metadata.AuditReads}[v]
	}
	if v, ok := o["AutoNumberFormat"].(string); ok {
		c.AutoNumber = v
	}
	if v, ok := o["FormulaDefinition"].(string); ok {
		c.Formula = v
	}
	if err := bounds(c, o); err != nil {
		return err
	}
	r.format(c, o)
	return r.choices(c, o)
}

// bounds reads lengths and limits.
func bounds(c *metadata.Column, o obj) error {
	if v := o["MaxLength"]; v != nil && (c.TypeName == "text" || c.TypeName == "memo") {
		n, ok := whole(v)
		if most := int64(1_048_576); !ok || n < 1 || n > most || c.TypeName == "text" && n > 4000 {
			return invalid("max_length", "MaxLength must be between 1 and %d, of a single line 4000", most)
		}
		c.Max = int(n)
	}
	if v := o["MaxSizeInKB"]; v != nil && c.IsFile() {
		n, ok := whole(v)
		if !ok || n < 1 || n > 10<<20 {
			return invalid("max_size", "MaxSizeInKB must be between 1 and %d", 10<<20)
		}
		c.MaxKB = int(n)
	}
	switch c.TypeName {
	case "whole", "decimal", "double", "money":
	default:
		return nil
	}
	for name, to := range map[string]**int64{"MinValue": &c.Least, "MaxValue": &c.Most} {
		if o[name] == nil {
			continue
		}
		n, ok := wholePart(o[name])
		if !ok {
			return invalid("bound", "%s must be a number", name)
		}
		if usual := (n == -1<<31 && name == "MinValue" || n == 1<<31-1 && name == "MaxValue") && c.TypeName == "whole"; usual {
			*to = nil
			continue
		}
		*to = &n
	}
	if v := o["Precision"]; v != nil && c.TypeName != "whole" {
		n, ok := whole(v)
		if !ok || n < 0 || n > 10 {
			return invalid("precision", "Precision must be between 0 and 10")
		}
		p := uint8(n)
		c.Precision = &p
	}
	return nil
}

// wholePart reads a limit; what stands behind the point is cut off.
func wholePart(v any) (int64, bool) {
	if n, ok := whole(v); ok {
		return n, true
	}
	if n, ok := v.(json.Number); ok {
		f, err := n.Float64()
		return int64(f), err == nil && math.Abs(f) < 1<<62
	}
	return 0, false
}

func (r reader) format(c *metadata.Column, o obj) {
	format, _ := o["Format"].(string)
	if name, ok := inner(o["FormatName"]).(string); ok && name != "" {
		format = name
	}
	switch c.TypeName {
	case "text", "memo", "whole":
		switch format = strings.ToLower(format); format {
		case "":
		case "text", "textarea", "none", "versionnumber", "phoneticguide":
			c.Format = ""
		default:
			c.Format = format
		}
	case "datetime", "date":
		behaviour, _ := inner(o["DateTimeBehavior"]).(string)
		switch {
		case c.TypeName == "date" || behaviour == "DateOnly" || format == "DateOnly" && behaviour == "":
			// A day has no time zone; a change of an existing column keeps its type.
			if c.Behaviour == "" && c.Format == "" {
				c.TypeName = "date"
			}
		case format == "DateOnly":
			c.Format, c.Behaviour = "dateonly", behaviour
		default:
			c.Behaviour = behaviour
		}
		if c.Behaviour == "UserLocal" {
			c.Behaviour = ""
		}
	}
}

// choices reads options and where lookups lead.
func (r reader) choices(c *metadata.Column, o obj) error {
	if c.TypeName == "lookup" || c.TypeName == "customer" {
		if list, ok := o["Targets"].([]any); ok && len(c.Targets) == 0 {
			for _, v := range list {
				name, _ := v.(string)
				c.Targets = append(c.Targets, strings.ToLower(name))
			}
		}
		return nil
	}
	if c.TypeName == "boolean" {
		if v, ok := o["DefaultValue"].(bool); ok && v {
			c.Default = true
		} else if ok {
			c.Default = nil
		}
		return r.yesNo(c, o)
	}
	if !c.IsChoice() {
		return nil
	}
	if n, ok := whole(o["DefaultFormValue"]); ok && c.TypeName == "choice" {
		c.Default = nil
		if n != -1 {
			c.Default = n
		}
	}
	for _, name := range []string{"GlobalOptionSet@odata.bind", "OptionSet@odata.bind"} {
		if ref, ok := o[name].(string); ok {
			g, err := r.bound(ref)
			if err != nil {
				return err
			}
			c.Choice, c.Options = g.Name, nil
			return nil
		}
	}
	for _, name := range []string{"GlobalOptionSet", "OptionSet"} {
		set, ok := o[name].(map[string]any)
		if !ok {
			continue
		}
		if global, _ := set["IsGlobal"].(bool); global {
			n, _ := set["Name"].(string)
			if _, known := r.catalog.Choice(strings.ToLower(n)); !known {
				return invalid("optionset", "there is no global choice %q", clip(n))
			}
			c.Choice, c.Options = strings.ToLower(n), nil
			return nil
		}
		list, err := r.options(set["Options"], c.Options)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			c.Options = list
		}
	}
	return nil
}

// bound finds the global choice that a link leads to.
func (r reader) bound(ref string) (*metadata.Choice, error) {
	_, rest, _ := strings.Cut(ref, "GlobalOptionSetDefinitions(")
	k, err := parseKey(strings.TrimSuffix(rest, ")"))
	if err == nil {
		if g := findChoice(r.catalog, k); g != nil {
			return g, nil
		}
	}
	return nil, invalid("optionset", "%q leads to no global choice", clip(ref))
}

func (r reader) yesNo(c *metadata.Column, o obj) error {
	set, ok := o["OptionSet"].(map[string]any)
	if !ok {
		return nil
	}
	var list []metadata.Option
	for name, value := range map[string]int64{"FalseOption": 0, "TrueOption": 1} {
		one, _ := set[name].(map[string]any)
		if one == nil {
			return nil
		}
		before, _ := c.Option(value)
		l, err := readLabel(one["Label"], before.Label, r.merge)
		if err != nil {
			return err
		}
		list = append(list, metadata.Option{Value: value, Label: l})
	}
	if list[0].Value == 1 {
		list[0], list[1] = list[1], list[0]
	}
	c.Options = list
	return nil
}

// firstOption is the value of the first option for which a client names none,
// as the default publisher of Dataverse numbers them.
const firstOption = 100_000_000

// options reads the options of a choice.
func (r reader) options(v any, before []metadata.Option) ([]metadata.Option, error) {
	list, _ := v.([]any)
	var out []metadata.Option
	for _, item := range list {
		o, ok := item.(map[string]any)
		if !ok {
			return nil, invalid("options", "Options is a list of objects")
		}
		value, has := whole(o["Value"])
		if !has {
			value = nextOption(append(append([]metadata.Option{}, before...), out...))
		}
		var old metadata.Option
		for _, b := range before {
			if b.Value == value {
				old = b
			}
		}
		l, err := readLabel(o["Label"], old.Label, r.merge)
		if err != nil {
			return nil, err
		}
		n := metadata.Option{Value: value, Label: l, Color: old.Color, Description: old.Description, Next: old.Next}
		if color, ok := o["Color"].(string); ok {
			n.Color = color
		}
		if d := o["Description"]; d != nil {
			if dl, err := readLabel(d, nil, false); err == nil {
				n.Description = dl["en"]
			}
		}
		out = append(out, n)
	}
	return out, nil
}

func nextOption(list []metadata.Option) int64 {
	next := int64(firstOption)
	for _, o := range list {
		if o.Value >= next {
			next = o.Value + 1
		}
	}
	return next
}
