package app

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Admin is the database alone, opened beside a server that may be running.
type Admin struct {
	db    *sqldb.DB
	auth  *auth.Auth
	users *access.Snapshot
	c     Config
}

// OpenAdmin opens an organisation that has been started before.
func OpenAdmin(ctx context.Context, c Config) (*Admin, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	db, err := sqldb.Open(ctx, sqldb.Options{URL: c.Database, Readers: 1})
	if err != nil {
		return nil, err
	}
	a := &Admin{db: db, c: c}
	if a.users, err = access.Load(ctx, db); err != nil {
		db.Close()
		return nil, errs.Wrap(err, errs.Invalid, "app.not_started", "there is no organisation in this database yet: start `rapport serve` once")
	}
	known := &access.Control{Current: func() *access.Snapshot { return a.users }}
	if a.auth, err = auth.New(ctx, auth.Options{DB: db, Clock: clock.System{}, Known: known.Known, Params: c.Passwords}); err != nil {
		db.Close()
		return nil, err
	}
	return a, nil
}

// Close lets go of the database.
func (a *Admin) Close() error { return a.db.Close() }

// CreateToken makes a bearer token of a user and gives its secret.
func (a *Admin) CreateToken(ctx context.Context, user, name string, life time.Duration) (string, error) {
	who, err := a.user(ctx, user)
	if err != nil {
		return "", err
	}
	return a.auth.CreateToken(ctx, who, name, life)
}

// CreateScopedToken makes a bearer token of a user that may do no more than its
// scopes say; see access.Scope for how they are written.
func (a *Admin) CreateScopedToken(ctx context.Context, user, name string, life time.Duration, scopes string) (string, error) {
	scope, err := access.ParseScope(scopes)
	if err != nil {
		return "", err
	}
	who, err := a.user(ctx, user)
	if err != nil {
		return "", err
	}
	_, secret, err := a.auth.CreateAPIKey(ctx, auth.NewKey{User: who, Name: name, Life: life, Scope: scope})
	return secret, err
}

// CreateKey makes a key of a topic and gives its secret.
func (a *Admin) CreateKey(ctx context.Context, topic, name string) (string, error) {
	return a.auth.CreateKey(ctx, topic, name)
}

// ResetPassword gives a user a random password and ends the user's sessions.
func (a *Admin) ResetPassword(ctx context.Context, user string) (string, error) {
	who, err := a.user(ctx, user)
	if err != nil {
		return "", err
	}
	password := auth.RandomPassword()
	return password, a.auth.SetPassword(ctx, who, user, password)
}

// user finds a user by the name that signs in.
func (a *Admin) user(ctx context.Context, name string) (id.ID, error) {
	var raw any
	found, err := a.db.QueryRow(ctx, "SELECT systemuserid FROM systemuser WHERE "+query.FoldedName("domainname")+" = "+a.db.Dialect().Placeholder(1), []any{query.Fold(name)}, &raw)
	if err != nil {
		return id.Nil, err
	}
	if !found {
		return id.Nil, errs.New(errs.NotFound, "app.user", "there is no user %q", name)
	}
	v, err := query.Decode(a.db.Dialect(), query.ID, 0, raw)
	who, _ := v.(id.ID)
	return who, err
}
