package decision

import (
	"context"
	"database/sql"
	"errors"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/query"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

func seat(service id.ID) string { return "decision service " + service.String() }

// keepSecret seals the secret of a service; an empty one takes it away.
func (s *Service) keepSecret(tx *record.Tx, service id.ID, plain string) error {
	d := tx.SQL().Dialect()
	key, err := query.Encode(d, query.ID, service)
	if err != nil {
		return err
	}
	if plain == "" {
		_, err = tx.SQL().Exec("DELETE FROM decisionsecret WHERE serviceid = "+d.Placeholder(1), key)
		return err
	}
	_, err = tx.SQL().Exec("INSERT INTO decisionsecret (serviceid, sealed) VALUES ("+d.Placeholder(1)+", "+d.Placeholder(2)+") ON CONFLICT (serviceid) DO UPDATE SET sealed = excluded.sealed",
		key, s.c.Box.Seal(seat(service), []byte(plain)))
	return err
}

// secret gives the secret of a service; "" where it has none.
func (s *Service) secret(ctx context.Context, service id.ID) (string, error) {
	d := s.c.DB.Dialect()
	key, err := query.Encode(d, query.ID, service)
	if err != nil {
		return "", err
	}
	rows, err := s.c.DB.Query(ctx, "SELECT sealed FROM decisionsecret WHERE serviceid = "+d.Placeholder(1), key)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	if !rows.Next() {
		return "", rows.Err()
	}
	var sealed string
	if err := rows.Scan(&sealed); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", errs.Wrap(err, errs.Unavailable, "decision.secret", "the secret of a service can't be read")
	}
	plain, err := s.c.Box.Unseal(seat(service), sealed)
	return string(plain), err
}
