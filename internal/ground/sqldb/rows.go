package sqldb

import "database/sql"

// Rows is the result of a query. Errors come while it is read, too: a lock that
// PostgreSQL waits for is waited for at the first row, and so a deadlock shows
// there.
type Rows struct{ *sql.Rows }

// Err gives what ended the reading, with its kind.
func (r *Rows) Err() error { return classify(r.Rows.Err()) }

// rowsOf gives the outcome of a driver's query.
func rowsOf(rows *sql.Rows, err error) (*Rows, error) {
	if err != nil {
		return nil, classify(err)
	}
	return &Rows{rows}, nil
}
