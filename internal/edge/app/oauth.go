package app

import (
	"context"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/action"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// ClientToken gives a token to a program, once the records are there.
func (l lateAuth) ClientToken(ctx context.Context, client, secret, address string) (string, time.Duration, error) {
	a, err := l.now(ctx)
	if err != nil {
		return "", 0, err
	}
	return a.ClientToken(ctx, client, secret, address)
}

// ClientSecretInput asks for a secret of an application user.
type ClientSecretInput struct {
	Name   string `json:"Name" doc:"What the secret is for"`
	Days   int64  `json:"Days,omitempty" doc:"How long it holds; 180 if missing, 730 at most"`
	Scopes string `json:"Scopes,omitempty" doc:"What the secret is for, such as lead:read,write action:QualifyLead events:leads; empty for all that the user may do"`
}

// ClientSecret is a new secret. It is shown this once.
type ClientSecret struct {
	ClientID     id.ID     `json:"ClientId"`
	SecretID     id.ID     `json:"SecretId"`
	ClientSecret string    `json:"ClientSecret"`
	ExpiresOn    time.Time `json:"ExpiresOn"`
}

// RevokeClientSecretInput names a secret.
type RevokeClientSecretInput struct {
	SecretID id.ID `json:"SecretId"`
}

// defineClients declares how administrators let programs in. Whoever makes a
// secret acts as its user from then on, so he must hold all that the user holds.
func (c *core) defineClients() {
	mayBe := func(ctx context.Context, tx *record.Tx, user id.ID) (record.Row, error) {
		if err := c.access.Unscoped(access.From(ctx)); err != nil {
			return nil, err
		}
		row, err := tx.Demand(ctx, "systemuser", user, access.Write)
		if err != nil {
			return nil, err
		}
		if p, over := c.access.Exceeds(ctx, c.access.Privileges(user)); over {
			return nil, errs.New(errs.Forbidden, "access.exceeds", "you can't make a secret of a user who may do more than you: %s", p.Table)
		}
		if row.ID("applicationid") == id.Nil {
			return nil, errs.New(errs.Conflict, "auth.no_application", "the user is no program: give it an applicationid first")
		}
		return row, nil
	}
	action.Define(c.actions, action.Spec{Name: "rpt_CreateClientSecret", Table: "systemuser", Effect: action.DB, Privilege: access.ManageApplications,
		Description: "Makes a client secret by which a program signs in as the application user."},
		func(ctx context.Context, call action.Call, in ClientSecretInput) (ClientSecret, error) {
			row, err := mayBe(ctx, call.Tx, call.Target)
			if err != nil {
				return ClientSecret{}, err
			}
			if in.Days == 0 {
				in.Days = 180
			}
			scope, err := access.ParseScope(in.Scopes)
			if err != nil {
				return ClientSecret{}, err
			}
			key, secret, expires, err := c.auth.CreateClientSecret(ctx, call.Tx.SQL(), call.Target, cut(in.Name, 100), time.Duration(min(in.Days, 100_000))*24*time.Hour, scope)
			return ClientSecret{row.ID("applicationid"), key, secret, expires}, err
		})
	action.Define(c.actions, action.Spec{Name: "rpt_RevokeClientSecret", Table: "systemuser", Effect: action.DB, Privilege: access.ManageApplications,
		Description: "Ends a client secret and the tokens that were given for it."},
		func(ctx context.Context, call action.Call, in RevokeClientSecretInput) (action.Empty, error) {
			if _, err := call.Tx.Demand(ctx, "systemuser", call.Target, access.Write); err != nil {
				return action.Empty{}, err
			}
			return action.Empty{}, c.auth.RevokeClientSecret(ctx, call.Tx.SQL(), call.Target, in.SecretID)
		})
}
