package solution

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Rows that have been in force stay as they are (metadata.Frozen). Where a bundle's
// text of one has changed since it was applied, the text becomes a row of its own
// with parts of its own: a draft, which people bring in force. Its key has the mark
// of the text, so that applying the text again makes nothing twice.

// renewal says what becomes of rows that are frozen, by table and key.
type renewal struct {
	keys  map[string]string // under which keys they come anew; "" leaves them as they are
	fresh []string          // those of which a draft is made now
}

func named(table, key string) string { return table + ":" + key }

// renewed finds the rows that are frozen, and those of them whose text has changed
// since it was applied.
func (m *Manager) renewed(ctx context.Context, bundle string, old, fresh map[string]string) (renewal, error) {
	out := renewal{keys: map[string]string{}}
	before, err := m.texts(old)
	if err != nil {
		return out, err
	}
	after, err := m.texts(fresh)
	if err != nil {
		return out, err
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		table, key, _ := strings.Cut(name, ":")
		t, ok := m.Customs.Catalog().Table(table)
		if !ok {
			continue
		}
		if is, err := m.frozen(ctx, t, RowID(bundle, table, key)); err != nil || !is {
			if err != nil {
				return out, err
			}
			continue
		}
		anew := key + "@" + after[name]
		_, err := m.Store.Get(ctx, table, RowID(bundle, table, anew), []string{t.ID}, nil)
		was, known := before[name]
		switch {
		case err == nil:
			out.keys[name] = anew
		case !errors.Is(err, record.ErrNotFound):
			return out, err
		case known && was != after[name]:
			out.keys[name] = anew
			out.fresh = append(out.fresh, name)
		default:
			out.keys[name] = ""
		}
	}
	return out, nil
}

// texts gives a mark of the text of each row that can be frozen, with its parts.
func (m *Manager) texts(files map[string]string) (map[string]string, error) {
	catalog := m.Customs.Catalog()
	heads := map[string][]any{}
	var parts []struct {
		head string
		raw  map[string]any
	}
	for name, text := range files {
		if !strings.HasPrefix(name, "records/") {
			continue
		}
		var list []file
		if err := yaml.UnmarshalWithOptions([]byte(text), &list, yaml.DisallowUnknownField()); err != nil {
			return nil, errs.Wrap(err, errs.Invalid, "solution.records", "the file %s can't be read", name)
		}
		for _, f := range list {
			t, ok := catalog.Table(f.Table)
			if !ok || t.Frozen == nil {
				continue
			}
			for _, raw := range f.Rows {
				if t.Frozen.Since != "" {
					name := named(f.Table, fmt.Sprint(raw["key"]))
					heads[name] = append([]any{raw}, heads[name]...)
					continue
				}
				ref, _ := raw[t.Frozen.With].(string)
				parts = append(parts, struct {
					head string
					raw  map[string]any
				}{strings.TrimPrefix(ref, "@"), raw})
			}
		}
	}
	for _, p := range parts {
		heads[p.head] = append(heads[p.head], p.raw)
	}
	out := map[string]string{}
	for name, rows := range heads {
		text, err := json.Marshal(rows)
		if err != nil {
			return nil, errs.Wrap(err, errs.Invalid, "solution.records", "the row %s can't be read", name)
		}
		sum := sha256.Sum256(text)
		out[name] = hex.EncodeToString(sum[:6])
	}
	return out, nil
}

// frozen tells whether a row, or the one that it is a part of, has been in force.
func (m *Manager) frozen(ctx context.Context, t *metadata.Table, key id.ID) (bool, error) {
	if t.Frozen == nil {
		return false, nil
	}
	column := t.Frozen.Since
	if column == "" {
		column = t.Frozen.With
	}
	row, err := m.Store.Get(ctx, t.Name, key, []string{column}, nil)
	if errors.Is(err, record.ErrNotFound) {
		return false, nil
	}
	if err != nil || t.Frozen.Since != "" {
		return err == nil && row[column] != nil, err
	}
	c, _ := t.Column(column)
	head, ok := m.Customs.Catalog().Table(c.Targets[0])
	if !ok || head.Frozen == nil || head.Frozen.Since == "" {
		return false, nil
	}
	return m.frozen(ctx, head, row.ID(column))
}

// under puts a row under the key of its renewal, or that of what it is a part of.
// ok is false where it is left as it is.
func (r renewal) under(t *metadata.Table, raw map[string]any) (out map[string]any, ok bool) {
	if t.Frozen == nil {
		return raw, true
	}
	key := fmt.Sprint(raw["key"])
	ref, _ := raw[t.Frozen.With].(string)
	name := strings.TrimPrefix(ref, "@")
	if t.Frozen.Since != "" {
		name = named(t.Name, key)
	}
	anew, is := r.keys[name]
	if !is || anew == "" {
		return raw, !is
	}
	raw = maps.Clone(raw)
	if t.Frozen.Since != "" {
		raw["key"] = anew
		return raw, true
	}
	_, mark, _ := strings.Cut(anew, "@")
	table, _, _ := strings.Cut(ref, ":")
	raw["key"], raw[t.Frozen.With] = key+"@"+mark, table+":"+anew
	return raw, true
}
