package duplicate

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// What a step of a merge was.
const (
	stepValue = "value" // a column of one of the two rows got another value
	stepChild = "child" // a lookup to the row that went leads to the one that stays
	stepTie   = "tie"   // a tie of an N:N relation passed from the one to the other
)

// step is one thing that a merge did.
type step struct {
	kind, table string
	record      id.ID
	column      string // of a tie, the navigation property on the table that is merged
	was, became json.RawMessage
}

// steps are those of one merge, in their order.
type steps struct {
	merge id.ID
	list  []step
}

func (s *steps) add(one step) { s.list = append(s.list, one) }

// values notes which columns of a row have other values now. What the platform
// works out by itself (formulas, the owner's unit, versions) follows by itself again.
func (s *steps) values(t *metadata.Table, key id.ID, old, now record.Row) error {
	for _, c := range t.Columns {
		if !kept(t, c) {
			continue
		}
		was, err := valueText(c, old)
		if err != nil {
			return err
		}
		became, err := valueText(c, now)
		if err != nil {
			return err
		}
		if !bytes.Equal(was, became) {
			s.add(step{kind: stepValue, table: t.Name, record: key, column: c.Name, was: was, became: became})
		}
	}
	return nil
}

var platforms = []string{"createdon", "createdby", "modifiedon", "modifiedby", "createdonbehalfby", "modifiedonbehalfby", "versionnumber", "owningbusinessunit", "owninguser", "owningteam"}

func kept(t *metadata.Table, c *metadata.Column) bool {
	return c.Name != t.ID && !c.Computed() && c.PartOf == "" && !slices.Contains(platforms, c.Name)
}

// valueText gives the value of a column as JSON; of a polymorphic lookup, with
// the table that it leads to.
func valueText(c *metadata.Column, row record.Row) (json.RawMessage, error) {
	v := row[c.Name]
	if c.Polymorphic() && v != nil {
		v = []any{v, row[metadata.TypeColumn(c.Name)]}
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, errs.Wrap(err, errs.Internal, "merge.value", "a value of %s can't be kept", c.Name)
	}
	return text, nil
}

// valueOf undoes valueText into a change.
func valueOf(c *metadata.Column, text json.RawMessage, change record.Row) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err
	}
	if c.TypeName == "json" && v != nil {
		v = text
	}
	if pair, ok := v.([]any); ok && c.Polymorphic() && len(pair) == 2 {
		v, change[metadata.TypeColumn(c.Name)] = pair[0], pair[1]
	} else if c.Polymorphic() {
		change[metadata.TypeColumn(c.Name)] = nil
	}
	coerced, err := c.Coerce(v)
	change[c.Name] = coerced
	return err
}

// write keeps the steps.
func (s *steps) write(tx *sqldb.Tx) error {
	d := tx.Dialect()
	marks := make([]string, 8)
	for i := range marks {
		marks[i] = d.Placeholder(i + 1)
	}
	text := "INSERT INTO mergestep (mergeid, seq, kind, tablename, recordid, columnname, was, became) VALUES (" + strings.Join(marks, ", ") + ")"
	merge, err := query.Encode(d, query.ID, s.merge)
	if err != nil {
		return err
	}
	for i, one := range s.list {
		key, err := query.Encode(d, query.ID, one.record)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(text, merge, int64(i), one.kind, one.table, key, one.column, orNull(one.was), orNull(one.became)); err != nil {
			return err
		}
	}
	return nil
}

func orNull(text json.RawMessage) any {
	if text == nil {
		return nil
	}
	return string(text)
}

// readSteps gives the steps of a merge in their order.
func readSteps(tx *sqldb.Tx, merge id.ID) ([]step, error) {
	d := tx.Dialect()
	key, err := query.Encode(d, query.ID, merge)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query("SELECT kind, tablename, recordid, columnname, was, became FROM mergestep WHERE mergeid = "+d.Placeholder(1)+" ORDER BY seq", key)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []step
	for rows.Next() {
		var one step
		var raw any
		var was, became *string
		if err := rows.Scan(&one.kind, &one.table, &raw, &one.column, &was, &became); err != nil {
			return nil, err
		}
		if one.record, err = query.DecodeID(raw); err != nil {
			return nil, err
		}
		if was != nil && became != nil {
			one.was, one.became = json.RawMessage(*was), json.RawMessage(*became)
		}
		out = append(out, one)
	}
	return out, rows.Err()
}

// columnsOf groups the values of the two rows that a merge changed.
func columnsOf(list []step) map[id.ID][]step {
	out := map[id.ID][]step{}
	for _, one := range list {
		if one.kind == stepValue {
			out[one.record] = append(out[one.record], one)
		}
	}
	return out
}
