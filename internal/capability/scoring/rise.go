package scoring

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/capability/scoring/model"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// The priorities of a task, options of prioritycode.
const (
	normal = int64(1)
	high   = int64(2)
)

// again is after how long a lead that rises to a grade once more is worth another task.
const again = 30 * day

// rise makes a task for the seller of a lead that reached a better grade, and
// tells him. A lead has one such task for a grade in a month.
func (s *Service) rise(ctx context.Context, tx *record.Tx, lead record.Row, from, to, grade int64, reasons []model.Reason, now time.Time) error {
	key := lead.ID("leadid")
	month := now.Unix() / int64(again.Seconds())
	task := id.Derive("scoring.rise", key.String(), fmt.Sprint(grade), fmt.Sprint(month))
	if _, err := tx.Get(ctx, "task", task, []string{"activityid"}, nil); !errors.Is(err, record.ErrNotFound) {
		return err
	}
	name := lead.Text("fullname")
	if name == "" {
		name = "this lead"
	}
	row := record.Row{"activityid": task, "subject": clip(fmt.Sprintf("Call %s: the score rose from %d to %d", name, from, to), 400), "description": clip(because(reasons), 2000),
		"prioritycode": normal, "scheduledend": now.Add(day), "regardingobjectid": key, "regardingobjectidtype": "lead", "ownerid": lead["ownerid"], "owneridtype": lead["owneridtype"]}
	if grade == model.GradeA {
		row["prioritycode"], row["scheduledend"] = high, now.Add(4*time.Hour)
	}
	if _, err := tx.Create(ctx, "task", row); err != nil {
		return err
	}
	tx.SQL().AfterCommit(s.c.Metrics.tasks.Inc)
	if s.c.Actions == nil || lead.ID("ownerid") == id.Nil {
		return nil
	}
	_, err := s.c.Actions.CallIn(ctx, tx, "SendAppNotification", id.Nil, map[string]any{"Title": clip(fmt.Sprintf("%s rose from %d to %d", name, from, to), 400),
		"Body": clip(because(reasons), 500), "Recipient": lead.ID("ownerid").String(), "RegardingId": key.String(), "RegardingType": "lead", "Kind": "score"})
	return err
}

// because lists what raised the score.
func because(reasons []model.Reason) string {
	var lines []string
	for _, r := range reasons {
		if r.Effect > 0 && len(lines) < 3 {
			lines = append(lines, r.Text)
		}
	}
	return strings.Join(lines, "\n")
}
