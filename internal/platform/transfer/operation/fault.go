package operation

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// The phases in which a row can fail.
const (
	PhaseRun = int64(iota)
	PhaseUndo
)

// MaxFaults is how many rows that failed are kept for an operation; beyond it
// they are only counted.
const MaxFaults = 100_000

// Fault is a row that could not be dealt with.
type Fault struct {
	Number int64 // in the order in which they were noted; 0 until then
	File   id.ID
	Line   int
	Record id.ID
	Code   string
	Reason string
	Data   []string // the record as it stood in the file
}

// AddFaults notes rows that failed. kept is how many the operation has already.
func AddFaults(tx *sqldb.Tx, operation id.ID, phase, kept int64, faults []Fault) error {
	p := tx.Dialect().Placeholder
	text := "INSERT INTO transferfault (operationid, fileid, phase, line, recordid, code, reason, data) VALUES (" +
		p(1) + ", " + p(2) + ", " + p(3) + ", " + p(4) + ", " + p(5) + ", " + p(6) + ", " + p(7) + ", " + p(8) + ")"
	for _, f := range faults {
		if kept++; kept > MaxFaults {
			return nil
		}
		data, err := json.Marshal(f.Data)
		if err != nil {
			return err
		}
		args := []any{nil, nil, phase, f.Line, nil, f.Code, clean(f.Reason), string(data)}
		for i, v := range map[int]id.ID{0: operation, 1: f.File, 4: f.Record} {
			if args[i], err = query.Encode(tx.Dialect(), query.ID, v); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(text, args...); err != nil {
			return err
		}
	}
	return nil
}

const maxReason = 2000

// clean shortens a reason and drops what PostgreSQL can't keep.
func clean(s string) string {
	r := []rune(s)
	out := make([]rune, 0, min(len(r), maxReason))
	for _, c := range r[:min(len(r), maxReason)] {
		if c != 0 {
			out = append(out, c)
		}
	}
	return string(out)
}

// FaultsOf gives up to a page of the rows of a file that failed in the run for a
// reason, the last of them first, from below a number on.
func FaultsOf(ctx context.Context, db *sqldb.DB, operation, file id.ID, code string, below int64, most int) ([]Fault, error) {
	p := db.Dialect().Placeholder
	e, err := query.Encode(db.Dialect(), query.ID, file)
	if err != nil {
		return nil, err
	}
	return faults(ctx, db, operation, PhaseRun, " AND number < "+p(3)+" AND fileid = "+p(4)+" AND code = "+p(5)+" ORDER BY number DESC LIMIT "+p(6), below, e, code, most)
}

// DropFault forgets one row that failed.
func DropFault(tx *sqldb.Tx, number int64) error {
	_, err := tx.Exec("DELETE FROM transferfault WHERE number = "+tx.Dialect().Placeholder(1), number)
	return err
}

// DropFaults forgets the rows that failed in a phase.
func DropFaults(tx *sqldb.Tx, operation id.ID, phase int64) error {
	enc, err := query.Encode(tx.Dialect(), query.ID, operation)
	if err != nil {
		return err
	}
	_, err = tx.Exec("DELETE FROM transferfault WHERE operationid = "+tx.Dialect().Placeholder(1)+" AND phase = "+tx.Dialect().Placeholder(2), enc, phase)
	return err
}

const faultPage = 500

// Faults gives the rows that failed in a phase, in the order in which they did;
// those of one file, unless it is id.Nil.
func Faults(ctx context.Context, db *sqldb.DB, operation, file id.ID, phase int64) iter.Seq2[Fault, error] {
	return func(yield func(Fault, error) bool) {
		for after := int64(0); ; {
			p := db.Dialect().Placeholder
			page, err := faults(ctx, db, operation, phase, " AND number > "+p(3)+" ORDER BY number LIMIT "+p(4), after, faultPage)
			if err != nil {
				yield(Fault{}, err)
				return
			}
			for _, f := range page {
				if (file == id.Nil || f.File == file) && !yield(f, nil) {
					return
				}
			}
			if len(page) < faultPage {
				return
			}
			after = page[len(page)-1].Number
		}
	}
}

// faults reads the rows that failed in a phase. more ends the statement; its
// parameters begin with the third.
func faults(ctx context.Context, db *sqldb.DB, operation id.ID, phase int64, more string, args ...any) (out []Fault, err error) {
	d := db.Dialect()
	enc, err := query.Encode(d, query.ID, operation)
	if err != nil {
		return nil, err
	}
	p := d.Placeholder
	rows, err := db.Query(ctx, "SELECT number, fileid, line, recordid, code, reason, data FROM transferfault WHERE operationid = "+p(1)+" AND phase = "+p(2)+more, append([]any{enc, phase}, args...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var f Fault
		var file, rec any
		var data string
		if err := rows.Scan(&f.Number, &file, &f.Line, &rec, &f.Code, &f.Reason, &data); err != nil {
			return nil, err
		}
		for raw, into := range map[*any]*id.ID{&file: &f.File, &rec: &f.Record} {
			if *into, err = query.DecodeID(*raw); err != nil {
				return nil, err
			}
		}
		if err := json.Unmarshal([]byte(data), &f.Data); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, rows.Err()
}
