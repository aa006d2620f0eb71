package odata

import (
	"encoding/json"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// PathKind says what a resource path leads to.
type PathKind uint8

// The kinds of resources.
const (
	Service    PathKind = iota // the service document
	Metadata                   // $metadata
	Batch                      // $batch
	Set                        // leads
	SetCount                   // leads/$count
	Entity                     // leads(key)
	Property                   // leads(key)/subject
	RawValue                   // leads(key)/subject/$value
	Navigation                 // leads(key)/nav, or a row of a collection: accounts(key)/nav(key)
	NavCount                   // accounts(key)/nav/$count
	RefLink                    // accounts(key)/nav/$ref, accounts(key)/nav(key)/$ref
	Operation                  // WhoAmI(), leads(key)/Microsoft.Dynamics.CRM.QualifyLead, leads/Microsoft…
)

// Path is a resource path that has been read against the catalog.
type Path struct {
	Kind       PathKind
	Table      *metadata.Table // of the set; nil for an unbound operation
	Key        *Key
	Property   *metadata.Column
	Relation   query.Relation
	NavName    string // the navigation property as written
	RelatedKey *Key   // of accounts(key)/nav(key)
	Through    []Hop  // what leads from the key to the row that the rest is about; Key is nil then
	Operation  string // without the namespace
	Arguments  string // what stands in the operation's brackets
}

// Hop is a step from a row to a related one: along a lookup, or to a row of a
// collection by its key.
type Hop struct {
	Table    *metadata.Table // that the step begins at
	Key      *Key            // of the first hop only
	Relation query.Relation
	Related  *Key // of a collection
}

const maxHops = 10

// ParsePath reads a resource path, still escaped, without the service root and
// without its leading slash.
func ParsePath(c *metadata.Catalog, escaped string) (*Path, error) {
	segments, err := segments(escaped)
	if err != nil {
		return nil, err
	}
	if len(segments) == 1 {
		switch segments[0] {
		case "":
			return &Path{Kind: Service}, nil
		case "$metadata":
			return &Path{Kind: Metadata}, nil
		case "$batch":
			return &Path{Kind: Batch}, nil
		}
	}
	name, inner, keyed, err := bracketed(segments[0])
	if err != nil {
		return nil, err
	}
	t, ok := c.Set(name)
	if !ok {
		return unboundOperation(segments, name, inner)
	}
	p := &Path{Kind: Set, Table: t}
	if keyed {
		key, err := ParseKey(t, inner)
		if err != nil {
			return nil, err
		}
		p.Kind, p.Key = Entity, &key
	}
	return p, p.below(c, segments[1:])
}

func notFound(segment string) error {
	return errs.New(errs.NotFound, "odata.unknown_resource", "there is no resource for the segment %q", clip(segment))
}

func unboundOperation(segments []string, name, arguments string) (*Path, error) {
	name = strings.TrimPrefix(name, Namespace+".")
	if len(segments) > 1 || !isIdentifier(name) {
		return nil, notFound(segments[0])
	}
	return &Path{Kind: Operation, Operation: name, Arguments: arguments}, nil
}

func isIdentifier(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// below reads the segments behind a set or a row.
func (p *Path) below(c *metadata.Catalog, rest []string) error {
	if len(rest) == 0 {
		return nil
	}
	name, inner, keyed, err := bracketed(rest[0])
	if err != nil {
		return err
	}
	if op, ok := strings.CutPrefix(name, Namespace+"."); ok && len(rest) == 1 && isIdentifier(op) {
		p.Kind, p.Operation, p.Arguments = Operation, op, inner
		return nil
	}
	if p.Kind == Set {
		if len(rest) == 1 && rest[0] == "$count" {
			p.Kind = SetCount
			return nil
		}
		return notFound(rest[0])
	}
	if rel, ok := relationOf(p.Table, name); ok && (!isLookupColumn(p.Table, name) || rel.From == name) {
		p.Relation, p.NavName, p.Kind = rel, name, Navigation
		return p.navigation(c, inner, keyed, rest[1:])
	}
	if col, ok := columnOf(p.Table, name); ok && !keyed {
		p.Property, p.Kind = col, Property
		switch {
		case len(rest) == 1:
			return nil
		case len(rest) == 2 && rest[1] == "$value":
			p.Kind = RawValue
			return nil
		}
		return notFound(rest[1])
	}
	if len(rest) == 1 && isIdentifier(name) {
		// An operation without its namespace, which some clients leave out.
		p.Kind, p.Operation, p.Arguments = Operation, name, inner
		return nil
	}
	return notFound(rest[0])
}

func (p *Path) navigation(c *metadata.Catalog, inner string, keyed bool, rest []string) error {
	if keyed {
		other, ok := c.Table(p.Relation.Table)
		if !ok || !p.Relation.Many {
			return notFound(p.NavName)
		}
		key, err := ParseKey(other, inner)
		if err != nil {
			return err
		}
		p.RelatedKey = &key
	}
	switch {
	case len(rest) == 0:
		return nil
	case len(rest) == 1 && rest[0] == "$ref":
		p.Kind = RefLink
		return nil
	case len(rest) == 1 && rest[0] == "$count" && p.Relation.Many && !keyed:
		p.Kind = NavCount
		return nil
	case strings.HasPrefix(rest[0], "$") || p.Relation.Many && !keyed:
		return notFound(rest[0])
	case len(p.Through) >= maxHops:
		return errs.New(errs.Invalid, "odata.deep_path", "a path leads along at most %d navigation properties", maxHops)
	}
	other, ok := c.Table(p.Relation.Table)
	if !ok {
		return notFound(p.NavName)
	}
	p.Through = append(p.Through, Hop{Table: p.Table, Key: p.Key, Relation: p.Relation, Related: p.RelatedKey})
	p.Table, p.Key, p.RelatedKey, p.Kind = other, nil, nil, Entity
	p.Relation, p.NavName = query.Relation{}, ""
	return p.below(c, rest)
}

// segments cuts a path at its slashes and unescapes it. A slash in quotes or
// written as %2F belongs to a segment.
func segments(escaped string) ([]string, error) {
	if len(escaped) > maxText {
		return nil, errs.New(errs.Invalid, "odata.too_long", "the URL is longer than %d characters", maxText)
	}
	var out []string
	var cur []byte
	quoted := false
	for i := 0; i < len(escaped); i++ {
		c, literal := escaped[i], true
		if c == '%' {
			if i+2 >= len(escaped) || !isHex(escaped[i+1]) || !isHex(escaped[i+2]) {
				return nil, errs.New(errs.Invalid, "odata.escape", "the URL is not escaped properly")
			}
			c, literal = unhex(escaped[i+1])<<4|unhex(escaped[i+2]), false
			i += 2
		}
		if c == '\'' {
			quoted = !quoted
		}
		if c == '/' && literal && !quoted {
			out, cur = append(out, string(cur)), nil
			continue
		}
		cur = append(cur, c)
	}
	return append(out, string(cur)), nil
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

// bracketed parts name(inner).
func bracketed(segment string) (name, inner string, has bool, err error) {
	name, inner, has = strings.Cut(segment, "(")
	if !has {
		return name, "", false, nil
	}
	inner, closed := strings.CutSuffix(inner, ")")
	if !closed {
		return "", "", false, errs.New(errs.Invalid, "odata.syntax", "a bracket in the path is not closed")
	}
	return name, inner, true, nil
}

// ParseArguments reads the parameters of a function: Name=value,Other=@p1. A
// value is a literal or, through an alias, any JSON.
func ParseArguments(text string, aliases map[string]string) (map[string]any, error) {
	out := map[string]any{}
	parts, err := split("the parameters", text, ',')
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || !isIdentifier(name) {
			return nil, errs.New(errs.Invalid, "odata.syntax", "a parameter looks like Name=value")
		}
		if strings.HasPrefix(value, "@") {
			if value, ok = aliases[value]; !ok {
				return nil, errs.New(errs.Invalid, "odata.alias", "the parameter %s has no value in the URL", name)
			}
		}
		if out[name], err = argumentValue(name, value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func argumentValue(name, text string) (any, error) {
	if literal, ok := enumLiteral(text); ok {
		return literal, nil
	}
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		var v any
		if !json.Valid([]byte(text)) {
			text = doubleQuoted(text)
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if d.Decode(&v) != nil || d.More() {
			return nil, errs.New(errs.Invalid, "odata.syntax", "the parameter %s is not valid JSON", name)
		}
		return v, nil
	}
	p, err := newParser(&Context{}, name, text, nil)
	if err != nil {
		return nil, err
	}
	if p.tok.kind == tokName && p.tok.text != "null" && p.tok.text != "true" && p.tok.text != "false" {
		return nil, p.unexpected("a value")
	}
	o, err := p.operand()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.unexpected("the end of the parameter")
	}
	return o.value, nil
}

// enumLiteral reads Microsoft.Dynamics.CRM.EndpointAccessType'Default'.
func enumLiteral(text string) (string, bool) {
	name, rest, ok := strings.Cut(text, "'")
	value, closed := strings.CutSuffix(rest, "'")
	if !ok || !closed || !strings.HasPrefix(name, Namespace+".") || strings.Contains(value, "'") {
		return "", false
	}
	return value, isIdentifier(strings.TrimPrefix(name, Namespace+"."))
}

// doubleQuoted turns JSON written with single quotes, as Dataverse's clients
// write it in URLs, into proper JSON. Within such a text a quote is doubled.
func doubleQuoted(text string) string {
	var b strings.Builder
	single, double := false, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case double:
			b.WriteByte(c)
			if c == '\\' && i+1 < len(text) {
				i++
				b.WriteByte(text[i])
			} else if c == '"' {
				double = false
			}
		case c == '\'' && single && i+1 < len(text) && text[i+1] == '\'':
			b.WriteByte('\'')
			i++
		case c == '\'':
			single = !single
			b.WriteByte('"')
		case c == '"' && single:
			b.WriteString(`\"`)
		case c == '"':
			double = true
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
