package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/access"
	"github.com/rapport-platform/rapport/internal/platform/duplicate"
	"github.com/rapport-platform/rapport/internal/platform/record"
)

// Callers answers who may ask in whose name, and who may write past customers'
// own logic.
type Callers interface {
	Privileged(ctx context.Context, privilege string) error
	Known(user id.ID) bool
	// ByObjectID finds the user by the id that the sign-in service has for it; id.Nil if there is none.
	ByObjectID(ctx context.Context, object id.ID) (id.ID, error)
}

var errCaller = errs.New(errs.Forbidden, "odata.impersonation", "you can't act on behalf of that user: there is no such user, or it is disabled")

// caller reads from a request's headers in whose name and how it is done:
//
//	CallerObjectId, MSCRMCallerID         the user on whose behalf the caller acts
//	MSCRM.SuppressDuplicateDetection      false refuses writes that make duplicates
//	MSCRM.BypassCustomPluginExecution     true leaves customers' own logic out
func (a *ODataAPI) caller(ctx context.Context, h http.Header) (context.Context, error) {
	ctx, err := a.behalf(ctx, h)
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(header(h, "MSCRM.SuppressDuplicateDetection"), "false") {
		ctx = duplicate.WithDetection(ctx)
	}
	if strings.EqualFold(header(h, "MSCRM.BypassCustomPluginExecution"), "true") {
		if a.Callers == nil {
			return nil, errs.New(errs.Unsupported, "odata.bypass", "MSCRM.BypassCustomPluginExecution is not offered")
		}
		if err := a.Callers.Privileged(ctx, access.BypassLogic); err != nil {
			return nil, err
		}
		ctx = record.WithoutCustomLogic(ctx)
	}
	return ctx, nil
}

// header gives a header's value; the literal text "null" is none.
func header(h http.Header, name string) string {
	v := strings.TrimSpace(h.Get(name))
	if v == "null" {
		return ""
	}
	return v
}

// behalf puts the user on whose behalf the caller acts into the context. The
// caller needs a privilege for that, and may do only what both may.
func (a *ODataAPI) behalf(ctx context.Context, h http.Header) (context.Context, error) {
	object, user := header(h, "CallerObjectId"), header(h, "MSCRMCallerID")
	if object == "" && user == "" {
		return ctx, nil
	}
	p := access.From(ctx)
	if a.Callers == nil || p.Kind != access.User {
		return nil, errs.New(errs.Unsupported, "odata.impersonation", "acting for another user is not offered")
	}
	if p.Delegate != id.Nil {
		p = access.Principal{Kind: access.User, ID: p.Delegate, Scope: p.Scope} // of a batch as a whole; its parts may name others
		ctx = access.With(ctx, p)
	}
	if err := a.Callers.Privileged(ctx, access.ActOnBehalf); err != nil {
		return nil, err
	}
	who, err := a.callerID(ctx, object, user)
	if err != nil {
		return nil, err
	}
	if who == p.ID {
		return ctx, nil
	}
	if who == access.SystemUser || !a.Callers.Known(who) {
		return nil, errCaller
	}
	return access.With(ctx, access.Principal{Kind: access.User, ID: who, Delegate: p.ID, Scope: p.Scope}), nil
}

// callerID finds the user that the headers name: by the id that the sign-in
// service knows, else by the user's own.
func (a *ODataAPI) callerID(ctx context.Context, object, user string) (id.ID, error) {
	text := user
	if object != "" {
		text = object
	}
	key, err := id.Parse(strings.Trim(text, "{}"))
	if err != nil {
		return id.Nil, errs.New(errs.Invalid, "odata.impersonation", "CallerObjectId and MSCRMCallerID take a GUID")
	}
	if object == "" {
		return key, nil
	}
	found, err := a.Callers.ByObjectID(ctx, key)
	if err != nil || found != id.Nil {
		return found, err
	}
	return key, nil
}
