package sqldb

import "database/sql"

// Rows is the result of a query. Errors come while it is read, too: of a
// connection that breaks, or of a lock that is waited for behind the first row.
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
