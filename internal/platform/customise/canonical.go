package customise

import (
	"github.com/goccy/go-yaml"

	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

// canonical gives a body in the one form in which it is stored, so that equal
// definitions are equal texts: of something new all fields in the order of its
// type, of what ships the fields that are different.
func (l *layer) canonical(e Edit) (string, error) {
	_, ships := l.shipped.Table(e.Table)
	switch e.Kind {
	case KindTable:
		if !ships {
			return rewrite[metadata.Table](e.Body)
		}
	case KindColumn:
		if !l.ships(e.Table, e.Name.Name) {
			return rewrite[metadata.Column](e.Body)
		}
	case KindKey:
		return rewrite[metadata.Key](e.Body)
	case KindIndex:
		return rewrite[metadata.Index](e.Body)
	case KindMany:
		return rewrite[metadata.ManyToMany](e.Body)
	case KindView:
		return rewrite[metadata.View](e.Body)
	case KindForm:
		return rewrite[metadata.Form](e.Body)
	case KindChart:
		return rewrite[metadata.Chart](e.Body)
	case KindChoice:
		if _, ships := l.shipped.Choice(e.Name.Name); !ships {
			return rewrite[metadata.Choice](e.Body)
		}
	}
	fields := map[string]any{}
	if err := decode(e.Body, &fields); err != nil {
		return "", err
	}
	delete(fields, "table") // its own name says nothing new of what ships
	if e.Kind != KindTable {
		delete(fields, "name")
	}
	if len(fields) == 0 {
		return "", nil
	}
	b, err := yaml.MarshalWithOptions(fields, yaml.UseLiteralStyleIfMultiline(true))
	return string(b), err
}

func rewrite[T any](body string) (string, error) {
	v := new(T)
	if err := decode(body, v); err != nil {
		return "", err
	}
	return Encode(v)
}
