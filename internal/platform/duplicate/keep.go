package duplicate

import (
	"bytes"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// rowKey is the key that a row has by a rule.
type rowKey struct {
	rule, row id.ID
	key       string
}

// keysOf gives the keys of rows, in an order: so that writers of several don't
// wait for each other in a circle.
func keysOf(rules []*Rule, t *metadata.Table, rows []record.Row) []rowKey {
	var out []rowKey
	for _, row := range rows {
		for _, r := range rules {
			if key, ok := r.keyOf(t, row, false); ok {
				out = append(out, rowKey{r.ID, row.ID(t.ID), key})
			}
		}
	}
	slices.SortFunc(out, func(a, b rowKey) int {
		if by := bytes.Compare(a.rule[:], b.rule[:]); by != 0 {
			return by
		}
		return bytes.Compare(a.row[:], b.row[:])
	})
	return out
}

// Keys of one statement: few different statements, which are kept prepared.
const (
	fewKeys  = 8
	manyKeys = 50
)

// put writes keys. Where a row has one by the rule already, that is written over
// if over says so, else left: it is newer.
func put(tx *sqldb.Tx, list []rowKey, over bool) error {
	for len(list) > 0 {
		n := min(len(list), fewKeys)
		if len(list) >= manyKeys {
			n = manyKeys
		}
		if err := putSome(tx, list[:n], over); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func putSome(tx *sqldb.Tx, list []rowKey, over bool) error {
	d := tx.Dialect()
	var text strings.Builder
	text.WriteString("INSERT INTO duplicatekey (ruleid, recordid, hash) VALUES ")
	var args []any
	for i, k := range list {
		rule, err := query.Encode(d, query.ID, k.rule)
		if err != nil {
			return err
		}
		row, err := query.Encode(d, query.ID, k.row)
		if err != nil {
			return err
		}
		if i > 0 {
			text.WriteString(", ")
		}
		n := len(args)
		text.WriteString("(" + d.Placeholder(n+1) + ", " + d.Placeholder(n+2) + ", " + d.Placeholder(n+3) + ")")
		args = append(args, rule, row, k.key)
	}
	if over {
		text.WriteString(" ON CONFLICT (ruleid, recordid) DO UPDATE SET hash = excluded.hash")
	} else {
		text.WriteString(" ON CONFLICT (ruleid, recordid) DO NOTHING")
	}
	_, err := tx.Exec(text.String(), args...)
	return err
}

// set writes the key of a row by a rule; an empty one removes it.
func set(tx *sqldb.Tx, rule, row id.ID, key string) error {
	if key != "" {
		return putSome(tx, []rowKey{{rule, row, key}}, true)
	}
	return remove(tx, []*Rule{{ID: rule}}, row)
}

// remove takes the keys of a row away.
func remove(tx *sqldb.Tx, rules []*Rule, row id.ID) error {
	d := tx.Dialect()
	var marks []string
	var args []any
	for i, r := range rules {
		rule, err := query.Encode(d, query.ID, r.ID)
		if err != nil {
			return err
		}
		marks, args = append(marks, d.Placeholder(i+1)), append(args, rule)
	}
	key, err := query.Encode(d, query.ID, row)
	if err != nil {
		return err
	}
	_, err = tx.Exec("DELETE FROM duplicatekey WHERE ruleid IN ("+strings.Join(marks, ", ")+") AND recordid = "+d.Placeholder(len(args)+1), append(args, key)...)
	return err
}
