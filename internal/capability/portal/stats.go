package portal

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/event"
)

// Counter counts the submissions of each form by day, behind the stream. The
// counts hold nothing of a person.
type Counter struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Logger *slog.Logger
}

const formSource = "/portal/forms/"

// Follower gives the service that counts what a log holds.
func (c *Counter) Follower(log event.Log) *event.Batch {
	return &event.Batch{Consumer: "form counts", Log: log, DB: c.DB, Clock: c.Clock, Logger: c.Logger, Gather: time.Second, Handle: c.take}
}

type formDay struct{ form, day string }

type tally struct {
	submissions, suspect int64
	last                 time.Time
}

func (c *Counter) take(_ context.Context, events []event.Event) (event.Effect, error) {
	counts := map[formDay]*tally{}
	for _, e := range events {
		form, ours := strings.CutPrefix(e.Source, formSource)
		if !ours || e.Cloud == nil || !formName.MatchString(form) {
			continue
		}
		at := e.At.UTC()
		key := formDay{form, at.Format(time.DateOnly)}
		n := counts[key]
		if n == nil {
			n = &tally{}
			counts[key] = n
		}
		n.submissions++
		var data struct {
			Context struct {
				Suspect string `json:"suspect"`
			} `json:"context"`
		}
		if json.Unmarshal(e.Cloud.Data, &data) == nil && data.Context.Suspect != "" {
			n.suspect++
		}
		if at.After(n.last) {
			n.last = at
		}
	}
	if len(counts) == 0 {
		return nil, nil
	}
	return func(_ context.Context, tx *sqldb.Tx) error {
		p := tx.Dialect().Placeholder
		keys := slices.SortedFunc(maps.Keys(counts), func(a, b formDay) int { return strings.Compare(a.form+a.day, b.form+b.day) })
		for _, key := range keys {
			n := counts[key]
			if _, err := tx.Exec("INSERT INTO formcount (form, day, submissions, suspect, lastat) VALUES ("+p(1)+", "+p(2)+", "+p(3)+", "+p(4)+", "+p(5)+
				") ON CONFLICT (form, day) DO UPDATE SET submissions = formcount.submissions + excluded.submissions, suspect = formcount.suspect + excluded.suspect, lastat = excluded.lastat",
				key.form, key.day, n.submissions, n.suspect, n.last.Format(time.RFC3339)); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// FormStatistics is what became of a form's showings.
type FormStatistics struct {
	Form        string `json:"Form" doc:"Name in the form's address"`
	Submissions int64  `json:"Submissions" doc:"All that were taken"`
	Month       int64  `json:"Month" doc:"Of these, in the last 30 days"`
	Suspect     int64  `json:"Suspect" doc:"Of all, those that look like a machine's"`
	Last        string `json:"Last" doc:"When the last one came; RFC 3339"`
}

// AllStatistics is that of every form.
type AllStatistics struct {
	Forms []FormStatistics `json:"Forms"`
}

// Define declares the function that tells the counts.
func (c *Counter) Define(r *action.Registry) {
	action.Define(r, action.Spec{Name: "rpt_RetrieveFormStatistics", Function: true, Table: formTable, Collection: true, Right: access.Read, Description: "Counts the submissions of each form: all, those of the last 30 days, and those that look like a machine's."},
		func(ctx context.Context, _ action.Call, _ action.Empty) (AllStatistics, error) {
			return c.Read(ctx)
		})
}

// Read gives the counts of every form that was ever sent.
func (c *Counter) Read(ctx context.Context) (AllStatistics, error) {
	out := AllStatistics{Forms: []FormStatistics{}}
	since := c.Clock.Now().UTC().AddDate(0, 0, -30).Format(time.DateOnly)
	rows, err := c.DB.Query(ctx, "SELECT form, SUM(submissions), SUM(CASE WHEN day > "+c.DB.Dialect().Placeholder(1)+" THEN submissions ELSE 0 END), SUM(suspect), MAX(lastat) FROM formcount GROUP BY form ORDER BY form", since)
	if err != nil {
		return out, err
	}
	defer rows.Close()
	for rows.Next() {
		var f FormStatistics
		if err := rows.Scan(&f.Form, &f.Submissions, &f.Month, &f.Suspect, &f.Last); err != nil {
			return out, errs.Wrap(err, errs.Internal, "portal.counts", "the counts of forms can't be read")
		}
		out.Forms = append(out.Forms, f)
	}
	return out, rows.Err()
}
