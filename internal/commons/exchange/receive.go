package exchange

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
	"github.com/rapport-platform/rapport/internal/platform/webhook"
)

// window is how far the time of a signature may be from now.
const window = 5 * time.Minute

const (
	mostQuarantine = 1000 // events of a counterpart that belong to no case
	mostTelling    = 20   // of these, about how many people are told
)

// The ways in which events come.
const (
	wayHook = "web hook"
	wayPoll = "asked"
)

// Receive takes what a counterpart sends to the web hook. When it returns nil the
// events are on disk; their effects follow.
func (s *Service) Receive(ctx context.Context, name, signature string, body []byte) error {
	now := s.set.Get()
	if now == nil || now.byName[name] == nil {
		return ErrSignature // whether there is such a counterpart is nobody's business
	}
	cp := now.byName[name]
	if err := s.verify(ctx, cp, signature, body); err != nil {
		return err
	}
	list, err := split(body)
	if err != nil {
		return err
	}
	return s.keepEvents(ctx, cp, list, wayHook, nil)
}

func (s *Service) verify(ctx context.Context, cp *counterpart, signature string, body []byte) error {
	secret, err := s.secret(ctx, cp.id, secretSigning)
	if err != nil {
		return err
	}
	stamp, _, _ := strings.Cut(strings.TrimPrefix(signature, "t="), ",")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || len(secret) == 0 {
		return ErrSignature
	}
	at := time.Unix(seconds, 0)
	if !hmac.Equal([]byte(webhook.Sign(secret, at, body)), []byte(signature)) || s.c.Clock.Now().Sub(at).Abs() > window {
		return ErrSignature
	}
	return nil
}

// split gives the events of a body: one, or a list.
func split(body []byte) ([]json.RawMessage, error) {
	trimmed := bytes.TrimSpace(body)
	if !json.Valid(trimmed) || len(trimmed) == 0 {
		return nil, ErrBody
	}
	if trimmed[0] != '[' {
		return []json.RawMessage{trimmed}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(trimmed, &list); err != nil || len(list) == 0 || len(list) > mostEvents {
		return nil, ErrBody
	}
	return list, nil
}

// keepEvents keeps events that are not known yet, and has them applied. also
// happens in the same transaction.
func (s *Service) keepEvents(ctx context.Context, cp *counterpart, list []json.RawMessage, way string, also func(*record.Tx) error) error {
	ctx = s.system(ctx, way)
	rows := make([]record.Row, 0, len(list))
	seen := map[string]string{}
	var ids []any
	add := func(row record.Row) bool {
		key := row.Text("rpt_eventid")
		was, is := seen[key]
		if !is {
			seen[key] = row.Text("rpt_digest")
			rows, ids = append(rows, row), append(ids, key)
		}
		return !is || was == row.Text("rpt_digest")
	}
	for _, raw := range list {
		if row := s.eventRow(cp, raw, way); !add(row) {
			add(s.reused(row))
		}
	}
	return s.c.Store.Write(ctx, func(tx *record.Tx) error {
		if err := tx.SQL().Lock("exchange inbox " + cp.id.String()); err != nil {
			return err
		}
		known, err := s.came(ctx, tx, cp, ids)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if was, is := known[row.Text("rpt_eventid")]; is {
				if was == "" || was == row.Text("rpt_digest") {
					continue
				}
				row = s.reused(row)
				if again, err := s.came(ctx, tx, cp, []any{row["rpt_eventid"]}); err != nil || len(again) > 0 {
					if err != nil {
						return err
					}
					continue
				}
			}
			if err := s.keepEvent(ctx, tx, cp, row); err != nil {
				return err
			}
		}
		if also != nil {
			return also(tx)
		}
		return nil
	})
}

// came gives, of events with these ids that have come before, what they said.
func (s *Service) came(ctx context.Context, tx *record.Tx, cp *counterpart, ids []any) (map[string]string, error) {
	out := map[string]string{}
	if len(ids) == 0 {
		return out, nil
	}
	page, err := tx.Find(ctx, query.Query{Table: tableEvent, Select: []string{"rpt_eventid", "rpt_digest"}, Where: query.And{eq("rpt_counterpartid", cp.id), query.In{Left: query.Path{"rpt_eventid"}, Values: ids}}, Limit: 2 * mostEvents})
	for _, row := range page.Rows {
		out[row.Text("rpt_eventid")] = row.Text("rpt_digest")
	}
	return out, err
}

func (s *Service) keepEvent(ctx context.Context, tx *record.Tx, cp *counterpart, row record.Row) error {
	if row.Int("statecode") == eventQuarantined {
		page, err := tx.Find(ctx, query.Query{Table: tableEvent, Select: []string{"rpt_eventid"}, Where: query.And{eq("rpt_counterpartid", cp.id), eq("statecode", eventQuarantined), query.Null{Left: query.Path{"rpt_recordid"}}}, Limit: 1, Count: true})
		if err != nil {
			return err
		}
		if page.Total >= mostQuarantine {
			return ErrFull
		}
		if page.Total < mostTelling {
			if err := s.tell(ctx, tx, cp, nil, cp.title+" sent something that can't be understood", row.Text("rpt_reason")); err != nil {
				return err
			}
		}
	}
	if _, err := tx.Create(ctx, tableEvent, row); err != nil {
		return err
	}
	if row.Int("statecode") != eventWaiting {
		return nil
	}
	return s.takeSoon(tx, cp, row.ID("rpt_recordid"))
}

// takeSoon has the events of a record applied. The caller holds the lock on the inbox.
func (s *Service) takeSoon(tx *record.Tx, cp *counterpart, key id.ID) error {
	name := cp.id.String() + " " + key.String()
	fresh, err := s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobTake, Key: name, Payload: about{cp.id, key}})
	if err == nil && fresh == id.Nil { // it may wait for a gap, which this may fill
		_, err = s.c.Queue.Hasten(tx.SQL(), jobTake, name)
	}
	return err
}

// eventRow gives the row of an event as it came. One that does not say which case
// it is about, or has no id of its own, goes to quarantine at once.
func (s *Service) eventRow(cp *counterpart, raw json.RawMessage, way string) record.Row {
	row := record.Row{"rpt_counterpartid": cp.id, "rpt_way": way, "rpt_payload": strings.ToValidUTF8(string(raw), "?"), "statecode": eventWaiting}
	e, key, err := readEvent(raw)
	if err != nil {
		return s.aside(row, digest(raw), err)
	}
	e.Time = "" // it may be written anew each time
	if said, err := json.Marshal(e); err == nil {
		row["rpt_digest"] = digest(said)
	}
	row["rpt_eventid"], row["rpt_recordid"], row["rpt_number"], row["rpt_kind"] = e.ID, key, e.Sequence, clip(e.Type, 40)
	row["rpt_name"] = clip(fmt.Sprintf("%s %d", e.Type, e.Sequence), 300)
	return row
}

// aside makes the row of an event go to quarantine at once, under a name of its own.
func (s *Service) aside(row record.Row, sum string, why error) record.Row {
	row["rpt_eventid"], row["rpt_name"], row["rpt_payload"] = "sha256-"+sum[:48], "?", clip(row.Text("rpt_payload"), 20_000)
	row["statecode"], row["rpt_reason"], row["rpt_settledon"] = eventQuarantined, clip(why.Error(), 2000), s.c.Clock.Now()
	return row
}

// reused is an event under the id of another one that says something else. Which of
// the two is right nobody here can know: the first stands, a person is told.
func (s *Service) reused(row record.Row) record.Row {
	why := nonsense("the id %s has come before, with something else", row.Text("rpt_eventid"))
	out := s.aside(maps.Clone(row), row.Text("rpt_digest"), why)
	delete(out, "rpt_recordid")
	return out
}

// readEvent reads what every event must have: id, case and number. The rest is
// looked at when it is applied.
func readEvent(raw []byte) (event, id.ID, error) {
	var e event
	if len(raw) > mostEvent {
		return e, id.Nil, nonsense("the event is over %d bytes", mostEvent)
	}
	if err := decode(raw, &e); err != nil {
		return e, id.Nil, err
	}
	key, err := id.Parse(e.CaseID)
	if err != nil || !word.MatchString(e.ID) || e.Sequence < 1 || strings.HasPrefix(e.ID, "sha256-") {
		return e, id.Nil, nonsense("the event has no usable id, case or number")
	}
	return e, key, nil
}
