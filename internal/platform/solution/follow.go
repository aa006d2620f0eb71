package solution

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// followers are the tables whose rows follow the text of the bundle that brought
// them: an app gets the pages of a new version. Other rows, as a sample's leads,
// are made once.
var followers = map[string]bool{"appmodule": true}

// Follow brings a row that is there to what a new version's text says, as long as
// nobody but the platform has written it. What people have changed stays theirs.
func Follow(ctx context.Context, tx *record.Tx, t *metadata.Table, row record.Row) error {
	there, err := tx.Get(ctx, t.Name, row.ID(t.ID), nil, nil)
	if errors.Is(err, record.ErrNotFound) {
		return nil // people have deleted it
	}
	if err != nil || there.ID("modifiedby") != access.SystemUser {
		return err
	}
	change := record.Row{}
	for column, v := range row {
		if column == t.ID {
			continue
		}
		is, err := alike(there[column], v)
		if err != nil {
			return err
		}
		if !is {
			change[column] = v
		}
	}
	if len(change) == 0 {
		return nil
	}
	if was, err := writtenByPeople(tx.SQL(), t, row); err != nil || was {
		return err
	}
	_, err = tx.Update(ctx, t.Name, row.ID(t.ID), change, record.Match{})
	return err
}

// writtenByPeople tells whether anybody but the platform has written a row, as far
// back as the change log goes.
func writtenByPeople(tx *sqldb.Tx, t *metadata.Table, row record.Row) (bool, error) {
	key, err := query.Encode(tx.Dialect(), query.ID, row.ID(t.ID))
	if err != nil {
		return false, err
	}
	system, err := query.Encode(tx.Dialect(), query.ID, access.SystemUser)
	if err != nil {
		return false, err
	}
	p := tx.Dialect().Placeholder
	return tx.QueryRow("SELECT 1 FROM changelog WHERE recordid = "+p(1)+" AND tablename = "+p(2)+" AND actorid <> "+p(3)+" LIMIT 1", []any{key, t.Name, system}, new(int))
}

// alike compares a value that is kept with one out of a text, by their JSON.
func alike(kept, given any) (bool, error) {
	a, err := canonical(kept)
	if err != nil {
		return false, err
	}
	b, err := canonical(given)
	return a == b, err
}

func canonical(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", errs.Wrap(err, errs.Invalid, "solution.value", "a value has no JSON form")
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		return "", errs.Wrap(err, errs.Invalid, "solution.value", "a value has no JSON form")
	}
	text, err = json.Marshal(plain)
	return string(text), err
}
