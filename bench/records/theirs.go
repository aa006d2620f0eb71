package main

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/rapport-platform/rapport/bench/internal/rows"
)

// theirs is the driver alone: the row and its change row, copied from what the
// product has written last.
type theirs struct {
	engine, url, what string
	template          *rows.Template
	shared            rows.Conn // SQLite
	mu                sync.Mutex
	callers           int // that have a record to change
}

func newTheirs(ctx context.Context, engine, url, what string) (*theirs, error) {
	t := &theirs{engine: engine, url: url, what: what, template: rows.NewTemplate(engine)}
	c, err := rows.Connect(ctx, engine, url)
	if err != nil {
		return nil, err
	}
	if engine == "sqlite" {
		t.shared = c
	} else {
		defer c.Close(ctx)
	}
	op := 1
	if what == "update" {
		op = 2
	}
	names, changes, err := c.Query(ctx, fmt.Sprintf("SELECT * FROM changelog WHERE tablename = 'lead' AND op = %d ORDER BY pos DESC LIMIT 1", op))
	if err != nil || len(changes) == 0 {
		return nil, fmt.Errorf("no change row to copy: %w", err)
	}
	record := changes[0][slices.Index(names, "recordid")]
	if what == "create" {
		leadNames, leads, err := c.Query(ctx, "SELECT * FROM lead WHERE leadid = "+rows.Placeholder(engine, 1), record)
		if err != nil || len(leads) == 0 {
			return nil, fmt.Errorf("no lead to copy: %w", err)
		}
		t.template.Add("lead", leadNames, leads[0])
		t.template.RenewText(leads[0][slices.Index(leadNames, "emailaddress1")])
		t.template.Renew(record)
	}
	t.template.Add("changelog", names, changes[0])
	return t, nil
}

func (t *theirs) close(ctx context.Context) {
	if t.shared != nil {
		t.shared.Close(ctx)
	}
}

// writer gives a function that writes one record a call.
func (t *theirs) writer(ctx context.Context) (func(context.Context) error, func(), error) {
	if t.shared != nil {
		w, err := t.write(ctx, t.shared)
		return func(ctx context.Context) error {
			t.mu.Lock()
			defer t.mu.Unlock()
			return w(ctx)
		}, func() {}, err
	}
	c, err := rows.Connect(ctx, t.engine, t.url)
	if err != nil {
		return nil, nil, err
	}
	w, err := t.write(ctx, c)
	return w, func() { c.Close(ctx) }, err
}

func (t *theirs) write(ctx context.Context, c rows.Conn) (func(context.Context) error, error) {
	var key any
	if t.what == "update" {
		// Each caller has a record of its own, as with the product.
		t.mu.Lock()
		defer t.mu.Unlock()
		_, found, err := c.Query(ctx, "SELECT leadid FROM lead ORDER BY leadid LIMIT 500")
		if err != nil || len(found) == 0 {
			return nil, fmt.Errorf("no lead to change: %w", err)
		}
		key = found[t.callers%len(found)][0]
		t.callers++
	}
	p := func(n int) string { return rows.Placeholder(t.engine, n) }
	update := "UPDATE lead SET msdyn_leadscore = " + p(1) + ", jobtitle = " + p(2) + ", jobtitle__f = " + p(3) + ", description = " + p(4) +
		", versionnumber = versionnumber + 1 WHERE leadid = " + p(5)
	turn := 0
	return func(ctx context.Context) error {
		turn++
		if err := c.Begin(ctx); err != nil {
			return err
		}
		if t.what == "update" {
			title := fmt.Sprintf("Head of Finance %d", turn)
			if err := c.Exec(ctx, update, []any{int64(turn % 100), title, title, fmt.Sprintf("Has called %d times.", turn), key}); err != nil {
				return err
			}
		}
		for _, s := range t.template.Copy() {
			if err := c.Exec(ctx, s.Text, s.Args); err != nil {
				return err
			}
		}
		return c.Commit(ctx)
	}, nil
}
