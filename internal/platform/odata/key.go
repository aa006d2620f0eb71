package odata

import (
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Key addresses one row: by its id, or by the columns of an alternate key.
type Key struct {
	ID     id.ID          // when Values is nil
	Values map[string]any // canonical values by logical name
}

// Alternate tells whether the row is addressed by an alternate key.
func (k Key) Alternate() bool { return k.Values != nil }

// ParseKey reads what stands in the brackets behind an entity set: a GUID,
// leadid=<guid>, or the name=value pairs of an alternate key.
func ParseKey(t *metadata.Table, text string) (Key, error) {
	p, err := newParser(&Context{}, "the key", text, nil)
	if err != nil {
		return Key{}, err
	}
	if p.tok.kind != tokName {
		return p.bareID(t)
	}
	values := map[string]any{}
	for {
		if err := p.keyPart(t, values); err != nil {
			return Key{}, err
		}
		if p.tok.kind == tokEnd {
			break
		}
		if err := p.expect(","); err != nil {
			return Key{}, err
		}
	}
	if v, ok := values[t.ID].(id.ID); ok && len(values) == 1 {
		return Key{ID: v}, nil
	}
	if !isKey(t, values) {
		return Key{}, errs.New(errs.Invalid, "odata.key", "the properties in the brackets are not an alternate key of table %s", t.Name)
	}
	return Key{Values: values}, nil
}

func (p *parser) bareID(t *metadata.Table) (Key, error) {
	v, err := p.operand()
	if err != nil {
		return Key{}, err
	}
	key, err := query.Coerce(query.Column{Name: t.ID, Kind: query.ID}, v.value)
	if key == nil || err != nil {
		return Key{}, p.fail(v.pos, "a GUID of 36 characters is expected")
	}
	if p.tok.kind != tokEnd {
		return Key{}, p.unexpected("the end of the key")
	}
	found, _ := key.(id.ID)
	return Key{ID: found}, nil
}

func (p *parser) keyPart(t *metadata.Table, values map[string]any) error {
	name := p.tok
	c, ok := columnOf(t, name.text)
	if name.kind != tokName || !ok {
		return at(unknownProperty(t, name.text), "the key", p.src, name.pos)
	}
	if err := p.advance(); err != nil {
		return err
	}
	if err := p.expect("="); err != nil {
		return err
	}
	v, err := p.operand()
	if err != nil {
		return err
	}
	if v.isPath() || v.node != nil || v.value == nil {
		return p.fail(v.pos, "a value is expected")
	}
	if _, twice := values[c.Name]; twice {
		return p.fail(name.pos, "the property stands twice")
	}
	values[c.Name], err = query.Coerce(t.Shape().Columns[c.Name], v.value)
	return p.locate(err, v.pos)
}

func isKey(t *metadata.Table, values map[string]any) bool {
	return slices.ContainsFunc(t.Keys, func(k metadata.Key) bool {
		return !k.WhereOpen && len(k.Columns) == len(values) && !slices.ContainsFunc(k.Columns, func(c string) bool { return values[c] == nil })
	})
}

// ParseReference reads the address of a row as bodies hold it: "/contacts(id)",
// "contacts(id)" or an absolute URL.
func ParseReference(c *metadata.Catalog, text string) (*metadata.Table, Key, error) {
	bad := errs.New(errs.Invalid, "odata.reference", "a reference looks like /contacts(00000000-0000-0000-0000-000000000000)")
	if len(text) > maxText {
		return nil, Key{}, bad
	}
	if strings.Contains(text, "://") {
		_, after, found := strings.Cut(text, "/api/data/v")
		if !found {
			return nil, Key{}, bad
		}
		_, text, _ = strings.Cut(after, "/")
	}
	p, err := ParsePath(c, strings.TrimPrefix(text, "/"))
	if err != nil {
		return nil, Key{}, err
	}
	if p.Kind != Entity {
		return nil, Key{}, bad
	}
	return p.Table, *p.Key, nil
}
