package backend

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
)

const schema = `
CREATE TABLE IF NOT EXISTS cases (id TEXT PRIMARY KEY, body TEXT NOT NULL, due INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS keys (key TEXT PRIMARY KEY, hash TEXT NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (pos INTEGER PRIMARY KEY AUTOINCREMENT, caseid TEXT NOT NULL, body TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS events_unsent ON events (sent, pos);
CREATE TABLE IF NOT EXISTS contents (caseid TEXT NOT NULL, docid TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (caseid, docid));
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, n INTEGER NOT NULL);`

// Case is a case as callers see it.
type Case struct {
	ID        string           `json:"id"`
	Version   int64            `json:"version"`
	Sequence  int64            `json:"sequence"`
	Kind      string           `json:"kind,omitempty"`
	Title     string           `json:"title,omitempty"`
	Status    string           `json:"status"`
	Reason    string           `json:"reason,omitempty"`
	OurStatus string           `json:"ourStatus,omitempty"`
	Closed    bool             `json:"closed,omitempty"`
	Fields    map[string]any   `json:"fields"`
	Versions  map[string]int64 `json:"versions"`
	Notes     []Note           `json:"notes"`
	Documents []Document       `json:"documents"`

	// LastOut is the greatest number of a change of the caller's that was made.
	LastOut int64 `json:"lastChange"`
}

// Note is a note on a case.
type Note struct {
	ID        string `json:"id"`
	Subject   string `json:"subject,omitempty"`
	Text      string `json:"text"`
	Author    string `json:"author,omitempty"`
	CreatedOn string `json:"createdOn,omitempty"`
}

// Document names a document on a case.
type Document struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	MediaType string `json:"mediaType,omitempty"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
	Author    string `json:"author,omitempty"`
	CreatedOn string `json:"createdOn,omitempty"`
}

// change runs in one transaction; whatever it did is on disk when it returns nil.
func (b *Backend) change(ctx context.Context, do func(tx *sql.Tx) error) error {
	b.write.Lock()
	defer b.write.Unlock()
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing after a commit
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

type querier interface {
	QueryRow(query string, args ...any) *sql.Row
}

func read(from querier, id string) (*Case, error) {
	var text string
	err := from.QueryRow("SELECT body FROM cases WHERE id = ?", id).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := new(Case)
	return c, json.Unmarshal([]byte(text), c)
}

// save writes a case with a new version.
func save(tx *sql.Tx, c *Case) error {
	c.Version++
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO cases (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body", c.ID, string(text))
	return err
}

func count(tx *sql.Tx, name string) error {
	_, err := tx.Exec("INSERT INTO counts (name, n) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET n = n + 1", name)
	return err
}
