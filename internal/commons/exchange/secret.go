package exchange

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/job"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// The kinds of secrets.
const (
	secretToken   = "token"
	secretSigning = "signing"
)

func seat(counterpart id.ID, kind string) string {
	return "exchange " + kind + " " + counterpart.String()
}

// keepSecret seals a secret of a counterpart; an empty one takes it away.
func (s *Service) keepSecret(tx *record.Tx, counterpart id.ID, kind, plain string) error {
	d := tx.SQL().Dialect()
	key, err := query.Encode(d, query.ID, counterpart)
	if err != nil {
		return err
	}
	p := d.Placeholder
	if plain == "" {
		_, err = tx.SQL().Exec("DELETE FROM exchangesecret WHERE counterpartid = "+p(1)+" AND kind = "+p(2), key, kind)
		return err
	}
	if len(plain) < 16 {
		return errs.InvalidFields("exchange.secret", "the secret is too short", []errs.Field{{Name: columnOf[kind], Code: "too_short", Message: "it needs 16 characters at least"}})
	}
	_, err = tx.SQL().Exec("INSERT INTO exchangesecret (counterpartid, kind, sealed) VALUES ("+p(1)+", "+p(2)+", "+p(3)+") ON CONFLICT (counterpartid, kind) DO UPDATE SET sealed = excluded.sealed",
		key, kind, s.c.Box.Seal(seat(counterpart, kind), []byte(plain)))
	return err
}

var columnOf = map[string]string{secretToken: "rpt_token", secretSigning: "rpt_signingsecret"}
var hasColumn = map[string]string{secretToken: "rpt_hastoken", secretSigning: "rpt_hassecret"}

// secret gives a secret of a counterpart; nil where it has none.
func (s *Service) secret(ctx context.Context, counterpart id.ID, kind string) ([]byte, error) {
	d := s.c.DB.Dialect()
	key, err := query.Encode(d, query.ID, counterpart)
	if err != nil {
		return nil, err
	}
	var sealed string
	found, err := s.c.DB.QueryRow(ctx, "SELECT sealed FROM exchangesecret WHERE counterpartid = "+d.Placeholder(1)+" AND kind = "+d.Placeholder(2), []any{key, kind}, &sealed)
	if err != nil || !found {
		return nil, err
	}
	return s.c.Box.Unseal(seat(counterpart, kind), sealed)
}

var uniqueName = regexp.MustCompile(`^[a-z0-9_-]{1,100}$`)

// keep checks a counterpart when it is written, and seals its secrets.
func (s *Service) keep() record.Hook {
	check := func(tx *record.Tx, key id.ID, whole, change record.Row) error {
		if !uniqueName.MatchString(whole.Text("rpt_uniquename")) {
			return errs.InvalidFields("exchange.name", "the unique name can't be used", []errs.Field{{Name: "rpt_uniquename", Code: "invalid", Message: "small letters, digits, _ and - are allowed"}})
		}
		if address, _ := change["rpt_url"].(string); address != "" {
			if err := s.c.Sender.CheckURL(address); err != nil {
				return err
			}
		}
		if text, given := change["rpt_mapping"].(json.RawMessage); given {
			if _, err := compile(text, s.c.Catalog()); err != nil {
				return err
			}
		}
		for kind, column := range columnOf {
			plain, given := change[column]
			if !given {
				continue
			}
			delete(change, column) // so that it is in no row, no log and no answer
			text, _ := plain.(string)
			change[hasColumn[kind]] = text != ""
			if err := s.keepSecret(tx, key, kind, text); err != nil {
				return err
			}
		}
		return nil
	}
	ask := func(tx *record.Tx, row record.Row) error {
		if row.Int("statecode") != 0 {
			return nil
		}
		return s.awake(tx, row.ID("rpt_counterpartid"))
	}
	return record.Hook{Table: tableCounterpart,
		BeforeCreate: func(_ context.Context, tx *record.Tx, row record.Row) error {
			return check(tx, row.ID("rpt_counterpartid"), row, row)
		},
		BeforeUpdate: func(_ context.Context, tx *record.Tx, old, change record.Row) error {
			whole := maps.Clone(old)
			maps.Copy(whole, change)
			return check(tx, old.ID("rpt_counterpartid"), whole, change)
		},
		AfterCreate: func(_ context.Context, tx *record.Tx, row record.Row) error { return ask(tx, row) },
		AfterUpdate: func(_ context.Context, tx *record.Tx, _, row record.Row) error { return ask(tx, row) },
		BeforeDelete: func(_ context.Context, tx *record.Tx, row record.Row) error {
			for kind := range columnOf {
				if err := s.keepSecret(tx, row.ID("rpt_counterpartid"), kind, ""); err != nil {
					return err
				}
			}
			return nil
		}}
}

// awake makes sure that the counterpart is looked after: changes asked for, lanes
// going on, both sides compared.
func (s *Service) awake(tx *record.Tx, counterpart id.ID) error {
	key := counterpart.String()
	fresh, err := s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobPoll, Key: key, Payload: about{Counterpart: counterpart}})
	if err != nil {
		return err
	}
	if fresh == id.Nil {
		if _, err := s.c.Queue.Hasten(tx.SQL(), jobPoll, key); err != nil {
			return err
		}
	}
	_, err = s.c.Queue.Enqueue(tx.SQL(), job.Spec{Kind: jobCompare, Key: key, Due: s.c.Clock.Now().Add(s.c.Compare), Payload: comparing{about: about{Counterpart: counterpart}}})
	return err
}

// Schedule makes sure that all counterparts are looked after.
func (s *Service) Schedule(ctx context.Context) error {
	return s.c.Store.Write(s.system(ctx, "start"), func(tx *record.Tx) error {
		for _, cp := range s.all() {
			if err := s.awake(tx, cp.id); err != nil {
				return err
			}
		}
		return nil
	})
}

// about is the payload of jobs: a counterpart, and a case where it is about one.
type about struct {
	Counterpart id.ID `json:"counterpart"`
	Case        id.ID `json:"case,omitzero"` // row of rpt_exchangecase, or the record where events are taken
}
