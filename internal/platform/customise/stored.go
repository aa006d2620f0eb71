package customise

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// definitions is the table of definitions.
const definitions = "rpt_definition"

const definitionColumns = "rpt_kind, COALESCE(rpt_tablename, ''), rpt_objectname, rpt_body, rpt_solution, rpt_state, rpt_epoch, COALESCE(rpt_error, '')"

// epochs reads those newer than one, by table; "" is the newest of all.
func (s *Service) epochs(ctx context.Context, since int64) (map[string]int64, error) {
	rows, err := s.o.DB.Query(ctx, "SELECT tablename, epoch FROM schemaepoch WHERE epoch > "+s.o.DB.Dialect().Placeholder(1), since)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var name string
		var epoch int64
		if err := rows.Scan(&name, &epoch); err != nil {
			return nil, err
		}
		out[name] = epoch
	}
	return out, rows.Err()
}

// stored reads the definitions of epochs after one, in their order.
func (s *Service) stored(ctx context.Context, since int64) ([]*Definition, error) {
	rows, err := s.o.DB.Query(ctx, "SELECT "+definitionColumns+" FROM rpt_definition WHERE rpt_epoch > "+s.o.DB.Dialect().Placeholder(1)+" ORDER BY rpt_epoch, rpt_name", since)
	if err != nil {
		return nil, err
	}
	return scanDefinitions(rows)
}

// storedAt reads the definitions of one epoch in a transaction.
func storedAt(tx *sqldb.Tx, epoch int64) ([]*Definition, error) {
	rows, err := tx.Query("SELECT "+definitionColumns+" FROM rpt_definition WHERE rpt_epoch = "+tx.Dialect().Placeholder(1)+" ORDER BY rpt_name", epoch)
	if err != nil {
		return nil, err
	}
	return scanDefinitions(rows)
}

func scanDefinitions(rows *sqldb.Rows) ([]*Definition, error) {
	defer rows.Close()
	var out []*Definition
	for rows.Next() {
		d := &Definition{read: new(memo)}
		if err := rows.Scan(&d.Kind, &d.Table, &d.Name.Name, &d.Body, &d.Solution, &d.State, &d.Epoch, &d.Error); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, rows.Err()
}
