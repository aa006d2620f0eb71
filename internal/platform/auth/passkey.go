package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
)

// passkeysMax bounds how many passkeys one user can have.
const passkeysMax = 20

var errPasskey = errs.New(errs.Unauthenticated, "auth.passkey", "this passkey is not known here, or its answer was not right")

// relying gives the library for an origin such as "https://crm.example.com". A
// passkey belongs to the host it was made for.
func relying(origin string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" {
		return nil, errs.New(errs.Invalid, "auth.origin_unknown", "passkeys need the address under which this page was opened")
	}
	return webauthn.New(&webauthn.Config{RPID: u.Hostname(), RPDisplayName: "Rapport", RPOrigins: []string{origin},
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired}})
}

// keeper is a user as the library wants one.
type keeper struct {
	id         id.ID
	name       string
	passkeys   []webauthn.Credential
	factors    []factor
	credential []id.ID // factor of each passkey
}

// WebAuthnID implements webauthn.User.
func (k *keeper) WebAuthnID() []byte { return k.id[:] }

// WebAuthnName implements webauthn.User.
func (k *keeper) WebAuthnName() string { return k.name }

// WebAuthnDisplayName implements webauthn.User.
func (k *keeper) WebAuthnDisplayName() string { return k.name }

// WebAuthnCredentials implements webauthn.User.
func (k *keeper) WebAuthnCredentials() []webauthn.Credential { return k.passkeys }

func (a *Auth) keeper(ctx context.Context, user id.ID, name string) (*keeper, error) {
	all, err := a.factors(ctx, user)
	if err != nil {
		return nil, err
	}
	k := &keeper{id: user, name: name, factors: all}
	for _, f := range all {
		if f.Kind != FactorPasskey {
			continue
		}
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(f.secret), &c); err != nil {
			return nil, errs.Wrap(err, errs.Internal, "auth.passkey_kept", "a stored passkey can't be read")
		}
		k.passkeys, k.credential = append(k.passkeys, c), append(k.credential, f.ID)
	}
	return k, nil
}

// Ceremony is what the browser needs to go on with a passkey.
type Ceremony struct {
	Challenge string          `json:"challenge"` // comes back with the browser's answer
	Options   json.RawMessage `json:"options"`   // for navigator.credentials
}

// ceremony notes what the library wants to see again.
func (a *Auth) ceremony(ctx context.Context, kind string, user id.ID, options any, session *webauthn.SessionData) (Ceremony, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return Ceremony{}, err
	}
	noted, err := json.Marshal(session)
	if err != nil {
		return Ceremony{}, err
	}
	secret, err := a.begin(ctx, kind, challenge{user: user, detail: string(noted)}, challengeLife)
	return Ceremony{secret, text}, err
}

// BeginPasskey begins to add a passkey of a user, who is signed in.
func (a *Auth) BeginPasskey(ctx context.Context, user id.ID, name, origin string) (Ceremony, error) {
	w, err := relying(origin)
	if err != nil {
		return Ceremony{}, err
	}
	k, err := a.keeper(ctx, user, name)
	if err != nil {
		return Ceremony{}, err
	}
	if len(k.passkeys) >= passkeysMax {
		return Ceremony{}, errs.New(errs.Conflict, "auth.passkeys", "you have %d passkeys: remove one that you no longer use", passkeysMax)
	}
	known := make([]protocol.CredentialDescriptor, len(k.passkeys))
	for i, c := range k.passkeys {
		known[i] = c.Descriptor()
	}
	options, session, err := w.BeginRegistration(k, webauthn.WithExclusions(known))
	if err != nil {
		return Ceremony{}, errs.Wrap(err, errs.Invalid, "auth.passkey_begin", "a passkey can't be added here")
	}
	return a.ceremony(ctx, challengeRegister, user, options, session)
}

// AddPasskey finishes adding a passkey with the browser's answer.
func (a *Auth) AddPasskey(ctx context.Context, user id.ID, secret, name, origin string, answer []byte) error {
	c, session, w, err := a.resume(ctx, challengeRegister, secret, origin)
	if err != nil {
		return err
	}
	if c.user != user {
		return ErrChallenge
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return errs.Wrap(err, errs.Invalid, "auth.passkey_answer", "the browser's answer can't be read")
	}
	k, err := a.keeper(ctx, user, "")
	if err != nil {
		return err
	}
	made, err := w.CreateCredential(k, session, parsed)
	if err != nil {
		return errs.Wrap(err, errs.Invalid, "auth.passkey_answer", "this passkey can't be added: its answer was not right")
	}
	text, err := json.Marshal(made)
	if err != nil {
		return err
	}
	f := factor{Factor: Factor{ID: id.New(), Kind: FactorPasskey, Name: label(name, "Passkey")}, secret: string(text), confirmed: true}
	return a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := finish(tx, secret); err != nil {
			return err
		}
		return a.addFactor(tx, user, f, passkeyHandle(made.ID))
	})
}

func passkeyHandle(credential []byte) string {
	return "passkey " + base64.RawURLEncoding.EncodeToString(credential)
}

// resume counts an attempt and gives what the library noted.
func (a *Auth) resume(ctx context.Context, kind, secret, origin string) (c challenge, session webauthn.SessionData, w *webauthn.WebAuthn, err error) {
	if w, err = relying(origin); err != nil {
		return c, session, nil, err
	}
	if c, err = a.attempt(ctx, kind, secret); err != nil {
		return c, session, nil, err
	}
	if err = json.Unmarshal([]byte(c.detail), &session); err != nil {
		return c, session, nil, errs.Wrap(err, errs.Internal, "auth.challenge_kept", "what was begun can't be read")
	}
	return c, session, w, nil
}

// BeginPasskeySignIn begins to sign somebody in by passkey; the device says who it is.
func (a *Auth) BeginPasskeySignIn(ctx context.Context, origin string, from From) (Ceremony, error) {
	if wait, ok := a.byAddr.Allow(network(from.Address)); !ok {
		return Ceremony{}, tooMany(wait)
	}
	w, err := relying(origin)
	if err != nil {
		return Ceremony{}, err
	}
	options, session, err := w.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Ceremony{}, errs.Wrap(err, errs.Invalid, "auth.passkey_begin", "signing in by passkey can't begin here")
	}
	return a.ceremony(ctx, challengePasskey, id.Nil, options, session)
}

// PasskeySignIn opens a session by the answer of a passkey, which has unlocked
// itself by finger, face or PIN and so stands for both factors.
func (a *Auth) PasskeySignIn(ctx context.Context, secret, origin string, answer []byte, from From) (Session, error) {
	_, session, w, err := a.resume(ctx, challengePasskey, secret, origin)
	if err != nil {
		return Session{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Session{}, errs.Wrap(err, errs.Invalid, "auth.passkey_answer", "the browser's answer can't be read")
	}
	var who *keeper
	_, used, err := w.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		user, err := uuid.FromBytes(handle)
		if err != nil {
			return nil, err
		}
		who, err = a.keeper(ctx, user, "")
		return who, err
	}, session, parsed)
	if err != nil || who == nil || !a.o.Known(who.id) || used.Authenticator.CloneWarning {
		user := id.Nil
		if who != nil {
			user = who.id
		}
		a.log(ctx, "", user, from.Address, "refused by passkey")
		e := *errPasskey
		e.Cause = err
		return Session{}, &e
	}
	text, err := json.Marshal(used)
	if err != nil {
		return Session{}, err
	}
	s, err := a.open(ctx, opening{user: who.id, method: FactorPasskey, from: from, also: func(tx *sqldb.Tx) error {
		if err := finish(tx, secret); err != nil {
			return err
		}
		return a.usedPasskey(tx, who, used.ID, string(text))
	}})
	if err == nil {
		a.log(ctx, "", who.id, from.Address, "signed in by passkey")
	}
	return s, err
}

// usedPasskey keeps the passkey's new counter; it fails if it was removed meanwhile.
func (a *Auth) usedPasskey(tx *sqldb.Tx, who *keeper, credential []byte, text string) error {
	e := encoder{d: tx.Dialect()}
	for i, c := range who.passkeys {
		if !bytes.Equal(c.ID, credential) {
			continue
		}
		args := []any{text, e.time(a.o.Clock.Now()), e.id(who.credential[i])}
		if e.err != nil {
			return e.err
		}
		p := e.d.Placeholder
		n, err := tx.Exec("UPDATE factor SET secret = "+p(1)+", usedon = "+p(2)+" WHERE factorid = "+p(3), args...)
		if err == nil && n == 0 {
			return errPasskey
		}
		return err
	}
	return errPasskey
}
