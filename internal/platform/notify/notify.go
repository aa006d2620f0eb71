package notify

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Input is a notification to one person, or to each member of a team.
type Input struct {
	Title         string `json:"Title" doc:"One line"`
	Body          string `json:"Body,omitempty" doc:"A sentence or two"`
	Recipient     id.ID  `json:"Recipient" doc:"User, or team, that is told"`
	RegardingID   id.ID  `json:"RegardingId,omitempty" doc:"Record that it is about"`
	RegardingType string `json:"RegardingType,omitempty" doc:"Logical name of that record's table"`
	Kind          string `json:"Kind,omitempty" doc:"What it is about, so that people can mute it: assigned, mention, score, or a word of yours"`
}

// mostKind is how long a kind may be.
const mostKind = 40

// Output names the notification that was made; of several the first.
type Output struct {
	NotificationID id.ID `json:"NotificationId"`
}

// Define declares SendAppNotification. known lists the users of a team, as
// memory has them.
func Define(r *action.Registry, known func(team id.ID) []id.ID) {
	action.Define(r, action.Spec{Name: "SendAppNotification", Effect: action.DB, Description: "Tells a person, or the members of a team, something under the bell."},
		func(ctx context.Context, c action.Call, in Input) (Output, error) {
			people := known(in.Recipient)
			if len(people) == 0 {
				var err error
				if people, err = recipients(ctx, c.Tx, in.Recipient); err != nil {
					return Output{}, err
				}
			}
			var out Output
			for i, who := range people {
				made, err := Send(ctx, c.Tx, who, in)
				if err != nil {
					return Output{}, err
				}
				if i == 0 {
					out.NotificationID = made
				}
			}
			return out, nil
		})
}

// Send tells one user something within a write, and names the notification.
func Send(ctx context.Context, tx *record.Tx, who id.ID, in Input) (id.ID, error) {
	if in.Title == "" {
		return id.Nil, errs.InvalidFields("notify.title", "a notification needs a title", []errs.Field{{Name: "Title", Code: "required", Message: "a value is needed"}})
	}
	if len(in.Kind) > mostKind {
		return id.Nil, errs.InvalidFields("notify.kind", "the kind is one short word", []errs.Field{{Name: "Kind", Code: "too_long", Message: "at most 40 characters"}})
	}
	row := record.Row{"title": in.Title, "body": in.Body, "ownerid": who, "owneridtype": "systemuser"}
	if in.Kind != "" {
		row["rpt_kind"] = in.Kind
	}
	if in.RegardingID != id.Nil {
		data, err := query.RawJSON(map[string]string{"table": in.RegardingType, "id": in.RegardingID.String()})
		if err != nil {
			return id.Nil, err
		}
		row["rpt_regardingid"], row["rpt_regardingtype"], row["data"] = in.RegardingID, in.RegardingType, data
	}
	made, err := tx.Create(ctx, "appnotification", row)
	if err != nil {
		return id.Nil, err
	}
	return made.ID("appnotificationid"), nil
}

// recipients gives the recipient if it is a user. Of a team of which memory knows
// nobody, as of one made a moment ago, it gives those whom the records name; that
// there is nobody in it is no error.
func recipients(ctx context.Context, tx *record.Tx, who id.ID) ([]id.ID, error) {
	for _, table := range []string{"systemuser", "team"} {
		names, err := tx.Names(ctx, table, []id.ID{who})
		if err != nil {
			return nil, err
		}
		if _, ok := names[who]; ok && table == "systemuser" {
			return []id.ID{who}, nil
		} else if ok {
			return members(ctx, tx, who)
		}
	}
	return nil, errs.InvalidFields("notify.recipient", "there is nobody to tell", []errs.Field{{Name: "Recipient", Code: "missing", Message: "there is no such user or team"}})
}

func members(ctx context.Context, tx *record.Tx, team id.ID) ([]id.ID, error) {
	page, err := tx.Find(access.Elevate(ctx, "members of a team that is told"), query.Query{Table: "teammembership", Select: []string{"systemuserid"}, Limit: record.MaxPage, Where: query.And{
		query.Compare{Left: query.Path{"teamid"}, Value: team}, query.Compare{Left: query.Path{"systemuserid", "isdisabled"}, Op: query.Ne, Value: true}}})
	if err != nil {
		return nil, err
	}
	out := make([]id.ID, len(page.Rows))
	for i, row := range page.Rows {
		out[i] = row.ID("systemuserid")
	}
	return out, nil
}
