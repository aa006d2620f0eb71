package auth

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/rapport-platform/rapport/internal/ground/clock"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/limit"
	"github.com/rapport-platform/rapport/internal/ground/secret"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/query"
)

// Options are what sign-in needs.
type Options struct {
	DB     *sqldb.DB
	Clock  clock.Clock
	Params Params // zero takes the default cost
	// Secrets seals what must be read again: the seeds of authenticators, the
	// secrets of identity providers. Without it those can't be added or used.
	Secrets *secret.Box
	// Find finds a user by MatchEmail or MatchUsername; it must be the only one.
	Find func(ctx context.Context, by, value string) (user id.ID, found bool, err error)
	// Reach gives a user's own e-mail address, "" if there is none, and language.
	// Without it nobody gets a letter who has forgotten the password.
	Reach func(ctx context.Context, user id.ID) (email, lang string, err error)
	// Admit takes members in; nil takes none in by themselves.
	Admit Admission
	// Known tells whether a user exists and is enabled.
	Known func(id.ID) bool
}

// Auth signs people and programs in.
type Auth struct {
	o       Options
	hashing *semaphore.Weighted
	byName  *limit.Keyed
	byAddr  *limit.Keyed
	letters *limit.Keyed // letters to one address
	noted   *limit.Keyed // how many refusals for haste one address gets into the log
	decoy   string       // a hash to compare with when the name is unknown, so that time tells nothing
}

// New makes the sign-in.
func New(ctx context.Context, o Options) (*Auth, error) {
	if o.Params.Memory == 0 {
		o.Params = DefaultParams()
	}
	a := &Auth{o: o, hashing: semaphore.NewWeighted(2),
		byName:  limit.New(limit.Rate{Every: 30 * time.Second, Burst: 8}, 20_000, o.Clock),
		byAddr:  limit.New(limit.Rate{Every: 3 * time.Second, Burst: 40}, 20_000, o.Clock),
		letters: limit.New(limit.Rate{Every: 2 * time.Minute, Burst: 6}, 20_000, o.Clock),
		noted:   limit.New(limit.Rate{Every: time.Minute, Burst: 5}, 20_000, o.Clock)}
	var err error
	a.decoy, err = a.hash(ctx, newSecret(""))
	return a, err
}

var (
	// ErrWrong is the one answer to a wrong name and to a wrong password.
	ErrWrong = errs.New(errs.Unauthenticated, "auth.wrong", "the user name or the password is wrong")
	// ErrSession means that there is no such session, or no longer.
	ErrSession = errs.New(errs.Unauthenticated, "auth.session", "the session has ended: sign in again")
	// ErrToken means that a bearer token is unknown, revoked or expired.
	ErrToken = errs.New(errs.Unauthenticated, "auth.token", "the bearer token is not valid")
	errAway  = errs.New(errs.Unavailable, "auth.away", "the database can't be reached at the moment")
)

// encoder turns values into what the driver takes, and keeps the first error.
type encoder struct {
	d   sqldb.Dialect
	err error
}

func (e *encoder) id(v id.ID) any       { return e.put(query.ID, v) }
func (e *encoder) time(v time.Time) any { return e.put(query.Time, v) }

func (e *encoder) put(k query.Kind, v any) any {
	out, err := query.Encode(e.d, k, v)
	if e.err == nil {
		e.err = err
	}
	return out
}

func decodeID(d sqldb.Dialect, raw any) (id.ID, error) {
	v, err := query.Decode(d, query.ID, 0, raw)
	out, _ := v.(id.ID)
	return out, err
}

// decodeTime gives the zero time for null.
func decodeTime(d sqldb.Dialect, raw any) (time.Time, error) {
	v, err := query.Decode(d, query.Time, 0, raw)
	out, _ := v.(time.Time)
	return out, err
}
