package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/platform/auth"
)

const site = "https://crm.example.com"

var party = virtualwebauthn.RelyingParty{ID: "crm.example.com", Name: "Rapport", Origin: site}

// device is an authenticator that we did not write, with one passkey.
type device struct {
	auth virtualwebauthn.Authenticator
	key  virtualwebauthn.Credential
}

// wholeKey makes a key none of whose coordinates begins with a zero byte: the
// device drops such a byte, and its answer then is none.
func wholeKey(t *testing.T) []byte {
	t.Helper()
	for {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		point, err := key.PublicKey.Bytes() // 4, then both coordinates
		if err != nil {
			t.Fatal(err)
		}
		if point[1] == 0 || point[33] == 0 {
			continue
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
}

// register adds a passkey to a user.
func (e *env) register(t *testing.T, user id.ID) device {
	t.Helper()
	d := device{virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: user[:]}), virtualwebauthn.NewCredentialWithImportedKey(virtualwebauthn.KeyTypeEC2, wholeKey(t))}
	c, err := e.BeginPasskey(t.Context(), user, "ann", site)
	if err != nil {
		t.Fatal(err)
	}
	options, err := virtualwebauthn.ParseAttestationOptions(string(c.Options))
	if err != nil {
		t.Fatal(err)
	}
	answer := virtualwebauthn.CreateAttestationResponse(party, d.auth, d.key, *options)
	if err := e.AddPasskey(t.Context(), user, c.Challenge, "Laptop", site, []byte(answer)); err != nil {
		t.Fatal(err)
	}
	if err := e.AddPasskey(t.Context(), user, c.Challenge, "again", site, []byte(answer)); !errors.Is(err, auth.ErrChallenge) {
		t.Errorf("the same answer again: %v", err)
	}
	d.auth.AddCredential(d.key)
	return d
}

// answer begins to sign in and gives the device's answer.
func (e *env) answer(t *testing.T, d device, at virtualwebauthn.RelyingParty) (challenge string, answer []byte) {
	t.Helper()
	c, err := e.BeginPasskeySignIn(t.Context(), site, address)
	if err != nil {
		t.Fatal(err)
	}
	options, err := virtualwebauthn.ParseAssertionOptions(string(c.Options))
	if err != nil {
		t.Fatal(err)
	}
	return c.Challenge, []byte(virtualwebauthn.CreateAssertionResponse(at, d.auth, d.key, *options))
}

func TestPasskeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		d := e.register(t, e.ann)
		e.mustSignIn(t) // a passkey is another way in, not a second step
		challenge, answer := e.answer(t, d, party)
		s, err := e.PasskeySignIn(t.Context(), challenge, site, answer, address)
		if err != nil || s.User != e.ann {
			t.Fatal(s, err)
		}
		if _, err := e.PasskeySignIn(t.Context(), challenge, site, answer, address); !errors.Is(err, auth.ErrChallenge) {
			t.Errorf("the same answer again: %v", err)
		}
		refused := func(what, challenge, origin string, answer []byte) {
			t.Helper()
			if _, err := e.PasskeySignIn(t.Context(), challenge, origin, answer, address); !errs.Has(err, errs.Unauthenticated) && !errs.Has(err, errs.Invalid) {
				t.Errorf("%s: %v", what, err)
			}
		}
		challenge, _ = e.answer(t, d, party)
		refused("an answer to another challenge", challenge, site, answer)
		challenge, answer = e.answer(t, d, virtualwebauthn.RelyingParty{ID: "crm.example.com", Name: "x", Origin: "https://evil.example.com"})
		refused("an answer given at another site", challenge, site, answer)
		challenge, answer = e.answer(t, d, party)
		refused("at another host", challenge, "https://other.example.com", answer)
		for _, broken := range []string{"", "{}", "null", `{"id":"x"}`, string(answer[:len(answer)/2])} {
			challenge, _ := e.answer(t, d, party)
			refused("a broken answer", challenge, site, []byte(broken))
		}
		stranger := device{virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: e.ann[:]}), virtualwebauthn.NewCredentialWithImportedKey(virtualwebauthn.KeyTypeEC2, wholeKey(t))}
		challenge, answer = e.answer(t, stranger, party)
		refused("a key that was never added", challenge, site, answer)
		challenge, answer = e.answer(t, d, party)
		e.clock.Advance(6 * time.Minute)
		refused("after six minutes", challenge, site, answer)

		challenge, answer = e.answer(t, d, party)
		e.disabled.Store(true)
		refused("of a disabled user", challenge, site, answer)
		e.disabled.Store(false)
		all, err := e.Factors(t.Context(), e.ann)
		if err != nil || len(all) != 1 || all[0].Kind != auth.FactorPasskey || all[0].Used.IsZero() {
			t.Fatalf("%+v, %v", all, err)
		}
		challenge, answer = e.answer(t, d, party)
		if err := e.RemoveFactor(t.Context(), e.ann, all[0].ID); err != nil {
			t.Fatal(err)
		}
		refused("a removed one", challenge, site, answer)
	})
}

func TestPasskeyOfAnother(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e *env) {
		c, err := e.BeginPasskey(t.Context(), e.ann, "ann", site)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.AddPasskey(t.Context(), id.New(), c.Challenge, "", site, []byte("{}")); err == nil {
			t.Error("somebody else finishes what ann has begun")
		}
		if _, err := e.BeginPasskey(t.Context(), e.ann, "ann", "nonsense"); !errs.Has(err, errs.Invalid) {
			t.Error(err)
		}
	})
}
