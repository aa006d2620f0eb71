package backend

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

// decideDue decides on the cases whose time has come.
func (b *Backend) decideDue(ctx context.Context) {
	if now, _ := b.faults.get(); now.Down {
		return
	}
	rows, err := b.db.QueryContext(ctx, "SELECT id FROM cases WHERE due > 0 AND due <= ? ORDER BY due LIMIT 50", b.o.Now().UnixMilli())
	if err != nil {
		return
	}
	var ids []string
	for rows.Next() {
		var id string
		if rows.Scan(&id) == nil {
			ids = append(ids, id)
		}
	}
	rows.Close()
	for _, id := range ids {
		if err := b.change(ctx, func(tx *sql.Tx) error { return b.decide(tx, id) }); err != nil && ctx.Err() == nil {
			slog.Warn("a case could not be decided on", "case", id, "error", err)
		}
	}
}

// decide decides on a case by its amount.
func (b *Backend) decide(tx *sql.Tx, id string) error {
	c, err := read(tx, id)
	if err != nil || c == nil {
		return err
	}
	if _, err := tx.Exec("UPDATE cases SET due = 0 WHERE id = ?", id); err != nil || c.Closed {
		return err
	}
	amount, ok := c.Fields["amount"].(float64)
	outcome, rate, status := "approved", 3.9, "approved"
	switch {
	case !ok || amount <= 0:
		if err := b.emit(tx, c, event{Type: "status", Status: "incomplete", Reason: "The amount is missing"}); err != nil {
			return err
		}
		return save(tx, c)
	case amount > 1_000_000:
		outcome, rate, status = "declined", 0, "declined"
	case amount > 500_000:
		outcome, rate = "conditions", 4.9
	}
	c.Fields["underwriting"], c.Fields["rate"] = outcome, rate
	for _, e := range []event{
		{Type: "status", Status: "in-review"},
		{Type: "fields", Fields: map[string]any{"underwriting": outcome, "rate": rate}},
		{Type: "status", Status: status, Reason: fmt.Sprintf("Decided for an amount of %.2f", amount)},
	} {
		if err := b.emit(tx, c, e); err != nil {
			return err
		}
	}
	if err := b.writeDecision(tx, c, outcome, amount); err != nil {
		return err
	}
	if err := count(tx, "decided"); err != nil {
		return err
	}
	return save(tx, c)
}

// writeDecision adds a note and a letter.
func (b *Backend) writeDecision(tx *sql.Tx, c *Case, outcome string, amount float64) error {
	at := b.o.Now().UTC().Format(time.RFC3339)
	n := Note{ID: fmt.Sprintf("decision-%d-%s", c.Sequence, c.ID[:8]), Subject: "Decision", Text: fmt.Sprintf("Underwriting: %s for <%.2f> & the terms asked for", outcome, amount), Author: "Underwriting desk", CreatedOn: at}
	c.Notes = append(c.Notes, n)
	if err := b.emit(tx, c, event{Type: "note", Note: &n}); err != nil {
		return err
	}
	letter := []byte(strings.Join([]string{"Decision letter", "", "Case: " + c.ID, "Outcome: " + outcome, fmt.Sprintf("Amount: %.2f", amount), ""}, "\n"))
	sum := sha256.Sum256(letter)
	d := Document{ID: fmt.Sprintf("letter-%d-%s", c.Sequence, c.ID[:8]), Name: "decision-letter.txt", MediaType: "text/plain", Size: int64(len(letter)), SHA256: hex.EncodeToString(sum[:]), Author: "Underwriting desk", CreatedOn: at}
	c.Documents = append(c.Documents, d)
	if _, err := tx.Exec("INSERT INTO contents (caseid, docid, body) VALUES (?, ?, ?)", c.ID, d.ID, letter); err != nil {
		return err
	}
	return b.emit(tx, c, event{Type: "document", Document: &d})
}

// SetShared writes a field that both sides may write, as somebody at the desk does.
func (b *Backend) SetShared(ctx context.Context, id, name string, v any) error {
	err := b.change(ctx, func(tx *sql.Tx) error {
		c, err := read(tx, id)
		if err != nil {
			return err
		}
		if err := usable(c); err != nil {
			return err
		}
		c.Fields[name] = v
		c.Versions[name]++
		if err := b.emit(tx, c, event{Type: "fields", Fields: map[string]any{name: v}, Versions: map[string]int64{name: c.Versions[name]}}); err != nil {
			return err
		}
		return save(tx, c)
	})
	b.nudge()
	return err
}

// Remove removes a note or a document, as somebody at the desk does.
func (b *Backend) Remove(ctx context.Context, id, what string) error {
	err := b.change(ctx, func(tx *sql.Tx) error {
		c, err := read(tx, id)
		if err != nil {
			return err
		}
		if err := usable(c); err != nil {
			return err
		}
		notes, documents := len(c.Notes), len(c.Documents)
		c.Notes = slices.DeleteFunc(c.Notes, func(o Note) bool { return o.ID == what })
		c.Documents = slices.DeleteFunc(c.Documents, func(o Document) bool { return o.ID == what })
		e := event{Type: "note-removed", Removed: what}
		switch {
		case len(c.Documents) < documents:
			e.Type = "document-removed"
			if _, err := tx.Exec("DELETE FROM contents WHERE caseid = ? AND docid = ?", id, what); err != nil {
				return err
			}
		case len(c.Notes) == notes:
			return failure{http.StatusNotFound, "note.unknown", "there is no such note or document"}
		}
		if err := b.emit(tx, c, e); err != nil {
			return err
		}
		return save(tx, c)
	})
	b.nudge()
	return err
}
